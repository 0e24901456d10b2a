/* Internet checksum arithmetic (RFC 1071, 1624). All sums are 16-bit one's-complement sums over big-endian
 * words, held in host byte order, NOT complemented. 0xffff and 0 are the same number; csum_final() is what
 * goes into a header (complemented, host order). */
#ifndef LACON_BASE_CSUM_H
#define LACON_BASE_CSUM_H

#include <stddef.h>
#include <stdint.h>

#include "agent/base/addr.h"

/* Sum of n bytes, an odd last byte padded with zero on the right. `n` up to 64 KiB. */
uint16_t csum_bytes(const void *p, size_t n);

static inline uint16_t csum_fold(uint64_t s)
{
    s = (s & 0xffffffffu) + (s >> 32);
    s = (s & 0xffff) + (s >> 16);
    s = (s & 0xffff) + (s >> 16);
    s = (s & 0xffff) + (s >> 16);
    return (uint16_t)s;
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

/* Sum of the TCP/ICMPv6 pseudo-header; l4_len in bytes. Chooses the IPv4 form when src is IPv4-mapped. */
uint16_t csum_pseudo(const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto, uint32_t l4_len);

#endif
