/* round_robin: smooth weighted round robin. Of any run of sum(weights) picks without exclusions each endpoint
 * gets exactly its weight, spread out instead of in a row.
 *
 * Small weights: nginx's order, in which 5, 1, 1 give a a b a c a a. At each pick every endpoint gains its
 * weight, the one that has most is chosen and pays the sum. The order repeats after sum(weights) /
 * gcd(weights) picks, so it is written down once as a schedule, and a pick is a step along it; with equal
 * weights that is a plain ring.
 *
 * Where the schedule would be too long: earliest deadline first, by a heap. Turn t of an endpoint of weight w
 * is due at (2t + 1) / 2w, so in each unit of time everybody has his weight's number of turns, evenly spaced.
 * A pick costs log n. Deadlines are compared as fractions: nothing is ever rounded.
 *
 * Either way, who is skipped when his turn has come loses it, and the others keep their shares among
 * themselves. While a part f of all weight is skipped, a pick takes 1 / (1 - f) steps.
 *
 * One state per picker; its worker's thread. */
#include <stdlib.h>

#include "lb-policy/policy.h"

#define SCHEDULE_MAX 4096 /* entries; also bounds how many can be passed over in one pick */
#define HEAD_START   64   /* picks, at most, that a seed is ahead of another where there is no schedule */

struct endpoint {
    int64_t current; /* while the schedule is written */
    uint64_t round;  /* the next turn: the unit of time, */
    uint32_t turn;   /* and which one in it */
    uint32_t weight; /* divided by all weights' greatest common divisor */
};

struct round_robin {
    uint32_t n;
    struct endpoint *endpoint;
    uint32_t length; /* of the schedule; 0: there is none */
    uint32_t at;
    uint32_t *schedule;
    uint32_t *heap; /* instead: by next turn */
};

/* ---- the schedule ---- */

/* nginx's rule. */
static uint32_t smooth_pick(struct round_robin *r, int64_t total)
{
    uint32_t best = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        r->endpoint[i].current += r->endpoint[i].weight;
        if (r->endpoint[i].current > r->endpoint[best].current)
            best = i;
    }
    r->endpoint[best].current -= total;
    return best;
}

/* The first entry from *at on that is not skipped; *at moves behind it. */
static uint32_t schedule_step(const struct round_robin *r, const uint64_t *skip, uint32_t *at)
{
    uint32_t i;
    do {
        i = r->schedule[*at];
        *at = *at + 1 < r->length ? *at + 1 : 0;
    } while (lb_bit(skip, i));
    return i;
}

/* ---- the heap ---- */

/* Is a's turn due before b's? 33 and 32 bits: no product overflows. */
static bool before(const struct round_robin *r, uint32_t a, uint32_t b)
{
    const struct endpoint *x = &r->endpoint[a], *y = &r->endpoint[b];
    if (x->round != y->round)
        return x->round < y->round;
    uint64_t due_x = (2 * (uint64_t)x->turn + 1) * y->weight, due_y = (2 * (uint64_t)y->turn + 1) * x->weight;
    return due_x != due_y ? due_x < due_y : a < b;
}

static void sift_down(struct round_robin *r, uint32_t at)
{
    uint32_t i = r->heap[at], child;
    for (; (child = 2 * at + 1) < r->n; at = child) {
        if (child + 1 < r->n && before(r, r->heap[child + 1], r->heap[child]))
            child++;
        if (!before(r, r->heap[child], i))
            break;
        r->heap[at] = r->heap[child];
    }
    r->heap[at] = i;
}

/* Whose turn it is; he has had it then. */
static uint32_t take_turn(struct round_robin *r)
{
    uint32_t i = r->heap[0];
    struct endpoint *e = &r->endpoint[i];
    if (++e->turn == e->weight) {
        e->turn = 0;
        e->round++;
    }
    sift_down(r, 0);
    return i;
}

/* The first one below `at` that is not skipped and comes before `best`; else `best`. */
static uint32_t search(const struct round_robin *r, const uint64_t *skip, uint32_t at, uint32_t best)
{
    if (at >= r->n || (best != LB_NONE && !before(r, r->heap[at], best)))
        return best;
    if (!lb_bit(skip, r->heap[at]))
        return r->heap[at];
    best = search(r, skip, 2 * at + 1, best);
    return search(r, skip, 2 * at + 2, best);
}

static uint32_t rr_pick(void *state, const struct lb_turn *turn)
{
    struct round_robin *r = state;
    uint32_t i;
    if (r->length)
        return schedule_step(r, turn->skip, &r->at);
    do
        i = take_turn(r);
    while (lb_bit(turn->skip, i));
    return i;
}

/* The next turn of one that is not skipped is the earliest of those that are in the heap: who is skipped
 * before it has no influence on it. */
static uint32_t rr_peek(void *state, const struct lb_turn *turn)
{
    const struct round_robin *r = state;
    uint32_t at = r->at;
    return r->length ? schedule_step(r, turn->skip, &at) : search(r, turn->skip, 0, LB_NONE);
}

/* ---- making ---- */

static uint32_t gcd(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Copies the weights, reduced; returns their sum. */
static uint64_t set_weights(struct round_robin *r, const struct lb_endpoint_in *in)
{
    uint32_t divisor = 0;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < r->n; i++)
        divisor = gcd(in[i].weight, divisor);
    for (uint32_t i = 0; i < r->n; i++) {
        r->endpoint[i].weight = in[i].weight / divisor;
        sum += in[i].weight / divisor;
    }
    return sum;
}

static void rr_destroy(void *state)
{
    struct round_robin *r = state;
    free(r->schedule);
    free(r->heap);
    free(r->endpoint);
    free(r);
}

static bool write_schedule(struct round_robin *r, uint32_t length)
{
    r->schedule = malloc(length * sizeof *r->schedule);
    if (!r->schedule)
        return false;
    for (uint32_t i = 0; i < length; i++)
        r->schedule[i] = smooth_pick(r, length);
    r->length = length;
    return true;
}

static bool make_heap(struct round_robin *r)
{
    r->heap = malloc(r->n * sizeof *r->heap);
    if (!r->heap)
        return false;
    for (uint32_t i = 0; i < r->n; i++)
        r->heap[i] = i;
    for (uint32_t at = r->n / 2; at-- > 0;)
        sift_down(r, at);
    return true;
}

static void *rr_create(const struct lb_peers *in)
{
    struct round_robin *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->n = in->n;
    r->endpoint = calloc(in->n, sizeof *r->endpoint);
    if (!r->endpoint)
        goto fail;
    uint64_t sum = set_weights(r, in->endpoint);
    if (sum <= SCHEDULE_MAX) {
        if (!write_schedule(r, (uint32_t)sum))
            goto fail;
        r->at = (uint32_t)(in->seed % sum);
    } else {
        if (!make_heap(r))
            goto fail;
        for (uint64_t i = in->seed % HEAD_START; i > 0; i--)
            take_turn(r);
    }
    return r;
fail:
    rr_destroy(r);
    return NULL;
}

const struct lb_policy lb_round_robin = {
    .name = "round_robin",
    .create = rr_create,
    .destroy = rr_destroy,
    .pick = rr_pick,
    .peek = rr_peek,
};
