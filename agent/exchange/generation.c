/* A generation: what one worker made of one configuration. Made off the worker's thread (generation_create:
 * the costly part), bound to the worker's remotes on it, then current until the next one is adopted. An
 * exchange keeps the generation it began under, so a reload changes nothing for it; the last one to leave
 * hands the generation to whoever frees it, again off the worker's thread. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

/* ---- making: any thread ---- */

/* An endpoint's name for ring_hash and maglev: its address, the same wherever it is written. */
static uint64_t endpoint_id(const struct cfg_endpoint *e)
{
    uint8_t name[18];
    memcpy(name, e->at.addr.b, 16);
    name[16] = (uint8_t)(e->at.port >> 8);
    name[17] = (uint8_t)e->at.port;
    return lb_hash(span_of(name, sizeof name));
}

static struct lb_picker *make_picker(const struct generation *g, const struct cfg_cluster *cfg,
                                     struct lb_endpoint_in *in, unsigned worker)
{
    for (uint32_t i = 0; i < cfg->nendpoint; i++) {
        const struct cfg_endpoint *e = &cfg->endpoint[i];
        in[i] = (struct lb_endpoint_in){.weight = e->weight,
                                        .priority = e->priority,
                                        .far = cfg->prefer_zone &&
                                               (!e->zone || strcmp(e->zone, cfg->prefer_zone) != 0),
                                        .id = endpoint_id(e)};
    }
    struct lb_cluster_in c = {.policy = lb_policy_nth(cfg->lb_policy),
                              .endpoint = in,
                              .n = cfg->nendpoint,
                              .overprovisioning = cfg->overprovisioning_factor,
                              .panic_percent = cfg->panic_threshold,
                              .table_size =
                                  cfg->lb_policy == CFG_LB_MAGLEV ? cfg->maglev_table : cfg->ring_size,
                              .slow_start_ns = cfg->slow_start_ns,
                              .subset = cfg->subset_size,
                              .worker = worker,
                              .nworkers = g->cfg->dpdk.workers,
                              .seed = worker};
    return lb_picker_create(&c);
}

static int cluster_start(const struct generation *g, struct cluster_state *cs, const struct cfg_cluster *cfg,
                         unsigned worker)
{
    struct lb_endpoint_in *in = calloc(cfg->nendpoint ? cfg->nendpoint : 1, sizeof *in);
    cs->cfg = cfg;
    cs->forgive_ns = UINT64_MAX;
    for (uint32_t i = 0; i < cfg->retry.non; i++)
        cs->refuses |= cfg->retry.on[i] >= 400;
    cs->hashes = lb_policy_hashes(lb_policy_nth(cfg->lb_policy));
    cs->endpoint = calloc(cfg->nendpoint ? cfg->nendpoint : 1, sizeof *cs->endpoint);
    bool good = in && cs->endpoint;
    for (uint32_t i = 0; good && i < cfg->nendpoint; i++)
        good = (cs->endpoint[i].entry = roster_get(g->roster, cfg->name, &cfg->endpoint[i].at)) != NULL;
    if (good)
        breaker_limits(cs);
    if (good)
        cs->picker = make_picker(g, cfg, in, worker);
    free(in);
    return cs->picker ? 0 : -ENOMEM;
}

static int clusters_start(struct generation *g, unsigned worker)
{
    uint32_t most = 1;
    g->cluster = calloc(g->cfg->ncluster ? g->cfg->ncluster : 1, sizeof *g->cluster);
    for (uint32_t i = 0; g->cluster && i < g->cfg->ncluster; i++) {
        if (cluster_start(g, &g->cluster[i], &g->cfg->cluster[i], worker) < 0)
            return -ENOMEM;
        if (g->cfg->cluster[i].nendpoint > most)
            most = g->cfg->cluster[i].nendpoint;
    }
    g->tried_words = (most + 63) / 64;
    g->tried = calloc(g->tried_words, sizeof *g->tried);
    return g->cluster && g->tried ? 0 : -ENOMEM;
}

static void cluster_stop(struct generation *g, struct cluster_state *cs)
{
    for (uint32_t i = 0; cs->endpoint && i < cs->cfg->nendpoint; i++)
        if (cs->endpoint[i].entry)
            roster_put(g->roster, cs->endpoint[i].entry);
    lb_picker_destroy(cs->picker);
    affinity_destroy(cs->affinity);
    free(cs->endpoint);
}

struct generation *generation_create(const struct config *cfg, struct roster *roster, unsigned worker,
                                     uint32_t id)
{
    struct generation *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->cfg = cfg;
    g->roster = roster;
    g->id = id;
    g->expire_ns = UINT64_MAX;
    if (routing_start(g) == 0 && clusters_start(g, worker) == 0 && checks_make(g, worker) == 0)
        return g;
    generation_destroy(g);
    return NULL;
}

void generation_destroy(struct generation *g)
{
    if (!g)
        return;
    assert(!g->bound);
    if (g->shared)
        shared_sweep(g->shared);
    checks_free(g);
    for (uint32_t i = 0; g->cluster && i < g->cfg->ncluster; i++)
        cluster_stop(g, &g->cluster[i]);
    routing_stop(g);
    free(g->cluster);
    free(g->tried);
    free(g);
}

const struct config *generation_config(const struct generation *g)
{
    return g->cfg;
}

/* ---- from here on: the worker's thread ---- */

void generation_unbind(struct exchanges *w, struct generation *g)
{
    g->bound = false;
    limits_unbind(w, g);
    checks_unbind(w, g);
    queues_unbind(w, g);
    breakers_unbind(w, g);
    for (uint32_t i = 0; i < g->cfg->ncluster; i++)
        for (uint32_t j = 0; j < g->cfg->cluster[i].nendpoint; j++) {
            struct endpoint_state *es = &g->cluster[i].endpoint[j];
            if (es->remote)
                splice_remote_put(w->s, es->remote);
            es->remote = NULL;
        }
}

/* Their ids are signed, so they need this worker's secret. */
static bool make_affinity(struct exchanges *w, struct generation *g)
{
    for (uint32_t i = 0; i < g->cfg->ncluster; i++) {
        const struct cfg_cluster *cl = &g->cfg->cluster[i];
        if (cl->affinity.cookie.on && !g->cluster[i].affinity &&
            !(g->cluster[i].affinity = affinity_create(cl, &w->affinity)))
            return false;
    }
    return true;
}

int generation_bind(struct exchanges *w, struct generation *g)
{
    if (!make_affinity(w, g))
        return -ENOMEM;
    g->bound = true;
    if (limits_bind(w, g) < 0 || client_limits_bind(w, g) < 0 || breakers_bind(w, g) < 0) {
        generation_unbind(w, g);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < g->cfg->ncluster; i++)
        for (uint32_t j = 0; j < g->cfg->cluster[i].nendpoint; j++) {
            struct endpoint_state *es = &g->cluster[i].endpoint[j];
            es->remote = splice_remote_get(w->s, &g->cfg->cluster[i].endpoint[j].at);
            if (!es->remote) {
                generation_unbind(w, g);
                return -ENOMEM;
            }
            splice_remote_warm(w->s, es->remote);
        }
    if (checks_bind(w, g) == 0)
        return 0;
    generation_unbind(w, g);
    return -ENOMEM;
}

/* When every exchange has left, none may be counted at an endpoint any more: a leak here would send
 * least_conn astray for good, and nobody would see it. */
static void check_counts(const struct generation *g)
{
    for (uint32_t i = 0; i < g->cfg->ncluster; i++)
        for (uint32_t j = 0; j < g->cfg->cluster[i].nendpoint; j++)
            assert(lb_active(g->cluster[i].picker, j) == 0);
}

void generation_leave(struct exchanges *w, struct generation *g)
{
    if (--g->users)
        return;
    struct generation **at = &w->former;
    check_counts(g);
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    generation_unbind(w, g);
    g->next = w->retired;
    w->retired = g;
}

struct generation *exchanges_retired(struct exchanges *w)
{
    struct generation *g = w->retired;
    if (g)
        w->retired = g->next;
    return g;
}

/* ---- the end of patience ---- */

#define EXPIRY_LOOK_NS SEC_NS /* while draining: heads in part may still begin an exchange */

void generations_drain(struct exchanges *w)
{
    uint64_t until = splice_now(w->s) + w->gen->cfg->admin.drain_timeout_ns;
    w->gen->expire_ns = until;
    for (struct generation *g = w->former; g; g = g->next)
        g->expire_ns = until < g->expire_ns ? until : g->expire_ns;
}

struct expiry {
    struct exchanges *w;
    uint64_t now_ns;
};

static void expire(void *arg, struct conn *c)
{
    const struct expiry *e = arg;
    struct exchange *x = conn_user(c);
    if (x && x->gen->expire_ns <= e->now_ns) {
        x->rec.status = x->rec.status ? x->rec.status : 503;
        exchange_abort(e->w, x, R_CLOSE_DRAIN);
    }
}

static uint64_t next_expiry(const struct exchanges *w)
{
    uint64_t t = w->gen->expire_ns;
    for (const struct generation *g = w->former; g; g = g->next)
        t = g->expire_ns < t ? g->expire_ns : t;
    return t;
}

uint64_t exchanges_next_ns(const struct exchanges *w)
{
    uint64_t t = next_expiry(w), check = tw_next_ns(&w->check_wheel);
    t = check < t ? check : t;
    uint64_t queue = queues_next_ns(w);
    return queue < t ? queue : t;
}

void exchanges_settle(struct exchanges *w)
{
    queues_run(w);
}

void exchanges_tick(struct exchanges *w)
{
    struct expiry e = {w, splice_now(w->s)};
    exchanges_sync(w);
    checks_tick(w);
    if (next_expiry(w) > e.now_ns)
        return;
    splice_each_client(w->s, expire, &e);
    if (w->gen->expire_ns <= e.now_ns)
        w->gen->expire_ns = w->draining ? e.now_ns + EXPIRY_LOOK_NS : UINT64_MAX;
}
