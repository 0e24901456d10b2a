/* micro: the harness of the micro benchmarks: samples in interleaved rounds, medians and spread, hardware
 * counters where the machine gives them. One thread.
 *
 * What is compared is measured side by side: in every round each case of a group runs once, and a ratio is
 * the median of the rounds' ratios, so that what slows the machine for a while slows both sides of it. A
 * sample is long enough (about a millisecond) to drown the clock, and short enough that a median over rounds
 * leaves out those that were interrupted.
 *
 * Cycles are ticks of the constant time-stamp counter, not of the core's clock. Results go to standard output
 * as lines that bench/micro/run reads:
 *
 *   result NAME MEDIAN LOW HIGH UNIT [instructions=N] [cache_misses=N]   low and high: quartiles of the
 * rounds value NAME NUMBER UNIT                                               a quantity that has no spread
 */
#ifndef LACON_BENCH_MICRO_H
#define LACON_BENCH_MICRO_H

#include <rte_cycles.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MICRO_COUNTERS 2 /* instructions, cache misses */

enum micro_scale {
    MICRO_SMOKE, /* tiny sizes, one round: does it still run? */
    MICRO_QUICK,
    MICRO_FULL,
};

struct micro {
    enum micro_scale scale;
    unsigned rounds;
    const char *only;            /* prefix of the names to run, NULL: all */
    bool meet;                   /* what micro_meet() does */
    int counter[MICRO_COUNTERS]; /* perf file descriptors, -1: none */
};

/* One sample of one case: begun and ended by the case itself, around what is to be timed. */
struct micro_sample {
    const struct micro *m;
    uint64_t start, ticks;
    uint64_t units; /* operations or bytes done between begin and end */
    uint64_t counter[MICRO_COUNTERS];
};

struct micro_case {
    char name[96];
    const char *unit; /* what is counted: "op", "byte" */
    void (*run)(void *ctx, struct micro_sample *s);
    void *ctx;
};

struct micro_result {
    double median, low, high; /* ticks per unit */
};

#define MICRO_MAX_CASES 16

/* Tries to open the hardware counters. */
void micro_open(struct micro *m, enum micro_scale scale);
void micro_close(struct micro *m);

/* Does --only ask for (some of) what begins with this part of a name? */
bool micro_wanted(const struct micro *m, const char *part);

/* Before what several processes measure at the same time (bench/scaling): says that this one is ready and
 * waits for a line on standard input; ends the process where none comes. */
void micro_meet(const struct micro *m);

/* Warms up, then runs n <= MICRO_MAX_CASES cases in interleaved rounds and prints each; nothing where none of
 * them is wanted. */
void micro_run(const struct micro *m, const struct micro_case *c, unsigned n);
/* Likewise, and prints `value name`: how many times faster case 0 is than case 1. */
void micro_run_ratio(const struct micro *m, const struct micro_case *c, unsigned n, const char *name);

void micro_value(const char *name, double v, const char *unit);

void micro_counters_read(const struct micro *m, uint64_t out[MICRO_COUNTERS]);

static inline void micro_begin(struct micro_sample *s)
{
    micro_counters_read(s->m, s->counter);
    s->start = rte_rdtsc_precise();
}

static inline void micro_end(struct micro_sample *s, uint64_t units)
{
    uint64_t now[MICRO_COUNTERS];
    s->ticks = rte_rdtsc_precise() - s->start;
    micro_counters_read(s->m, now);
    for (unsigned i = 0; i < MICRO_COUNTERS; i++)
        s->counter[i] = now[i] - s->counter[i];
    s->units = units;
}

/* Keeps the compiler from dropping a computation whose result nobody needs. */
static inline void micro_use(uint64_t v)
{
    __asm__ volatile("" : : "r"(v) : "memory");
}

/* Repeatable random numbers (splitmix64). */
static inline uint64_t micro_rnd(uint64_t *s)
{
    uint64_t z = (*s += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* "1k", "64k", "1M": n in units of 1024, where it is a multiple. */
const char *micro_size(uint32_t n, char buf[16]);

/* Zeroed memory in huge pages where the kernel has them: for all sides of a comparison alike. Ends the
 * process when there is none. */
void *micro_map(size_t bytes);
void micro_unmap(void *p, size_t bytes);
void *micro_alloc(size_t bytes);

/* ---- the benchmarks, one file each ---- */
void micro_lists(struct micro *m); /* in a child process */
void micro_table(struct micro *m);
void micro_heads(struct micro *m);
void micro_policies(struct micro *m);
void micro_routes(struct micro *m);
void micro_forward(struct micro *m);
void micro_exchange(struct micro *m);
void micro_memory(struct micro *m);
void micro_segments(struct micro *m);
void micro_timers(struct micro *m);
void micro_state(struct micro *m);
void micro_kernels(struct micro *m);
void micro_steering(struct micro *m);

#endif
