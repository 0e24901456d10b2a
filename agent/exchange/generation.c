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
    cs->hashes = lb_policy_hashes(lb_policy_nth(cfg->lb_policy));
    cs->endpoint = calloc(cfg->nendpoint ? cfg->nendpoint : 1, sizeof *cs->endpoint);
    bool good = in && cs->endpoint;
    for (uint32_t i = 0; good && i < cfg->nendpoint; i++)
        good = (cs->endpoint[i].entry = roster_get(g->roster, cfg->name, &cfg->endpoint[i].at)) != NULL;
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

/* ---- adopting ---- */

static bool same_listener(const struct cfg_listener *a, const struct cfg_listener *b)
{
    return a->at.port == b->at.port && ip_eq(&a->at.addr, &b->at.addr) && a->any4 == b->any4 &&
           a->any6 == b->any6 && a->protocol == b->protocol;
}

static uint32_t listener_in(const struct config *cfg, const struct cfg_listener *l)
{
    for (uint32_t i = 0; i < cfg->nlistener; i++)
        if (same_listener(&cfg->listener[i], l))
            return i;
    return LISTENER_GONE;
}

/* Where an endpoint stands in another generation of its cluster: near where it stood, for names' addresses
 * come and go one at a time. LB_NONE: it is not there, or takes no requests. */
static uint32_t endpoint_in(const struct cluster_state *cs, const struct roster_entry *entry, uint32_t near)
{
    uint32_t n = cs->cfg->nendpoint;
    for (uint32_t k = 0; k < n || k <= near; k++)
        for (unsigned side = 0; side < 2; side++) {
            uint32_t i = side ? near - k : near + k; /* below 0 is above n */
            if (i < n && cs->endpoint[i].entry == entry)
                return cs->cfg->endpoint[i].weight ? i : LB_NONE;
        }
    return LB_NONE;
}

/* Where only endpoints have changed (names' addresses, weights), an exchange that is tried nowhere else any
 * more goes on under the present generation: or each such change would cut off tunnels, and keep all of a
 * generation for them until then. What limits it counts it as before, by the same names. */
static void carry_exchange(struct exchanges *w, struct exchange *x)
{
    struct generation *from = x->gen, *to = w->gen;
    if (from == to || !x->resp_head || x->cluster == LB_NONE || !config_same_file(from->cfg, to->cfg))
        return;
    struct cluster_state *cs = &to->cluster[x->cluster];
    uint32_t i = endpoint_in(cs, cluster_of(x)->endpoint[x->endpoint].entry, x->endpoint);
    if (i == LB_NONE || mutant(reload_carries_none))
        return;
    if (x->counted) {
        lb_end(cluster_of(x)->picker, x->endpoint);
        lb_begin(cs->picker, i);
    }
    x->gen = to;
    x->endpoint = i;
    x->rec.generation = to->id;
    to->users++;
    for (struct conn *c = x->c; c; c = c == x->c ? x->e : NULL) {
        c->pub.endpoint = i;
        c->pub.generation = (uint8_t)to->id;
    }
    generation_leave(w, from);
}

struct adoption {
    struct exchanges *w;
    const uint32_t *map; /* from the old generation's listeners to the new one's */
};

/* A client of a listener that is no more, or keeps it out now, may finish its exchange, and no other. */
static void move_client(void *arg, struct conn *c)
{
    const struct adoption *a = arg;
    if (c->user_index != LISTENER_GONE)
        c->user_index = a->map[c->user_index];
    if (c->user_index != LISTENER_GONE &&
        listener_denies(&a->w->gen->cfg->listener[c->user_index], &splice_key(a->w->s, c)->remote))
        c->user_index = LISTENER_GONE;
    if (mutant(reload_listener_kept) && c->user_index == LISTENER_GONE)
        c->user_index = 0;
    if (c->user_index != LISTENER_GONE && !mutant(reload_hold_fixed))
        splice_hold_more(c, listener_hold(&a->w->gen->cfg->listener[c->user_index]));
    if (c->user_index != LISTENER_GONE)
        client_limits_adopt(a->w, c);
    if (c->user_index == LISTENER_GONE && !c->user && !c->user_doom)
        client_close(a->w, c, R_CLOSE_DRAIN);
    if (c->user)
        carry_exchange(a->w, c->user);
}

/* What this worker has learned of an endpoint holds as well under another configuration. */
static void carry_marks(const struct exchanges *w, const struct cluster_state *from, struct cluster_state *to)
{
    uint64_t now = splice_now(w->s);
    for (uint32_t i = 0; i < from->cfg->nendpoint; i++) {
        uint64_t until = from->endpoint[i].down_until_ns;
        for (uint32_t j = 0; until > now && !mutant(reload_marks_forgotten) && j < to->cfg->nendpoint; j++)
            if (to->endpoint[j].entry == from->endpoint[i].entry) {
                to->endpoint[j].down_until_ns = until;
                to->endpoint[j].marked_ns = from->endpoint[i].marked_ns;
            }
    }
}

static bool has_marks(const struct exchanges *w, const struct cluster_state *cs)
{
    for (uint32_t i = 0; i < cs->cfg->nendpoint; i++)
        if (cs->endpoint[i].down_until_ns > splice_now(w->s))
            return true;
    return false;
}

static void carry_all_marks(const struct exchanges *w, const struct generation *from, struct generation *to)
{
    for (uint32_t i = 0; i < from->cfg->ncluster; i++) {
        const struct cluster_state *cs = &from->cluster[i];
        for (uint32_t j = 0, n = has_marks(w, cs) ? to->cfg->ncluster : 0; j < n; j++)
            if (strcmp(cs->cfg->name, to->cluster[j].cfg->name) == 0)
                carry_marks(w, cs, &to->cluster[j]);
    }
}

static void carry_picker(const struct cluster_state *from, struct cluster_state *to)
{
    for (uint32_t j = 0; j < from->cfg->nendpoint; j++) {
        uint32_t i = endpoint_in(to, from->endpoint[j].entry, j);
        if (i != LB_NONE)
            lb_carry(to->picker, i, from->picker, j);
    }
}

/* What pickers have learned of endpoints that stay; after their marks are set. */
static void carry_pickers(const struct generation *from, struct generation *to)
{
    for (uint32_t i = 0; i < from->cfg->ncluster; i++)
        for (uint32_t j = 0, n = lb_has_learned(from->cluster[i].picker) ? to->cfg->ncluster : 0; j < n; j++)
            if (strcmp(from->cluster[i].cfg->name, to->cluster[j].cfg->name) == 0)
                carry_picker(&from->cluster[i], &to->cluster[j]);
}

void exchanges_adopt(struct exchanges *w, struct generation *g)
{
    struct generation *old = w->gen;
    uint32_t map[CFG_MAX_LISTENERS];
    struct adoption a = {w, map};
    for (uint32_t i = 0; i < old->cfg->nlistener; i++)
        map[i] = listener_in(g->cfg, &old->cfg->listener[i]);
    carry_all_marks(w, old, g);
    endpoints_settle(w, g);
    carry_pickers(old, g);
    checks_end(w, old, g);
    g->users = 1;
    w->gen = g;
    checks_begin(w, g);
    uint64_t until = splice_now(w->s) + g->cfg->admin.drain_timeout_ns;
    if (w->draining && !mutant(reload_drain_put_off))
        g->expire_ns = old->expire_ns; /* a reload does not put off the end of a drain */
    if (!mutant(reload_forever))
        old->expire_ns = until < old->expire_ns ? until : old->expire_ns;
    old->next = w->former;
    w->former = old;
    splice_each_client(w->s, move_client, &a);
    generation_leave(w, old);
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
    struct exchange *x = c->user;
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
