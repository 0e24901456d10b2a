/* The pool of kept bytes against a model: blocks keep their fill, never overlap, and all come back together.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/base/kbuf.h"
#include "tests/unit/rnd.h"

#define BLOCKS 600

struct block {
    uint8_t *p;
    uint32_t cap;
    uint8_t fill;
};

static uint32_t rounded(size_t n)
{
    uint32_t cap = KBUF_MIN;
    while (cap < n)
        cap *= 2;
    return cap;
}

static void expect_filled(const struct block *b)
{
    for (uint32_t i = 0; i < b->cap; i++)
        cr_assert_eq(b->p[i], b->fill);
}

/* Fills the pool with the largest blocks: all of it can be had, so everything was merged again. */
static void expect_whole(struct kbuf_pool *p)
{
    uint32_t cap;
    size_t n = kbuf_total(p) / KBUF_MAX;
    uint8_t *blocks[64];
    cr_assert_leq(n, 64);
    cr_assert_eq(kbuf_used(p), 0);
    for (size_t i = 0; i < n; i++) {
        blocks[i] = kbuf_alloc(p, KBUF_MAX, &cap);
        cr_assert(blocks[i], "chunk %zu of %zu was not merged", i, n);
    }
    cr_assert_null(kbuf_alloc(p, 1, &cap));
    for (size_t i = 0; i < n; i++)
        kbuf_free(p, blocks[i], KBUF_MAX);
    cr_assert_eq(kbuf_used(p), 0);
}

Test(kbuf, sizes_and_alignment)
{
    static const size_t sizes[] = {0,   1,    255,   256,   257,   511,   512,
                                   513, 1500, 16384, 16385, 32769, 65535, 65536};
    struct kbuf_pool *p = kbuf_create(3 * KBUF_MAX + 1000);
    cr_assert(p);
    cr_expect_eq(kbuf_total(p), 3 * KBUF_MAX);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t cap = 0;
        uint8_t *b = kbuf_alloc(p, sizes[i], &cap);
        cr_assert(b);
        cr_expect_eq(cap, rounded(sizes[i]));
        cr_expect_eq((uintptr_t)b % KBUF_MIN, 0);
        cr_expect_eq(kbuf_used(p), cap);
        memset(b, 0xa5, cap);
        kbuf_free(p, b, cap);
    }
    uint32_t cap;
    cr_expect_null(kbuf_alloc(p, KBUF_MAX + 1, &cap));
    cr_expect_null(kbuf_alloc(p, SIZE_MAX, &cap));
    expect_whole(p);
    kbuf_destroy(p);
}

Test(kbuf, odd_arguments)
{
    cr_expect_null(kbuf_create(0));
    cr_expect_null(kbuf_create(KBUF_MAX - 1));
    cr_expect_null(kbuf_create(SIZE_MAX));
    kbuf_destroy(NULL);
    struct kbuf_pool *p = kbuf_create(KBUF_MAX);
    kbuf_free(p, NULL, 0);
    cr_expect_eq(kbuf_used(p), 0);
    kbuf_destroy(p);
}

Test(kbuf, smallest_blocks_fill_it_exactly)
{
    struct kbuf_pool *p = kbuf_create(2 * KBUF_MAX);
    static uint8_t *b[2 * KBUF_MAX / KBUF_MIN];
    const size_t n = sizeof b / sizeof b[0];
    uint32_t cap;
    for (size_t i = 0; i < n; i++)
        cr_assert(b[i] = kbuf_alloc(p, KBUF_MIN, &cap));
    cr_expect_null(kbuf_alloc(p, 1, &cap));
    cr_expect_eq(kbuf_used(p), kbuf_total(p));
    for (size_t i = 0; i < n; i += 2)
        kbuf_free(p, b[i], KBUF_MIN);
    cr_expect_null(kbuf_alloc(p, KBUF_MIN + 1, &cap), "half free, but in pieces");
    for (size_t i = 1; i < n; i += 2)
        kbuf_free(p, b[i], KBUF_MIN);
    expect_whole(p);
    kbuf_destroy(p);
}

static void model_step(struct kbuf_pool *p, struct block *b, uint64_t *seed, size_t *used)
{
    if (b->p) {
        expect_filled(b);
        kbuf_free(p, b->p, b->cap);
        *used -= b->cap;
        b->p = NULL;
        return;
    }
    size_t n = rnd_below(seed, (KBUF_MIN << rnd_below(seed, 9)) + 1);
    b->p = kbuf_alloc(p, n, &b->cap);
    if (!b->p) {
        cr_assert_gt(*used, 0, "an empty pool has room for any block");
        return;
    }
    cr_assert_eq(b->cap, rounded(n));
    b->fill = (uint8_t)rnd(seed);
    memset(b->p, b->fill, b->cap);
    *used += b->cap;
}

Test(kbuf, random_against_fill_patterns)
{
    static struct block blocks[BLOCKS];
    for (uint64_t s = 1; s <= 4; s++) {
        uint64_t seed = s;
        size_t used = 0;
        struct kbuf_pool *p = kbuf_create((4 + s * 10) * KBUF_MAX);
        for (int i = 0; i < 30000; i++) {
            model_step(p, &blocks[rnd_below(&seed, BLOCKS)], &seed, &used);
            cr_assert_eq(kbuf_used(p), used);
        }
        for (unsigned i = 0; i < BLOCKS; i++)
            if (blocks[i].p)
                model_step(p, &blocks[i], &seed, &used);
        expect_whole(p);
        kbuf_destroy(p);
    }
}

/* Pages of ours in memory. */
static size_t resident(void)
{
    unsigned long size = 0, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    cr_assert(f && fscanf(f, "%lu %lu", &size, &pages) == 2);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

Test(kbuf, memory_never_used_costs_nothing)
{
    size_t before = resident();
    struct kbuf_pool *p = kbuf_create((size_t)8 << 30);
    cr_assert(p);
    uint32_t cap;
    uint8_t *b = kbuf_alloc(p, 1000, &cap);
    memset(b, 1, cap);
    cr_expect_lt(resident(), before + ((size_t)16 << 20));
    kbuf_free(p, b, cap);
    kbuf_destroy(p);
}

/* Small blocks that were given back wait unmerged, and are what the next of that size get. */
Test(kbuf, blocks_that_wait_starve_no_other_size)
{
    enum { N = 2 * KBUF_MAX / KBUF_MIN };
    struct kbuf_pool *p = kbuf_create(2 * KBUF_MAX);
    for (uint32_t size = KBUF_MIN; size <= 4 * KBUF_MIN; size *= 2)
        for (uint32_t want = KBUF_MIN; want <= KBUF_MAX; want *= 2) {
            uint8_t *b[N];
            uint32_t cap, n = 2 * KBUF_MAX / size;
            for (uint32_t i = 0; i < n; i++)
                cr_assert(b[i] = kbuf_alloc(p, size, &cap));
            for (uint32_t i = 0; i < n; i++)
                kbuf_free(p, b[i], size);
            n = 2 * KBUF_MAX / want;
            for (uint32_t i = 0; i < n; i++)
                cr_assert(b[i] = kbuf_alloc(p, want, &cap), "%u of %u bytes after %u", i, want, size);
            cr_assert_null(kbuf_alloc(p, 1, &cap));
            cr_assert_eq(kbuf_used(p), kbuf_total(p));
            for (uint32_t i = 0; i < n; i++)
                kbuf_free(p, b[i], want);
        }
    expect_whole(p);
    kbuf_destroy(p);
}

#ifndef NDEBUG
Test(kbuf, freeing_a_block_that_waits_is_caught, .signal = SIGABRT)
{
    struct kbuf_pool *p = kbuf_create(KBUF_MAX);
    uint32_t cap;
    uint8_t *a = kbuf_alloc(p, 1, &cap);
    kbuf_free(p, a, cap);
    kbuf_free(p, a, cap);
}

Test(kbuf, freeing_a_merged_block_is_caught, .signal = SIGABRT)
{
    struct kbuf_pool *p = kbuf_create(KBUF_MAX);
    uint32_t cap;
    uint8_t *a = kbuf_alloc(p, KBUF_MAX / 2, &cap), *b = kbuf_alloc(p, KBUF_MAX / 2, &cap);
    kbuf_free(p, a, cap);
    kbuf_free(p, b, cap); /* merges: the second half's unit is no block any more */
    kbuf_free(p, a < b ? b : a, cap);
}
#endif
