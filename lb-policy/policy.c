/* policy: the list of algorithms, and what all of them share: which endpoints may be chosen now. One picker
 * per worker and cluster, used by that worker's thread alone; it lives as long as the configuration's
 * snapshot. */
#include "lb-policy/policy.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One line per algorithm. */
#define POLICIES(X) X(lb_round_robin)

#define X(policy) extern const struct lb_policy policy;
POLICIES(X)
#undef X

static const struct lb_policy *const policies[] = {
#define X(policy) &policy,
    POLICIES(X)
#undef X
        NULL};

struct lb_picker {
    const struct lb_policy *policy;
    void *state; /* NULL when no endpoint has a weight */
    uint32_t n, words;
    uint64_t *off;  /* weight 0, and the bits past the last endpoint */
    uint64_t *down; /* marked by lb_mark */
    uint64_t *skip; /* scratch of lb_pick */
    uint64_t bits[];
};

const struct lb_policy *lb_policy_find(const char *name)
{
    for (unsigned i = 0; policies[i]; i++)
        if (strcmp(policies[i]->name, name) == 0)
            return policies[i];
    return NULL;
}

static void set_bit(uint64_t *set, uint32_t i, bool on)
{
    uint64_t bit = UINT64_C(1) << (i % 64);
    set[i / 64] = on ? set[i / 64] | bit : set[i / 64] & ~bit;
}

struct lb_picker *lb_picker_create(const struct lb_policy *p, const struct lb_endpoint_in *in, uint32_t n,
                                   uint64_t seed)
{
    uint32_t words = n / 64 + (n % 64 != 0);
    struct lb_picker *k = calloc(1, sizeof *k + 3 * (size_t)words * sizeof k->bits[0]);
    if (!k)
        return NULL;
    k->policy = p;
    k->n = n;
    k->words = words;
    k->off = k->bits;
    k->down = k->off + words;
    k->skip = k->down + words;
    bool any = false;
    for (uint32_t i = 0; i < words * 64; i++) {
        bool weighs = i < n && in[i].weight > 0;
        set_bit(k->off, i, !weighs);
        any |= weighs;
    }
    if (any && !(k->state = p->create(in, n, seed))) {
        free(k);
        return NULL;
    }
    return k;
}

void lb_picker_destroy(struct lb_picker *p)
{
    if (!p)
        return;
    if (p->state)
        p->policy->destroy(p->state);
    free(p);
}

/* Fills p->skip; false when no endpoint is left. */
static bool some_left(struct lb_picker *p, const uint64_t *tried, bool also_down)
{
    bool left = false;
    for (uint32_t w = 0; w < p->words; w++) {
        p->skip[w] = p->off[w] | (tried ? tried[w] : 0) | (also_down ? 0 : p->down[w]);
        left |= ~p->skip[w] != 0;
    }
    return left;
}

uint32_t lb_pick(struct lb_picker *p, const uint64_t *tried)
{
    if (some_left(p, tried, false) || some_left(p, tried, true))
        return p->policy->pick(p->state, p->skip);
    return LB_NONE;
}

void lb_mark(struct lb_picker *p, uint32_t i, bool down)
{
    assert(i < p->n);
    set_bit(p->down, i, down);
}
