/* The HTTP side of one worker: what it is compiled from, and the callbacks by which splice asks what bytes
 * mean (exchange.h). */
#include "agent/base/mutant.h"
#include "agent/exchange/exchange.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/base/bigmem.h"
#include "agent/exchange/internal.h"

struct exchanges *exchanges_create(const struct exchanges_params *p)
{
    struct exchanges *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->log = p->log;
    w->worker = p->worker;
    w->nworkers = p->config->dpdk.workers;
    w->roster = p->roster;
    w->wall_offset_ns = p->wall_offset_ns;
    w->shared = p->shared ? p->shared : (w->own_shared = shared_create());
    w->rate_key = p->rate_key;
    w->ids = sip_key_for(p->secret, "request ids");
    w->affinity = sip_key_for(p->secret, "affinity cookies");
    w->slots = p->config->dpdk.connections;
    w->gone = p->config->listener[0];
    w->gone.name = NULL; /* the configuration's */
    w->slab = bigmem_alloc(w->slots, sizeof *w->slab);
    w->identity = bigmem_alloc(w->slots, sizeof *w->identity);
    w->client_place = bigmem_alloc(w->slots, sizeof *w->client_place);
    w->slow = bigmem_alloc(w->slots, sizeof *w->slow);
    w->counted = bigmem_alloc(w->slots, sizeof *w->counted);
    w->gen = generation_create(p->config, p->roster, p->worker, 0);
    if (w->gen && w->slab && w->identity && w->client_place && w->slow && w->counted && w->shared) {
        w->gen->users = 1;
        return w;
    }
    exchanges_destroy(w);
    return NULL;
}

int exchanges_bind(struct exchanges *w, struct splice *s)
{
    w->s = s;
    w->cnt = splice_counters(s);
    tw_init(&w->check_wheel, splice_now(s), NULL, 0);
    if (generation_bind(w, w->gen) < 0)
        return -ENOMEM;
    endpoints_settle(w, w->gen);
    checks_begin(w, w->gen);
    return 0;
}

/* Remotes went with the splice, so only the rest is unbound. */
static void discard(struct exchanges *w, struct generation *g)
{
    if (g) {
        limits_unbind(w, g);
        breakers_unbind(w, g);
        g->bound = false;
    }
    generation_destroy(g);
}

void exchanges_destroy(struct exchanges *w)
{
    struct generation *g;
    if (!w)
        return;
    while ((g = exchanges_retired(w)))
        discard(w, g);
    while ((g = w->former)) {
        w->former = g->next;
        discard(w, g);
    }
    discard(w, w->gen);
    shared_destroy(w->own_shared);
    bigmem_free(w->slab, w->slots, sizeof *w->slab);
    bigmem_free(w->identity, w->slots, sizeof *w->identity);
    bigmem_free(w->client_place, w->slots, sizeof *w->client_place);
    bigmem_free(w->slow, w->slots, sizeof *w->slow);
    bigmem_free(w->counted, w->slots, sizeof *w->counted);
    free(w);
}

void exchanges_memory(const struct exchanges *w, struct memory_list *l)
{
    memory_add(l, "exchanges",
               sizeof *w + w->slots * (sizeof *w->slab + sizeof *w->identity + sizeof *w->client_place +
                                       sizeof *w->slow + sizeof *w->counted));
    if (w->worker == 0) /* of all workers */
        memory_add(l, "rate limits", shared_memory(w->shared));
}

void exchanges_set_wall(struct exchanges *w, int64_t wall_offset_ns)
{
    w->wall_offset_ns = wall_offset_ns;
}

static void drain_one(void *arg, struct conn *c)
{
    struct exchanges *w = arg;
    if (!conn_user(c) && !conn_holds(c) && !c->user_doom)
        client_close(w, c, R_CLOSE_DRAIN);
}

void exchanges_drain(struct exchanges *w)
{
    w->draining = !mutant(drain_ignored);
    generations_drain(w);
    splice_drain(w->s);
    splice_each_client(w->s, drain_one, w);
}

/* ---- callbacks ---- */

static bool cb_listens(void *u, const struct flow_key *k, struct splice_listener *out)
{
    struct exchanges *w = u;
    const struct config *cfg = w->gen->cfg;
    bool v4 = ip_is_v4(&k->local);
    for (uint32_t i = 0; i < cfg->nlistener; i++) {
        const struct cfg_listener *l = &cfg->listener[i];
        if (l->at.port != k->local_port || !((v4 ? l->any4 : l->any6) || ip_eq(&l->at.addr, &k->local)))
            continue;
        *out = (struct splice_listener){.index = i,
                                        .w0 = listener_hold(l),
                                        .max_rate = l->max_rate,
                                        .full = client_limits_full(w, l, &k->remote),
                                        .denied = listener_denies(l, &k->remote)};
        return true;
    }
    return false;
}

static bool cb_admits(void *u, const struct flow_key *k, uint32_t index)
{
    const struct exchanges *w = u;
    return limits_admit(w, &w->gen->cfg->listener[index], &k->remote);
}

static void cb_accepted(void *u, struct conn *c)
{
    struct exchanges *w = u;
    if (!client_limits_open(w, c)) {
        splice_reset(w->s, c, R_CLOSE_CLIENT_SHARE);
        return;
    }
    identity_accepted(u, c);
    client_accepted(u, c);
}

static void judge_client(struct exchanges *w, struct conn *c, struct span bytes, bool held)
{
    struct exchange *x = conn_user(c);
    const struct conn *outer = w->judging;
    w->judging = c;
    if (x && x->stream)
        ; /* held until an endpoint is connected */
    else if (x && x->queued && !x->turn)
        ; /* held until there is room */
    else if (x && x->queued)
        request_resume(w, x, bytes, held);
    else if (x)
        request_body(w, x, bytes, held);
    else if (c->fin_queued || c->user_doom)
        c->sink = true; /* after our FIN nothing is answered any more */
    else if (c->user_awaits)
        identity_judge(w, c, bytes);
    else if (listener_of(w, c)->protocol == CFG_TLS)
        stream_hello(w, c, bytes, held);
    else
        client_head(w, c, bytes, held);
    w->judging = outer;
}

static void cb_judge(void *u, struct conn *c, struct span bytes, bool held)
{
    if (c->pub.side == SIDE_CLIENT)
        judge_client(u, c, bytes, held);
    else if (c->user_check)
        check_judge(c, bytes);
    else
        response_judge(u, c, bytes, held);
}

static void cb_progress(void *u, struct conn *c)
{
    struct exchanges *w = u;
    if (c->user_check)
        return;
    struct exchange *x = conn_user(c);
    if (!x) {
        client_progress(w, c);
        return;
    }
    if (x->tunnel)
        tunnel_progress(w, c);
    /* Extents are free again: what had to wait for them is judged. */
    if (conn_peer(c) && conn_holds(conn_peer(c)))
        splice_rejudge(w->s, conn_peer(c));
    x = conn_user(c);
    if (x)
        exchange_check(w, x);
}

static void cb_connected(void *u, struct conn *e)
{
    if (e->user_check)
        check_connected(e);
    else if (e->user_mirror)
        mirror_connected(u, e);
    else
        upstream_connected(u, e);
}

static void cb_fin(void *u, struct conn *c)
{
    struct exchanges *w = u;
    if (c->user_check) {
        check_fin(c);
        return;
    }
    struct exchange *x = conn_user(c);
    if (c->user_mirror)
        mirror_fin(w, c);
    else if (x && x->tunnel)
        tunnel_fin(w, x, c);
    else if (c->pub.side == SIDE_CLIENT)
        client_fin(w, c);
    else
        upstream_fin(w, c);
}

static void cb_timeout(void *u, struct conn *c)
{
    if (c->pub.side == SIDE_CLIENT)
        client_timeout(u, c);
    else if (c->user_check)
        check_timeout(c);
    else if (c->user_mirror)
        mirror_timeout(u, c);
    else
        upstream_timeout(u, c);
}

static void cb_look(void *u, struct conn *c)
{
    slow_look(u, c);
}

static uint64_t cb_least_rate(void *u, const struct conn *c)
{
    return listener_of(u, c)->min_response_rate;
}

static uint64_t cb_max_rate(void *u, const struct conn *c)
{
    return listener_of(u, c)->max_rate;
}

static void client_ended(struct exchanges *w, struct conn *c, enum reason why)
{
    struct exchange *x = conn_user(c);
    struct conn *e = x->e;
    if (!x->rec.status)
        x->rec.status = 499;
    x->e = NULL;
    exchange_over(w, x, why);
    if (e) {
        conn_set_user(e, NULL);
        splice_part(w->s, e);
        splice_reset(w->s, e, R_CLOSE_OTHER_RESET);
    }
}

static void ended(struct exchanges *w, struct conn *c, enum reason why)
{
    if (c->user_check) {
        check_ended(c, why);
        return;
    }
    if (c->user_mirror)
        mirror_ended(w, c);
    if (c->pub.side == SIDE_CLIENT)
        client_limits_close(w, c);
    struct exchange *x = conn_user(c);
    if (!x)
        return;
    if (x->tunnel)
        tunnel_ended(w, x, c, why);
    else if (c->pub.side == SIDE_CLIENT)
        client_ended(w, c, why);
    else
        upstream_ended(w, c, why);
}

static void cb_ended(void *u, struct conn *c, enum reason why)
{
    ended(u, c, why);
    if (c->pub.side == SIDE_ENDPOINT)
        breaker_conn_ended(u, c);
}

const struct splice_user exchange_user = {
    .listens = cb_listens,
    .admits = cb_admits,
    .accepted = cb_accepted,
    .judge = cb_judge,
    .progress = cb_progress,
    .connected = cb_connected,
    .fin = cb_fin,
    .timeout = cb_timeout,
    .look = cb_look,
    .least_rate = cb_least_rate,
    .max_rate = cb_max_rate,
    .ended = cb_ended,
};
