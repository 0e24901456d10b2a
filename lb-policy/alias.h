/* alias: a draw by weight in constant time (Walker 1977, built as Vose 1991): every column of the table holds
 * one endpoint and, above its height, one other. Immutable; the generator is the caller's. */
#ifndef LACON_LB_POLICY_ALIAS_H
#define LACON_LB_POLICY_ALIAS_H

#include "lb-policy/policy.h"

struct lb_alias {
    uint32_t n;
    uint64_t sum; /* of the weights */
    struct lb_alias_column {
        uint64_t height; /* of 2^32: below it the column's own endpoint */
        uint32_t other;
        uint32_t weight; /* of its own endpoint */
    } * column;
};

/* False when memory is short. lb_alias_free() of a zeroed one is legal. */
bool lb_alias_make(struct lb_alias *a, const struct lb_endpoint_in *in, uint32_t n);
void lb_alias_free(struct lb_alias *a);

/* One whose bit in `skip` is clear (there is one), by weight among those. Where nearly all are skipped it
 * costs a walk over the table. The same state of the generator and the same `skip` give the same one; one
 * more bit in `skip` changes only draws that would have given that endpoint, unless nearly all are skipped.
 */
uint32_t lb_alias_draw(const struct lb_alias *a, const uint64_t *skip, uint64_t *random);

/* Two of them, that differ where that can be had by drawing a few times. */
struct lb_two {
    uint32_t a, b;
};
struct lb_two lb_alias_two(const struct lb_alias *a, const struct lb_turn *turn);

#endif
