/* clients: shares per address, references, and that the table cannot fill up. */
#include <criterion/criterion.h>

#include "agent/base/kbuf.h"
#include "agent/splice/clients.h"

static const struct sip_key key = {11, 13};

static struct ip_addr v4(uint32_t n)
{
    const uint8_t b[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    return ip_from_v4(b);
}

static struct ip_addr v6(uint8_t net, uint8_t host)
{
    return (struct ip_addr){{0x20, 1, 0xd, 0xb8, 0, 0, 0, net, 0, 0, 0, 0, 0, 0, 0, host}};
}

Test(clients, an_address_has_its_share_of_conns_and_others_have_theirs)
{
    struct clients *t = clients_create(64, 3, 0, &key);
    struct ip_addr a = v4(1), b = v4(2);
    uint32_t i[3];
    for (unsigned k = 0; k < 3; k++) {
        cr_assert(clients_may_open(t, &a));
        i[k] = clients_open(t, &a);
        cr_assert_neq(i[k], CLIENT_NONE);
    }
    cr_expect(!clients_may_open(t, &a));
    cr_expect(clients_may_open(t, &b));
    clients_close(t, i[0]);
    cr_expect(clients_may_open(t, &a));
    clients_destroy(t);
}

Test(clients, IPv6_counts_by_the_64)
{
    struct clients *t = clients_create(64, 1, 0, &key);
    struct ip_addr a = v6(1, 1), same = v6(1, 99), other = v6(2, 1);
    clients_open(t, &a);
    cr_expect(!clients_may_open(t, &same));
    cr_expect(clients_may_open(t, &other));
    clients_destroy(t);
}

Test(clients, bytes_are_a_share_too_and_outlive_the_conn)
{
    struct clients *t = clients_create(64, 0, 1000, &key);
    struct ip_addr a = v4(1);
    struct client_info info;
    uint32_t i = clients_open(t, &a);
    clients_keep(t, i, 600);
    cr_expect(!clients_full(t, i));
    clients_keep(t, i, 400);
    cr_expect(clients_full(t, i));
    clients_close(t, i);
    cr_assert(clients_peek(t, i, &info), "the bytes are still kept");
    cr_expect(info.conns == 0 && info.bytes == 1000 && ip_eq(&info.addr, &a));
    clients_drop(t, i, 600);
    cr_expect(!clients_full(t, i));
    clients_drop(t, i, 400);
    cr_expect(!clients_peek(t, i, &info), "nothing is left of it");
    cr_expect(!clients_full(t, CLIENT_NONE));
    clients_destroy(t);
}

Test(clients, zero_means_no_limit)
{
    struct clients *t = clients_create(1000, 0, 0, &key);
    struct ip_addr a = v4(7);
    uint32_t i = 0;
    for (unsigned k = 0; k < 1000; k++)
        i = clients_open(t, &a);
    clients_keep(t, i, UINT32_MAX);
    cr_expect(clients_may_open(t, &a));
    cr_expect(!clients_full(t, i));
    clients_destroy(t);
}

/* As many entries as there can be conns: the table has room for each as long as the conn table has. A million
 * addresses, `CAP` at a time, always find it, and none is pushed out meanwhile. */
Test(clients, a_million_addresses_push_nobody_out)
{
    enum { CAP = 1000 };
    struct clients *t = clients_create(CAP, 2, 0, &key);
    struct ip_addr regular = v4(UINT32_MAX);
    uint32_t ring[CAP - 1], first = clients_open(t, &regular);
    for (uint32_t k = 0; k < 1000000; k++) {
        struct ip_addr a = v4(k);
        if (k >= CAP - 1)
            clients_close(t, ring[k % (CAP - 1)]);
        ring[k % (CAP - 1)] = clients_open(t, &a);
        cr_assert_neq(ring[k % (CAP - 1)], CLIENT_NONE);
    }
    clients_close(t, first);
    cr_expect_eq(clients_open(t, &regular), first);
    cr_expect(clients_may_open(t, &regular));
    clients_destroy(t);
}

Test(clients, one_conn_exceeds_the_share_until_nothing_of_it_is_held)
{
    struct clients *t = clients_create(64, 0, 1000, &key);
    struct ip_addr a = v4(1), b = v4(2);
    uint32_t i = clients_open(t, &a), other = clients_open(t, &b);
    clients_keep(t, i, 1000);
    cr_assert(clients_full(t, i));
    cr_expect(clients_may_exceed(t, i, 7, 0) && clients_may_exceed(t, i, 8, 0));
    clients_exceed(t, i, 7);
    cr_expect(clients_may_exceed(t, i, 7, 0));
    cr_expect(!clients_may_exceed(t, i, 8, 0));
    cr_expect(clients_may_exceed(t, other, 8, 0), "another client has its own");
    clients_settle(t, i, 8);
    cr_expect(!clients_may_exceed(t, i, 8, 0), "that was not the one");
    clients_settle(t, i, 7);
    cr_expect(clients_may_exceed(t, i, 8, 0));
    clients_keep(t, i, KBUF_MAX - 1);
    cr_expect(clients_may_exceed(t, i, 8, 0));
    clients_keep(t, i, 1);
    cr_expect(!clients_may_exceed(t, i, 8, 0), "too much is under way");
    cr_expect(clients_may_exceed(t, i, 8, 1), "what it has itself does not count");
    clients_settle(t, CLIENT_NONE, 8);
    clients_destroy(t);
}
