/* Repeatable random numbers for tests (xorshift64*): a failing run replays. */
#ifndef LACON_TESTS_UNIT_RND_H
#define LACON_TESTS_UNIT_RND_H

#include <stddef.h>
#include <stdint.h>

/* Advances *s, which is never zero. */
static inline uint64_t rnd(uint64_t *s)
{
    *s ^= *s >> 12;
    *s ^= *s << 25;
    *s ^= *s >> 27;
    return *s * 0x2545f4914f6cdd1dull;
}

/* Below n, n > 0. */
static inline uint64_t rnd_below(uint64_t *s, uint64_t n)
{
    return (rnd(s) >> 11) % n;
}

static inline void rnd_fill(uint64_t *s, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(rnd(s) >> 40);
}

#endif
