/* hist: a log-linear histogram of durations (the idea of HdrHistogram): values below 256 exactly, above that
 * 128 steps for each power of two, so a percentile is too high by less than 0.8 %. Any 64-bit value fits; the
 * size is fixed. Not thread-safe. */
#ifndef LOADGEN_HIST_H
#define LOADGEN_HIST_H

#include <stdint.h>

#define HIST_STEP_BITS 7
#define HIST_STEPS     (1u << HIST_STEP_BITS)
#define HIST_BUCKETS   ((64 - HIST_STEP_BITS + 1) * HIST_STEPS)

struct hist {
    uint64_t n, sum, max;
    uint64_t bucket[HIST_BUCKETS];
};

static inline unsigned hist_index(uint64_t v)
{
    if (v < 2 * HIST_STEPS)
        return (unsigned)v;
    unsigned shift = 63 - HIST_STEP_BITS - (unsigned)__builtin_clzll(v);
    return shift * HIST_STEPS + (unsigned)(v >> shift);
}

static inline void hist_add(struct hist *h, uint64_t v)
{
    h->n++;
    h->sum += v;
    if (v > h->max)
        h->max = v;
    h->bucket[hist_index(v)]++;
}

/* The largest value that falls into the bucket. */
uint64_t hist_upper(unsigned index);

/* The value that a share `p` (0 to 1) of all does not exceed, never above the true maximum. 0 when empty. */
uint64_t hist_percentile(const struct hist *h, double p);

#endif
