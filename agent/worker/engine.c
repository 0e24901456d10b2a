/* See engine.h: wiring of net, splice and exchange into one object, the stages of a burst, timers, and
 * configurations. */
#include "agent/worker/engine_own.h"

#include <stdlib.h>

#include "agent/base/mutant.h"
#include "agent/wire/wire.h"

static void net_if_from(struct net_if *out, const struct cfg_interface *in, const struct engine_port *port,
                        uint16_t i)
{
    *out = (struct net_if){.port = i, .vlan = in->vlan, .mtu = in->mtu ? in->mtu : port->mtu, .up = port->up};
    if (port->mtu < out->mtu)
        out->mtu = port->mtu;
    memcpy(out->mac, port->mac, 6);
    out->naddr = in->naddr < NET_MAX_ADDR ? in->naddr : NET_MAX_ADDR;
    for (unsigned k = 0; k < out->naddr; k++) {
        out->addr[k].addr = in->addr[k].addr;
        out->addr[k].bits = (uint8_t)(in->addr[k].bits + (ip_is_v4(&in->addr[k].addr) ? 96 : 0));
    }
    out->has_gw4 = in->has_gateway4;
    out->has_gw6 = in->has_gateway6;
    out->gw4 = in->gateway4;
    out->gw6 = in->gateway6;
}

static struct net *net_start(struct engine *e, const struct engine_params *p)
{
    struct net_if ifs[NET_MAX_IF];
    unsigned n = p->config->ninterface < NET_MAX_IF ? p->config->ninterface : NET_MAX_IF;
    for (unsigned i = 0; i < n; i++)
        net_if_from(&ifs[i], &p->config->interface[i], &p->port[i], (uint16_t)i);
    struct sip_key key = sip_key_for(p->secret, "neighbours");
    return net_create(ifs, n, p->worker == 0, &e->ops, &e->cnt, &key, p->now_ns);
}

/* What one client may have of this worker; the networks stay in e. */
static struct splice_shares shares_of(struct engine *e, const struct config *c)
{
    const struct cfg_limits *l = &c->limits;
    for (e->ntrusted = 0; e->ntrusted < l->ntrusted && e->ntrusted < TRUSTED_MAX; e->ntrusted++) {
        const struct cfg_prefix *in = &l->trusted[e->ntrusted];
        e->trusted[e->ntrusted] =
            (struct splice_network){in->addr, (uint8_t)(in->bits + (ip_is_v4(&in->addr) ? 96 : 0))};
    }
    return (struct splice_shares){.conns =
                                      (uint32_t)((uint64_t)c->dpdk.connections * l->client_connections / 100),
                                  .bytes = c->dpdk.buffers_bytes / 100 * l->client_buffers,
                                  .trusted = e->trusted,
                                  .ntrusted = e->ntrusted};
}

static struct splice *splice_start(struct engine *e, const struct engine_params *p)
{
    const struct cfg_dpdk *d = &p->config->dpdk;
    struct splice_params sp = {
        .connections = d->connections,
        .buffers = d->buffers_bytes,
        .syn_ring = d->syn_ring,
        .shares = shares_of(e, p->config),
        .port_lo = d->port_lo,
        .port_hi = d->port_hi,
        .worker = p->worker,
        .nworkers = p->nworkers,
        .mine = e->steering.any ? steering_mine : NULL,
        .mine_ctx = &e->steering,
        .most_ports = steering_most_ports(&e->steering),
        .ops = p->ops,
        .net = e->net,
        .counters = &e->cnt,
        .user = &exchange_user,
        .user_ctx = e->exchanges,
        .flow = e->flow ? &e->flow_ops : NULL,
        .flow_taste = {.least = p->flow_least, .eager = p->flow_eager, .places = p->flow_places},
        .now_ns = p->now_ns};
    memcpy(sp.secret, p->secret, sizeof sp.secret);
    return splice_create(&sp);
}

static void steering_start(struct engine *e, const struct engine_params *p)
{
    struct steering *s = &e->steering;
    *s = (struct steering){.config = p->config,
                           .worker = p->worker,
                           .nworkers = p->nworkers,
                           .key = sip_key_for(p->secret, "steering")};
    for (unsigned i = 0; p->give && i < p->config->ninterface && i < STEERING_IFS; i++) {
        s->device[i] = p->port[i].steer;
        s->any = s->any || s->device[i];
    }
    e->give = p->give;
    e->nworkers = p->nworkers;
}

struct engine *engine_create(const struct engine_params *p)
{
    struct engine *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->roster = p->roster ? NULL : roster_create(p->nworkers);
    struct exchanges_params xp = {.config = p->config,
                                  .roster = p->roster ? p->roster : e->roster,
                                  .shared = p->shared,
                                  .rate_key = sip_key_for(p->secret, "rates"),
                                  .worker = p->worker,
                                  .log = p->log,
                                  .wall_offset_ns = p->wall_offset_ns,
                                  .secret = p->secret};
    e->ops = p->ops;
    for (unsigned i = 0; i < p->config->ninterface && i < NET_MAX_IF; i++)
        e->doubt[i] = p->port[i].doubt;
    steering_start(e, p);
    engine_flow_start(e, p);
    e->net = net_start(e, p);
    e->exchanges = e->net && xp.roster ? exchanges_create(&xp) : NULL;
    e->splice = e->exchanges ? splice_start(e, p) : NULL;
    if (!e->splice || exchanges_bind(e->exchanges, e->splice) < 0) {
        engine_destroy(e);
        return NULL;
    }
    return e;
}

void engine_destroy(struct engine *e)
{
    if (!e)
        return;
    splice_destroy(e->splice);
    if (e->flow)
        e->flow_class->destroy(e->flow);
    exchanges_destroy(e->exchanges);
    roster_destroy(e->roster);
    net_destroy(e->net);
    free(e);
}

/* ---- a burst ---- */

static void drop(struct engine *e, struct frame *f, enum reason r)
{
    count(&e->cnt, r);
    frame_free(&e->ops, f);
}

/* The TCP segments of a burst, and what the table said of each. TCP sends in trains: segments of one flow,
 * from one next hop, follow each other, and what was found for the first of them holds for all. */
struct segments {
    unsigned n, ntrain;
    struct frame *f[ENGINE_BURST];
    struct pkt p[ENGINE_BURST];
    uint8_t train[ENGINE_BURST];              /* which of the trains it is in */
    const struct flow_key *key[ENGINE_BURST]; /* of each train */
    uint32_t idx[ENGINE_BURST];
};

static void arrived(struct engine *e, struct frame *const f[], unsigned n)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < n; i++)
        bytes += f[i]->len;
    stat_add(&e->cnt.rx_frames, n);
    stat_add(&e->cnt.rx_bytes, bytes);
}

/* What a device says of a segment's checksum is believed but for one in ACCEL_SPOT_CHECK; the first that
 * turns out wrong ends it for that port. That a sum is bad is never believed: wire_parse() has found that
 * out. */
static enum reason check_word(struct engine *e, const struct frame *f, const struct pkt *p)
{
    if (!(f->flags & (FRAME_L4_CSUM_OK | FRAME_L4_CSUM_BAD)) || p->proto != WIRE_TCP)
        return R_NONE;
    if (f->flags & FRAME_L4_CSUM_BAD) {
        stat_add(&e->cnt.device_wrong, 1);
        return R_NONE;
    }
    if (++e->believed % ACCEL_SPOT_CHECK != 1 || mutant(word_believed) || wire_payload_right(f, p))
        return R_NONE;
    stat_add(&e->cnt.device_wrong, 1);
    e->doubt[f->port] = true;
    return R_DROP_L4_CSUM;
}

/* Is p, of frame f, the next of the train that g ends with? */
static bool follows(const struct segments *g, const struct frame *f, const struct pkt *p)
{
    unsigned last = g->n - 1;
    return g->n > 0 && p->proto == WIRE_TCP && f->port == g->f[last]->port &&
           memcmp(p->dmac, g->p[last].dmac, 6) == 0 && flow_key_eq(&p->key, &g->p[last].key);
}

/* What is for us and no TCP. */
static void take_other(struct engine *e, struct frame *f, const struct pkt *p, bool mixed, uint64_t now_ns)
{
    struct net_unreach u = {0};
    if (mixed)
        e->give(e->ops.ctx, ENGINE_ALL, f);
    net_input(e->net, f, p, &u, now_ns);
    if (u.valid)
        splice_unreachable(e->splice, &u);
}

/* One frame through parser and address checks; TCP for us is added to g. */
static void take_frame(struct engine *e, struct segments *g, struct frame *f, bool mixed, uint64_t now_ns)
{
    struct pkt *p = &g->p[g->n];
    if (f->port < NET_MAX_IF && e->doubt[f->port])
        f->flags &= (uint16_t) ~(FRAME_L4_CSUM_OK | FRAME_L4_CSUM_BAD);
    enum reason r = wire_parse(f, net_if_vlan(e->net, f->port), p);
    bool next = r == R_NONE && follows(g, f, p);
    if (r == R_NONE && !next)
        r = net_check(e->net, f, p);
    if (r == R_NONE)
        r = check_word(e, f, p);
    if (r == R_NONE && p->proto == WIRE_TCP) {
        if (!next)
            g->key[g->ntrain++] = &p->key;
        g->train[g->n] = (uint8_t)(g->ntrain - 1);
        g->f[g->n++] = f;
        return;
    }
    arrived(e, &f, 1);
    if (r == R_NONE)
        take_other(e, f, p, mixed, now_ns);
    else
        drop(e, f, r);
}

/* Gives away what is another worker's. Of a flow that is in this worker's table, there is nothing to ask. */
static void give_others(struct engine *e, struct segments *g)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < g->n; i++) {
        unsigned owner =
            g->idx[g->train[i]] == CT_NONE ? steering_owner(&e->steering, &g->p[i].key) : e->steering.worker;
        if (owner != e->steering.worker && !mutant(steer_stray_kept)) {
            g->f[i]->flags |= FRAME_L4_CSUM_OK; /* wire_parse() has verified them */
            e->give(e->ops.ctx, owner, g->f[i]);
            continue;
        }
        if (kept < i) {
            g->f[kept] = g->f[i];
            g->p[kept] = g->p[i];
            g->train[kept] = g->train[i];
        }
        kept++;
    }
    g->n = kept;
}

/* Where the train ends that segment i begins. */
static unsigned train_end(const struct segments *g, unsigned i)
{
    unsigned end = i + 1;
    while (end < g->n && g->train[end] == g->train[i])
        end++;
    return end;
}

void engine_take_burst(struct engine *e, struct frame *const f[], unsigned n, bool mixed, uint64_t now_ns)
{
    struct segments g;
    g.n = g.ntrain = 0;
    for (unsigned i = 0; i < n; i++) {
        if (i + 2 < n)
            __builtin_prefetch(f[i + 2]);
        if (i + 1 < n)
            __builtin_prefetch(f[i + 1]->data);
        take_frame(e, &g, f[i], mixed, now_ns);
    }
    ct_lookup_bulk(splice_table(e->splice), g.key, g.ntrain, g.idx);
    splice_prefetch(e->splice, g.idx, g.ntrain);
    if (mixed)
        give_others(e, &g);
    arrived(e, g.f, g.n);
    for (unsigned i = 0, end = 0; i < g.n;) {
        if (i == end)
            end = train_end(&g, i);
        i += splice_input(e->splice, &g.f[i], &g.p[i], end - i, g.idx[g.train[i]]);
    }
    exchanges_settle(e->exchanges);
    splice_reap(e->splice);
    splice_relieve(e->splice);
}

static void input(struct engine *e, struct frame *const f[], unsigned n, bool mixed, uint64_t now_ns)
{
    splice_set_now(e->splice, now_ns);
    exchanges_sync(e->exchanges);
    for (unsigned burst; n > 0; f += burst, n -= burst) {
        burst = n < ENGINE_BURST ? n : ENGINE_BURST;
        if (e->flow)
            engine_flow_burst(e, f, burst, mixed, now_ns);
        else
            engine_take_burst(e, f, burst, mixed, now_ns);
    }
}

void engine_input(struct engine *e, struct frame *const f[], unsigned n, uint64_t now_ns)
{
    input(e, f, n, false, now_ns);
}

void engine_input_mixed(struct engine *e, struct frame *const f[], unsigned n, uint64_t now_ns)
{
    input(e, f, n, true, now_ns);
}

void engine_tick(struct engine *e, uint64_t now_ns)
{
    splice_set_now(e->splice, now_ns);
    exchanges_tick(e->exchanges);
    if (now_ns >= net_next_ns(e->net))
        net_tick(e->net, now_ns);
    if (e->flow)
        engine_flow_answers(e, now_ns);
    splice_tick(e->splice);
    exchanges_settle(e->exchanges);
    splice_reap(e->splice);
    splice_relieve(e->splice);
}

uint64_t engine_next_ns(const struct engine *e)
{
    uint64_t t = splice_next_ns(e->splice), n = net_next_ns(e->net), x = exchanges_next_ns(e->exchanges);
    uint64_t flow = e->flow ? e->flow_class->next_ns(e->flow) : UINT64_MAX;
    t = t < n ? t : n;
    t = t < flow ? t : flow;
    return t < x ? t : x;
}

void engine_set_link(struct engine *e, uint16_t port, bool up, uint64_t now_ns)
{
    net_set_link(e->net, port, up, now_ns);
}

void engine_sync(struct engine *e, uint64_t now_ns)
{
    splice_set_now(e->splice, now_ns);
    exchanges_sync(e->exchanges);
    splice_reap(e->splice);
}

void engine_set_wall(struct engine *e, int64_t wall_offset_ns)
{
    exchanges_set_wall(e->exchanges, wall_offset_ns);
}

void engine_drain(struct engine *e, uint64_t now_ns)
{
    splice_set_now(e->splice, now_ns);
    exchanges_drain(e->exchanges);
    splice_reap(e->splice);
}

int engine_bind(struct engine *e, struct generation *g, uint64_t now_ns)
{
    splice_set_now(e->splice, now_ns);
    return generation_bind(e->exchanges, g);
}

void engine_unbind(struct engine *e, struct generation *g, uint64_t now_ns)
{
    splice_set_now(e->splice, now_ns);
    generation_unbind(e->exchanges, g);
    splice_reap(e->splice);
}

void engine_adopt(struct engine *e, struct generation *g, uint64_t now_ns)
{
    struct splice_shares sh = shares_of(e, generation_config(g));
    splice_share(e->splice, &sh);
    splice_set_now(e->splice, now_ns);
    exchanges_adopt(e->exchanges, g);
    splice_reap(e->splice);
}

struct generation *engine_retired(struct engine *e)
{
    return exchanges_retired(e->exchanges);
}

bool engine_idle(const struct engine *e)
{
    return e->cnt.clients_open == 0 && e->cnt.exchanges_open == 0;
}

/* ---- steering ---- */

bool engine_steers(const struct engine *e, uint16_t port)
{
    return port < STEERING_IFS && e->steering.device[port];
}

unsigned engine_owner(const struct engine *e, const struct frame *f)
{
    struct frame trusted = *f;
    struct pkt p;
    if (e->nworkers == 1)
        return 0;
    trusted.flags |= FRAME_L4_CSUM_OK; /* the owner verifies it */
    if (wire_parse(&trusted, net_if_vlan(e->net, f->port), &p) != R_NONE)
        return 0;
    if (p.proto == WIRE_ARP || p.proto == WIRE_ICMP6 || p.proto == WIRE_ICMP4)
        return p.proto != WIRE_ARP && mutant(icmp_told_one) ? 0 : ENGINE_ALL;
    return steering_owner(&e->steering, &p.key);
}
