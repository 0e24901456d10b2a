/* What a connection sends, and its timers: new data within both windows, lost segments again, probes, acks.
 */
#include <string.h>

#include "tests/sim/host.h"
#include "tests/sim/tcb.h"

#define RTO_MAX          (60 * SEC)
#define KEEPALIVE_PROBES 9

static struct seg segment(struct tcb *c, uint64_t pos, uint8_t flags)
{
    struct seg s = seg_tcp();
    s.v4 = ip_is_v4(&c->local);
    s.src = c->local;
    s.dst = c->remote;
    s.sport = c->lport;
    s.dport = c->rport;
    s.seq = c->iss + (uint32_t)pos;
    s.flags = flags;
    if (flags & SEG_ACK)
        s.ack = c->irs + (uint32_t)c->rcv_nxt;
    return s;
}

/* The window to show: what is free, never less than promised, and no silly small steps. */
static uint16_t select_window(struct tcb *c)
{
    uint64_t used = c->rcv_nxt > c->rd ? c->rcv_nxt - c->rd : 0;
    uint64_t edge = c->rcv_nxt + (c->cfg.rcvbuf > used ? c->cfg.rcvbuf - used : 0);
    uint64_t step = c->cfg.mss < c->cfg.rcvbuf / 2 ? c->cfg.mss : c->cfg.rcvbuf / 2;
    if (edge < c->rcv_adv + step)
        edge = c->rcv_adv;
    uint64_t wnd = edge > c->rcv_nxt ? edge - c->rcv_nxt : 0;
    uint64_t unit = 1ull << c->rcv_scale;
    if (c->cfg.round_up)
        wnd += unit - 1;
    wnd >>= c->rcv_scale;
    if (wnd > 65535)
        wnd = 65535;
    if (c->rcv_nxt + wnd * unit > c->rcv_adv)
        c->rcv_adv = c->rcv_nxt + wnd * unit;
    return (uint16_t)wnd;
}

/* The newest blocks first (RFC 2018 section 4), a duplicate before all (RFC 2883). */
static void put_sack(struct tcb *c, struct seg *s)
{
    uint64_t below = UINT64_MAX;
    if (c->dup.hi > c->dup.lo && c->cfg.dsack)
        s->sack[s->nsack++] = (struct seg_sack){c->irs + (uint32_t)c->dup.lo, c->irs + (uint32_t)c->dup.hi};
    c->dup.hi = c->dup.lo = 0;
    while (s->nsack < 4) {
        const struct tcb_block *b = NULL;
        for (unsigned i = 0; i < c->nooo; i++)
            if (c->ooo[i].stamp < below && (!b || c->ooo[i].stamp > b->stamp))
                b = &c->ooo[i];
        if (!b)
            return;
        below = b->stamp;
        s->sack[s->nsack++] = (struct seg_sack){c->irs + (uint32_t)b->lo, c->irs + (uint32_t)b->hi};
    }
}

static void transmit(struct tcb *c, struct seg *s)
{
    s->wnd = select_window(c);
    if (c->sack_ok)
        put_sack(c, s);
    c->unacked = 0;
    sim_disarm(c->sim, &c->t_delack);
    host_send(c->host, s);
}

void tcb_send_ack(struct tcb *c)
{
    struct seg s = segment(c, c->nxt, SEG_ACK);
    transmit(c, &s);
}

void tcb_send_rst(struct tcb *c)
{
    struct seg s = segment(c, c->nxt, SEG_RST | SEG_ACK);
    host_send(c->host, &s);
}

void tcb_send_syn(struct tcb *c)
{
    bool reply = c->state == TCB_SYN_RCVD;
    struct seg s = segment(c, 0, reply ? SEG_SYN | SEG_ACK : SEG_SYN);
    if (!reply && c->cfg.ecn)
        s.flags |= SEG_ECE | SEG_CWR;
    s.mss = c->cfg.mss;
    s.wscale = c->cfg.wscale;
    s.sack_ok = reply ? c->sack_ok : c->cfg.sack;
    s.timestamp = !reply && c->cfg.timestamps;
    if (reply && !c->rcv_scale && !c->snd_scale && c->cfg.wscale != 0)
        s.wscale = -1;
    s.wnd = (uint16_t)(c->cfg.rcvbuf < 65535 ? c->cfg.rcvbuf : 65535);
    if (c->rcv_adv < 1u + s.wnd)
        c->rcv_adv = 1u + s.wnd;
    host_send(c->host, &s);
    sim_arm(c->sim, &c->t_rto, c->sim->now + (c->rto << c->backoff));
}

/* ---- data ---- */

static uint64_t in_flight(const struct tcb *c)
{
    uint64_t n = 0;
    for (size_t i = 0; i < c->nsent; i++)
        if (!c->sent[i].sacked && (!c->sent[i].lost || c->sent[i].retrans))
            n += c->sent[i].hi - c->sent[i].lo;
    return n;
}

static void send_entry(struct tcb *c, struct tcb_sent *e)
{
    uint64_t data_end = e->hi - (e->fin ? 1 : 0);
    uint64_t lo = e->lo;
    if (lo > c->una && data_end > lo && data_end - lo < c->smss &&
        rng_permille(&c->sim->rng, c->cfg.overlap)) {
        uint64_t room = c->smss - (data_end - lo), old = lo - c->una;
        lo -= rng_range(&c->sim->rng, 1, room < old ? room : old);
    }
    struct seg s = segment(c, lo, SEG_ACK);
    s.data = c->sb + c->sb_gone + (lo - c->sb_pos);
    s.len = (uint32_t)(data_end - lo);
    if (e->fin)
        s.flags |= SEG_FIN;
    if (s.len && (data_end == tcb_end_pos(c) || rng_permille(&c->sim->rng, 100)))
        s.flags |= SEG_PSH;
    e->at = c->sent_at = c->sim->now;
    transmit(c, &s);
}

bool tcb_send_old(struct tcb *c, uint64_t pos, uint8_t value)
{
    if (c->state < TCB_ESTABLISHED || pos >= c->nxt)
        return false;
    struct seg s = segment(c, pos, SEG_ACK | SEG_PSH);
    s.data = &value;
    s.len = 1;
    transmit(c, &s);
    return true;
}

static struct tcb_sent *insert_entry(struct tcb *c, size_t at)
{
    if (c->nsent == c->sent_cap) {
        c->sent_cap = c->sent_cap ? 2 * c->sent_cap : 32;
        c->sent = xrealloc(c->sent, c->sent_cap * sizeof *c->sent);
    }
    memmove(c->sent + at + 1, c->sent + at, (c->nsent - at) * sizeof *c->sent);
    c->nsent++;
    memset(c->sent + at, 0, sizeof *c->sent);
    return c->sent + at;
}

static void split_entry(struct tcb *c, size_t i, uint64_t bytes)
{
    struct tcb_sent *tail = insert_entry(c, i + 1), *e = tail - 1;
    *tail = *e;
    tail->lo += bytes;
    e->hi = tail->lo;
    e->fin = false;
}

static uint64_t data_bytes(const struct tcb_sent *e)
{
    return e->hi - e->lo - (e->fin ? 1 : 0);
}

/* Linux resends in other pieces than it sent first: neighbours are joined, large ones cut again. */
static void recut(struct tcb *c, size_t i)
{
    struct rng *r = &c->sim->rng;
    while (i + 1 < c->nsent && c->sent[i + 1].lost && !c->sent[i + 1].sacked && !c->sent[i + 1].retrans &&
           data_bytes(&c->sent[i]) + data_bytes(&c->sent[i + 1]) <= c->smss && !c->cfg.most &&
           rng_permille(r, 600)) {
        c->sent[i].hi = c->sent[i + 1].hi;
        c->sent[i].fin = c->sent[i + 1].fin;
        c->nsent--;
        memmove(c->sent + i + 1, c->sent + i + 2, (c->nsent - i - 1) * sizeof *c->sent);
    }
    uint64_t n = data_bytes(&c->sent[i]), most = c->cfg.most ? c->cfg.most : c->smss;
    if (n > most)
        split_entry(c, i, most);
    else if (n > 1 && rng_permille(r, c->cfg.split))
        split_entry(c, i, rng_range(r, 1, n - 1));
}

static bool retransmit_one(struct tcb *c)
{
    for (size_t i = 0; i < c->nsent; i++) {
        struct tcb_sent *e = &c->sent[i];
        if (!e->lost || e->retrans || e->sacked)
            continue;
        recut(c, i);
        c->sent[i].retrans = true;
        c->sim->stats.retransmits++;
        send_entry(c, &c->sent[i]);
        return true;
    }
    return false;
}

/* Linux keeps two segments fit for the peer's window (tcp_bound_to_half_wnd). */
static uint64_t effective_mss(const struct tcb *c)
{
    uint64_t bound = c->max_wnd > 536 ? c->max_wnd / 2 : c->max_wnd;
    uint64_t mss = bound && bound < c->smss ? bound : c->smss;
    return c->cfg.most && c->cfg.most < mss ? c->cfg.most : mss;
}

static bool fin_sent(const struct tcb *c)
{
    return c->nxt > tcb_end_pos(c);
}

static bool send_new(struct tcb *c)
{
    uint64_t edge = c->una + c->wnd, mss = effective_mss(c);
    if (c->nxt >= edge || fin_sent(c))
        return false;
    uint64_t avail = tcb_end_pos(c) - c->nxt, n = avail < mss ? avail : mss;
    if (n > edge - c->nxt)
        n = edge - c->nxt;
    if (n < mss && c->nsent && (n < avail || (c->cfg.nagle && !c->fin_queued)))
        return false;
    if (n > 1 && rng_permille(&c->sim->rng, c->cfg.split))
        n = rng_range(&c->sim->rng, 1, n);
    bool fin = c->fin_queued && n == avail && c->nxt + n < edge;
    if (n == 0 && !fin)
        return false;
    struct tcb_sent *e = insert_entry(c, c->nsent);
    e->lo = c->nxt;
    e->hi = c->nxt + n + (fin ? 1 : 0);
    e->fin = fin;
    c->nxt = e->hi;
    send_entry(c, e);
    return true;
}

static bool pending(const struct tcb *c)
{
    return c->nxt < tcb_end_pos(c) || (c->fin_queued && !fin_sent(c));
}

/* Slow start after idle (RFC 2861 as Linux has it): the window halves with each timeout passed in silence, to
 * not less than the initial one. */
static void restart_cwnd(struct tcb *c)
{
    uint64_t initial = 10ull * c->smss, least = c->cwnd < initial ? c->cwnd : initial;
    if (!c->sent_at || c->sim->now < c->sent_at + c->rto)
        return;
    for (uint64_t t = c->sent_at + c->rto; t <= c->sim->now && c->cwnd > least; t += c->rto)
        c->cwnd /= 2;
    if (c->cwnd < least)
        c->cwnd = least;
    c->sent_at = c->sim->now;
}

void tcb_output(struct tcb *c)
{
    if (c->state < TCB_ESTABLISHED || c->state == TCB_TIME_WAIT)
        return;
    if (!c->nsent && pending(c))
        restart_cwnd(c);
    while (in_flight(c) < c->cwnd && (retransmit_one(c) || send_new(c)))
        ;
    if (c->nsent && !sim_armed(&c->t_rto))
        tcb_rto_restart(c);
    if (c->nsent || !pending(c)) {
        sim_disarm(c->sim, &c->t_persist);
    } else if (!sim_armed(&c->t_persist)) {
        sim_arm(c->sim, &c->t_persist, c->sim->now + c->rto);
    }
}

bool tcb_in_flight(const struct tcb *c, uint32_t seq)
{
    uint32_t off = seq - (c->iss + (uint32_t)c->una);
    return c->state >= TCB_ESTABLISHED && off < (uint32_t)(c->nxt - c->una);
}

static uint16_t headers(const struct tcb *c)
{
    return ip_is_v4(&c->local) ? 40 : 60;
}

void tcb_path_mtu(struct tcb *c, uint16_t mtu)
{
    if (mtu < headers(c) + 64 || mtu - headers(c) >= c->smss)
        return;
    c->smss = (uint16_t)(mtu - headers(c));
    for (size_t i = 0; i < c->nsent; i++)
        if (!c->sent[i].sacked && data_bytes(&c->sent[i]) > c->smss) {
            c->sent[i].lost = true;
            c->sent[i].retrans = false;
        }
    tcb_output(c);
}

/* Linux, tcp_mtu_probing(): first to 1024 bytes, then to half. */
static void suspect_black_hole(struct tcb *c)
{
    if (c->cfg.mtu_probing && c->backoff >= 3 && c->smss > 536)
        c->smss = c->smss > 1024 ? 1024 : 536;
}

/* ---- timers ---- */

void tcb_rto_restart(struct tcb *c)
{
    uint64_t rto = c->rto << (c->backoff < 16 ? c->backoff : 16);
    if (c->nsent)
        sim_arm(c->sim, &c->t_rto, c->sim->now + (rto > RTO_MAX ? RTO_MAX : rto));
    else
        sim_disarm(c->sim, &c->t_rto);
}

void tcb_mark_lost(struct tcb *c, bool all)
{
    for (size_t i = 0; i < c->nsent; i++) {
        if (c->sent[i].sacked)
            continue;
        c->sent[i].lost = true;
        c->sent[i].retrans = false;
        if (!all)
            return;
    }
}

static void on_rto(void *arg)
{
    struct tcb *c = arg;
    if (c->state == TCB_SYN_SENT || c->state == TCB_SYN_RCVD) {
        if (c->backoff < 5)
            c->backoff++;
        if (++c->silent > c->cfg.syn_retries)
            tcb_ended(c, TCB_END_TIMEOUT);
        else
            tcb_send_syn(c);
        return;
    }
    if (c->wnd && ++c->silent > c->cfg.retries) {
        tcb_ended(c, TCB_END_TIMEOUT);
        return;
    }
    suspect_black_hole(c);
    uint64_t half = in_flight(c) / 2;
    c->ssthresh = half > 2u * c->smss ? half : 2u * c->smss;
    c->cwnd = c->smss;
    c->recovery = true;
    c->recover = c->nxt;
    c->dupacks = 0;
    c->backoff++;
    if (c->nsent && c->sent[0].sacked) /* the receiver reneged */
        for (size_t i = 0; i < c->nsent; i++)
            c->sent[i].sacked = false;
    tcb_mark_lost(c, true);
    tcb_output(c);
    tcb_rto_restart(c);
}

static void on_persist(void *arg)
{
    struct tcb *c = arg;
    if (c->nsent || !pending(c))
        return;
    if (++c->silent > c->cfg.retries) {
        tcb_ended(c, TCB_END_TIMEOUT);
        return;
    }
    if (c->cfg.probe_byte && c->nxt < tcb_end_pos(c)) {
        struct seg s = segment(c, c->nxt, SEG_ACK);
        s.data = c->sb + c->sb_gone + (c->nxt - c->sb_pos);
        s.len = 1;
        c->probed = true;
        transmit(c, &s);
    } else {
        struct seg s = segment(c, c->una - 1, SEG_ACK);
        transmit(c, &s);
    }
    c->backoff++;
    uint64_t wait = c->rto << (c->backoff < 16 ? c->backoff : 16);
    sim_arm(c->sim, &c->t_persist, c->sim->now + (wait > RTO_MAX ? RTO_MAX : wait));
}

static void on_delack(void *arg)
{
    tcb_send_ack(arg);
}

/* TIME_WAIT and orphaned FIN_WAIT2 end; keep-alive probes go out. */
static void on_wait(void *arg)
{
    struct tcb *c = arg;
    if (c->state == TCB_TIME_WAIT || (c->state == TCB_FIN_WAIT2 && c->discard)) {
        tcb_ended(c, TCB_END_CLOSED);
        return;
    }
    if (!c->nsent && !pending(c)) {
        if (c->keep_probes++ == KEEPALIVE_PROBES) {
            tcb_send_rst(c);
            tcb_ended(c, TCB_END_TIMEOUT);
            return;
        }
        struct seg s = segment(c, c->nxt - 1, SEG_ACK);
        transmit(c, &s);
    }
    sim_arm(c->sim, &c->t_wait, c->sim->now + c->cfg.keepalive_ns);
}

void tcb_timers_init(struct tcb *c)
{
    c->t_rto = (struct sim_timer){.fn = on_rto, .arg = c};
    c->t_persist = (struct sim_timer){.fn = on_persist, .arg = c};
    c->t_delack = (struct sim_timer){.fn = on_delack, .arg = c};
    c->t_wait = (struct sim_timer){.fn = on_wait, .arg = c};
}
