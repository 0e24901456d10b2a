/* round_robin: smooth weighted round robin (as nginx's). Of any run of sum(weights) picks without exclusions
 * each endpoint gets exactly its weight, spread out instead of in a row: weights 5, 1, 1 give a a b a c a a.
 *
 * The rule: at each pick every endpoint gains its weight, the one that has most is chosen and pays the sum.
 * The order repeats after sum(weights) / gcd(weights) picks, so it is written down once as a schedule, and a
 * pick is a step along it; with equal weights that is a plain ring. Entries of endpoints that are skipped are
 * passed over: they lose the turn, and the others keep their shares among themselves. Where the schedule
 * would be too long, the rule itself is followed at each pick, over all endpoints; one that is skipped
 * neither gains nor pays.
 *
 * One state per picker; its worker's thread. */
#include <stdlib.h>

#include "lb-policy/policy.h"

#define SCHEDULE_MAX 4096 /* entries; also bounds how many can be passed over in one pick */
#define HEAD_START   64   /* picks, at most, that a seed is ahead of another where there is no schedule */

struct endpoint {
    int64_t weight; /* divided by all weights' greatest common divisor */
    int64_t current;
};

struct round_robin {
    uint32_t n;
    struct endpoint *endpoint;
    uint32_t length; /* of the schedule; 0: there is none */
    uint32_t at;
    uint32_t *schedule;
};

/* Who has most after this turn's gain. `skip` may be NULL. */
static uint32_t smooth_peek(const struct round_robin *r, const uint64_t *skip)
{
    uint32_t best = LB_NONE;
    int64_t most = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        int64_t has = r->endpoint[i].current + r->endpoint[i].weight;
        if ((skip && lb_bit(skip, i)) || (best != LB_NONE && has <= most))
            continue;
        best = i;
        most = has;
    }
    return best;
}

/* The rule. */
static uint32_t smooth_pick(struct round_robin *r, const uint64_t *skip)
{
    int64_t total = 0;
    uint32_t best = smooth_peek(r, skip);
    for (uint32_t i = 0; i < r->n; i++) {
        struct endpoint *e = &r->endpoint[i];
        if (skip && lb_bit(skip, i))
            continue;
        e->current += e->weight;
        total += e->weight;
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

static uint32_t rr_pick(void *state, const struct lb_turn *turn)
{
    struct round_robin *r = state;
    return r->length ? schedule_step(r, turn->skip, &r->at) : smooth_pick(r, turn->skip);
}

static uint32_t rr_peek(void *state, const struct lb_turn *turn)
{
    const struct round_robin *r = state;
    uint32_t at = r->at;
    return r->length ? schedule_step(r, turn->skip, &at) : smooth_peek(r, turn->skip);
}

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
    free(r->endpoint);
    free(r);
}

static bool write_schedule(struct round_robin *r, uint32_t length)
{
    r->schedule = malloc(length * sizeof *r->schedule);
    if (!r->schedule)
        return false;
    for (uint32_t i = 0; i < length; i++)
        r->schedule[i] = smooth_pick(r, NULL);
    r->length = length;
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
        for (uint64_t i = in->seed % HEAD_START; i > 0; i--)
            smooth_pick(r, NULL);
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
