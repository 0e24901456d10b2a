/* networks: the most specific network decides, compared with asking each of them. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "agent/base/networks.h"

static struct network net(const char *text, unsigned bits, uint8_t verdict)
{
    struct network n = {.verdict = verdict};
    cr_assert(ip_parse(text, strlen(text), &n.addr));
    n.bits = (uint8_t)(bits + (ip_is_v4(&n.addr) ? 96 : 0));
    return n;
}

static void build(struct networks *t, struct network *in, size_t n)
{
    t->run = calloc(NETWORKS_RUNS(n), sizeof *t->run);
    networks_build(t, in, n);
    cr_assert_leq(t->n, NETWORKS_RUNS(n));
}

static unsigned ask(const struct networks *t, const char *text)
{
    struct ip_addr a;
    cr_assert(ip_parse(text, strlen(text), &a));
    return networks_find(t, &a);
}

Test(networks, none_at_all)
{
    struct networks t;
    build(&t, NULL, 0);
    cr_expect_eq(ask(&t, "10.0.0.1"), 0);
    cr_expect_eq(ask(&t, "::"), 0);
    cr_expect_eq(ask(&t, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 0);
    free(t.run);
}

Test(networks, the_most_specific_decides)
{
    struct network in[] = {net("10.0.0.0", 8, 1), net("10.1.0.0", 16, 2), net("10.1.2.3", 32, 1),
                           net("10.1.255.255", 32, 1)};
    struct networks t;
    build(&t, in, 4);
    cr_expect_eq(ask(&t, "9.255.255.255"), 0);
    cr_expect_eq(ask(&t, "10.0.0.0"), 1);
    cr_expect_eq(ask(&t, "10.0.255.255"), 1);
    cr_expect_eq(ask(&t, "10.1.0.0"), 2);
    cr_expect_eq(ask(&t, "10.1.2.2"), 2);
    cr_expect_eq(ask(&t, "10.1.2.3"), 1);
    cr_expect_eq(ask(&t, "10.1.2.4"), 2);
    cr_expect_eq(ask(&t, "10.1.255.255"), 1);
    cr_expect_eq(ask(&t, "10.2.0.0"), 1);
    cr_expect_eq(ask(&t, "10.255.255.255"), 1);
    cr_expect_eq(ask(&t, "11.0.0.0"), 0);
    free(t.run);
}

Test(networks, every_ipv6_address_is_no_ipv4_address)
{
    struct network in[] = {net("::", 0, 2), net("10.0.0.0", 8, 1)};
    struct networks t;
    build(&t, in, 2);
    cr_expect_eq(ask(&t, "::1"), 2);
    cr_expect_eq(ask(&t, "fd00::1"), 2);
    cr_expect_eq(ask(&t, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 2);
    cr_expect_eq(ask(&t, "192.0.2.1"), 0);
    cr_expect_eq(ask(&t, "10.0.0.1"), 1);
    free(t.run);
}

Test(networks, every_ipv4_address)
{
    struct network in[] = {net("0.0.0.0", 0, 1), net("255.255.255.255", 32, 2)};
    struct networks t;
    build(&t, in, 2);
    cr_expect_eq(ask(&t, "0.0.0.0"), 1);
    cr_expect_eq(ask(&t, "255.255.255.254"), 1);
    cr_expect_eq(ask(&t, "255.255.255.255"), 2);
    cr_expect_eq(ask(&t, "::1"), 0);
    cr_expect_eq(ask(&t, "::1:0:0:0"), 0);
    free(t.run);
}

Test(networks, of_the_same_network_twice_the_larger_verdict_counts)
{
    struct network in[] = {net("10.0.0.0", 8, 2), net("10.0.0.0", 8, 1), net("fd00::", 8, 1)};
    struct networks t;
    build(&t, in, 3);
    cr_expect_eq(ask(&t, "10.0.0.1"), 2);
    cr_expect_eq(ask(&t, "fd12::1"), 1);
    free(t.run);
}

static uint64_t draw(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    return *seed ^= *seed << 17;
}

static unsigned by_asking_each(const struct network *in, size_t n, const struct ip_addr *a)
{
    unsigned bits = 0, verdict = 0;
    for (size_t i = 0; i < n; i++) {
        if (ip_is_v4(a) && in[i].bits < 96)
            continue;
        if (in[i].verdict && ip_prefix_eq(&in[i].addr, a, in[i].bits) &&
            (in[i].bits > bits || !verdict || (in[i].bits == bits && in[i].verdict > verdict))) {
            bits = in[i].bits;
            verdict = in[i].verdict;
        }
    }
    return verdict;
}

/* Few different bits, so that there are nested and equal ones, and neighbours. */
static struct ip_addr some_address(uint64_t *seed, bool v4)
{
    static const uint8_t byte[] = {0, 1, 0x7f, 0x80, 0xff};
    struct ip_addr a;
    for (unsigned i = 0; i < 16; i++)
        a.b[i] = byte[draw(seed) % sizeof byte];
    if (v4)
        a = ip_from_v4(a.b + 12);
    return a;
}

Test(networks, thousands_at_random)
{
    uint64_t seed = 7;
    enum { N = 3000 };
    static struct network in[N];
    for (unsigned i = 0; i < N; i++) {
        bool v4 = draw(&seed) & 1;
        in[i].addr = some_address(&seed, v4);
        in[i].bits = (uint8_t)(v4 ? 96 + draw(&seed) % 33 : draw(&seed) % 129);
        in[i].verdict = (uint8_t)(draw(&seed) % 3);
        for (unsigned k = in[i].bits; k < 128; k++)
            in[i].addr.b[k / 8] &= (uint8_t) ~(0x80 >> k % 8);
    }
    struct networks t;
    build(&t, in, N);
    for (unsigned i = 0; i < 20000; i++) {
        struct ip_addr a = i % 4 == 3 ? in[i % N].addr : some_address(&seed, i & 1);
        cr_assert_eq(networks_find(&t, &a), by_asking_each(in, N, &a));
    }
    free(t.run);
}
