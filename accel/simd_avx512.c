/* Byte kernels with AVX-512 (BW), 64 bytes at a time; CMake compiles this file for such CPUs, simd.c asks the
 * one at hand. The end of the input is loaded under a mask: bytes that are masked out are not read. */
#ifdef __AVX512BW__
#include <immintrin.h>

#include "accel/simd.h"
#include "agent/base/csum.h"

#define WIDTH 64

typedef __m512i vec;

/* The first n bytes; the rest is 0. */
static inline vec load_some(const uint8_t *p, size_t n)
{
    __mmask64 m = n >= WIDTH ? ~(__mmask64)0 : ((__mmask64)1 << n) - 1;
    return _mm512_maskz_loadu_epi8(m, p);
}

static inline vec each(char c)
{
    return _mm512_set1_epi8(c);
}

static inline uint64_t not_text(vec v)
{
    uint64_t low = _mm512_cmplt_epu8_mask(v, each(0x20)), tab = _mm512_cmpeq_epi8_mask(v, each('\t'));
    return (low & ~tab) | _mm512_cmpeq_epi8_mask(v, each(0x7f));
}

static inline uint64_t not_target(vec v)
{
    uint64_t out = _mm512_cmpgt_epu8_mask(_mm512_sub_epi8(v, each(0x21)), each(0x5d));
    return out | _mm512_cmpeq_epi8_mask(v, each('#'));
}

/* 0 is no text and no part of a target, so what the mask left out ends the search at end. */
#define SKIP(name, bad)                                                                                      \
    static const uint8_t *name(const uint8_t *p, const uint8_t *end)                                         \
    {                                                                                                        \
        for (; end - p > WIDTH; p += WIDTH) {                                                                \
            uint64_t m = bad(_mm512_loadu_si512(p));                                                         \
            if (m)                                                                                           \
                return p + __builtin_ctzll(m);                                                               \
        }                                                                                                    \
        size_t n = (size_t)(end - p);                                                                        \
        uint64_t m = n ? bad(load_some(p, n)) : 0;                                                           \
        size_t i = m ? (size_t)__builtin_ctzll(m) : n;                                                       \
        return p + (i < n ? i : n);                                                                          \
    }

SKIP(skip_text, not_text)
SKIP(skip_target, not_target)

/* Needs two bytes before p; n at most WIDTH. */
static inline uint64_t ends_head(const uint8_t *p, size_t n)
{
    uint64_t lf = _mm512_cmpeq_epi8_mask(load_some(p, n), each('\n'));
    uint64_t cr = _mm512_cmpeq_epi8_mask(load_some(p - 1, n), each('\r'));
    uint64_t empty = _mm512_cmpeq_epi8_mask(load_some(p - 2, n), each('\n'));
    return lf & (~cr | empty);
}

static const uint8_t *head_end(const uint8_t *start, const uint8_t *p, const uint8_t *end)
{
    for (; p != end && p - start < 2; p++)
        if (*p == '\n')
            return p;
    while (p != end) {
        size_t n = (size_t)(end - p) < WIDTH ? (size_t)(end - p) : WIDTH;
        uint64_t m = ends_head(p, n);
        if (m)
            return p + __builtin_ctzll(m);
        p += n;
    }
    return NULL;
}

/* Of 64-bit words: their sum modulo 2^64, and that of their upper halves, which cannot wrap below 16 GiB.
 * From both follows that of the lower halves. */
struct sums {
    vec all, high;
};

static inline void add_words(struct sums *s, vec v)
{
    s->all = _mm512_add_epi64(s->all, v);
    s->high = _mm512_add_epi64(s->high, _mm512_srli_epi64(v, 32));
}

static inline vec both_halves(const struct sums *s)
{
    return _mm512_add_epi64(_mm512_sub_epi64(s->all, _mm512_slli_epi64(s->high, 32)), s->high);
}

#define FAR                                                                                                  \
    (4 * WIDTH) /* from here on, loads that each touch two cache lines cost more than one that does not */

/* A payload begins anywhere; where 16-bit words can be kept together, all loads but the first are of one
 * cache line. */
static uint16_t csum(const void *data, size_t n)
{
    const uint8_t *p = data;
    size_t head = (size_t)(-(uintptr_t)p % WIDTH);
    struct sums a = {_mm512_setzero_si512(), _mm512_setzero_si512()}, b = a;
    if (n >= FAR && head % 2 == 0) {
        add_words(&a, load_some(p, head));
        p += head;
        n -= head;
    }
    for (; n >= 2 * WIDTH; n -= 2 * WIDTH, p += 2 * WIDTH) {
        add_words(&a, _mm512_loadu_si512(p));
        add_words(&b, _mm512_loadu_si512(p + WIDTH));
    }
    for (size_t k; n > 0; n -= k, p += k) {
        k = n < WIDTH ? n : WIDTH;
        add_words(&a, load_some(p, k));
    }
    vec s = _mm512_add_epi64(both_halves(&a), both_halves(&b));
    return csum_turn((uint64_t)_mm512_reduce_add_epi64(s));
}

const struct kernels simd_avx512 = {
    .csum = csum,
    .skip_text = skip_text,
    .skip_target = skip_target,
    .head_end = head_end,
};
#endif
