/* The load generator's parts that need no network: histogram, body pattern, sizes, heads. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "bench/loadgen/head.h"
#include "bench/loadgen/hist.h"
#include "bench/loadgen/pattern.h"
#include "bench/loadgen/sizes.h"
#include "bench/loadgen/sum.h"
#include "tests/unit/guarded.h"

/* ---- histogram ---- */

Test(hist, buckets_join_without_gap_or_overlap)
{
    unsigned last = 0;

    for (unsigned bit = 0; bit < 64; bit++)
        for (unsigned d = 0; d < 3; d++) {
            uint64_t v = (1ull << bit) - 1 + d;
            unsigned i = hist_index(v);

            cr_assert_lt(i, HIST_BUCKETS);
            cr_assert_leq(v, hist_upper(i), "%llu above its bucket", (unsigned long long)v);
            cr_assert(i == 0 || hist_upper(i - 1) < v, "%llu below its bucket", (unsigned long long)v);
            cr_assert(bit == 0 || i >= last || d == 0);
            last = i;
        }
    cr_expect_eq(hist_index(UINT64_MAX), HIST_BUCKETS - 1);
    cr_expect_eq(hist_upper(HIST_BUCKETS - 1), UINT64_MAX);
}

Test(hist, percentiles_are_near_the_sorted_values)
{
    static struct hist h;
    static uint64_t v[5000];
    struct rng r = {7};

    cr_expect_eq(hist_percentile(&h, 0.5), 0);
    for (unsigned i = 0; i < 5000; i++) {
        v[i] = rng_next(&r) >> (20 + rng_below(&r, 40));
        hist_add(&h, v[i]);
    }
    for (unsigned i = 1; i < 5000; i++)
        for (unsigned k = i; k > 0 && v[k] < v[k - 1]; k--) {
            uint64_t t = v[k];
            v[k] = v[k - 1];
            v[k - 1] = t;
        }
    static const double p[] = {0.0001, 0.01, 0.5, 0.9, 0.99, 0.999, 1};
    for (unsigned i = 0; i < sizeof p / sizeof p[0]; i++) {
        uint64_t want = v[(unsigned)(p[i] * 5000 + 0.9999) - 1], got = hist_percentile(&h, p[i]);

        cr_expect_geq(got, want, "p%g", p[i]);
        cr_expect_leq((double)got, (double)want * 1.008 + 1, "p%g", p[i]);
    }
    cr_expect_eq(hist_percentile(&h, 1), v[4999]);
    cr_expect_eq(h.max, v[4999]);
}

/* ---- pattern ---- */

Test(pattern, what_is_put_is_what_is_checked)
{
    static uint8_t buf[PATTERN_PIECE + 16];
    struct rng r = {1};

    pattern_init();
    for (unsigned i = 0; i < 2000; i++) {
        uint32_t start = pattern_start(rng_next(&r)), off = rng_below(&r, 1u << 30);
        uint32_t n = rng_below(&r, i % 2 ? 64 : PATTERN_PIECE);
        uint16_t sum = pattern_put(buf, start, off, n);

        cr_assert_eq(sum_fold(sum), sum_fold(sum_bytes(buf, n)), "start %u off %u n %u", start, off, n);
        cr_assert(pattern_check(buf, start, off, n));
        if (n < 8)
            continue;
        uint32_t at = rng_below(&r, n);
        buf[at] ^= (uint8_t)(1u << rng_below(&r, 8));
        cr_assert_not(pattern_check(buf, start, off, n), "a flipped bit at %u of %u", at, n);
    }
}

/* A byte that is missing, doubled or moved shows within a few bytes, another body at once. */
Test(pattern, position_and_identity_show)
{
    static uint8_t buf[4096];
    struct rng r = {2};
    unsigned same = 0;

    pattern_init();
    for (unsigned i = 0; i < 500; i++) {
        uint64_t id = rng_next(&r);
        uint32_t start = pattern_start(id), off = rng_below(&r, 1000000);

        pattern_put(buf, start, off, 100);
        same += pattern_check(buf, pattern_start(id + 1), off, 16);
        for (uint32_t d = 1; d < 300; d++)
            same += pattern_check(buf, start, off + d, 16);
    }
    cr_expect_eq(same, 0);
}

/* Long pieces are compared piece by piece. */
Test(pattern, checks_longer_pieces_than_it_puts)
{
    static uint8_t buf[5 * PATTERN_PIECE];

    pattern_init();
    for (uint32_t at = 0; at < sizeof buf; at += 1000)
        pattern_put(buf + at, 17, at, at + 1000 < sizeof buf ? 1000 : (uint32_t)sizeof buf - at);
    cr_expect(pattern_check(buf, 17, 0, sizeof buf));
    buf[sizeof buf - 1] ^= 1;
    cr_expect_not(pattern_check(buf, 17, 0, sizeof buf));
}

/* ---- sizes ---- */

Test(sizes, what_can_be_said)
{
    static const char *const bad[] = {"",        "x",    "-1",      "5x",     "uniform:5:2", "uniform:5",
                                      "log:0:5", "mix:", "mix:5*0", "mix:5,", "2147483648",  "uniform:1:2:3"};
    struct sizes s;

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(sizes_parse(bad[i], &s), "%s", bad[i]);
    cr_expect(sizes_parse("0", &s));
    cr_expect(sizes_parse("1073741824", &s));
}

static double draw_mean(const char *text, uint32_t min, uint32_t max)
{
    struct sizes s;
    struct rng r = {3};
    double sum = 0;

    cr_assert(sizes_parse(text, &s), "%s", text);
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t v = sizes_draw(&s, &r);

        cr_assert(v >= min && v <= max, "%s gave %u", text, v);
        sum += v;
    }
    return sum / 20000;
}

Test(sizes, draws_follow_the_distribution)
{
    cr_expect_eq(draw_mean("100", 100, 100), 100);
    cr_expect_float_eq(draw_mean("uniform:100:300", 100, 300), 200, 2);
    cr_expect_float_eq(draw_mean("mix:100*3,1000", 100, 1000), 325, 12);
    cr_expect_float_eq(draw_mean("log:1:1000000", 1, 1000000), 72382, 3000); /* (b - a) / ln(b / a) */
}

/* ---- heads ---- */

Test(head, requests_and_responses_are_read_back)
{
    uint8_t b[HEAD_MAX];
    struct head h;
    uint32_t n = head_put_request(b, 0x0123456789abcdefull, 1000000, 0, false);

    for (uint32_t k = 0; k < n; k++)
        cr_assert_eq(head_parse_request(guarded(b, k).p, k, &h), 0, "%u of %u bytes", k, n);
    cr_expect_eq(head_parse_request(b, n, &h), 1);
    cr_expect(h.len == n && h.id == 0x0123456789abcdefull && h.want == 1000000 && h.body == 0 && !h.close);
    n = head_put_request(b, 7, 5, 123456, true);
    cr_expect_eq(head_parse_request(b, n, &h), 1);
    cr_expect(h.len == n && h.id == 7 && h.want == 5 && h.body == 123456 && h.close);
    n = head_put_response(b, 0xfedcba9876543210ull, 4294967, false);
    for (uint32_t k = 0; k < n; k++)
        cr_assert_eq(head_parse_response(guarded(b, k).p, k, &h), 0, "%u of %u bytes", k, n);
    cr_expect_eq(head_parse_response(b, n, &h), 1);
    cr_expect(h.len == n && h.id == 0xfedcba9876543210ull && h.body == 4294967 && h.status == 200 &&
              !h.close);
}

static int response(const char *text, struct head *h)
{
    return head_parse_response((const uint8_t *)text, (uint32_t)strlen(text), h);
}

/* Proxies add fields, reorder them, change the case of names. */
Test(head, what_proxies_make_of_it)
{
    struct head h;

    cr_expect_eq(response("HTTP/1.1 200 OK\r\nserver: nginx\r\nDate: x\r\ncontent-length:12\r\n"
                          "Via: 1.1 y\r\nx-id: 00000000000000Ff\r\nconnection: close\r\n\r\nbody",
                          &h),
                 1);
    cr_expect(h.has_id && h.id == 255 && h.has_length && h.body == 12 && h.close);
    cr_expect_eq(response("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", &h), 1);
    cr_expect(h.status == 502 && !h.has_id);
}

Test(head, what_nobody_sends)
{
    static const char *const bad[] = {
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-Id: 12\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "\n",
    };
    struct head h;

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(response(bad[i], &h), -1, "%s", bad[i]);
    static const char *const requests[] = {"GET / HTTP/1.1\r\n\r\n", "\r\n",
                                           "GET /0000006g/0000000000000001 HTTP/1.1\r\n\r\n",
                                           "PUT /00000064/0000000000000001 HTTP/1.1\r\n\r\n"};
    for (unsigned i = 0; i < 4; i++)
        cr_expect_eq(head_parse_request((const uint8_t *)requests[i], (uint32_t)strlen(requests[i]), &h), -1,
                     "%s", requests[i]);
}
