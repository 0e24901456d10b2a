/* sizes: how large messages are: one size, or a distribution they are drawn from.
 *
 *   100            always 100
 *   uniform:A:B    every size from A to B alike
 *   log:A:B        every order of magnitude from A to B alike
 *   mix:S*W,S*W    size S with weight W (1 when left out), at most SIZES_MIX of them */
#ifndef LOADGEN_SIZES_H
#define LOADGEN_SIZES_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/loadgen/rng.h"

#define SIZES_MIX 16
#define SIZES_MAX (1u << 30) /* bytes of one body */

struct sizes {
    enum { SIZES_FIXED, SIZES_UNIFORM, SIZES_LOG, SIZES_MIXED } kind;
    uint32_t a, b;
    unsigned n;
    uint32_t size[SIZES_MIX], upto[SIZES_MIX]; /* upto: sum of the weights so far */
};

bool sizes_parse(const char *text, struct sizes *out);
uint32_t sizes_draw(const struct sizes *s, struct rng *r);

#endif
