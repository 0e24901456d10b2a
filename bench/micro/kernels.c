/* The byte kernels by themselves: the checksum over payloads of usual sizes, in plain C and with each set of
 * vector kernels that this CPU has, through the pointer that the agent calls. Heads are in heads.c. */
#include <stdio.h>
#include <stdlib.h>

#include "accel/simd.h"
#include "agent/base/csum.h"
#include "bench/micro/micro.h"

#define REPEAT  1000u
#define HEADERS 54u /* bytes before a payload, in a frame that begins on a cache line */

struct sum {
    const struct kernels *kernels;
    const uint8_t *bytes;
    uint32_t n;
};

static void run(void *ctx, struct micro_sample *s)
{
    const struct sum *w = ctx;
    kernels_use(w->kernels);
    micro_begin(s);
    for (unsigned i = 0; i < REPEAT; i++)
        micro_use(kernels.csum(w->bytes, w->n));
    micro_end(s, REPEAT);
    kernels_use(&kernels_soft);
}

static void run_direct(void *ctx, struct micro_sample *s)
{
    const struct sum *w = ctx;
    micro_begin(s);
    for (unsigned i = 0; i < REPEAT; i++)
        micro_use(csum_bytes(w->bytes, w->n));
    micro_end(s, REPEAT);
}

static void size(const struct micro *m, const uint8_t *bytes, uint32_t n)
{
    struct sum w[MICRO_MAX_CASES];
    struct micro_case c[MICRO_MAX_CASES];
    unsigned k = 0;
    for (const struct simd_set *s = simd_sets; s->name; s++) {
        if (!s->usable())
            continue;
        w[k] = (struct sum){s->kernels, bytes, n};
        c[k] = (struct micro_case){.unit = "op", .run = run, .ctx = &w[k]};
        snprintf(c[k++].name, sizeof c->name, "kernels/csum/%u/%s", n, s->name);
    }
    w[k] = (struct sum){&kernels_soft, bytes, n};
    c[k] = (struct micro_case){.unit = "op", .run = run, .ctx = &w[k]};
    snprintf(c[k++].name, sizeof c->name, "kernels/csum/%u/soft", n);
    w[k] = w[k - 1];
    c[k] = (struct micro_case){.unit = "op", .run = run_direct, .ctx = &w[k]};
    snprintf(c[k++].name, sizeof c->name, "kernels/csum/%u/csum_bytes", n);
    micro_run(m, c, k);
}

void micro_kernels(struct micro *m)
{
    static const uint32_t sizes[] = {20, 64, 128, 256, 536, 1440};
    uint8_t *bytes = micro_alloc(2048);
    uint64_t seed = 9;
    for (unsigned i = 0; i < 2048; i++)
        bytes[i] = (uint8_t)micro_rnd(&seed);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        size(m, bytes + HEADERS, sizes[i]);
    free(bytes);
}
