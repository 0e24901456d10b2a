/* The client's side between and at the start of exchanges: heads, idle and head timers, the client's FIN,
 * closing. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

const struct cfg_listener *listener_of(const struct exchanges *w, const struct conn *c)
{
    const struct exchange *x = conn_user(c);
    if (x)
        return x->listener;
    return conn_listener(c) == LISTENER_GONE ? &w->gone : &w->gen->cfg->listener[conn_listener(c)];
}

bool listener_denies(const struct cfg_listener *l, const struct ip_addr *client)
{
    if (l->access.n == 0 || mutant(lists_ignored))
        return false;
    unsigned verdict = networks_find(&l->access, client);
    return verdict == CFG_DENIED || (verdict == 0 && l->only_allowed);
}

bool client_leaves(const struct exchanges *w, const struct conn *c)
{
    return w->draining || conn_listener(c) == LISTENER_GONE;
}

void client_accepted(struct exchanges *w, struct conn *c)
{
    const struct cfg_listener *l = listener_of(w, c);
    if (l->protocol == CFG_TCP && !c->user_awaits) {
        stream_start(w, c);
        return;
    }
    splice_waiting(w->s, c);
    splice_set_timer(w->s, c, splice_now(w->s) + l->head_timeout_ns);
}

void client_idle(struct exchanges *w, struct conn *c)
{
    c->user_scan = 0;
    c->user_mark = false;
    splice_waiting(w->s, c);
    splice_set_timer(w->s, c, splice_now(w->s) + listener_of(w, c)->idle_timeout_ns);
}

/* Our FIN, then whatever still comes is thrown away until the client closes too or the linger time is over
 * (S10: lingered()). */
void client_close(struct exchanges *w, struct conn *c, enum reason why)
{
    if (conn_is_dead(c))
        return;
    splice_busy(w->s, c);
    if (!c->sink)
        splice_sink(w->s, c);
    if (conn_in_fin(c) && c->fin_told)
        splice_take_fin(w->s, c);
    splice_touch(w->s, c);
    c->pub.sank = 0;
    splice_fin(w->s, c, why);
    if (!conn_is_dead(c) && c->pub.state != TCP_TIME_WAIT)
        splice_set_timer(w->s, c, splice_now(w->s) + LINGER_NS);
}

/* So much waits for the client that no further request is begun. */
static bool many_wait(const struct exchanges *w, const struct conn *c)
{
    return c->x_count >= splice_extent_limit(w->s) / 2 || conn_kept(c) >= KEPT_WAITS ||
           (conn_kept(c) && splice_client_full(w->s, c));
}

/* What is held was judged; when nothing came of it and nothing more will come, the conn is closed. */
static void held_judged(struct exchanges *w, struct conn *c)
{
    bool waits = conn_holds(c) && many_wait(w, c);
    if (!conn_is_dead(c) && !conn_user(c) && !waits && (c->fin_told || client_leaves(w, c)))
        client_close(w, c, c->fin_told ? R_CLOSE_NORMAL : R_CLOSE_DRAIN);
}

static void next_held(struct exchanges *w, struct conn *c)
{
    splice_rejudge(w->s, c);
    held_judged(w, c);
}

void client_wake(struct exchanges *w, struct conn *c)
{
    splice_wake(w->s, c);
    held_judged(w, c);
}

void client_break(struct exchanges *w, struct conn *c, enum reason why)
{
    if (conn_is_dead(c))
        return;
    if (c->out_una >= conn_out_msg(c)) {
        splice_reset(w->s, c, why);
        return;
    }
    c->user_doom = true;
    c->close_why = (uint8_t)why;
    splice_set_timer(w->s, c, splice_now(w->s) + LINGER_NS);
}

void client_progress(struct exchanges *w, struct conn *c)
{
    if (c->user_doom && c->out_una >= conn_out_msg(c))
        splice_reset(w->s, c, c->close_why);
    else if (c->pub.side == SIDE_CLIENT && conn_holds(c) && !c->sink && !c->user_mark)
        next_held(w, c);
}

void client_refuse(struct exchanges *w, struct conn *c, struct span bytes, unsigned status, enum reason why)
{
    struct exchange *x = exchange_new(w, c);
    if (!x) {
        splice_reset(w->s, c, R_CLOSE_NO_MEMORY);
        return;
    }
    record_bad_request(w, x, bytes);
    if (bytes.n >= 5 && memcmp(bytes.p, "HEAD ", 5) == 0)
        x->method = HTTP_HEAD; /* as far as one can tell: it expects no body */
    x->client_close = true;
    reply_own(w, x, status, why);
}

/* So many responses wait for the client that its next head does: client_progress() goes on. Until then the
 * client owes nothing of a head that was looked at already. */
static void head_held_back(struct exchanges *w, struct conn *c)
{
    if (!c->user_mark)
        return;
    c->user_mark = false;
    splice_set_timer(w->s, c, splice_now(w->s) + listener_of(w, c)->idle_timeout_ns);
}

/* Did the next bytes of c come, and find no memory, or did they not long ago, so that its TCP backs off? Then
 * it is not the client who is late. */
static bool found_no_memory(struct exchanges *w, struct conn *c)
{
    const struct refusal *r = splice_refusal(w->s, c);
    return r && (r->came || r->seq == pos_seq(c->in_mapped + splice_held(c).n)) &&
           !mutant(head_refused_blamed);
}

/* Of a pipelined head whose bytes were refused while the response before it was waited for, the client's TCP
 * looks for the room there is now when its timer says so, which may be backed off. */
void client_head_waits(struct exchanges *w, struct conn *c)
{
    uint64_t time = listener_of(w, c)->head_timeout_ns;
    if (c->user_mark)
        return;
    c->user_mark = true;
    slow_watch(w, c);
    if (found_no_memory(w, c) && !mutant(backoff_blamed))
        time += BACKOFF_MOST_S * SEC_NS;
    splice_set_timer(w->s, c, splice_now(w->s) + time);
}

void client_head(struct exchanges *w, struct conn *c, struct span bytes, bool held)
{
    const struct cfg_listener *l = listener_of(w, c);
    if (!held && splice_client_full(w->s, c))
        return; /* they will come again */
    if (many_wait(w, c)) {
        if (!mutant(head_forgotten))
            head_held_back(w, c);
        return;
    }
    if (!http_head_due(bytes, l->head_limit, &c->user_scan)) {
        client_head_waits(w, c);
        return;
    }
    int n = http_parse_request(bytes, l->head_limit, &w->head);
    if (n == HTTP_PARTIAL) {
        client_head_waits(w, c);
        return;
    }
    if (n < 0) {
        client_refuse(w, c, bytes, (unsigned)-n, R_CLOSE_BAD_REQUEST);
        return;
    }
    struct exchange *x = exchange_new(w, c);
    if (!x) {
        splice_reset(w->s, c, R_CLOSE_NO_MEMORY);
        return;
    }
    c->user_scan = 0;
    c->user_mark = false;
    slow_watch(w, c);
    stat_add(&w->cnt->requests, 1);
    request_start(w, x, &w->head, bytes, held);
}

/* Can the request no longer become whole? The FIN's position is known, every byte before it is mapped or
 * held. */
static bool truncated(const struct exchange *x)
{
    const struct conn *c = x->c;
    if (c->in_mapped > conn_in_fin(c))
        return true;
    if (x->req_mapped || x->req_body == HTTP_BODY_NONE)
        return false;
    uint64_t held = conn_in_fin(c) - c->in_mapped - (x->queued ? x->head_bytes : 0); /* of the body */
    return x->req_body == HTTP_BODY_LENGTH ? x->req_left > held : held == 0;
}

void client_fin(struct exchanges *w, struct conn *c)
{
    struct exchange *x = conn_user(c);
    if (x && x->stream)
        return; /* not a tunnel yet: told again when it is */
    if (x && x->discards) {
        discard_stop(w, x, R_CLOSE_NORMAL);
        return;
    }
    if (!x) {
        if (!c->user_doom && !(many_wait(w, c) && conn_holds(c)))
            client_close(w, c, R_CLOSE_NORMAL);
        return;
    }
    if (truncated(x) && !mutant(truncated_request)) {
        x->rec.status = x->rec.status ? x->rec.status : 400;
        exchange_abort(w, x, R_CLOSE_TRUNCATED);
        return;
    }
    /* A whole request still gets its response; pipelined ones that are held come first. */
    x->client_fin = true;
    if (x->req_mapped && c->in_mapped == conn_in_fin(c)) {
        splice_take_fin(w->s, c);
        x->want_keep = false;
        x->client_close = true;
    }
}

void client_next(struct exchanges *w, struct conn *c)
{
    if (conn_listener(c) == LISTENER_GONE) {
        client_close(w, c, R_CLOSE_DRAIN);
        return;
    }
    c->in_mode = IN_WAIT;
    splice_refusal_renew(w->s, c);
    client_idle(w, c);
    if (w->judging != c) /* else the loop that judges goes on by itself */
        next_held(w, c);
}

void client_watch(struct exchanges *w, struct exchange *x, uint64_t at_ns)
{
    bool sooner = x->deadline_ns && !x->tunnel && x->deadline_ns < at_ns && !mutant(request_timeout_ignored);
    splice_set_timer(w->s, x->c, sooner ? x->deadline_ns : at_ns);
}

/* Its time is over, whoever is to blame. */
static void too_long(struct exchanges *w, struct exchange *x)
{
    if (x->discards)
        discard_stop(w, x, R_CLOSE_REQUEST_TIMEOUT);
    else if (x->resp_head)
        exchange_abort(w, x, R_CLOSE_REQUEST_TIMEOUT);
    else
        reply_own(w, x, 504, R_CLOSE_REQUEST_TIMEOUT);
}

static void stalled(struct exchanges *w, struct exchange *x)
{
    struct conn *c = x->c;
    const struct cfg_listener *l = listener_of(w, c);
    if (x->queued) {
        queue_timeout(w, x);
        return;
    }
    uint64_t limit = x->tunnel   ? l->tunnel_timeout_ns << (mutant(tunnel_endless) ? 10 : 0)
                     : x->orphan ? LINGER_NS
                                 : l->stall_timeout_ns;
    uint64_t last = splice_progress_ns(w->s, c), now = splice_now(w->s);
    if (x->e && splice_progress_ns(w->s, x->e) > last)
        last = splice_progress_ns(w->s, x->e);
    if (x->deadline_ns && now >= x->deadline_ns && !x->tunnel) {
        too_long(w, x);
        return;
    }
    bool connecting = x->e && x->e->pub.state == TCP_SYN_SENT && !mutant(stall_while_connecting);
    bool waiting = connecting || (!x->resp_head && x->req_mapped && x->e && x->e->out_una >= x->e->out_end);
    if (waiting ||
        now - last < limit) { /* the endpoint's own timer watches over connecting, and a response */
        if (x->orphan)
            splice_solicit(w->s, c);
        client_watch(w, x, x->orphan ? now + ORPHAN_LOOK_NS : (waiting ? now : last) + limit);
        return;
    }
    x->rec.status = x->rec.status ? x->rec.status : 408;
    if (x->discards)
        discard_stop(w, x, R_CLOSE_STALL);
    else
        exchange_abort(w, x, R_CLOSE_STALL);
}

/* The client has not closed in time. Who has acked everything and said nothing since is forgotten without a
 * word, as by a kernel that waits in FIN-WAIT-2: its program may still be reading, and many a TCP throws away
 * at a reset what was not read yet (RFC 9112 section 9.6); while it reads, its TCP shows how its window
 * grows. Who still sends is reset at once. */
static void lingered(struct exchanges *w, struct conn *c)
{
    if (c->pub.state == TCP_FIN_WAIT_2 && !c->pub.sank)
        splice_forget(w->s, c, R_CLOSE_LINGER);
    else
        splice_reset(w->s, c, R_CLOSE_LINGER);
}

/* The head, or ClientHello, is not whole in time. */
static void head_late(struct exchanges *w, struct conn *c)
{
    bool ours = found_no_memory(w, c);
    enum reason why = ours ? R_CLOSE_OVERLOAD : R_CLOSE_HEAD_TIMEOUT;
    unsigned status = ours ? 503 : 408;
    if (listener_of(w, c)->protocol == CFG_TLS)
        stream_hello_timeout(w, c, status, why);
    else
        client_refuse(w, c, splice_held(c), status, why);
}

void client_timeout(struct exchanges *w, struct conn *c)
{
    struct exchange *x = conn_user(c);
    uint64_t quiet = splice_now(w->s) - splice_progress_ns(w->s, c);
    if (x)
        stalled(w, x);
    else if (c->fin_queued && c->out_una <= c->out_end && quiet < listener_of(w, c)->stall_timeout_ns)
        splice_set_timer(w->s, c, splice_now(w->s) + LINGER_NS); /* not delivered yet */
    else if (c->user_doom)
        splice_reset(w->s, c, c->close_why);
    else if (c->fin_queued)
        lingered(w, c);
    else if (c->user_awaits)
        splice_reset(w->s, c, R_CLOSE_PROXY_HEADER);
    else if (c->user_mark)
        head_late(w, c);
    else
        client_close(w, c, R_CLOSE_IDLE);
}
