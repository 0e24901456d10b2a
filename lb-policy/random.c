/* random: two endpoints are drawn by weight, and the one with fewer exchanges per weight takes the request
 * (Mitzenmacher 2001, "The Power of Two Choices"). As good as least_conn for many endpoints, and it does not
 * send everything to one that has just come back.
 *
 * One state per picker; its worker's thread. */
#include <stdlib.h>

#include "lb-policy/alias.h"

struct two_choices {
    struct lb_alias alias;
    const uint32_t *active;
};

static void random_destroy(void *state)
{
    struct two_choices *r = state;
    lb_alias_free(&r->alias);
    free(r);
}

static void *random_create(const struct lb_peers *in)
{
    struct two_choices *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->active = in->active;
    if (!lb_alias_make(&r->alias, in->endpoint, in->n)) {
        random_destroy(r);
        return NULL;
    }
    return r;
}

static uint32_t random_pick(void *state, const struct lb_turn *turn)
{
    const struct two_choices *r = state;
    struct lb_two two = lb_alias_two(&r->alias, turn);
    uint64_t load_a = (uint64_t)r->active[two.a] * r->alias.column[two.b].weight;
    uint64_t load_b = (uint64_t)r->active[two.b] * r->alias.column[two.a].weight;
    return load_b < load_a ? two.b : two.a;
}

const struct lb_policy lb_random = {
    .name = "random",
    .create = random_create,
    .destroy = random_destroy,
    .pick = random_pick,
};
