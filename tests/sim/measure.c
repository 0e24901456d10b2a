#include "tests/sim/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#ifdef __x86_64__
#include <x86intrin.h>
#else
#include <time.h>
#endif

#define LARGEST 100000000.0

uint64_t measure_flow_least;
unsigned measure_conns;

static enum { OFF, FIXED, WEB, SEARCH } sizes;
static uint32_t fixed;

bool measure_sizes(const char *text)
{
    char *end;
    fixed = (uint32_t)strtoul(text, &end, 10);
    sizes = strcmp(text, "web") == 0      ? WEB
            : strcmp(text, "search") == 0 ? SEARCH
            : !*end && fixed              ? FIXED
                                          : OFF;
    return sizes != OFF;
}

bool measure_on(void)
{
    return sizes != OFF;
}

/* In (0, 1). */
static double uniform(struct rng *r)
{
    return ((double)rng_below(r, UINT32_MAX) + 0.5) / (double)UINT32_MAX;
}

static double web(struct rng *r)
{
    if (uniform(r) < 0.07)
        return 133000 * pow(uniform(r), -1 / 1.1);
    double normal = sqrt(-2 * log(uniform(r))) * cos(2 * 3.14159265358979 * uniform(r));
    double n = exp(9.357 + 1.318 * normal);
    return n < 133000 ? n : 133000;
}

/* Linear between the points. */
static double search(struct rng *r)
{
    static const struct {
        double share, bytes;
    } cdf[] = {{0, 1460},     {0.15, 8760},  {0.2, 18980},   {0.3, 27740},   {0.4, 48180},    {0.53, 77380},
               {0.6, 194180}, {0.7, 973820}, {0.8, 1946180}, {0.9, 4867000}, {0.97, 9732000}, {1, 29200000}};
    double u = uniform(r);
    unsigned i = 1;
    while (cdf[i].share < u)
        i++;
    return cdf[i - 1].bytes +
           (cdf[i].bytes - cdf[i - 1].bytes) * (u - cdf[i - 1].share) / (cdf[i].share - cdf[i - 1].share);
}

uint32_t measure_draw(struct rng *r)
{
    double n = sizes == WEB ? web(r) : sizes == SEARCH ? search(r) : fixed;
    return (uint32_t)(n < 1 ? 1 : n > LARGEST ? LARGEST : n);
}

/* ---- the clock ---- */

static uint64_t outside, stopped;

static uint64_t ticks(void)
{
#ifdef __x86_64__
    return __rdtsc();
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
#endif
}

uint64_t measure_cycles(void)
{
    return ticks() - outside;
}

void measure_stop(void)
{
    stopped = ticks();
}

void measure_go(void)
{
    outside += ticks() - stopped;
}

static uint64_t switches(void)
{
    struct rusage u;
    getrusage(RUSAGE_THREAD, &u);
    return (uint64_t)(u.ru_nivcsw + u.ru_nvcsw);
}

void measure_begin(struct measure_calls *m, uint64_t emulation)
{
    m->switches = switches();
    m->begun = measure_cycles() - emulation;
}

void measure_end(struct measure_calls *m, uint64_t emulation)
{
    uint64_t took = measure_cycles() - emulation - m->begun;
    m->all++;
    if (switches() != m->switches)
        return;
    m->counted++;
    m->cycles += took;
}

uint64_t measure_sum(const struct measure_calls *m)
{
    return m->counted ? (uint64_t)((double)m->cycles * (double)m->all / (double)m->counted) : 0;
}
