/* sum: the Internet checksum (RFC 1071) as the generator computes it: words are added as they lie in memory,
 * in no byte order, which gives a sum that can be stored as it is. */
#ifndef LOADGEN_SUM_H
#define LOADGEN_SUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t sum_fold(uint64_t s)
{
    s = (s & 0xffffffffu) + (s >> 32);
    s = (s & 0xffffffffu) + (s >> 32);
    s = (s & 0xffff) + (s >> 16);
    s = (s & 0xffff) + (s >> 16);
    return (uint16_t)s;
}

/* Sum of n bytes that begin at an even offset; an odd last byte counts as if a zero followed. */
static inline uint64_t sum_bytes(const uint8_t *p, size_t n)
{
    uint64_t s = 0;
    uint32_t w;
    uint16_t h;

    for (; n >= 4; n -= 4, p += 4) {
        memcpy(&w, p, 4);
        s += w;
    }
    if (n >= 2) {
        memcpy(&h, p, 2);
        s += h;
        n -= 2;
        p += 2;
    }
    if (n) {
        h = 0;
        memcpy(&h, p, 1);
        s += h;
    }
    return s;
}

/* The sum of bytes that begin at an odd offset, from their sum as if it were even. */
static inline uint16_t sum_swap(uint16_t s)
{
    return __builtin_bswap16(s);
}

#endif
