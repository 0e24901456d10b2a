/* The sum over bytes, the one part of the checksum whose cost grows with the packet; see csum.h. No state,
 * any thread. */
#include "agent/base/csum.h"

#include <string.h>

/* Words are summed in the machine's byte order, which commutes with the sum (RFC 1071 section 2B); both
 * 32-bit halves of eight bytes go into one 64-bit accumulator that cannot overflow below 8 GiB. */
uint16_t csum_bytes(const void *data, size_t n)
{
    const uint8_t *p = data;
    uint64_t s = 0;
    for (size_t words = n / 8; words > 0; words--, p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        s += (w & 0xffffffffu) + (w >> 32);
    }
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
