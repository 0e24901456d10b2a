/* Addresses: text both ways, one form for both families, prefixes against a bit-by-bit comparison. */
#include <criterion/criterion.h>

#include "agent/base/addr.h"
#include "tests/unit/guarded.h"
#include "tests/unit/rnd.h"

static struct ip_addr parsed(const char *s)
{
    struct ip_addr a;
    cr_assert(ip_parse(s, strlen(s), &a), "%s", s);
    return a;
}

Test(addr, text_both_ways)
{
    static const struct {
        const char *in, *out;
        bool v4;
    } rows[] = {
        {"0.0.0.0", "0.0.0.0", true},
        {"192.0.2.1", "192.0.2.1", true},
        {"255.255.255.255", "255.255.255.255", true},
        {"::", "::", false},
        {"::1", "::1", false},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1", false},
        {"2001:db8::a:0:0:1", "2001:db8::a:0:0:1", false},
        {"::ffff:192.0.2.1", "192.0.2.1", true},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
        {"0000:0000:0000:0000:0000:FFFF:192.168.100.200", "192.168.100.200", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buf[IP_STRLEN];
        struct ip_addr a = parsed(rows[i].in);
        cr_expect_str_eq(ip_str(&a, buf), rows[i].out);
        cr_expect_eq(ip_is_v4(&a), rows[i].v4, "%s", rows[i].in);
    }
}

Test(addr, refuses_what_is_no_address)
{
    static const char *const rows[] = {
        "",
        " ",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.2.3.4 ",
        " 1.2.3.4",
        "01.2.3.4",
        "1.2.3.-4",
        "0x1.2.3.4",
        "1.2.3.4/24",
        ":",
        ":::",
        "1::2::3",
        "12345::",
        "g::",
        "fe80::1%eth0",
        "1:2:3:4:5:6:7:8:9",
        "[::1]",
        "localhost",
        "1:2:3:4:5:6:7",
        "::1.2.3.4.5",
        "00000000000000000000000000000000000000000000000000000000000000001.2.3.4",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ip_addr a;
        cr_expect_not(ip_parse(rows[i], strlen(rows[i]), &a), "\"%s\"", rows[i]);
    }
    struct ip_addr a;
    cr_expect_not(ip_parse("1.2.3.4\0", 8, &a), "a NUL inside is not an end");
}

Test(addr, reads_exactly_n_bytes)
{
    struct ip_addr a, want = parsed("10.1.2.3");
    cr_assert(ip_parse("10.1.2.34", 8, &a));
    cr_expect(ip_eq(&a, &want));
    struct span s = guarded("10.1.2.3", 8);
    cr_assert(ip_parse((const char *)s.p, s.n, &a));
    cr_expect(ip_eq(&a, &want));
}

Test(addr, random_round_trip)
{
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        struct ip_addr a, b;
        char buf[IP_STRLEN];
        rnd_fill(&seed, a.b, 16);
        for (unsigned j = 0; j < 16; j++)
            if (i % 3 && rnd(&seed) & 1u << 20)
                a.b[j] = 0;
        if (i % 5 == 0)
            a = ip_from_v4(a.b);
        ip_str(&a, buf);
        cr_assert(ip_parse(buf, strlen(buf), &b) && ip_eq(&a, &b), "%s", buf);
    }
}

static bool bits_eq(const struct ip_addr *a, const struct ip_addr *b, unsigned bits)
{
    for (unsigned i = 0; i < bits && i < 128; i++)
        if ((a->b[i / 8] ^ b->b[i / 8]) & (0x80u >> (i % 8)))
            return false;
    return true;
}

Test(addr, prefix_is_bit_by_bit)
{
    uint64_t seed = 2;
    for (int i = 0; i < 2000; i++) {
        struct ip_addr a, b;
        rnd_fill(&seed, a.b, 16);
        b = a;
        unsigned flip = (unsigned)rnd_below(&seed, 129);
        if (flip < 128)
            b.b[flip / 8] ^= (uint8_t)(0x80u >> (flip % 8));
        for (unsigned bits = 0; bits <= 130; bits++)
            cr_assert_eq(ip_prefix_eq(&a, &b, bits), bits_eq(&a, &b, bits), "flip %u bits %u", flip, bits);
    }
    struct ip_addr x = parsed("10.1.2.3"), y = parsed("10.1.3.4");
    cr_expect(ip_prefix_eq(&x, &y, 96 + 23));
    cr_expect_not(ip_prefix_eq(&x, &y, 96 + 24));
}

Test(addr, zero_is_the_unset_address_not_any_of_ipv4)
{
    struct ip_addr zero = parsed("::"), any4 = parsed("0.0.0.0");
    cr_expect(ip_is_zero(&zero));
    cr_expect_not(ip_is_zero(&any4));
}
