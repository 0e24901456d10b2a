/* ring_hash: consistent hashing on a ring (Karger 1997), with many points for each endpoint, by weight, as in
 * ketama. A request goes to the endpoint of the first point at or after its hash; when that one is skipped,
 * to the next point's. An endpoint that leaves gives its keys, and no others, to its neighbours on the ring;
 * one that comes takes just its share. Shares are even to about 1/sqrt(points per endpoint).
 *
 * Points depend on the endpoint's id alone, not on its place in the file: lacons with the same endpoints
 * agree. One state per picker; its worker's thread. */
#include <stdlib.h>

#include "lb-policy/policy.h"

#define DEFAULT_POINTS 16384u
#define WALK           256u /* points looked at before endpoints are taken in their own order */

struct point {
    uint64_t hash;
    uint32_t endpoint;
};

struct ring {
    uint32_t n;      /* endpoints */
    uint32_t length; /* points */
    struct point *point;
};

static int by_hash(const void *pa, const void *pb)
{
    const struct point *a = pa, *b = pb;
    return (a->hash > b->hash) - (a->hash < b->hash);
}

static uint32_t points_of(const struct lb_peers *in, uint32_t i, uint64_t sum)
{
    uint32_t size = in->table_size ? in->table_size : DEFAULT_POINTS;
    double points = (double)size * in->endpoint[i].weight / (double)sum + 0.5;
    return points < 1 ? 1 : (uint32_t)points;
}

static void ring_destroy(void *state)
{
    struct ring *r = state;
    free(r->point);
    free(r);
}

static void *ring_create(const struct lb_peers *in)
{
    struct ring *r = calloc(1, sizeof *r);
    uint64_t sum = 0;
    if (!r)
        return NULL;
    r->n = in->n;
    for (uint32_t i = 0; i < in->n; i++)
        sum += in->endpoint[i].weight;
    for (uint32_t i = 0; i < in->n; i++)
        r->length += points_of(in, i, sum);
    r->point = calloc(r->length ? r->length : 1, sizeof *r->point);
    if (!r->point) {
        ring_destroy(r);
        return NULL;
    }
    uint32_t at = 0;
    for (uint32_t i = 0; i < in->n; i++)
        for (uint32_t k = points_of(in, i, sum); k > 0; k--)
            r->point[at++] = (struct point){lb_mix(in->endpoint[i].id ^ lb_mix(k)), i};
    qsort(r->point, r->length, sizeof *r->point, by_hash);
    return r;
}

/* The first point at or after `hash`. */
static uint32_t find(const struct ring *r, uint64_t hash)
{
    uint32_t lo = 0, hi = r->length;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (r->point[mid].hash < hash)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < r->length ? lo : 0;
}

static uint32_t ring_pick(void *state, const struct lb_turn *turn)
{
    const struct ring *r = state;
    uint32_t at = find(r, turn->q->hash), i;
    for (uint32_t k = 0; k < WALK; k++) {
        if (!lb_bit(turn->skip, r->point[at].endpoint))
            return r->point[at].endpoint;
        at = at + 1 < r->length ? at + 1 : 0;
    }
    for (i = (uint32_t)(turn->q->hash % r->n); lb_bit(turn->skip, i);)
        i = i + 1 < r->n ? i + 1 : 0;
    return i;
}

const struct lb_policy lb_ring_hash = {
    .name = "ring_hash",
    .hashes = true,
    .create = ring_create,
    .destroy = ring_destroy,
    .pick = ring_pick,
};
