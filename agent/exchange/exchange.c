/* The life of one exchange, from its first head byte to the last response byte that the client has acked (or
 * that we keep for it): made by client.c, ended here, once, in exchange_over(), where it is counted and
 * logged. The worker's thread. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

struct exchange *exchange_new(struct exchanges *w, struct conn *c)
{
    struct exchange *x = w->free;
    if (x)
        w->free = x->next_free;
    else if (w->used < w->slots)
        x = &w->slab[w->used++]; /* untouched memory until now */
    else
        return NULL;
    struct flow_key k = splice_key(w->s, c);
    memset(x, 0, offsetof(struct exchange, rec.text));
    x->c = c;
    x->local = (struct ip_port){k.local, k.local_port};
    x->peer = x->client = identity_in(w, c, &k);
    x->gen = w->gen;
    x->listener = listener_of(w, c);
    x->cluster = x->endpoint = x->affine = LB_NONE;
    x->client_place = LB_IN_USE_UNCOUNTED;
    x->gen->users++;
    x->rec.generation = x->gen->id;
    splice_busy(w->s, c);
    conn_set_user(c, x);
    conn_begin_msg(c); /* where its response will begin */
    stat_add(&w->cnt->exchanges_open, 1);
    return x;
}

void exchange_settle(struct exchanges *w, struct exchange *x, enum reason why)
{
    struct access_record *r = &x->rec;
    if (x->settled)
        return;
    x->settled = true;
    queue_leave(w, x);
    upstream_leave(w, x);
    breaker_end(x);
    client_limits_end(w, x);
    r->duration_ns = splice_now(w->s) - x->start_ns;
    r->reason = (uint8_t)why;
    if (x->body_out) {
        pos_t end = x->adopted ? x->c->out_end : pos_min(x->c->out_una, x->c->out_end);
        r->bytes_body = end > x->body_out ? end - x->body_out : 0;
    }
    if (x->stream)
        r->bytes_request = x->c->pub.bytes_in;
    stat_add(&w->cnt->exchanges, 1);
    if (w->log.put && !(why && mutant(log_missing)) && !w->log.put(w->log.ctx, r))
        stat_add(&w->cnt->log_dropped, 1);
}

void exchange_over(struct exchanges *w, struct exchange *x, enum reason why)
{
    exchange_settle(w, x, why);
    stat_add(&w->cnt->exchanges_open, (uint64_t)-1);
    conn_set_user(x->c, NULL);
    generation_leave(w, x->gen);
    x->next_free = w->free;
    if (!mutant(slot_leak))
        w->free = x;
}

bool exchange_request_done(const struct exchange *x)
{
    return x->req_mapped && (!x->e || x->e->out_una >= x->e->out_end);
}

void exchange_give_back(struct exchanges *w, struct exchange *x)
{
    struct conn *e = x->e;
    const struct cfg_cluster *cl = cluster_of(x)->cfg;
    /* Surplus bytes, also those of the very segment that is being judged, must not meet the conn's next
     * exchange. */
    if (conn_in_max(e) > e->in_mapped && !mutant(extra_pooled))
        x->e_extra = true;
    bool clean = exchange_request_done(x) && !x->e_extra && !x->tunnel;
    x->e = NULL;
    conn_set_user(e, NULL);
    splice_part(w->s, e);
    if (!clean) {
        splice_reset(w->s, e, x->e_extra ? R_CLOSE_POOL_DATA : R_CLOSE_EARLY);
        return;
    }
    bool closed = cluster_of(x)->endpoint[x->endpoint].closed;
    if (x->e_reusable && !w->draining && !closed &&
        splice_pool_put(w->s, e, breaker_pool(w, cluster_of(x), x->endpoint),
                        cl->proxy_protocol != CFG_PROXY_NONE)) {
        splice_set_timer(w->s, e, splice_now(w->s) + cl->pool_idle_ns);
        splice_push(w->s, e);
        return;
    }
    if (conn_in_fin(e))
        splice_take_fin(w->s, e);
    splice_fin(w->s, e, R_CLOSE_NOT_REUSABLE);
    splice_set_timer(w->s, e, splice_now(w->s) + LINGER_NS);
}

void exchange_abort(struct exchanges *w, struct exchange *x, enum reason why)
{
    struct conn *c = x->c, *e = x->e;
    splice_sink(w->s, c); /* while what is acked can still be told */
    if (e) {
        x->e = NULL;
        conn_set_user(e, NULL);
        splice_part(w->s, e);
        splice_reset(w->s, e, why);
    }
    exchange_over(w, x, why);
    client_break(w, c, why);
}

void exchange_check(struct exchanges *w, struct exchange *x)
{
    struct conn *c = x->c;
    if (!x->resp_mapped || x->tunnel)
        return;
    if (x->client_close && !c->fin_queued)
        splice_fin(w->s, c, R_CLOSE_NORMAL);
    bool delivered = x->adopted || c->out_una >= x->resp_end, done = exchange_request_done(x);
    if (!delivered)
        return;
    bool close = x->client_close || !done;
    if (!done) /* the endpoint has answered before it had the whole request (S10) */
        splice_sink(w->s, c);
    if (x->e)
        exchange_give_back(w, x);
    exchange_over(w, x, done ? R_NONE : R_CLOSE_EARLY);
    if (close)
        client_close(w, c, done ? R_CLOSE_NORMAL : R_CLOSE_EARLY);
    else
        client_next(w, c);
}
