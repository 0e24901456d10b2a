/* One segment of an open connection: check it, take its ack, pass its bytes on or judge them, answer. The
 * order of these steps is what keeps the invariants of conn.h:
 *
 *   1. acceptability   RFC 9293 section 3.10.7.4, RFC 5961; nothing above out_max is believed (S5)
 *   2. ack             moves out_una and out_edge, retires extents
 *   3. bytes           old ones are acked again; mapped ones go to the peer; the rest is judged or held (S1,
 * S2, S6)
 *   4. FIN
 *   5. answers         at most one ack to each side (S5)
 *
 * What the steady state is made of takes a shorter way with the same result (steady.c). */
#include "agent/base/mutant.h"
#include "agent/splice/internal.h"

/* ---- step 1 ---- */

static bool is_probe(const struct conn *c, pos_t seq, const struct pkt *p)
{
    return seq + 1 == c->in_acked && p->payload_len <= 1 && !(p->flags & TCP_FIN);
}

/* The ack in a RST tells what the peer had taken: whether a request may be run again depends on it (S7). It
 * counts also when the RST itself is not believed yet: the one that is may come without. */
static void note_rst_ack(struct conn *c, const struct pkt *p)
{
    pos_t ack = pos_unwrap(c->out_una, p->ack);
    if ((p->flags & TCP_ACK) && ack > c->out_una && ack <= conn_out_max(c) && !mutant(rst_ack_forgotten))
        c->rst_acked = true;
}

enum reason segment_fits(struct splice *s, struct conn *c, pos_t seq, const struct pkt *p)
{
    if (!(p->flags & TCP_ACK))
        return R_DROP_NO_ACK;
    /* Beyond every window we have shown, or older than any we can have shown. */
    if ((seq > conn_in_edge_high(c) && !mutant(seq_unchecked)) ||
        seq + ((pos_t)UINT16_MAX << c->rcv_shift) < c->in_acked) {
        seg_challenge(s, c);
        return R_DROP_SEQ;
    }
    /* RFC 5961 section 5: who injects data has to guess this too. */
    pos_t ack = pos_unwrap(c->out_una, p->ack);
    if ((ack > conn_out_max(c) && !mutant(ack_above_believed)) ||
        (ack + ((pos_t)1 << c->pub.wnd_bits) < c->out_una && !mutant(ack_old_believed))) {
        seg_challenge(s, c);
        return R_DROP_ACK;
    }
    return R_NONE;
}

static enum reason acceptable(struct splice *s, struct conn *c, pos_t seq, const struct pkt *p)
{
    if (p->flags & TCP_RST) {
        note_rst_ack(c, p);
        if (seq == c->in_acked || seq == conn_in_max(c) || (conn_in_fin(c) && seq == conn_in_fin(c) + 1) ||
            mutant(rst_unvalidated)) {
            conn_end(s, c, R_CLOSE_PEER_RESET);
            return R_CONSUMED;
        }
        if (seq > c->in_acked && seq < conn_in_edge_high(c) && !mutant(rst_unchallenged))
            seg_challenge(s, c);
        return R_DROP_RST_SEQ;
    }
    if (p->flags & TCP_SYN) {
        if (connect_twin(s, c, p))
            return R_CONSUMED;
        if (!mutant(syn_unchallenged))
            seg_challenge(s, c);
        return R_DROP_SYN_OPEN;
    }
    return segment_fits(s, c, seq, p);
}

/* ---- step 2 ---- */

/* One block. `twice`: it says what came twice (RFC 2883), and lies below the ack. */
static void take_block(struct splice *s, const struct conn *c, pos_t lo, pos_t hi, bool twice)
{
    struct extent own;
    const struct extent *x = lo < c->out_una && !twice ? NULL : ext_at(c, lo, &own);
    if (!x || lo >= hi || hi > conn_out_max(c))
        return;
    if (!twice) {
        s->own.block[s->own.n].lo = lo;
        s->own.block[s->own.n++].hi = hi;
    }
    /* Clip to each live copy extent that the block touches (S5). */
    for (; x && x->out < hi; x = ext_next(x))
        sack_translate(c, pos_max(lo, x->out), mutant(sack_unclipped) ? hi : pos_min(hi, x->out + x->n),
                       &s->sack);
    s->sack.twice |= twice && s->sack.n;
}

static void take_sack(struct splice *s, const struct conn *c, const struct pkt *p)
{
    struct tcp_opts o;
    s->sack.n = s->own.n = 0;
    s->sack.twice = false;
    s->sack.to = conn_peer(c);
    if (!c->sack_ok || p->opts.n < 10 || !wire_tcp_opts(p->opts, &o))
        return;
    pos_t ack = pos_unwrap(c->out_una, p->ack);
    for (unsigned i = 0; i < o.nsack; i++) {
        pos_t lo = pos_unwrap(c->out_una, o.sack[i].lo), hi = pos_unwrap(c->out_una, o.sack[i].hi);
        take_block(s, c, lo, hi, i == 0 && hi <= ack && !mutant(dsack_swallowed));
    }
}

/* What an ack may lag behind: RFC 5961's MAX.SND.WND, up to the next power of two. */
static void note_window(struct conn *c, uint64_t wnd)
{
    uint8_t bits = (uint8_t)(64 - __builtin_clzll(wnd | 1));
    c->pub.wnd_bits = bits > c->pub.wnd_bits ? bits : c->pub.wnd_bits;
}

void take_window(struct conn *c, pos_t seq, pos_t ack, uint32_t wnd)
{
    pos_t edge = ack + ((pos_t)wnd << (mutant(window_in_unscaled) ? 0 : c->snd_shift));
    if (ack > c->out_una || seq > conn_wl1(c) || (seq == conn_wl1(c) && edge > conn_out_edge(c)) ||
        mutant(window_of_old_segment)) {
        c->wl1_seq = pos_seq(seq);
        c->out_edge_seq = pos_seq(edge);
        note_window(c, edge - ack);
    }
}

/* Bytes below `recover` went out again, and the peer has not acked all of those. What is over is forgotten.
 */
static bool repairs(struct splice *s, struct conn *c)
{
    if (!(c->has & USE_REPAIR))
        return false;
    const struct extra *r = extra_of(c, USE_REPAIR);
    if (c->out_una < r->recover)
        return true;
    if (c->out_una >= r->again)
        extra_close(s, c, USE_REPAIR);
    return false;
}

void ack_advanced(struct splice *s, struct conn *c, pos_t ack)
{
    uint64_t n = ack - c->out_una;
    if (c->rtt_on && ack >= pos_unwrap(c->out_una, c->rtt_seq)) {
        rtt_sample(c, (uint64_t)((uint32_t)(s->now / 1000) - c->rtt_start_us) * 1000);
        c->rtt_on = false;
    }
    conn_set_una(c, ack);
    if (c->ahead && ack >= conn_out_max(c))
        c->ahead = false;
    c->dupacks = 0;
    c->backoff = 0;
    conn_set_flight(c, c->kept_cwnd + n);
    splice_touch(s, c);
    if (conn_peer(c)) {
        ramp_grow(conn_peer(c), n);
        pace_acked(s, c);
    }
    ext_retire(s, c);
    rto_arm(s, c, true);
    struct extent own;
    const struct extent *x = repairs(s, c) ? ext_at(c, ack, &own) : NULL;
    if (!x || x->kind != EXT_KEPT || x->sent <= ack - x->out)
        return;
    if (ack >= conn_again(c))
        seg_resend(s, c); /* partial ack (RFC 6582): the next hole is ours as well */
    repair_holes(s, c);
}

static void duplicate_ack(struct splice *s, struct conn *c)
{
    struct extent own;
    const struct extent *x = ext_at(c, c->out_una, &own);
    if (x && x->kind == EXT_COPY) {
        if (conn_peer(c) && !mutant(dup_acks_swallowed))
            conn_peer(c)->dup_now = true;
        return;
    }
    if (c->dupacks < DUPACKS_MOST)
        c->dupacks++;
    if (c->dupacks == 3 && !mutant(dup_acks_ignored))
        seg_resend(s, c);
    if (c->dupacks >= 3)
        repair_holes(s, c);
}

/* Returns whether the conn may go on. */
static bool take_ack(struct splice *s, struct conn *c, pos_t seq, const struct pkt *p)
{
    pos_t ack = pos_unwrap(c->out_una, p->ack), old_edge = conn_out_edge(c);
    if (ack < c->out_una)
        return true;
    take_window(c, seq, ack, p->wnd);
    c->probes = 0;
    if (s->sack.twice && conn_peer(c))
        conn_peer(c)->dup_now =
            true; /* where nothing is missing, too: its source may have slowed down for nothing */
    if (ack > c->out_una) {
        ack_advanced(s, c, ack);
        s->user->progress(s->ux, c);
        /* After the user has seen the bytes before it: it may have been waiting for them. */
        if (!conn_is_dead(c) && c->fin_sent && ack == c->out_end + 1)
            conn_event(s, c, EV_FIN_ACKED);
        return !conn_is_dead(c);
    }
    if (old_edge <= ack && conn_out_edge(c) > ack) { /* the window opens: what was a probe is no loss */
        c->backoff = 0;
        rto_arm(s, c, true);
    }
    /* A receiver whose window grows while it waits for a hole shows another edge in each ack: with SACK it is
     * the blocks that make a duplicate (RFC 6675 section 2). */
    bool same = conn_out_edge(c) == old_edge || (s->own.n && !mutant(dup_acks_by_edge));
    if (p->payload_len == 0 && !(p->flags & TCP_FIN) && same && c->out_una < conn_out_max(c) &&
        !is_probe(c, seq, p))
        duplicate_ack(s, c);
    return true;
}

/* ---- step 3: bytes that are not mapped yet; those that are: forward.c ---- */

static void sink_bytes(struct splice *s, struct conn *c, uint64_t n)
{
    c->pub.sank = 1;
    splice_skip(s, c, n);
}

void judge_held(struct splice *s, struct conn *c)
{
    while (conn_holds(c)) {
        struct span b = splice_held(c);
        pos_t before = c->in_mapped;
        if (b.n == 0 || conn_is_dead(c))
            return;
        if (c->sink) {
            sink_bytes(s, c, b.n);
            continue;
        }
        s->user->judge(s->ux, c, b, true);
        if (conn_is_dead(c) || c->in_mapped == before)
            return;
    }
}

/* Judges payload from position `at` on. Bytes that are not understood yet are held. What is held already came
 * first, also where it now comes again behind bytes that were missing (S1). */
static enum reason judge(struct splice *s, struct conn *c, pos_t at, struct span bytes)
{
    if (!hold_agrees(c, at, bytes)) {
        reset_both(s, c, R_CLOSE_BYTES_DIFFER);
        return R_CONSUMED;
    }
    while (bytes.n > 0 && at == c->in_mapped && splice_held(c).n == 0 && !conn_is_dead(c)) {
        if (c->sink)
            sink_bytes(s, c, bytes.n);
        else
            s->user->judge(s->ux, c, bytes, false);
        if (c->in_mapped <= at || conn_is_dead(c))
            break;
        uint64_t took = c->in_mapped - at;
        at = c->in_mapped;
        bytes = span_from(bytes, took < bytes.n ? (size_t)took : bytes.n);
    }
    if (bytes.n == 0 || conn_is_dead(c) || at < c->in_mapped) {
        judge_held(s, c); /* what was held behind these bytes may be contiguous now */
        return R_CONSUMED;
    }
    if (c->pub.idle) {
        /* Bytes that nobody asked for, behind a gap: filled later, they would pass for the next exchange's
         * response. */
        splice_reset(s, c, R_CLOSE_POOL_DATA);
        return R_CONSUMED;
    }
    /* Behind a gap the peer is told with a duplicate ack; contiguous bytes are acked when what is before them
     * is. */
    if (at > c->in_mapped + splice_held(c).n && !mutant(gap_not_told))
        c->ack_now = true;
    enum reason r = hold_insert(s, c, at, bytes);
    if (r != R_NONE) {
        c->ack_now = true;
        return r;
    }
    judge_held(s, c);
    return R_CONSUMED;
}

/* ---- step 4 ---- */

/* The peer's FIN ends an open copy extent. It is not passed on as it stands: the user queues a FIN of ours
 * behind the bytes and takes the peer's when they are acked, so a lost FIN is repaired by whoever sent it
 * (S10). False: bytes were passed on beyond it. */
static bool fin_ends_copy(struct conn *c)
{
    struct conn *a = conn_peer(c);
    struct extent own;
    const struct extent *x = !a ? NULL : a->x_own ? ext_first(a, &own) : ext_last(a);
    if (!x || x->kind != EXT_COPY || c->in_mode != IN_OPEN || c->in_mapped <= conn_in_fin(c) ||
        x->in > conn_in_fin(c))
        return true;
    ext_cut(a, conn_in_fin(c));
    c->in_mapped = conn_in_fin(c);
    c->in_mode = IN_DONE;
    return conn_out_max(a) <= a->out_end;
}

void fin_check(struct splice *s, struct conn *c)
{
    if (!conn_in_fin(c) || c->fin_told || conn_is_dead(c))
        return;
    if (!fin_ends_copy(c)) {
        reset_both(s, c, R_CLOSE_BYTES_DIFFER);
        return;
    }
    if (c->in_mapped + splice_held(c).n + mutant(fin_early) < conn_in_fin(c))
        return;
    c->fin_told = true;
    s->user->fin(s->ux, c);
}

/* ---- all steps ---- */

/* The bytes of one segment. Returns the reason it counts under; *f is NULL when the frame went out. */
static enum reason take_bytes(struct splice *s, struct conn *c, struct frame **f, const struct pkt *p,
                              pos_t seq)
{
    pos_t end = seq + p->payload_len, lo = pos_max(seq, c->in_acked), mapped = c->in_mapped;
    enum reason r = R_CONSUMED;
    bool fin = (p->flags & TCP_FIN) && end >= c->in_acked && !conn_in_fin(c);
    if (fin) {
        conn_set_fin(c, end);
        offload_leave(s, c->pub.side == SIDE_ENDPOINT || !conn_peer(c) ? c : conn_peer(c));
        if (!mutant(fin_in_pool))
            splice_pool_remove(s, c); /* also when bytes before it are missing */
        if (!fin_ends_copy(c)) {
            reset_both(s, c, R_CLOSE_BYTES_DIFFER);
            return R_CONSUMED;
        }
        mapped = c->in_mapped;
    } else if (end <= c->in_acked) {
        c->ack_now |= !mutant(old_bytes_unacked);
        return R_DROP_OLD;
    }
    if (conn_in_fin(c))
        end = pos_min(end, conn_in_fin(c));
    pos_t at = pos_max(lo, mapped);
    if (end > at) {
        r = judge(s, c, at, span_of((*f)->data + p->payload_off + (at - seq), end - at));
        if (conn_is_dead(c))
            return r;
    }
    pos_t hi = pos_min(end, c->in_mapped);
    if (lo < hi && !forward(s, c, f, p, seq, lo, hi, mapped))
        return R_CONSUMED;
    offload_glance(s, c);
    return r;
}

/* Keeps a probe alive through the splice: only the receiver knows its window (S4, "the byte before a live
 * extent belongs to it"). Where bytes that we keep stand in front, they are the probe. */
static void pass_probe(struct splice *s, struct conn *c)
{
    struct conn *a = conn_peer(c);
    if (!a || a->pub.state == TCP_SYN_SENT || mutant(probe_not_passed))
        return;
    struct extent own;
    const struct extent *x = ext_at(a, a->out_una, &own);
    if (x && x->kind == EXT_KEPT) {
        if (!(x->flags & EXT_OWNED))
            seg_resend(s, a);
        return;
    }
    if (!x && c->in_mode != IN_OPEN)
        return;
    ask_window(s, a);
}

/* All but the steady way. */
static void conn_segment(struct splice *s, struct conn *c, struct frame *f, const struct pkt *p)
{
    pos_t seq = pos_unwrap(c->in_acked, p->seq);
    s->flush.open = true;
    enum reason r = acceptable(s, c, seq, p);
    struct conn *a = NULL;
    if (r != R_NONE)
        goto out;
    if (p->payload_len > 1 && seq < conn_in_max(c))
        c->lossy = true;
    late_begin(s, c, seq, p);
    c->in_max_seq = pos_seq(pos_max(conn_in_max(c), seq + p->payload_len));
    take_sack(s, c, p);
    if (!take_ack(s, c, seq, p))
        goto out;
    r = R_CONSUMED;
    if (is_probe(c, seq, p)) {
        pass_probe(s, c);
        c->ack_now |= !mutant(probe_unanswered);
        goto answer;
    }
    c->pub.bytes_in += p->payload_len;
    if (p->payload_len || (p->flags & TCP_FIN))
        r = take_bytes(s, c, &f, p, seq);
    else if (seq < c->in_acked)
        seg_challenge(s, c); /* a peer that missed our last ack */
    if (conn_is_dead(c))
        goto out;
    fin_check(s, c);
answer:
    a = conn_peer(c);
    if (!conn_is_dead(c))
        splice_push(s, c);
    if (a && !conn_is_dead(a))
        splice_push(s, a);
out:
    if (f && r != R_NONE)
        count(s->cnt, r);
    seg_push_owed(s, f);
    s->late.may = NULL;
    s->sack.n = 0;
}

unsigned conn_segments(struct splice *s, struct conn *c, struct frame *const f[], const struct pkt p[],
                       unsigned n)
{
    s->current = c;
    unsigned steady = splice_steady_off ? 0 : steady_segments(s, c, f, p, n);
    if (!steady)
        conn_segment(s, c, f[0], p);
    s->current = NULL;
    return steady ? steady : 1;
}
