/* How conns end: FIN both ways by one table, reset, TIME_WAIT, and the giving back of everything a conn held.
 */
#include "agent/base/mutant.h"
#include "agent/splice/remote.h"

/* next = fsm[state][event]; TCP_STATES: cannot happen, ignored (RFC 9293 figure 5). */
static const uint8_t fsm[TCP_STATES][TCP_EVENTS] = {
    /*                     FIN_OUT         FIN_ACKED       FIN_IN         */
    [TCP_SYN_SENT] = {TCP_STATES, TCP_STATES, TCP_STATES},
    [TCP_OPEN] = {TCP_FIN_WAIT_1, TCP_STATES, TCP_CLOSE_WAIT},
    [TCP_FIN_WAIT_1] = {TCP_STATES, TCP_FIN_WAIT_2, TCP_CLOSING},
    [TCP_FIN_WAIT_2] = {TCP_STATES, TCP_STATES, TCP_TIME_WAIT},
    [TCP_CLOSE_WAIT] = {TCP_LAST_ACK, TCP_STATES, TCP_STATES},
    [TCP_CLOSING] = {TCP_STATES, TCP_TIME_WAIT, TCP_STATES},
    [TCP_LAST_ACK] = {TCP_STATES, TCP_DEAD, TCP_STATES},
    [TCP_TIME_WAIT] = {TCP_STATES, TCP_STATES, TCP_STATES},
    [TCP_DEAD] = {TCP_STATES, TCP_STATES, TCP_STATES},
};

#define TW_LOOKS 256u /* for one toward an endpoint, among those toward others */

/* The user is told, and whatever the conn had is given up. */
static void let_go(struct splice *s, struct conn *c, enum reason why)
{
    if (why == R_CLOSE_NORMAL && c->close_why)
        why = c->close_why;
    count(s->cnt, why);
    s->user->ended(s->ux, c, why);
    splice_busy(s, c);
    room_forget(s, c);
    splice_part(s, c);
    ext_free_all(s, c);
    hold_free(s, c);
    extra_close(s, c, USE_ALL & ~USE_OFFLOAD); /* that stays until the slot is given back */
    if (c->pub.side == SIDE_CLIENT) {
        clients_close(s->clients, conn_client(c));
        conn_as_client(c)->counted_as = CLIENT_NONE;
        stat_add(&s->cnt->clients_open, (uint64_t)-1);
        return;
    }
    stat_add(&s->cnt->endpoints_open, (uint64_t)-1);
}

static void send_rst(struct splice *s, struct conn *c, pos_t at)
{
    struct flow_key k = conn_key(s, c);
    struct tcp_seg g = {.src = k.local,
                        .dst = k.remote,
                        .sport = k.local_port,
                        .dport = k.remote_port,
                        .seq = pos_seq(at),
                        .ack = pos_seq(c->in_acked),
                        .flags = TCP_RST | TCP_ACK,
                        .wscale = -1};
    seg_bare(s, &g, conn_path(c));
}

/* The conn is over for its user; only late segments of the peer are still answered (time_wait_segment()). */
static void enter_time_wait(struct splice *s, struct conn *c, enum reason why, uint64_t ns)
{
    if (conn_ack_pos(c) > c->in_acked || c->ack_now)
        seg_ack(s, c);
    let_go(s, c, why);
    list_append(s, &s->tw[c->pub.side], c);
    s->tw_count++;
    c->t_rto = c->t_flush = 0; /* or t_look */
    c->t_phase = ms_deadline(s, s->now + ns);
    conn_arm(s, c, c->t_phase);
}

static uint64_t time_wait_ns(const struct conn *c)
{
    return c->pub.side == SIDE_CLIENT ? TIME_WAIT_NS : SEC_NS;
}

void splice_forget(struct splice *s, struct conn *c, enum reason why)
{
    if (c->pub.state != TCP_FIN_WAIT_2)
        return;
    if (mutant(forgotten_at_once)) {
        conn_end(s, c, why);
        return;
    }
    c->pub.state = TCP_TIME_WAIT;
    enter_time_wait(s, c, why, FIN_WAIT_NS);
}

/* c, in TIME_WAIT: its peer's FIN has not been taken; if it has come, then behind a gap. */
static bool is_forgotten(const struct conn *c)
{
    return !c->fin_seen || c->in_mapped <= conn_in_fin(c);
}

/* The peer's FIN comes after its conn was forgotten: from now on it is like others in TIME_WAIT. */
static void late_fin(struct splice *s, struct conn *c)
{
    conn_set_fin(c, c->in_acked);
    c->in_mapped = c->in_acked + 1;
    c->t_phase = ms_deadline(s, s->now + time_wait_ns(c));
    conn_arm(s, c, c->t_phase);
    seg_ack(s, c);
}

/* The peer's FIN is missing, and its conn was forgotten (splice_forget()). It is a connection to the peer
 * still, whose program may be reading: nobody who guesses is to end it. Returns what the segment counts as.
 */
static enum reason forgotten_segment(struct splice *s, struct conn *c, const struct pkt *p, pos_t seq)
{
    if ((p->flags & TCP_SYN) && !mutant(forgotten_unguarded)) {
        seg_challenge(s, c); /* who has rebooted answers with a reset, and asks again */
        return R_DROP_SYN_OPEN;
    }
    enum reason r = mutant(forgotten_unguarded) ? R_NONE : segment_fits(s, c, seq, p);
    if (r != R_NONE)
        return r;
    pos_t end = seq + p->payload_len;
    if (end > c->in_acked && p->payload_len) {
        /* Nobody is here any more to take it (RFC 1122 section 4.2.2.13). */
        send_rst(s, c, conn_out_max(c));
        conn_end(s, c, R_CLOSE_NORMAL);
    } else if ((p->flags & TCP_FIN) && end == c->in_acked) {
        late_fin(s, c);
    } else if (seq < c->in_acked) {
        seg_challenge(s, c); /* a probe, or something old */
    }
    return R_CONSUMED;
}

void time_wait_segment(struct splice *s, struct conn *c, struct frame *f, const struct pkt *p)
{
    pos_t seq = pos_unwrap(c->in_acked, p->seq);
    enum reason r = R_CONSUMED;
    if (p->flags & TCP_RST) {
        if (seq == c->in_acked)
            conn_end(s, c, R_CLOSE_NORMAL);
    } else if (is_forgotten(c)) {
        r = forgotten_segment(s, c, p, seq);
    } else if ((p->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && seq > c->in_acked &&
               c->pub.side == SIDE_CLIENT) {
        /* A new connection on an old four-tuple (RFC 9293 section 3.6.1): our numbers go on above the old
         * ones. */
        uint32_t floor = pos_seq(conn_out_max(c)) + 65536;
        conn_end(s, c, R_CLOSE_NORMAL);
        accept_syn(s, f, p, floor, !mutant(tw_isn_reused));
        frame_free(&s->ops, f);
        return;
    } else if (p->payload_len || (p->flags & (TCP_SYN | TCP_FIN))) {
        seg_ack(s, c);
    }
    count(s->cnt, r);
    frame_free(&s->ops, f);
}

void conn_event(struct splice *s, struct conn *c, enum tcp_event ev)
{
    uint8_t next = fsm[c->pub.state][ev];
    if (next == TCP_STATES)
        return;
    if (next == TCP_DEAD) {
        conn_end(s, c, R_CLOSE_NORMAL);
        return;
    }
    c->pub.state = next;
    if (next == TCP_TIME_WAIT)
        enter_time_wait(s, c, R_CLOSE_NORMAL, time_wait_ns(c));
}

static bool give_up(struct splice *s, struct conn *c)
{
    if (!c)
        return false;
    conn_end(s, c, R_CLOSE_EVICTED);
    conn_reap_last(s); /* not the others: callers up the stack may still look at them */
    return true;
}

/* An endpoint's first: what it may still send draws a reset, which is all the same to it. */
bool tw_evict(struct splice *s)
{
    for (unsigned i = 2; i-- > 0;) {
        struct conn *c = list_first(s, &s->tw[i]);
        if (c && c == s->current)
            c = list_next(s, c);
        if (give_up(s, c))
            return true;
    }
    return false;
}

bool tw_evict_toward(struct splice *s, const struct splice_remote *r)
{
    struct conn *c = list_first(s, &s->tw[SIDE_ENDPOINT]);
    for (unsigned i = 0; c && (conn_to(c) != r || c == s->current); i++)
        c = i < TW_LOOKS ? list_next(s, c) : NULL;
    return give_up(s, c);
}

void splice_fin(struct splice *s, struct conn *c, enum reason why)
{
    if (conn_is_dead(c) || c->fin_queued)
        return;
    c->close_why = (uint8_t)why;
    c->fin_queued = true;
    seg_push(s, c); /* at once: its state is asked for */
    splice_push(s, c);
}

void splice_take_fin(struct splice *s, struct conn *c)
{
    if (!conn_in_fin(c) || c->in_mapped > conn_in_fin(c) || conn_is_dead(c))
        return;
    hold_free(s, c);
    c->in_mapped = conn_in_fin(c) + 1 + mutant(fin_acked_twice);
    c->in_mode = IN_WAIT;
    c->ack_now = true;
    conn_event(s, c, EV_FIN_IN);
}

void splice_reset(struct splice *s, struct conn *c, enum reason why)
{
    if (conn_is_dead(c))
        return;
    if (c->pub.state != TCP_SYN_SENT && c->pub.state != TCP_TIME_WAIT) {
        send_rst(s, c, conn_out_max(c));
        /* A peer that misses what is in flight believes only the number it expects (RFC 5961), and nobody
         * will send again. */
        if (c->out_una != conn_out_max(c) && !mutant(rst_second_missing))
            send_rst(s, c, c->out_una);
    }
    conn_end(s, c, why);
}

/* Both sides of a splice are reset. The client's side first: an endpoint's that ends alone would have its
 * request tried elsewhere. */
void reset_both(struct splice *s, struct conn *c, enum reason why)
{
    struct conn *e = c->pub.side == SIDE_CLIENT ? conn_peer(c) : c;
    struct conn *client = c->pub.side == SIDE_CLIENT ? c : conn_peer(c);
    if (client)
        splice_reset(s, client, why);
    if (e)
        splice_reset(s, e, why);
}

void conn_end(struct splice *s, struct conn *c, enum reason why)
{
    if (conn_is_dead(c))
        return;
    bool waited = c->pub.state == TCP_TIME_WAIT;
    splice_pool_remove(s, c);
    if (c->pub.side == SIDE_CLIENT)
        pool_leave(s, c);
    c->pub.state = TCP_DEAD;
    tw_del(&s->wheel, conn_idx(s, c));
    if (waited) {
        list_remove(s, &s->tw[c->pub.side], c);
        s->tw_count--;
        if (why != R_CLOSE_NORMAL)
            count(s->cnt, why);
    } else {
        let_go(s, c, why);
    }
    list_prepend(s, &s->dead, c);
}
