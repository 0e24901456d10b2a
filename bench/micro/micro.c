/* The harness of micro.h. */
#include "bench/micro/micro.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- hardware counters ---- */

static int open_counter(uint64_t config)
{
    struct perf_event_attr a = {
        .type = PERF_TYPE_HARDWARE, .size = sizeof a, .config = config, .exclude_kernel = 1, .exclude_hv = 1};
    return (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
}

void micro_open(struct micro *m, enum micro_scale scale)
{
    static const unsigned rounds[] = {[MICRO_SMOKE] = 1, [MICRO_QUICK] = 25, [MICRO_FULL] = 61};
    m->scale = scale;
    m->rounds = rounds[scale];
    m->counter[0] = open_counter(PERF_COUNT_HW_INSTRUCTIONS);
    m->counter[1] = open_counter(PERF_COUNT_HW_CACHE_MISSES);
    if (m->counter[0] < 0)
        fprintf(stderr, "bench_micro: no hardware counters here: %s\n", strerror(errno));
}

void micro_close(struct micro *m)
{
    for (unsigned i = 0; i < MICRO_COUNTERS; i++)
        if (m->counter[i] >= 0)
            close(m->counter[i]);
}

void micro_counters_read(const struct micro *m, uint64_t out[MICRO_COUNTERS])
{
    for (unsigned i = 0; i < MICRO_COUNTERS; i++)
        if (m->counter[i] < 0 || read(m->counter[i], &out[i], sizeof out[i]) != sizeof out[i])
            out[i] = 0;
}

/* ---- rounds ---- */

/* `part` is a name, or whole parts of its beginning. */
bool micro_wanted(const struct micro *m, const char *part)
{
    size_t n = strlen(part);
    return !m->only || strncmp(part, m->only, strlen(m->only)) == 0 ||
           (strncmp(m->only, part, n) == 0 && m->only[n] == '/');
}

void micro_meet(const struct micro *m)
{
    if (!m->meet)
        return;
    puts("ready");
    fflush(stdout);
    for (int c = getchar(); c != '\n'; c = getchar())
        if (c == EOF)
            exit(1);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct micro_result summary(double *v, unsigned n)
{
    qsort(v, n, sizeof *v, by_value);
    return (struct micro_result){.median = v[n / 2], .low = v[n / 4], .high = v[n - 1 - n / 4]};
}

static void print_case(const struct micro *m, const struct micro_case *c, struct micro_result r,
                       const struct micro_sample *last)
{
    static const char *const names[MICRO_COUNTERS] = {"instructions", "cache_misses"};
    printf("result %-52s %10.2f %10.2f %10.2f cycles/%s", c->name, r.median, r.low, r.high, c->unit);
    for (unsigned i = 0; i < MICRO_COUNTERS; i++)
        if (m->counter[i] >= 0)
            printf(" %s=%.3g", names[i], (double)last->counter[i] / (double)last->units);
    printf("\n");
    fflush(stdout);
}

/* How often this thread was put off its CPU for another. */
static long preemptions(void)
{
    struct rusage u;
    return getrusage(RUSAGE_THREAD, &u) == 0 ? u.ru_nivcsw : 0;
}

/* A sample that was interrupted by another process is taken again, within reason. */
static double one(const struct micro *m, const struct micro_case *c, struct micro_sample *s)
{
    for (unsigned i = 0; i < 4; i++) {
        long before = preemptions();
        *s = (struct micro_sample){.m = m};
        c->run(c->ctx, s);
        if (preemptions() == before)
            break;
    }
    return (double)s->ticks / (double)(s->units ? s->units : 1);
}

void micro_run_ratio(const struct micro *m, const struct micro_case *c, unsigned n, const char *name)
{
    struct micro_sample last[MICRO_MAX_CASES];
    bool wanted = name && micro_wanted(m, name);
    for (unsigned i = 0; i < n; i++)
        wanted = wanted || micro_wanted(m, c[i].name);
    if (!wanted)
        return;
    double *v = micro_alloc((size_t)(n + 1) * m->rounds * sizeof *v), *ratio = v + (size_t)n * m->rounds;
    for (unsigned i = 0; m->scale != MICRO_SMOKE && i < 2 * n; i++) /* warm-up */
        (void)one(m, &c[i % n], &last[i % n]);
    for (unsigned r = 0; r < m->rounds; r++) {
        for (unsigned i = 0; i < n; i++) {
            unsigned k = (i + r) % n; /* nobody is always the first */
            v[k * m->rounds + r] = one(m, &c[k], &last[k]);
        }
        ratio[r] = n > 1 ? v[m->rounds + r] / v[r] : 0;
    }
    for (unsigned i = 0; i < n; i++)
        print_case(m, &c[i], summary(v + (size_t)i * m->rounds, m->rounds), &last[i]);
    if (name && n > 1) {
        struct micro_result s = summary(ratio, m->rounds);
        printf("result %-52s %10.2f %10.2f %10.2f ratio\n", name, s.median, s.low, s.high);
    }
    fflush(stdout);
    free(v);
}

void micro_run(const struct micro *m, const struct micro_case *c, unsigned n)
{
    micro_run_ratio(m, c, n, NULL);
}

void micro_value(const char *name, double v, const char *unit)
{
    printf("value  %-52s %10.2f %s\n", name, v, unit);
    fflush(stdout);
}

/* ---- small parts ---- */

const char *micro_size(uint32_t n, char buf[16])
{
    if (n >= 1u << 20 && n % (1u << 20) == 0)
        snprintf(buf, 16, "%uM", n >> 20);
    else if (n >= 1u << 10 && n % (1u << 10) == 0)
        snprintf(buf, 16, "%uk", n >> 10);
    else
        snprintf(buf, 16, "%u", n);
    return buf;
}

static void *or_die(void *p)
{
    if (!p || p == MAP_FAILED) {
        perror("bench_micro: memory");
        exit(1);
    }
    return p;
}

void *micro_map(size_t bytes)
{
    void *p = or_die(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

void micro_unmap(void *p, size_t bytes)
{
    munmap(p, bytes);
}

void *micro_alloc(size_t bytes)
{
    return or_die(calloc(1, bytes));
}
