/* ranges: which positions of a stream have been seen, as disjoint ranges in ascending order. */
#ifndef SIM_RANGES_H
#define SIM_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
    uint64_t lo, hi; /* [lo, hi) */
};

/* Zero-initialised is empty. */
struct ranges {
    struct range *r;
    size_t n, cap;
};

void ranges_free(struct ranges *s);
void ranges_add(struct ranges *s, uint64_t lo, uint64_t hi);
/* Has all of [lo, hi) been seen? */
bool ranges_have(const struct ranges *s, uint64_t lo, uint64_t hi);
/* The first position that has not been seen. */
uint64_t ranges_next(const struct ranges *s);

#endif
