/* What is built: checksums by the definition, and back through the parser the same segment. */
#include <criterion/criterion.h>

#include "agent/base/csum.h"
#include "agent/wire/wire.h"
#include "tests/unit/rnd.h"
#include "tests/unit/wire_rig.h"

/* A frame in memory of its own, with exactly the headroom that wire.h asks for. */
struct buf {
    struct frame f;
    uint8_t *mem;
};

static struct buf buf_with(const void *payload, uint32_t n)
{
    struct buf b = {.mem = malloc(WIRE_MAX_HEADERS + n + 1)};
    cr_assert(b.mem);
    b.f = (struct frame){.data = b.mem + WIRE_MAX_HEADERS, .len = n, .headroom = WIRE_MAX_HEADERS};
    b.f.flags = FRAME_L4_CSUM_OK;
    memcpy(b.f.data, payload, n);
    return b;
}

static struct bytes as_bytes(const struct frame *f)
{
    struct bytes b = {.n = f->len};
    cr_assert_leq(f->len, sizeof b.b);
    memcpy(b.b, f->data, f->len);
    return b;
}

static struct wire_link some_link(uint64_t *seed)
{
    struct wire_link l = {.vlan = rnd(seed) >> 63 ? (uint16_t)(1 + rnd_below(seed, 4094)) : 0};
    rnd_fill(seed, l.dmac, 6);
    rnd_fill(seed, l.smac, 6);
    l.port = (uint16_t)rnd_below(seed, 16);
    return l;
}

static struct tcp_seg some_seg(uint64_t *seed)
{
    static const uint8_t flags[] = {TCP_SYN,           TCP_SYN | TCP_ACK, TCP_ACK,
                                    TCP_ACK | TCP_PSH, TCP_RST,           TCP_FIN | TCP_ACK | TCP_PSH};
    bool v4 = rnd(seed) >> 63;
    uint8_t a[32];
    rnd_fill(seed, a, sizeof a);
    a[0] = a[16] = 0x20; /* IPv6: never mapped */
    struct tcp_seg s = {.src = v4 ? ip_from_v4(a) : ip_from_v6(a),
                        .dst = v4 ? ip_from_v4(a + 16) : ip_from_v6(a + 16)};
    s.flags = flags[rnd_below(seed, sizeof flags)];
    s.sport = (uint16_t)rnd(seed);
    s.dport = (uint16_t)rnd(seed);
    s.seq = (uint32_t)rnd(seed);
    s.ack = (uint32_t)rnd(seed);
    s.wnd = (uint16_t)rnd(seed);
    s.mss = rnd(seed) >> 63 ? (uint16_t)(1 + rnd_below(seed, 65535)) : 0;
    s.wscale = (int8_t)(rnd_below(seed, 16) - 1);
    s.sack_ok = rnd(seed) >> 63;
    s.nsack = (uint8_t)rnd_below(seed, TCP_MAX_SACK + 1);
    for (unsigned i = 0; i < s.nsack; i++) {
        s.sack[i].lo = (uint32_t)rnd(seed);
        s.sack[i].hi = (uint32_t)rnd(seed);
    }
    return s;
}

static void expect_options(const struct tcp_seg *s, const struct pkt *p)
{
    struct tcp_opts o;
    bool syn = s->flags & TCP_SYN;
    cr_assert(wire_tcp_opts(p->opts, &o));
    cr_assert_eq(o.mss, syn ? s->mss : 0);
    cr_assert_eq(o.wscale, syn ? s->wscale : -1);
    cr_assert_eq(o.sack_ok, syn && s->sack_ok);
    cr_assert_eq(o.nsack, syn ? 0 : s->nsack);
    for (unsigned i = 0; i < o.nsack; i++)
        cr_assert(o.sack[i].lo == s->sack[i].lo && o.sack[i].hi == s->sack[i].hi);
}

static void expect_same(const struct tcp_seg *s, const struct wire_link *l, const struct frame *f,
                        const uint8_t *payload, uint32_t n)
{
    struct pkt p;
    struct flow_key want = {
        .remote = s->src, .local = s->dst, .remote_port = s->sport, .local_port = s->dport};
    cr_assert_eq(wire_parse(f, l->vlan, &p), R_NONE);
    cr_assert_eq(p.l4_off + p.l4_len, f->len, "no padding");
    cr_assert(flow_key_eq(&p.key, &want));
    cr_assert(p.seq == s->seq && p.ack == s->ack && p.wnd == s->wnd && p.flags == s->flags);
    cr_assert_eq(p.ttl, WIRE_TTL);
    cr_assert_eq(p.payload_len, n);
    cr_assert_eq(memcmp(f->data + p.payload_off, payload, n), 0);
    cr_assert_eq(p.payload_sum % 0xffff, rig_sum(payload, n, 0) % 0xffff);
    cr_assert(memcmp(p.dmac, l->dmac, 6) == 0 && memcmp(p.smac, l->smac, 6) == 0);
    expect_options(s, &p);
}

Test(wire_build, random_round_trip)
{
    uint64_t seed = 12;
    for (int i = 0; i < 20000; i++) {
        uint8_t payload[1460];
        uint32_t n = (uint32_t)(i % 3 ? rnd_below(&seed, 64) : rnd_below(&seed, sizeof payload + 1));
        rnd_fill(&seed, payload, n);
        struct wire_link l = some_link(&seed);
        struct tcp_seg s = some_seg(&seed);
        struct buf b = buf_with(payload, n);
        wire_push_tcp(&b.f, &l, &s, csum_bytes(payload, n));
        struct bytes raw = as_bytes(&b.f);
        cr_assert(rig_ip_good(&raw));
        cr_assert(rig_l4_good(&raw));
        cr_assert_eq(b.f.port, l.port);
        cr_assert_eq(b.f.flags, 0, "no device has verified this one");
        cr_assert_eq(b.f.data, b.mem + b.f.headroom);
        expect_same(&s, &l, &b.f, payload, n);
        free(b.mem);
    }
}

Test(wire_build, ipv4_header_bytes)
{
    static const uint8_t want[] = {2,    0,    0,    0,    0,    1,    2, 0, 0,   0,  0,   2,    0x81,
                                   0x00, 0x00, 0x64, 0x08, 0x00, 0x45, 0, 0, 41,  0,  0,   0x40, 0,
                                   64,   6,    0,    0,    192,  0,    2, 7, 198, 51, 100, 9};
    struct wire_link l = {.dmac = {2, 0, 0, 0, 0, 1}, .smac = {2, 0, 0, 0, 0, 2}, .vlan = 100};
    struct tcp_seg s = {.src = ip_from_v4(rig_v4), .dst = ip_from_v4(rig_v4 + 4), .flags = TCP_ACK | TCP_URG};
    struct buf b = buf_with("x", 1);
    wire_push_tcp(&b.f, &l, &s, csum_bytes("x", 1));
    struct bytes raw = as_bytes(&b.f);
    rig_fix(&raw); /* right checksums are the definition's, not copied here */
    cr_expect_eq(memcmp(b.f.data, raw.b, raw.n), 0);
    cr_expect_eq(memcmp(raw.b, want, 28), 0);
    cr_expect_eq(memcmp(raw.b + 30, want + 30, sizeof want - 30), 0);
    cr_expect_eq(raw.b[18 + 20 + 13], TCP_ACK, "URG never leaves");
    cr_expect_eq(get_be16(raw.b + 18 + 20 + 18), 0, "nor an urgent pointer");
    free(b.mem);
}

Test(wire_build, ipv6_header_bytes)
{
    static const uint8_t want[] = {0x60, 0, 0, 0, 0, 21, 6, 64};
    struct wire_link l = {.vlan = 0};
    struct tcp_seg s = {.src = ip_from_v6(rig_v6), .dst = ip_from_v6(rig_v6 + 16), .flags = TCP_ACK};
    struct buf b = buf_with("x", 1);
    wire_push_tcp(&b.f, &l, &s, csum_bytes("x", 1));
    cr_expect_eq(get_be16(b.f.data + 12), 0x86dd);
    cr_expect_eq(memcmp(b.f.data + 14, want, sizeof want), 0);
    cr_expect_eq(memcmp(b.f.data + 22, rig_v6, 32), 0);
    free(b.mem);
}

/* Forwarding: what memory did to the payload between parser and builder, the receiver notices. */
Test(wire_build, checksum_protects_end_to_end)
{
    uint64_t seed = 13;
    for (uint32_t n = 1; n < 60; n++) {
        uint8_t payload[60];
        rnd_fill(&seed, payload, n);
        struct bytes in = rig_tcp(n & 1, -1, NULL, 0, payload, n);
        struct wire_link l = some_link(&seed);
        struct tcp_seg s = some_seg(&seed);
        for (unsigned damage = 0; damage < 2; damage++) {
            struct buf b = buf_with(in.b, in.n);
            struct pkt p;
            b.f.flags = (uint16_t)(n & 2 ? FRAME_L4_CSUM_OK : 0);
            cr_assert_eq(wire_parse(&b.f, 0, &p), R_NONE);
            frame_pull(&b.f, p.payload_off);
            b.f.data[rnd_below(&seed, n)] ^= (uint8_t)(damage << rnd_below(&seed, 8));
            wire_push_tcp(&b.f, &l, &s, p.payload_sum);
            cr_expect_eq(wire_parse(&b.f, l.vlan, &p), damage ? R_DROP_L4_CSUM : R_NONE);
            free(b.mem);
        }
    }
}

Test(wire_build, icmp_round_trip)
{
    uint8_t m[12] = {0, 0, 0, 0, 1, 2, 3, 4, 'p', 'o', 'n', 'g'};
    struct wire_link l = {.vlan = 7, .port = 3};
    for (unsigned v4 = 0; v4 < 2; v4++) {
        struct ip_addr src = v4 ? ip_from_v4(rig_v4) : ip_from_v6(rig_v6);
        struct ip_addr dst = v4 ? ip_from_v4(rig_v4 + 4) : ip_from_v6(rig_v6 + 16);
        m[0] = v4 ? 0 : 129;
        put_be16(m + 2, 0);
        uint16_t pseudo = v4 ? 0 : csum_pseudo(&src, &dst, 58, sizeof m);
        put_be16(m + 2, csum_final(csum_add(pseudo, csum_bytes(m, sizeof m))));
        struct buf b = buf_with(m, sizeof m);
        struct pkt p;
        wire_push_ip(&b.f, &l, &src, &dst, v4 ? 1 : 58, 255);
        struct bytes raw = as_bytes(&b.f);
        cr_expect(rig_ip_good(&raw) && rig_l4_good(&raw));
        cr_assert_eq(wire_parse(&b.f, 7, &p), R_NONE);
        cr_expect_eq(p.ttl, 255);
        cr_expect(ip_eq(&p.key.remote, &src) && ip_eq(&p.key.local, &dst));
        cr_expect_eq(b.f.port, 3);
        free(b.mem);
    }
}

/* The headers of one segment again, for another that differs in position, ack, window, PSH and payload. */
Test(wire_build, again_is_what_building_anew_gives)
{
    uint64_t seed = 77;
    for (unsigned round = 0; round < 2000; round++) {
        uint8_t payload[300];
        struct wire_link l = some_link(&seed);
        struct tcp_seg s = some_seg(&seed);
        struct wire_again again;
        uint32_t n = (uint32_t)rnd_below(&seed, sizeof payload);
        rnd_fill(&seed, payload, sizeof payload);
        s.flags = TCP_ACK;
        s.nsack = 0;
        struct buf first = buf_with(payload, n);
        wire_push_tcp(&first.f, &l, &s, csum_bytes(payload, n));
        wire_again_keep(&again, &first.f, &l, &s);
        cr_assert(again.ack == s.ack && again.wnd == s.wnd && again.n == first.f.len - n);

        s.seq = (uint32_t)rnd(&seed);
        s.ack = (uint32_t)rnd(&seed);
        s.wnd = (uint16_t)rnd(&seed);
        s.flags = rnd(&seed) >> 63 ? TCP_ACK : TCP_ACK | TCP_PSH;
        n = (uint32_t)rnd_below(&seed, sizeof payload);
        rnd_fill(&seed, payload, sizeof payload);
        struct buf want = buf_with(payload, n), have = buf_with(payload, n);
        wire_push_tcp(&want.f, &l, &s, csum_bytes(payload, n));
        wire_again_push(&have.f, &again, s.seq, s.ack, s.wnd, s.flags, csum_bytes(payload, n));
        cr_assert(have.f.len == want.f.len && have.f.headroom == want.f.headroom);
        cr_assert(have.f.port == want.f.port && have.f.flags == want.f.flags);
        cr_assert_eq(memcmp(have.f.data, want.f.data, want.f.len), 0, "round %u", round);
        free(first.mem);
        free(want.mem);
        free(have.mem);
    }
}

/* A frame that came with little room before it: nothing outside it is read. */
Test(wire_build, again_is_not_kept_without_room)
{
    uint64_t seed = 78;
    for (unsigned round = 0; round < 200; round++) {
        struct wire_link l = some_link(&seed);
        struct tcp_seg s = some_seg(&seed);
        struct wire_again again;
        uint32_t room = (uint32_t)rnd_below(&seed, WIRE_AGAIN);
        s.flags = TCP_ACK;
        s.nsack = 0;
        struct buf b = buf_with((const uint8_t *)"x", 1);
        wire_push_tcp(&b.f, &l, &s, csum_bytes((const uint8_t *)"x", 1));
        b.f.headroom = room;
        wire_again_keep(&again, &b.f, &l, &s);
        uint32_t headers = b.f.len - 1;
        cr_assert_eq(again.n, room + headers < WIRE_AGAIN ? 0 : headers, "round %u", round);
        free(b.mem);
    }
}
