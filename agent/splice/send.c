/* What lacon itself puts on the wire: acknowledgements, kept bytes (patched and owned extents), resets; and
 * the repair of what it owns.
 *
 * The sender of kept bytes keeps three promises: never beyond the peer's window, never more than the initial
 * window (RFC 6928) of kept bytes in flight, and a timer only for owned ones: patched bytes are repaired when
 * their source sends again or the receiver's duplicate acks ask (DESIGN, "Four kinds"). Timeout with backoff
 * by RFC 6298, one segment per timeout, slow start back to the initial window. */
#include "agent/base/csum.h"
#include "agent/base/mutant.h"
#include "agent/splice/remote.h"

/* An empty frame: the one that the segment at hand came in, once, when it has been handled. */
static struct frame *take_frame(struct splice *s)
{
    struct frame *f = s->flush.spare;
    if (!f)
        return frame_alloc(&s->ops);
    s->flush.spare = NULL;
    return f;
}

static bool path_link(struct splice *s, struct net_path *path, const struct ip_addr *dst, struct wire_link *l)
{
    if (net_link(s->net, path, dst, l, s->now))
        return true;
    count(s->cnt, R_DROP_NO_NEIGHBOUR);
    return false;
}

static void put_out(struct splice *s, struct frame *f)
{
    stat_add(&s->cnt->tx_frames, 1);
    stat_add(&s->cnt->tx_bytes, f->len);
    frame_send(&s->ops, f);
}

static void to_peer(const struct flow_key *k, struct tcp_seg *g)
{
    g->src = k->local;
    g->dst = k->remote;
    g->sport = k->local_port;
    g->dport = k->remote_port;
    g->wscale = -1;
}

/* Sends g in the empty frame f, which may be NULL: there was none. Consumes f. Keeps its headers in *again,
 * unless that is NULL, or they have options. */
static void put_bare(struct splice *s, const struct tcp_seg *g, struct net_path *path, struct frame *f,
                     struct wire_again *again)
{
    struct wire_link l;
    if (!f) {
        count(s->cnt, R_DROP_NO_FRAME);
    } else if (!path_link(s, path, &g->dst, &l)) {
        frame_free(&s->ops, f);
    } else {
        wire_push_tcp(f, &l, g, 0);
        if (again && !g->nsack)
            wire_again_keep(again, f, &l, g);
        put_out(s, f);
    }
}

void seg_bare(struct splice *s, const struct tcp_seg *g, struct net_path *path)
{
    put_bare(s, g, path, take_frame(s), NULL);
}

/* The window field for right edge `edge` at `ack`, or for the highest one shown before. Rounds down, always:
 * what is shown may fall back by less than a unit (RFC 7323 section 2.4 has senders expect it), but rounded
 * up with each ack it would creep beyond what we can hold. */
static uint16_t window_field(struct conn *c, pos_t ack, pos_t edge)
{
    if (c->pub.side == SIDE_CLIENT && !mutant(edge_retreats))
        edge = pos_max(edge, conn_in_edge(c));
    uint64_t room = edge > ack ? edge - ack : 0, shown;
    if (c->pub.side == SIDE_CLIENT && mutant(window_creeps))
        room += (1u << c->rcv_shift) - 1u;
    shown = (room >> (mutant(window_out_unscaled) ? 0 : c->rcv_shift)) + mutant(window_rounded_up);
    bool had = conn_in_edge_high(c) >= ack + (UINT64_C(1) << c->rcv_shift); /* a unit was shown here before */
    if (shown == 0 && room && (c->pub.side == SIDE_ENDPOINT || c->in_mode == IN_WAIT || had))
        shown = 1; /* a receiver with less room than one unit, or a head as large as it may be, also when it
                      has been mapped since: what is too much is cut off (within_window, the hold) and comes
                      again */
    if (shown > UINT16_MAX)
        shown = UINT16_MAX;
    pos_t visible = ack + (shown << c->rcv_shift);
    pos_t shown_to = c->pub.side == SIDE_CLIENT ? pos_max(pos_min(edge, visible), conn_in_edge(c)) : visible;
    c->in_edge_seq = pos_seq(shown_to);
    c->in_edge_high_seq = pos_seq(pos_max(visible, conn_in_edge_high(c)));
    return (uint16_t)shown;
}

/* The right edge that c may be shown. */
static pos_t edge_for(struct splice *s, struct conn *c)
{
    pos_t edge = pace_edge(s, c, conn_offer(c));
    return c->offloaded ? offload_edge(s, c, edge) : edge;
}

/* Fills in what every segment to c carries now: our ack and window. The debt of an ack is paid by it. */
static void fill_ack(struct splice *s, struct conn *c, struct tcp_seg *g)
{
    pos_t ack = conn_ack_pos(c);
    g->ack = pos_seq(ack);
    g->wnd = window_field(c, ack, edge_for(s, c));
    if (c->offloaded)
        offload_shown(c);
    conn_set_acked(c, ack);
    if (c->has & USE_REFUSED)
        refusal_acked(s, c);
    c->ack_now = c->dup_now = false;
}

void seg_send_first(struct splice *s, struct conn *c, struct frame *f, pos_t at, uint8_t flags,
                    uint16_t payload_sum, struct wire_again *again)
{
    struct wire_link l;
    const struct flow_key k = conn_key(s, c);
    if (!path_link(s, conn_path(c), &k.remote, &l)) {
        frame_free(&s->ops, f);
        return;
    }
    struct tcp_seg g = {.seq = pos_seq(at), .flags = flags | TCP_ACK};
    to_peer(&k, &g);
    fill_ack(s, c, &g);
    c->pub.bytes_out += f->len;
    pos_t end = at + f->len + (flags & TCP_FIN ? 1 : 0);
    if (end > conn_out_max(c)) {
        if (!c->rtt_on && f->len && (!c->fin_seen || mutant(fin_over_sample))) {
            c->rtt_on = true;
            c->rtt_seq = pos_seq(end);
            c->rtt_start_us = (uint32_t)(s->now / 1000);
        }
        c->out_max_seq = pos_seq(end);
    }
    wire_push_tcp(f, &l, &g, payload_sum);
    if (again)
        wire_again_keep(again, f, &l, &g);
    put_out(s, f);
}

void seg_send(struct splice *s, struct conn *c, struct frame *f, pos_t at, uint8_t flags,
              uint16_t payload_sum)
{
    seg_send_first(s, c, f, at, flags, payload_sum, NULL);
}

void seg_send_data(struct splice *s, struct conn *c, struct frame *f, const struct wire_again *again,
                   uint8_t flags, uint16_t payload_sum)
{
    uint32_t n = f->len, seq = c->out_max_seq;
    c->out_max_seq += n;
    c->pub.bytes_out += n;
    wire_again_push(f, again, seq, again->ack, again->wnd, flags | TCP_ACK, payload_sum);
    put_out(s, f);
}

static void add_block(struct tcp_seg *g, pos_t lo, pos_t hi)
{
    if (g->nsack == TCP_MAX_SACK)
        return;
    g->sack[g->nsack].lo = pos_seq(lo);
    g->sack[g->nsack++].hi = pos_seq(hi);
}

/* SACK blocks toward c: what its receiver got twice, what we hold beyond a gap, what its receiver has beyond
 * a gap. */
static void add_sacks(struct splice *s, struct conn *c, struct tcp_seg *g)
{
    const struct sack_fwd *f = &s->sack;
    if (!c->sack_ok)
        return;
    pos_t ack = conn_ack_pos(c);
    unsigned n = f->to == c && !mutant(sack_not_passed) ? f->n : 0, first = n && f->twice ? 1 : 0;
    if (first)
        add_block(g, f->block[0].lo, f->block[0].hi);
    const struct hold *h = conn_hold(c);
    for (uint32_t i = 0; i < h->nrange; i++)
        if (c->in_mapped + h->range[i].lo > ack)
            add_block(g, c->in_mapped + h->range[i].lo, c->in_mapped + h->range[i].hi);
    for (unsigned i = first; i < n; i++)
        if (f->block[i].lo > ack)
            add_block(g, f->block[i].lo, f->block[i].hi);
}

/* Where a bare ack stands. Beyond what the peer has received, where an engine sends (a number that it has
 * passed would not be taken), but inside its window. */
static pos_t last_sent(const struct conn *c)
{
    if (!c->ahead || conn_out_max(c) < conn_out_edge(c))
        return conn_out_max(c);
    return pos_max(c->out_una, conn_out_edge(c) - 1);
}

void seg_ack_first(struct splice *s, struct conn *c, struct frame *f, struct wire_again *again)
{
    struct tcp_seg g = {.seq = pos_seq(last_sent(c)), .flags = TCP_ACK};
    struct flow_key k = conn_key(s, c);
    to_peer(&k, &g);
    add_sacks(s, c, &g);
    fill_ack(s, c, &g);
    put_bare(s, &g, conn_path(c), f, again);
}

void seg_ack_again(struct splice *s, struct conn *c, struct frame *f, const struct wire_again *again)
{
    struct tcp_seg g;
    fill_ack(s, c, &g);
    wire_again_push(f, again, c->out_max_seq, g.ack, g.wnd, TCP_ACK, 0);
    put_out(s, f);
}

void seg_ack(struct splice *s, struct conn *c)
{
    seg_ack_first(s, c, take_frame(s), NULL);
}

void seg_flush(struct splice *s, struct conn *c)
{
    if (conn_is_dead(c) || c->pub.state == TCP_SYN_SENT)
        return;
    pos_t ack = conn_ack_pos(c), edge = edge_for(s, c);
    edge = pos_min(edge, ack + ((pos_t)UINT16_MAX << c->rcv_shift));
    edge = ack + ((edge > ack ? edge - ack : 0) >> c->rcv_shift << c->rcv_shift); /* what could be shown */
    bool open = edge > conn_in_edge(c) &&
                (edge - conn_in_edge(c) >= 2u * 1460 || conn_in_edge(c) - c->in_acked < 1460);
    if (c->ack_now || c->dup_now || (ack > c->in_acked ? !late_ack(s, c, ack) : open))
        seg_ack(s, c);
}

void seg_challenge(struct splice *s, struct conn *c)
{
    bool again = (c->has & USE_CHALLENGE) && s->now - extra_of(c, USE_CHALLENGE)->challenge_ns < CHALLENGE_NS;
    if ((again || !limit_challenge(s)) && !mutant(challenge_unlimited)) {
        count(s->cnt, R_DROP_RATE);
        return;
    }
    extra_open(s, c, USE_CHALLENGE)->challenge_ns = s->now;
    stat_add(&s->cnt->challenge_acks, 1);
    seg_ack(s, c);
}

void seg_rst_reply(struct splice *s, const struct frame *f, const struct pkt *p)
{
    if (p->flags & TCP_RST)
        return;
    if (!limit_rst(s, p)) {
        count(s->cnt, R_DROP_RATE);
        return;
    }
    struct net_path path;
    if (!net_route_back(s->net, f, p, &path, s->now)) {
        count(s->cnt, R_DROP_NO_ROUTE);
        return;
    }
    /* RFC 9293 section 3.10.7.1 */
    struct tcp_seg g = {.flags = TCP_RST};
    to_peer(&p->key, &g);
    if (p->flags & TCP_ACK) {
        g.seq = p->ack;
    } else {
        g.flags |= TCP_ACK;
        g.ack = p->seq + p->payload_len + (p->flags & TCP_SYN ? 1 : 0) + (p->flags & TCP_FIN ? 1 : 0);
    }
    seg_bare(s, &g, &path);
}

/* One segment of kept bytes [from, from+n) of extent x. False: no frame. */
static bool send_kept(struct splice *s, struct conn *c, const struct extent *x, uint64_t from, uint32_t n)
{
    struct frame *f = take_frame(s);
    if (!f) {
        count(s->cnt, R_DROP_NO_FRAME);
        return false;
    }
    const uint8_t *p = x->buf + from;
    memcpy(frame_put(f, n), p, n);
    seg_send(s, c, f, x->out + from, from + n == x->n ? TCP_PSH : 0, csum_bytes(p, n));
    return true;
}

static uint32_t min3(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t m = a < b ? a : b;
    return (uint32_t)(m < c ? m : c);
}

static uint64_t acked_of(const struct conn *c, const struct extent *x)
{
    if (c->out_una <= x->out)
        return 0;
    return c->out_una - x->out < x->n ? c->out_una - x->out : x->n;
}

/* Sends what was never sent of x. `flight` counts kept bytes in flight. False: the window or the flight limit
 * is reached. */
static bool push_extent(struct splice *s, struct conn *c, struct extent *x, uint64_t *flight)
{
    uint64_t acked = acked_of(c, x);
    if (x->sent < acked)
        x->sent = (uint32_t)acked;
    *flight += x->sent - acked;
    while (x->sent < x->n) {
        pos_t at = x->out + x->sent;
        uint64_t wnd = conn_out_edge(c) > at ? conn_out_edge(c) - at : 0;
        if (mutant(window_overrun_kept))
            wnd = x->n;
        uint64_t room = c->kept_cwnd > *flight ? c->kept_cwnd - *flight : 0;
        uint32_t n = min3(x->n - x->sent, c->mss, wnd < room || mutant(flight_unlimited) ? wnd : room);
        /* No silly segments (RFC 9293 section 3.8.6.2.1): a short one only when it ends the extent or nothing
         * is in flight (but a probe, see seg_resend). */
        if (n == 0 || (n < c->mss && n < x->n - x->sent && at > c->out_una))
            return false;
        if (!send_kept(s, c, x, x->sent, n))
            return false;
        x->sent += n;
        *flight += n;
    }
    return true;
}

static void push_fin(struct splice *s, struct conn *c)
{
    if (!c->fin_queued || c->fin_sent || conn_out_max(c) < c->out_end)
        return;
    struct frame *f = take_frame(s);
    if (!f) {
        count(s->cnt, R_DROP_NO_FRAME);
        rto_arm(s, c, false);
        return;
    }
    c->fin_sent = true;
    seg_send(s, c, f, c->out_end, TCP_FIN, 0);
    c->out_max_seq = pos_seq(c->out_end + 1); /* also when the frame could not leave: the timer repeats it */
    conn_event(s, c, EV_FIN_OUT);
}

/* While a segment is being handled, what its conn and others are due waits for its end: one segment may well
 * end an exchange and begin the next, and moves positions and windows more than once (S5); and then its frame
 * can take what goes out. False: not now. */
static bool push_later(struct splice *s, struct conn *c)
{
    if (!s->flush.open || mutant(acks_at_once))
        return false;
    for (unsigned i = 0; i < s->flush.n; i++)
        if (s->flush.conn[i] == c)
            return true;
    if (s->flush.n == FLUSH_MOST)
        return false;
    s->flush.conn[s->flush.n++] = c;
    return true;
}

/* Has a segment with new bytes gone out, and said what there is to say of ack and window? */
static bool push_tells(struct splice *s, struct conn *c)
{
    uint32_t max = c->out_max_seq;
    seg_push(s, c);
    return c->out_max_seq != max && !c->fin_queued; /* a FIN counts as sent when it was not, too */
}

void seg_push_owed(struct splice *s, struct frame *f)
{
    s->flush.open = false;
    if (f && s->flush.n && frame_empty(f)) {
        s->flush.spare = f;
        f = NULL;
    }
    bool told[FLUSH_MOST];
    const unsigned n = s->flush.n; /* none joins them: they are closed */
    for (unsigned i = 0; i < n; i++)
        told[i] = push_tells(s, s->flush.conn[i]);
    for (unsigned i = 0; i < n; i++)
        if (!told[i])
            seg_flush(s, s->flush.conn[i]);
    s->flush.n = 0;
    f = f ? f : s->flush.spare;
    s->flush.spare = NULL;
    if (f)
        frame_free(&s->ops, f);
}

static bool may_push(const struct conn *c)
{
    return !conn_is_dead(c) && c->pub.state != TCP_SYN_SENT && c->pub.state != TCP_TIME_WAIT;
}

void seg_push(struct splice *s, struct conn *c)
{
    if (!may_push(c))
        return;
    uint64_t flight = 0;
    for (struct extent *x = c->x_own ? NULL : c->x_slab; x; x = ext_next(x))
        if (x->kind == EXT_KEPT && !push_extent(s, c, x, &flight))
            break;
    push_fin(s, c);
    rto_arm(s, c, false);
}

void splice_push(struct splice *s, struct conn *c)
{
    if (!may_push(c) || push_later(s, c))
        return;
    seg_push(s, c);
    seg_flush(s, c);
}

/* ---- repair ---- */

static uint64_t rto_of(const struct conn *c)
{
    uint64_t units = c->srtt + 4u * c->rttvar, rto = units ? units * (RTT_UNIT_US * 1000) : RTO_FIRST_NS;
    rto = (rto < RTO_MIN_NS ? RTO_MIN_NS : rto) << c->backoff;
    return rto > RTO_MAX_NS ? RTO_MAX_NS : rto;
}

/* In units of `us`, at least one, and at most what 16 bits hold. */
static uint16_t rtt_units(uint64_t rtt_ns, uint32_t us)
{
    uint64_t n = rtt_ns / 1000 / us + 1;
    return n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
}

void rtt_sample(struct conn *c, uint64_t rtt_ns)
{
    /* RFC 6298 section 2 */
    uint32_t r = rtt_units(rtt_ns, RTT_UNIT_US), least = rtt_units(rtt_ns, RTT_MIN_UNIT_US);
    if (c->pub.side == SIDE_CLIENT && (c->rtt_min == 0 || least < c->rtt_min))
        c->rtt_min = (uint16_t)least;
    if (c->srtt == 0) {
        c->srtt = (uint16_t)r;
        c->rttvar = (uint16_t)(r / 2);
        return;
    }
    uint32_t d = r > c->srtt ? r - c->srtt : c->srtt - r;
    c->rttvar = (uint16_t)((3u * c->rttvar + d) / 4);
    c->srtt = (uint16_t)((7u * c->srtt + r) / 8);
}

/* Is there anything that only we can repair? */
static bool owes(const struct conn *c)
{
    if (c->fin_queued && c->out_una <= c->out_end && c->pub.state != TCP_TIME_WAIT && !mutant(fin_lost))
        return true;
    for (const struct extent *x = c->x_own ? NULL : c->x_slab; x; x = ext_next(x))
        if ((x->flags & EXT_OWNED) && x->out + x->n > c->out_una)
            return true;
    return false;
}

void rto_arm(struct splice *s, struct conn *c, bool restart)
{
    if (c->pub.state == TCP_SYN_SENT)
        return;
    if (!owes(c)) {
        c->t_rto = 0;
    } else if (restart || c->t_rto == 0) {
        c->t_rto = ms_deadline(s, s->now + rto_of(c));
        conn_arm(s, c, c->t_rto);
    }
}

bool seg_resend_kept(struct splice *s, struct conn *c, struct extent *x, uint64_t from, uint32_t n)
{
    if (!send_kept(s, c, x, from, n))
        return false;
    stat_add(&s->cnt->kept_resends, 1);
    c->rtt_on = false; /* Karn */
    struct extra *r = extra_open(s, c, USE_REPAIR);
    r->recover = conn_out_max(c);
    r->again = pos_max(r->again, x->out + from + n);
    c->sent_again = true;
    return true;
}

void seg_resend(struct splice *s, struct conn *c)
{
    struct extent own, *x = ext_at(c, c->out_una, &own);
    if (!x) {
        c->rtt_on = false; /* Karn */
        if (!c->fin_sent || c->out_una > c->out_end)
            return;
        struct frame *f = take_frame(s);
        if (!f) {
            count(s->cnt, R_DROP_NO_FRAME);
            return;
        }
        stat_add(&s->cnt->kept_resends, 1);
        seg_send(s, c, f, c->out_end, TCP_FIN, 0);
        return;
    }
    if (x->kind != EXT_KEPT)
        return;
    uint64_t from = c->out_una - x->out;
    bool closed =
        conn_out_edge(c) <= c->out_una; /* a probe of one byte, which the peer need not take: not `sent` */
    uint64_t room = closed ? 1 : conn_out_edge(c) - c->out_una;
    if (!closed && conn_out_max(c) > c->out_una)
        mtu_repeated(s, c);
    uint32_t n = min3(x->n - from, c->mss, room);
    if (seg_resend_kept(s, c, x, from, n) && !closed && x->sent < from + n)
        x->sent = (uint32_t)(from + n);
}

/* After a timeout what was in flight counts as lost: it goes out again as the flight limit grows. */
static void rewind_kept(struct conn *c)
{
    c->sent_again = true;
    for (struct extent *x = c->x_own ? NULL : c->x_slab; x; x = ext_next(x))
        if (x->kind == EXT_KEPT)
            x->sent = (uint32_t)acked_of(c, x);
}

void seg_again(struct splice *s, struct conn *c)
{
    c->rtt_on = false; /* Karn */
    rewind_kept(c);
    splice_push(s, c);
}

void seg_rto(struct splice *s, struct conn *c)
{
    c->t_rto = 0;
    if (!owes(c))
        return;
    struct extent own;
    const struct extent *x = ext_at(c, c->out_una, &own);
    if (x && x->kind == EXT_COPY) {
        rto_arm(s, c, true); /* the hole is the source's to repair */
        return;
    }
    /* A closed window is asked for as long as the peer answers (RFC 9293 section 3.8.6.1). */
    bool closed = conn_out_edge(c) <= c->out_una;
    if ((closed ? c->probes : c->backoff) >= RTO_TRIES) {
        splice_reset(s, c, R_CLOSE_RETRANSMIT);
        return;
    }
    stat_add(&s->cnt->rto_fired, 1);
    if (c->backoff < RTO_TRIES && !mutant(rto_no_backoff))
        c->backoff++;
    if (closed)
        c->probes++;
    else
        conn_set_flight(c, c->mss);
    if (x)
        rewind_kept(c);
    if (!x && c->fin_queued && !c->fin_sent)
        push_fin(s, c);
    else if (!mutant(rto_never))
        seg_resend(s, c);
    rto_arm(s, c, true);
}
