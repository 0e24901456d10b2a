/* See explain.h. */
#include "agent/exchange/explain.h"

#include "agent/exchange/internal.h"

static void note_match(void *ctx, const struct lb_considered *c)
{
    struct explain *q = ctx;
    if (q->nmatch < EXPLAIN_MATCHES)
        q->match[q->nmatch] = *c;
    q->nmatch++;
}

/* What request.c and stream.c answer before they ask for a route. */
static unsigned refused(const struct explain *q, const struct cfg_listener *l)
{
    if (q->head && q->head->method == HTTP_CONNECT)
        return 405;
    if (q->head && l->max_body && q->head->body == HTTP_BODY_LENGTH && q->head->length > l->max_body)
        return 413;
    return 0;
}

static void find_rule(struct exchanges *w, struct explain *q, struct exchange *x)
{
    if (x->listener->protocol == CFG_TCP)
        return;
    if (q->head) {
        routing_find(x, q->head);
        q->route = x->rec.route;
        q->rule = x->rule;
    } else {
        q->rule = routing_find_name(w, q->listener, &q->source, q->name, q->alpn, &q->route);
    }
    routing_each(w, x, q->head, q->name, q->alpn, note_match, q);
}

static void look_at_endpoints(const struct cluster_state *cs, uint64_t now_ns, struct explain *q)
{
    for (uint32_t i = 0; i < cs->cfg->nendpoint && i < EXPLAIN_ENDPOINTS; i++) {
        uint64_t until = cs->endpoint[i].down_until_ns;
        q->at[i] = (struct explain_endpoint){.down = lb_is_down(cs->picker, i),
                                             .usable = lb_usable(cs->picker, i),
                                             .down_ns = until > now_ns ? until - now_ns : 0,
                                             .active = lb_active(cs->picker, i)};
    }
}

/* The counters that draws go by are put back: the next request draws what it would have drawn. */
static void choose(struct exchanges *w, struct explain *q, struct exchange *x)
{
    uint64_t splits = w->splits, keyless = w->keyless;
    q->cluster = x->cluster =
        x->listener->protocol == CFG_TCP ? x->listener->cluster : action_cluster(w, x, q->rule, q->head);
    x->hash = hash_key_of(w, x, q->head);
    x->affine = affinity_find(cluster_of(x)->affinity, q->head);
    q->endpoint = upstream_peek(w, x);
    w->splits = splits;
    w->keyless = keyless;
    look_at_endpoints(cluster_of(x), splice_now(w->s), q);
}

void exchanges_explain(struct exchanges *w, struct explain *q)
{
    q->route = q->cluster = q->endpoint = LB_NONE;
    q->stale = w->gen->cfg != q->config;
    if (q->stale)
        return;
    const struct cfg_listener *l = &w->gen->cfg->listener[q->listener];
    struct conn c = {.as_client.listener = q->listener};
    struct exchange x = {.c = &c,
                         .local = l->at,
                         .gen = w->gen,
                         .listener = l,
                         .peer.addr = q->source,
                         .client.addr = q->source};
    conn_set_user(&c, &x);
    if (q->head)
        forwarded_read(&x, q->head);
    q->status = refused(q, l);
    if (!q->status)
        find_rule(w, q, &x);
    if (!q->status && (l->protocol == CFG_TCP || (q->rule && q->rule->action == CFG_TO_CLUSTER)))
        choose(w, q, &x);
}
