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
