/* Sequence numbers and stream positions.
 *
 * On the wire a TCP sequence number is 32 bits and wraps. Inside lacon every stream is addressed by a 64-bit
 * position `pos_t` whose low 32 bits ARE the sequence number, so that ordinary <, - and + are right and
 * nothing wraps within a connection's life. Positions start at POS_BASE + ISN. Conversion happens in two
 * places only: pos_unwrap() for what arrives, pos_seq() for what leaves. */
#ifndef LACON_BASE_SEQ_H
#define LACON_BASE_SEQ_H

#include <stdint.h>

#include "agent/base/mutant.h"

typedef uint64_t pos_t;

/* First epoch: high enough that `pos - 2^31` never underflows. */
#define POS_BASE ((pos_t)1 << 32)

static inline pos_t pos_start(uint32_t isn)
{
    return POS_BASE + isn;
}

/* The position nearest to `ref` whose low 32 bits are `seq` (host byte order). */
static inline pos_t pos_unwrap(pos_t ref, uint32_t seq)
{
    if (mutant(seq_no_wrap))
        return (ref & ~(pos_t)UINT32_MAX) | seq;
    return ref + (pos_t)(int64_t)(int32_t)(seq - (uint32_t)ref);
}

static inline uint32_t pos_seq(pos_t p)
{
    return (uint32_t)p;
}

static inline pos_t pos_min(pos_t a, pos_t b)
{
    return a < b ? a : b;
}

static inline pos_t pos_max(pos_t a, pos_t b)
{
    return a > b ? a : b;
}

#endif
