/* What a connection does with a segment: RFC 9293 section 3.10.7 with RFC 5961's checks, reassembly, acks and
 * the sender's view of losses. */
#include <string.h>

#include "tests/sim/host.h"
#include "tests/sim/tcb.h"

#define RTO_MIN (200 * MS)

/* ---- opening ---- */

static void take_options(struct tcb *c, const struct seg *s)
{
    uint16_t mss = s->mss ? s->mss : 536;
    c->smss = mss < c->cfg.mss ? mss : c->cfg.mss;
    uint16_t path = (uint16_t)(host_path_mtu(c->host, &c->remote) - (ip_is_v4(&c->local) ? 40 : 60));
    c->smss = path < c->smss ? path : c->smss;
    c->sack_ok = s->sack_ok && c->cfg.sack;
    if (s->wscale >= 0 && c->cfg.wscale >= 0) {
        c->snd_scale = (uint8_t)s->wscale;
        c->rcv_scale = (uint8_t)c->cfg.wscale;
    } else {
        c->cfg.wscale = -1;
    }
    c->irs = s->seq;
    c->rcv_nxt = 1;
    c->cwnd = 10ull * c->smss;
    c->wnd = c->max_wnd = s->wnd; /* a SYN's window is never scaled */
    c->wl_seq = 0;
    c->rb_cap = (size_t)c->cfg.rcvbuf + 65536 + (1u << c->rcv_scale);
    c->rb = xalloc(c->rb_cap);
}

static void established(struct tcb *c)
{
    sim_disarm(c->sim, &c->t_rto);
    c->state = c->fin_queued ? TCB_FIN_WAIT1 : TCB_ESTABLISHED;
    c->una = c->nxt = 1;
    c->backoff = c->silent = 0;
    if (c->cfg.keepalive_ns)
        sim_arm(c->sim, &c->t_wait, c->sim->now + c->cfg.keepalive_ns);
}

void tcb_connect(struct tcb *c)
{
    c->state = TCB_SYN_SENT;
    c->nxt = 1;
    tcb_send_syn(c);
}

void tcb_accept(struct tcb *c, const struct seg *syn)
{
    c->accepted = true;
    take_options(c, syn);
    c->state = TCB_SYN_RCVD;
    c->nxt = 1;
    tcb_send_syn(c);
}

static void in_syn_sent(struct tcb *c, const struct seg *s)
{
    bool acks_syn = (s->flags & SEG_ACK) && s->ack == c->iss + 1;
    if ((s->flags & SEG_ACK) && !acks_syn) {
        if (!(s->flags & SEG_RST)) {
            struct seg r = seg_tcp();
            r.v4 = s->v4;
            r.src = c->local;
            r.dst = c->remote;
            r.sport = c->lport;
            r.dport = c->rport;
            r.seq = s->ack;
            r.flags = SEG_RST;
            host_send(c->host, &r);
        }
        return;
    }
    if (s->flags & SEG_RST) {
        if (acks_syn)
            tcb_ended(c, TCB_END_REFUSED);
        return;
    }
    if (!(s->flags & SEG_SYN) || !acks_syn)
        return;
    take_options(c, s);
    established(c);
    tcb_send_ack(c);
    tcb_tell(c, TCB_EV_CONNECTED);
    tcb_output(c);
}

/* At most two answers a second to segments without data that lie outside the window (as Linux), so that two
 * ends that disagree do not answer each other for ever. */
static void answer_outside(struct tcb *c, const struct seg *s)
{
    if (s->len == 0 && !(s->flags & (SEG_SYN | SEG_FIN)) && c->oow_at && c->sim->now - c->oow_at < 500 * MS)
        return;
    c->oow_at = c->sim->now;
    tcb_send_ack(c);
}

/* ---- acknowledgements ---- */

static void sample_rtt(struct tcb *c, uint64_t rtt)
{
    if (c->srtt == 0) {
        c->srtt = rtt;
        c->rttvar = rtt / 2;
    } else {
        uint64_t d = c->srtt > rtt ? c->srtt - rtt : rtt - c->srtt;
        c->rttvar = (3 * c->rttvar + d) / 4;
        c->srtt = (7 * c->srtt + rtt) / 8;
    }
    uint64_t var = 4 * c->rttvar;
    c->rto = c->srtt + (var > RTO_MIN ? var : RTO_MIN); /* as Linux: the variance has the floor */
}

static void take_sack(struct tcb *c, const struct seg *s)
{
    for (unsigned b = 0; b < s->nsack; b++) {
        uint64_t lo = c->una + (uint64_t)(int64_t)(int32_t)(s->sack[b].lo - (c->iss + (uint32_t)c->una));
        uint64_t hi = c->una + (uint64_t)(int64_t)(int32_t)(s->sack[b].hi - (c->iss + (uint32_t)c->una));
        if ((int64_t)hi > (int64_t)c->nxt || (int64_t)lo >= (int64_t)hi) {
            sim_fail(c->sim, "%s got a SACK block outside what it sent", c->host->name);
            return;
        }
        if ((int64_t)lo < (int64_t)c->una)
            continue; /* a duplicate reported */
        for (size_t i = 0; i < c->nsent; i++)
            if (c->sent[i].lo >= lo && c->sent[i].hi <= hi)
                c->sent[i].sacked = true;
    }
}

static void enter_recovery(struct tcb *c)
{
    if (c->recovery)
        return;
    uint64_t flight = c->nxt - c->una, half = flight / 2;
    c->ssthresh = half > 2u * c->smss ? half : 2u * c->smss;
    c->cwnd = c->ssthresh;
    c->recovery = true;
    c->recover = c->nxt;
}

/* A segment is lost when three segments above it have arrived (SACK), or after three duplicate acks. */
static void find_losses(struct tcb *c)
{
    unsigned above = 0;
    if (!c->sack_ok) {
        if (c->dupacks == 3) {
            enter_recovery(c);
            tcb_mark_lost(c, false);
        }
        return;
    }
    for (size_t i = c->nsent; i-- > 0;) {
        struct tcb_sent *e = &c->sent[i];
        if (e->sacked) {
            above++;
        } else if (!e->lost && (above >= 3 || (i == 0 && c->dupacks >= 3))) {
            e->lost = true;
            enter_recovery(c);
        }
    }
}

static void drop_acked(struct tcb *c, uint64_t ack)
{
    size_t gone = 0;
    bool clean = true;
    uint64_t at = 0;
    while (gone < c->nsent && c->sent[gone].hi <= ack) {
        clean &= !c->sent[gone].retrans;
        at = c->sent[gone++].at;
    }
    c->nsent -= gone;
    if (gone)
        memmove(c->sent, c->sent + gone, c->nsent * sizeof *c->sent);
    if (c->nsent && c->sent[0].lo < ack)
        c->sent[0].lo = ack;
    if (gone && clean) /* Karn: never from what was sent twice */
        sample_rtt(c, c->sim->now - at);
    uint64_t data = ack < tcb_end_pos(c) ? ack : tcb_end_pos(c);
    if (data > c->sb_pos) {
        size_t n = (size_t)(data - c->sb_pos);
        c->sb_len -= n;
        c->sb_gone += n;
        c->sb_pos = data;
        if (c->sb_gone > c->sb_len) {
            memmove(c->sb, c->sb + c->sb_gone, c->sb_len);
            c->sb_gone = 0;
        }
    }
}

static void new_ack(struct tcb *c, uint64_t ack)
{
    uint64_t bytes = ack - c->una;
    c->una = ack;
    c->dupacks = c->backoff = 0;
    drop_acked(c, ack);
    if (c->recovery && ack >= c->recover) {
        c->recovery = false;
        c->cwnd = c->ssthresh < c->cwnd ? c->ssthresh : c->cwnd > 2u * c->smss ? c->cwnd : 2u * c->smss;
    } else if (c->recovery && !c->sack_ok && c->nsent && c->cwnd >= c->ssthresh) {
        tcb_mark_lost(c, false); /* NewReno: the next hole */
    }
    if (!c->recovery || c->cwnd < c->ssthresh)
        c->cwnd += c->cwnd < c->ssthresh ? bytes : (bytes * c->smss / c->cwnd + 1);
    tcb_rto_restart(c);
    tcb_tell(c, TCB_EV_ACKED);
}

/* Linux, tcp_may_update_window(): RFC 9293 alone would keep the window of a later segment, overtaken by this
 * one, with this one's ack, and so send beyond what was ever offered. */
static void take_window(struct tcb *c, const struct seg *s, uint64_t pos, uint64_t ack)
{
    uint64_t wnd = (uint64_t)s->wnd << (s->flags & SEG_SYN ? 0 : c->snd_scale);
    if (ack <= c->una && pos <= c->wl_seq && (pos < c->wl_seq || (wnd && wnd <= c->wnd)))
        return;
    c->wnd = wnd;
    if (c->wnd > c->max_wnd)
        c->max_wnd = c->wnd;
    c->wl_seq = pos;
}

/* False when the segment must go no further. */
static bool in_ack(struct tcb *c, const struct seg *s, uint64_t pos)
{
    uint64_t ack = c->una + (uint64_t)(int64_t)(int32_t)(s->ack - (c->iss + (uint32_t)c->una));
    uint64_t top = c->nxt + (c->probed && c->nxt < tcb_end_pos(c) ? 1 : 0);
    if ((int64_t)ack > (int64_t)top) {
        sim_fail(c->sim, "%s got an ack of %llu bytes it never sent", c->host->name,
                 (unsigned long long)(ack - top));
        return false;
    }
    if ((int64_t)ack < (int64_t)(c->una - c->max_wnd)) { /* RFC 5961 section 5 */
        answer_outside(c, s);
        return false;
    }
    c->silent = c->keep_probes = 0;
    if ((int64_t)ack < (int64_t)c->una)
        return true;
    if (ack > c->nxt)
        c->nxt = ack;
    if (ack > c->una)
        c->probed = false;
    uint64_t old_wnd = c->wnd;
    take_window(c, s, pos, ack);
    if (c->sack_ok)
        take_sack(c, s);
    if (ack > c->una)
        new_ack(c, ack);
    else if (c->nsent && s->len == 0 && !(s->flags & SEG_FIN) && (c->wnd == old_wnd || s->nsack))
        c->dupacks++;
    if (c->end == TCB_OPEN)
        find_losses(c);
    if (c->wnd && !c->nsent) {
        c->backoff = 0;
        sim_disarm(c->sim, &c->t_persist);
    }
    return true;
}

/* ---- data ---- */

static void add_block(struct tcb *c, uint64_t lo, uint64_t hi)
{
    struct tcb_block b = {lo, hi, ++c->sim->order};
    unsigned n = 0;
    for (unsigned i = 0; i < c->nooo; i++) {
        if (c->ooo[i].hi < b.lo || c->ooo[i].lo > b.hi) {
            c->ooo[n++] = c->ooo[i];
            continue;
        }
        b.lo = c->ooo[i].lo < b.lo ? c->ooo[i].lo : b.lo;
        b.hi = c->ooo[i].hi > b.hi ? c->ooo[i].hi : b.hi;
    }
    if (n == TCB_MAX_OOO) /* the oldest is forgotten: reneging is legal */
        memmove(c->ooo, c->ooo + 1, --n * sizeof *c->ooo);
    c->ooo[n++] = b;
    c->nooo = n;
}

static void absorb_blocks(struct tcb *c)
{
    for (unsigned i = 0; i < c->nooo;) {
        if (c->ooo[i].lo > c->rcv_nxt) {
            i++;
            continue;
        }
        if (c->ooo[i].hi > c->rcv_nxt)
            c->rcv_nxt = c->ooo[i].hi;
        c->ooo[i] = c->ooo[--c->nooo];
        i = 0;
    }
}

static bool held_already(const struct tcb *c, uint64_t lo, uint64_t hi)
{
    for (unsigned i = 0; i < c->nooo; i++)
        if (c->ooo[i].lo <= lo && c->ooo[i].hi >= hi)
            return true;
    return false;
}

static void store(struct tcb *c, const struct seg *s, uint64_t pos, uint64_t lo, uint64_t hi)
{
    for (uint64_t p = lo; p < hi; p++)
        c->rb[p % c->rb_cap] = s->data[p - pos];
}

static void ack_later(struct tcb *c, uint64_t bytes)
{
    c->unacked += bytes;
    if (c->quick || c->cfg.delack_ns == 0 || c->unacked >= 2u * c->smss) {
        c->quick -= c->quick ? 1 : 0;
        tcb_send_ack(c);
    } else if (!sim_armed(&c->t_delack)) {
        sim_arm(c->sim, &c->t_delack, c->sim->now + c->cfg.delack_ns);
    }
}

/* Takes the segment's bytes and FIN into the receive buffer; sends or plans the ack. */
static void in_data(struct tcb *c, const struct seg *s, uint64_t pos)
{
    uint64_t end = pos + s->len, lo = pos > c->rcv_nxt ? pos : c->rcv_nxt, hi = end;
    uint64_t limit = c->rcv_adv < c->rd + c->rb_cap ? c->rcv_adv : c->rd + c->rb_cap;
    bool fin = s->flags & SEG_FIN && end <= limit, gap = c->nooo || lo > c->rcv_nxt;
    if (hi > limit)
        hi = limit;
    if (fin && !c->fin_pos)
        c->fin_pos = end;
    if (end <= c->rcv_nxt && !(fin && end == c->rcv_nxt)) {
        c->dup = (struct tcb_block){pos, end, 0};
        tcb_send_ack(c);
        return;
    }
    if (lo < hi && held_already(c, lo, hi))
        c->dup = (struct tcb_block){lo, hi, 0};
    if (lo < hi)
        store(c, s, pos, lo, hi);
    if (lo > c->rcv_nxt && lo < hi)
        add_block(c, lo, hi);
    else if (lo < hi)
        c->rcv_nxt = hi;
    absorb_blocks(c);
    if (c->fin_pos && c->rcv_nxt == c->fin_pos)
        c->rcv_nxt++;
    if (gap || c->rcv_nxt == c->fin_pos + 1 || hi <= lo)
        tcb_send_ack(c);
    else
        ack_later(c, s->len);
}

static void tell_application(struct tcb *c)
{
    const uint8_t *p;
    if (tcb_peek(c, &p))
        tcb_tell(c, TCB_EV_READABLE);
    if (c->fin_pos && c->rcv_nxt > c->fin_pos && !c->eof_told && c->end == TCB_OPEN) {
        c->eof_told = true;
        tcb_tell(c, TCB_EV_EOF);
    }
}

/* Moves through the closing states as far as both FINs allow. */
static void advance_state(struct tcb *c)
{
    bool ours_acked = c->fin_queued && c->una > tcb_end_pos(c);
    bool theirs = c->fin_pos && c->rcv_nxt > c->fin_pos;
    if (c->end != TCB_OPEN)
        return;
    if (ours_acked && theirs && (c->state == TCB_LAST_ACK || c->state == TCB_CLOSE_WAIT))
        tcb_ended(c, TCB_END_CLOSED);
    else if (ours_acked && theirs)
        tcb_enter_time_wait(c);
    else if (theirs && c->fin_queued && c->state == TCB_FIN_WAIT1)
        c->state = TCB_CLOSING;
    else if (theirs && c->state == TCB_ESTABLISHED)
        c->state = c->fin_queued ? TCB_LAST_ACK : TCB_CLOSE_WAIT;
    else if (ours_acked && c->state == TCB_FIN_WAIT1) {
        c->state = TCB_FIN_WAIT2;
        if (c->discard)
            sim_arm(c->sim, &c->t_wait, c->sim->now + 60 * SEC);
    }
}

/* ---- the whole ---- */

static bool in_window(const struct tcb *c, uint64_t pos, uint64_t len)
{
    uint64_t edge = c->rcv_adv;
    if (len == 0)
        return pos >= c->rcv_nxt && (pos < edge || pos == c->rcv_nxt || pos == edge);
    return (int64_t)(pos + len) > (int64_t)c->rcv_nxt && (int64_t)pos < (int64_t)edge;
}

static void in_rst(struct tcb *c, const struct seg *s, uint64_t pos)
{
    if (pos == c->rcv_nxt)
        tcb_ended(c, c->state == TCB_SYN_RCVD ? TCB_END_REFUSED : TCB_END_RESET);
    else if (pos > c->rcv_nxt && pos < c->rcv_adv)
        answer_outside(c, s);
}

static bool in_syn_rcvd(struct tcb *c, const struct seg *s)
{
    if (s->flags & SEG_SYN &&
        s->seq != c->irs) { /* another incarnation: a challenge (Linux, tcp_check_req) */
        tcb_send_ack(c);
        return false;
    }
    if (s->flags & SEG_SYN) {
        tcb_send_syn(c);
        return false;
    }
    if (!(s->flags & SEG_ACK) || s->ack != c->iss + 1)
        return false;
    established(c);
    if (c->host->listen.accept)
        c->host->listen.accept(c->host->listen.arg, c);
    return c->end == TCB_OPEN;
}

void tcb_input(struct tcb *c, const struct seg *s)
{
    if (c->state == TCB_SYN_SENT) {
        in_syn_sent(c, s);
        return;
    }
    if (s->len && c->arriving)
        c->arriving(c->arg, c);
    uint64_t pos = c->rcv_nxt + (uint64_t)(int64_t)(int32_t)(s->seq - (c->irs + (uint32_t)c->rcv_nxt));
    uint64_t len = s->len + (s->flags & SEG_FIN ? 1u : 0u);
    if (s->flags & SEG_RST) {
        in_rst(c, s, pos);
        return;
    }
    if (c->state == TCB_SYN_RCVD && !in_syn_rcvd(c, s))
        return;
    if (s->flags & SEG_SYN) { /* RFC 5961: a challenge ack, whatever its number */
        tcb_send_ack(c);
        return;
    }
    if (!(s->flags & SEG_ACK))
        return;
    if (!in_window(c, pos, len)) {
        bool old_dup = s->len && (int64_t)(pos + len) <= (int64_t)c->rcv_nxt && (int64_t)pos > 0;
        if (old_dup) {
            c->dup = (struct tcb_block){pos, pos + s->len, 0};
            tcb_send_ack(c);
        } else {
            answer_outside(c, s);
        }
        if (!old_dup || c->state == TCB_TIME_WAIT)
            return;
        (void)in_ack(c, s, pos);
        advance_state(c);
        tcb_output(c);
        return;
    }
    if (!in_ack(c, s, pos) || c->state == TCB_CLOSED || c->state == TCB_TIME_WAIT)
        return;
    if (len && c->discard && s->len) { /* nobody reads any more */
        tcb_abort(c);
        return;
    }
    if (len)
        in_data(c, s, pos);
    tell_application(c);
    advance_state(c);
    tcb_output(c);
}
