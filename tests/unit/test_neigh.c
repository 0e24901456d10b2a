/* The neighbour table: states and their times, who may change an entry, who may push one out. */
#include <stdio.h>

#include "agent/net/net_priv.h"
#include "tests/unit/net_rig.h"

static const uint8_t NODE3[6] = {0x33, 0x33, 0xff, 0, 0, 3};

Test(neigh, resolves_v4)
{
    struct rig *r = rig_new(true, false);
    struct net_path path;
    struct wire_link l;
    cr_assert(rig_route(r, "192.0.2.3", &path));
    cr_expect_eq(r->nsent, 1);
    cr_expect(sent_arp(r, 0, 1, BCAST, "192.0.2.1", "192.0.2.3"));
    cr_expect(!rig_link(r, &path, "192.0.2.3", &l));
    cr_expect_eq(r->nsent, 1, "using it does not ask again");
    cr_expect_eq(rig_arp_answer(r, "192.0.2.3", PEER), R_CONSUMED);
    expect_state(r, "192.0.2.3", "reachable");
    cr_assert(rig_link(r, &path, "192.0.2.3", &l));
    cr_expect(memcmp(l.dmac, PEER, 6) == 0 && memcmp(l.smac, MAC0, 6) == 0 && l.vlan == 0 && l.port == 0);
    rig_end(r);
}

Test(neigh, resolves_v6)
{
    struct rig *r = rig_new(true, false);
    struct net_path path;
    struct wire_link l;
    cr_assert(rig_route(r, "2001:db8::3", &path));
    cr_expect_eq(r->nsent, 1);
    cr_expect(sent_nd(r, 0, 135, NODE3, "2001:db8::1", "ff02::1:ff00:3", "2001:db8::3"));
    cr_expect(!rig_link(r, &path, "2001:db8::3", &l));
    cr_expect_eq(rig_na(r, 0, MAC0, "2001:db8::3", "2001:db8::1", SOLICITED | OVERRIDE, PEER), R_CONSUMED);
    expect_state(r, "2001:db8::3", "reachable");
    cr_assert(rig_link(r, &path, "2001:db8::3", &l));
    cr_expect(memcmp(l.dmac, PEER, 6) == 0);
    rig_end(r);
}

Test(neigh, resolves_on_a_vlan)
{
    struct rig *r = rig_new(true, false);
    struct net_path path;
    struct wire_link l;
    cr_assert(rig_route(r, "198.51.100.200", &path));
    cr_expect_eq(path.ifidx, 1);
    cr_expect(sent_arp(r, 0, 1, BCAST, "198.51.100.129", "198.51.100.200"), "tagged, nearest source");
    cr_expect_eq(
        rig_arp(r, 1, (struct rig_arp){MAC1, NULL, 2, PEER, "198.51.100.200", MAC1, "198.51.100.129"}),
        R_CONSUMED);
    cr_assert(rig_link(r, &path, "198.51.100.200", &l));
    cr_expect(l.vlan == 7 && l.port == 1 && memcmp(l.smac, MAC1, 6) == 0);
    rig_end(r);
}

Test(neigh, repeats_every_second_then_backs_off)
{
    struct rig *r = rig_new(true, false);
    struct net_path path;
    struct wire_link l;
    uint64_t start = r->now, at[32];
    unsigned n = 0;
    cr_assert(rig_route(r, "192.0.2.3", &path));
    for (unsigned step = 0; step < 600; step++) { /* a minute of somebody who wants it */
        for (; n < r->nsent && n < 32; n++)
            at[n] = (r->now - start) / MS;
        r->now += 100 * MS;
        net_tick(r->net, r->now);
        cr_assert(!rig_link(r, &path, "192.0.2.3", &l));
    }
    /* Three a second apart, fail at 3 s, wait 1, 2, 4, 8, 8 s. */
    const uint64_t want[] = {0,     1000,  2000,  4000,  5000,  6000,  9000,  10000, 11000,
                             16000, 17000, 18000, 27000, 28000, 29000, 38000, 39000, 40000};
    for (unsigned k = 0; k < sizeof want / sizeof want[0]; k++)
        cr_expect(k < n && at[k] >= want[k] && at[k] <= want[k] + 100, "request %u at %lu", k, at[k]);
    /* It comes up: asked for within the back-off, and used at once. */
    cr_expect_eq(rig_arp(r, 0, (struct rig_arp){BCAST, NULL, 1, PEER, "192.0.2.3", PEER, "192.0.2.3"}),
                 R_CONSUMED);
    cr_expect(rig_link(r, &path, "192.0.2.3", &l), "a gratuitous ARP ends the wait");
    rig_end(r);
}

Test(neigh, a_failed_one_that_nobody_wants_is_not_asked_for)
{
    struct rig *r = rig_new(true, false);
    struct net_path path;
    cr_assert(rig_route(r, "192.0.2.3", &path));
    rig_run(r, 30 * NEIGH_SEC);
    cr_expect_eq(r->nsent, 3);
    expect_state(r, "192.0.2.3", "failed");
    rig_run(r, NEIGH_IDLE_NS);
    expect_state(r, "192.0.2.3", "none");
    rig_end(r);
}

Test(neigh, ages_and_is_probed_by_unicast_when_in_use)
{
    struct rig *r = rig_new(true, false);
    struct net_path path;
    struct wire_link l;
    cr_assert(rig_route(r, "192.0.2.3", &path));
    rig_arp_answer(r, "192.0.2.3", PEER);
    rig_run(r, 29 * NEIGH_SEC);
    expect_state(r, "192.0.2.3", "reachable");
    rig_run(r, 2 * NEIGH_SEC);
    expect_state(r, "192.0.2.3", "stale");
    rig_run(r, 20 * NEIGH_SEC);
    expect_state(r, "192.0.2.3", "stale");
    cr_expect_eq(r->nsent, 1, "not in use: not probed");
    cr_assert(rig_link(r, &path, "192.0.2.3", &l));
    expect_state(r, "192.0.2.3", "delay");
    rig_run(r, NEIGH_DELAY_NS);
    expect_state(r, "192.0.2.3", "probe");
    cr_expect_eq(r->nsent, 2);
    cr_expect(sent_arp(r, 1, 1, PEER, "192.0.2.1", "192.0.2.3"));
    cr_expect(rig_link(r, &path, "192.0.2.3", &l), "usable while probed");
    rig_arp_answer(r, "192.0.2.3", PEER);
    expect_state(r, "192.0.2.3", "reachable");
    rig_run(r, 2 * NEIGH_SEC);
    cr_expect_eq(r->nsent, 2);
    rig_end(r);
}

Test(neigh, a_v6_one_is_probed_by_unicast)
{
    struct rig *r = rig_new(true, false);
    struct net_path path;
    struct wire_link l;
    cr_assert(rig_route(r, "2001:db8::3", &path));
    rig_na(r, 0, MAC0, "2001:db8::3", "2001:db8::1", SOLICITED, PEER);
    rig_run(r, 31 * NEIGH_SEC);
    cr_assert(rig_link(r, &path, "2001:db8::3", &l));
    rig_run(r, NEIGH_DELAY_NS);
    cr_expect(sent_nd(r, 1, 135, PEER, "2001:db8::1", "2001:db8::3", "2001:db8::3"));
    /* The answer to a unicast probe may leave the option out. */
    cr_expect_eq(rig_na(r, 0, MAC0, "2001:db8::3", "2001:db8::1", SOLICITED, NULL), R_CONSUMED);
    expect_state(r, "2001:db8::3", "reachable");
    rig_end(r);
}

Test(neigh, one_that_went_away_fails_after_unicast_and_broadcast_probes)
{
    struct rig *r = rig_new(true, false);
    struct net_path path;
    struct wire_link l;
    cr_assert(rig_route(r, "192.0.2.3", &path));
    rig_arp_answer(r, "192.0.2.3", PEER);
    rig_run(r, 31 * NEIGH_SEC);
    cr_assert(rig_link(r, &path, "192.0.2.3", &l));
    rig_run(r, NEIGH_DELAY_NS + 5 * NEIGH_SEC + 500 * MS);
    cr_expect_eq(r->nsent, 7);
    for (unsigned k = 1; k <= 6; k++)
        cr_expect(sent_arp(r, k, 1, k <= 3 ? PEER : BCAST, "192.0.2.1", "192.0.2.3"), "probe %u", k);
    cr_expect(rig_link(r, &path, "192.0.2.3", &l));
    rig_run(r, NEIGH_SEC);
    expect_state(r, "192.0.2.3", "failed");
    cr_expect(!rig_link(r, &path, "192.0.2.3", &l));
    rig_end(r);
}

Test(neigh, a_moved_one_is_found_by_its_broadcast_probe)
{
    struct rig *r = rig_new(true, false);
    struct net_path path;
    struct wire_link l;
    cr_assert(rig_route(r, "192.0.2.3", &path));
    rig_arp_answer(r, "192.0.2.3", PEER);
    rig_run(r, 31 * NEIGH_SEC);
    rig_link(r, &path, "192.0.2.3", &l);
    rig_run(r, NEIGH_DELAY_NS + 3 * NEIGH_SEC);
    rig_arp_answer(r, "192.0.2.3", PEER2);
    expect_state(r, "192.0.2.3", "reachable");
    cr_assert(rig_link(r, &path, "192.0.2.3", &l));
    cr_expect(memcmp(l.dmac, PEER2, 6) == 0);
    rig_end(r);
}

Test(neigh, the_tick_says_when_it_wants_the_next)
{
    struct rig *r = rig_new(true, false);
    struct net_path path;
    cr_expect_eq(net_tick(r->net, r->now), UINT64_MAX, "nothing to do");
    cr_assert(rig_route(r, "192.0.2.3", &path));
    cr_expect_eq(net_tick(r->net, r->now), r->now + NEIGH_SEC);
    rig_arp_answer(r, "192.0.2.3", PEER);
    net_tick(r->net, r->now + NEIGH_SEC);
    cr_expect_eq(net_tick(r->net, r->now + NEIGH_SEC), r->now + NEIGH_REACHABLE_NS);
    rig_end(r);
}

/* ---- what others say ---- */

Test(neigh, an_arp_reply_flood_makes_no_entry)
{
    struct rig *r = rig_new(true, false);
    for (unsigned k = 2; k < 250; k++) {
        char a[32];
        snprintf(a, sizeof a, "192.0.2.%u", k);
        rig_arp_answer(r, a, PEER);
        rig_arp(r, 0, (struct rig_arp){BCAST, NULL, 1, PEER, a, PEER, a});
        snprintf(a, sizeof a, "2001:db8::%x", k);
        rig_na(r, 0, MAC0, a, "2001:db8::1", SOLICITED | OVERRIDE, PEER);
        rig_na(r, 0, (const uint8_t[]){0x33, 0x33, 0, 0, 0, 1}, a, "ff02::1", OVERRIDE, PEER);
    }
    cr_expect_eq(neigh_count(r), 0);
    cr_expect_eq(r->nsent, 0);
    rig_end(r);
}

Test(neigh, arp_that_changes_nothing)
{
    static const uint8_t group[6] = {3, 0, 0, 0, 0, 9}, zero[6];
    const struct {
        const char *what;
        struct rig_arp a;
        enum reason why;
    } row[] = {
        {"reply to another host's address",
         {MAC0, NULL, 2, PEER2, "192.0.2.3", MAC0, "192.0.2.9"},
         R_DROP_ARP},
        {"reply to the other arm's address",
         {MAC0, NULL, 2, PEER2, "192.0.2.3", MAC0, "198.51.100.1"},
         R_DROP_ARP},
        {"reply by broadcast", {BCAST, NULL, 2, PEER2, "192.0.2.3", MAC0, "192.0.2.1"}, R_DROP_ARP},
        {"reply to another MAC", {MAC0, NULL, 2, PEER2, "192.0.2.3", PEER, "192.0.2.1"}, R_DROP_ARP},
        {"sender MAC is a group", {MAC0, PEER2, 2, group, "192.0.2.3", MAC0, "192.0.2.1"}, R_DROP_ARP},
        {"sender MAC is broadcast", {MAC0, PEER2, 2, BCAST, "192.0.2.3", MAC0, "192.0.2.1"}, R_DROP_ARP},
        {"sender MAC is zero", {MAC0, PEER2, 2, zero, "192.0.2.3", MAC0, "192.0.2.1"}, R_DROP_ARP},
        {"sender MAC is ours", {MAC0, PEER2, 2, MAC0, "192.0.2.3", MAC0, "192.0.2.1"}, R_DROP_ARP},
        {"gratuitous with a group MAC", {BCAST, PEER2, 1, group, "192.0.2.3", zero, "192.0.2.3"}, R_DROP_ARP},
        {"sender address is ours", {MAC0, NULL, 2, PEER2, "192.0.2.1", MAC0, "192.0.2.1"}, R_DROP_ARP},
        {"gratuitous with our address", {BCAST, NULL, 1, PEER2, "192.0.2.1", zero, "192.0.2.1"}, R_DROP_ARP},
        {"sender is the other arm's", {BCAST, NULL, 1, PEER2, "198.51.100.1", zero, "192.0.2.1"}, R_DROP_ARP},
        {"request for another host", {BCAST, NULL, 1, PEER2, "192.0.2.3", zero, "192.0.2.9"}, R_DROP_ARP},
        {"request for the other arm", {BCAST, NULL, 1, PEER2, "192.0.2.3", zero, "198.51.100.1"}, R_DROP_ARP},
        {"unknown operation", {MAC0, NULL, 3, PEER2, "192.0.2.3", MAC0, "192.0.2.1"}, R_DROP_ARP},
        {"to another host's MAC", {PEER, NULL, 2, PEER2, "192.0.2.3", MAC0, "192.0.2.1"}, R_DROP_DMAC},
    };
    struct rig *r = rig_new(true, false);
    struct net_path path;
    struct wire_link l;
    cr_assert(rig_route(r, "192.0.2.3", &path));
    rig_arp_answer(r, "192.0.2.3", PEER);
    r->nsent = 0;
    for (unsigned k = 0; k < sizeof row / sizeof row[0]; k++) {
        enum reason why = rig_arp(r, 0, row[k].a);
        cr_expect_eq(why, row[k].why, "%s: %s", row[k].what, reason_name(why));
        cr_expect(rig_link(r, &path, "192.0.2.3", &l) && memcmp(l.dmac, PEER, 6) == 0, "%s", row[k].what);
        expect_state(r, "192.0.2.3", "reachable");
        cr_expect(neigh_count(r) == 1 && r->nsent == 0, "%s", row[k].what);
    }
    rig_end(r);
}

Test(neigh, unasked_news_is_taken_as_stale)
{
    static const uint8_t all_nodes[6] = {0x33, 0x33, 0, 0, 0, 1};
    struct rig *r = rig_new(true, false);
    struct net_path p4, p6;
    struct wire_link l;
    cr_assert(rig_route(r, "192.0.2.3", &p4) && rig_route(r, "2001:db8::3", &p6));
    rig_arp_answer(r, "192.0.2.3", PEER);
    rig_na(r, 0, MAC0, "2001:db8::3", "2001:db8::1", SOLICITED | OVERRIDE, PEER);
    /* The same again changes nothing. */
    rig_arp(r, 0, (struct rig_arp){BCAST, NULL, 1, PEER, "192.0.2.3", PEER, "192.0.2.3"});
    expect_state(r, "192.0.2.3", "reachable");
    rig_arp(r, 0, (struct rig_arp){BCAST, NULL, 2, PEER2, "192.0.2.3", PEER2, "192.0.2.3"});
    rig_na(r, 0, all_nodes, "2001:db8::3", "ff02::1", OVERRIDE, PEER2);
    expect_state(r, "192.0.2.3", "stale");
    expect_state(r, "2001:db8::3", "stale");
    cr_expect(rig_link(r, &p4, "192.0.2.3", &l) && memcmp(l.dmac, PEER2, 6) == 0);
    cr_expect(rig_link(r, &p6, "2001:db8::3", &l) && memcmp(l.dmac, PEER2, 6) == 0);
    expect_state(r, "192.0.2.3", "delay");
    rig_end(r);
}

/* RFC 4861 section 7.2.5, appendix C. */
Test(neigh, advertisement_rows)
{
    enum before { INCOMPLETE, REACHABLE, STALE, PROBE };
    const struct {
        enum before before;
        uint8_t flags;
        const uint8_t *mac;
        const char *after;
        const uint8_t *has;
    } row[] = {
        {INCOMPLETE, SOLICITED, NULL, "incomplete", NULL},
        {INCOMPLETE, SOLICITED, PEER2, "reachable", PEER2},
        {INCOMPLETE, 0, PEER2, "stale", PEER2},
        {REACHABLE, SOLICITED, PEER2, "stale", PEER},
        {REACHABLE, 0, PEER, "reachable", PEER},
        {REACHABLE, OVERRIDE, PEER2, "stale", PEER2},
        {REACHABLE, 0, NULL, "reachable", PEER},
        {STALE, SOLICITED, PEER2, "stale", PEER},
        {STALE, SOLICITED, PEER, "reachable", PEER},
        {STALE, SOLICITED | OVERRIDE, PEER2, "stale", PEER2}, /* nothing was asked: no proof */
        {STALE, 0, PEER, "stale", PEER},
        {PROBE, SOLICITED, PEER2, "probe", PEER},
        {PROBE, SOLICITED | OVERRIDE, PEER2, "reachable", PEER2},
        {PROBE, OVERRIDE, PEER2, "stale", PEER2},
        {PROBE, SOLICITED, PEER, "reachable", PEER},
    };
    for (unsigned k = 0; k < sizeof row / sizeof row[0]; k++) {
        struct rig *r = rig_new(true, false);
        struct net_path path;
        struct wire_link l;
        cr_assert(rig_route(r, "2001:db8::3", &path));
        if (row[k].before != INCOMPLETE)
            rig_na(r, 0, MAC0, "2001:db8::3", "2001:db8::1", SOLICITED, PEER);
        if (row[k].before >= STALE)
            rig_run(r, 31 * NEIGH_SEC);
        if (row[k].before == PROBE) {
            rig_link(r, &path, "2001:db8::3", &l);
            rig_run(r, NEIGH_DELAY_NS);
            expect_state(r, "2001:db8::3", "probe");
        }
        cr_expect_eq(rig_na(r, 0, MAC0, "2001:db8::3", "2001:db8::1", row[k].flags, row[k].mac), R_CONSUMED);
        cr_expect_str_eq(neigh_state_of(r, "2001:db8::3"), row[k].after, "row %u", k);
        bool ok = rig_link(r, &path, "2001:db8::3", &l);
        cr_expect_eq(ok, row[k].has != NULL, "row %u", k);
        cr_expect(!ok || memcmp(l.dmac, row[k].has, 6) == 0, "row %u", k);
        rig_end(r);
    }
}

Test(neigh, who_asks_for_us_becomes_a_guest_within_the_subnet)
{
    static const uint8_t zero[6];
    const struct {
        const char *from;
        bool known;
    } row[] = {{"192.0.2.77", true}, {"0.0.0.0", false},   {"198.51.100.7", false}, {"192.0.2.255", false},
               {"10.1.1.1", false},  {"224.0.0.1", false}, {"127.0.0.1", false}};
    for (unsigned k = 0; k < sizeof row / sizeof row[0]; k++) {
        struct rig *r = rig_new(true, false);
        cr_expect_eq(rig_arp(r, 0, (struct rig_arp){BCAST, NULL, 1, PEER, row[k].from, zero, "192.0.2.1"}),
                     R_CONSUMED);
        cr_expect_eq(neigh_count(r), row[k].known, "%s", row[k].from);
        cr_expect(sent_arp(r, 0, 2, PEER, "192.0.2.1", row[k].from), "%s", row[k].from);
        if (row[k].known)
            expect_state(r, row[k].from, "stale");
        rig_end(r);
    }
}

Test(neigh, arp_of_other_kinds_is_dropped)
{
    struct rig *r = rig_new(true, false);
    struct net_path path;
    cr_assert(rig_route(r, "192.0.2.3", &path));
    for (unsigned at = 14; at < 20; at++) {
        uint8_t b[64];
        uint32_t n =
            rig_build_arp(r, 0, (struct rig_arp){MAC0, NULL, 2, PEER, "192.0.2.3", MAC0, "192.0.2.1"}, b);
        b[at] ^= 4;
        cr_expect_eq(rig_input(r, 0, b, n, 0), R_DROP_ARP, "byte %u", at);
    }
    expect_state(r, "192.0.2.3", "incomplete");
    rig_end(r);
}

/* ---- who may push out whom ---- */

static struct ip_addr guest_addr(uint32_t k)
{
    struct ip_addr a = ip("2001:db8::");
    put_be32(a.b + 12, 0x10000 + k);
    return a;
}

static void flood(struct rig *r, uint32_t from, uint32_t count)
{
    for (uint32_t k = from; k < from + count; k++) {
        struct ip_addr a = guest_addr(k);
        struct net_path path;
        struct wire_link l;
        const uint8_t mac[6] = {2, 0xbb, (uint8_t)(k >> 16), (uint8_t)(k >> 8), (uint8_t)k, 1};
        cr_assert(rig_back(r, 0, &a, mac, &path));
        cr_assert(net_link(r->net, &path, &a, &l, r->now));
        cr_assert(memcmp(l.dmac, mac, 6) == 0);
        r->now += 1000;
        net_tick(r->net, r->now);
    }
}

Test(neigh, a_flood_of_guests_pushes_out_neither_needed_nor_proven_ones)
{
    struct rig *r = rig_new(true, false);
    struct net_path gw, endpoint, client;
    struct wire_link l;
    cr_assert(rig_route(r, "203.0.113.9", &gw) && rig_route(r, "192.0.2.3", &endpoint));
    rig_arp_answer(r, "192.0.2.254", GW);
    rig_arp_answer(r, "192.0.2.3", PEER);
    struct ip_addr c = ip("192.0.2.40");
    cr_assert(rig_back(r, 0, &c, PEER2, &client));
    cr_assert(rig_link(r, &client, "192.0.2.40", &l));
    rig_run(r, NEIGH_DELAY_NS);
    rig_arp_answer(r, "192.0.2.40", PEER2); /* has answered: proven */
    /* A use does not cost the rank; a guest that we come to need ourselves is one no longer. */
    r->now += NEIGH_SEC;
    cr_assert(rig_link(r, &endpoint, "192.0.2.3", &l) && rig_link(r, &client, "192.0.2.40", &l));
    struct ip_addr both = ip("192.0.2.41"), beyond = ip("2600::1");
    struct net_path needed, gw6;
    cr_assert(rig_back(r, 0, &both, PEER2, &needed) && rig_route(r, "192.0.2.41", &needed));
    cr_assert(rig_back(r, 0, &beyond, GW, &gw6)); /* a gateway is needed, whoever led to it */
    unsigned sent = r->nsent;
    flood(r, 0, 20 * NET_MAX_NEIGH);
    cr_expect_eq(neigh_count(r), NET_MAX_NEIGH);
    cr_expect_eq(r->nsent, sent, "a flood makes no requests");
    expect_state(r, "192.0.2.254", "reachable");
    expect_state(r, "192.0.2.3", "reachable");
    expect_state(r, "192.0.2.40", "reachable");
    expect_state(r, "192.0.2.41", "stale");
    expect_state(r, "fe80::fe", "incomplete");
    const struct {
        struct net_path *path;
        const char *dst;
        const uint8_t *mac;
    } row[] = {{&gw, "203.0.113.9", GW}, {&endpoint, "192.0.2.3", PEER}, {&client, "192.0.2.40", PEER2}};
    for (unsigned k = 0; k < 3; k++) {
        struct net_path before = *row[k].path;
        cr_expect(rig_link(r, row[k].path, row[k].dst, &l) && memcmp(l.dmac, row[k].mac, 6) == 0);
        cr_expect_eq(before.gen, row[k].path->gen);
    }
    rig_end(r);
}

Test(neigh, the_least_recently_used_guest_goes_first_and_its_path_is_bound_again)
{
    struct rig *r = rig_new(true, false);
    struct ip_addr first = guest_addr(0), second = guest_addr(1);
    struct net_path p0, p1;
    struct wire_link l;
    cr_assert(rig_back(r, 0, &first, PEER, &p0));
    cr_assert(rig_back(r, 0, &second, PEER2, &p1));
    r->now += NEIGH_SEC;
    cr_assert(net_link(r->net, &p0, &first, &l, r->now));
    flood(r, 100, NET_MAX_NEIGH - 1);
    uint32_t gen = p1.gen;
    cr_expect(net_link(r->net, &p0, &first, &l, r->now), "the one used later is still there");
    r->nsent = 0;
    cr_expect(!net_link(r->net, &p1, &second, &l, r->now));
    cr_expect(p1.gen != gen || p1.neigh != 1);
    struct frame f;
    struct pkt p = sent_pkt(r, 0, &f);
    cr_expect(f.data[p.l4_off] == 135 && memcmp(f.data + p.l4_off + 8, second.b, 16) == 0, "asked for again");
    char text[IP_STRLEN];
    cr_expect_eq(rig_na(r, 0, MAC0, ip_str(&second, text), "2001:db8::1", SOLICITED, PEER2), R_CONSUMED);
    cr_expect(net_link(r->net, &p1, &second, &l, r->now) && memcmp(l.dmac, PEER2, 6) == 0);
    rig_end(r);
}

Test(neigh, guests_find_a_place_among_needed_ones_and_needed_ones_always)
{
    struct rig *r = rig_new(true, false);
    for (uint32_t k = 0; k < 3 * NET_MAX_NEIGH; k++) {
        struct ip_addr a = guest_addr(k);
        struct net_path path;
        r->nsent = 0;
        r->now += 1000;
        cr_assert(net_route(r->net, &a, &path, r->now));
    }
    r->nsent = 0;
    flood(r, 1000000, 1000);
    unsigned guests = 0;
    for (uint32_t k = 0; k < 1000; k++) {
        struct rig_find q = {.addr = guest_addr(1000000 + k)};
        net_neighbours(r->net, rig_visit, &q);
        guests += q.n;
    }
    cr_expect_eq(guests, NEIGH_GUEST_SHARE);
    cr_expect_eq(neigh_count(r), NET_MAX_NEIGH);
    rig_end(r);
}

Test(neigh, a_zeroed_path_is_bound_before_use)
{
    struct rig *r = rig_new(true, false);
    struct net_path real, zero = {0}, wild = {.ifidx = 99}, slot = {.neigh = 60000};
    struct wire_link l;
    cr_assert(rig_route(r, "192.0.2.3", &real));
    rig_arp_answer(r, "192.0.2.3", PEER);
    cr_expect(!rig_link(r, &zero, "192.0.2.4", &l));
    expect_state(r, "192.0.2.4", "incomplete");
    cr_expect(!rig_link(r, &wild, "192.0.2.3", &l));
    cr_expect(rig_link(r, &slot, "192.0.2.3", &l) && memcmp(l.dmac, PEER, 6) == 0);
    rig_end(r);
}

Test(neigh, without_frames_it_asks_later)
{
    struct rig *r = rig_new(true, false);
    struct net_path path;
    r->dry = true;
    cr_assert(rig_route(r, "192.0.2.3", &path) && rig_route(r, "2001:db8::3", &path));
    cr_expect_eq(r->c.reason[R_DROP_NO_FRAME], 2);
    cr_expect_eq(r->nsent, 0);
    r->dry = false;
    rig_run(r, 1500 * MS);
    cr_expect_eq(r->nsent, 2);
    rig_end(r);
}

/* ---- keyed ---- */

enum { CRAFTED = 500 };

/* Addresses on interface 0 that all fall into bucket 0 under rig_key. */
static void craft(struct ip_addr out[CRAFTED])
{
    unsigned n = 0;
    for (uint32_t i = 0; n < CRAFTED; i++) {
        const uint8_t b[4] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        uint8_t k[18] = {0};
        struct ip_addr a = ip_from_v4(b);
        memcpy(k, a.b, sizeof a.b);
        if (siphash(&rig_key, k, sizeof k) % NEIGH_BUCKETS == 0)
            out[n++] = a;
    }
}

static unsigned longest_under(const struct sip_key *key, const struct ip_addr a[CRAFTED])
{
    struct net *n = calloc(1, sizeof *n);
    unsigned most = 0;
    neigh_init(&n->neigh, key);
    for (unsigned i = 0; i < CRAFTED; i++)
        neigh_guest(n, 0, &a[i], PEER, NEIGH_SEC);
    for (unsigned b = 0; b < NEIGH_BUCKETS; b++) {
        unsigned len = 0;
        for (uint16_t i = n->neigh.bucket[b]; i != NEIGH_NONE; i = n->neigh.slot[i].hash_next)
            len++;
        most = len > most ? len : most;
    }
    free(n);
    return most;
}

Test(neigh, addresses_made_to_collide_under_one_key_spread_under_another)
{
    static struct ip_addr a[CRAFTED];
    struct sip_key other = {rig_key.k0, rig_key.k1 ^ 1};
    craft(a);
    cr_expect_eq(longest_under(&rig_key, a), CRAFTED, "they collide under the key they were made for");
    cr_expect_lt(longest_under(&other, a), 10, "and under no other");
}
