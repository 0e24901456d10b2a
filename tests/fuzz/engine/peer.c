#include "tests/fuzz/engine/peer.h"

#include <string.h>

void peer_start(struct peer *p, uint32_t iss)
{
    struct peer old = *p;
    *p = (struct peer){.say = old.say,
                       .got = old.got,
                       .have = old.have,
                       .first = old.first,
                       .mark = old.mark,
                       .life = old.life + 1};
    p->say.n = p->got.n = p->have.n = p->first.n = p->mark.n = 0;
    p->iss = iss;
    p->una = p->nxt = p->edge = 1;
    p->wscale = p->their_wscale = -1;
}

void peer_free(struct peer *p)
{
    buf_free(&p->say);
    buf_free(&p->got);
    buf_free(&p->have);
    buf_free(&p->first);
    buf_free(&p->mark);
}

struct seg peer_seg(const struct peer *p, uint64_t at, uint8_t flags)
{
    struct seg s = seg_tcp();
    memcpy(s.smac, p->mac, 6);
    memcpy(s.dmac, peer_lacon_mac, 6);
    s.v4 = p->v4;
    s.src = p->addr;
    s.dst = p->lacon;
    s.sport = p->port;
    s.dport = p->lacon_port;
    s.seq = p->iss + (uint32_t)at;
    s.ack = flags & SEG_ACK ? p->irs + (uint32_t)p->rcv_nxt : 0;
    s.flags = flags;
    s.wnd = p->wnd;
    return s;
}

void peer_payload(const struct peer *p, struct seg *s, uint64_t at, uint32_t n)
{
    uint64_t end = peer_end(p);
    if (at < 1 || at >= end)
        return;
    s->data = p->say.p + (at - 1);
    s->len = end - at < n ? (uint32_t)(end - at) : n;
}

void peer_sack(const struct peer *p, struct seg *s)
{
    if (!p->sack_ok)
        return;
    for (size_t i = peer_got(p); i < p->have.n && s->nsack < 3; i++) {
        if (!p->have.p[i])
            continue;
        size_t lo = i;
        while (i < p->have.n && p->have.p[i])
            i++;
        s->sack[s->nsack].lo = p->irs + 1 + (uint32_t)lo;
        s->sack[s->nsack++].hi = p->irs + 1 + (uint32_t)i;
    }
}

static uint64_t unwrap(uint64_t near, uint32_t value)
{
    return near + (uint64_t)(int64_t)(int32_t)(value - (uint32_t)near);
}

static void grow(struct buf *b, size_t n)
{
    static const uint8_t zero[1024];
    while (b->n < n)
        buf_put(b, zero, n - b->n < sizeof zero ? n - b->n : sizeof zero);
}

void peer_arrived(struct peer *p, const struct seg *s)
{
    uint32_t at = s->seq - p->iss;
    if (at < 1 || at + s->len > PEER_STREAM || s->len == 0)
        return;
    grow(&p->first, at - 1 + s->len);
    grow(&p->mark, at - 1 + s->len);
    for (uint32_t i = 0; i < s->len; i++) {
        uint8_t *first = &p->first.p[at - 1 + i], *mark = &p->mark.p[at - 1 + i];
        if (*mark == ARRIVED_NOT) {
            *first = s->data[i];
            *mark = ARRIVED;
        } else if (*mark == ARRIVED && *first != s->data[i]) {
            *mark = ARRIVED_AMBIGUOUS;
        }
    }
}

void peer_promised(struct peer *p, uint32_t lo, uint32_t hi)
{
    for (uint32_t i = lo < 1 ? 1 : lo; i < hi && i <= p->mark.n; i++)
        p->mark.p[i - 1] |= PROMISED;
}

static void take_payload(struct peer *p, const struct seg *s, uint64_t at)
{
    if (at < 1 || at + s->len > PEER_STREAM || s->len == 0)
        return;
    grow(&p->got, at - 1 + s->len);
    grow(&p->have, at - 1 + s->len);
    for (uint32_t i = 0; i < s->len; i++) {
        size_t k = (size_t)at - 1 + i;
        if (!p->have.p[k])
            p->got.p[k] = s->data[i];
        p->have.p[k] = 1;
    }
}

static void advance(struct peer *p)
{
    while (p->rcv_nxt - 1 < p->have.n && p->have.p[p->rcv_nxt - 1]) {
        p->rcv_nxt++;
        if (p->rcv_nxt > 4 && memcmp(p->got.p + p->rcv_nxt - 5, "\r\n\r\n", 4) == 0)
            p->heads++;
    }
    if (p->their_fin && p->rcv_nxt == p->their_fin)
        p->rcv_nxt++;
}

void peer_take(struct peer *p, const struct seg *s)
{
    uint64_t at = unwrap(p->rcv_nxt, s->seq - p->irs), ack = unwrap(p->una, s->ack - p->iss);
    bool scaled = p->wscale >= 0 && p->their_wscale >= 0 && !(s->flags & SEG_SYN);
    uint64_t edge = ack + ((uint64_t)s->wnd << (scaled ? p->their_wscale : 0));
    if (ack > p->una)
        p->una = ack;
    if (p->nxt < p->una)
        p->nxt = p->una;
    if (edge > p->edge)
        p->edge = edge;
    take_payload(p, s, at);
    if (s->flags & SEG_FIN)
        p->their_fin = at + s->len;
    advance(p);
    p->owes |= s->len > 0 || s->flags & (SEG_FIN | SEG_SYN);
}
