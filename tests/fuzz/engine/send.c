/* What peers put on the wire, and what the checks are told of it: the oracle hears of what lacon may believe,
 * the peer's own record of what arrived. Segments may be held up, and come later. */
#include "tests/fuzz/engine/world.h"

/* The burst goes in. One frame may bring a window of kept bytes out, cut small, not more. */
void feed(void)
{
    unsigned n = w.nburst, before = w.box.sent;
    w.nburst = 0;
    oracle_call(&w.oracle, n);
    if (n)
        engine_input(w.engine, w.burst, n, w.sim.now);
    PROPERTY(w.box.sent - before <= 64 * n);
    check();
}

void flush(void)
{
    feed();
    settle();
    w.stray = false;
}

void give(const uint8_t *p, uint32_t n)
{
    tell_story("in ", p, n);
    w.burst[w.nburst++] = frame_receive(&w.box, p, n, 0);
    if (!w.hold)
        flush();
    else if (w.nburst == ENGINE_BURST)
        feed();
}

/* The oracle is told of what lacon may believe; an ack that is out of all bounds is not mentioned to it. */
static void tell(struct peer *p, const struct seg *s)
{
    struct bytes b;
    struct seg clean = *s;
    uint32_t ack = s->ack - p->irs;
    if ((int32_t)ack < 0 || ack > PEER_STREAM) {
        clean.ack = p->irs + (uint32_t)p->rcv_nxt;
        clean.wnd = 0;
    } else if (s->flags & SEG_ACK && ack <= p->rcv_nxt && ack > p->told && !p->over) {
        p->told = ack;
    }
    p->over |= s->flags & (SEG_RST | SEG_FIN);
    b.n = seg_build(&clean, b.b);
    oracle_ingress(&w.oracle, b.b, b.n);
}

/* A SYN goes in alone. What else arrives on its four-tuple belongs to another conn, and only lacon's answer
 * tells whether there will be a new one: see(). */
void emit_syn(const struct seg *s)
{
    bool hold = w.hold;
    flush();
    w.hold = true;
    w.stray = true; /* it may be refused */
    w.syn.n = seg_build(s, w.syn.b);
    give(w.syn.b, w.syn.n);
    w.hold = hold;
    flush();
}

/* The segment arrives. */
static void arrive(struct peer *p, const struct seg *s, const struct bytes *b)
{
    uint32_t at = s->seq - p->iss;
    bool far =
        (int32_t)(at - (uint32_t)p->edge) > 0 || (int32_t)(at - (uint32_t)p->nxt) < -(int32_t)PEER_STREAM;
    peer_arrived(p, s);
    if (s->flags & SEG_SYN || far)
        w.stray = true;
    else
        tell(p, s);
    w.past[w.npast++ % PAST] = *b;
    give(b->b, b->n);
}

void emit(struct peer *p, const struct seg *s)
{
    struct bytes b;
    if ((s->flags & (SEG_SYN | SEG_ACK)) == SEG_SYN) {
        emit_syn(s);
        return;
    }
    b.n = seg_build(s, b.b);
    if (w.defer && w.nlate < LATE) {
        w.defer--;
        w.late[w.nlate++] = (struct late){p, p->life, b};
        return;
    }
    arrive(p, s, &b);
}

void emit_late(unsigned which)
{
    struct seg s;
    if (!w.nlate)
        return;
    struct late *l = &w.late[which % w.nlate], was = *l;
    *l = w.late[--w.nlate];
    if (was.life == was.from->life && !seg_parse(was.b.b, was.b.n, &s)) /* else it is lost */
        arrive(was.from, &s, &was.b);
}

void emit_again(unsigned which)
{
    struct seg s;
    if (!w.npast)
        return;
    struct bytes copy = w.past[which % (w.npast < PAST ? w.npast : PAST)];
    if (seg_parse(copy.b, copy.n, &s) || s.flags & SEG_SYN)
        return;
    w.stray = true; /* its conn may be gone */
    give(copy.b, copy.n);
}

void emit_ack(struct peer *p)
{
    struct seg s = peer_seg(p, p->nxt, SEG_ACK);
    peer_sack(p, &s);
    p->owes = false;
    emit(p, &s);
}

bool emit_next(struct peer *p, uint32_t most, uint8_t flags, bool anyway)
{
    uint64_t room = p->edge > p->nxt ? p->edge - p->nxt : 0;
    uint32_t n = anyway || room > most ? most : (uint32_t)room;
    struct seg s = peer_seg(p, p->nxt, SEG_ACK | flags);
    peer_payload(p, &s, p->nxt, n);
    if (!s.len || p->fin)
        return false;
    p->nxt += s.len;
    emit(p, &s);
    return true;
}

void emit_fin(struct peer *p)
{
    if (!p->fin)
        p->fin_at = p->nxt;
    struct seg s = peer_seg(p, p->fin_at, SEG_ACK | SEG_FIN);
    p->fin = true;
    p->nxt = p->fin_at + 1;
    emit(p, &s);
}
static bool is_framing(uint8_t b)
{
    return memchr("\r\n:/ ", b, 5) != NULL;
}

static bool is_word(uint8_t b)
{
    return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');
}

/* A lie about framing can be told from one about a body, of which nothing is promised; one about a letter or
 * digit, after which a message may make sense still, cannot. */
void lie(uint8_t *other, struct seg *s, uint8_t arg)
{
    bool (*wanted)(uint8_t) = arg & 0x80 ? is_word : is_framing;
    uint32_t at = (arg & 0x7fu) % s->len, left = s->len;
    memcpy(other, s->data, s->len);
    while (left > 0 && !wanted(other[at])) {
        at = (at + 1) % s->len;
        left--;
    }
    other[at] ^= (uint8_t)(arg & 0x80 ? 1 : 1 + (arg >> 4));
    s->data = other;
    w.lied = true;
    if (!left || arg & 0x80)
        loosen();
    w.oracle.bytes_may_differ = w.lied && w.loose;
}
