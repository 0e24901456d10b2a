/* The vector kernels, one set per instruction set, and who may run them. Each set is equal to kernels_soft on
 * every input (tests/unit/test_accel_simd.c). Sets of other architectures than the one compiled for are
 * absent. */
#ifndef LACON_ACCEL_SIMD_H
#define LACON_ACCEL_SIMD_H

#include <stdbool.h>

#include "agent/base/kernels.h"

struct simd_set {
    const char *name;
    const struct kernels *kernels;
    bool (*usable)(void); /* has this CPU the instructions? */
};

/* Ends with a set without a name; the widest first. */
extern const struct simd_set simd_sets[];

/* The first usable one, or NULL. */
const struct simd_set *simd_best(void);

extern const struct kernels simd_avx512, simd_avx2, simd_neon;

#endif
