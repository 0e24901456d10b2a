/* Faults that befall a host or lacon as a whole, at times drawn from the scenario, and what they excuse:
 *
 *   endpoint crashes   an exchange that lacon had given to that endpoint while it was down. Others must
 * succeed, also those that meet its old connections after its restart (S7). lacon crashes      every exchange
 * of a client connection that was begun before. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

#define OLD_CONNS (30 * SEC) /* lacon's pool keeps no connection unused for longer */

struct outage {
    struct world *w;
    enum fault_kind kind;
    unsigned server;
    uint64_t from, to; /* to: UINT64_MAX for good */
    bool begun;
    struct sim_timer timer;
};

const struct fault *world_fault(const struct world *w, enum fault_kind kind)
{
    for (unsigned i = 0; i < SCENARIO_FAULTS; i++)
        if (w->sc->fault[i].kind == kind)
            return &w->sc->fault[i];
    return NULL;
}

bool world_cluster_dead(const struct world *w, unsigned cluster)
{
    for (unsigned i = 0; i < SCENARIO_FAULTS; i++) {
        const struct fault *f = &w->sc->fault[i];
        if ((f->kind == FAULT_REFUSE || f->kind == FAULT_IGNORE) && f->who == WHO_CLUSTER1 && cluster == 1)
            return true;
    }
    return false;
}

static void lacon_dies(struct world *w)
{
    sim_say(&w->sim, "lacon crashes");
    for (unsigned i = 0; i < w->nclient; i++)
        client_lost(&w->client[i]);
    lacon_crash(&w->lacon);
}

static void strike(void *arg)
{
    struct outage *o = arg;
    struct world *w = o->w;
    bool begins = !o->begun;
    o->begun = true;
    if (o->kind == FAULT_DRAIN) {
        sim_say(&w->sim, "lacon drains");
        lacon_drain(&w->lacon);
    } else if (o->kind == FAULT_RELOAD) {
        sim_say(&w->sim, "lacon reloads");
        world_reload(w);
    } else if (o->kind == FAULT_RESTART && begins) {
        lacon_dies(w);
    } else if (o->kind == FAULT_RESTART) {
        sim_say(&w->sim, "lacon starts anew");
        lacon_revive(&w->lacon);
    } else if (begins) {
        sim_say(&w->sim, "%s crashes", w->server_host[o->server].name);
        host_crash(&w->server_host[o->server]);
    } else {
        sim_say(&w->sim, "%s is back", w->server_host[o->server].name);
        host_restart(&w->server_host[o->server]);
    }
    if (begins && o->to != UINT64_MAX)
        sim_arm(&w->sim, &o->timer, o->to);
}

static bool overlaps(const struct world *w, const struct outage *n)
{
    for (unsigned i = 0; i < w->noutage; i++) {
        const struct outage *o = &w->outage[i];
        if (o->kind == n->kind && o->server == n->server && o->from <= n->to && n->from <= o->to)
            return true;
    }
    return false;
}

static void plan_outage(struct world *w, const struct fault *f)
{
    struct rng *r = &w->sim.rng;
    struct outage o = {.w = w, .kind = f->kind, .to = UINT64_MAX};
    if (f->kind == FAULT_CRASH)
        o.server = f->who == WHO_FIRST ? (unsigned)rng_below(r, TOPO_CLUSTERS) * w->nendpoint
                                       : (unsigned)rng_below(r, w->nserver);
    o.from = w->sim.now + rng_range(r, f->from_ns, f->to_ns);
    if (f->lasts_ns)
        o.to = o.from + rng_range(r, 1, f->lasts_ns);
    if (!overlaps(w, &o))
        w->outage[w->noutage++] = o;
}

static void close_doors(struct world *w, const struct fault *f)
{
    for (unsigned i = 0; i < w->nserver; i++) {
        bool hit = f->who == WHO_CLUSTER1 ? i / w->nendpoint == 1 : i % w->nendpoint == 0;
        if (hit)
            w->server_host[i].listen.mode = f->kind == FAULT_REFUSE ? LISTEN_REFUSE : LISTEN_IGNORE;
    }
}

void faults_build(struct world *w)
{
    unsigned most = 0;
    for (unsigned i = 0; i < SCENARIO_FAULTS; i++)
        most += w->sc->fault[i].times + 1u;
    w->outage = xalloc(most * sizeof *w->outage);
    for (unsigned i = 0; i < SCENARIO_FAULTS; i++) {
        const struct fault *f = &w->sc->fault[i];
        if (f->kind == FAULT_REFUSE || f->kind == FAULT_IGNORE)
            close_doors(w, f);
        else if (f->kind == FAULT_NO_FRAMES)
            w->lacon.frames.fail_permille = 10;
        for (unsigned k = 0; k < (f->times ? f->times : 1u); k++)
            if (f->kind == FAULT_CRASH || f->kind == FAULT_RESTART || f->kind == FAULT_DRAIN ||
                f->kind == FAULT_RELOAD)
                plan_outage(w, f);
    }
    for (unsigned i = 0; i < w->noutage; i++) {
        struct outage *o = &w->outage[i];
        o->timer = (struct sim_timer){.fn = strike, .arg = o};
        sim_arm(&w->sim, &o->timer, o->from);
    }
}

void faults_free(struct world *w)
{
    for (unsigned i = 0; i < w->noutage; i++)
        sim_disarm(&w->sim, &w->outage[i].timer);
    free(w->outage);
}

/* More than was announced met the request on its way. The endpoint itself says so in the plan when it gets it
 * (server.c), but its frame may be lost, and what may have been carried out is not tried again. */
static bool met_surplus(const struct world *w, const struct plan *p)
{
    if (!p->logged || p->idempotent || p->log_reason != R_CLOSE_POOL_DATA)
        return false;
    for (unsigned i = 0; i < w->nserver; i++)
        if (w->server[i].surplus && ip_eq(&p->log_endpoint.addr, &w->server_host[i].addr[0]))
            return true;
    return false;
}

bool faults_excuse(void *world, const struct plan *p)
{
    const struct world *w = world;
    if (met_surplus(w, p))
        return true;
    for (unsigned i = 0; i < w->noutage; i++) {
        const struct outage *o = &w->outage[i];
        if (o->kind != FAULT_CRASH || !p->logged)
            continue;
        struct ip_addr at = w->server_host[o->server].addr[0];
        /* What may have been carried out is not tried again when an old connection answers with a reset. */
        uint64_t to = o->to == UINT64_MAX || p->idempotent ? o->to : o->to + OLD_CONNS;
        if (ip_eq(&p->log_endpoint.addr, &at) && p->log_from <= to && p->log_to >= o->from)
            return true;
    }
    return false;
}
