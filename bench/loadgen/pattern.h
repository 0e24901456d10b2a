/* pattern: what bodies consist of. Byte `off` of body `id` is a byte of one block of random ones, at a place
 * that depends on both: cut, swapped, repeated and mixed-up bytes show, making and checking is one memcpy or
 * memcmp in a block that fits the cache, and the checksum of any piece is the difference of two numbers. */
#ifndef LOADGEN_PATTERN_H
#define LOADGEN_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/loadgen/rng.h"

#define PATTERN_PERIOD 32749u /* prime: no size that protocols like divides it */
#define PATTERN_PIECE  9216u  /* longest piece that is made or compared at once */

/* Fills the block; once per process, before any other call. */
void pattern_init(void);

/* Where body `id` begins in the block. */
static inline uint32_t pattern_start(uint64_t id)
{
    return (uint32_t)(mix64(id) >> 32) % PATTERN_PERIOD;
}

/* Writes n <= PATTERN_PIECE bytes from offset `off` of the body that begins at `start`. Returns their sum as
 * of an even offset (sum.h). */
uint16_t pattern_put(uint8_t *to, uint32_t start, uint32_t off, uint32_t n);

/* Are these n bytes, of any number, what the body has at `off`? */
bool pattern_check(const uint8_t *p, uint32_t start, uint32_t off, uint32_t n);

#endif
