/* Which cluster serves a request: one, a hundred and ten thousand routes, each with a host and a path of its
 * own, and requests for all of them in random order; then requests that nothing matches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/micro/micro.h"
#include "lb-policy/lb.h"

#define SAMPLE 8192u

struct routes {
    struct lb_routes *r;
    struct lb_route_scratch *scratch;
    uint32_t n;
    struct span host[SAMPLE], path[SAMPLE];
    char *names; /* 64 bytes a route: host, path */
};

static char *name_of(const struct routes *t, uint32_t i)
{
    return t->names + (size_t)i * 64;
}

static void routes_start(struct routes *t, uint32_t n)
{
    struct lb_route_in *in = micro_alloc(n * sizeof *in);
    struct lb_match_in *match = micro_alloc(n * sizeof *match);
    const char **host = micro_alloc(n * sizeof *host);
    t->n = n;
    t->names = micro_alloc((size_t)n * 64);
    for (uint32_t i = 0; i < n; i++) {
        snprintf(name_of(t, i), 40, "shop%u.example.com", i);
        snprintf(name_of(t, i) + 40, 24, "/area%u/api", i);
        host[i] = name_of(t, i);
        match[i] = (struct lb_match_in){.path = name_of(t, i) + 40, .rule = i};
        in[i] = (struct lb_route_in){.nhost = 1, .host = &host[i], .nmatch = 1, .match = &match[i]};
    }
    t->r = lb_routes_create(in, n, 1);
    free(in);
    free(match);
    free(host);
    t->scratch = t->r ? lb_route_scratch_create(t->r) : NULL;
    if (!t->scratch) {
        fprintf(stderr, "bench_micro: routes: no memory\n");
        exit(1);
    }
}

static void routes_run(void *ctx, struct micro_sample *s)
{
    struct routes *t = ctx;
    micro_begin(s);
    for (uint32_t i = 0; i < SAMPLE; i++)
        micro_use(
            lb_route(t->r, t->scratch, &(struct lb_route_request){.host = t->host[i], .path = t->path[i]})
                .rule);
    micro_end(s, SAMPLE);
}

static void aim(struct routes *t, bool hit)
{
    static const char nobody[] = "nobody.example.org";
    uint64_t seed = t->n;
    for (uint32_t i = 0; i < SAMPLE; i++) {
        uint32_t k = (uint32_t)(micro_rnd(&seed) % t->n);
        t->host[i] = span_str(hit ? name_of(t, k) : nobody);
        t->path[i] = span_str(name_of(t, k) + 40);
    }
}

static void at_size(const struct micro *m, struct routes *t, uint32_t n)
{
    struct micro_case c = {.unit = "op", .run = routes_run, .ctx = t};
    routes_start(t, n);
    aim(t, true);
    snprintf(c.name, sizeof c.name, "routes/match/%u", n);
    micro_run(m, &c, 1);
    aim(t, false);
    snprintf(c.name, sizeof c.name, "routes/no_match/%u", n);
    micro_run(m, &c, 1);
    lb_route_scratch_destroy(t->scratch);
    lb_routes_destroy(t->r);
    free(t->names);
}

void micro_routes(struct micro *m)
{
    static const uint32_t size[] = {1, 100, 10000};
    struct routes *t = micro_alloc(sizeof *t);
    for (unsigned i = 0; i < 3; i++)
        at_size(m, t, size[i]);
    free(t);
}
