/* source_hash: the client's address decides, by exact weights, from a table as small as the cluster
 * (alias.h). When an endpoint is down or tried, only its clients go elsewhere, each to one place; but when
 * the configuration gains or loses an endpoint, most clients change: where that matters, ring_hash or maglev.
 *
 * One state per picker, the same on all workers; its worker's thread. */
#include <stdlib.h>

#include "lb-policy/alias.h"

static void sh_destroy(void *state)
{
    lb_alias_free(state);
    free(state);
}

static void *sh_create(const struct lb_peers *in)
{
    struct lb_alias *a = calloc(1, sizeof *a);
    if (a && !lb_alias_make(a, in->endpoint, in->n)) {
        sh_destroy(a);
        return NULL;
    }
    return a;
}

/* The hash is the generator's seed, so a key draws the same ones in the same order every time. */
static uint32_t sh_pick(void *state, const struct lb_turn *turn)
{
    uint64_t seed = turn->q->hash;
    return lb_alias_draw(state, turn->skip, &seed);
}

const struct lb_policy lb_source_hash = {
    .name = "source_hash",
    .hashes = true,
    .create = sh_create,
    .destroy = sh_destroy,
    .pick = sh_pick,
};
