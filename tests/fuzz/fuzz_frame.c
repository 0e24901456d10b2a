/* Frames of any bytes through the parser, the address checks and net: two interfaces, one with a VLAN tag,
 * both families on each.
 *
 * Input: records of a control byte, a length byte and that many bytes (length 255: all that is left). The
 * control byte says where the frame comes in, whether a device vouches for its checksums, and whether we fill
 * them in, which is how bytes behind a checksum are reached. */
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/csum.h"
#include "agent/net/net.h"
#include "tests/fuzz/frames.h"

enum {
    CTL_PORT = 1,
    CTL_TRUSTED = 2,
    CTL_REPAIR = 4,
    CTL_LINK = 8, /* the other interface goes down, or up again */
    CTL_LATER = 16,
    CTL_NO_FRAME = 32,
    CTL_UNTAGGED = 64, /* the device has taken a tag out */
};

static const uint8_t mac[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
static const struct sip_key key = {3, 7};
static const uint16_t vlan[2] = {0, 7};

struct rig {
    struct net *net;
    struct frame_box box;
    struct counters counters;
    uint64_t now;
    bool up[2];
    uint16_t
        in; /* where the present frame came in: what answers it may leave there, whatever the link says */
};

/* ---- checksums ---- */

static void fix(uint8_t *at, uint16_t sum)
{
    put_be16(at, csum_final(csum_sub(sum, get_be16(at))));
}

static void fix_l4(uint8_t *l4, uint32_t n, uint8_t proto, uint16_t pseudo)
{
    if (proto == 6 && n >= 20)
        fix(l4 + 16, csum_add(pseudo, csum_bytes(l4, n)));
    else if (proto == 1 && n >= 8)
        fix(l4 + 2, csum_bytes(l4, n));
    else if (proto == 58 && n >= 8)
        fix(l4 + 2, csum_add(pseudo, csum_bytes(l4, n)));
}

/* As far as the lengths in the bytes make sense. */
static void repair(uint8_t *p, uint32_t n)
{
    uint32_t l3 = n >= 18 && get_be16(p + 12) == 0x8100 ? 18 : 14;
    if (n < l3 + 20)
        return;
    uint8_t *ip = p + l3;
    uint32_t room = n - l3;
    if (get_be16(ip - 2) == 0x0800 && ip[0] == 0x45) {
        uint32_t total = get_be16(ip + 2);
        fix(ip + 10, csum_bytes(ip, 20));
        if (total >= 20 && total <= room)
            fix_l4(ip + 20, total - 20, ip[9],
                   csum_add(csum_bytes(ip + 12, 8), csum_add(ip[9], (uint16_t)(total - 20))));
    } else if (get_be16(ip - 2) == 0x86dd && room >= 40 && get_be16(ip + 4) <= room - 40) {
        uint32_t len = get_be16(ip + 4);
        fix_l4(ip + 40, len, ip[6], csum_add(csum_bytes(ip + 8, 32), csum_add(ip[6], (uint16_t)len)));
    }
}

/* ---- properties of one frame ---- */

static bool same_sum(uint16_t a, uint16_t b)
{
    return a % 0xffff == b % 0xffff;
}

static void check_sums(const struct frame *f, const struct pkt *p)
{
    const uint8_t *payload = f->data + p->payload_off;
    PROPERTY(same_sum(p->payload_sum, csum_bytes(payload, p->payload_len)));
    for (uint32_t off = 0; off < p->payload_len; off += p->payload_len / 5 + 1)
        for (uint32_t n = 0; off + n <= p->payload_len; n += p->payload_len / 3 + 1)
            PROPERTY(same_sum(wire_payload_sum(f, p, off, n), csum_bytes(payload + off, n)));
}

/* The segment built again from what was parsed reads the same. */
static void check_rebuilt(struct rig *r, const struct frame *f, const struct pkt *p, const struct tcp_opts *o)
{
    struct tcp_seg s = {.src = p->key.remote,
                        .dst = p->key.local,
                        .sport = p->key.remote_port,
                        .dport = p->key.local_port,
                        .seq = p->seq,
                        .ack = p->ack,
                        .wnd = p->wnd,
                        .flags = p->flags,
                        .mss = o->mss,
                        .wscale = o->wscale,
                        .sack_ok = o->sack_ok,
                        .nsack = o->nsack};
    for (unsigned i = 0; i < o->nsack; i++) {
        s.sack[i].lo = o->sack[i].lo;
        s.sack[i].hi = o->sack[i].hi;
    }
    struct wire_link l = {.vlan = vlan[f->port], .port = f->port};
    struct pkt q;
    struct tcp_opts back;
    struct frame *g = frame_make(&r->box, p->payload_len);
    memcpy(frame_put(g, p->payload_len), f->data + p->payload_off, p->payload_len);
    wire_push_tcp(g, &l, &s, csum_bytes(g->data, g->len));
    PROPERTY(wire_parse(g, l.vlan, &q) == R_NONE && wire_tcp_opts(q.opts, &back));
    PROPERTY(flow_key_eq(&p->key, &q.key) && q.seq == p->seq && q.ack == p->ack && q.wnd == p->wnd);
    PROPERTY(q.flags == (p->flags & ~TCP_URG) && q.payload_len == p->payload_len);
    PROPERTY(!(p->flags & TCP_SYN) || (back.mss == o->mss && back.wscale == o->wscale));
    PROPERTY((p->flags & TCP_SYN) || back.nsack == o->nsack);
    frame_box_free(&r->box, g);
}

static void check_tcp(struct rig *r, struct frame *f, const struct pkt *p)
{
    struct tcp_opts o;
    PROPERTY(p->payload_off + p->payload_len == p->l4_off + p->l4_len);
    PROPERTY(p->opts.p >= f->data && p->opts.p + p->opts.n == f->data + p->payload_off);
    if (!(f->flags & FRAME_L4_CSUM_OK))
        check_sums(f, p);
    uint8_t *exact = malloc(p->opts.n + 1u); /* the payload behind them is no red zone */
    PROPERTY(exact);
    memmove(exact, p->opts.p, p->opts.n);
    bool good = wire_tcp_opts(span_of(exact, p->opts.n), &o);
    free(exact);
    if (!good)
        return;
    PROPERTY(o.wscale >= -1 && o.wscale <= 14 && o.nsack <= TCP_MAX_SACK);
    bool only_urg = p->flags == TCP_URG; /* which is never sent on, and alone: nothing is left */
    if (!(f->flags & FRAME_L4_CSUM_OK) && p->payload_len <= FRAME_ROOM && !only_urg)
        check_rebuilt(r, f, p, &o);
}

/* As a listener would do with a SYN: the way back, and the header to send it by. */
static void answer(struct rig *r, const struct frame *f, const struct pkt *p)
{
    struct net_path path;
    struct wire_link l;
    struct ip_addr src;
    if (!net_route_back(r->net, f, p, &path, r->now))
        return;
    if (net_link(r->net, &path, &p->key.remote, &l, r->now))
        PROPERTY(l.port < 2 && l.vlan == vlan[l.port] && memcmp(l.smac, mac[l.port], 6) == 0);
    if (net_source(r->net, &path, &p->key.remote, &src))
        PROPERTY(net_is_ours(r->net, &src) && ip_is_v4(&src) == ip_is_v4(&p->key.remote));
}

/* A frame on its way out is one that we would take in ourselves. */
static void see_sent(void *arg, const struct frame *f)
{
    const struct rig *r = arg;
    struct pkt p;
    PROPERTY(f->port < 2 && (r->up[f->port] || f->port == r->in));
    PROPERTY(f->len >= 14 && memcmp(f->data + 6, mac[f->port], 6) == 0);
    PROPERTY(wire_parse(f, vlan[f->port], &p) == R_NONE && p.proto != WIRE_TCP);
}

static void one_frame(struct rig *r, struct frame *f)
{
    struct pkt p;
    struct net_unreach u;
    enum reason why = wire_parse(f, net_if_vlan(r->net, f->port), &p);
    if (why == R_NONE) {
        PROPERTY(p.l3_off <= p.l4_off && (uint64_t)p.l4_off + p.l4_len <= f->len);
        PROPERTY((uint64_t)p.payload_off + p.payload_len <= f->len);
        if (p.proto == WIRE_TCP)
            check_tcp(r, f, &p);
        why = net_check(r->net, f, &p);
    }
    if (why != R_NONE || p.proto == WIRE_TCP) {
        if (why == R_NONE)
            answer(r, f, &p);
        frame_box_free(&r->box, f);
        return;
    }
    unsigned before = r->box.sent;
    net_input(r->net, f, &p, &u, r->now);
    PROPERTY(r->box.sent - before <= 2);
    if (u.valid)
        PROPERTY(net_is_ours(r->net, &u.key.local) && ip_is_v4(&u.key.local) == ip_is_v4(&u.key.remote));
}

/* ---- the rig ---- */

static struct net_addr prefix(const char *text, uint8_t bits)
{
    struct net_addr a = {.bits = bits};
    PROPERTY(ip_parse(text, strlen(text), &a.addr));
    return a;
}

static void start(struct rig *r)
{
    struct net_if ifs[2] = {
        {.port = 0,
         .naddr = 2,
         .addr = {prefix("10.0.0.1", 120), prefix("fd00::1", 64)},
         .has_gw4 = true,
         .gw4 = prefix("10.0.0.254", 120).addr},
        {.port = 1,
         .naddr = 2,
         .addr = {prefix("10.1.0.1", 112), prefix("fd01::1", 64)},
         .has_gw6 = true,
         .gw6 = prefix("fd01::fe", 64).addr},
    };
    memset(r, 0, sizeof *r);
    r->now = 1000000000;
    r->box.see = see_sent;
    r->box.arg = r;
    for (unsigned i = 0; i < 2; i++) {
        memcpy(ifs[i].mac, mac[i], 6);
        ifs[i].vlan = vlan[i];
        ifs[i].mtu = 1500;
        ifs[i].up = r->up[i] = true;
    }
    struct frame_ops ops = frame_box_ops(&r->box);
    r->net = net_create(ifs, 2, true, &ops, &r->counters, &key, r->now);
    PROPERTY(r->net);
}

static void control(struct rig *r, uint8_t ctl)
{
    r->in = ctl & CTL_PORT;
    uint16_t other = (uint16_t)(1 - r->in);
    r->box.refuse = ctl & CTL_NO_FRAME ? 1 : 0;
    if (ctl & CTL_LINK) {
        r->up[other] = !r->up[other];
        net_set_link(r->net, other, r->up[other], r->now);
    }
    if (ctl & CTL_LATER) {
        r->now += 700000000;
        PROPERTY(net_tick(r->net, r->now) > r->now);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct rig r;
    start(&r);
    while (n >= 2) {
        uint8_t ctl = bytes[0];
        size_t len = bytes[1] == 255 || bytes[1] > n - 2 ? n - 2 : bytes[1];
        if (len > 9000)
            len = 9000;
        control(&r, ctl);
        struct frame *f = frame_receive(&r.box, bytes + 2, (uint32_t)len, r.in);
        if (ctl & CTL_TRUSTED)
            f->flags = FRAME_L4_CSUM_OK;
        if (ctl & CTL_UNTAGGED)
            f->flags |= frame_vlan(vlan[1]);
        if (ctl & CTL_REPAIR)
            repair(f->data, f->len);
        one_frame(&r, f);
        bytes += 2 + len;
        n -= 2 + len;
    }
    PROPERTY(r.box.live == 0);
    net_destroy(r.net);
    return 0;
}
