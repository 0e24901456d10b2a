/* Every vector kernel against the plain one, on random and adversarial bytes that end at a guard page, at
 * every length up to several vectors. The sets that this CPU cannot run are passed over, and said so. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "accel/simd.h"
#include "tests/unit/guarded.h"
#include "tests/unit/rnd.h"

#define LONGEST 400

static const struct kernels *set_at(unsigned i, const char **name)
{
    const struct simd_set *s = &simd_sets[i];
    *name = s->name;
    if (!s->name || s->usable())
        return s->kernels;
    fprintf(stderr, "%s: not on this CPU, passed over\n", s->name);
    return NULL;
}

#define EACH_SET(k, name)                                                                                    \
    for (unsigned set_ = 0; simd_sets[set_].name; set_++)                                                    \
        for (const struct kernels *k = set_at(set_, &name); k; k = NULL)

/* 0 and 0xffff are one number. */
static uint16_t same(uint16_t s)
{
    return s == 0xffff ? 0 : s;
}

Test(accel_simd, csum_of_every_length_and_alignment)
{
    static uint8_t buf[LONGEST + 16];
    uint64_t seed = 11;
    const char *name;
    rnd_fill(&seed, buf, sizeof buf);
    EACH_SET(k, name)
    for (size_t off = 0; off < 16; off++)
        for (size_t n = 0; n <= LONGEST; n++) {
            struct span s = guarded(buf + off, n);
            cr_assert_eq(same(k->csum(s.p, n)), same(kernels_soft.csum(buf + off, n)), "%s off %zu n %zu",
                         name, off, n);
        }
}

Test(accel_simd, csum_of_the_largest_sums)
{
    static uint8_t buf[65536];
    const char *name;
    memset(buf, 0xff, sizeof buf);
    EACH_SET(k, name)
    for (size_t n = sizeof buf; n > sizeof buf - 130; n--) {
        struct span s = guarded(buf, n);
        cr_assert_eq(same(k->csum(s.p, n)), same(kernels_soft.csum(buf, n)), "%s n %zu", name, n);
    }
}

/* One byte of each value at each place of text that is otherwise fine. */
static void one_odd_byte(const struct kernels *k, const char *name, size_t n)
{
    uint8_t buf[LONGEST];
    memset(buf, 'a', sizeof buf);
    for (size_t at = 0; at < n; at++) {
        for (unsigned v = 0; v < 256; v++) {
            buf[at] = (uint8_t)v;
            struct span s = guarded(buf, n);
            const uint8_t *end = s.p + n;
            cr_assert_eq(k->skip_text(s.p, end), kernels_soft.skip_text(s.p, end), "%s text n %zu at %zu: %u",
                         name, n, at, v);
            cr_assert_eq(k->skip_target(s.p, end), kernels_soft.skip_target(s.p, end),
                         "%s target n %zu at %zu: %u", name, n, at, v);
        }
        buf[at] = 'a';
    }
}

Test(accel_simd, every_byte_value_at_every_place)
{
    static const size_t length[] = {0, 1, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 95, 127, 128, 129, 200};
    const char *name;
    EACH_SET(k, name)
    for (unsigned i = 0; i < sizeof length / sizeof *length; i++)
        one_odd_byte(k, name, length[i]);
}

Test(accel_simd, random_bytes)
{
    static const uint8_t pick[] = "\r\n\t #\x7f\x1f\x20\x21\x7e\x80\xff aA0";
    uint8_t buf[LONGEST];
    uint64_t seed = 5;
    const char *name;
    EACH_SET(k, name)
    for (int i = 0; i < 20000; i++) {
        size_t n = rnd(&seed) % LONGEST, dense = 1 + rnd(&seed) % 64;
        for (size_t b = 0; b < n; b++)
            buf[b] =
                rnd(&seed) % dense ? (uint8_t)('a' + rnd(&seed) % 26) : pick[rnd(&seed) % (sizeof pick - 1)];
        struct span s = guarded(buf, n);
        const uint8_t *end = s.p + n, *from = s.p + (n ? rnd(&seed) % (n + 1) : 0);
        cr_assert_eq(k->skip_text(from, end), kernels_soft.skip_text(from, end), "%s text, case %d", name, i);
        cr_assert_eq(k->skip_target(from, end), kernels_soft.skip_target(from, end), "%s target, case %d",
                     name, i);
        cr_assert_eq(k->head_end(s.p, from, end), kernels_soft.head_end(s.p, from, end),
                     "%s head end, case %d", name, i);
    }
}

/* CRs and LFs alone, so that every pattern of three crosses every boundary of a vector. */
Test(accel_simd, line_ends_of_every_pattern)
{
    uint8_t buf[LONGEST];
    uint64_t seed = 6;
    const char *name;
    EACH_SET(k, name)
    for (int i = 0; i < 50000; i++) {
        size_t n = rnd(&seed) % 160;
        for (size_t b = 0; b < n; b += 2) { /* mostly whole CRLF behind a letter: no end */
            unsigned what = (unsigned)(rnd(&seed) % 40);
            buf[b] = what == 0 ? '\n' : what == 1 ? '\r' : 'x';
            buf[b + 1] = what == 2 ? '\n' : 'y';
            if (what > 30 && b >= 2) {
                buf[b] = '\r';
                buf[b + 1] = '\n';
            }
        }
        struct span s = guarded(buf, n);
        size_t from = n ? rnd(&seed) % (n + 1) : 0;
        cr_assert_eq(k->head_end(s.p, s.p + from, s.p + n), kernels_soft.head_end(s.p, s.p + from, s.p + n),
                     "%s case %d n %zu from %zu", name, i, n, from);
    }
}

Test(accel_simd, the_best_set_is_usable)
{
    const struct simd_set *s = simd_best();
    if (s)
        cr_expect(s->usable() && s->kernels);
}
