/* tally: how much of something is in use, counted by all workers together, so that a limit on it is exact.
 * One atomic operation when a unit is taken, one when it is given back; who has no limit counts nothing. Any
 * thread. */
#ifndef LACON_BASE_TALLY_H
#define LACON_BASE_TALLY_H

#include <stdbool.h>
#include <stdint.h>

/* One more of *n, unless there are `most` (false). Relaxed: the number itself is all that is shared. */
static inline bool tally_take(uint32_t *n, uint32_t most)
{
    uint32_t now = __atomic_load_n(n, __ATOMIC_RELAXED);
    while (now < most)
        if (__atomic_compare_exchange_n(n, &now, now + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return true;
    return false;
}

static inline void tally_give(uint32_t *n)
{
    (void)__atomic_sub_fetch(n, 1, __ATOMIC_RELAXED);
}

static inline uint32_t tally_read(const uint32_t *n)
{
    return __atomic_load_n(n, __ATOMIC_RELAXED);
}

#endif
