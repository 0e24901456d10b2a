/* Byte kernels with AVX2, 32 bytes at a time; CMake compiles this file for such CPUs, simd.c asks the one at
 * hand. What is left at the end is looked at by a load that ends with it and overlaps what was seen before,
 * or by plain C when there are fewer than 32 bytes in all: nothing outside the input is read. */
#ifdef __AVX2__
#include <immintrin.h>

#include "accel/simd.h"
#include "agent/base/csum.h"

#define WIDTH 32

typedef __m256i vec;

static inline vec load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline vec each(char c)
{
    return _mm256_set1_epi8(c);
}

static inline uint32_t mask_of(vec v)
{
    return (uint32_t)_mm256_movemask_epi8(v);
}

/* Unsigned v <= limit. */
static inline vec at_most(vec v, vec limit)
{
    return _mm256_cmpeq_epi8(_mm256_min_epu8(v, limit), v);
}

static inline uint32_t not_text(vec v)
{
    vec low = at_most(v, each(0x1f)), tab = _mm256_cmpeq_epi8(v, each('\t'));
    vec del = _mm256_cmpeq_epi8(v, each(0x7f));
    return mask_of(_mm256_or_si256(_mm256_andnot_si256(tab, low), del));
}

/* Moved so that the 0x5e allowed values 0x21..0x7e become 0..0x5d. */
static inline uint32_t not_target(vec v)
{
    vec in = at_most(_mm256_sub_epi8(v, each(0x21)), each(0x5d));
    vec hash = _mm256_cmpeq_epi8(v, each('#'));
    return ~mask_of(_mm256_andnot_si256(hash, in));
}

#define SKIP(name, bad)                                                                                      \
    static const uint8_t *name(const uint8_t *p, const uint8_t *end)                                         \
    {                                                                                                        \
        const uint8_t *start = p;                                                                            \
        uint32_t m;                                                                                          \
        for (; end - p >= WIDTH; p += WIDTH)                                                                 \
            if ((m = bad(load(p))))                                                                          \
                return p + __builtin_ctz(m);                                                                 \
        if (p == end)                                                                                        \
            return end;                                                                                      \
        if (end - start < WIDTH)                                                                             \
            return kernels_soft.name(p, end);                                                                \
        m = bad(load(end - WIDTH)); /* what was seen before is fine, so the first hit is new */              \
        return m ? end - WIDTH + __builtin_ctz(m) : end;                                                     \
    }

SKIP(skip_text, not_text)
SKIP(skip_target, not_target)

/* Needs two bytes before p. */
static inline uint32_t ends_head(const uint8_t *p)
{
    vec lf = each('\n'), crlf = _mm256_cmpeq_epi8(load(p - 1), each('\r'));
    vec empty = _mm256_cmpeq_epi8(load(p - 2), lf), fine = _mm256_andnot_si256(empty, crlf);
    return mask_of(_mm256_andnot_si256(fine, _mm256_cmpeq_epi8(load(p), lf)));
}

static const uint8_t *head_end(const uint8_t *start, const uint8_t *p, const uint8_t *end)
{
    for (; p != end && p - start < 2; p++)
        if (*p == '\n')
            return p;
    for (; end - p >= WIDTH; p += WIDTH) {
        uint32_t m = ends_head(p);
        if (m)
            return p + __builtin_ctz(m);
    }
    return kernels_soft.head_end(start, p, end);
}

/* Both 32-bit halves of each 64 bits go into a 64-bit lane: no carry is lost. */
static inline vec add_words(vec s, vec v)
{
    vec low = _mm256_set1_epi64x(0xffffffff);
    return _mm256_add_epi64(s, _mm256_add_epi64(_mm256_and_si256(v, low), _mm256_srli_epi64(v, 32)));
}

static uint16_t csum(const void *data, size_t n)
{
    const uint8_t *p = data;
    vec a = _mm256_setzero_si256(), b = a;
    for (; n >= 2 * WIDTH; n -= 2 * WIDTH, p += 2 * WIDTH) {
        a = add_words(a, load(p));
        b = add_words(b, load(p + WIDTH));
    }
    if (n >= WIDTH) {
        a = add_words(a, load(p));
        n -= WIDTH;
        p += WIDTH;
    }
    uint64_t lane[4], s;
    _mm256_storeu_si256((__m256i *)(void *)lane, _mm256_add_epi64(a, b));
    s = lane[0] + lane[1] + lane[2] + lane[3];
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        s += (w & 0xffffffffu) + (w >> 32);
    }
    return csum_rest(s, p, n);
}

const struct kernels simd_avx2 = {
    .csum = csum,
    .skip_text = skip_text,
    .skip_target = skip_target,
    .head_end = head_end,
};
#endif
