/* How much of a cluster may be in use, counted by all workers together (shared.h). A cluster without such
 * limits has no breaker, and costs nothing here. The worker's thread. */
#include <errno.h>
#include <stdio.h>

#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

#define NAME_ROOM 96

static bool is_limited(const struct cfg_cluster *c)
{
    return c->retry.budget;
}

int breakers_bind(struct exchanges *w, struct generation *g)
{
    char name[NAME_ROOM];
    for (uint32_t i = 0; i < g->cfg->ncluster; i++) {
        struct cluster_state *cs = &g->cluster[i];
        if (!is_limited(cs->cfg))
            continue;
        snprintf(name, sizeof name, "cluster %s", cs->cfg->name);
        cs->breaker = shared_breaker_get(w->shared, name);
        if (!cs->breaker)
            return -ENOMEM;
    }
    return 0;
}

void breakers_unbind(struct exchanges *w, struct generation *g)
{
    for (uint32_t i = 0; i < g->cfg->ncluster; i++) {
        shared_breaker_put(w->shared, g->cluster[i].breaker);
        g->cluster[i].breaker = NULL;
    }
}

void breaker_begin(struct exchange *x)
{
    struct breaker *b = cluster_of(x)->breaker;
    if (b && !x->tallied)
        x->tallied = tally_take(&b->requests, UINT32_MAX);
}

/* Retries that may be in flight now. */
static uint32_t retries_allowed(const struct cfg_cluster *c, const struct breaker *b)
{
    uint32_t most = UINT32_MAX;
    if (c->retry.budget && !mutant(budget_ignored)) {
        most = (uint32_t)((uint64_t)tally_read(&b->requests) * c->retry.budget / 100);
        most = most > c->retry.min_concurrency ? most : c->retry.min_concurrency;
    }
    return most;
}

bool breaker_retry(struct exchanges *w, struct exchange *x)
{
    const struct cluster_state *cs = cluster_of(x);
    struct breaker *b = cs->breaker;
    if (!b || x->retrying)
        return true;
    x->retrying = tally_take(&b->retries, retries_allowed(cs->cfg, b));
    if (!x->retrying)
        stat_add(&w->cnt->retries_refused, 1);
    return x->retrying;
}

void breaker_end(struct exchange *x)
{
    if (x->retrying)
        tally_give(&cluster_of(x)->breaker->retries);
    if (x->tallied)
        tally_give(&cluster_of(x)->breaker->requests);
    x->retrying = x->tallied = false;
}
