/* Local ports: the worker's share, longest unused first, and what is remembered of each. */
#include <criterion/criterion.h>

#include "agent/net/ports.h"

Test(ports, the_share_of_each_worker_covers_the_range_once)
{
    const struct {
        uint16_t lo, hi;
        unsigned workers;
    } row[] = {{1000, 1999, 1}, {1000, 1999, 3}, {1001, 1001, 2}, {0, 65535, 7}, {65530, 65535, 4}};
    static uint8_t seen[65536];
    for (unsigned k = 0; k < sizeof row / sizeof row[0]; k++) {
        memset(seen, 0, sizeof seen);
        for (unsigned w = 0; w < row[k].workers; w++) {
            struct port_pool *p = ports_create(row[k].lo, row[k].hi, w, row[k].workers);
            uint16_t port;
            uint32_t seq;
            bool used;
            while (p != NULL && ports_take(p, &port, &seq, &used)) {
                cr_expect(!used && seq == 0);
                cr_expect_eq(port_owner(port, row[k].workers), w);
                seen[port]++;
            }
            ports_destroy(p);
        }
        for (uint32_t port = 0; port < 65536; port++)
            cr_assert_eq(seen[port], port != 0 && port >= row[k].lo && port <= row[k].hi, "row %u port %u", k,
                         port);
    }
}

Test(ports, an_empty_share_is_no_pool)
{
    cr_expect_null(ports_create(1001, 1001, 0, 2));
    cr_expect_null(ports_create(2000, 1000, 0, 1));
    cr_expect_null(ports_create(0, 0, 0, 1));
    cr_expect_null(ports_create(1, 9, 2, 2));
    cr_expect_null(ports_create(1, 9, 0, 0));
    ports_destroy(NULL);
}

Test(ports, longest_unused_comes_first_with_its_last_sequence_number)
{
    struct port_pool *p = ports_create(100, 103, 0, 1);
    uint16_t port;
    uint32_t seq;
    bool used;
    cr_expect_eq(ports_free(p), 4);
    cr_assert(ports_take(p, &port, &seq, &used) && port == 100);
    ports_give(p, 100, 0xfffffff0);
    /* Never used ones are the longest unused. */
    for (uint16_t want = 101; want <= 103; want++)
        cr_expect(ports_take(p, &port, &seq, &used) && port == want && !used);
    ports_give(p, 103, 3);
    ports_give(p, 101, 1);
    cr_expect_eq(ports_free(p), 3);
    const struct {
        uint16_t port;
        uint32_t seq;
    } want[] = {{100, 0xfffffff0}, {103, 3}, {101, 1}};
    for (unsigned k = 0; k < 3; k++) {
        cr_expect(ports_take(p, &port, &seq, &used));
        cr_expect(used && port == want[k].port && seq == want[k].seq, "%u", port);
    }
    cr_expect(!ports_take(p, &port, &seq, &used));
    cr_expect_eq(ports_free(p), 0);
    ports_destroy(p);
}

Test(ports, a_port_is_never_out_twice)
{
    struct port_pool *p = ports_create(40000, 40063, 1, 2);
    bool out[64] = {false};
    uint16_t list[64];
    uint32_t n = 0, x = 1;
    for (unsigned step = 0; step < 100000; step++) {
        x = x * 1664525 + 1013904223;
        uint16_t port;
        uint32_t seq;
        bool used;
        if (x >> 31) {
            if (!ports_take(p, &port, &seq, &used)) {
                cr_assert_eq(n, 32);
                continue;
            }
            cr_assert(!out[port - 40000]);
            out[port - 40000] = true;
            list[n++] = port;
        } else if (n > 0) {
            uint32_t k = (x >> 8) % n;
            ports_give(p, list[k], x);
            out[list[k] - 40000] = false;
            list[k] = list[--n];
        }
        cr_assert_eq(ports_free(p), 32 - n);
    }
    ports_destroy(p);
}

Test(ports, giving_what_is_not_taken_changes_nothing)
{
    struct port_pool *p = ports_create(100, 200, 0, 2);
    uint16_t port;
    uint32_t seq;
    bool used;
    cr_assert(ports_take(p, &port, &seq, &used) && port == 100);
    const uint16_t stray[] = {0, 98, 99, 101, 102, 200, 202, 65534};
    for (unsigned k = 0; k < sizeof stray / sizeof stray[0]; k++)
        ports_give(p, stray[k], 1);
    cr_expect_eq(ports_free(p), 50);
    ports_give(p, 100, 1);
    ports_give(p, 100, 2);
    cr_expect_eq(ports_free(p), 51);
    ports_destroy(p);
}

/* ---- a share that somebody else knows ---- */

/* Drawn once and for all: whose a port is. */
static bool every_third_or_so(const void *ctx, uint16_t port)
{
    const uint32_t *key = ctx;
    return (port * 2654435761u ^ *key) >> 24 < 85;
}

static bool never(const void *ctx, uint16_t port)
{
    (void)ctx;
    (void)port;
    return false;
}

Test(ports, a_known_share_is_taken_whole_and_then_longest_unused_first)
{
    uint32_t key = 0x1234567, most = 0;
    struct ports_owner owner = {every_third_or_so, &key};
    for (uint32_t port = 2000; port <= 5000; port++)
        most += every_third_or_so(&key, (uint16_t)port);
    struct port_pool *p = ports_create_where(2000, 5000, most + 7);
    uint16_t port, order[4000];
    uint32_t seq, n = 0;
    bool used;
    while (ports_take_where(p, &owner, &port, &seq, &used)) {
        cr_assert(!used && seq == 0);
        cr_assert(every_third_or_so(&key, port) && port >= 2000 && port <= 5000);
        cr_assert(n == 0 || port > order[n - 1], "one port twice");
        order[n++] = port;
    }
    cr_expect_eq(n, most);
    cr_expect_eq(ports_taken(p), most);
    for (uint32_t i = 0; i < n; i++)
        ports_give(p, order[(i * 7 + 3) % n], i);
    cr_expect_eq(ports_taken(p), 0);
    for (uint32_t i = 0; i < n; i++) {
        cr_assert(ports_take_where(p, &owner, &port, &seq, &used));
        cr_assert(used && port == order[(i * 7 + 3) % n] && seq == i, "%u", port);
    }
    cr_expect(!ports_take_where(p, &owner, &port, &seq, &used));
    ports_destroy(p);
}

Test(ports, a_known_share_gives_back_only_what_it_gave)
{
    uint32_t key = 99;
    struct ports_owner owner = {every_third_or_so, &key};
    struct port_pool *p = ports_create_where(0, 65535, 40000);
    uint16_t port;
    uint32_t seq;
    bool used;
    cr_assert(ports_take_where(p, &owner, &port, &seq, &used) && port != 0);
    for (uint32_t stray = 0; stray <= 65535; stray++)
        if (stray != port)
            ports_give(p, (uint16_t)stray, 1);
    cr_expect_eq(ports_taken(p), 1);
    ports_give(p, port, 1);
    ports_give(p, port, 2);
    cr_expect_eq(ports_taken(p), 0);
    ports_destroy(p);
}

Test(ports, a_known_share_may_be_empty_and_is_never_larger_than_its_room)
{
    struct ports_owner nobody = {never, NULL};
    uint32_t key = 5, seq, n = 0;
    struct ports_owner owner = {every_third_or_so, &key};
    uint16_t port;
    bool used;
    struct port_pool *p = ports_create_where(1000, 2000, 10);
    cr_expect(!ports_take_where(p, &nobody, &port, &seq, &used));
    ports_destroy(p);
    p = ports_create_where(1000, 2000, 10);
    while (ports_take_where(p, &owner, &port, &seq, &used))
        n++;
    cr_expect_eq(n, 10);
    ports_destroy(p);
    cr_expect_null(ports_create_where(2000, 1000, 10));
    cr_expect_null(ports_create_where(1000, 2000, 0));
}
