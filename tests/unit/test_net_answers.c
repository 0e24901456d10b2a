/* What is answered: echo, ARP, neighbour discovery. */
#include "tests/unit/net_rig.h"

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
    uint8_t b[96] = {0};
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
