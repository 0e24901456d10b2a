/* The HTTP side of one worker: what it is compiled from, and the callbacks by which splice asks what bytes
 * mean (exchange.h). */
#include "agent/base/mutant.h"
#include "agent/exchange/exchange.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "agent/base/bigmem.h"
#include "agent/exchange/internal.h"

/* An endpoint's name for ring_hash and maglev: its address, the same wherever it is written. */
static uint64_t endpoint_id(const struct cfg_endpoint *e)
{
    uint8_t name[18];
    memcpy(name, e->at.addr.b, 16);
    name[16] = (uint8_t)(e->at.port >> 8);
    name[17] = (uint8_t)e->at.port;
    return lb_hash(span_of(name, sizeof name));
}

static struct lb_picker *make_picker(const struct exchanges_params *p, const struct cfg_cluster *cfg,
                                     struct lb_endpoint_in *in)
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
                              .table_size =
                                  cfg->lb_policy == CFG_LB_MAGLEV ? cfg->maglev_table : cfg->ring_size,
                              .slow_start_ns = cfg->slow_start_ns,
                              .subset = cfg->subset_size,
                              .worker = p->worker,
                              .nworkers = p->config->dpdk.workers,
                              .seed = p->worker};
    return lb_picker_create(&c);
}

static int cluster_start(const struct exchanges_params *p, struct cluster_state *cs,
                         const struct cfg_cluster *cfg)
{
    struct lb_endpoint_in *in = calloc(cfg->nendpoint, sizeof *in);
    cs->cfg = cfg;
    cs->hashes = lb_policy_hashes(lb_policy_nth(cfg->lb_policy));
    cs->endpoint = calloc(cfg->nendpoint, sizeof *cs->endpoint);
    if (in && cs->endpoint)
        cs->picker = make_picker(p, cfg, in);
    free(in);
    return cs->picker ? 0 : -ENOMEM;
}

struct exchanges *exchanges_create(const struct exchanges_params *p)
{
    struct exchanges *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    uint32_t most = 1;
    w->cfg = p->config;
    w->log = p->log;
    w->wall_offset_ns = p->wall_offset_ns;
    w->cluster = calloc(w->cfg->ncluster ? w->cfg->ncluster : 1, sizeof *w->cluster);
    w->slab = bigmem_alloc(w->cfg->dpdk.connections, sizeof *w->slab);
    if (routing_start(w) < 0 || !w->cluster || !w->slab)
        goto fail;
    for (uint32_t i = 0; i < w->cfg->ncluster; i++) {
        if (cluster_start(p, &w->cluster[i], &w->cfg->cluster[i]) < 0)
            goto fail;
        if (w->cfg->cluster[i].nendpoint > most)
            most = w->cfg->cluster[i].nendpoint;
    }
    w->tried_words = (most + 63) / 64;
    w->tried = calloc(w->tried_words, sizeof *w->tried);
    if (w->tried)
        return w;
fail:
    exchanges_destroy(w);
    return NULL;
}

int exchanges_bind(struct exchanges *w, struct splice *s)
{
    w->s = s;
    w->cnt = splice_counters(s);
    for (uint32_t i = 0; i < w->cfg->ncluster; i++)
        for (uint32_t j = 0; j < w->cfg->cluster[i].nendpoint; j++) {
            struct endpoint_state *es = &w->cluster[i].endpoint[j];
            es->remote = splice_remote_get(s, &w->cfg->cluster[i].endpoint[j].at);
            if (!es->remote)
                return -ENOMEM;
            splice_remote_warm(s, es->remote);
        }
    return 0;
}

/* When every exchange is over, none may be counted at an endpoint any more: a leak here would send least_conn
 * astray for good, and nobody would see it. */
static void check_counts(const struct exchanges *w)
{
    for (uint32_t i = 0; w->cnt && counter_read(&w->cnt->exchanges_open) == 0 && i < w->cfg->ncluster; i++)
        for (uint32_t j = 0; j < w->cfg->cluster[i].nendpoint; j++)
            assert(lb_active(w->cluster[i].picker, j) == 0);
}

void exchanges_destroy(struct exchanges *w)
{
    if (!w)
        return;
    check_counts(w);
    for (uint32_t i = 0; w->cluster && i < w->cfg->ncluster; i++) {
        lb_picker_destroy(w->cluster[i].picker);
        free(w->cluster[i].endpoint);
    }
    routing_stop(w);
    free(w->cluster);
    bigmem_free(w->slab, w->cfg->dpdk.connections, sizeof *w->slab);
    free(w->tried);
    free(w);
}

void exchanges_memory(const struct exchanges *w, struct memory_list *l)
{
    memory_add(l, "exchanges", sizeof *w + w->cfg->dpdk.connections * sizeof *w->slab);
}

static void drain_one(void *arg, struct conn *c)
{
    struct exchanges *w = arg;
    if (!c->user && !c->hold.nrange && !c->user_doom)
        client_close(w, c, R_CLOSE_DRAIN);
}

void exchanges_drain(struct exchanges *w)
{
    w->draining = !mutant(drain_ignored);
    splice_drain(w->s);
    splice_each_client(w->s, drain_one, w);
}

/* ---- callbacks ---- */

static bool cb_listens(void *u, const struct ip_addr *local, uint16_t port, struct splice_listener *out)
{
    struct exchanges *w = u;
    bool v4 = ip_is_v4(local);
    for (uint32_t i = 0; i < w->cfg->nlistener; i++) {
        const struct cfg_listener *l = &w->cfg->listener[i];
        if (l->at.port != port || !((v4 ? l->any4 : l->any6) || ip_eq(&l->at.addr, local)))
            continue;
        *out = (struct splice_listener){
            .index = i, .w0 = l->head_limit > 32768 ? l->head_limit : 32768, .max_rate = l->max_rate};
        return true;
    }
    return false;
}

static void cb_accepted(void *u, struct conn *c)
{
    struct exchanges *w = u;
    if (listener_of(w, c)->protocol == CFG_TCP) {
        stream_start(w, c);
        return;
    }
    splice_waiting(w->s, c);
    splice_set_timer(w->s, c, splice_now(w->s) + listener_of(w, c)->head_timeout_ns);
}

static void judge_client(struct exchanges *w, struct conn *c, struct span bytes, bool held)
{
    struct exchange *x = c->user;
    const struct conn *outer = w->judging;
    w->judging = c;
    if (x && x->stream)
        ; /* held until an endpoint is connected */
    else if (x)
        request_body(w, x, bytes, held);
    else if (c->fin_queued || c->user_doom)
        c->sink = true; /* after our FIN nothing is answered any more */
    else if (listener_of(w, c)->protocol == CFG_TLS)
        stream_hello(w, c, bytes);
    else
        client_head(w, c, bytes, held);
    w->judging = outer;
}

static void cb_judge(void *u, struct conn *c, struct span bytes, bool held)
{
    if (c->pub.side == SIDE_CLIENT)
        judge_client(u, c, bytes, held);
    else
        response_judge(u, c, bytes, held);
}

static void cb_progress(void *u, struct conn *c)
{
    struct exchanges *w = u;
    struct exchange *x = c->user;
    if (!x) {
        client_progress(w, c);
        return;
    }
    if (x->tunnel)
        tunnel_progress(w, c);
    /* Extents are free again: what had to wait for them is judged. */
    if (c->peer && c->peer->hold.nrange)
        splice_rejudge(w->s, c->peer);
    x = c->user;
    if (x && !x->tunnel && x->e && x->e->fin_told && !x->resp_mapped)
        upstream_fin(w, x->e);
    x = c->user;
    if (x)
        exchange_check(w, x);
}

static void cb_connected(void *u, struct conn *e)
{
    upstream_connected(u, e);
}

static void cb_fin(void *u, struct conn *c)
{
    struct exchanges *w = u;
    struct exchange *x = c->user;
    if (x && x->tunnel)
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
    else
        upstream_timeout(u, c);
}

static void cb_look(void *u, struct conn *c)
{
    slow_look(u, c);
}

static void client_ended(struct exchanges *w, struct conn *c, enum reason why)
{
    struct exchange *x = c->user;
    struct conn *e = x->e;
    if (!x->rec.status)
        x->rec.status = 499;
    x->e = NULL;
    exchange_over(w, x, why);
    if (e) {
        e->user = NULL;
        splice_part(w->s, e);
        splice_reset(w->s, e, R_CLOSE_OTHER_RESET);
    }
}

static void cb_ended(void *u, struct conn *c, enum reason why)
{
    struct exchanges *w = u;
    struct exchange *x = c->user;
    if (!x)
        return;
    if (x->tunnel)
        tunnel_ended(w, x, c, why);
    else if (c->pub.side == SIDE_CLIENT)
        client_ended(w, c, why);
    else
        upstream_ended(w, c, why);
}

const struct splice_user exchange_user = {
    .listens = cb_listens,
    .accepted = cb_accepted,
    .judge = cb_judge,
    .progress = cb_progress,
    .connected = cb_connected,
    .fin = cb_fin,
    .timeout = cb_timeout,
    .look = cb_look,
    .ended = cb_ended,
};
