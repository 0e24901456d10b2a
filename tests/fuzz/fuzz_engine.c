/* Packet sequences through a whole engine. The input is a script for four clients and for the endpoints: who
 * says what, and which segment goes out, right or wrong by how much. The harness plays their TCP (peer.h),
 * the neighbours and the time.
 *
 * Checked besides what the sanitizers see: the simulator's oracle looks at every frame; what endpoints and
 * clients receive are strict messages, ended cleanly only where a message ends; a request line that an
 * endpoint sees was judged and logged (S1); every frame comes back; and when all peers have fallen silent
 * nothing is left of them.
 *
 * Input: records of eight bytes: what, who, six arguments. With FUZZ_STORY in the environment every segment
 * and the counters are told on standard error. */
#include <string.h>

#include "agent/http/http.h"
#include "agent/net/net.h"
#include "agent/worker/engine.h"
#include "config/config.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/script.h"
#include "tests/sim/oracle.h"

#define CLIENTS 4u
#define PEERS   20u /* from CLIENTS on: conns of endpoints */
#define LOGS    256u
#define LINE    200u  /* of a request line, as in the log */
#define OUT     1024u /* lacon's frames that wait to be looked at */
#define ROUNDS  64u   /* of answers and answers to them */
#define PAST    8u    /* frames kept to come a second time */
#define RECORD  8u

static const char text[] =
    "dpdk: {connections: 64, buffers: 1MiB, syn_ring: 16, local_ports: 20000-20031}\n"
    "interfaces: [{name: i, vdev: v, addresses: [10.0.0.1/16, \"fd00::1/64\"]}]\n"
    "listeners:\n"
    "  - {name: l, address: \"*:80\", head_limit: 2KiB, max_body: 50000, head_timeout: 1s,\n"
    "     idle_timeout: 3s, stall_timeout: 4s}\n"
    "  - {name: m, address: \"*:81\", head_timeout: 2s, idle_timeout: 3s, stall_timeout: 4s}\n"
    "routes:\n"
    "  - {name: a, hostnames: [a.example], rules: [{cluster: a}]}\n"
    "  - {name: b, hostnames: [b.example], rules: [{cluster: b}]}\n"
    "clusters:\n"
    "  - {name: a, response_timeout: 2s, pool_idle_timeout: 3s, pool_size: 2,\n"
    "     endpoints: [{address: \"10.0.1.1:8080\"}, {address: \"10.0.1.2:8080\"}]}\n"
    "  - {name: b, response_timeout: 3s, pool_idle_timeout: 3s, endpoints: [{address: "
    "\"[fd00::1:1]:8080\"}]}\n";

struct bytes {
    uint32_t n;
    uint8_t b[SEG_FRAME];
};

struct logged {
    struct ip_port client;
    uint16_t n;
    uint8_t line[LINE];
};

enum syn_policy {
    SYN_ACCEPT,
    SYN_REFUSE,
    SYN_IGNORE,
    SYN_BARE_ACK,
    SYN_POLICIES,
};

struct world {
    struct sim sim;
    struct oracle oracle;
    struct frame_box box;
    struct engine *engine;
    struct peer peer[PEERS];
    unsigned order[PEERS]; /* endpoints' conns, newest first */
    unsigned norder;
    struct frame *burst[ENGINE_BURST];
    unsigned nburst;
    bool hold;         /* frames gather to a burst */
    bool deaf;         /* neighbours do not answer */
    bool lied, loose;  /* see lie() and loosen() */
    bool stray;        /* a segment that no sane peer sends is under way: resets answer it */
    uint8_t policy;    /* enum syn_policy */
    uint8_t answers;   /* response that endpoints give of themselves, from 1; 0: none */
    unsigned lose;     /* so many of lacon's frames get lost */
    uint8_t sought[8]; /* ticks at which an endpoint's neighbour was not found yet, by address */
    unsigned serial;
    uint16_t next_port;
    uint32_t syn_ack; /* sequence number of the last SYN-ACK */
    struct bytes syn; /* the last client SYN, which the oracle hears of when it is answered */
    struct bytes past[PAST];
    unsigned npast;
    struct bytes out[OUT];
    unsigned nout;
    struct logged log[LOGS], seen[LOGS];
    unsigned nlog, nseen;
    uint64_t logs;
};

static struct world w;
static struct config *config;

static bool story;

static void tell_story(const char *whose, const uint8_t *p, uint32_t n)
{
    struct seg s;
    char line[SEG_STR];
    if (story && !seg_parse(p, n, &s))
        fprintf(stderr, "%12.6f %s %s\n", (double)w.sim.now / 1e9, whose,
                s.kind == SEG_TCP   ? seg_str(&s, line)
                : s.kind == SEG_ARP ? "arp"
                                    : "icmp");
}

static void tell_counters(void)
{
    static const char *const name[] = {
#define X(field, label, what) label,
        STATS(X)
#undef X
    };
    const struct counters *c = engine_counters(w.engine);
    const uint64_t *stat = c->reason + R_MAX;
    for (unsigned i = 0; story && i < R_MAX; i++)
        if (c->reason[i])
            fprintf(stderr, "%s %llu\n", reason_name((enum reason)i), (unsigned long long)c->reason[i]);
    for (unsigned i = 0; story && i < sizeof name / sizeof *name; i++)
        if (stat[i])
            fprintf(stderr, "%s %llu\n", name[i], (unsigned long long)stat[i]);
}

static void check(void)
{
    if (w.sim.failed)
        fprintf(stderr, "at %.6f s: %s\n", (double)w.sim.now / 1e9, w.sim.why);
    PROPERTY(!w.sim.failed);
}

/* From now on bytes that look like framing may be somebody's body, which is copied from any transmission: of
 * bytes that were lied about nothing can be said any more (S1). */
static void loosen(void)
{
    w.loose = true;
    w.oracle.bytes_may_differ = w.lied;
}

/* ---- frames to lacon ---- */

static void settle(void);

/* The burst goes in. One frame may bring a window of kept bytes out, cut small, not more. */
static void feed(void)
{
    unsigned n = w.nburst, before = w.box.sent;
    w.nburst = 0;
    if (n)
        engine_input(w.engine, w.burst, n, w.sim.now);
    PROPERTY(w.box.sent - before <= 64 * n);
    check();
}

static void flush(void)
{
    feed();
    settle();
    w.stray = false;
}

static void give(const uint8_t *p, uint32_t n)
{
    tell_story("in ", p, n);
    w.burst[w.nburst++] = frame_receive(&w.box, p, n, 0);
    if (!w.hold)
        flush();
    else if (w.nburst == ENGINE_BURST)
        feed();
}

/* The oracle is told of what lacon may believe; an ack that is out of all bounds is not mentioned to it. */
static void tell(const struct peer *p, const struct seg *s)
{
    struct bytes b;
    struct seg clean = *s;
    if ((int32_t)(s->ack - p->irs) < 0 || s->ack - p->irs > PEER_STREAM) {
        clean.ack = p->irs + (uint32_t)p->rcv_nxt;
        clean.wnd = 0;
    }
    b.n = seg_build(&clean, b.b);
    oracle_ingress(&w.oracle, b.b, b.n);
}

/* A SYN goes in alone. What else arrives on its four-tuple belongs to another conn, and only lacon's answer
 * tells whether there will be a new one: see(). */
static void emit_syn(const struct seg *s)
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

static void emit(const struct peer *p, const struct seg *s)
{
    if ((s->flags & (SEG_SYN | SEG_ACK)) == SEG_SYN) {
        emit_syn(s);
        return;
    }
    struct bytes b;
    uint32_t at = s->seq - p->iss;
    bool far =
        (int32_t)(at - (uint32_t)p->edge) > 0 || (int32_t)(at - (uint32_t)p->nxt) < -(int32_t)PEER_STREAM;
    b.n = seg_build(s, b.b);
    if (s->flags & SEG_SYN || far)
        w.stray = true;
    else
        tell(p, s);
    w.past[w.npast++ % PAST] = b;
    give(b.b, b.n);
}

static void emit_ack(struct peer *p)
{
    struct seg s = peer_seg(p, p->nxt, SEG_ACK);
    peer_sack(p, &s);
    p->owes = false;
    emit(p, &s);
}

/* Bytes of the stream in order, from where it stands. False: there is nothing, or no window. */
static bool emit_next(struct peer *p, uint32_t most, uint8_t flags, bool anyway)
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

static void emit_fin(struct peer *p)
{
    if (!p->fin)
        p->fin_at = p->nxt;
    struct seg s = peer_seg(p, p->fin_at, SEG_ACK | SEG_FIN);
    p->fin = true;
    p->nxt = p->fin_at + 1;
    emit(p, &s);
}

/* ---- what is received must make sense as HTTP ---- */

static void note_request(const struct http_head *h)
{
    if (w.nseen == LOGS)
        return;
    struct logged *l = &w.seen[w.nseen++];
    l->n = (uint16_t)(h->start_line.n < LINE ? h->start_line.n : LINE);
    memcpy(l->line, h->start_line.p, l->n);
}

/* One message less: how far `in` goes with it; 0 when it is not whole. */
static size_t skip_body(const struct http_head *h, struct span in)
{
    if (h->body == HTTP_BODY_NONE)
        return h->bytes;
    if (h->body == HTTP_BODY_LENGTH)
        return in.n - h->bytes >= h->length ? h->bytes + (size_t)h->length : 0;
    struct http_chunked c = {0};
    size_t at = h->bytes;
    while (at < in.n && c.state != HTTP_CHUNK_DONE) {
        uint64_t data;
        int64_t n = http_chunked_feed(&c, span_from(in, at), &data);
        PROPERTY(n >= 0); /* broken chunks are not passed on */
        at += (size_t)n;
        if (data > in.n - at)
            return 0;
        at += (size_t)data;
    }
    return c.state == HTTP_CHUNK_DONE ? at : 0;
}

static void check_requests(const struct peer *p)
{
    struct span in = span_of(p->got.p, peer_got(p));
    bool ended = p->their_fin && p->rcv_nxt > p->their_fin;
    while (in.n > 0) {
        struct http_head h;
        int n = http_parse_request(in, 1u << 20, &h);
        PROPERTY(n >= 0);
        PROPERTY(n > 0 || !ended);
        if (n == 0)
            return;
        note_request(&h);
        if (h.upgrade)
            return; /* perhaps a tunnel from here on */
        size_t whole = skip_body(&h, in);
        PROPERTY(whole || !ended);
        if (!whole)
            return;
        in = span_from(in, whole);
    }
}

static const struct logged *next_log(const struct peer *p, unsigned *at)
{
    for (; *at < w.nlog; ++*at)
        if (w.log[*at].client.port == p->port && ip_eq(&w.log[*at].client.addr, &p->addr))
            return &w.log[(*at)++];
    return NULL;
}

static void check_responses(const struct peer *p)
{
    struct span in = span_of(p->got.p, peer_got(p));
    bool ended = p->their_fin && p->rcv_nxt > p->their_fin, closed = false;
    unsigned at = 0;
    while (in.n > 0) {
        const struct logged *l = next_log(p, &at);
        struct http_head h;
        bool head = l && l->n > 5 && memcmp(l->line, "HEAD ", 5) == 0;
        PROPERTY(l && !closed);
        do {
            int n = http_parse_response(in, 1u << 20, head ? HTTP_HEAD : HTTP_GET, true, &h);
            PROPERTY(n >= 0);
            PROPERTY(n > 0 || !ended);
            if (n == 0)
                return;
            if (h.status < 200)
                in = span_from(in, (size_t)n);
        } while (h.status < 200 && h.status != 101);
        if (h.body == HTTP_BODY_CLOSE || h.body == HTTP_BODY_TUNNEL || h.status == 101)
            return;
        size_t whole = skip_body(&h, in);
        PROPERTY(whole || !ended);
        if (!whole)
            return;
        in = span_from(in, whole);
        closed = h.close;
    }
}

/* Was what the endpoint saw what was judged? Lines that are rewritten, or too long for the log, are let pass.
 */
static void check_judged(const struct logged *s)
{
    bool judged = false;
    for (unsigned i = 0; i < w.nlog && !judged; i++) {
        const struct logged *l = &w.log[i];
        bool odd = l->n == LINE || memmem(l->line, l->n, "://", 3) || l->n < 8 ||
                   memcmp(l->line + l->n - 8, "HTTP/1.", 7) != 0 || l->line[l->n - 1] > '1';
        judged = odd || (l->n == s->n && memcmp(l->line, s->line, s->n) == 0);
    }
    if (!judged)
        fprintf(stderr, "an endpoint saw: \"%.*s\"\n", s->n, (const char *)s->line);
    PROPERTY(judged);
}

static bool on_log(void *ctx, const struct access_record *r)
{
    (void)ctx;
    w.logs++;
    if (w.nlog == LOGS)
        return true;
    struct logged *l = &w.log[w.nlog++];
    l->client = r->client;
    l->n = r->request_line;
    memcpy(l->line, r->text, l->n);
    return true;
}

/* ---- frames from lacon ---- */

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

static void see(void *arg, const struct frame *f)
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
    if (known->state != PEER_FREE)
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
    if (known && known->state == PEER_SYN_SEEN && known->irs == s->seq) {
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
    else if (s->flags & SEG_RST)
        p->state = PEER_GONE;
    else if (s->flags & SEG_SYN)
        take_syn_ack(p, s);
    else if (p->state == PEER_OPEN)
        peer_take(p, s);
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
    if (p->say.n < PEER_STREAM && !script_response(&p->say, w.answers - 1u, w.serial++, 600))
        loosen();
    while (emit_next(p, 1400, SEG_PSH, false))
        ;
}

/* Until nobody has anything to answer. */
static void settle(void)
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

/* ---- the script ---- */

static struct peer *who(uint8_t a)
{
    if (a < 0x80 || !w.norder)
        return &w.peer[a % CLIENTS];
    return &w.peer[w.order[(a & 0x7f) % w.norder]];
}

static void do_connect(uint8_t a, const uint8_t *arg)
{
    static const uint16_t mss[4] = {1460, 536, 0, 700}; /* 536 is the least that a SYN cookie can tell */
    static const uint16_t wnd[4] = {20000, 65535, 1000, 0};
    struct peer *p = &w.peer[a % CLIENTS];
    bool again = (arg[0] & 8) && p->port;
    uint16_t port = again ? p->port : w.next_port++;
    uint32_t iss = again ? p->iss + (uint32_t)p->nxt + 100000 : 1000u + 77777u * w.serial++;
    peer_start(p, iss); /* what an earlier life received is not looked at: its log is not whole yet */
    p->client = true;
    p->unknown = again;
    p->v4 = !(arg[0] & 1);
    p->sack_ok = arg[0] & 2;
    p->wscale = arg[0] & 4 ? (int8_t)(arg[2] % 15) : -1;
    p->mss = mss[arg[1] & 3];
    p->wnd = wnd[(arg[1] >> 2) & 3];
    p->quiet = arg[0] & 16;
    p->lacon_port = arg[0] & 32 ? 81 : 80;
    p->port = port;
    if (p->v4) {
        p->addr = ip_from_v4((const uint8_t[]){10, 0, 2, (uint8_t)(a % CLIENTS)});
        p->lacon = ip_from_v4((const uint8_t[]){10, 0, 0, 1});
    } else {
        p->addr = (struct ip_addr){{0xfd, [14] = 2, [15] = (uint8_t)(a % CLIENTS)}};
        p->lacon = (struct ip_addr){{0xfd, [15] = 1}};
    }
    memcpy(p->mac, "\2\1\0\0\0", 5);
    p->mac[5] = p->addr.b[15];
    struct seg s = peer_seg(p, 0, SEG_SYN);
    s.mss = p->mss;
    s.sack_ok = p->sack_ok;
    s.wscale = p->wscale;
    s.timestamp = arg[0] & 64;
    p->state = PEER_SYN_SENT;
    emit_syn(&s);
}

static void do_say(struct peer *p, const uint8_t *arg)
{
    unsigned n = arg[1] & 0x80 ? (arg[1] & 0x7fu) * 128u : arg[1];
    if (p->say.n > PEER_STREAM - 20000)
        return;
    bool (*script)(struct buf *, unsigned, unsigned, unsigned) = p->client ? script_request : script_response;
    if (!script(&p->say, arg[0], w.serial++, n))
        loosen();
}

static void do_flow(struct peer *p, const uint8_t *arg)
{
    uint32_t size = arg[1] ? arg[1] * 5u : 1400;
    for (unsigned i = 0; i <= arg[0] % 24u; i++)
        if (!emit_next(p, size, arg[2] & 1 ? SEG_PSH : 0, arg[2] & 2))
            break;
    if (arg[2] & 4)
        emit_fin(p);
}

/* One byte is another than the stream has: one of framing, if the segment has any. */
static void lie(uint8_t *other, struct seg *s, uint8_t arg)
{
    uint32_t at = arg % s->len, left = s->len;
    memcpy(other, s->data, s->len);
    while (left > 0 && !memchr("\r\n:/ ", other[at], 5)) {
        at = (at + 1) % s->len;
        left--;
    }
    other[at] ^= (uint8_t)(1 + (arg >> 4));
    s->data = other;
    w.lied = true;
    if (!left)
        loosen();
    w.oracle.bytes_may_differ = w.lied && w.loose;
}

/* A segment that may be wrong in every number. */
static void do_segment(struct peer *p, const uint8_t *arg)
{
    uint64_t base[4] = {p->nxt, p->una, p->edge, 0};
    int64_t step[4] = {1, 64, 1400, 1 << 24};
    uint64_t at = base[arg[0] & 3] + (uint64_t)((int8_t)arg[1] * step[(arg[0] >> 2) & 3]);
    struct seg s = peer_seg(p, at, SEG_ACK);
    uint8_t other[1460];
    peer_payload(p, &s, at, arg[2] * 5u);
    if (arg[0] & 16)
        s.flags = arg[3] & (p->client ? 0xff : 0xff & ~SEG_SYN);
    if (arg[0] & 32)
        s.ack += (uint32_t)((int8_t)arg[4] * step[arg[3] & 3]);
    if (arg[0] & 64)
        s.wnd = (uint16_t)(arg[5] * (arg[4] & 1 ? 1u : 257u));
    if (arg[0] & 128 && s.len) {
        lie(other, &s, arg[5]);
    }
    s.urgent = s.flags & SEG_URG ? 1 : 0;
    if (s.flags & SEG_SYN)
        s.len = 0;
    if ((int64_t)(at + s.len) > (int64_t)p->nxt && !(s.flags & (SEG_SYN | SEG_RST)) && at <= peer_end(p))
        p->nxt = at + s.len;
    if (!(arg[4] & 2))
        peer_sack(p, &s);
    emit(p, &s);
}

static void do_resend(struct peer *p, const uint8_t *arg)
{
    uint64_t at = p->una + arg[1] * (arg[2] & 1 ? 1400u : 1u);
    struct seg s = peer_seg(p, at, SEG_ACK);
    peer_payload(p, &s, at, arg[0] ? arg[0] * 5u : 1400);
    if (at + s.len > p->nxt)
        return;
    if (p->fin && at + s.len == p->fin_at)
        s.flags |= SEG_FIN;
    peer_sack(p, &s);
    emit(p, &s);
}

static void do_ack(struct peer *p, const uint8_t *arg)
{
    static const uint16_t wnd[8] = {20000, 65535, 1000, 0, 1, 100, 3000, 8192};
    if (arg[1] & 8)
        p->wnd = wnd[arg[1] & 7];
    for (unsigned i = 0; i <= (arg[2] & 3u); i++) {
        struct seg s = peer_seg(p, p->nxt, SEG_ACK);
        s.ack -= arg[0] < p->rcv_nxt ? arg[0] : 0;
        if (arg[2] & 4)
            peer_sack(p, &s);
        if (arg[2] & 8) { /* a probe of a closed window */
            s.seq--;
        }
        emit(p, &s);
    }
    p->owes = false;
}

static void do_reset(struct peer *p, const uint8_t *arg)
{
    struct seg s = peer_seg(p, (arg[0] & 1 ? p->una : p->nxt) + (uint64_t)(int8_t)arg[1],
                            arg[0] & 2 ? SEG_RST | SEG_ACK : SEG_RST);
    emit(p, &s);
}

/* A neighbour is found or given up; with seconds between the ticks it takes three of them. */
static void see_neighbour(void *arg, const struct net_neigh_info *i)
{
    uint8_t *n = &w.sought[i->addr.b[15] % 4 + (ip_is_v4(&i->addr) ? 4 : 0)];
    (void)arg;
    if (i->addr.b[14] == 2 || i->addr.b[13] == 2)
        return; /* a client's */
    *n = strcmp(i->state, "incomplete") == 0 ? (uint8_t)(*n + 1) : 0;
    PROPERTY(*n < 6);
}

static void pass(uint64_t ns)
{
    flush();
    w.sim.now += ns;
    engine_tick(w.engine, w.sim.now);
    PROPERTY(engine_next_ns(w.engine) > w.sim.now);
    if (ns >= SEC)
        engine_neighbours(w.engine, see_neighbour, NULL);
    check();
    settle();
}

static void do_time(const uint8_t *arg)
{
    static const uint64_t unit[4] = {US, MS, 20 * MS, 400 * MS};
    unsigned steps = (arg[1] & 7) + 1;
    for (unsigned i = 0; i < steps; i++)
        pass(unit[arg[0] & 3] * ((arg[0] >> 2) + 1u));
}

static void do_mode(struct peer *p, const uint8_t *arg)
{
    w.policy = arg[0] % SYN_POLICIES;
    w.deaf = arg[1] == 1;
    w.answers = arg[2] % 17;
    p->quiet = arg[3] & 1;
    if (arg[3] & 2)
        engine_drain(w.engine, w.sim.now);
    if (arg[3] & 4)
        engine_set_link(w.engine, 0, arg[3] & 8, w.sim.now);
    if (arg[3] & 16)
        w.box.refuse = arg[4] % 8;
    if (arg[3] & 32)
        w.lose = arg[4] % 8;
    settle();
}

/* An ICMP error that quotes a segment of lacon's to this peer, as a router on the way would send it. */
static void do_icmp(const struct peer *p, const uint8_t *arg)
{
    uint8_t quote[SEG_FRAME], m[128] = {0}, out[SEG_FRAME];
    struct seg q = peer_seg(p, 0, SEG_ACK), s = q;
    q.src = p->lacon;
    q.dst = p->addr;
    q.sport = p->lacon_port;
    q.dport = p->port;
    uint32_t base = arg[1] & 1 ? p->irs : p->irs + (uint32_t)p->rcv_nxt;
    int32_t shift = (int8_t)arg[2];
    q.seq = base + (uint32_t)shift;
    uint32_t n = seg_build(&q, quote) - 14;
    if (n > sizeof m - 8)
        n = sizeof m - 8;
    if (arg[0] & 1) {
        m[0] = p->v4 ? 3 : 2; /* too big */
        m[1] = p->v4 ? 4 : 0;
        m[6] = arg[3];
        m[7] = arg[4];
    } else {
        m[0] = p->v4 ? 3 : 1;
        m[1] = arg[3] & 7;
    }
    memcpy(m + 8, quote + 14, n);
    give(out, seg_build_ip(&s, p->v4 ? 1 : 58, m, 8 + n, out));
}

/* SYNs of many: the half-open table fills up. Those who go on to open their connections, and say nothing
 * there, fill the table of connections. */
static void do_flood(const uint8_t *arg)
{
    struct peer ghost = w.peer[arg[0] % CLIENTS];
    for (unsigned i = 0; ghost.port && i < arg[1] % 80u; i++) {
        struct seg s;
        ghost.port = (uint16_t)(40000 + 80 * (arg[2] & 7u) + i);
        s = peer_seg(&ghost, 0, SEG_SYN);
        s.mss = 1460;
        emit_syn(&s);
        if (!(arg[3] & 1))
            continue;
        ghost.irs = w.syn_ack;
        ghost.rcv_nxt = ghost.nxt = 1;
        s = peer_seg(&ghost, 1, SEG_ACK);
        emit(&ghost, &s);
    }
}

static void do_again(const uint8_t *arg)
{
    struct seg s;
    if (!w.npast)
        return;
    const struct bytes *b = &w.past[arg[0] % (w.npast < PAST ? w.npast : PAST)];
    struct bytes copy = *b;
    if (seg_parse(copy.b, copy.n, &s) || s.flags & SEG_SYN)
        return;
    w.stray = true; /* its conn may be gone */
    give(copy.b, copy.n);
}

/* Returns how many input bytes beyond the record it used. */
static size_t do_record(const uint8_t *r, const uint8_t *rest, size_t n)
{
    struct peer *p = who(r[1]);
    const uint8_t *arg = r + 2;
    size_t used = 0;
    bool open = p->state == PEER_OPEN || p->state == PEER_GONE;
    switch (r[0] % 16) {
    case 0:
        do_connect(r[1], arg);
        break;
    case 1:
        do_say(p, arg);
        break;
    case 2:
        used = arg[0] < n ? arg[0] : n;
        if (p->say.n < PEER_STREAM - 20000)
            buf_put(&p->say, rest, used);
        loosen();
        break;
    case 3:
        if (open)
            do_flow(p, arg);
        break;
    case 4:
        if (open)
            do_resend(p, arg);
        break;
    case 5:
        if (open)
            do_segment(p, arg);
        break;
    case 6:
        if (open)
            do_ack(p, arg);
        break;
    case 7:
        if (open)
            emit_fin(p);
        break;
    case 8:
        if (open)
            do_reset(p, arg);
        break;
    case 9:
        do_time(arg);
        break;
    case 10:
        do_mode(p, arg);
        break;
    case 11:
        if (p->state != PEER_FREE)
            do_icmp(p, arg);
        break;
    case 12:
        w.hold = arg[0] & 1;
        if (!w.hold)
            flush();
        break;
    case 13:
        do_again(arg);
        break;
    case 14:
        do_flood(arg);
        break;
    default: /* the usual way of things: a request, and all of it is sent */
        do_say(p, arg);
        if (open)
            do_flow(p, (const uint8_t[]){23, 0, 1});
    }
    return used;
}

/* ---- the end ---- */

static uint64_t kept(void)
{
    uint64_t total;
    return engine_kept_bytes(w.engine, &total);
}

/* What control threads see agrees with the counters. */
static void look(void)
{
    const struct counters *c = engine_counters(w.engine);
    uint64_t listed = 0;
    for (uint32_t i = 0; i < engine_conn_slots(w.engine); i++) {
        struct engine_conn_info info;
        listed += engine_conn_info(w.engine, i, w.sim.now, &info);
    }
    PROPERTY(listed >= c->clients_open + c->endpoints_open && c->clients_open >= c->exchanges_open);
    PROPERTY(c->endpoints_open >= c->endpoints_idle);
}

/* Everybody falls silent. Nothing may be left when every timer has run out. */
static void silence(void)
{
    const struct counters *c = engine_counters(w.engine);
    uint64_t until = w.sim.now + 900 * SEC;
    flush();
    look();
    w.hold = true;
    w.box.refuse = 0;
    engine_set_link(w.engine, 0, true, w.sim.now);
    while (w.sim.now < until && !(engine_idle(w.engine) && !kept() && !c->endpoints_open)) {
        uint64_t next = engine_next_ns(w.engine), soon = w.sim.now + 100 * MS;
        w.sim.now = next > soon ? next : soon;
        engine_tick(w.engine, w.sim.now);
        PROPERTY(engine_next_ns(w.engine) > w.sim.now);
        w.nout = 0;
        check();
    }
    PROPERTY(engine_idle(w.engine));
    PROPERTY(c->clients_open == 0 && c->exchanges_open == 0);
    PROPERTY(c->endpoints_open == 0 && c->endpoints_idle == 0);
    PROPERTY(kept() == 0);
    PROPERTY(c->exchanges == w.logs);
}

static void check_streams(void)
{
    for (unsigned i = 0; i < PEERS; i++) {
        const struct peer *p = &w.peer[i];
        if (p->state == PEER_FREE || w.nlog == LOGS)
            continue;
        if (!p->client)
            check_requests(p);
        else if (!p->unknown)
            check_responses(p);
    }
    for (unsigned i = 0; i < w.nseen && w.nlog < LOGS; i++)
        check_judged(&w.seen[i]);
}

static void start(void)
{
    struct cfg_errors errors;
    struct engine_port port = {.mtu = 1500, .up = true};
    if (!config) {
        story = getenv("FUZZ_STORY");
        config = config_parse("fuzz", text, sizeof text - 1, &errors);
        cfg_errors_print(&errors, stderr);
        cfg_errors_free(&errors);
        PROPERTY(config);
    }
    memset(&w, 0, offsetof(struct world, syn));
    w.npast = w.nout = w.nlog = w.nseen = 0;
    w.logs = 0;
    w.next_port = 3000;
    w.box.see = see;
    sim_init(&w.sim, 1);
    oracle_init(&w.oracle, &w.sim);
    memcpy(port.mac, peer_lacon_mac, 6);
    struct engine_params p = {.config = config,
                              .port = &port,
                              .nworkers = 1,
                              .secret = "thirty-two bytes that are known",
                              .ops = frame_box_ops(&w.box),
                              .log = {.put = on_log},
                              .now_ns = w.sim.now};
    w.engine = engine_create(&p);
    PROPERTY(w.engine);
    settle();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    start();
    while (n >= RECORD) {
        size_t used = RECORD + do_record(bytes, bytes + RECORD, n - RECORD);
        bytes += used;
        n -= used;
    }
    silence();
    tell_counters();
    check_streams();
    engine_destroy(w.engine);
    PROPERTY(w.box.live == 0);
    oracle_fini(&w.oracle);
    sim_fini(&w.sim);
    for (unsigned i = 0; i < PEERS; i++)
        peer_free(&w.peer[i]);
    return 0;
}
