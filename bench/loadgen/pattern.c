/* The block of random bytes and its running sums; see pattern.h. Read-only once pattern_init() has returned.
 */
#include "bench/loadgen/pattern.h"

#include <string.h>

#include "bench/loadgen/sum.h"

#define BLOCK (PATTERN_PERIOD + PATTERN_PIECE + 1)

static uint8_t block[BLOCK + 1];
/* even[k]: sum of the 16-bit words at 0, 2 ... below 2k; odd[k]: of those at 1, 3 ... */
static uint32_t even[BLOCK / 2 + 1], odd[BLOCK / 2 + 1];

static uint16_t word(uint32_t at)
{
    uint16_t w;

    memcpy(&w, block + at, 2);
    return w;
}

void pattern_init(void)
{
    struct rng r = {4};

    for (uint32_t i = 0; i < PATTERN_PERIOD; i++)
        block[i] = (uint8_t)(rng_next(&r) >> 56);
    memcpy(block + PATTERN_PERIOD, block, BLOCK - PATTERN_PERIOD);
    for (uint32_t k = 0; k < BLOCK / 2; k++) {
        even[k + 1] = even[k] + word(2 * k);
        odd[k + 1] = odd[k] + word(2 * k + 1);
    }
}

uint16_t pattern_put(uint8_t *to, uint32_t start, uint32_t off, uint32_t n)
{
    uint32_t at = (start + off) % PATTERN_PERIOD;
    const uint32_t *sums = at & 1 ? odd : even;
    uint32_t sum = sums[at / 2 + n / 2] - sums[at / 2];

    memcpy(to, block + at, n);
    return sum_fold((uint64_t)sum + (n & 1 ? block[at + n - 1] : 0));
}

bool pattern_check(const uint8_t *p, uint32_t start, uint32_t off, uint32_t n)
{
    while (n > 0) {
        uint32_t k = n < PATTERN_PIECE ? n : PATTERN_PIECE;

        if (memcmp(p, block + (start + off) % PATTERN_PERIOD, k) != 0)
            return false;
        p += k;
        off += k;
        n -= k;
    }
    return true;
}
