/* Circuit breakers: how much of a cluster, and of each of its endpoints, may be in use, counted by all
 * workers together (shared.h), so that a limit is exact however clients are spread. What has no limit is not
 * counted, and costs a look at a pointer. Who finds no room waits (queue.c).
 *
 * Connections count from their SYN to their end, those that are idle in a pool among them. So that one
 * worker's idle ones do not keep another from its share, each keeps at most its share of the limit in its
 * pools.
 *
 * A reload's limits hold at once: also for requests that wait under a former configuration, which go to its
 * endpoints, but count with the others.
 *
 * The worker's thread. */
#include <errno.h>
#include <stdio.h>

#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

#define NAME_ROOM 160

static bool cluster_limited(const struct cfg_cluster *c)
{
    bool any = c->retry.budget || c->max_requests || c->max_connections || c->max_retries;
    for (uint32_t i = 0; i < c->nendpoint && !any; i++)
        any = c->endpoint[i].max_requests || c->endpoint[i].max_connections;
    return any;
}

static const char *name_of(const struct cfg_cluster *c, char buf[NAME_ROOM])
{
    snprintf(buf, NAME_ROOM, "cluster %s", c->name);
    return buf;
}

static const char *name_of_endpoint(const struct cfg_cluster *c, uint32_t i, char buf[NAME_ROOM])
{
    char ip[IP_STRLEN];
    const struct ip_port *at = &c->endpoint[i].at;
    snprintf(buf, NAME_ROOM, "endpoint %s %s %u", c->name, ip_str(&at->addr, ip), at->port);
    return buf;
}

static int bind_endpoints(struct exchanges *w, struct cluster_state *cs)
{
    char name[NAME_ROOM];
    for (uint32_t i = 0; i < cs->cfg->nendpoint; i++) {
        const struct cfg_endpoint *e = &cs->cfg->endpoint[i];
        if (!e->max_requests && !e->max_connections)
            continue;
        cs->endpoint[i].breaker = shared_breaker_get(w->shared, name_of_endpoint(cs->cfg, i, name));
        if (!cs->endpoint[i].breaker)
            return -ENOMEM;
    }
    return 0;
}

int breakers_bind(struct exchanges *w, struct generation *g)
{
    char name[NAME_ROOM];
    for (uint32_t i = 0; i < g->cfg->ncluster; i++) {
        struct cluster_state *cs = &g->cluster[i];
        if (!cluster_limited(cs->cfg))
            continue;
        cs->breaker = shared_breaker_get(w->shared, name_of(cs->cfg, name));
        if (!cs->breaker || bind_endpoints(w, cs) < 0)
            return -ENOMEM;
    }
    return 0;
}

void breakers_unbind(struct exchanges *w, struct generation *g)
{
    char name[NAME_ROOM];
    for (uint32_t i = 0; i < g->cfg->ncluster; i++) {
        struct cluster_state *cs = &g->cluster[i];
        for (uint32_t j = 0; cs->breaker && j < cs->cfg->nendpoint; j++) {
            shared_breaker_put(w->shared, name_of_endpoint(cs->cfg, j, name), cs->endpoint[j].breaker);
            cs->endpoint[j].breaker = NULL;
        }
        shared_breaker_put(w->shared, name_of(cs->cfg, name), cs->breaker);
        cs->breaker = NULL;
    }
}

void breaker_limits(struct cluster_state *cs)
{
    cs->max_requests = cs->cfg->max_requests;
    cs->max_connections = cs->cfg->max_connections;
    for (uint32_t i = 0; i < cs->cfg->nendpoint; i++) {
        cs->endpoint[i].max_requests = cs->cfg->endpoint[i].max_requests;
        cs->endpoint[i].max_connections = cs->cfg->endpoint[i].max_connections;
    }
}

void breaker_limits_as(struct cluster_state *former, const struct cluster_state *next)
{
    former->max_requests = next->max_requests;
    former->max_connections = next->max_connections;
    for (uint32_t i = 0; i < former->cfg->nendpoint; i++) {
        uint32_t j = endpoint_in(next, former->endpoint[i].entry, i);
        if (j == LB_NONE)
            continue;
        former->endpoint[i].max_requests = next->endpoint[j].max_requests;
        former->endpoint[i].max_connections = next->endpoint[j].max_connections;
    }
}

static uint32_t or_any(uint32_t most)
{
    return most && !mutant(breaker_ignored) ? most : UINT32_MAX;
}

/* ---- requests ---- */

bool breaker_begin(struct exchange *x)
{
    const struct cluster_state *cs = cluster_of(x);
    if (cs->breaker && !x->tallied)
        x->tallied = tally_take(&cs->breaker->requests, or_any(cs->max_requests));
    return x->tallied || !cs->breaker;
}

bool breaker_endpoint(struct exchange *x, uint32_t i)
{
    const struct cluster_state *cs = cluster_of(x);
    struct breaker *b = cs->breaker ? cs->endpoint[i].breaker : NULL;
    if (!b)
        return true;
    x->at_endpoint = tally_take(&b->requests, or_any(cs->endpoint[i].max_requests));
    return x->at_endpoint;
}

void breaker_stay(struct exchange *x, uint32_t i)
{
    struct breaker *b = cluster_of(x)->breaker ? cluster_of(x)->endpoint[i].breaker : NULL;
    if (b)
        x->at_endpoint = tally_take(&b->requests, UINT32_MAX);
}

void breaker_leave(struct exchange *x, uint32_t i)
{
    if (x->at_endpoint)
        tally_give(&cluster_of(x)->endpoint[i].breaker->requests);
    x->at_endpoint = false;
}

void breaker_end(struct exchange *x)
{
    if (x->retrying)
        tally_give(&cluster_of(x)->breaker->retries);
    if (x->tallied)
        tally_give(&cluster_of(x)->breaker->requests);
    x->retrying = x->tallied = false;
}

/* ---- retries ---- */

/* Retries that may be in flight now. */
static uint32_t retries_allowed(const struct cfg_cluster *c, const struct breaker *b)
{
    uint32_t most = or_any(c->max_retries);
    if (c->retry.budget && !mutant(budget_ignored)) {
        uint32_t budget = (uint32_t)((uint64_t)tally_read(&b->requests) * c->retry.budget / 100);
        budget = budget > c->retry.min_concurrency ? budget : c->retry.min_concurrency;
        most = most < budget ? most : budget;
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

/* ---- connections ---- */

bool breaker_connect(struct exchanges *w, const struct cluster_state *cs, uint32_t i, uint32_t *tally[2])
{
    const struct endpoint_state *es = &cs->endpoint[i];
    uint32_t *of_cluster = cs->breaker && cs->max_connections ? &cs->breaker->conns : NULL,
             *of_endpoint = es->breaker && es->max_connections ? &es->breaker->conns : NULL;
    tally[0] = tally[1] = NULL;
    if (of_endpoint && !tally_take(of_endpoint, or_any(es->max_connections)) &&
        !(splice_pool_close_one(w->s, es->remote) && tally_take(of_endpoint, or_any(es->max_connections))))
        return false;
    tally[1] = of_endpoint;
    if (of_cluster && !tally_take(of_cluster, or_any(cs->max_connections)) &&
        !(splice_pool_close_one(w->s, es->remote) && tally_take(of_cluster, or_any(cs->max_connections)))) {
        breaker_disconnect(tally);
        return false;
    }
    tally[0] = of_cluster;
    return true;
}

void breaker_disconnect(uint32_t *tally[2])
{
    for (unsigned k = 0; k < 2; k++)
        if (tally[k])
            tally_give(tally[k]);
    tally[0] = tally[1] = NULL;
}

void breaker_conn_begun(struct exchanges *w, const struct conn *e, uint32_t *const tally[2])
{
    struct counted *k = &w->counted[splice_index(w->s, e)];
    if (tally[0] || tally[1]) /* else memory that was never used stays so */
        memcpy(k->by, tally, sizeof k->by);
}

void breaker_conn_ended(struct exchanges *w, const struct conn *e)
{
    struct counted *k = &w->counted[splice_index(w->s, e)];
    if (k->by[0] || k->by[1])
        breaker_disconnect(k->by);
}

uint32_t breaker_pool(const struct exchanges *w, const struct cluster_state *cs, uint32_t i)
{
    const struct cfg_cluster *c = cs->cfg;
    uint32_t most = c->pool_size, share;
    if (c->endpoint[i].max_connections && (share = c->endpoint[i].max_connections / w->nworkers) < most)
        most = share;
    if (c->max_connections && (share = c->max_connections / w->nworkers / c->nendpoint) < most)
        most = share;
    return most;
}

/* ---- is there room? ---- */

static bool below(const uint32_t *n, uint32_t most)
{
    return tally_read(n) < or_any(most);
}

/* At endpoint i, for one more request. */
static bool room_at(const struct cluster_state *cs, uint32_t i)
{
    const struct endpoint_state *es = &cs->endpoint[i];
    bool conn = (!es->breaker || below(&es->breaker->conns, es->max_connections)) &&
                below(&cs->breaker->conns, cs->max_connections);
    return lb_usable(cs->picker, i) && (!es->breaker || below(&es->breaker->requests, es->max_requests)) &&
           (conn || splice_pool_count(es->remote));
}

bool breaker_room(const struct cluster_state *cs)
{
    if (!below(&cs->breaker->requests, cs->max_requests))
        return false;
    bool any = false;
    for (uint32_t i = 0; i < cs->cfg->nendpoint; i++) {
        if (room_at(cs, i))
            return true;
        any |= lb_usable(cs->picker, i);
    }
    return !any; /* all are down: who waits may as well be told */
}
