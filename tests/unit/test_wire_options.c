/* TCP options: rows of what is accepted and what is malformed, each ending against an unreadable page. */
#include <criterion/criterion.h>

#include "agent/wire/wire.h"
#include "tests/unit/guarded.h"
#include "tests/unit/rnd.h"

struct row {
    const char *what;
    uint8_t n, b[40];
    bool good;
    uint16_t mss;
    int8_t wscale;
    bool sack_ok;
    uint8_t nsack;
};

static const struct row rows[] = {
    {"none", 0, {0}, true, 0, -1, false, 0},
    {"padding", 4, {1, 1, 1, 0}, true, 0, -1, false, 0},
    {"Linux's SYN",
     20,
     {2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7},
     true,
     1460,
     7,
     true,
     0},
    {"last option without padding", 4, {2, 4, 0xff, 0xff}, true, 65535, -1, false, 0},
    {"window scale 14", 3, {3, 3, 14}, true, 0, 14, false, 0},
    {"window scale 15 counts as 14", 3, {3, 3, 15}, true, 0, 14, false, 0},
    {"window scale 255 counts as 14", 3, {3, 3, 255}, true, 0, 14, false, 0},
    {"unknown ones are skipped", 12, {254, 5, 1, 2, 3, 30, 2, 253, 2, 4, 2, 0}, true, 0, -1, true, 0},
    {"what follows the end is not looked at", 6, {0, 2, 0, 2, 1, 3}, true, 0, -1, false, 0},
    {"one SACK block", 12, {1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2}, true, 0, -1, false, 1},
    {"four SACK blocks", 34, {5, 34}, true, 0, -1, false, 4},
    {"the last of two counts", 8, {2, 4, 1, 0, 2, 4, 2, 0}, true, 512, -1, false, 0},
    {"the last of two, SACK", 28, {5, 18, [18] = 5, 10}, true, 0, -1, false, 1},

    {"length 0", 4, {254, 0, 1, 1}, false, 0, 0, false, 0},
    {"length 1", 4, {254, 1, 1, 1}, false, 0, 0, false, 0},
    {"MSS of length 0", 4, {2, 0, 5, 0xb4}, false, 0, 0, false, 0},
    {"MSS of length 1", 4, {2, 1, 5, 0xb4}, false, 0, 0, false, 0},
    {"kind without length", 1, {2}, false, 0, 0, false, 0},
    {"kind without length after NOPs", 4, {1, 1, 1, 254}, false, 0, 0, false, 0},
    {"one byte past the end", 4, {2, 5, 5, 0xb4}, false, 0, 0, false, 0},
    {"far past the end", 4, {254, 255, 0, 0}, false, 0, 0, false, 0},
    {"MSS cut", 3, {2, 4, 5}, false, 0, 0, false, 0},
    {"MSS of length 3", 4, {2, 3, 5, 1}, false, 0, 0, false, 0},
    {"window scale of length 2", 4, {3, 2, 1, 1}, false, 0, 0, false, 0},
    {"window scale of length 4", 4, {3, 4, 1, 1}, false, 0, 0, false, 0},
    {"SACK-permitted of length 3", 4, {4, 3, 1, 1}, false, 0, 0, false, 0},
    {"SACK without blocks", 4, {5, 2, 1, 1}, false, 0, 0, false, 0},
    {"SACK with half a block", 8, {5, 6}, false, 0, 0, false, 0},
    {"SACK of length 11", 12, {5, 11}, false, 0, 0, false, 0},
};

Test(wire_options, rows)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        struct tcp_opts o;
        bool good = wire_tcp_opts(guarded(r->b, r->n), &o);
        cr_expect_eq(good, r->good, "%s", r->what);
        if (!good)
            continue;
        cr_expect_eq(o.mss, r->mss, "%s", r->what);
        cr_expect_eq(o.wscale, r->wscale, "%s", r->what);
        cr_expect_eq(o.sack_ok, r->sack_ok, "%s", r->what);
        cr_expect_eq(o.nsack, r->nsack, "%s", r->what);
    }
}

Test(wire_options, sack_blocks_in_order)
{
    static const uint8_t b[] = {1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xf0, 0, 0, 1, 0};
    struct tcp_opts o;
    cr_assert(wire_tcp_opts(guarded(b, sizeof b), &o));
    cr_assert_eq(o.nsack, 2);
    cr_expect(o.sack[0].lo == 1 && o.sack[0].hi == 2);
    cr_expect(o.sack[1].lo == 0xfffffff0 && o.sack[1].hi == 0x100);
}

/* More bytes than a TCP header can carry: five blocks do not fit the result and are malformed. */
Test(wire_options, five_blocks_are_refused)
{
    uint8_t b[42] = {5, 42};
    struct tcp_opts o;
    cr_expect_not(wire_tcp_opts(guarded(b, sizeof b), &o));
}

Test(wire_options, random_bytes_end_and_stay_inside, .timeout = 60)
{
    uint64_t seed = 11;
    for (int i = 0; i < 500000; i++) {
        uint8_t b[40];
        struct tcp_opts o;
        size_t n = rnd_below(&seed, 41);
        rnd_fill(&seed, b, n);
        for (size_t j = 0; j < n; j++)
            b[j] = rnd_below(&seed, 2) ? b[j] % 12 : b[j];
        if (wire_tcp_opts(guarded(b, n), &o))
            cr_assert(o.nsack <= TCP_MAX_SACK && o.wscale >= -1 && o.wscale <= 14);
    }
}
