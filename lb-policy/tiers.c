/* tiers: see tiers.h. Ranks are made while a configuration is compiled; shares whenever an endpoint goes down
 * or comes back, by the worker's thread. */
#include "lb-policy/tiers.h"

#include <stdlib.h>

#include "lb-policy/policy.h"

/* ---- ranks ---- */

struct entry {
    uint64_t rank,
        order; /* within one rank the order is by hash: the same on all workers, and no one's wish */
    uint32_t i;
};

static int by_rank(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return (a->i > b->i) - (a->i < b->i);
}

/* One group of n: it is cut into as many blocks as there are workers, and each worker keeps to as many blocks
 * in a row as `subset` endpoints take, from its own on. So each endpoint is in the same number of subsets,
 * and in one at least (as Google's deterministic subsetting, SRE book, chapter 20). */
static void leave_out(const struct lb_cluster_in *in, const struct entry *e, uint32_t n, uint32_t *rank)
{
    uint64_t workers = in->nworkers ? in->nworkers : 1;
    uint64_t blocks = ((uint64_t)in->subset * workers + n - 1) / n;
    for (uint64_t b = blocks; b < workers; b++) {
        uint64_t block = (in->worker + b) % workers;
        for (uint64_t k = block * n / workers; k < (block + 1) * n / workers; k++)
            rank[e[k].i] |= 1;
    }
}

bool lb_tiers_rank(const struct lb_cluster_in *in, uint32_t *rank)
{
    struct entry *e = calloc(in->n ? in->n : 1, sizeof *e);
    uint32_t n = 0;
    if (!e)
        return false;
    for (uint32_t i = 0; i < in->n; i++) {
        const struct lb_endpoint_in *p = &in->endpoint[i];
        rank[i] = p->weight ? p->priority << 2 | (uint32_t)p->far << 1 : LB_NONE;
        if (p->weight)
            e[n++] = (struct entry){rank[i], lb_mix(p->id), i};
    }
    if (in->subset && n) {
        qsort(e, n, sizeof *e, by_rank);
        for (uint32_t first = 0, k = 1; k <= n; k++)
            if (k == n || e[k].rank != e[first].rank) {
                leave_out(in, e + first, k - first, rank);
                first = k;
            }
    }
    free(e);
    return true;
}

/* ---- shares ---- */

static uint64_t health(uint64_t weight, uint64_t up, uint32_t overprovisioning)
{
    /* Weights are halved until the product fits: a share of 2^-16 is the finest that is told apart. */
    while (up > UINT64_MAX / LB_WHOLE / overprovisioning) {
        up /= 2;
        weight = weight / 2 + 1;
    }
    uint64_t h = up * LB_WHOLE * overprovisioning / 100 / weight;
    return h < LB_WHOLE ? h : LB_WHOLE;
}

void lb_tiers_share(uint32_t n, const uint64_t *weight, const uint64_t *up, uint32_t overprovisioning,
                    uint32_t *cut)
{
    uint64_t sum = 0, last = 0;
    for (uint32_t t = 0; t < n; t++) {
        sum += health(weight[t], up[t], overprovisioning);
        last = sum < LB_WHOLE ? sum : LB_WHOLE;
        cut[t] = (uint32_t)last;
    }
    if (last == 0)
        return;
    for (uint32_t t = 0; t < n; t++)
        cut[t] = (uint32_t)(cut[t] * (uint64_t)LB_WHOLE / last);
}
