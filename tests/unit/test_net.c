/* Interfaces, routes, checks, answers (ARP, ND, echo), what ICMP errors quote; and everything malformed. */
#include "tests/unit/net_rig.h"

#define SOLICITED 0x40
#define OVERRIDE  0x20

static const uint8_t ALL_NODES[6] = {0x33, 0x33, 0, 0, 0, 1};
static const uint8_t OUR_NODE[6] = {0x33, 0x33, 0xff, 0, 0, 1}; /* of 2001:db8::1 */
#define LL0 "fe80::ff:fe00:1"                                   /* of MAC0, the universal bit flipped */
#define LL1 "fe80::ff:fe00:2"

/* ---- addresses and routes ---- */

Test(net, our_addresses)
{
    struct rig *r = rig_new(true, false);
    const struct {
        const char *a;
        bool ours;
    } row[] = {{"192.0.2.1", true},
               {"198.51.100.1", true},
               {"198.51.100.129", true},
               {"2001:db8::1", true},
               {"2001:db8:1::1", true},
               {LL0, true},
               {LL1, true},
               {"192.0.2.2", false},
               {"192.0.2.254", false},
               {"192.0.2.255", false},
               {"fe80::fe", false},
               {"::", false},
               {"::192.0.2.1", false}};
    for (unsigned k = 0; k < sizeof row / sizeof row[0]; k++) {
        struct ip_addr a = ip(row[k].a);
        cr_expect_eq(net_is_ours(r->net, &a), row[k].ours, "%s", row[k].a);
    }
    cr_expect_eq(net_if_vlan(r->net, 1), 7);
    cr_expect_eq(net_if_mtu(r->net, 0), 1500);
    cr_expect_eq(net_if_mtu(r->net, 1), 1400);
    cr_expect_eq(net_if_mtu(r->net, 9), 0);
    rig_end(r);
}

Test(net, routes_and_their_next_hops)
{
    const struct {
        const char *dst, *hop; /* hop NULL: no route */
        uint16_t ifidx;
    } row[] = {
        {"192.0.2.9", "192.0.2.9", 0},
        {"198.51.100.9", "198.51.100.9", 1},
        {"203.0.113.1", "192.0.2.254", 0},
        {"2001:db8::9", "2001:db8::9", 0},
        {"2001:db8:1::9", "2001:db8:1::9", 1},
        {"2001:db8:2::9", "fe80::fe", 0},
        {"fe80::9", "fe80::9", 0},
        {"192.0.2.1", NULL, 0},
        {"198.51.100.1", NULL, 0},
        {LL1, NULL, 0},
        {"192.0.2.255", NULL, 0},
        {"255.255.255.255", NULL, 0},
        {"0.0.0.0", NULL, 0},
        {"127.0.0.1", NULL, 0},
        {"224.0.0.1", NULL, 0},
        {"ff02::1", NULL, 0},
        {"::", NULL, 0},
        {"::1", NULL, 0},
    };
    for (unsigned k = 0; k < sizeof row / sizeof row[0]; k++) {
        struct rig *r = rig_new(true, false);
        struct net_path path;
        cr_expect_eq(rig_route(r, row[k].dst, &path), row[k].hop != NULL, "%s", row[k].dst);
        cr_expect_eq(neigh_count(r), row[k].hop != NULL, "%s", row[k].dst);
        if (row[k].hop != NULL) {
            expect_state(r, row[k].hop, "incomplete");
            cr_expect_eq(path.ifidx, row[k].ifidx, "%s", row[k].dst);
        }
        rig_end(r);
    }
}

Test(net, a_v6_prefix_of_no_bits_does_not_take_v4_in)
{
    struct rig *r = rig_new(true, false);
    struct net_if only = {.port = 0, .up = true, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 9}};
    rig_addr(&only, "2001:db8::1", 0);
    struct net *n = net_create(&only, 1, false, &r->ops, &r->c, &rig_key, r->now);
    struct net_path path;
    struct ip_addr v4 = ip("192.0.2.3"), v6 = ip("2001:dead::1");
    cr_expect(!net_route(n, &v4, &path, r->now));
    cr_expect(net_route(n, &v6, &path, r->now));
    net_destroy(n);
    rig_end(r);
}

Test(net, a_point_to_point_subnet_has_no_broadcast_address)
{
    struct rig *r = rig_new(true, false);
    struct net_if only = {.port = 0, .up = true, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 9}};
    rig_addr(&only, "10.0.0.0", 127);
    struct net *n = net_create(&only, 1, false, &r->ops, &r->c, &rig_key, r->now);
    struct net_path path;
    struct ip_addr peer = ip("10.0.0.1");
    cr_expect(net_route(n, &peer, &path, r->now));
    net_destroy(n);
    rig_end(r);
}

Test(net, the_longest_prefix_wins_then_the_link_that_is_up)
{
    struct rig *r = rig_new(true, false);
    struct net_if two[2] = {{.port = 4, .up = true, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 8}, .has_gw4 = true},
                            {.port = 5, .up = true, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 9}, .has_gw4 = true}};
    rig_addr(&two[0], "10.0.0.1", 104);
    rig_addr(&two[1], "10.1.0.1", 112);
    two[0].gw4 = ip("10.0.0.254");
    two[1].gw4 = ip("10.1.0.254");
    struct net *n = net_create(two, 2, false, &r->ops, &r->c, &rig_key, r->now);
    struct net_path path;
    struct ip_addr near = ip("10.1.2.3"), wide = ip("10.2.2.3"), far = ip("192.0.2.3");
    cr_expect(net_route(n, &near, &path, r->now) && path.ifidx == 1);
    cr_expect(net_route(n, &wide, &path, r->now) && path.ifidx == 0);
    cr_expect(net_route(n, &far, &path, r->now) && path.ifidx == 0);
    net_set_link(n, 4, false, r->now);
    cr_expect(net_route(n, &far, &path, r->now) && path.ifidx == 1);
    cr_expect(net_route(n, &wide, &path, r->now) && path.ifidx == 0, "on-link there and nowhere else");
    net_set_link(n, 4, true, r->now);
    /* The way back prefers the interface of the frame. */
    struct frame f = {.port = 5};
    struct pkt p = {.proto = WIRE_TCP, .v4 = true, .smac = PEER, .key = {.remote = far}};
    cr_expect(net_route_back(n, &f, &p, &path, r->now) && path.ifidx == 1);
    f.port = 4;
    cr_expect(net_route_back(n, &f, &p, &path, r->now) && path.ifidx == 0);
    /* ... but not over a longer prefix; and the sender on the wrong link is not believed. */
    struct wire_link l;
    p.key.remote = ip("10.1.2.99");
    cr_expect(net_route_back(n, &f, &p, &path, r->now) && path.ifidx == 1);
    cr_expect(!net_link(n, &path, &p.key.remote, &l, r->now));
    struct rig_find q = {.addr = p.key.remote};
    net_neighbours(n, rig_visit, &q);
    cr_expect(q.n == 1 && q.found.ifidx == 1);
    net_destroy(n);
    rig_end(r);
}

Test(net, source_addresses)
{
    const struct {
        uint16_t ifidx;
        const char *dst, *src;
    } row[] = {
        {0, "192.0.2.9", "192.0.2.1"},
        {0, "203.0.113.9", "192.0.2.1"},
        {1, "198.51.100.9", "198.51.100.1"},
        {1, "198.51.100.130", "198.51.100.129"},
        {0, "2001:db8::7", "2001:db8::1"},
        {0, "2600::1", "2001:db8::1"},
        {0, "fe80::7", LL0},
        {1, "fe80::7", LL1},
        {7, "192.0.2.9", NULL},
    };
    struct rig *r = rig_new(true, false);
    for (unsigned k = 0; k < sizeof row / sizeof row[0]; k++) {
        struct net_path path = {.ifidx = row[k].ifidx};
        struct ip_addr dst = ip(row[k].dst), src;
        bool ok = net_source(r->net, &path, &dst, &src);
        cr_expect_eq(ok, row[k].src != NULL, "%s", row[k].dst);
        struct ip_addr want = ip(row[k].src != NULL ? row[k].src : "::");
        cr_expect(!ok || ip_eq(&src, &want), "%s", row[k].dst);
    }
    rig_end(r);
}

Test(net, an_interface_without_global_address_asks_from_its_link_local_one)
{
    struct rig *r = rig_new(true, false);
    struct net_if only = {
        .port = 0, .up = true, .mtu = 1500, .mac = {2, 0, 0, 0, 0, 1}, .has_gw6 = true, .has_gw4 = true};
    only.gw6 = ip("2001:db8::fe");
    only.gw4 = ip("192.0.2.254");
    struct net *n = net_create(&only, 1, true, &r->ops, &r->c, &rig_key, r->now);
    cr_expect_eq(r->nsent, 0, "nothing to announce");
    struct net_path path;
    struct ip_addr v6 = ip("2600::1"), v4 = ip("203.0.113.1"), src;
    cr_expect(net_route(n, &v6, &path, r->now));
    cr_expect(sent_nd(r, 0, 135, (const uint8_t[]){0x33, 0x33, 0xff, 0, 0, 0xfe}, LL0, "ff02::1:ff00:fe",
                      "2001:db8::fe"));
    cr_expect(net_route(n, &v4, &path, r->now));
    cr_expect(sent_arp(r, 1, 1, BCAST, "0.0.0.0", "192.0.2.254"));
    cr_expect(!net_source(n, &path, &v6, &src), "but it is no source toward the world");
    cr_expect(!net_source(n, &path, &v4, &src));
    net_destroy(n);
    rig_end(r);
}

/* ---- the way back ---- */

Test(net, a_syn_saves_a_resolution)
{
    struct rig *r = rig_new(true, false);
    struct net_path path;
    struct wire_link l;
    struct ip_addr a = ip("192.0.2.50"), b = ip("2001:db8:1::50");
    cr_assert(rig_back(r, 0, &a, PEER, &path));
    cr_expect(rig_link(r, &path, "192.0.2.50", &l) && memcmp(l.dmac, PEER, 6) == 0 && l.port == 0);
    cr_assert(rig_back(r, 1, &b, PEER2, &path));
    cr_expect(rig_link(r, &path, "2001:db8:1::50", &l) && memcmp(l.dmac, PEER2, 6) == 0 && l.vlan == 7);
    cr_expect_eq(r->nsent, 0);
    rig_end(r);
}

Test(net, what_a_syn_may_not_teach)
{
    static const uint8_t group[6] = {1, 0, 0x5e, 0, 0, 1};
    struct rig *r = rig_new(true, false);
    struct net_path gw, path;
    struct wire_link l;
    cr_assert(rig_route(r, "203.0.113.9", &gw));
    rig_arp_answer(r, "192.0.2.254", GW);
    struct ip_addr known = ip("192.0.2.50"), beyond = ip("203.0.113.9"), other = ip("198.51.100.50");
    cr_assert(rig_back(r, 0, &known, PEER, &path));
    /* Another MAC for one that we know. */
    cr_assert(rig_back(r, 0, &known, PEER2, &path));
    cr_expect(rig_link(r, &path, "192.0.2.50", &l) && memcmp(l.dmac, PEER, 6) == 0);
    /* The sender of a frame from beyond is the gateway, not the source. */
    cr_assert(rig_back(r, 0, &beyond, PEER2, &path));
    cr_expect(rig_link(r, &path, "203.0.113.9", &l) && memcmp(l.dmac, GW, 6) == 0);
    cr_expect_eq(path.neigh, gw.neigh);
    /* A source of the other arm's subnet leads there. */
    cr_assert(rig_back(r, 0, &other, PEER2, &path));
    cr_expect(path.ifidx == 1 && !rig_link(r, &path, "198.51.100.50", &l));
    /* A neighbour's address from the gateway, a group's MAC, our own MAC: ask. */
    const uint8_t *bad[] = {GW, group, MAC0};
    for (unsigned k = 0; k < 3; k++) {
        struct ip_addr a = ip("192.0.2.60");
        a.b[15] = (uint8_t)(a.b[15] + k);
        r->nsent = 0;
        cr_assert(rig_back(r, 0, &a, bad[k], &path));
        cr_expect(!net_link(r->net, &path, &a, &l, r->now), "%u", k);
        cr_expect_eq(r->nsent, 1);
    }
    /* Ours and impossible ones have no way back. */
    const char *none[] = {"192.0.2.1", "192.0.2.255", "127.0.0.1", "::1", "ff02::1"};
    for (unsigned k = 0; k < 5; k++) {
        struct ip_addr a = ip(none[k]);
        cr_expect(!rig_back(r, 0, &a, PEER, &path), "%s", none[k]);
    }
    rig_end(r);
}

/* ---- links ---- */

Test(net, announces_at_start_again_and_when_a_link_comes_up)
{
    struct rig *r = rig_new(true, true);
    uint64_t start = r->now;
    cr_assert_eq(r->nsent, 5);
    cr_expect(sent_arp(r, 0, 1, BCAST, "192.0.2.1", "192.0.2.1"));
    cr_expect(sent_nd(r, 1, 136, ALL_NODES, "2001:db8::1", "ff02::1", "2001:db8::1"));
    cr_expect(sent_arp(r, 2, 1, BCAST, "198.51.100.1", "198.51.100.1"));
    cr_expect(sent_arp(r, 3, 1, BCAST, "198.51.100.129", "198.51.100.129"));
    cr_expect(sent_nd(r, 4, 136, ALL_NODES, "2001:db8:1::1", "ff02::1", "2001:db8:1::1"));
    struct frame f;
    struct pkt p = sent_pkt(r, 1, &f);
    cr_expect_eq(f.data[p.l4_off + 4], OVERRIDE);
    cr_expect_eq(net_tick(r->net, r->now), start + 2 * NEIGH_SEC);
    rig_run(r, 10 * NEIGH_SEC);
    cr_expect_eq(r->nsent, 10, "twice");

    r->nsent = 0;
    net_set_link(r->net, 1, false, r->now);
    net_set_link(r->net, 1, false, r->now);
    net_set_link(r->net, 42, true, r->now);
    cr_expect_eq(r->nsent, 0);
    net_set_link(r->net, 1, true, r->now);
    net_set_link(r->net, 1, true, r->now);
    cr_expect_eq(r->nsent, 3);
    /* Down again before the second time: not announced. */
    net_set_link(r->net, 1, false, r->now);
    rig_run(r, 10 * NEIGH_SEC);
    cr_expect_eq(r->nsent, 3);
    rig_end(r);

    r = rig_new(false, true);
    cr_expect_eq(r->nsent, 0, "another worker does it");
    rig_end(r);
}

Test(net, a_link_that_is_down_carries_nothing_and_doubts_what_it_knew)
{
    struct rig *r = rig_new(true, false);
    struct net_path known, asked;
    struct wire_link l;
    cr_assert(rig_route(r, "192.0.2.3", &known) && rig_route(r, "192.0.2.4", &asked));
    rig_arp_answer(r, "192.0.2.3", PEER);
    net_set_link(r->net, 0, false, r->now);
    r->nsent = 0;
    cr_expect(!rig_link(r, &known, "192.0.2.3", &l));
    rig_run(r, 10 * NEIGH_SEC);
    cr_expect_eq(r->nsent, 0);
    expect_state(r, "192.0.2.4", "failed");
    net_set_link(r->net, 0, true, r->now);
    r->nsent = 0;
    expect_state(r, "192.0.2.3", "stale");
    cr_expect(rig_link(r, &known, "192.0.2.3", &l));
    cr_expect(!rig_link(r, &asked, "192.0.2.4", &l));
    cr_expect(sent_arp(r, 0, 1, BCAST, "192.0.2.1", "192.0.2.4"), "asked again at once");
    rig_end(r);
}

/* ---- the check of addresses ---- */

static const uint8_t ECHO4[16] = {8, 0, 0, 0, 0x12, 0x34, 0, 1, 'l', 'a', 'c', 'o', 'n'};
static const uint8_t ECHO6[16] = {128, 0, 0, 0, 0x12, 0x34, 0, 1, 'l', 'a', 'c', 'o', 'n'};

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

/* ---- echo ---- */

static void expect_echo(struct rig *r, unsigned k, uint8_t type, const char *from, const char *to)
{
    struct frame f;
    struct pkt p = sent_pkt(r, k, &f);
    struct ip_addr src = ip(from), dst = ip(to);
    cr_expect(ip_eq(&p.key.remote, &src) && ip_eq(&p.key.local, &dst));
    cr_expect(memcmp(p.dmac, PEER, 6) == 0 && p.ttl == 64);
    cr_expect_eq(p.l4_len, 16);
    cr_expect_eq(f.data[p.l4_off], type);
    cr_expect(memcmp(f.data + p.l4_off + 4, ECHO4 + 4, 12) == 0);
}

Test(net, echo_of_both_families_and_arms)
{
    struct rig *r = rig_new(true, false);
    cr_expect_eq(rig_ip(r, 0, MAC0, PEER, "203.0.113.5", "192.0.2.1", 1, 3, ECHO4, 16), R_CONSUMED);
    cr_expect_eq(rig_ip(r, 1, MAC1, PEER, "2001:db8:1::5", "2001:db8:1::1", 58, 3, ECHO6, 16), R_CONSUMED);
    expect_echo(r, 0, 0, "192.0.2.1", "203.0.113.5");
    expect_echo(r, 1, 129, "2001:db8:1::1", "2001:db8:1::5");
    cr_expect_eq(r->sent[1].port, 1);
    cr_expect_eq(neigh_count(r), 0, "an echo teaches nothing");
    rig_end(r);
}

Test(net, echo_leaves_ethernet_padding_behind)
{
    struct rig *r = rig_new(true, false);
    uint8_t b[64] = {0};
    uint32_t n = rig_build_ip(r, 0, MAC0, PEER, "192.0.2.9", "192.0.2.1", 1, 64, ECHO4, 16, b);
    memset(b + n, 0xee, 60 - n);
    cr_expect_eq(rig_input(r, 0, b, 60, 0), R_CONSUMED);
    cr_expect_eq(r->sent[0].len, n);
    expect_echo(r, 0, 0, "192.0.2.1", "192.0.2.9");
    rig_end(r);
}

Test(net, echo_that_gets_no_answer)
{
    static const uint8_t group[6] = {3, 0, 0, 0, 0, 9};
    struct rig *r = rig_new(true, false);
    uint8_t odd[16];
    memcpy(odd, ECHO4, 16);
    odd[1] = 1;
    cr_expect_eq(rig_ip(r, 0, MAC0, PEER, "192.0.2.9", "192.0.2.1", 1, 64, odd, 16), R_DROP_ICMP);
    odd[0] = 0;
    cr_expect_eq(rig_ip(r, 0, MAC0, PEER, "192.0.2.9", "192.0.2.1", 1, 64, odd, 16), R_DROP_ICMP, "a reply");
    cr_expect_eq(rig_ip(r, 0, MAC0, group, "192.0.2.9", "192.0.2.1", 1, 64, ECHO4, 16), R_DROP_ICMP);
    cr_expect_eq(rig_ip(r, 0, MAC0, BCAST, "192.0.2.9", "192.0.2.1", 1, 64, ECHO4, 16), R_DROP_ICMP);
    cr_expect_eq(r->nsent, 0);
    rig_end(r);
    r = rig_new(false, false);
    cr_expect_eq(rig_ip(r, 0, MAC0, PEER, "192.0.2.9", "192.0.2.1", 1, 64, ECHO4, 16), R_CONSUMED);
    cr_expect_eq(r->nsent, 0, "another worker answers");
    rig_end(r);
}

Test(net, echo_is_limited_to_a_burst_of_100_and_1000_a_second)
{
    struct rig *r = rig_new(true, false);
    for (unsigned k = 0; k < 300; k++) {
        enum reason why = k & 1 ? rig_ip(r, 0, MAC0, PEER, "192.0.2.9", "192.0.2.1", 1, 64, ECHO4, 16)
                                : rig_ip(r, 0, MAC0, PEER, "2001:db8::9", "2001:db8::1", 58, 64, ECHO6, 16);
        cr_expect_eq(why, k < 100 ? R_CONSUMED : R_DROP_RATE, "%u", k);
    }
    r->nsent = 0;
    for (unsigned k = 0; k < 2000; k++) { /* a second of two each millisecond */
        r->now += MS / 2;
        rig_ip(r, 0, MAC0, PEER, "192.0.2.9", "192.0.2.1", 1, 64, ECHO4, 16);
    }
    cr_expect_eq(r->nsent, 1000);
    r->now += 10 * NEIGH_SEC;
    r->nsent = 0;
    for (unsigned k = 0; k < 300; k++)
        rig_ip(r, 0, MAC0, PEER, "192.0.2.9", "192.0.2.1", 1, 64, ECHO4, 16);
    cr_expect_eq(r->nsent, 100, "a rest does not save up more than the burst");
    rig_end(r);
}

/* ---- answers to questions for our addresses ---- */

Test(net, arp_questions)
{
    static const uint8_t zero[6];
    struct rig *r = rig_new(true, false);
    cr_expect_eq(rig_arp(r, 0, (struct rig_arp){BCAST, NULL, 1, PEER, "192.0.2.9", zero, "192.0.2.1"}),
                 R_CONSUMED);
    cr_expect(sent_arp(r, 0, 2, PEER, "192.0.2.1", "192.0.2.9"));
    cr_expect(memcmp(r->sent[0].b + 14 + 18, PEER, 6) == 0);
    cr_expect_eq(rig_arp(r, 1, (struct rig_arp){MAC1, NULL, 1, PEER, "198.51.100.9", zero, "198.51.100.129"}),
                 R_CONSUMED);
    cr_expect(sent_arp(r, 1, 2, PEER, "198.51.100.129", "198.51.100.9"));
    rig_end(r);
    r = rig_new(false, false);
    cr_expect_eq(rig_arp(r, 0, (struct rig_arp){BCAST, NULL, 1, PEER, "192.0.2.9", zero, "192.0.2.1"}),
                 R_CONSUMED);
    cr_expect_eq(r->nsent, 0, "another worker answers");
    expect_state(r, "192.0.2.9", "stale");
    rig_end(r);
}

Test(net, solicitations)
{
    static const uint8_t group[6] = {3, 0, 0, 0, 0, 9};
    const struct {
        const char *what;
        const uint8_t *dmac;
        const char *from, *to, *target;
        uint8_t ttl;
        const uint8_t *lla;
        enum reason why;
        bool known;
    } row[] = {
        {"to the group", OUR_NODE, "2001:db8::9", "ff02::1:ff00:1", "2001:db8::1", 255, PEER, R_CONSUMED,
         true},
        {"to us", MAC0, "fe80::9", "2001:db8::1", "2001:db8::1", 255, PEER, R_CONSUMED, true},
        {"for our link-local", MAC0, "fe80::9", LL0, LL0, 255, PEER, R_CONSUMED, true},
        {"without option", MAC0, "2001:db8::9", "2001:db8::1", "2001:db8::1", 255, NULL, R_CONSUMED, false},
        {"from off-link", MAC0, "2600::9", "2001:db8::1", "2001:db8::1", 255, PEER, R_CONSUMED, false},
        {"from beyond", OUR_NODE, "2001:db8::9", "ff02::1:ff00:1", "2001:db8::1", 254, PEER, R_DROP_ND,
         false},
        {"for another", OUR_NODE, "2001:db8::9", "ff02::1:ff00:1", "2001:db8:5::1", 255, PEER, R_DROP_ND,
         false},
        {"for the other arm", MAC0, "2001:db8::9", "2001:db8::1", "2001:db8:1::1", 255, PEER, R_DROP_ND,
         false},
        {"for a group", MAC0, "2001:db8::9", "2001:db8::1", "ff02::1", 255, PEER, R_DROP_ND, false},
        {"group as MAC", MAC0, "2001:db8::9", "2001:db8::1", "2001:db8::1", 255, group, R_DROP_ND, false},
        {"our MAC", MAC0, "2001:db8::9", "2001:db8::1", "2001:db8::1", 255, MAC0, R_DROP_ND, false},
        {"nameless with option", OUR_NODE, "::", "ff02::1:ff00:1", "2001:db8::1", 255, PEER, R_DROP_ND,
         false},
        {"nameless to all", ALL_NODES, "::", "ff02::1", "2001:db8::1", 255, NULL, R_DROP_ND, false},
    };
    for (unsigned k = 0; k < sizeof row / sizeof row[0]; k++) {
        struct rig *r = rig_new(true, false);
        uint8_t b[32];
        uint32_t n = rig_nd_body(135, 0, row[k].target, row[k].lla != NULL ? 1 : 0, row[k].lla, b);
        enum reason why = rig_ip(r, 0, row[k].dmac, PEER, row[k].from, row[k].to, 58, row[k].ttl, b, n);
        cr_expect_eq(why, row[k].why, "%s: %s", row[k].what, reason_name(why));
        cr_expect_eq(neigh_count(r), row[k].known, "%s", row[k].what);
        cr_expect_eq(r->nsent, why == R_CONSUMED, "%s", row[k].what);
        if (why == R_CONSUMED) {
            struct frame f;
            struct pkt p = sent_pkt(r, 0, &f);
            cr_expect(sent_nd(r, 0, 136, PEER, row[k].target, row[k].from, row[k].target), "%s", row[k].what);
            cr_expect_eq(f.data[p.l4_off + 4], SOLICITED | OVERRIDE);
        }
        rig_end(r);
    }
}

Test(net, who_wants_our_address_is_told_that_it_is_taken)
{
    struct rig *r = rig_new(true, false);
    uint8_t b[32];
    uint32_t n = rig_nd_body(135, 0, "2001:db8::1", 0, NULL, b);
    cr_expect_eq(rig_ip(r, 0, OUR_NODE, PEER, "::", "ff02::1:ff00:1", 58, 255, b, n), R_CONSUMED);
    cr_expect(sent_nd(r, 0, 136, ALL_NODES, "2001:db8::1", "ff02::1", "2001:db8::1"));
    struct frame f;
    struct pkt p = sent_pkt(r, 0, &f);
    cr_expect_eq(f.data[p.l4_off + 4], OVERRIDE);
    cr_expect_eq(neigh_count(r), 0);
    rig_end(r);
}

Test(net, advertisements_that_fail_the_checks)
{
    static const uint8_t group[6] = {3, 0, 0, 0, 0, 9};
    struct rig *r = rig_new(true, false);
    struct net_path path;
    cr_assert(rig_route(r, "2001:db8::3", &path));
    cr_expect_eq(rig_na(r, 0, ALL_NODES, "2001:db8::3", "ff02::1", SOLICITED, PEER), R_DROP_ND);
    cr_expect_eq(rig_na(r, 0, MAC0, "2001:db8::3", "2001:db8::1", SOLICITED, group), R_DROP_ND);
    cr_expect_eq(rig_na(r, 0, MAC0, "2001:db8::3", "2001:db8::1", SOLICITED, MAC0), R_DROP_ND);
    uint8_t b[64];
    uint32_t n = rig_nd_body(136, SOLICITED, "2001:db8::1", 2, PEER, b);
    cr_expect_eq(rig_ip(r, 0, MAC0, PEER, "2001:db8::3", "2001:db8::1", 58, 255, b, n), R_DROP_ND, "ours");
    n = rig_nd_body(136, 0, "2001:db8::3", 2, PEER, b);
    cr_expect_eq(rig_ip(r, 0, MAC0, PEER, "2001:db8::3", "2001:db8::1", 58, 254, b, n), R_DROP_ND);
    cr_expect_eq(rig_ip(r, 0, ALL_NODES, PEER, "::", "ff02::1", 58, 255, b, n), R_DROP_ND);
    n = rig_nd_body(136, 0, "ff02::3", 2, PEER, b);
    cr_expect_eq(rig_ip(r, 0, MAC0, PEER, "2001:db8::3", "2001:db8::1", 58, 255, b, n), R_DROP_ND, "a group");
    n = rig_nd_body(136, 0, "2001:db8::3", 2, PEER, b);
    b[1] = 1;
    cr_expect_eq(rig_ip(r, 0, MAC0, PEER, "2001:db8::3", "2001:db8::1", 58, 255, b, n), R_DROP_ND, "code");
    expect_state(r, "2001:db8::3", "incomplete");
    rig_end(r);
}

Test(net, nd_options)
{
    const struct {
        const char *what;
        uint8_t opt[24];
        uint32_t n;
        enum reason why;
        bool known;
    } row[] = {
        {"length 0", {2, 0, 2, 0xaa, 0, 0, 0, 3}, 8, R_DROP_ND, false},
        {"length 0 after a good one", {2, 1, 2, 0xaa, 0, 0, 0, 3, 5, 0}, 16, R_DROP_ND, false},
        {"past the end", {2, 2, 2, 0xaa, 0, 0, 0, 3}, 8, R_DROP_ND, false},
        {"255 units", {2, 255, 2, 0xaa, 0, 0, 0, 3}, 8, R_DROP_ND, false},
        {"one byte", {2}, 1, R_DROP_ND, false},
        {"half an option", {2, 1, 2, 0xaa}, 4, R_DROP_ND, false},
        {"unknown one first", {99, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 0xaa, 0, 0, 0, 3}, 16, R_CONSUMED, true},
        {"of another link type", {2, 2, 2, 0xaa, 0, 0, 0, 3}, 16, R_CONSUMED, false},
        {"the source's", {1, 1, 2, 0xaa, 0, 0, 0, 3}, 8, R_CONSUMED, false},
    };
    for (unsigned k = 0; k < sizeof row / sizeof row[0]; k++) {
        struct rig *r = rig_new(true, false);
        struct net_path path;
        uint8_t b[64];
        cr_assert(rig_route(r, "2001:db8::3", &path));
        uint32_t n = rig_nd_body(136, SOLICITED, "2001:db8::3", 0, NULL, b);
        memcpy(b + n, row[k].opt, row[k].n);
        enum reason why = rig_ip(r, 0, MAC0, PEER, "2001:db8::3", "2001:db8::1", 58, 255, b, n + row[k].n);
        cr_expect_eq(why, row[k].why, "%s: %s", row[k].what, reason_name(why));
        expect_state(r, "2001:db8::3", row[k].known ? "reachable" : "incomplete");
        rig_end(r);
    }
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

Test(net, what_create_refuses)
{
    static struct net_if many[NET_MAX_IF + 1];
    struct rig *r = rig_new(false, false);
    cr_expect_null(net_create(many, NET_MAX_IF + 1, false, &r->ops, &r->c, &rig_key, 0));
    many[0].naddr = NET_MAX_ADDR + 1;
    cr_expect_null(net_create(many, 1, false, &r->ops, &r->c, &rig_key, 0));
    net_destroy(NULL);
    /* The most that it takes. */
    for (unsigned k = 0; k < NET_MAX_IF; k++) {
        many[k] = (struct net_if){.port = (uint16_t)k, .mac = {2, 0, 0, 0, 1, (uint8_t)k}, .up = true};
        for (unsigned j = 0; j < NET_MAX_ADDR; j++) {
            const uint8_t a[4] = {10, (uint8_t)k, (uint8_t)j, 1};
            many[k].addr[many[k].naddr++] = (struct net_addr){ip_from_v4(a), 120};
        }
    }
    struct net *n = net_create(many, NET_MAX_IF, true, &r->ops, &r->c, &rig_key, 0);
    cr_assert_not_null(n);
    cr_expect_eq(r->nsent, NET_MAX_IF * NET_MAX_ADDR);
    struct ip_addr last = ip("10.15.15.1");
    cr_expect(net_is_ours(n, &last));
    net_destroy(n);
    rig_end(r);
}
