/* policy: what an algorithm is. For the files of this folder; users include lb.h. */
#ifndef LACON_LB_POLICY_POLICY_H
#define LACON_LB_POLICY_POLICY_H

#include "agent/base/lb_policies.h"
#include "lb-policy/lb.h"

#define LB_RAMP_FULL 256u /* an endpoint's part of its weight while it is in slow start, in 1/256 */

/* What an algorithm is made over: endpoints that share one order. All have a weight; which groups there are
 * is picker.c's concern. */
struct lb_peers {
    const struct lb_endpoint_in *endpoint; /* not kept */
    uint32_t n;                            /* at least 1 */
    const uint32_t *active;                /* exchanges now at each; lives as long as the state */
    uint32_t table_size;                   /* lb_cluster_in's */
    uint64_t seed; /* differs from worker to worker; not for what must be the same on all */
};

/* What one pick is asked with. */
struct lb_turn {
    const uint64_t *skip; /* bit set: must not be chosen; at least one is clear */
    const struct lb_request *q;
    uint64_t *random; /* for lb_draw() */
};

/* An algorithm decides the order of endpoints and nothing else: which of them may be chosen at all (tried,
 * down, weight 0, another group's turn) is picker.c's concern. Its state belongs to one worker. Calls it has
 * no use for are NULL. */
struct lb_policy {
    const char *name;
    bool hashes; /* picks by lb_request.hash alone: the same one for the same hash and skip */

    void *(*create)(const struct lb_peers *in); /* NULL when memory is short */
    void (*destroy)(void *state);

    /* The next endpoint whose bit in turn->skip is clear. No allocation. */
    uint32_t (*pick)(void *state, const struct lb_turn *turn);

    /* Whom pick would choose, without a step of the state. NULL: pick itself takes none, but draws. */
    uint32_t (*peek)(void *state, const struct lb_turn *turn);

    /* active[i] has gone up or down by one. */
    void (*moved)(void *state, uint32_t i);

    /* Endpoint i counts as ramp/LB_RAMP_FULL of its weight from now on. Without this call picker.c sees to
     * slow start: it passes over a part of the picks. */
    void (*ramp)(void *state, uint32_t i, uint32_t ramp);

    void (*sample)(void *state, uint32_t i, uint64_t latency_ns, bool whole, uint64_t now_ns);

    /* Endpoint i is endpoint j of `from`, another state of the same policy: what was learned of it holds. */
    void (*carry)(void *state, uint32_t i, const void *from, uint32_t j);
};

/* splitmix64's finaliser: every bit of the result hangs on every bit of x. */
static inline uint64_t lb_mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* splitmix64 (Steele, Lea, Flood 2014): any state will do, zero too. */
static inline uint64_t lb_draw(uint64_t *state)
{
    return lb_mix(*state += UINT64_C(0x9e3779b97f4a7c15));
}

static inline bool lb_bit(const uint64_t *set, uint32_t i)
{
    return set[i / 64] >> (i % 64) & 1;
}

static inline void lb_set_bit(uint64_t *set, uint32_t i, bool on)
{
    uint64_t bit = UINT64_C(1) << (i % 64);
    set[i / 64] = on ? set[i / 64] | bit : set[i / 64] & ~bit;
}

#endif
