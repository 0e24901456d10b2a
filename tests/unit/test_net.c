/* Interfaces, addresses, routes, links. */
#include "tests/unit/net_rig.h"

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
