/* What a conn sends: headers, data made from the pattern, windows, congestion control; see tcp.h. */
#include <arpa/inet.h>
#include <string.h>

#include "bench/loadgen/internal.h"
#include "bench/loadgen/pattern.h"
#include "bench/loadgen/sum.h"

#define ETH         14u
#define IP          20u
#define TCP         20u
#define HEADERS     (ETH + IP + TCP)
#define OUR_SCALE   7
#define MAX_BACKOFF 6

/* ---- frames ---- */

static void store32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
}

static void store16(uint8_t *p, uint16_t v)
{
    memcpy(p, &v, 2);
}

static void put_ip(const struct side *s, uint8_t *f, uint32_t sip, uint32_t dip, uint32_t l4)
{
    uint32_t first = htonl(0x45000000u | (IP + l4)), second = htonl(0x00004000u), third = htonl(0x40060000u);
    uint16_t sum = sum_fold((uint64_t)first + second + third + sip + dip);

    memcpy(f, s->eth, ETH);
    store32(f + ETH, first);
    store32(f + ETH + 4, second);
    store32(f + ETH + 8, third);
    store16(f + ETH + 10, (uint16_t)~sum);
    store32(f + ETH + 12, sip);
    store32(f + ETH + 16, dip);
}

/* Writes all headers in front of `len` payload bytes whose sum is `sum`; nopts bytes of options. `fixed`: sum
 * of addresses, ports and protocol. */
static void put_headers(const struct side *s, uint8_t *f, uint32_t sip, uint32_t dip, uint32_t ports,
                        uint32_t fixed, uint32_t seq, uint32_t ack, uint8_t flags, uint16_t wnd,
                        uint32_t nopts, uint64_t sum, uint32_t len)
{
    uint8_t *t = f + ETH + IP;
    uint32_t l4 = TCP + nopts + len;
    uint32_t seq_be = htonl(seq), ack_be = htonl(ack);
    uint32_t word = htonl((TCP + nopts) / 4 << 28 | (uint32_t)flags << 16 | wnd);

    put_ip(s, f, sip, dip, l4);
    store32(t, ports);
    store32(t + 4, seq_be);
    store32(t + 8, ack_be);
    store32(t + 12, word);
    sum += (uint64_t)fixed + seq_be + ack_be + word + htons((uint16_t)l4);
    store32(t + 16, (uint16_t)~sum_fold(sum));
}

static uint32_t fixed_sum(uint32_t sip, uint32_t dip, uint32_t ports)
{
    return sum_fold((uint64_t)sip + dip + ports + htons(6));
}

static uint16_t window_field(const struct side *s, const struct conn *c)
{
    uint32_t w = s->rwnd >> c->lscale;

    return (uint16_t)(w < 0xffff ? w : 0xffff);
}

static void acked_now(struct conn *c)
{
    c->unacked = 0;
}

static uint8_t *room(struct side *s, bool data)
{
    uint8_t *f = s->wire->room(s->wire, data);

    if (!f && !data)
        s->count.no_room++;
    return f;
}

static void send_frame(struct side *s, uint32_t len)
{
    s->count.tx_frames++;
    s->wire->send(s->wire, len);
}

void conn_control(struct side *s, struct conn *c, uint8_t flags, uint32_t seq)
{
    uint8_t *f = room(s, false);
    uint64_t sum = 0;
    uint32_t nopts = 0;
    uint16_t wnd = window_field(s, c);

    if (!f)
        return;
    if (flags & SEG_SYN) {
        uint8_t *o = f + HEADERS;

        store32(o, htonl(0x02040000u | c->mss));
        store32(o + 4, htonl(0x01030300u | OUR_SCALE));
        nopts = c->lscale || !(flags & SEG_ACK) ? 8 : 4;
        sum = sum_bytes(o, nopts);
        wnd = (uint16_t)(s->rwnd < 0xffff ? s->rwnd : 0xffff);
    }
    put_headers(s, f, c->lip, c->rip, c->ports, c->sums, seq, flags & SEG_ACK ? c->rcv_nxt : 0, flags, wnd,
                nopts, sum, 0);
    send_frame(s, HEADERS + nopts);
    if (flags & SEG_ACK)
        acked_now(c);
}

/* Writes message bytes [off, off + n) and returns their sum. */
static uint64_t put_message(struct side *s, const struct conn *c, uint8_t *to, uint32_t off, uint32_t n)
{
    uint64_t sum = 0;
    uint32_t head = 0;

    if (off < c->out_head) {
        uint8_t all[HEAD_MAX];

        head = c->out_head - off;
        head = head < n ? head : n;
        if (off == 0 && n >= c->out_head) {
            s->role->put_head(c, to);
        } else {
            s->role->put_head(c, all);
            memcpy(to, all + off, head);
        }
        sum = sum_bytes(to, head);
    }
    if (n > head) {
        uint16_t body = pattern_put(to + head, c->start, off + head - c->out_head, n - head);

        sum += head & 1 ? sum_swap(body) : body;
    }
    return sum;
}

/* Sends n message bytes from seq, and the FIN when they end the conn. False: no room. */
static bool put_data(struct side *s, struct conn *c, uint32_t seq, uint32_t n)
{
    uint8_t *f = room(s, true);
    uint32_t off = seq - c->out_seq;
    uint8_t flags = SEG_ACK;

    if (!f)
        return false;
    if (off + n == c->out_len)
        flags |= SEG_PSH;
    if ((c->flags & CONN_FIN) && off + n == c->out_len) {
        flags |= SEG_FIN;
        c->flags |= CONN_FIN_SENT;
    }
    uint64_t sum = n ? put_message(s, c, f + HEADERS, off, n) : 0;
    put_headers(s, f, c->lip, c->rip, c->ports, c->sums, seq, c->rcv_nxt, flags, window_field(s, c), 0, sum,
                n);
    send_frame(s, HEADERS + n);
    acked_now(c);
    if (seq_lt(seq, c->snd_max))
        s->count.retransmits++;
    return true;
}

/* ---- what may be sent ---- */

/* The sequence number behind the last byte, the FIN included. */
static uint32_t out_end(const struct conn *c)
{
    return c->out_seq + c->out_len + (c->flags & CONN_FIN ? 1 : 0);
}

/* Bytes from snd_nxt that may go in one segment now. */
static uint32_t allowed(const struct conn *c)
{
    uint32_t window = c->snd_wnd < c->cwnd ? c->snd_wnd : c->cwnd;
    uint32_t left = c->out_seq + c->out_len - c->snd_nxt;
    int64_t open = (int64_t)window - (c->snd_nxt - c->snd_una);
    uint32_t n = left < c->mss ? left : c->mss;

    if (open >= n)
        return n;
    /* A part of a segment only when nothing else would open the window (RFC 9293 section 3.8.6.2.1). */
    return open > 0 && c->snd_nxt == c->snd_una ? (uint32_t)open : 0;
}

static void advance(struct side *s, struct conn *c, uint32_t to)
{
    if (c->snd_una == c->snd_max)
        c->sent_at = s->now;
    c->snd_nxt = to;
    if (seq_lt(c->snd_max, to))
        c->snd_max = to;
    conn_watch(s, c);
}

void conn_output(struct side *s, struct conn *c)
{
    uint32_t end = out_end(c);

    while (seq_lt(c->snd_nxt, end)) {
        uint32_t data_end = c->out_seq + c->out_len;
        bool only_fin = c->snd_nxt == data_end;
        uint32_t n = only_fin ? 0 : allowed(c);

        if (n == 0 && !only_fin) {
            conn_watch(s, c); /* for a window probe */
            return;
        }
        if (!put_data(s, c, c->snd_nxt, n)) {
            conn_block(s, c);
            return;
        }
        n += c->snd_nxt + n == data_end && (c->flags & CONN_FIN) ? 1 : 0;
        advance(s, c, c->snd_nxt + n);
    }
}

void conn_resend(struct side *s, struct conn *c)
{
    uint32_t n = c->out_seq + c->out_len - c->snd_una;

    if ((int32_t)n < 0) /* all but the FIN is acknowledged, or all */
        return;
    n = n < c->mss ? n : c->mss;
    if (put_data(s, c, c->snd_una, n))
        c->sent_at = s->now;
}

static void send_syn(struct side *s, struct conn *c)
{
    conn_control(s, c, c->state == CONN_SYN_SENT ? SEG_SYN : SEG_SYN | SEG_ACK, c->snd_una);
    c->sent_at = s->now;
}

/* Everything outstanding counts as lost (RFC 5681 section 3.1), or the window was closed and is probed. */
static void start_again(struct side *s, struct conn *c)
{
    uint32_t flight = c->snd_nxt - c->snd_una;

    if (flight) {
        c->ssthresh = flight / 2 > 2u * c->mss ? flight / 2 : 2u * c->mss;
        c->cwnd = c->mss;
        c->flags &= (uint8_t) ~(CONN_RECOVERY | CONN_FIN_SENT);
        c->dupacks = 0;
        c->snd_nxt = c->snd_una;
    }
    c->sent_at = s->now;
    if (c->snd_wnd == 0 && c->snd_nxt != c->out_seq + c->out_len) {
        if (put_data(s, c, c->snd_nxt, 1))
            advance(s, c, c->snd_nxt + 1);
        return;
    }
    conn_output(s, c);
}

void conn_timeout(struct side *s, struct conn *c)
{
    bool outstanding = c->snd_una != c->snd_max || c->snd_nxt != out_end(c) || c->state != CONN_OPEN;

    if (!outstanding || (c->flags & CONN_BLOCKED) || s->now < c->sent_at + (s->rto_ns << c->backoff))
        return;
    s->count.timeouts++;
    if (c->backoff < MAX_BACKOFF)
        c->backoff++;
    if (c->state != CONN_OPEN)
        send_syn(s, c);
    else
        start_again(s, c);
}

/* ---- beginning and end ---- */

static void begin(struct side *s, struct conn *c, enum conn_state state)
{
    c->state = (uint8_t)state;
    c->sums = fixed_sum(c->lip, c->rip, c->ports);
    c->snd_una = (uint32_t)(s->now >> 10) + (uint32_t)(rng_next(&s->rng) >> 52);
    c->snd_nxt = c->snd_max = c->snd_una + 1;
    c->out_seq = c->snd_nxt;
    c->out_len = 0;
    c->out_head = c->in_head = 0;
    c->dupacks = c->backoff = c->unacked = 0;
    c->mss = s->mss;
    c->cwnd = 10u * c->mss;
    c->ssthresh = UINT32_MAX / 2;
    send_syn(s, c);
    conn_watch(s, c);
}

void conn_connect(struct side *s, struct conn *c)
{
    c->flags &= CONN_WATCHED | CONN_BLOCKED | CONN_ACK_DUE; /* they may still be on these lists */
    c->lscale = OUR_SCALE;
    c->rcv_nxt = 0;
    begin(s, c, CONN_SYN_SENT);
    s->count.connects++;
}

/* RFC 9293 section 3.2, RFC 7323. */
int conn_syn_options(struct conn *c, const struct segment *g)
{
    int scale = -1;

    for (uint32_t i = 0; i + 1 < g->nopts && g->opts[i] != 0;) {
        uint8_t kind = g->opts[i], len = kind == 1 ? 1 : g->opts[i + 1];

        if (len == 0 || (kind != 1 && len < 2) || i + len > g->nopts)
            break;
        if (kind == 2 && len == 4) {
            uint16_t mss = (uint16_t)(g->opts[i + 2] << 8 | g->opts[i + 3]);

            if (mss >= 64 && mss < c->mss)
                c->mss = mss;
        } else if (kind == 3 && len == 3) {
            scale = g->opts[i + 2] < 14 ? g->opts[i + 2] : 14;
        }
        i += len;
    }
    c->cwnd = 10u * c->mss;
    c->snd_wnd = g->wnd;
    c->rscale = (uint8_t)(scale > 0 ? scale : 0);
    return scale;
}

void conn_accept(struct side *s, struct conn *c, const struct segment *g)
{
    c->flags &= CONN_WATCHED | CONN_BLOCKED | CONN_ACK_DUE;
    c->rcv_nxt = g->seq + 1;
    c->mss = s->mss;
    c->lscale = conn_syn_options(c, g) < 0 ? 0 : OUR_SCALE;
    uint16_t mss = c->mss;
    begin(s, c, CONN_SYN_RCVD);
    c->mss = mss;
    c->cwnd = 10u * mss;
    s->count.connects++;
}

void conn_send(struct side *s, struct conn *c, uint32_t body)
{
    uint8_t head[HEAD_MAX];

    c->out_seq = c->snd_nxt;
    c->out_head = (uint16_t)s->role->put_head(c, head);
    c->out_len = c->out_head + body;
    conn_output(s, c);
}

void conn_expect(struct side *s, struct conn *c)
{
    (void)s;
    c->flags |= CONN_EXPECTING;
    c->in_seq = c->rcv_nxt;
    c->in_head = 0;
    c->in_len = 0;
}

void conn_finish(struct side *s, struct conn *c)
{
    c->flags |= CONN_FIN;
    conn_output(s, c);
}

void conn_free(struct side *s, struct conn *c)
{
    conn_release_held(s, c);
    conn_release_gaps(s, c);
    c->state = CONN_FREE;
    c->flags &= CONN_WATCHED | CONN_BLOCKED | CONN_ACK_DUE;
}

void conn_abort(struct side *s, struct conn *c)
{
    conn_control(s, c, SEG_RST | SEG_ACK, c->snd_nxt);
    conn_free(s, c);
}

void side_refuse(struct side *s, const struct segment *g)
{
    uint32_t ports = g->ports << 16 | g->ports >> 16;
    bool acks = g->flags & SEG_ACK;
    uint8_t *f = room(s, false);

    if (!f)
        return;
    put_headers(s, f, g->dip, g->sip, ports, fixed_sum(g->dip, g->sip, ports), acks ? g->ack : 0,
                acks ? 0 : g->seq + g->len + 1, acks ? SEG_RST : SEG_RST | SEG_ACK, 0, 0, 0, 0);
    send_frame(s, HEADERS);
}
