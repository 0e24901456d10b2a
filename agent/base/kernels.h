/* Byte kernels: the inner loops that run over packet bytes and that a CPU may have better instructions for.
 * What is here is their meaning, in plain C (kernels_soft); accel/ has faster ones, each equal to it on every
 * input. A kernel reads no byte outside what it is given, also where it loads many at once.
 *
 * `kernels` is the set in use: plain C, until kernels_use() replaces it, before any other thread runs. Short
 * inputs never come here: their callers do better without the call (csum.h, http/chars.h). */
#ifndef LACON_BASE_KERNELS_H
#define LACON_BASE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

struct kernels {
    /* The Internet checksum's sum of n bytes, at most 64 KiB; see csum.h. */
    uint16_t (*csum)(const void *p, size_t n);
    /* The first byte in [p, end) that field text may not have (a control but HTAB, or DEL), or end. */
    const uint8_t *(*skip_text)(const uint8_t *p, const uint8_t *end);
    /* The first byte in [p, end) that a request target may not have (0x21 to 0x7e but '#'), or end. */
    const uint8_t *(*skip_target)(const uint8_t *p, const uint8_t *end);
    /* The first LF in [p, end) that ends a head for good or ill: no CR before it, or the line empty (an LF
     * before that CR, or nothing); NULL when there is none. `start`, not above p: where the head begins. */
    const uint8_t *(*head_end)(const uint8_t *start, const uint8_t *p, const uint8_t *end);
};

extern const struct kernels kernels_soft;
extern struct kernels kernels;

void kernels_use(const struct kernels *k);

#endif
