/* Checksum arithmetic against the definition, one 16-bit word at a time. */
#include <criterion/criterion.h>

#include "agent/base/csum.h"
#include "tests/unit/guarded.h"
#include "tests/unit/rnd.h"

/* RFC 1071 section 4.1, in the plainest form. */
static uint16_t plain(const uint8_t *p, size_t n)
{
    uint64_t s = 0;
    for (size_t i = 0; i < n; i++)
        s += i % 2 ? p[i] : (uint64_t)p[i] << 8;
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return (uint16_t)s;
}

/* 0 and 0xffff are one number. */
static uint16_t same(uint16_t s)
{
    return s == 0xffff ? 0 : s;
}

Test(csum, example_of_rfc_1071)
{
    static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    cr_expect_eq(csum_bytes(bytes, 8), 0xddf2);
    cr_expect_eq(csum_final(0xddf2), 0x220d);
}

Test(csum, every_length_and_alignment)
{
    static uint8_t buf[300];
    uint64_t seed = 3;
    rnd_fill(&seed, buf, sizeof buf);
    for (size_t off = 0; off < 9; off++)
        for (size_t n = 0; n + off <= sizeof buf; n++)
            cr_assert_eq(csum_bytes(buf + off, n), plain(buf + off, n), "off %zu n %zu", off, n);
    for (size_t n = 0; n <= sizeof buf; n++) {
        struct span s = guarded(buf, n);
        cr_assert_eq(csum_bytes(s.p, s.n), plain(buf, n));
    }
}

Test(csum, largest_sums_do_not_overflow)
{
    static uint8_t buf[65536];
    cr_expect_eq(csum_bytes(buf, sizeof buf), 0);
    memset(buf, 0xff, sizeof buf);
    for (size_t n = sizeof buf; n > sizeof buf - 16; n--)
        cr_expect_eq(csum_bytes(buf, n), plain(buf, n));
    cr_expect_eq(csum_fold(UINT64_MAX), 0xffff);
    cr_expect_eq(csum_fold(0x1fffeffffull), csum_fold(1 + 0xfffe + 0xffffull));
}

Test(csum, fold_is_the_remainder)
{
    uint64_t seed = 4;
    for (int i = 0; i < 100000; i++) {
        uint64_t s = rnd(&seed) >> rnd_below(&seed, 64);
        cr_assert_eq(same(csum_fold(s)), s % 0xffff);
        cr_assert_eq(csum_fold(s) == 0, s == 0);
    }
}

Test(csum, sub_undoes_add)
{
    uint64_t seed = 5;
    for (int i = 0; i < 100000; i++) {
        uint16_t a = (uint16_t)rnd(&seed), b = (uint16_t)(rnd(&seed) >> 16);
        cr_assert_eq(same(csum_sub(csum_add(a, b), b)), same(a));
        cr_assert_eq(same(csum_add(a, csum_final(a))), 0);
    }
}

Test(csum, pseudo_header_of_both_families)
{
    uint64_t seed = 6;
    for (int i = 0; i < 2000; i++) {
        uint8_t v4[12] = {0}, v6[40] = {0}, raw[32];
        uint32_t len = (uint32_t)rnd_below(&seed, 65536);
        rnd_fill(&seed, raw, sizeof raw);
        struct ip_addr a = ip_from_v4(raw), b = ip_from_v4(raw + 4);
        memcpy(v4, raw, 8);
        v4[9] = 6;
        v4[10] = (uint8_t)(len >> 8);
        v4[11] = (uint8_t)len;
        cr_assert_eq(same(csum_pseudo(&a, &b, 6, len)), same(plain(v4, 12)));
        struct ip_addr c = ip_from_v6(raw), d = ip_from_v6(raw + 16);
        memcpy(v6, raw, 32);
        v6[34] = (uint8_t)(len >> 8);
        v6[35] = (uint8_t)len;
        v6[39] = 58;
        cr_assert_eq(same(csum_pseudo(&c, &d, 58, len)), same(plain(v6, 40)));
    }
}
