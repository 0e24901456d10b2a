/* maglev: consistent hashing by a table (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load
 * Balancer", NSDI 2016, section 3.4). Each endpoint has its own permutation of the table's entries; in turns,
 * each takes its next entry that is free, until the table is full. Shares are even to within a hundredth
 * where the table has a hundred entries per endpoint; when one endpoint leaves, few of the others' entries
 * change. A pick is one look-up.
 *
 * Weights: an endpoint takes its turn as often as its weight is of the largest (as Envoy does). When the
 * table's answer is skipped, other entries are probed in an order that the hash decides, so the keys of an
 * endpoint that is down spread over all others, and the rest stay.
 *
 * The table depends on the endpoints' ids and weights alone: lacons with the same endpoints agree. One state
 * per picker; its worker's thread. */
#include <stdlib.h>

#include "lb-policy/policy.h"

#define DEFAULT_SIZE 65537u /* the paper's small table: a prime */
#define PROBES       64u    /* entries looked at before endpoints are taken in their own order */

struct maglev {
    uint32_t n, size;
    uint32_t *entry; /* endpoint of each */
};

/* While the table is made. */
struct turns {
    uint64_t id, due; /* due: turns it has had, times the largest weight */
    uint32_t endpoint, weight, next, step;
};

static int by_id(const void *pa, const void *pb)
{
    const struct turns *a = pa, *b = pb;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return (a->endpoint > b->endpoint) - (a->endpoint < b->endpoint);
}

static void take_entry(struct maglev *m, struct turns *t)
{
    while (m->entry[t->next] != LB_NONE)
        t->next = (uint32_t)(((uint64_t)t->next + t->step) % m->size);
    m->entry[t->next] = t->endpoint;
}

static void populate(struct maglev *m, const struct lb_peers *in, struct turns *t)
{
    uint32_t largest = 0, filled = 0;
    for (uint32_t i = 0; i < in->n; i++) {
        uint64_t id = in->endpoint[i].id;
        largest = in->endpoint[i].weight > largest ? in->endpoint[i].weight : largest;
        t[i] = (struct turns){.id = id,
                              .endpoint = i,
                              .weight = in->endpoint[i].weight,
                              .next = (uint32_t)(lb_mix(id + 1) % m->size),
                              .step = (uint32_t)(lb_mix(id + 2) % (m->size - 1)) + 1};
    }
    qsort(t, in->n, sizeof *t, by_id);
    for (uint64_t round = 1;; round++)
        for (uint32_t i = 0; i < in->n; i++) {
            if (round * t[i].weight < t[i].due)
                continue;
            t[i].due += largest;
            take_entry(m, &t[i]);
            if (++filled == m->size)
                return;
        }
}

static void maglev_destroy(void *state)
{
    struct maglev *m = state;
    free(m->entry);
    free(m);
}

static void *maglev_create(const struct lb_peers *in)
{
    struct maglev *m = calloc(1, sizeof *m);
    struct turns *t = calloc(in->n, sizeof *t);
    if (m && t) {
        m->n = in->n;
        m->size = in->table_size ? in->table_size : DEFAULT_SIZE;
        m->entry = malloc(m->size * sizeof *m->entry);
    }
    if (!m || !t || !m->entry) {
        free(t);
        free(m);
        return NULL;
    }
    memset(m->entry, 0xff, m->size * sizeof *m->entry); /* LB_NONE */
    populate(m, in, t);
    free(t);
    return m;
}

static uint32_t maglev_pick(void *state, const struct lb_turn *turn)
{
    const struct maglev *m = state;
    uint32_t i = m->entry[turn->q->hash % m->size];
    if (!lb_bit(turn->skip, i))
        return i;
    uint64_t probe = turn->q->hash;
    for (uint32_t k = 0; k < PROBES; k++) {
        i = m->entry[lb_draw(&probe) % m->size];
        if (!lb_bit(turn->skip, i))
            return i;
    }
    while (lb_bit(turn->skip, i))
        i = i + 1 < m->n ? i + 1 : 0;
    return i;
}

const struct lb_policy lb_maglev = {
    .name = "maglev",
    .hashes = true,
    .create = maglev_create,
    .destroy = maglev_destroy,
    .pick = maglev_pick,
};
