#include "tests/sim/oracle.h"
#include "tests/sim/ranges.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One direction of one connection; positions count from the SYN (0). */
struct half {
    bool syn; /* a SYN was seen */
    uint32_t isn;
    int8_t wscale; /* offered, -1: no */
    bool sack_ok;
    uint16_t mss;
    uint64_t end;   /* first position never sent */
    uint64_t edge;  /* right edge that the other side may send to */
    uint64_t acked; /* highest position that the other side has acked */
    uint64_t wl_seq, wl_ack;
    uint64_t fin; /* position of the FIN that was sent; 0: none */
    bool reset;   /* by a RST that was sent; until the next SYN */
};

#define OFFERED 8u

struct oracle_flow {
    struct oracle_flow *next;
    struct flow_key key; /* remote is the host */
    struct half in, out; /* the host's stream; lacon's */
    struct ranges came;  /* of the host's stream */
    bool client;         /* the host opened it */
    bool two_isns;       /* SYN-ACKs with different numbers answered its SYN: a cookie and a ring entry */
    /* The numbers of the SYN-ACKs, while lacon has sent nothing else. The client takes the first one that
     * reaches it, which need not be the last one sent: its ack tells, and may come before the last one is
     * sent, where it arrives in one burst with the repeated SYN. */
    uint32_t offered[OFFERED];
    unsigned noffered;
    struct bare {
        uint64_t call;     /* the last one that sent it a bare ack, */
        uint32_t last_ack; /* of these bytes, with this window, */
        uint16_t last_wnd;
        unsigned n;       /* and how often */
    } bare[2];            /* [1]: those before its window, which ask for it */
    bool taken;           /* the client has acked one of them: out.isn */
    uint8_t *byte, *have; /* what lacon sent at each position */
    size_t cap;
};

void oracle_init(struct oracle *o, struct sim *s)
{
    memset(o, 0, sizeof *o);
    o->sim = s;
}

static void drop_flow(struct oracle_flow *f)
{
    free(f->byte);
    free(f->have);
    ranges_free(&f->came);
    free(f);
}

void oracle_fini(struct oracle *o)
{
    oracle_forget(o);
}

void oracle_forget(struct oracle *o)
{
    for (unsigned i = 0; i < 256; i++)
        while (o->flow[i]) {
            struct oracle_flow *f = o->flow[i];
            o->flow[i] = f->next;
            drop_flow(f);
        }
}

static struct oracle_flow **bucket_of(struct oracle *o, const struct flow_key *k)
{
    return &o->flow[(k->remote_port * 31u + k->local_port + k->remote.b[15]) & 255];
}

static struct oracle_flow *look_up(struct oracle *o, const struct flow_key *k)
{
    for (struct oracle_flow *f = *bucket_of(o, k); f; f = f->next)
        if (flow_key_eq(&f->key, k))
            return f;
    return NULL;
}

static struct oracle_flow *find(struct oracle *o, const struct seg *s, bool ingress)
{
    struct flow_key k = {.remote = ingress ? s->src : s->dst,
                         .local = ingress ? s->dst : s->src,
                         .remote_port = ingress ? s->sport : s->dport,
                         .local_port = ingress ? s->dport : s->sport};
    if (o->ntouched < ORACLE_TOUCHED)
        o->touched[o->ntouched] = k;
    o->ntouched++;
    struct oracle_flow *f = look_up(o, &k), **bucket = bucket_of(o, &k);
    if (f)
        return f;
    f = xalloc(sizeof *f);
    f->key = k;
    f->next = *bucket;
    return *bucket = f;
}

static uint64_t unwrap(const struct half *h, uint32_t seq)
{
    uint32_t expect = h->isn + (uint32_t)h->end;
    return h->end + (uint64_t)(int64_t)(int32_t)(seq - expect);
}

static void fail(struct oracle *o, const struct seg *s, const char *fmt, ...)
{
    char text[SEG_STR], why[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    sim_fail(o->sim, "lacon sent %s: %s", seg_str(s, text), why);
}

/* A SYN begins a half anew, unless it is the same one again. */
static bool begin(struct half *h, const struct seg *s)
{
    if (h->syn && h->isn == s->seq)
        return false;
    *h = (struct half){.syn = true,
                       .isn = s->seq,
                       .wscale = s->wscale,
                       .sack_ok = s->sack_ok,
                       .mss = s->mss ? s->mss : 536,
                       .end = 1,
                       .edge = 1,
                       .acked = 1};
    return true;
}

static unsigned scale(const struct half *of, const struct half *other, const struct seg *s)
{
    bool both = of->wscale >= 0 && other->wscale >= 0;
    return (s->flags & SEG_SYN) || !both ? 0 : (unsigned)of->wscale;
}

static void forget_bytes(struct oracle_flow *f)
{
    if (f->have)
        memset(f->have, 0, f->cap);
}

static bool is_offered(const struct oracle_flow *f, uint32_t isn)
{
    for (unsigned i = 0; i < f->noffered; i++)
        if (f->offered[i] == isn)
            return true;
    return false;
}

static void offer(struct oracle_flow *f, uint32_t isn)
{
    if (f->noffered < OFFERED && !is_offered(f, isn))
        f->offered[f->noffered++] = isn;
}

static void offers_over(struct oracle_flow *f)
{
    f->noffered = 0;
    f->taken = false;
}

/* The client acks a SYN-ACK: positions count from that one. */
static void settle(struct oracle_flow *f, uint32_t isn)
{
    if (!is_offered(f, isn))
        return;
    f->out.isn = isn;
    f->taken = true;
    if (f->noffered > 1)
        f->two_isns = false;
}

static void new_client(struct oracle_flow *f)
{
    f->out = (struct half){0};
    f->two_isns = false;
    offers_over(f);
    forget_bytes(f);
}

/* What may be acked from now on. */
static void came(struct oracle_flow *f, const struct seg *s)
{
    uint64_t pos = unwrap(&f->in, s->seq);
    uint64_t end = pos + s->len + (s->flags & SEG_SYN ? 1u : 0) + (s->flags & SEG_FIN ? 1u : 0);
    if ((int64_t)end > (int64_t)f->in.end)
        f->in.end = end;
    if ((int64_t)pos >= 0)
        ranges_add(&f->came, pos, end);
}

void oracle_ingress(struct oracle *o, const uint8_t *p, uint32_t n)
{
    struct seg s;
    if (seg_parse(p, n, &s) || s.kind != SEG_TCP)
        return;
    o->in++;
    struct oracle_flow *f = find(o, &s, true);
    if (s.flags & SEG_SYN)
        f->out.reset = false;
    if (s.flags & SEG_SYN && begin(&f->in, &s)) {
        ranges_free(&f->came);
        if (!(s.flags & SEG_ACK))
            new_client(f);
    }
    if (!f->in.syn)
        return;
    came(f, &s);
    if (!(s.flags & SEG_ACK) || !f->out.syn || s.flags & SEG_RST)
        return;
    if (!(s.flags & SEG_SYN))
        settle(f, s.ack - 1);
    uint64_t ack = unwrap(&f->out, s.ack), edge = ack + ((uint64_t)s.wnd << scale(&f->in, &f->out, &s));
    if ((int64_t)ack > (int64_t)f->out.end || (int64_t)ack < 0)
        return;
    if (edge > f->out.edge)
        f->out.edge = edge;
    if ((int64_t)ack > (int64_t)f->out.acked)
        f->out.acked = ack;
}

bool oracle_acked(struct oracle *o, const struct flow_key *k, uint32_t *ack, uint32_t *edge)
{
    const struct oracle_flow *f = look_up(o, k);
    if (!f || !f->in.syn || !f->out.syn || f->two_isns)
        return false;
    *ack = f->out.isn + (uint32_t)f->out.acked;
    *edge = f->out.isn + (uint32_t)f->out.edge;
    return true;
}

/* ---- what lacon sends ---- */

static const char *check_headers(const struct seg *s, const uint8_t mac[6])
{
    bool syn = s->flags & SEG_SYN;
    if (memcmp(s->smac, mac, 6) != 0)
        return "foreign source MAC";
    if (s->ttl != 64 || s->tos != 0 || !s->df)
        return "TTL is not 64, or TOS/ECN is set, or DF is not (S14)";
    if (s->reserved || s->flags & (SEG_URG | SEG_ECE | SEG_CWR) || s->urgent)
        return "reserved bits, URG, urgent pointer or ECN flags (S1, S14)";
    if (s->unknown || s->timestamp)
        return "a TCP option that lacon must not send (S14)";
    if (syn ? s->nsack || !s->mss : s->mss || s->wscale >= 0 || s->sack_ok)
        return "options that do not belong into this segment (S14)";
    if (syn && s->flags & (SEG_FIN | SEG_RST))
        return "SYN with FIN or RST";
    return NULL;
}

static void check_ack(struct oracle *o, struct oracle_flow *f, const struct seg *s, uint64_t pos)
{
    struct half *in = &f->in;
    if (!(s->flags & SEG_ACK) || !in->syn)
        return;
    uint64_t ack = unwrap(in, s->ack), next = ranges_next(&f->came);
    if ((int64_t)ack > (int64_t)next)
        fail(o, s, "acks %lld bytes more than arrived in order (S5)", (long long)(ack - next));
    for (unsigned i = 0; i < s->nsack; i++) {
        uint64_t lo = unwrap(in, s->sack[i].lo), hi = unwrap(in, s->sack[i].hi);
        if ((int64_t)lo < 0 || lo >= hi || !ranges_have(&f->came, lo, hi))
            fail(o, s, "SACK block that is empty or has bytes that did not arrive (S5)");
    }
    if (s->nsack && !(in->sack_ok && f->out.sack_ok))
        fail(o, s, "SACK without both sides' permission");
    if (s->flags & SEG_RST)
        return;
    unsigned shift = scale(&f->out, in, s);
    uint64_t edge = ack + ((uint64_t)s->wnd << shift);
    if (pos < in->wl_seq || (pos == in->wl_seq && ack < in->wl_ack))
        return; /* the peer takes no window from an old segment */
    in->wl_seq = pos;
    in->wl_ack = ack;
    if (f->client && !o->by_device &&
        edge + (1ull << shift) <= in->edge) /* rounding may cost less than a unit */
        fail(o, s, "right edge retreats by %llu (S4)", (unsigned long long)(in->edge - edge));
    if (edge > in->edge)
        in->edge = edge;
}

static void grow(struct oracle_flow *f, uint64_t end)
{
    if (end <= f->cap)
        return;
    size_t cap = f->cap ? f->cap : 4096;
    while (cap < end)
        cap *= 2;
    f->byte = xrealloc(f->byte, cap);
    f->have = xrealloc(f->have, cap);
    memset(f->have + f->cap, 0, cap - f->cap);
    f->cap = cap;
}

static void check_bytes(struct oracle *o, struct oracle_flow *f, const struct seg *s, uint64_t pos)
{
    if (pos + s->len > 1u << 28) {
        fail(o, s, "sequence number far from the stream");
        return;
    }
    grow(f, pos + s->len);
    /* An engine knows no ranges: a late segment from before its rule begins has its numbers changed like any
     * other. Its receiver has acked those bytes, and does not look at them. */
    uint32_t from = o->by_device && pos < f->out.acked ? (uint32_t)(f->out.acked - pos) : 0;
    for (uint32_t i = from; i < s->len; i++) {
        if (!o->bytes_may_differ && f->have[pos + i] && f->byte[pos + i] != s->data[i]) {
            fail(o, s, "other bytes than before at offset %u (S1)", i);
            return;
        }
        f->have[pos + i] = 1;
        f->byte[pos + i] = s->data[i];
    }
}

/* A FIN is sent at one place, behind all bytes (S10). */
static void check_fin(struct oracle *o, struct half *out, const struct seg *s, uint64_t end)
{
    if (out->fin && end > out->fin && s->len)
        fail(o, s, "bytes behind its FIN (S10)");
    if (!(s->flags & SEG_FIN))
        return;
    if (out->fin ? out->fin != end : end < out->end)
        fail(o, s, "a FIN in front of bytes, or of another FIN, that were sent (S10)");
    out->fin = end;
}

/* Who has reset a connection says nothing more on it. */
static void check_reset(struct oracle *o, struct oracle_flow *f, const struct seg *s)
{
    if (f->out.reset && !(s->flags & (SEG_RST | SEG_SYN)) && !o->by_device)
        fail(o, s, "goes on after its reset (S10)");
    f->out.reset = (s->flags & SEG_RST && s->flags & SEG_ACK && f->in.syn && f->out.syn) ||
                   (f->out.reset && !(s->flags & SEG_SYN));
}

/* One segment draws at most one ack to each peer (S5): two of the same bytes would look like a loss. And at
 * most one question for its window, which is an ack before the window. Where there is a flow engine, windows
 * open as well when it says that a rule is gone; and where another worker has made room for a request that
 * waits, when the call finds that it is its turn. */
static void check_acks_sent(struct oracle *o, struct oracle_flow *f, const struct seg *s, uint64_t pos)
{
    if (s->len || s->flags != SEG_ACK || o->by_device)
        return;
    struct bare *b = &f->bare[pos < f->out.acked];
    bool turn = o->others && b->last_ack == s->ack && b->last_wnd < s->wnd;
    bool more = turn || (o->engine && (b->last_ack != s->ack || b->last_wnd != s->wnd));
    b->n = b->call == o->call && !more ? b->n + 1 : 1;
    b->call = o->call;
    b->last_ack = s->ack;
    b->last_wnd = s->wnd;
    if (o->call_acks && b->n > o->call_acks)
        fail(o, s, "%u bare acks for %u segments (S5)", b->n, o->call_acks);
}

void oracle_call(struct oracle *o, unsigned frames)
{
    o->call++;
    o->call_acks = frames;
}

static void check_data(struct oracle *o, struct oracle_flow *f, const struct seg *s, uint64_t pos)
{
    struct half *out = &f->out;
    uint64_t end = pos + s->len;
    if (s->len > f->in.mss)
        fail(o, s, "more than the peer's MSS of %u", f->in.mss);
    if (s->len && end > out->edge && !(s->len == 1 && pos >= out->edge))
        fail(o, s, "%llu bytes beyond the peer's window", (unsigned long long)(end - out->edge));
    if (s->len)
        check_bytes(o, f, s, pos);
    check_fin(o, out, s, end);
    end += (s->flags & SEG_FIN ? 1u : 0) + (s->flags & SEG_SYN ? 1u : 0);
    /* A bare ack tells nothing: it stands behind a FIN that lacon could not get onto the wire as well (no
     * neighbour), as it does behind one that is lost there; that FIN goes out where it has to be, later. */
    if (end > pos && end > out->end)
        out->end = end;
}

void oracle_egress(struct oracle *o, const uint8_t mac[6], const uint8_t *p, uint32_t n)
{
    struct seg s;
    const char *why = seg_parse(p, n, &s);
    if (why) {
        sim_fail(o->sim, "lacon sent a frame of %u bytes with %s", n, why);
        return;
    }
    if (s.kind != SEG_TCP)
        return;
    o->out++;
    why = check_headers(&s, mac);
    if (why)
        fail(o, &s, "%s", why);
    if (n > SEG_MTU + 14 + (s.vlan ? 4 : 0))
        fail(o, &s, "frame larger than the MTU");
    struct oracle_flow *f = find(o, &s, false);
    bool before = f->out.syn && s.flags & SEG_ACK;
    if (s.flags & SEG_SYN && s.flags & SEG_ACK)
        offer(f, s.seq);
    else if (!(s.flags & SEG_RST))
        offers_over(f);
    if (s.flags & SEG_SYN && f->taken && s.seq != f->out.isn)
        return; /* the client has another one already */
    if (s.flags & SEG_SYN && begin(&f->out, &s)) {
        f->client = s.flags & SEG_ACK;
        f->two_isns |= before;
        if (!f->client)
            f->in = (struct half){0};
        forget_bytes(f);
    }
    if (!f->out.syn)
        return; /* a reset to somebody unknown */
    check_reset(o, f, &s);
    uint64_t pos = unwrap(&f->out, s.seq);
    if ((int64_t)pos < 0 && !(s.flags & SEG_RST))
        fail(o, &s, "sequence number before the stream");
    if ((int64_t)pos < 0)
        return;
    check_ack(o, f, &s, pos);
    check_acks_sent(o, f, &s, pos);
    if (f->in.syn && !(s.flags & SEG_RST))
        check_data(o, f, &s, pos);
}
