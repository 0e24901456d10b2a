/* From a request's head to the rule that says what becomes of it: the configuration's routes, as lb-policy
 * wants them, and what it may ask about a head. The worker's thread. */
#include <errno.h>
#include <stdlib.h>

#include "agent/exchange/internal.h"

/* ---- compiling; everything here is freed when the routes are made ---- */

struct blocks {
    struct block {
        struct block *next;
        uint64_t bytes[];
    } * first;
    bool short_of_memory;
};

/* n zeroed items, n may be 0; NULL with short_of_memory set. */
static void *items(struct blocks *b, size_t n, size_t size)
{
    struct block *k = calloc(1, sizeof *k + (n ? n : 1) * size);
    if (!k) {
        b->short_of_memory = true;
        return NULL;
    }
    k->next = b->first;
    b->first = k;
    return k->bytes;
}

static void free_blocks(struct blocks *b)
{
    while (b->first) {
        struct block *k = b->first;
        b->first = k->next;
        free(k);
    }
}

static const struct lb_condition_in *conditions(struct blocks *b, const struct cfg_condition *c, uint32_t n)
{
    static const enum lb_test test[] = {
        [CFG_EXACT] = LB_IS, [CFG_PRESENT] = LB_PRESENT, [CFG_REGEX] = LB_MATCHES};
    struct lb_condition_in *out = items(b, n, sizeof *out);
    for (uint32_t i = 0; out && i < n; i++)
        out[i] = (struct lb_condition_in){c[i].name, test[c[i].test], c[i].value};
    return out;
}

static const struct lb_prefix_in *sources(struct blocks *b, const struct cfg_prefix *p, uint32_t n)
{
    struct lb_prefix_in *out = items(b, n, sizeof *out);
    for (uint32_t i = 0; out && i < n; i++)
        out[i] = (struct lb_prefix_in){p[i].addr, (uint8_t)(p[i].bits + (ip_is_v4(&p[i].addr) ? 96 : 0))};
    return out;
}

static struct lb_match_in match(struct blocks *b, const struct cfg_match *m, uint32_t rule)
{
    static const enum lb_path kind[] = {[CFG_PATH_PREFIX] = LB_PATH_PREFIX,
                                        [CFG_PATH_EXACT] = LB_PATH_EXACT,
                                        [CFG_PATH_REGEX] = LB_PATH_REGEX};
    return (struct lb_match_in){.path = m->path,
                                .kind = kind[m->kind],
                                .rule = rule,
                                .method = m->method,
                                .nheader = m->nheader,
                                .nquery = m->nquery,
                                .header = conditions(b, m->header, m->nheader),
                                .query = conditions(b, m->query, m->nquery),
                                .nalpn = m->nalpn,
                                .alpn = (const char *const *)m->alpn,
                                .nsource = m->nsource,
                                .source = sources(b, m->source, m->nsource)};
}

/* One route; its rules are numbered from *rule on. */
static struct lb_route_in route(struct blocks *b, const struct cfg_route *r, uint32_t *rule)
{
    uint32_t n = 0, k = 0;
    for (uint32_t i = 0; i < r->nrule; i++)
        n += r->rule[i].nmatch;
    struct lb_match_in *m = items(b, n, sizeof *m);
    for (uint32_t i = 0; m && i < r->nrule; i++, (*rule)++)
        for (uint32_t j = 0; j < r->rule[i].nmatch; j++)
            m[k++] = match(b, &r->rule[i].match[j], *rule);
    return (struct lb_route_in){.nlistener = r->nlistener,
                                .listener = r->listener,
                                .nhost = r->nhost,
                                .host = (const char *const *)r->host,
                                .nmatch = k,
                                .match = m};
}

static struct lb_routes *compile(const struct config *cfg)
{
    struct blocks b = {0};
    struct lb_route_in *in = items(&b, cfg->nroute, sizeof *in);
    struct lb_routes *routes = NULL;
    uint32_t rule = 0;
    for (uint32_t i = 0; in && i < cfg->nroute; i++)
        in[i] = route(&b, &cfg->route[i], &rule);
    if (!b.short_of_memory)
        routes = lb_routes_create(in, cfg->nroute, cfg->nlistener);
    free_blocks(&b);
    return routes;
}

/* All rules in their numbers' order. */
static const struct cfg_rule **number_rules(const struct config *cfg)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < cfg->nroute; i++)
        n += cfg->route[i].nrule;
    const struct cfg_rule **rule = calloc(n ? n : 1, sizeof *rule);
    n = 0;
    for (uint32_t i = 0; rule && i < cfg->nroute; i++)
        for (uint32_t j = 0; j < cfg->route[i].nrule; j++)
            rule[n++] = &cfg->route[i].rule[j];
    return rule;
}

int routing_start(struct generation *g)
{
    g->routes = compile(g->cfg);
    g->rule = number_rules(g->cfg);
    g->route_scratch = g->routes ? lb_route_scratch_create(g->routes) : NULL;
    return g->route_scratch && g->rule ? 0 : -ENOMEM;
}

void routing_stop(struct generation *g)
{
    lb_route_scratch_destroy(g->route_scratch);
    lb_routes_destroy(g->routes);
    free(g->rule);
}

/* ---- looking up ---- */

/* `head` is NULL for what has no head: then no condition about one holds. */
static bool ask_header(const void *head, struct span name, uint32_t nth, struct span *value)
{
    return head && http_find_field(head, name, nth, value);
}

static bool ask_query(const void *head, struct span name, struct span *value)
{
    return head && http_find_query(head, name, value);
}

static const struct lb_head ask = {ask_header, ask_query};

static struct lb_route_request of_head(const struct exchange *x, const struct http_head *h)
{
    return (struct lb_route_request){.listener = conn_listener(x->c),
                                     .host = h->host,
                                     .path = h->path,
                                     .method = h->method_name,
                                     .source = x->client.addr,
                                     .ask = &ask,
                                     .head = h};
}

static struct lb_route_request of_hello(uint32_t listener, const struct ip_addr *source, struct span name,
                                        struct span alpn)
{
    return (struct lb_route_request){.listener = listener,
                                     .host = name,
                                     .path = span_of("/", 1),
                                     .source = *source,
                                     .alpn = alpn,
                                     .ask = &ask};
}

static struct lb_route_result look_up(const struct exchange *x, const struct http_head *h)
{
    struct lb_route_request q = of_head(x, h);
    return lb_route(x->gen->routes, x->gen->route_scratch, &q);
}

void routing_find(struct exchange *x, const struct http_head *h)
{
    const struct lb_route_result *only = lb_route_only(x->gen->routes, conn_listener(x->c));
    struct lb_route_result r = only ? *only : look_up(x, h);
    x->rec.route = r.route;
    x->rule = r.route == LB_NONE ? NULL : x->gen->rule[r.rule];
    x->prefix = r.prefix;
}

const struct cfg_rule *routing_find_name(struct exchanges *w, uint32_t listener, const struct ip_addr *source,
                                         struct span name, struct span alpn, uint32_t *route)
{
    struct lb_route_request q = of_hello(listener, source, name, alpn);
    struct lb_route_result r = lb_route(w->gen->routes, w->gen->route_scratch, &q);
    *route = r.route;
    return r.route == LB_NONE ? NULL : w->gen->rule[r.rule];
}

void routing_each(struct exchanges *w, const struct exchange *x, const struct http_head *h, struct span name,
                  struct span alpn, void (*fn)(void *ctx, const struct lb_considered *seen), void *ctx)
{
    struct lb_route_request q =
        h ? of_head(x, h) : of_hello(conn_listener(x->c), &x->client.addr, name, alpn);
    lb_route_each(w->gen->routes, w->gen->route_scratch, &q, fn, ctx);
}
