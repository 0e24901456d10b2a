/* A script: records of eight bytes, what (enum op), who, six arguments. Every record can be carried out,
 * whatever its bytes are: numbers count modulo what there is, and what is impossible at the moment does
 * nothing. */
#include "tests/fuzz/engine/ops.h"

#include "tests/fuzz/engine/world.h"

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
    buf_put(&w.old_first, p->first.p, p->first.n);
    buf_put(&w.old_mark, p->mark.p, p->mark.n);
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
    bool (*script)(struct buf *, unsigned, unsigned, unsigned) = p->client ? say_request : say_response;
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

/* The next bytes of the stream in two to four pieces of one size, in another order than they stand, each
 * perhaps twice, and the second time perhaps with another byte in it. */
static void do_shuffle(struct peer *p, const uint8_t *arg)
{
    unsigned pieces = 2 + (arg[0] & 3u) % 3, size = 1 + arg[1] * (arg[0] & 4 ? 5u : 1u),
             first = arg[2] % pieces;
    uint64_t from = p->nxt, room = p->edge > from ? p->edge - from : 0;
    uint8_t other[1460];
    if (p->fin)
        return;
    for (unsigned i = 0; i < pieces; i++) {
        unsigned k = (first + i * (pieces - 1)) % pieces;
        uint64_t at = from + k * size;
        struct seg s = peer_seg(p, at, SEG_ACK);
        peer_payload(p, &s, at, size);
        if (!s.len || k * size + s.len > room)
            continue;
        if (p->nxt < at + s.len)
            p->nxt = at + s.len;
        emit(p, &s);
        if (!(arg[3] >> i & 1))
            continue;
        peer_payload(p, &s, at, size); /* the stream may have moved in memory */
        if (arg[3] >> (4 + i) & 1)
            lie(other, &s, arg[4]);
        emit(p, &s);
    }
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
    oracle_call(&w.oracle, 0);
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
    w.defer = 0; /* what it says comes now: it is gone then */
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

static void do_raw(struct peer *p, const uint8_t *bytes, size_t n)
{
    if (p->say.n < PEER_STREAM - 20000)
        buf_put(&p->say, bytes, n);
    w.raw = true;
    loosen();
}

/* Operations that need no connection. */
static bool do_anytime(uint8_t op, struct peer *p, const uint8_t *arg)
{
    switch (op) {
    case OP_SAY:
        do_say(p, arg);
        return true;
    case OP_TIME:
        do_time(arg);
        return true;
    case OP_MODE:
        do_mode(p, arg);
        return true;
    case OP_ICMP:
        if (p->state != PEER_FREE)
            do_icmp(p, arg);
        return true;
    case OP_BURST:
        w.hold = arg[0] & 1;
        if (!w.hold)
            flush();
        return true;
    case OP_AGAIN:
        emit_again(arg[0]);
        return true;
    case OP_FLOOD:
        do_flood(arg);
        return true;
    case OP_DEFER:
        w.defer = arg[0] % LATE;
        return true;
    case OP_ARRIVE:
        emit_late(arg[0]);
        return true;
    case OP_RESTART:
        if (arg[0] == 1)
            world_restart();
        return true;
    default:
        return false;
    }
}

static void do_open(uint8_t op, struct peer *p, const uint8_t *arg)
{
    switch (op) {
    case OP_FLOW:
        do_flow(p, arg);
        break;
    case OP_RESEND:
        do_resend(p, arg);
        break;
    case OP_SEGMENT:
        do_segment(p, arg);
        break;
    case OP_ACK:
        do_ack(p, arg);
        break;
    case OP_FIN:
        emit_fin(p);
        break;
    case OP_RESET:
        do_reset(p, arg);
        break;
    case OP_SHUFFLE:
        do_shuffle(p, arg);
        break;
    default:
        break;
    }
}

size_t op_tail(const uint8_t *r, size_t n)
{
    if (r[0] % OPS != OP_RAW)
        return 0;
    return r[2] < n ? r[2] : n;
}

size_t op_run(const uint8_t *r, size_t n)
{
    uint8_t op = r[0] % OPS;
    struct peer *p = who(r[1]);
    const uint8_t *arg = r + 2;
    size_t tail = op_tail(r, n - OP_BYTES);
    if (op == OP_CONNECT) {
        do_connect(r[1], arg);
    } else if (op == OP_RAW) {
        do_raw(p, r + OP_BYTES, tail);
    } else if (op == OP_USUAL) { /* a request, and all of it is sent */
        do_say(p, arg);
        if (p->state == PEER_OPEN || p->state == PEER_GONE)
            do_flow(p, (const uint8_t[]){23, 0, 1});
    } else if (!do_anytime(op, p, arg) && (p->state == PEER_OPEN || p->state == PEER_GONE)) {
        do_open(op, p, arg);
    }
    return OP_BYTES + tail;
}
