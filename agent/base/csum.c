/* The sum over bytes, the one part of the checksum whose cost grows with the packet; see csum.h. No state,
 * any thread. */
#include "agent/base/csum.h"

#include <string.h>

#include "agent/base/kernels.h"

#define SHORT 128u /* sooner summed here than by a call through a pointer (bench/micro kernels) */

uint16_t csum_rest(uint64_t s, const uint8_t *p, size_t n)
{
    if (n & 4) {
        uint32_t w;
        memcpy(&w, p, 4);
        s += w;
        p += 4;
    }
    if (n & 2) {
        uint16_t w;
        memcpy(&w, p, 2);
        s += w;
        p += 2;
    }
    if (n & 1) {
        uint16_t w = 0;
        memcpy(&w, p, 1);
        s += w;
    }
    return be16toh(csum_fold(s));
}

uint16_t csum_bytes(const void *data, size_t n)
{
    const uint8_t *p = data;
    uint64_t s = 0;
    if (n >= SHORT)
        return kernels.csum(data, n);
    for (size_t words = n / 8; words > 0; words--, p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        s += (w & 0xffffffffu) + (w >> 32);
    }
    return csum_rest(s, p, n % 8);
}
