/* What a conn receives: frames to segments, acknowledgements, data in order and behind gaps; see tcp.h. */
#include <arpa/inet.h>
#include <string.h>

#include "bench/loadgen/internal.h"
#include "bench/loadgen/pattern.h"
#include "bench/loadgen/sum.h"

#define ETH        14u
#define SMALL_BODY 4096u /* compared whole whatever the settings say */

static uint32_t load32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, 4);
    return v;
}

static uint16_t load16(const uint8_t *p)
{
    uint16_t v;

    memcpy(&v, p, 2);
    return v;
}

/* ---- frames ---- */

static bool want_sums(struct side *s, uint32_t n)
{
    return s->check_sums && (s->verify == VERIFY_ALL || n <= 512 || (s->sample++ & 7) == 0);
}

static bool sums_hold(const uint8_t *ip, uint32_t total)
{
    uint64_t tcp = (uint64_t)load32(ip + 12) + load32(ip + 16) + htons(6) + htons((uint16_t)(total - 20));

    return sum_fold(sum_bytes(ip, 20)) == 0xffff && sum_fold(tcp + sum_bytes(ip + 20, total - 20)) == 0xffff;
}

bool segment_parse(struct side *s, const uint8_t *f, uint32_t n, bool swapped, struct segment *out)
{
    const uint8_t *ip = f + ETH, *t = ip + 20;

    if (n < ETH + 20 || load16(f + 12) != htons(0x0800) || ip[9] != 6)
        return false;
    uint32_t total = ntohs(load16(ip + 2)), header = n >= ETH + 40 ? (uint32_t)(t[12] >> 4) * 4 : 0;
    if (ip[0] != 0x45 || total > n - ETH || header < 20 || total < 20 + header ||
        (load16(ip + 6) & htons(0x3fff))) {
        s->count.bad_frame++;
        return false;
    }
    if (want_sums(s, n) && !sums_hold(ip, total)) {
        s->count.bad_checksum++;
        return false;
    }
    out->sip = load32(ip + (swapped ? 16 : 12));
    out->dip = load32(ip + (swapped ? 12 : 16));
    out->ports = load32(t);
    if (swapped)
        out->ports = out->ports << 16 | out->ports >> 16;
    out->seq = ntohl(load32(t + 4));
    out->ack = ntohl(load32(t + 8));
    out->flags = t[13] & 0x1f;
    out->wnd = ntohs(load16(t + 14));
    out->opts = t + 20;
    out->nopts = (uint8_t)(header - 20);
    out->data = t + header;
    out->len = total - 20 - header;
    return true;
}

/* ---- acknowledgements ---- */

static void grow(struct conn *c, uint32_t acked)
{
    if (c->cwnd > 1u << 24)
        return;
    if (c->cwnd < c->ssthresh)
        c->cwnd += acked;
    else
        c->cwnd += (uint32_t)((uint64_t)c->mss * acked / c->cwnd) + 1;
}

/* A part of what was outstanding when a loss was noticed is there: the next hole (RFC 6582 section 3.2). */
static void recover(struct side *s, struct conn *c, uint32_t acked)
{
    if (!seq_lt(c->snd_una, c->recover)) {
        c->flags &= (uint8_t)~CONN_RECOVERY;
        c->cwnd = c->ssthresh;
        return;
    }
    conn_resend(s, c);
    c->cwnd = (c->cwnd > acked ? c->cwnd - acked : 0) + c->mss;
}

static void new_ack(struct side *s, struct conn *c, uint32_t ack)
{
    uint32_t acked = ack - c->snd_una;

    c->snd_una = ack;
    if (seq_lt(c->snd_nxt, ack))
        c->snd_nxt = ack;
    if ((c->flags & CONN_FIN) && ack == c->out_seq + c->out_len + 1)
        c->flags |= CONN_FIN_SENT;
    c->dupacks = c->backoff = 0;
    c->sent_at = s->now;
    if (c->flags & CONN_RECOVERY)
        recover(s, c, acked);
    else if (c->out_len > c->cwnd / 2)
        grow(c, acked);
}

static void duplicate_ack(struct side *s, struct conn *c)
{
    if (c->flags & CONN_RECOVERY) {
        c->cwnd += c->mss;
        return;
    }
    if (++c->dupacks != 3)
        return;
    uint32_t flight = c->snd_max - c->snd_una;

    s->count.fast_retransmits++;
    c->ssthresh = flight / 2 > 2u * c->mss ? flight / 2 : 2u * c->mss;
    c->recover = c->snd_max;
    c->flags |= CONN_RECOVERY;
    conn_resend(s, c);
    c->cwnd = c->ssthresh + 3u * c->mss;
}

/* False: it acknowledges what was never sent, and is dropped. */
static bool take_ack(struct side *s, struct conn *c, const struct segment *g)
{
    uint32_t wnd = (uint32_t)g->wnd << c->rscale;

    if (seq_lt(c->snd_max, g->ack)) {
        s->count.bad_ack++;
        return false;
    }
    if (seq_lt(g->ack, c->snd_una))
        return true;
    if (g->ack != c->snd_una)
        new_ack(s, c, g->ack);
    else if (g->len == 0 && !(g->flags & SEG_FIN) && wnd == c->snd_wnd && c->snd_una != c->snd_max)
        duplicate_ack(s, c);
    c->snd_wnd = wnd;
    return true;
}

/* ---- data ---- */

/* Compares body bytes at `off` of the message. */
static bool check_body(struct side *s, const struct conn *c, const uint8_t *p, uint32_t off, uint32_t n)
{
    s->count.body_bytes += n;
    if (s->verify != VERIFY_ALL && c->in_len - c->in_head > SMALL_BODY &&
        (s->verify == VERIFY_HEADS || (s->sample++ & 7) != 0))
        return true;
    s->count.checked_bytes += n;
    if (pattern_check(p, c->start, off - c->in_head, n))
        return true;
    s->count.wrong_content++;
    return false;
}

/* The conn did what it must not: it was counted. */
static void wreck(struct side *s, struct conn *c)
{
    conn_abort(s, c);
    s->role->gone(s, c, GONE_WRECKED);
}

/* Bytes of a head, in order. Returns how many belong to it, or -1 when the conn is gone. */
static int64_t take_head(struct side *s, struct conn *c, const uint8_t *p, uint32_t n)
{
    struct held *h = c->held ? &s->held[c->held - 1] : NULL;
    uint32_t before = h ? h->n : 0, add = n < HEAD_MAX - before ? n : HEAD_MAX - before;
    const uint8_t *all = p;
    uint32_t total = n;
    struct head head;

    if (h) {
        memcpy(h->b + before, p, add);
        all = h->b;
        total = before + add;
    }
    int rc = s->role->parse(all, total, &head);
    if (rc == 0) {
        h = conn_hold(s, c);
        if (!h)
            return 0; /* it comes again */
        if (all == p)
            memcpy(h->b, p, add);
        h->n = (uint16_t)(before + add);
        return add;
    }
    int64_t body = s->role->head(s, c, all, total, &head, rc);
    if (body < 0) {
        wreck(s, c);
        return -1;
    }
    conn_release_held(s, c);
    c->in_head = (uint16_t)head.len;
    c->in_len = head.len + (uint32_t)body;
    return head.len - before;
}

/* Bytes at rcv_nxt. Returns how many were taken; fewer: drop the rest. -1: the conn is gone. */
static int64_t take_data(struct side *s, struct conn *c, const uint8_t *p, uint32_t n)
{
    uint32_t taken = 0;

    while (taken < n) {
        int64_t k;

        if (!(c->flags & CONN_EXPECTING)) {
            s->count.surplus++;
            wreck(s, c);
            return -1;
        }
        if (c->in_head == 0) {
            k = take_head(s, c, p + taken, n - taken);
        } else {
            uint32_t left = c->in_seq + c->in_len - c->rcv_nxt;

            k = left < n - taken ? left : n - taken;
            if (!check_body(s, c, p + taken, c->rcv_nxt - c->in_seq, (uint32_t)k)) {
                wreck(s, c);
                k = -1;
            }
        }
        if (k <= 0)
            return k < 0 ? -1 : (int64_t)taken;
        taken += (uint32_t)k;
        c->rcv_nxt += (uint32_t)k;
        if (c->in_head && c->rcv_nxt == c->in_seq + c->in_len && taken < n) {
            /* The role would answer with what follows unread. */
            s->count.surplus++;
            wreck(s, c);
            return -1;
        }
    }
    return taken;
}

/* Data behind a gap: compared and noted when its place in the message is known. */
static void take_early(struct side *s, struct conn *c, const struct segment *g)
{
    s->count.out_of_order++;
    if (c->in_head && seq_le(g->seq + g->len, c->in_seq + c->in_len) &&
        conn_note_range(s, c, g->seq, g->seq + g->len) &&
        !check_body(s, c, g->data, g->seq - c->in_seq, g->len)) {
        wreck(s, c);
        return;
    }
    conn_ack(s, c);
}

/* False: the conn is gone. */
static bool take_segment(struct side *s, struct conn *c, const struct segment *g)
{
    uint32_t skip = c->rcv_nxt - g->seq;
    int64_t k;

    if (seq_lt(c->rcv_nxt, g->seq)) {
        take_early(s, c, g);
        return c->state != CONN_FREE;
    }
    if (skip >= g->len) {
        s->count.repeated++;
        conn_ack(s, c);
        return true;
    }
    k = take_data(s, c, g->data + skip, g->len - skip);
    if (k < 0)
        return false;
    if (c->gaps) {
        c->rcv_nxt = conn_take_range(s, c);
        conn_ack(s, c);
    } else if (++c->unacked >= s->ack_every || k < g->len - skip) {
        conn_ack(s, c);
    } else {
        conn_owe_ack(s, c);
    }
    return true;
}

static bool whole(const struct conn *c)
{
    return (c->flags & CONN_EXPECTING) && c->in_head && c->rcv_nxt == c->in_seq + c->in_len;
}

static void take_fin(struct side *s, struct conn *c)
{
    if (c->flags & CONN_PEER_FIN) {
        conn_ack(s, c);
        return;
    }
    c->flags |= CONN_PEER_FIN;
    c->rcv_nxt++;
    c->unacked++;
    s->role->fin(s, c);
    if (c->state == CONN_OPEN && c->unacked)
        conn_ack(s, c);
}

/* Both directions have ended, and both know. */
static bool over(const struct conn *c)
{
    const uint8_t both = CONN_FIN_SENT | CONN_PEER_FIN;

    return (c->flags & both) == both && c->snd_una == c->out_seq + c->out_len + 1;
}

/* ---- states ---- */

static void take_syn_ack(struct side *s, struct conn *c, const struct segment *g)
{
    if ((g->flags & SEG_ACK) && g->ack != c->snd_nxt)
        return; /* of an earlier life */
    if (g->flags & SEG_RST) {
        if (!(g->flags & SEG_ACK))
            return;
        s->count.refused++;
        conn_free(s, c);
        s->role->gone(s, c, GONE_REFUSED);
        return;
    }
    if ((g->flags & (SEG_SYN | SEG_ACK)) != (SEG_SYN | SEG_ACK))
        return;
    if (conn_syn_options(c, g) < 0)
        c->lscale = 0;
    c->rcv_nxt = g->seq + 1;
    c->snd_una = g->ack;
    c->state = CONN_OPEN;
    c->backoff = 0;
    c->unacked = 1;
    conn_owe_ack(s, c);
    s->role->opened(s, c);
}

static void take_reset(struct side *s, struct conn *c, const struct segment *g)
{
    if (seq_lt(g->seq, c->rcv_nxt) || seq_lt(c->rcv_nxt + s->rwnd, g->seq))
        return;
    conn_free(s, c);
    s->role->gone(s, c, GONE_RESET);
}

/* False: nothing more is to be done with it. */
static bool take_first_ack(struct side *s, struct conn *c, const struct segment *g)
{
    if (g->flags & SEG_SYN) {
        conn_control(s, c, SEG_SYN | SEG_ACK, c->snd_una);
        return false;
    }
    if (!(g->flags & SEG_ACK) || g->ack != c->snd_nxt)
        return false;
    c->snd_una = g->ack;
    c->snd_wnd = (uint32_t)g->wnd << c->rscale;
    c->state = CONN_OPEN;
    c->backoff = 0;
    s->role->opened(s, c);
    return true;
}

void conn_input(struct side *s, struct conn *c, const struct segment *g)
{
    if (c->state == CONN_SYN_SENT) {
        take_syn_ack(s, c, g);
        return;
    }
    if (g->flags & SEG_RST) {
        take_reset(s, c, g);
        return;
    }
    if (c->state == CONN_SYN_RCVD && !take_first_ack(s, c, g))
        return;
    if (g->flags & SEG_SYN) {
        conn_ack(s, c);
        return;
    }
    if (!(g->flags & SEG_ACK) || !take_ack(s, c, g))
        return;
    if (g->len > 0 && !take_segment(s, c, g))
        return;
    if (whole(c)) {
        c->flags &= (uint8_t)~CONN_EXPECTING;
        s->role->message(s, c);
        if (c->state == CONN_FREE)
            return;
    }
    if ((g->flags & SEG_FIN) && c->rcv_nxt == g->seq + g->len + (c->flags & CONN_PEER_FIN ? 1 : 0))
        take_fin(s, c);
    if (c->state == CONN_OPEN)
        conn_output(s, c);
    if (c->state == CONN_OPEN && over(c)) {
        conn_free(s, c);
        s->role->gone(s, c, GONE_CLOSED);
    }
}
