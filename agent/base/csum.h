/* Internet checksum arithmetic (RFC 1071, 1624). All sums are 16-bit one's-complement sums over big-endian
 * words, held in host byte order, NOT complemented. 0xffff and 0 are the same number; csum_final() is what
 * goes into a header (complemented, host order). */
#ifndef LACON_BASE_CSUM_H
#define LACON_BASE_CSUM_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/addr.h"

/* Sum of n bytes, an odd last byte padded with zero on the right. `n` up to 64 KiB. */
uint16_t csum_bytes(const void *p, size_t n);

/* Ends a sum: s over words in the machine's byte order, and the last n < 8 bytes, at p. */
uint16_t csum_rest(uint64_t s, const uint8_t *p, size_t n);

/* Folds a sum of 16-bit or 32-bit words; only 0 becomes 0. */
static inline uint16_t csum_fold(uint64_t s)
{
    uint32_t w = (uint32_t)s + (uint32_t)(s >> 32);
    w += w < (uint32_t)s; /* carries go round */
    return (uint16_t)((w + (w << 16 | w >> 16)) >> 16);
}

static inline uint16_t csum_add(uint16_t a, uint16_t b)
{
    return csum_fold((uint64_t)a + b);
}

/* a - b */
static inline uint16_t csum_sub(uint16_t a, uint16_t b)
{
    return csum_fold((uint64_t)a + (uint16_t)~b);
}

static inline uint16_t csum_final(uint16_t s)
{
    return (uint16_t)~s;
}

/* Sum of n 32-bit words as they lie in memory, not folded: several may be added, and turned by csum_turn()
 * together. For headers: n is small, and best a constant. */
static inline uint64_t csum_raw(const void *p, unsigned n)
{
    uint64_t s = 0;
    for (unsigned i = 0; i < n; i++) {
        uint32_t w;
        memcpy(&w, (const uint8_t *)p + 4 * i, 4);
        s += w;
    }
    return s;
}

/* The sum that a raw one stands for. */
static inline uint16_t csum_turn(uint64_t raw)
{
    return be16toh(csum_fold(raw));
}

/* Sum of an address, both families. The prefix of an IPv4-mapped address adds 0xffff, which is nothing, so
 * the 16-byte form has the sum of the 4-byte one. */
static inline uint16_t csum_addr(const struct ip_addr *a)
{
    return csum_turn(csum_raw(a->b, 4));
}

/* Sum of the TCP/ICMPv6 pseudo-header; l4_len in bytes. The IPv4 form (RFC 9293 section 3.1) and the IPv6
 * form (RFC 8200 section 8.1) have the same sum, so the family need not be asked. */
static inline uint16_t csum_pseudo(const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto,
                                   uint32_t l4_len)
{
    return csum_fold((uint64_t)csum_addr(src) + csum_addr(dst) + proto + l4_len);
}

#endif
