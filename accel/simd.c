/* Which vector kernels this CPU can run; see simd.h. No state; any thread. */
#include "accel/simd.h"

#ifdef __x86_64__
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
#endif

#ifdef __aarch64__
static bool has_neon(void)
{
    return true; /* part of the architecture */
}
#endif

const struct simd_set simd_sets[] = {
#ifdef __x86_64__
    {"avx512", &simd_avx512, has_avx512},
    {"avx2", &simd_avx2, has_avx2},
#endif
#ifdef __aarch64__
    {"neon", &simd_neon, has_neon},
#endif
    {0},
};

const struct simd_set *simd_best(void)
{
    for (const struct simd_set *s = simd_sets; s->name; s++)
        if (s->usable())
            return s;
    return 0;
}
