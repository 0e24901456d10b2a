/* Words of what peers send. */
#include <string.h>

#include "tests/sim/row.h"

static struct seg segment(struct peer *p, uint8_t f, uint32_t seq, uint32_t ack)
{
    struct seg g = seg_tcp();
    g.v4 = ip_is_v4(&p->local);
    g.src = p->local;
    g.dst = p->remote;
    g.sport = p->lport;
    g.dport = p->rport;
    g.seq = p->iss + seq;
    g.flags = f;
    g.ack = f & SEG_ACK ? p->irs + ack : 0;
    g.wnd = p->wnd;
    return g;
}

static void send_seg(struct peer *p, struct seg *g)
{
    uint8_t frame[SEG_FRAME];
    if (p->sc->sim.failed)
        return;
    if (!p->mangle) {
        host_send(p->host, g);
        return;
    }
    uint32_t n = p->mangle(frame, seg_build(g, frame));
    p->mangle = NULL;
    host_neigh_send(p->host, &g->dst, frame, n);
}

void say_flags(struct peer *p, uint8_t f, uint32_t seq, uint32_t ack, const char *text)
{
    struct seg g = segment(p, f, seq, ack);
    g.data = (const uint8_t *)text;
    g.len = text ? (uint32_t)strlen(text) : 0;
    if (f & SEG_SYN) {
        g.mss = p->mss;
        g.wscale = p->wscale;
        g.sack_ok = p->sack;
        g.timestamp = p->timestamps;
    }
    send_seg(p, &g);
}

void flags(struct peer *p, uint8_t f, uint32_t seq, uint32_t ack)
{
    say_flags(p, f, seq, ack, NULL);
}

void sacks(struct peer *p, uint32_t ack, unsigned n, const uint32_t (*block)[2])
{
    struct seg g = segment(p, SEG_ACK, p->snd, ack);
    g.nsack = (uint8_t)n;
    for (unsigned i = 0; i < n; i++)
        g.sack[i] = (struct seg_sack){p->irs + block[i][0], p->irs + block[i][1]};
    send_seg(p, &g);
}

void sack(struct peer *p, uint32_t ack, uint32_t lo, uint32_t hi)
{
    sacks(p, ack, 1, &(const uint32_t[2]){lo, hi});
}

void say_bytes_at(struct peer *p, uint32_t seq, const void *bytes, uint32_t n)
{
    struct seg g = segment(p, SEG_ACK | SEG_PSH | p->extra_flags, seq, p->rcv);
    g.urgent = p->extra_flags & SEG_URG ? 1 : 0;
    g.data = bytes;
    g.len = n;
    send_seg(p, &g);
}

void say_at(struct peer *p, uint32_t seq, const char *text)
{
    say_bytes_at(p, seq, text, (uint32_t)strlen(text));
}

void say(struct peer *p, const char *text)
{
    say_at(p, p->snd, text);
    p->snd += (uint32_t)strlen(text);
}

void say_n_at(struct peer *p, uint32_t seq, char c, uint32_t n)
{
    char chunk[1000];
    memset(chunk, c, sizeof chunk);
    while (n) {
        uint32_t k = n < sizeof chunk ? n : (uint32_t)sizeof chunk;
        say_bytes_at(p, seq, chunk, k);
        seq += k;
        n -= k;
    }
}

void say_n(struct peer *p, char c, uint32_t n)
{
    say_n_at(p, p->snd, c, n);
    p->snd += n;
}

void say_one(struct peer *p, char c, uint32_t n)
{
    char bytes[SEG_MTU];
    memset(bytes, c, sizeof bytes);
    say_bytes_at(p, p->snd, bytes, n);
    p->snd += n;
}

void ack_all(struct peer *p)
{
    flags(p, SEG_ACK, p->snd, p->rcv);
}

void fin(struct peer *p)
{
    flags(p, SEG_FIN | SEG_ACK, p->snd++, p->rcv);
}

void rst(struct peer *p, uint32_t seq)
{
    flags(p, SEG_RST, seq, 0);
}
