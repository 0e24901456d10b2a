/* policy: what an algorithm is. For the files of this folder; users include lb.h. */
#ifndef LACON_LB_POLICY_POLICY_H
#define LACON_LB_POLICY_POLICY_H

#include "lb-policy/lb.h"

/* An algorithm decides the order of endpoints and nothing else: which of them may be chosen at all (tried,
 * down, weight 0) is policy.c's concern. Its state belongs to one worker's picker. */
struct lb_policy {
    const char *name;

    /* The algorithm's state for n >= 1 endpoints, not all of weight 0; NULL when memory is short. `seed`
     * differs from worker to worker, so that they do not march in step. */
    void *(*create)(const struct lb_endpoint_in *in, uint32_t n, uint64_t seed);
    void (*destroy)(void *state);

    /* The next endpoint whose bit in `skip` is clear. There is at least one such endpoint, and the bits of
     * endpoints of weight 0 are always set. No allocation. */
    uint32_t (*pick)(void *state, const uint64_t *skip);
};

static inline bool lb_bit(const uint64_t *set, uint32_t i)
{
    return set[i / 64] >> (i % 64) & 1;
}

#endif
