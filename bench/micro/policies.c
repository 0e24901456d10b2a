/* Picking an endpoint of 3, 100 and 10,000, by each policy there is, as an exchange does: pick, begin, end.
 * Hashed policies get a new hash each time. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/lb_policies.h"
#include "bench/micro/micro.h"
#include "lb-policy/lb.h"

#define SAMPLE 4096u

struct picks {
    struct lb_picker *p;
    uint64_t seed, now_ns;
};

static void picks_run(void *ctx, struct micro_sample *s)
{
    struct picks *t = ctx;
    micro_begin(s);
    for (unsigned i = 0; i < SAMPLE; i++) {
        struct lb_request q = {.hash = micro_rnd(&t->seed), .now_ns = t->now_ns += 1000};
        uint32_t e = lb_pick(t->p, &q);
        lb_begin(t->p, e);
        lb_end(t->p, e);
    }
    micro_end(s, SAMPLE);
}

static void at_size(const struct micro *m, const struct lb_policy *policy, const char *name, uint32_t n)
{
    struct lb_endpoint_in *e = micro_alloc(n * sizeof *e);
    struct picks t = {.seed = n};
    for (uint32_t i = 0; i < n; i++)
        e[i] = (struct lb_endpoint_in){.weight = 1 + i % 3, .id = micro_rnd(&t.seed)};
    t.p = lb_picker_create(&(struct lb_cluster_in){.policy = policy, .endpoint = e, .n = n, .seed = 1});
    free(e);
    if (!t.p) {
        fprintf(stderr, "bench_micro: no picker for %s with %u endpoints\n", name, n);
        exit(1);
    }
    for (uint32_t i = 0; i < n; i++) /* latencies that differ, for those who look at them */
        lb_sample(t.p, i, 1000000 + micro_rnd(&t.seed) % 1000000, true, t.now_ns);
    struct micro_case c = {.unit = "op", .run = picks_run, .ctx = &t};
    snprintf(c.name, sizeof c.name, "policies/%s/%u", name, n);
    micro_run(m, &c, 1);
    lb_picker_destroy(t.p);
}

void micro_policies(struct micro *m)
{
    static const uint32_t size[] = {3, 100, 10000};
    static const char *const names[] = {
#define X(id, name, hashes) #name,
        LB_POLICIES(X)
#undef X
    };
    for (unsigned p = 0; p < sizeof names / sizeof *names; p++)
        for (unsigned i = 0; i < 3; i++)
            at_size(m, lb_policy_find(names[p]), names[p], size[i]);
}
