/* What comes from the engine, and what answers it: neighbours that are found, endpoints that accept or not,
 * acks, and responses of endpoints that answer of themselves. */
#include "tests/fuzz/engine/world.h"

static struct peer *peer_of(const struct seg *s)
{
    for (unsigned i = 0; i < PEERS; i++) {
        struct peer *p = &w.peer[i];
        if (p->state != PEER_FREE && p->port == s->dport && p->lacon_port == s->sport &&
            ip_eq(&p->addr, &s->dst) && ip_eq(&p->lacon, &s->src))
            return p;
    }
    return NULL;
}

/* What lacon acks or SACKs of a client's stream it has, and must deliver as it came first. */
static void promise(const struct seg *s)
{
    struct peer *p = peer_of(s);
    if (p && s->flags & SEG_RST)
        p->over = true;
    if (!p || !p->client || s->flags & (SEG_RST | SEG_SYN) || !(s->flags & SEG_ACK))
        return;
    peer_promised(p, 1, s->ack - p->iss);
    for (unsigned i = 0; i < s->nsack; i++)
        peer_promised(p, s->sack[i].lo - p->iss, s->sack[i].hi - p->iss);
}

static void see_syn_ack(const struct seg *s)
{
    w.syn_ack = s->seq;
    oracle_ingress(&w.oracle, w.syn.b, w.syn.n);
}

static struct bytes frame_bytes(const struct frame *f)
{
    struct bytes b = {.n = f->len};
    memcpy(b.b, f->data, f->len);
    return b;
}

void see(void *arg, const struct frame *f)
{
    struct seg s;
    (void)arg;
    PROPERTY(f->len <= SEG_FRAME);
    tell_story("out", f->data, f->len);
    const char *why = seg_parse(f->data, f->len, &s);
    if (!why && s.kind == SEG_TCP && (s.flags & (SEG_SYN | SEG_ACK)) == (SEG_SYN | SEG_ACK))
        see_syn_ack(&s);
    if (why || !(s.flags & SEG_RST && w.stray))
        oracle_egress(&w.oracle, peer_lacon_mac, f->data, f->len);
    if (!why && s.kind == SEG_TCP)
        promise(&s);
    if (w.lose)
        w.lose--;
    else if (w.nout < OUT)
        w.out[w.nout++] = frame_bytes(f);
}

static void answer_arp(const uint8_t *p)
{
    uint8_t b[42];
    if (p[21] != 1 || memcmp(p + 28, p + 38, 4) == 0)
        return;
    memcpy(b, p, 42);
    memcpy(b, p + 6, 6);
    memcpy(b + 6, "\2\1\0\0\0", 5);
    b[11] = p[41];
    b[21] = 2;
    memcpy(b + 22, b + 6, 6);
    memcpy(b + 28, p + 38, 4);
    memcpy(b + 32, p + 22, 10 - 4);
    memcpy(b + 38, p + 28, 4);
    give(b, 42);
}

static void answer_nd(const struct seg *q)
{
    uint8_t na[32] = {136, 0, 0, 0, 0x60}, b[SEG_FRAME];
    struct seg s = seg_tcp();
    if (q->l4_len < 24 || q->l4[0] != 135 || ip_is_zero(&q->src))
        return;
    memcpy(s.dmac, q->smac, 6);
    memcpy(s.smac, "\2\1\0\0\0", 5);
    s.smac[5] = q->l4[23];
    s.src = ip_from_v6(q->l4 + 8);
    s.dst = q->src;
    s.ttl = 255;
    memcpy(na + 8, q->l4 + 8, 16);
    na[24] = 2;
    na[25] = 1;
    memcpy(na + 26, s.smac, 6);
    give(b, seg_build_ip(&s, 58, na, sizeof na, b));
}

static void to_front(unsigned i)
{
    unsigned k = 0;
    while (k < w.norder && w.order[k] != i)
        k++;
    if (k == w.norder)
        w.norder++;
    memmove(w.order + 1, w.order, k * sizeof *w.order);
    w.order[0] = i;
}

static struct peer *endpoint_slot(struct peer *known)
{
    for (unsigned i = CLIENTS; !known && i < PEERS; i++)
        if (w.peer[i].state == PEER_FREE || w.peer[i].state == PEER_GONE)
            known = &w.peer[i];
    if (!known)
        return NULL;
    if (known->state != PEER_FREE && !known->unknown)
        check_requests(known);
    to_front((unsigned)(known - w.peer));
    return known;
}

static void answer_syn(struct peer *p)
{
    struct seg s = peer_seg(p, 0, SEG_SYN | SEG_ACK);
    if (w.policy == SYN_REFUSE)
        s.flags = SEG_RST | SEG_ACK;
    if (w.policy == SYN_BARE_ACK) {
        s.flags = SEG_ACK;
        s.ack += 5000;
        s.seq += 77;
    }
    struct bytes b;
    if (w.policy == SYN_ACCEPT) {
        s.mss = p->mss;
        s.wscale = p->wscale;
        s.sack_ok = p->sack_ok;
        p->state = PEER_OPEN;
    }
    b.n = seg_build(&s, b.b);
    if (w.policy == SYN_ACCEPT)
        oracle_ingress(&w.oracle, b.b, b.n);
    give(b.b, b.n);
    if (w.policy == SYN_BARE_ACK)
        w.policy = SYN_ACCEPT; /* the old incarnation is gone by then */
}

/* lacon opens a conn to an endpoint, or says so again. */
static void take_syn(const struct seg *s, struct peer *known)
{
    if (w.policy == SYN_IGNORE)
        return;
    bool nothing_yet = known && (known->state == PEER_SYN_SEEN ||
                                 (known->state == PEER_OPEN && known->rcv_nxt == 1 && known->nxt == 1));
    if (nothing_yet && known->irs == s->seq) {
        answer_syn(known);
        return;
    }
    struct peer *p = endpoint_slot(known);
    if (!p)
        return;
    peer_start(p, 0x70000000u + 0x01010101u * w.serial++);
    p->state = PEER_SYN_SEEN;
    p->v4 = s->v4;
    p->addr = s->dst;
    p->lacon = s->src;
    p->port = s->dport;
    p->lacon_port = s->sport;
    memcpy(p->mac, "\2\1\0\0\0", 5);
    p->mac[5] = p->addr.b[15];
    p->irs = s->seq;
    p->rcv_nxt = 1;
    p->sack_ok = s->sack_ok;
    p->their_wscale = s->wscale;
    p->wscale = w.serial & 4 ? -1 : 3;
    p->mss = w.serial & 2 ? 1460 : 900;
    p->wnd = 20000;
    p->edge = 1 + s->wnd;
    answer_syn(p);
}

static void take_syn_ack(struct peer *p, const struct seg *s)
{
    if (p->state != PEER_SYN_SENT || s->ack != p->iss + 1)
        return;
    p->state = PEER_OPEN;
    p->irs = s->seq;
    p->rcv_nxt = 1;
    p->their_wscale = s->wscale;
    if (s->wscale < 0)
        p->wscale = -1;
    p->sack_ok = p->sack_ok && s->sack_ok;
    p->edge = 1 + s->wnd;
    p->owes = true;
}

static void take_segment(const struct seg *s)
{
    struct peer *p = peer_of(s);
    if ((s->flags & (SEG_SYN | SEG_ACK | SEG_RST)) == SEG_SYN)
        take_syn(s, p);
    else if (!p || p->state == PEER_GONE)
        return;
    else if (s->flags & SEG_RST && p->rcv_nxt == 1 && s->seq != p->irs + 1)
        return; /* meant for an earlier life of the four-tuple (RFC 5961) */
    else if (s->flags & SEG_RST)
        p->state = PEER_GONE;
    else if (s->flags & SEG_SYN)
        take_syn_ack(p, s);
    else if (p->state == PEER_OPEN) {
        unsigned heads = p->heads;
        peer_take(p, s);
        if (!p->client && p->heads != heads)
            note_heads(p);
    }
}

static void take(const struct bytes *b)
{
    struct seg s;
    if (seg_parse(b->b, b->n, &s))
        return; /* the oracle has said so */
    if (s.kind == SEG_TCP)
        take_segment(&s);
    else if (s.kind == SEG_ARP && !w.deaf)
        answer_arp(b->b);
    else if (s.kind == SEG_ICMP6 && !w.deaf)
        answer_nd(&s);
}

/* An endpoint that answers of itself: each head that came gets the response. */
static void respond(struct peer *p)
{
    if (!p->heads || !w.answers || p->client)
        return;
    p->heads = 0;
    if (p->say.n < PEER_STREAM && !say_response(&p->say, w.answers - 1u, w.serial++, 600))
        loosen();
    while (emit_next(p, 1400, SEG_PSH, false))
        ;
}

/* Until nobody has anything to answer. */
void settle(void)
{
    bool hold = w.hold;
    w.hold = true;
    for (unsigned round = 0; round < ROUNDS && w.nout; round++) {
        static struct bytes in[OUT];
        unsigned n = w.nout;
        memcpy(in, w.out, n * sizeof *in);
        w.nout = 0;
        for (unsigned i = 0; i < n; i++)
            take(&in[i]);
        for (unsigned i = 0; i < PEERS; i++) {
            struct peer *p = &w.peer[i];
            if (p->state == PEER_OPEN && p->owes && !p->quiet)
                emit_ack(p);
            if (p->state == PEER_OPEN)
                respond(p);
        }
        feed();
    }
    w.nout = 0;
    w.hold = hold;
}
