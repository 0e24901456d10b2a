/* The endpoint's side of an exchange: choosing, connecting, trying again (S7), failing. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

#define DOWN_NS (5 * SEC_NS) /* an endpoint that could not be connected to is asked last for this long */

void upstream_leave(struct exchanges *w, struct exchange *x)
{
    if (!x->counted)
        return; /* it may have no cluster either */
    struct lb_picker *p = cluster_of(x)->picker;
    uint64_t now = splice_now(w->s);
    x->counted = false;
    if (x->timed && !x->resp_head)
        lb_sample(p, x->endpoint, now - x->picked_ns, false, now);
    endpoint_leave(w, cluster_of(x), x->endpoint);
}

void upstream_answered(struct exchanges *w, struct exchange *x)
{
    uint64_t now = splice_now(w->s);
    if (x->timed)
        lb_sample(cluster_of(x)->picker, x->endpoint, now - x->picked_ns, true, now);
    endpoint_answered(w, cluster_of(x), x->endpoint, x->rec.endpoint_status);
}

/* Adds i to those that the next pick passes over. `some`: there are some already. */
static void add_tried(struct generation *g, bool some, uint32_t i)
{
    if (!some)
        memset(g->tried, 0, g->tried_words * sizeof *g->tried);
    g->tried[i / 64] |= (uint64_t)1 << (i % 64);
}

/* Whom the client belongs to, where that is usable and was not tried; else whoever's turn it is. */
static bool belongs(const struct cluster_state *cs, const struct exchange *x, const uint64_t *tried)
{
    uint32_t i = x->affine;
    return i != LB_NONE && lb_usable(cs->picker, i) && !(tried && tried[i / 64] >> (i % 64) & 1);
}

static struct conn *connect_to(struct exchanges *w, const struct exchange *x, struct splice_remote *r,
                               enum cfg_proxy proxy, enum reason *why)
{
    struct conn *e = splice_connect(w->s, r, x->c, why);
    if (!e || !proxy || identity_announce(w, x->c, e, proxy))
        return e;
    *why = R_CLOSE_NO_MEMORY;
    conn_end(w->s, e, *why);
    return NULL;
}

/* A fresh conn to the next endpoint that has not been tried, until one can be begun. */
static struct conn *begin(struct exchanges *w, struct exchange *x, bool fresh, enum reason *why)
{
    struct cluster_state *cs = cluster_of(x);
    endpoints_forgive(w, cs);
    struct lb_request q = {.hash = x->hash, .now_ns = splice_now(w->s)};
    for (unsigned i = 0; i < x->tries && i < MAX_TRIED && !mutant(retry_same_endpoint); i++) {
        add_tried(x->gen, q.tried != NULL, x->tried[i]);
        q.tried = x->gen->tried;
    }
    for (;;) {
        uint32_t i = belongs(cs, x, q.tried) ? x->affine : lb_pick(cs->picker, &q);
        if (i == LB_NONE)
            return NULL;
        add_tried(x->gen, q.tried != NULL, i);
        q.tried = x->gen->tried;
        x->endpoint = i;
        struct splice_remote *r = cs->endpoint[i].remote;
        struct conn *e =
            fresh ? NULL : splice_pool_take(w->s, r, x->c, cs->cfg->proxy_protocol != CFG_PROXY_NONE);
        x->e_pooled = e != NULL;
        if (!e)
            e = connect_to(w, x, r, cs->cfg->proxy_protocol, why);
        if (e)
            return e;
        count(w->cnt, *why);
    }
}

uint32_t upstream_peek(struct exchanges *w, const struct exchange *x)
{
    struct cluster_state *cs = cluster_of(x);
    endpoints_forgive(w, cs);
    if (belongs(cs, x, NULL))
        return x->affine;
    return lb_peek(cs->picker, &(struct lb_request){.hash = x->hash, .now_ns = splice_now(w->s)});
}

bool upstream_pick(struct exchanges *w, struct exchange *x, bool fresh, unsigned *status)
{
    const struct cfg_cluster *cl = cluster_of(x)->cfg;
    enum reason why = R_NONE;
    *status = 0;
    upstream_leave(w, x);
    struct conn *e = begin(w, x, fresh, &why);
    if (!e) {
        *status = 503;
        return false;
    }
    /* An endpoint whose pooled conn turns out dead has not been tried yet. */
    if (!x->e_pooled && x->tries < MAX_TRIED)
        x->tried[x->tries++] = x->endpoint;
    x->e = e;
    x->picked_ns = splice_now(w->s);
    x->counted = true;
    endpoint_begin(w, cluster_of(x), x->endpoint);
    x->rec.tries++;
    x->rec.endpoint = cl->endpoint[x->endpoint].at;
    e->user = x;
    e->out_msg = e->out_end;
    e->sent_again = false;
    e->progress_ns = splice_now(w->s);
    e->pub.cluster = x->c->pub.cluster = x->cluster;
    e->pub.endpoint = x->c->pub.endpoint = x->endpoint;
    e->pub.generation = x->c->pub.generation = (uint8_t)x->gen->id;
    if (!x->c->peer)
        splice_join(x->c, e);
    splice_set_timer(w->s, e,
                     splice_now(w->s) +
                         (e->pub.state == TCP_SYN_SENT ? cl->connect_timeout_ns : cl->response_timeout_ns));
    return true;
}

void upstream_connected(struct exchanges *w, struct conn *e)
{
    struct exchange *x = e->user;
    endpoint_mark_up(w, cluster_of(x), x->endpoint);
    splice_set_timer(w->s, e, splice_now(w->s) + cluster_of(x)->cfg->response_timeout_ns);
    if (x->stream) {
        endpoint_answered(w, cluster_of(x), x->endpoint, 0);
        stream_connected(w, x);
    } else {
        request_go_on(w, x);
    }
    if (e->peer)
        splice_rejudge(w->s, e->peer);
}

/* May the request be run a second time? Only if the first endpoint can't have run it, or running it twice is
 * harmless. */
static bool may_retry(const struct exchange *x, const struct conn *e)
{
    /* Nothing of it acked, and sent just once: what answered was a closed socket, not one that had read it.
     */
    bool untouched = e->out_una <= e->out_msg && !e->sent_again && !e->rst_acked;
    bool movable = x->stream ? !x->tunnel : splice_can_move(e);
    return (!x->resp_begun || mutant(retry_after_response)) && x->c->peer == e && movable &&
           x->tries < cluster_of(x)->cfg->tries &&
           (untouched || mutant(post_retried) || http_idempotent((enum http_method)x->method));
}

/* Moves the request to another conn. */
static bool retry(struct exchanges *w, struct exchange *x, struct conn *e)
{
    unsigned status;
    if (!may_retry(x, e))
        return false;
    x->e = NULL;
    if (!upstream_pick(w, x, true, &status)) {
        x->e = e;
        return false;
    }
    stat_add(&w->cnt->retries, 1);
    e->user = NULL;
    splice_move(w->s, e, x->e);
    return true;
}

static void fail(struct exchanges *w, struct exchange *x, unsigned status, enum reason why)
{
    if (x->stream) {
        stream_refused(w, x, why);
        return;
    }
    if (x->resp_head) {
        exchange_abort(w, x, why);
        return;
    }
    reply_own(w, x, status, why);
}

/* Its conn has ended, but the client has been sent the whole response: only acks are missing, and an endpoint
 * that resets behind its last byte (a killed server, SO_LINGER) has not failed. Bytes that were lost on the
 * way to the client nobody can repair now: then its patience ends (client_timeout). What the endpoint had not
 * acked of a request that it answered early is nobody's any more (S10). */
static void orphaned(struct exchanges *w, struct exchange *x, struct conn *e)
{
    if (!exchange_request_done(x)) {
        x->req_mapped = false;
        splice_sink(w->s, x->c); /* while what is acked can still be told */
    }
    x->orphan = true;
    x->e = NULL;
    e->user = NULL;
    splice_part(w->s, e);
    splice_solicit(w->s, x->c);
    splice_set_timer(w->s, x->c, splice_now(w->s) + ORPHAN_LOOK_NS);
}

void upstream_ended(struct exchanges *w, struct conn *e, enum reason why)
{
    struct exchange *x = e->user;
    if (x->resp_mapped && x->c->out_max >= x->resp_end && !conn_is_dead(x->c)) {
        orphaned(w, x, e);
        return;
    }
    bool connecting =
        why == R_CLOSE_CONNECT_REFUSED || why == R_CLOSE_CONNECT_TIMEOUT || why == R_CLOSE_UNREACHABLE;
    /* That it closes an idle connection is its right, also when a request is under way there just then. */
    if (!x->e_pooled || x->resp_begun)
        endpoint_failed(w, cluster_of(x), x->endpoint);
    if (connecting) {
        endpoint_mark_down(w, cluster_of(x), x->endpoint, splice_now(w->s) + DOWN_NS);
        stat_add(&w->cnt->connect_failures, 1);
    }
    if (retry(w, x, e))
        return;
    fail(w, x, why == R_CLOSE_CONNECT_TIMEOUT || why == R_CLOSE_STALL ? 504 : 502, why);
}

void upstream_fin(struct exchanges *w, struct conn *e)
{
    struct exchange *x = e->user;
    if (!x && mutant(fin_in_pool))
        return;
    if (!x) {
        splice_pool_remove(w->s, e);
        splice_take_fin(w->s, e);
        splice_fin(w->s, e, R_CLOSE_POOL_PEER);
        return;
    }
    x->e_reusable = false;
    if (x->resp_mapped && e->in_mapped <= e->in_fin)
        return; /* whole: taken when the conn is given back */
    if (x->resp_head && (x->resp_body == HTTP_BODY_CLOSE || mutant(truncated_response))) {
        x->resp_mapped = true;
        x->resp_end = x->c->out_end;
        exchange_check(w, x);
        return;
    }
    /* Chunks that are held for want of room: cb_progress() asks again. */
    if (x->resp_head && x->resp_body == HTTP_BODY_CHUNKED && e->in_mapped < e->in_fin)
        return;
    /* Closed before it answered, or in the middle: the conn is of no use. */
    splice_reset(w->s, e, R_CLOSE_TRUNCATED);
}

void upstream_timeout(struct exchanges *w, struct conn *e)
{
    struct exchange *x = e->user;
    if (e->pub.state == TCP_SYN_SENT) {
        conn_end(w->s, e, R_CLOSE_CONNECT_TIMEOUT);
        return;
    }
    if (!x) {
        splice_pool_remove(w->s, e);
        if (e->fin_queued)
            splice_reset(w->s, e, R_CLOSE_LINGER);
        else
            splice_fin(w->s, e, R_CLOSE_POOL_IDLE);
        splice_set_timer(w->s, e, splice_now(w->s) + LINGER_NS);
        return;
    }
    if (x->resp_head)
        return; /* the client's stall timer watches over the rest */
    uint64_t limit = cluster_of(x)->cfg->response_timeout_ns, last = e->progress_ns;
    if (splice_now(w->s) - last < limit) {
        splice_set_timer(w->s, e, last + limit);
        return;
    }
    endpoint_failed(w, cluster_of(x), x->endpoint);
    /* It may have died without a word: another one is asked where that does no harm (S7). That nothing was
     * acked proves nothing here. */
    if (http_idempotent((enum http_method)x->method) && retry(w, x, e))
        splice_reset(w->s, e, R_CLOSE_STALL);
    else
        fail(w, x, 504, R_CLOSE_STALL);
}
