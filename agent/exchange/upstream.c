/* The endpoint's side of an exchange: choosing, connecting, trying again (S7), failing. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

#define DOWN_NS (5 * SEC_NS) /* an endpoint that could not be connected to is asked last for this long */

void upstream_leave(struct exchanges *w, struct exchange *x)
{
    breaker_leave(x, x->endpoint);
    if (!x->counted)
        return; /* it may have no cluster either */
    struct lb_picker *p = cluster_of(x)->picker;
    uint64_t now = splice_now(w->s);
    x->counted = false;
    if (x->timed && !x->resp_head && now > x->picked_ns)
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
    return i != LB_NONE && (lb_usable(cs->picker, i) || mutant(affinity_to_down)) &&
           !(tried && tried[i / 64] >> (i % 64) & 1);
}

void conn_serves(struct exchanges *w, struct conn *c, const struct generation *g, uint32_t cluster,
                 uint32_t endpoint)
{
    struct conn_cold *cold = splice_cold(w->s, c);
    cold->cluster = cluster;
    cold->endpoint = endpoint;
    c->pub.generation = (uint8_t)g->id;
}

static struct conn *connect_to(struct exchanges *w, const struct exchange *x, struct splice_remote *r,
                               enum cfg_proxy proxy, enum reason *why)
{
    struct conn *e = splice_connect(w->s, r, x->c, x->delay_ns, why);
    if (!e || !proxy || identity_announce(w, x->c, e, proxy))
        return e;
    *why = R_CLOSE_NO_MEMORY;
    conn_end(w->s, e, *why);
    return NULL;
}

static uint64_t response_timeout(const struct exchange *x)
{
    return x->rule && x->rule->response_timeout_ns ? x->rule->response_timeout_ns
                                                   : cluster_of(x)->cfg->response_timeout_ns;
}

/* A conn to endpoint i, as far as its breaker has room (*full: it has none). NULL with *why, or R_NONE. */
static struct conn *begin_at(struct exchanges *w, struct exchange *x, uint32_t i, bool fresh, bool *full,
                             enum reason *why)
{
    struct cluster_state *cs = cluster_of(x);
    struct splice_remote *r = cs->endpoint[i].remote;
    uint32_t *tally[2] = {NULL, NULL};
    *why = R_NONE;
    if (!breaker_endpoint(x, i)) {
        *full = true;
        return NULL;
    }
    struct conn *e =
        fresh ? NULL : splice_pool_take(w->s, r, x->c, cs->cfg->proxy_protocol != CFG_PROXY_NONE);
    x->e_pooled = e != NULL;
    if (e)
        return e;
    if (cs->breaker && !breaker_connect(w, cs, i, tally))
        *full = true;
    else if ((e = connect_to(w, x, r, cs->cfg->proxy_protocol, why)))
        breaker_conn_begun(w, e, tally);
    else
        breaker_disconnect(tally);
    if (!e)
        breaker_leave(x, i);
    return e;
}

/* A conn to the next endpoint that has not been tried, until one can be begun. *full: one or more have no
 * room. Then those that are down are left alone: an overload is no reason to ask them. */
static struct conn *begin(struct exchanges *w, struct exchange *x, bool fresh, bool *full)
{
    struct cluster_state *cs = cluster_of(x);
    enum reason why;
    endpoints_forgive(w, cs);
    struct lb_request q = {.hash = x->hash, .now_ns = splice_now(w->s)};
    for (unsigned i = 0; i < x->tries && i < MAX_TRIED && !mutant(retry_same_endpoint); i++) {
        add_tried(x->gen, q.tried != NULL, x->tried[i]);
        q.tried = x->gen->tried;
    }
    for (;;) {
        uint32_t i = belongs(cs, x, q.tried) ? x->affine : lb_pick(cs->picker, &q);
        if (i == LB_NONE || (*full && !lb_usable(cs->picker, i)))
            return NULL;
        x->endpoint = i;
        struct conn *e = begin_at(w, x, i, fresh, full, &why);
        if (e)
            return e;
        add_tried(x->gen, q.tried != NULL, i);
        q.tried = x->gen->tried;
        if (why)
            count(w->cnt, why);
    }
}

/* The same within its cluster's limit, behind those that wait for room. */
static struct conn *begin_in_turn(struct exchanges *w, struct exchange *x, bool fresh, bool *full)
{
    bool was = x->tallied;
    if (!cluster_of(x)->breaker)
        return begin(w, x, fresh, full);
    *full = (!was && queue_before(w, x)) || !breaker_begin(x);
    struct conn *e = *full ? NULL : begin(w, x, fresh, full);
    if (!e && !was)
        breaker_end(x);
    return e;
}

uint32_t upstream_peek(struct exchanges *w, const struct exchange *x)
{
    struct cluster_state *cs = cluster_of(x);
    endpoints_forgive(w, cs);
    if (belongs(cs, x, NULL))
        return x->affine;
    return lb_peek(cs->picker, &(struct lb_request){.hash = x->hash, .now_ns = splice_now(w->s)});
}

static void note_tried(struct exchange *x)
{
    if (x->tries < MAX_TRIED)
        x->tried[x->tries++] = x->endpoint;
}

bool upstream_pick(struct exchanges *w, struct exchange *x, bool fresh, unsigned *status)
{
    const struct cfg_cluster *cl = cluster_of(x)->cfg;
    bool full = false;
    *status = 0;
    upstream_leave(w, x);
    struct conn *e = begin_in_turn(w, x, fresh, &full);
    if (!e) {
        *status = full ? UPSTREAM_FULL : 503;
        return false;
    }
    /* An endpoint whose pooled conn turns out dead has not been tried yet. */
    if (!x->e_pooled)
        note_tried(x);
    x->e = e;
    x->picked_ns = splice_now(w->s) + x->delay_ns;
    x->counted = true;
    endpoint_begin(w, cluster_of(x), x->endpoint);
    x->rec.tries++;
    x->rec.endpoint = cl->endpoint[x->endpoint].at;
    conn_set_user(e, x);
    conn_begin_msg(e);
    e->sent_again = false;
    splice_touch(w->s, e);
    conn_serves(w, e, x->gen, x->cluster, x->endpoint);
    conn_serves(w, x->c, x->gen, x->cluster, x->endpoint);
    if (!conn_peer(x->c))
        splice_join(x->c, e);
    splice_set_timer(w->s, e,
                     splice_now(w->s) + (e->pub.state == TCP_SYN_SENT ? cl->connect_timeout_ns + x->delay_ns
                                                                      : response_timeout(x)));
    x->delay_ns = 0;
    return true;
}

void upstream_connected(struct exchanges *w, struct conn *e)
{
    struct exchange *x = conn_user(e);
    endpoint_mark_up(w, cluster_of(x), x->endpoint);
    splice_set_timer(w->s, e, splice_now(w->s) + response_timeout(x));
    if (x->stream) {
        endpoint_answered(w, cluster_of(x), x->endpoint, 0);
        stream_connected(w, x);
    } else {
        request_go_on(w, x);
    }
    if (conn_peer(e))
        splice_rejudge(w->s, conn_peer(e));
}

/* ---- trying again ---- */

_Static_assert(CFG_GET == (int)HTTP_GET && CFG_POST == (int)HTTP_POST && CFG_PATCH == (int)HTTP_PATCH,
               "methods are the same numbers");

static bool listed(const uint16_t *list, uint32_t n, uint16_t wanted)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i] == wanted)
            return true;
    return false;
}

/* Can it be run again at all: is there nothing of a response yet, is all of it here, and a try left? */
static bool movable(const struct exchange *x, const struct conn *e)
{
    return (!x->resp_begun || mutant(retry_after_response)) && conn_peer(x->c) == e &&
           (x->stream ? !x->tunnel && !mutant(stream_untried) : splice_can_move(e)) &&
           x->tries < cluster_of(x)->cfg->tries;
}

/* Has the endpoint whose conn has ended not read the request? Nothing of it was acked, and it was sent just
 * once: what answered was a closed socket, not one that had read it. Where it is we who reset an endpoint
 * that spoke unasked, its socket is open: the ack may be on its way. */
static bool untouched(const struct conn *e, enum reason why)
{
    bool open = why == R_CLOSE_POOL_DATA && !mutant(open_untouched);
    return !open && e->out_una <= conn_out_msg(e) && !e->sent_again && !e->rst_acked;
}

/* May the request be run a second time, after this has happened (enum cfg_retry_on, or a status)? Only if the
 * first endpoint can't have run it, or running it twice is harmless. */
static bool may_retry(const struct exchange *x, const struct conn *e, uint16_t what)
{
    const struct cfg_retry *r = &cluster_of(x)->cfg->retry;
    return movable(x, e) && listed(r->on, r->non, what) &&
           (what == CFG_RETRY_CONNECT || mutant(post_retried) || listed(r->method, r->nmethod, x->method));
}

/* Longer each time, and not the same for all that failed at one moment. */
static uint64_t backoff(struct exchanges *w, const struct exchange *x)
{
    uint64_t base = cluster_of(x)->cfg->retry.backoff_ns, most = base * 10;
    uint64_t full = base << (x->tries > 4 ? 4 : x->tries > 0 ? x->tries - 1 : 0);
    if (full == 0)
        return 0;
    full = full < most ? full : most;
    uint64_t draw = ++w->splits + ((uint64_t)w->worker << 48);
    return full / 2 + lb_hash(span_of(&draw, sizeof draw)) % (full / 2 + 1);
}

/* There is nobody else: x is at endpoint i as before, which it had left. How long that took is known there.
 */
static void stay(struct exchanges *w, struct exchange *x, struct conn *e, uint32_t i, bool counted)
{
    x->e = e;
    x->endpoint = i;
    x->counted = counted;
    x->timed = false;
    x->delay_ns = 0;
    breaker_stay(x, i);
    if (counted)
        endpoint_stay(w, cluster_of(x), i);
}

/* Moves the request to another conn. */
static bool retry(struct exchanges *w, struct exchange *x, struct conn *e, uint16_t what)
{
    unsigned status;
    uint32_t at = x->endpoint;
    bool counted = x->counted;
    if (x->e_pooled && (what == CFG_RETRY_TIMEOUT || what >= 400)) { /* it had the request */
        x->e_pooled = false;
        note_tried(x);
    }
    if (!may_retry(x, e, what) || !breaker_retry(w, x))
        return false;
    x->delay_ns = backoff(w, x);
    x->e = NULL;
    if (!upstream_pick(w, x, true, &status)) {
        stay(w, x, e, at, counted);
        return false;
    }
    stat_add(&w->cnt->retries, 1);
    conn_set_user(e, NULL);
    splice_move(w->s, e, x->e);
    return true;
}

bool upstream_may_refuse(const struct exchange *x)
{
    const struct cluster_state *cs = cluster_of(x);
    return cs->refuses && listed(cs->cfg->retry.method, cs->cfg->retry.nmethod, x->method) &&
           movable(x, x->e);
}

bool upstream_refuse(struct exchanges *w, struct exchange *x, unsigned status)
{
    struct conn *e = x->e;
    uint32_t at = x->endpoint;
    if (status < 400 || !retry(w, x, e, (uint16_t)status))
        return false;
    endpoint_answered(w, cluster_of(x), at, status);
    splice_reset(w->s, e, R_CLOSE_RETRY);
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
    conn_set_user(e, NULL);
    splice_part(w->s, e);
    splice_solicit(w->s, x->c);
    client_watch(w, x, splice_now(w->s) + ORPHAN_LOOK_NS);
}

void upstream_ended(struct exchanges *w, struct conn *e, enum reason why)
{
    struct exchange *x = conn_user(e);
    if (x->resp_mapped && conn_out_max(x->c) >= x->resp_end && !conn_is_dead(x->c)) {
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
    if (retry(w, x, e, connecting || untouched(e, why) ? CFG_RETRY_CONNECT : CFG_RETRY_RESET))
        return;
    fail(w, x, why == R_CLOSE_CONNECT_TIMEOUT || why == R_CLOSE_STALL ? 504 : 502, why);
}

void upstream_fin(struct exchanges *w, struct conn *e)
{
    struct exchange *x = conn_user(e);
    if (!x && mutant(fin_in_pool))
        return;
    if (!x) {
        splice_pool_remove(w->s, e);
        splice_take_fin(w->s, e);
        splice_fin(w->s, e, R_CLOSE_POOL_PEER);
        return;
    }
    x->e_reusable = false;
    if (x->resp_mapped && e->in_mapped <= conn_in_fin(e))
        return; /* whole: taken when the conn is given back */
    /* What is before it, be it the head, is held for want of room: told again when that is judged. */
    if ((e->has & USE_ROOM) && !mutant(fin_before_room)) {
        e->fin_told = false;
        return;
    }
    if (x->resp_head && (x->resp_body == HTTP_BODY_CLOSE || mutant(truncated_response))) {
        x->resp_mapped = true;
        x->resp_end = x->c->out_end;
        exchange_check(w, x);
        return;
    }
    /* Closed before it answered, or in the middle: the conn is of no use. */
    splice_reset(w->s, e, R_CLOSE_TRUNCATED);
}

void upstream_timeout(struct exchanges *w, struct conn *e)
{
    struct exchange *x = conn_user(e);
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
    uint64_t limit = response_timeout(x), last = splice_progress_ns(w->s, e);
    if (splice_now(w->s) - last < limit) {
        splice_set_timer(w->s, e, last + limit);
        return;
    }
    endpoint_failed(w, cluster_of(x), x->endpoint);
    /* It may have died without a word: another one is asked where that does no harm (S7). That nothing was
     * acked proves nothing here. */
    if (retry(w, x, e, CFG_RETRY_TIMEOUT))
        splice_reset(w->s, e, R_CLOSE_STALL);
    else
        fail(w, x, 504, R_CLOSE_STALL);
}
