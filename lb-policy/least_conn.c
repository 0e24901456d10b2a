/* least_conn: the endpoint with the fewest exchanges per weight, of those on this worker. Among equals
 * weighted fair turns: each pick moves an endpoint's next turn on by 1/weight (start-time fair queueing,
 * Goyal 1996), so an idle cluster is asked as round_robin would ask it, and who was busy for long has no
 * turns saved up.
 *
 * A heap by (exchanges per weight, next turn) makes both a pick and a change of load cost log n. Skipped
 * endpoints stay in it and are searched past: a pick with k of them on top costs k more steps.
 *
 * One state per picker; its worker's thread. */
#include <stdlib.h>

#include "lb-policy/policy.h"

#define TURN (UINT64_C(1) << 32) /* one turn of weight 1/LB_RAMP_FULL; 2^37 such fit */

struct endpoint {
    uint64_t turn;   /* when it is due among equals */
    uint64_t weight; /* times LB_RAMP_FULL, less in slow start */
    uint32_t base;   /* the weight it was given */
    uint32_t at;     /* in the heap */
};

struct least_conn {
    uint32_t n;
    uint64_t now; /* the turn of the last pick */
    const uint32_t *active;
    struct endpoint *endpoint;
    uint32_t *heap;
};

static bool before(const struct least_conn *l, uint32_t a, uint32_t b)
{
    const struct endpoint *x = &l->endpoint[a], *y = &l->endpoint[b];
    unsigned __int128 load_a = (unsigned __int128)l->active[a] * y->weight;
    unsigned __int128 load_b = (unsigned __int128)l->active[b] * x->weight;
    if (load_a != load_b)
        return load_a < load_b;
    return x->turn != y->turn ? x->turn < y->turn : a < b;
}

static void put(struct least_conn *l, uint32_t at, uint32_t i)
{
    l->heap[at] = i;
    l->endpoint[i].at = at;
}

/* Endpoint i's key has changed: to its place in the heap. */
static void sift(struct least_conn *l, uint32_t i)
{
    uint32_t at = l->endpoint[i].at, child;
    for (; at > 0 && before(l, i, l->heap[(at - 1) / 2]); at = (at - 1) / 2)
        put(l, at, l->heap[(at - 1) / 2]);
    for (; (child = 2 * at + 1) < l->n; at = child) {
        if (child + 1 < l->n && before(l, l->heap[child + 1], l->heap[child]))
            child++;
        if (!before(l, l->heap[child], i))
            break;
        put(l, at, l->heap[child]);
    }
    put(l, at, i);
}

/* The first one below `at` that is not skipped and comes before `best`; else `best`. As deep as the heap is.
 */
static uint32_t search(const struct least_conn *l, const uint64_t *skip, uint32_t at, uint32_t best)
{
    if (at >= l->n || (best != LB_NONE && !before(l, l->heap[at], best)))
        return best;
    if (!lb_bit(skip, l->heap[at]))
        return l->heap[at];
    best = search(l, skip, 2 * at + 1, best);
    return search(l, skip, 2 * at + 2, best);
}

static uint32_t lc_peek(void *state, const struct lb_turn *turn)
{
    return search(state, turn->skip, 0, LB_NONE);
}

static uint32_t lc_pick(void *state, const struct lb_turn *turn)
{
    struct least_conn *l = state;
    uint32_t i = lc_peek(state, turn);
    struct endpoint *e = &l->endpoint[i];
    uint64_t step = TURN / e->weight;
    l->now = e->turn > l->now ? e->turn : l->now;
    e->turn = l->now + (step ? step : 1);
    sift(l, i);
    return i;
}

static void lc_moved(void *state, uint32_t i)
{
    sift(state, i);
}

static void lc_ramp(void *state, uint32_t i, uint32_t ramp)
{
    struct least_conn *l = state;
    l->endpoint[i].weight = (uint64_t)l->endpoint[i].base * ramp;
    sift(l, i);
}

static void lc_destroy(void *state)
{
    struct least_conn *l = state;
    free(l->endpoint);
    free(l->heap);
    free(l);
}

static void *lc_create(const struct lb_peers *in)
{
    struct least_conn *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->n = in->n;
    l->active = in->active;
    l->endpoint = calloc(in->n, sizeof *l->endpoint);
    l->heap = calloc(in->n, sizeof *l->heap);
    if (!l->endpoint || !l->heap) {
        lc_destroy(l);
        return NULL;
    }
    for (uint32_t i = 0; i < in->n; i++) {
        l->endpoint[i].base = in->endpoint[i].weight;
        l->endpoint[i].weight = (uint64_t)in->endpoint[i].weight * LB_RAMP_FULL;
        put(l, i, (uint32_t)((i + in->seed % in->n) % in->n)); /* workers begin at different ones */
    }
    for (uint32_t i = 0; i < in->n; i++)
        l->endpoint[l->heap[i]].turn = i; /* far less than a step: the order of the first round */
    return l;
}

const struct lb_policy lb_least_conn = {
    .name = "least_conn",
    .create = lc_create,
    .destroy = lc_destroy,
    .pick = lc_pick,
    .peek = lc_peek,
    .moved = lc_moved,
    .ramp = lc_ramp,
};
