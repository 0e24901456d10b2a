/* What is not believed: foreign addresses, ICMP errors about segments that are not ours, malformed frames of
 * every kind. */
#include "tests/unit/net_rig.h"

/* ---- the check of addresses ---- */

Test(net, check_rows)
{
    const struct {
        uint16_t port;
        const uint8_t *dmac;
        const char *from, *to;
        enum reason why;
    } row[] = {
        {0, MAC0, "192.0.2.9", "192.0.2.1", R_CONSUMED},
        {0, MAC0, "203.0.113.9", "198.51.100.1", R_CONSUMED}, /* on the other arm, still ours */
        {1, MAC1, "198.51.100.9", "198.51.100.1", R_CONSUMED},
        {0, MAC1, "192.0.2.9", "192.0.2.1", R_DROP_DMAC},
        {0, PEER, "192.0.2.9", "192.0.2.1", R_DROP_DMAC},
        {0, BCAST, "192.0.2.9", "192.0.2.1", R_DROP_DMAC},
        {0, OUR_NODE, "192.0.2.9", "192.0.2.1", R_DROP_DMAC},
        {0, MAC0, "192.0.2.9", "192.0.2.2", R_DROP_NOT_OURS},
        {0, MAC0, "192.0.2.9", "192.0.2.255", R_DROP_NOT_OURS},
        {0, MAC0, "192.0.2.9", "224.0.0.1", R_DROP_NOT_OURS},
        {0, MAC0, "192.0.2.1", "192.0.2.1", R_DROP_IP_SOURCE},
        {0, MAC0, "198.51.100.1", "192.0.2.1", R_DROP_IP_SOURCE},
        {0, MAC0, "192.0.2.255", "192.0.2.1", R_DROP_IP_SOURCE},
        {0, MAC0, "198.51.100.255", "192.0.2.1", R_DROP_IP_SOURCE},
        {0, MAC0, "255.255.255.255", "192.0.2.1", R_DROP_IP_SOURCE},
        {0, MAC0, "224.0.0.9", "192.0.2.1", R_DROP_IP_SOURCE},
        {0, MAC0, "127.0.0.1", "192.0.2.1", R_DROP_IP_SOURCE},
        {0, MAC0, "0.0.0.0", "192.0.2.1", R_DROP_IP_SOURCE},
        {0, MAC0, "2001:db8::9", "2001:db8::1", R_CONSUMED},
        {0, MAC0, "fe80::9", LL0, R_CONSUMED},
        {0, MAC0, "fe80::9", LL1, R_DROP_NOT_OURS},
        {0, MAC0, "2001:db8::9", "2001:db8::2", R_DROP_NOT_OURS},
        {0, MAC0, "2001:db8::9", "ff02::2", R_DROP_NOT_OURS},
        {0, ALL_NODES, "2001:db8::9", "2001:db8::1", R_DROP_DMAC},
        {0, ALL_NODES, "2001:db8::9", "ff02::1", R_DROP_ICMP}, /* echo to a group: not answered */
        {0, OUR_NODE, "2001:db8::9", "ff02::1:ff00:1", R_DROP_ICMP},
        {0, OUR_NODE, "2001:db8::9", "ff02::1", R_DROP_DMAC},
        {0, MAC0, "2001:db8::1", "2001:db8::1", R_DROP_IP_SOURCE},
        {0, MAC0, LL0, LL0, R_DROP_IP_SOURCE},
        {0, MAC0, "::1", "2001:db8::1", R_DROP_IP_SOURCE},
        {0, MAC0, "::", "2001:db8::1", R_DROP_IP_SOURCE},
        {0, MAC0, "ff02::1", "2001:db8::1", R_DROP_IP_SOURCE},
        {9, MAC0, "192.0.2.9", "192.0.2.1", R_DROP_NOT_OURS},
    };
    struct rig *r = rig_new(true, false);
    for (unsigned k = 0; k < sizeof row / sizeof row[0]; k++) {
        bool v4 = strchr(row[k].from, '.') != NULL;
        r->nsent = 0;
        enum reason why = rig_ip(r, row[k].port, row[k].dmac, PEER, row[k].from, row[k].to, v4 ? 1 : 58, 64,
                                 v4 ? ECHO4 : ECHO6, 16);
        cr_expect_eq(why, row[k].why, "row %u, %s to %s: %s", k, row[k].from, row[k].to, reason_name(why));
        cr_expect_eq(r->nsent, row[k].why == R_CONSUMED, "row %u", k);
    }
    rig_end(r);
}

/* ---- what ICMP errors quote ---- */

/* An error about a segment of ours with `tcp` bytes of it quoted; returns its length. */
static uint32_t error_about(bool v4, uint8_t type, uint8_t code, uint32_t info, const char *src,
                            const char *dst, uint8_t proto, uint32_t tcp, uint8_t *b)
{
    static const uint8_t segment[20] = {0x9c, 0x40, 0x1f, 0x90, 0xde, 0xad, 0xbe, 0xef};
    struct ip_addr s = ip(src), d = ip(dst);
    memset(b, 0, 8 + 40);
    b[0] = type;
    b[1] = code;
    put_be32(b + 4, info);
    uint8_t *q = b + 8;
    if (v4) {
        q[0] = 0x45;
        put_be16(q + 2, 1500);
        put_be16(q + 6, 0x4000);
        q[8] = 61;
        q[9] = proto;
        memcpy(q + 12, s.b + 12, 4);
        memcpy(q + 16, d.b + 12, 4);
        q += 20;
    } else {
        q[0] = 0x60;
        put_be16(q + 4, 1460);
        q[6] = proto;
        memcpy(q + 8, s.b, 16);
        memcpy(q + 24, d.b, 16);
        q += 40;
    }
    memcpy(q, segment, tcp);
    return (uint32_t)(q - b) + tcp;
}

Test(net, errors_about_our_segments)
{
    const struct {
        const char *what;
        bool v4;
        uint8_t type, code;
        uint32_t info;
        uint8_t proto;
        uint32_t tcp;
        bool valid, hard;
        uint16_t mtu;
    } row[] = {
        {"net", true, 3, 0, 0, 6, 8, true, true, 0},
        {"host", true, 3, 1, 0, 6, 8, true, true, 0},
        {"port", true, 3, 3, 0, 6, 20, true, true, 0},
        {"prohibited", true, 3, 13, 0, 6, 8, true, true, 0},
        {"too big", true, 3, 4, 1400, 6, 8, true, false, 1400},
        {"too big for nothing", true, 3, 4, 0, 6, 8, false, false, 0},
        {"too big for 67", true, 3, 4, 67, 6, 8, false, false, 0},
        {"time exceeded", true, 11, 0, 0, 6, 8, false, false, 0},
        {"redirect", true, 5, 1, 0, 6, 8, false, false, 0},
        {"about UDP", true, 3, 3, 0, 17, 8, false, false, 0},
        {"seven bytes", true, 3, 3, 0, 6, 7, false, false, 0},
        {"no bytes", true, 3, 3, 0, 6, 0, false, false, 0},
        {"no route", false, 1, 0, 0, 6, 8, true, true, 0},
        {"port", false, 1, 4, 0, 6, 20, true, true, 0},
        {"too big", false, 2, 0, 1300, 6, 8, true, false, 1300},
        {"too big for 1279", false, 2, 0, 1279, 6, 8, false, false, 0},
        {"too big for a jumbogram", false, 2, 0, 70000, 6, 8, true, false, 65535},
        {"time exceeded", false, 3, 0, 0, 6, 8, false, false, 0},
        {"about UDP", false, 1, 4, 0, 17, 8, false, false, 0},
        {"seven bytes", false, 1, 4, 0, 6, 7, false, false, 0},
        {"redirect", false, 137, 0, 0, 6, 8, false, false, 0},
    };
    struct rig *r = rig_new(true, false);
    for (unsigned k = 0; k < sizeof row / sizeof row[0]; k++) {
        const char *us = row[k].v4 ? "192.0.2.1" : "2001:db8::1";
        const char *peer = row[k].v4 ? "203.0.113.80" : "2600::80";
        uint8_t b[128];
        uint32_t n = error_about(row[k].v4, row[k].type, row[k].code, row[k].info, us, peer, row[k].proto,
                                 row[k].tcp, b);
        enum reason why =
            rig_ip(r, 0, MAC0, GW, row[k].v4 ? "203.0.113.1" : "2600::1", us, row[k].v4 ? 1 : 58, 60, b, n);
        cr_expect_eq(why, row[k].valid ? R_CONSUMED : R_DROP_ICMP, "%s: %s", row[k].what, reason_name(why));
        cr_expect_eq(r->u.valid, row[k].valid, "row %u %s", k, row[k].what);
        cr_expect_eq(r->u.hard, row[k].hard, "row %u %s", k, row[k].what);
        cr_expect_eq(r->u.mtu, row[k].mtu, "row %u %s", k, row[k].what);
        if (!row[k].valid)
            continue;
        struct flow_key want = {
            .remote = ip(peer), .local = ip(us), .remote_port = 8080, .local_port = 40000};
        cr_expect(flow_key_eq(&r->u.key, &want), "row %u %s", k, row[k].what);
        cr_expect_eq(r->u.seq, 0xdeadbeef);
    }
    cr_expect_eq(r->nsent, 0);
    rig_end(r);
}

Test(net, errors_with_quotes_that_cannot_be_ours)
{
    struct rig *r = rig_new(true, false);
    uint8_t b[128];
    uint32_t n = error_about(true, 3, 3, 0, "192.0.2.9", "203.0.113.80", 6, 8, b);
    cr_expect_eq(rig_ip(r, 0, MAC0, GW, "203.0.113.1", "192.0.2.1", 1, 60, b, n), R_DROP_ICMP, "another's");
    n = error_about(true, 3, 3, 0, "198.51.100.1", "203.0.113.80", 6, 8, b);
    cr_expect_eq(rig_ip(r, 0, MAC0, GW, "203.0.113.1", "192.0.2.1", 1, 60, b, n), R_DROP_ICMP,
                 "of ours, but not the one that the error came to");
    n = error_about(true, 3, 3, 0, "192.0.2.1", "203.0.113.80", 6, 8, b);
    b[8] = 0x65;
    cr_expect_eq(rig_ip(r, 0, MAC0, GW, "203.0.113.1", "192.0.2.1", 1, 60, b, n), R_DROP_ICMP, "version");
    b[8] = 0x44;
    cr_expect_eq(rig_ip(r, 0, MAC0, GW, "203.0.113.1", "192.0.2.1", 1, 60, b, n), R_DROP_ICMP,
                 "short header");
    b[8] = 0x4f;
    cr_expect_eq(rig_ip(r, 0, MAC0, GW, "203.0.113.1", "192.0.2.1", 1, 60, b, n), R_DROP_ICMP,
                 "header past end");
    b[8] = 0x45;
    b[8 + 7] = 1;
    cr_expect_eq(rig_ip(r, 0, MAC0, GW, "203.0.113.1", "192.0.2.1", 1, 60, b, n), R_DROP_ICMP,
                 "later fragment");
    n = error_about(false, 1, 4, 0, "2001:db8::1", "::ffff:203.0.113.80", 6, 8, b);
    cr_expect_eq(rig_ip(r, 0, MAC0, GW, "2600::1", "2001:db8::1", 58, 60, b, n), R_DROP_ICMP, "IPv4-mapped");
    cr_expect(!r->u.valid);
    rig_end(r);
}

/* ---- malformed everything ---- */

/* The ICMP part of a damaged frame gets a right checksum, or the parser would hide most of it from net. */
static void mend(uint8_t *b, uint32_t n, uint32_t l3, bool v4)
{
    uint32_t at = l3 + (v4 ? 20 : 40);
    if (n < at + 8)
        return;
    if (v4) {
        put_be16(b + l3 + 2, (uint16_t)(n - l3));
        put_be16(b + l3 + 10, 0);
        put_be16(b + l3 + 10, csum_final(csum_bytes(b + l3, 20)));
    } else {
        put_be16(b + l3 + 4, (uint16_t)(n - at));
    }
    put_be16(b + at + 2, 0);
    uint16_t sum = csum_bytes(b + at, n - at);
    if (!v4) {
        struct ip_addr src = ip_from_v6(b + l3 + 8), dst = ip_from_v6(b + l3 + 24);
        sum = csum_add(sum, csum_pseudo(&src, &dst, 58, n - at));
    }
    put_be16(b + at + 2, csum_final(sum));
}

static uint64_t mangle(struct rig *r, uint16_t port, const uint8_t *good, uint32_t n, uint32_t l3, int family)
{
    uint8_t b[RIG_FRAME];
    uint64_t reached = 0;
    for (uint32_t cut = 0; cut <= n; cut++)
        for (int mended = 0; mended <= (family != 0); mended++) {
            memcpy(b, good, cut);
            if (mended)
                mend(b, cut, l3, family == 4);
            rig_input(r, port, b, cut, 0);
        }
    for (uint32_t at = 0; at < n; at++)
        for (unsigned v = 0; v < 256; v++) {
            memcpy(b, good, n);
            b[at] = (uint8_t)v;
            if (family != 0)
                mend(b, n, l3, family == 4);
            r->nsent = 0;
            uint64_t before = rig_reasons(r);
            rig_input(r, port, b, n, 0);
            reached += rig_reasons(r) - before;
            r->now += MS;
        }
    cr_expect_eq(r->live, 0);
    return reached;
}

Test(net, every_cut_and_every_wrong_byte_is_survived)
{
    static const uint8_t zero[6];
    struct rig *r = rig_new(true, false);
    struct net_path path;
    uint8_t b[RIG_FRAME], body[128];
    uint32_t n;
    rig_route(r, "192.0.2.3", &path);
    rig_route(r, "2001:db8::3", &path);
    for (uint16_t port = 0; port < 2; port++) {
        const uint8_t *us = port == 0 ? MAC0 : MAC1;
        const char *a4 = port == 0 ? "192.0.2.1" : "198.51.100.1";
        const char *a6 = port == 0 ? "2001:db8::1" : "2001:db8:1::1";
        uint32_t l3 = port == 0 ? 14 : 18;
        for (uint16_t op = 1; op <= 2; op++) {
            n = rig_build_arp(r, port,
                              (struct rig_arp){us, NULL, op, PEER, "192.0.2.3", op == 1 ? zero : us, a4}, b);
            cr_expect_gt(mangle(r, port, b, n, l3, 0), 1000);
        }
        n = rig_build_ip(r, port, us, PEER, "192.0.2.3", a4, 1, 64, ECHO4, 16, b);
        cr_expect_gt(mangle(r, port, b, n, l3, 4), 1000);
        n = rig_build_ip(r, port, us, PEER, "2001:db8::3", a6, 58, 64, ECHO6, 16, b);
        cr_expect_gt(mangle(r, port, b, n, l3, 6), 1000);
        for (uint8_t type = 135; type <= 136; type++) {
            uint32_t m = rig_nd_body(type, SOLICITED, type == 135 ? a6 : "2001:db8::3", type == 135 ? 1 : 2,
                                     PEER, body);
            n = rig_build_ip(r, port, us, PEER, "2001:db8::3", a6, 58, 255, body, m, b);
            cr_expect_gt(mangle(r, port, b, n, l3, 6), 1000);
        }
        uint32_t m = error_about(true, 3, 4, 1400, a4, "203.0.113.80", 6, 8, body);
        n = rig_build_ip(r, port, us, PEER, "203.0.113.1", a4, 1, 64, body, m, b);
        cr_expect_gt(mangle(r, port, b, n, l3, 4), 1000);
        m = error_about(false, 2, 0, 1400, a6, "2600::80", 6, 8, body);
        n = rig_build_ip(r, port, us, PEER, "2600::1", a6, 58, 64, body, m, b);
        cr_expect_gt(mangle(r, port, b, n, l3, 6), 1000);
    }
    rig_end(r);
}

Test(net, without_frames_questions_go_unanswered_and_are_counted)
{
    static const uint8_t zero[6];
    struct rig *r = rig_new(true, false);
    struct frame f;
    struct pkt p;
    uint8_t b[64];
    uint32_t n =
        rig_build_arp(r, 0, (struct rig_arp){BCAST, NULL, 1, PEER, "192.0.2.9", zero, "192.0.2.1"}, b);
    f = (struct frame){.data = b, .len = n};
    cr_assert_eq(wire_parse(&f, 0, &p), R_NONE);
    r->dry = true;
    r->in = f;
    r->live++;
    net_input(r->net, &r->in, &p, &r->u, r->now);
    cr_expect_eq(r->c.reason[R_CONSUMED], 1);
    cr_expect_eq(r->c.reason[R_DROP_NO_FRAME], 1);
    cr_expect_eq(r->nsent, 0);
    rig_end(r);
}
