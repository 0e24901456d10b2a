/* The frame parser: what it finds, what it refuses and why, and that it reads no byte past the frame. */
#include <criterion/criterion.h>

#include "agent/base/csum.h"
#include "agent/wire/wire.h"
#include "tests/unit/rnd.h"
#include "tests/unit/wire_rig.h"

static const uint8_t payload[10] = "abcdefghi";

static struct bytes ping(bool v4)
{
    uint8_t m[12] = {v4 ? 8 : 128, 0, 0, 0, 1, 2, 3, 4, 'p', 'i', 'n', 'g'};
    return rig_ip(v4, -1, v4 ? 1 : 58, m, sizeof m);
}

static struct bytes arp(void)
{
    struct bytes f = {.n = 42,
                      .b = {[12] = 0x08, [13] = 0x06, [14] = 0, [15] = 1, [16] = 8, [18] = 6, [19] = 4}};
    return f;
}

enum base {
    TCP4,
    TCP6,
    ICMP4,
    ICMP6,
    ARP,
    TAGGED,   /* TCP4 on VLAN 100 */
    PRIORITY, /* TCP4 with a tag of VID 0 */
};

static struct bytes base_frame(enum base b)
{
    switch (b) {
    case TCP4:
    case TCP6:
        return rig_tcp(b == TCP4, -1, NULL, 0, payload, sizeof payload);
    case ICMP4:
    case ICMP6:
        return ping(b == ICMP4);
    case ARP:
        return arp();
    case TAGGED:
    case PRIORITY:
        return rig_tcp(true, b == TAGGED ? 100 : 0xe000, NULL, 0, payload, sizeof payload);
    }
    abort();
}

static enum reason parse(const struct bytes *b, uint16_t flags, uint16_t vlan, struct pkt *p)
{
    struct frame f = rig_frame(b, flags);
    return wire_parse(&f, vlan, p);
}

/* One frame: a base, up to three bytes set in it, checksums made right again or not, and bytes cut off (< 0)
 * or added at the end. */
struct row {
    const char *what;
    enum base base;
    struct {
        uint16_t off;
        uint8_t value;
    } set[3];
    bool fix;
    int grow;
    uint16_t vlan;
    enum reason want;
};

#define IP  14
#define T4  34
#define T6  54
#define FIX true

static const struct row rows[] = {
    {"TCP over IPv4", TCP4, {{0}}, false, 0, 0, R_NONE},
    {"TCP over IPv6", TCP6, {{0}}, false, 0, 0, R_NONE},
    {"echo over IPv4", ICMP4, {{0}}, false, 0, 0, R_NONE},
    {"echo over IPv6", ICMP6, {{0}}, false, 0, 0, R_NONE},
    {"ARP", ARP, {{0}}, false, 0, 0, R_NONE},
    {"ARP padded", ARP, {{0}}, false, 18, 0, R_NONE},
    {"ARP cut", ARP, {{0}}, false, -1, 0, R_DROP_SHORT},
    {"Ethernet padding, IPv4", TCP4, {{0}}, false, 20, 0, R_NONE},
    {"Ethernet padding, IPv6", TCP6, {{0}}, false, 1, 0, R_NONE},

    {"VLAN 100", TAGGED, {{0}}, false, 0, 100, R_NONE},
    {"VLAN 100 where untagged is wanted", TAGGED, {{0}}, false, 0, 0, R_DROP_VLAN},
    {"VLAN 100 where 101 is wanted", TAGGED, {{0}}, false, 0, 101, R_DROP_VLAN},
    {"untagged where VLAN 100 is wanted", TCP4, {{0}}, false, 0, 100, R_DROP_VLAN},
    {"priority tag", PRIORITY, {{0}}, false, 0, 0, R_NONE},
    {"priority tag where VLAN 100 is wanted", PRIORITY, {{0}}, false, 0, 100, R_DROP_VLAN},
    {"two tags", TAGGED, {{16, 0x81}, {17, 0x00}}, false, 0, 100, R_DROP_ETHERTYPE},
    {"802.1ad", TCP4, {{12, 0x88}, {13, 0xa8}}, false, 0, 0, R_DROP_ETHERTYPE},
    {"802.3 length", TCP4, {{12, 0x00}, {13, 0x2e}}, false, 0, 0, R_DROP_ETHERTYPE},

    {"IPv4 with version 5", TCP4, {{IP, 0x55}}, false, 0, 0, R_DROP_IP_HEADER},
    {"IPv6 under the type of IPv4", TCP4, {{IP, 0x60}}, false, 0, 0, R_DROP_IP_HEADER},
    {"IPv4 under the type of IPv6", TCP6, {{IP, 0x45}}, false, 0, 0, R_DROP_IP_HEADER},
    {"header length 0", TCP4, {{IP, 0x40}}, false, 0, 0, R_DROP_IP_HEADER},
    {"header length 16", TCP4, {{IP, 0x44}}, false, 0, 0, R_DROP_IP_HEADER},
    {"header length 60 beyond total length", TCP4, {{IP, 0x4f}}, false, 0, 0, R_DROP_IP_HEADER},
    {"total length below the header's", TCP4, {{IP + 3, 19}}, false, 0, 0, R_DROP_IP_HEADER},
    {"total length 0", TCP4, {{IP + 3, 0}}, false, 0, 0, R_DROP_IP_HEADER},
    {"total length one more than there is", TCP4, {{IP + 3, 51}}, false, 0, 0, R_DROP_SHORT},
    {"total length 65535", TCP4, {{IP + 2, 255}, {IP + 3, 255}}, false, 0, 0, R_DROP_SHORT},
    {"IPv4 header damaged", TCP4, {{IP + 8, 56}}, false, 0, 0, R_DROP_IP_CSUM},
    {"IPv4 checksum 0", TCP4, {{IP + 10, 0}, {IP + 11, 0}}, false, 0, 0, R_DROP_IP_CSUM},
    {"IPv4 options", TCP4, {{IP, 0x46}}, FIX, 0, 0, R_DROP_IP_OPTIONS},
    {"first fragment", TCP4, {{IP + 6, 0x20}}, FIX, 0, 0, R_DROP_IP_FRAGMENT},
    {"last fragment", TCP4, {{IP + 6, 0}, {IP + 7, 1}}, FIX, 0, 0, R_DROP_IP_FRAGMENT},
    {"fragment with the highest offset bit", TCP4, {{IP + 6, 0x10}}, FIX, 0, 0, R_DROP_IP_FRAGMENT},
    {"DF not set", TCP4, {{IP + 6, 0}}, FIX, 0, 0, R_NONE},
    {"UDP", TCP4, {{IP + 9, 17}}, FIX, 0, 0, R_DROP_IP_PROTO},
    {"ICMPv6 over IPv4", ICMP4, {{IP + 9, 58}}, FIX, 0, 0, R_DROP_IP_PROTO},

    {"payload length one more than there is", TCP6, {{IP + 5, 31}}, false, 0, 0, R_DROP_SHORT},
    {"payload length 65535", TCP6, {{IP + 4, 255}, {IP + 5, 255}}, false, 0, 0, R_DROP_SHORT},
    {"payload length 0", TCP6, {{IP + 5, 0}}, false, 0, 0, R_DROP_TCP_HEADER},
    {"payload length 0, ICMPv6", ICMP6, {{IP + 5, 0}}, false, 0, 0, R_DROP_ICMP},
    {"jumbogram", TCP6, {{IP + 5, 0}, {IP + 6, 0}}, false, 0, 0, R_DROP_IP_OPTIONS},
    {"hop-by-hop options", TCP6, {{IP + 6, 0}}, false, 0, 0, R_DROP_IP_OPTIONS},
    {"routing header", TCP6, {{IP + 6, 43}}, false, 0, 0, R_DROP_IP_OPTIONS},
    {"IPv6 fragment", TCP6, {{IP + 6, 44}}, false, 0, 0, R_DROP_IP_FRAGMENT},
    {"ESP", TCP6, {{IP + 6, 50}}, false, 0, 0, R_DROP_IP_OPTIONS},
    {"authentication header", TCP6, {{IP + 6, 51}}, false, 0, 0, R_DROP_IP_OPTIONS},
    {"destination options", TCP6, {{IP + 6, 60}}, false, 0, 0, R_DROP_IP_OPTIONS},
    {"mobility header", TCP6, {{IP + 6, 135}}, false, 0, 0, R_DROP_IP_OPTIONS},
    {"no next header", TCP6, {{IP + 6, 59}}, false, 0, 0, R_DROP_IP_PROTO},
    {"ICMPv4 over IPv6", ICMP6, {{IP + 6, 1}}, false, 0, 0, R_DROP_IP_PROTO},

    {"data offset 0", TCP4, {{T4 + 12, 0}}, FIX, 0, 0, R_DROP_TCP_HEADER},
    {"data offset 16", TCP4, {{T4 + 12, 0x40}}, FIX, 0, 0, R_DROP_TCP_HEADER},
    {"data offset past the end", TCP4, {{T4 + 12, 0x80}}, FIX, 0, 0, R_DROP_TCP_HEADER},
    {"data offset into Ethernet padding", TCP4, {{T4 + 12, 0x80}}, FIX, 2, 0, R_DROP_TCP_HEADER},
    {"data offset past the end, IPv6", TCP6, {{T6 + 12, 0xf0}}, FIX, 0, 0, R_DROP_TCP_HEADER},
    {"TCP header of 19 bytes", TCP4, {{IP + 3, 39}}, FIX, 0, 0, R_DROP_TCP_HEADER},
    {"TCP header and nothing else", TCP4, {{IP + 3, 40}}, FIX, 0, 0, R_NONE},
    {"no flags", TCP4, {{T4 + 13, 0}}, FIX, 0, 0, R_DROP_TCP_HEADER},
    {"ECN flags alone", TCP4, {{T4 + 13, 0xc0}}, FIX, 0, 0, R_DROP_TCP_HEADER},
    {"SYN and FIN", TCP4, {{T4 + 13, 0x03}}, FIX, 0, 0, R_DROP_TCP_HEADER},
    {"SYN and RST", TCP4, {{T4 + 13, 0x06}}, FIX, 0, 0, R_DROP_TCP_HEADER},
    {"SYN, RST and ACK", TCP6, {{T6 + 13, 0x16}}, FIX, 0, 0, R_DROP_TCP_HEADER},
    {"all flags", TCP6, {{T6 + 13, 0xff}}, FIX, 0, 0, R_DROP_TCP_HEADER},
    {"SYN alone", TCP4, {{T4 + 13, 0x02}}, FIX, 0, 0, R_NONE},
    {"SYN that asks for ECN", TCP4, {{T4 + 13, 0xc2}}, FIX, 0, 0, R_NONE},
    {"RST alone", TCP4, {{T4 + 13, 0x04}}, FIX, 0, 0, R_NONE},
    {"FIN and ACK", TCP6, {{T6 + 13, 0x11}}, FIX, 0, 0, R_NONE},

    {"TCP header damaged", TCP4, {{T4 + 4, 0x99}}, false, 0, 0, R_DROP_L4_CSUM},
    {"payload damaged", TCP4, {{T4 + 20, 'A'}}, false, 0, 0, R_DROP_L4_CSUM},
    {"last odd byte damaged", TCP6, {{T6 + 29, 'A'}}, false, 0, 0, R_DROP_L4_CSUM},
    {"address damaged, IPv6", TCP6, {{IP + 9, 9}}, false, 0, 0, R_DROP_L4_CSUM},
    {"checksum field never filled in", TCP4, {{T4 + 16, 0}, {T4 + 17, 0}}, false, 0, 0, R_DROP_L4_CSUM},
    {"echo damaged", ICMP4, {{T4 + 8, 'P'}}, false, 0, 0, R_DROP_L4_CSUM},
    {"echo damaged, IPv6", ICMP6, {{T6 + 8, 'P'}}, false, 0, 0, R_DROP_L4_CSUM},
    {"ICMP of 7 bytes", ICMP4, {{IP + 3, 27}}, FIX, 0, 0, R_DROP_ICMP},
    {"ICMP of 8 bytes", ICMP4, {{IP + 3, 28}}, FIX, 0, 0, R_NONE},
    {"ICMPv6 of 7 bytes", ICMP6, {{IP + 5, 7}}, FIX, 0, 0, R_DROP_ICMP},
};

Test(wire_parse, rows)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        struct bytes b = base_frame(r->base);
        for (unsigned j = 0; j < 3; j++)
            if (r->set[j].off)
                b.b[r->set[j].off] = r->set[j].value;
        if (r->fix)
            rig_fix(&b);
        b.n = (uint32_t)((int)b.n + r->grow);
        struct pkt p;
        enum reason got = parse(&b, 0, r->vlan, &p);
        cr_expect_eq(got, r->want, "%s: %s, not %s", r->what, reason_name(got), reason_name(r->want));
    }
}

/* An IPv6 packet from or to ::ffff:a.b.c.d would pass for IPv4 in every table. */
Test(wire_parse, mapped_addresses_do_not_pass)
{
    for (unsigned which = 0; which < 2; which++) {
        struct bytes b = base_frame(TCP6);
        struct ip_addr mapped = ip_from_v4(rig_v4);
        struct pkt p;
        memcpy(b.b + IP + 8 + 16 * which, mapped.b, 16);
        rig_fix(&b);
        cr_expect_eq(parse(&b, 0, 0, &p), which ? R_DROP_NOT_OURS : R_DROP_IP_SOURCE);
    }
}

Test(wire_parse, every_truncation_is_short)
{
    static const enum base bases[] = {TCP4, TCP6, ICMP4, ICMP6, ARP};
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        struct bytes whole = base_frame(bases[i]), b = whole;
        for (b.n = 0; b.n < whole.n; b.n++) {
            struct pkt p;
            cr_expect_eq(parse(&b, 0, 0, &p), R_DROP_SHORT, "base %zu, %u bytes", i, b.n);
            cr_expect_eq(parse(&b, FRAME_L4_CSUM_OK, 0, &p), R_DROP_SHORT);
        }
    }
    struct bytes b = base_frame(TAGGED);
    struct pkt p;
    for (b.n = 14; b.n < 18; b.n++)
        cr_expect_eq(parse(&b, 0, 100, &p), R_DROP_SHORT);
}

static void expect_tcp_fields(bool v4, int vlan, uint32_t pad)
{
    static const uint8_t opts[8] = {1, 1, 1, 1, 1, 1, 1, 0};
    struct bytes b = rig_tcp(v4, vlan, opts, sizeof opts, payload, sizeof payload);
    b.n += pad;
    struct frame f = rig_frame(&b, 0);
    struct pkt p;
    uint32_t l3 = vlan < 0 ? 14 : 18, l4 = l3 + (v4 ? 20 : 40);
    struct ip_addr src = v4 ? ip_from_v4(rig_v4) : ip_from_v6(rig_v6);
    struct ip_addr dst = v4 ? ip_from_v4(rig_v4 + 4) : ip_from_v6(rig_v6 + 16);
    cr_assert_eq(wire_parse(&f, (uint16_t)(vlan < 0 ? 0 : vlan), &p), R_NONE);
    cr_expect_eq(p.proto, WIRE_TCP);
    cr_expect_eq(p.v4, v4);
    cr_expect_eq(p.ttl, 57);
    cr_expect_eq(p.flags, TCP_ACK | TCP_PSH);
    cr_expect_eq(p.l3_off, l3);
    cr_expect_eq(p.l4_off, l4);
    cr_expect_eq(p.payload_off, l4 + 28);
    cr_expect_eq(p.l4_len, 38);
    cr_expect_eq(p.payload_len, 10);
    struct flow_key want = {.remote = src, .local = dst, .remote_port = 4001, .local_port = 80};
    cr_expect(flow_key_eq(&p.key, &want));
    cr_expect_eq(p.seq, 0x11223344);
    cr_expect_eq(p.ack, 0x55667788);
    cr_expect_eq(p.wnd, 0x1234);
    cr_expect_eq(p.payload_sum, rig_sum(payload, 10, 0));
    cr_expect(span_eq(p.opts, span_of(opts, 8)));
    cr_expect_eq(p.dmac, f.data);
    cr_expect_eq(p.smac, f.data + 6);
}

Test(wire_parse, tcp_fields)
{
    for (unsigned v4 = 0; v4 < 2; v4++) {
        expect_tcp_fields(v4, -1, 0);
        expect_tcp_fields(v4, 4094, 0);
        expect_tcp_fields(v4, -1, 7);
    }
}

Test(wire_parse, icmp_and_arp_fields)
{
    struct pkt p;
    for (unsigned v4 = 0; v4 < 2; v4++) {
        struct bytes b = ping(v4);
        cr_assert_eq(parse(&b, 0, 0, &p), R_NONE);
        cr_expect_eq(p.proto, v4 ? WIRE_ICMP4 : WIRE_ICMP6);
        cr_expect_eq(p.l4_len, 12);
        cr_expect_eq(p.payload_off, p.l4_off + 8);
        cr_expect_eq(p.payload_len, 4);
        struct flow_key want = {.remote = v4 ? ip_from_v4(rig_v4) : ip_from_v6(rig_v6),
                                .local = v4 ? ip_from_v4(rig_v4 + 4) : ip_from_v6(rig_v6 + 16)};
        cr_expect(flow_key_eq(&p.key, &want));
    }
    struct bytes b = arp();
    cr_assert_eq(parse(&b, 0, 0, &p), R_NONE);
    cr_expect_eq(p.proto, WIRE_ARP);
    cr_expect_eq(p.l3_off, 14);
}

/* The reserved flags are not handed on: splice must not mistake an ECN-setup SYN for something else. */
Test(wire_parse, ecn_flags_are_masked)
{
    struct bytes b = base_frame(TCP4);
    struct pkt p;
    b.b[T4 + 13] = 0xc2;
    rig_fix(&b);
    cr_assert_eq(parse(&b, 0, 0, &p), R_NONE);
    cr_expect_eq(p.flags, TCP_SYN);
}

static bool same_sum(uint16_t a, uint16_t b)
{
    return a % 0xffff == b % 0xffff;
}

/* A device's word: damage is the device's to find, and payload_sum comes from the sender's checksum, not from
 * the bytes, so it still tells. */
Test(wire_parse, device_verified)
{
    struct bytes b = base_frame(TCP4);
    struct pkt p;
    b.b[T4 + 20] ^= 0x40;
    cr_expect_eq(parse(&b, 0, 0, &p), R_DROP_L4_CSUM);
    cr_assert_eq(parse(&b, FRAME_L4_CSUM_OK, 0, &p), R_NONE);
    cr_expect(same_sum(p.payload_sum, (uint16_t)rig_sum(payload, 10, 0)));
    b = ping(true);
    b.b[T4 + 8] ^= 1;
    cr_expect_eq(parse(&b, FRAME_L4_CSUM_OK, 0, &p), R_DROP_L4_CSUM, "its word is for TCP");
}

/* Offload on the same machine: marked good, the field still 0 or the bare pseudo-header sum. */
Test(wire_parse, device_verified_but_field_not_filled_in)
{
    for (unsigned v4 = 0; v4 < 2; v4++)
        for (unsigned partial = 0; partial < 2; partial++) {
            struct bytes b = base_frame(v4 ? TCP4 : TCP6);
            struct pkt p;
            put_be16(b.b + rig_l4(&b) + 16, partial ? (uint16_t)rig_pseudo_sum(&b) : 0);
            cr_expect_eq(parse(&b, 0, 0, &p), R_DROP_L4_CSUM);
            cr_assert_eq(parse(&b, FRAME_L4_CSUM_OK, 0, &p), R_NONE);
            cr_expect(same_sum(p.payload_sum, (uint16_t)rig_sum(payload, 10, 0)));
        }
}

Test(wire_parse, payload_sum_of_every_part)
{
    uint64_t seed = 9;
    for (uint32_t n = 0; n <= 41; n++) {
        uint8_t data[41];
        rnd_fill(&seed, data, sizeof data);
        if (n % 4 == 0)
            memset(data, n % 8 ? 0xff : 0, sizeof data);
        struct bytes b = rig_tcp(n & 1, -1, NULL, 0, data, n);
        struct frame f = rig_frame(&b, 0);
        struct pkt p;
        cr_assert_eq(wire_parse(&f, 0, &p), R_NONE);
        for (uint32_t off = 0; off <= n; off++)
            for (uint32_t len = 0; off + len <= n; len++)
                cr_assert(same_sum(wire_payload_sum(&f, &p, off, len), (uint16_t)rig_sum(data + off, len, 0)),
                          "[%u, +%u) of %u", off, len, n);
    }
}

/* What everything behind the parser relies on. */
static void expect_inside(const struct frame *f, const struct pkt *p)
{
    cr_assert_leq(p->l3_off, f->len);
    cr_assert_geq(p->l4_off, p->l3_off);
    cr_assert_leq(p->l4_off + p->l4_len, f->len);
    cr_assert_geq(p->payload_off, p->l4_off);
    if (p->proto == WIRE_ARP)
        return;
    cr_assert_eq(p->payload_off + p->payload_len, p->l4_off + p->l4_len);
    cr_assert_eq(ip_is_v4(&p->key.remote), p->v4);
    cr_assert_eq(ip_is_v4(&p->key.local), p->v4);
    if (p->proto == WIRE_TCP) {
        cr_assert_eq(p->opts.p + p->opts.n, f->data + p->payload_off);
        cr_assert_neq(p->flags, 0);
    }
}

/* Frames with a few bytes changed and cut anywhere, in half of them checksums made right again so that the
 * deep checks are reached. */
static struct bytes damaged(uint64_t *seed, int i)
{
    uint8_t opts[40];
    rnd_fill(seed, opts, sizeof opts);
    bool v4 = rnd(seed) >> 63;
    struct bytes b = i % 4 ? rig_tcp(v4, i % 3 ? -1 : 0, opts, 4 * (uint32_t)rnd_below(seed, 11), opts, 40)
                           : base_frame((enum base)rnd_below(seed, ARP + 1));
    for (uint64_t n = rnd_below(seed, 4); n > 0; n--)
        b.b[12 + rnd_below(seed, 60)] = (uint8_t)rnd(seed);
    if (i % 2 && rig_l4(&b) < 200 && b.b[12] != 0x81)
        rig_fix(&b);
    if (rnd_below(seed, 4) == 0)
        b.n = (uint32_t)rnd_below(seed, b.n + 1);
    return b;
}

Test(wire_parse, random_damage_stays_inside)
{
    uint64_t seed = 10, good = 0;
    for (int i = 0; i < 300000; i++) {
        struct bytes b = damaged(&seed, i);
        struct frame f = rig_frame(&b, rnd(&seed) >> 63 ? FRAME_L4_CSUM_OK : 0);
        struct pkt p;
        struct tcp_opts o;
        if (wire_parse(&f, 0, &p) != R_NONE)
            continue;
        good++;
        expect_inside(&f, &p);
        if (p.proto == WIRE_TCP && wire_tcp_opts(p.opts, &o))
            cr_assert(o.nsack <= TCP_MAX_SACK && o.wscale >= -1 && o.wscale <= 14);
    }
    cr_expect_gt(good, 50000);
}

/* ---- the hook "parse": with a device that says what is true, every answer is that of plain software ---- */

static void expect_same(struct pkt a, struct pkt b)
{
    cr_assert(same_sum(a.payload_sum, b.payload_sum));
    a.payload_sum = b.payload_sum;
    cr_assert_arr_eq(&a, &b, sizeof a);
}

/* A word that such a device may say of this frame; of what is not TCP, or not whole, it may say anything. */
static uint16_t true_word(enum reason soft, const struct pkt *p, uint64_t *seed)
{
    static const uint16_t any[] = {0, FRAME_L4_CSUM_OK, FRAME_L4_CSUM_BAD};
    uint16_t word = any[rnd_below(seed, 3)];
    if (soft == R_DROP_L4_CSUM)
        return word == FRAME_L4_CSUM_OK ? 0 : word;
    return soft == R_NONE && p->proto == WIRE_TCP && word == FRAME_L4_CSUM_BAD ? 0 : word;
}

Test(wire_parse, what_a_device_says_truly_changes_no_answer)
{
    uint64_t seed = 11, believed = 0, bad = 0;
    for (int i = 0; i < 300000; i++) {
        struct bytes b = damaged(&seed, i);
        struct frame f = rig_frame(&b, 0);
        struct pkt soft, device;
        enum reason r = wire_parse(&f, 0, &soft);
        f.flags = true_word(r, &soft, &seed);
        cr_assert_eq(wire_parse(&f, 0, &device), r, "frame %d: %s", i, reason_name(r));
        bad += r == R_DROP_L4_CSUM;
        if (r != R_NONE)
            continue;
        expect_same(soft, device);
        believed += f.flags == FRAME_L4_CSUM_OK;
        cr_assert(device.proto != WIRE_TCP || wire_payload_right(&f, &device));
    }
    cr_expect_gt(believed, 10000);
    cr_expect_gt(bad, 10000);
}

/* Said to be right, and wrong: found by whoever looks. */
Test(wire_parse, a_wrong_word_is_found)
{
    uint64_t seed = 12;
    for (int i = 0; i < 20000; i++) {
        struct bytes b = base_frame(i % 2 ? TCP4 : TCP6);
        struct pkt p;
        uint32_t l4 = rig_l4(&b);
        b.b[l4 + rnd_below(&seed, b.n - l4)] ^= (uint8_t)(1u << rnd_below(&seed, 8));
        struct frame f = rig_frame(&b, FRAME_L4_CSUM_OK);
        if (wire_parse(&f, 0, &p) == R_NONE)
            cr_assert(!wire_payload_right(&f, &p), "byte by byte");
    }
}

/* The tag is where the device put it, or where it was. */
Test(wire_parse, a_tag_taken_out_is_a_tag)
{
    static const struct {
        enum base base;
        uint16_t flags, vlan;
        enum reason want;
    } row[] = {
        {TCP4, FRAME_VLAN_STRIPPED | 100 << FRAME_VLAN_SHIFT, 100, R_NONE},
        {TCP4, FRAME_VLAN_STRIPPED | 4095 << FRAME_VLAN_SHIFT, 4095, R_NONE},
        {TCP4, FRAME_VLAN_STRIPPED | 100 << FRAME_VLAN_SHIFT, 0, R_DROP_VLAN},
        {TCP4, FRAME_VLAN_STRIPPED | 101 << FRAME_VLAN_SHIFT, 100, R_DROP_VLAN},
        {TCP4, FRAME_VLAN_STRIPPED, 0, R_NONE}, /* a priority tag */
        {TCP4, FRAME_VLAN_STRIPPED, 100, R_DROP_VLAN},
        {ARP, FRAME_VLAN_STRIPPED | 7 << FRAME_VLAN_SHIFT, 7, R_NONE},
        {TAGGED, FRAME_VLAN_STRIPPED | 100 << FRAME_VLAN_SHIFT, 100, R_DROP_ETHERTYPE}, /* a second one */
        {TAGGED, 0, 100, R_NONE},
    };
    for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
        struct bytes b = base_frame(row[i].base);
        struct pkt p;
        cr_expect_eq(parse(&b, row[i].flags, row[i].vlan, &p), row[i].want, "row %u", i);
        cr_expect_eq(parse(&b, row[i].flags | FRAME_L4_CSUM_OK, row[i].vlan, &p), row[i].want, "row %u", i);
    }
}
