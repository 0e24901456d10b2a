#include "tests/sim/world.h"
#include "tests/sim/edits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A link as bad as its bounds, or better. */
static struct link_cfg draw_link(struct rng *r, const struct link_cfg *max, bool v6)
{
    struct link_cfg c = *max;
    c.delay_ns = rng_range(r, max->delay_ns / 4, max->delay_ns);
    c.loss = (uint16_t)rng_range(r, max->loss / 4, max->loss);
    c.duplicate = (uint16_t)rng_below(r, max->duplicate + 1u);
    c.reorder = (uint16_t)rng_below(r, max->reorder + 1u);
    c.corrupt = (uint16_t)rng_below(r, max->corrupt + 1u);
    if (c.mtu && rng_permille(r, 700)) /* IPv6 takes 1280 everywhere */
        c.mtu = (uint16_t)rng_range(r, v6 ? 1280 : max->mtu, 1499);
    else
        c.mtu = 0;
    c.black_hole = max->black_hole;
    return c;
}

static struct tcb_cfg linux_tcp(bool v6, struct rng *r)
{
    return (struct tcb_cfg){.mss = v6 ? 1440 : 1460,
                            .rcvbuf = 65535u << rng_below(r, 3),
                            .wscale = 7,
                            .sack = true,
                            .dsack = true,
                            .timestamps = true,
                            .ecn = rng_permille(r, 200),
                            .nagle = rng_permille(r, 500),
                            .mtu_probing = true,
                            .round_up = true,
                            .delack_ns = 40 * MS,
                            .syn_retries = 30,
                            .retries = 40,
                            .time_wait_ns = 60 * SEC};
}

static void vary(struct tcb_cfg *c, bool v6, struct rng *r)
{
    static const uint16_t mss[] = {1440, 1400, 1360, 1220, 1000, 536};
    c->mss = rng_permille(r, 300) ? c->mss : mss[rng_below(r, 6)];
    if (v6 && c->mss < 1220)
        c->mss = 1220; /* IPv6's least MTU */
    c->rcvbuf = (uint32_t)rng_range(r, 2, 16) * 1000u << rng_below(r, 7);
    c->wscale = rng_permille(r, 250) ? -1 : (int8_t)rng_below(r, rng_permille(r, 100) ? 15 : 9);
    c->sack = rng_permille(r, 750);
    while (c->wscale > 0 && c->rcvbuf >> c->wscale < 8) /* else every window would round to nothing */
        c->wscale--;
    c->dsack = rng_permille(r, 750);
    c->timestamps = rng_permille(r, 500);
    c->probe_byte = rng_permille(r, 400);
    c->round_up = c->wscale < 8 && rng_permille(r, 700);
    c->delack_ns = rng_permille(r, 700) ? 40 * MS : rng_permille(r, 500) ? 0 : 200 * MS;
    c->keepalive_ns = rng_permille(r, 300) ? rng_range(r, 1, 10) * SEC : 0;
    c->split = rng_permille(r, 500) ? 0 : (uint16_t)rng_below(r, 500);
}

static void make_tiny(struct tcb_cfg *c, bool v6, struct rng *r)
{
    c->mss = v6 ? 1220 : (uint16_t)rng_range(r, 536, 900);
    /* Not below 520: half of it may be all that is ever shown, and lacon rounds that down to units of 128. */
    c->rcvbuf = (uint32_t)rng_range(r, 520, 3000);
    c->wscale = rng_permille(r, 500) ? -1 : (int8_t)rng_below(r, 4);
    c->probe_byte = rng_permille(r, 400);
}

static struct tcb_cfg draw_tcp(const struct scenario *sc, unsigned side, bool v6, struct rng *r)
{
    struct tcb_cfg c = linux_tcp(v6, r);
    if (sc->hosts == HOSTS_VARIED || sc->hosts == HOSTS_TINY || sc->hosts == HOSTS_OVERLAP)
        vary(&c, v6, r);
    if (sc->hosts == HOSTS_TINY)
        make_tiny(&c, v6, r);
    if (sc->hosts == HOSTS_BYTES && side == 0)
        c.most = 1;
    if (sc->hosts == HOSTS_OVERLAP)
        c.overlap = (uint16_t)rng_range(r, 100, 600);
    return c;
}

static void add_host(struct world *w, struct host *h, const char *name, unsigned side, unsigned number,
                     const struct link_cfg *max)
{
    uint8_t mac[6] = {2, 0, 0, (uint8_t)side, (uint8_t)(number >> 8), (uint8_t)number};
    bool v6 = side ? w->sc->endpoint_v6 : w->sc->client_v6;
    struct link_cfg link = draw_link(&w->sim.rng, max, v6);
    struct ip_addr a = topo_addr(v6, side, number);
    host_init(h, name, &w->lan[w->sc->topo == TOPO_TWO_ARMS ? side : 0], mac, &link);
    host_add_addr(h, &a);
    h->tcp = draw_tcp(w->sc, side, v6, &w->sim.rng);
    /* What lacon can hold of a client's next requests, and so what an engine may promise it. */
    if (side && (lacon_has_engine() || measure_on()) && h->tcp.rcvbuf > 65535)
        h->tcp.rcvbuf = 65535;
    if (side && (lacon_has_engine() || measure_on()) && w->sc->hosts == HOSTS_LINUX && number % 2)
        h->tcp.wscale = 10; /* as newer kernels have it */
}

static void add_server(struct world *w, unsigned i)
{
    unsigned cluster = i / w->nendpoint, e = i % w->nendpoint;
    struct server *s = &w->server[i];
    char name[24];
    snprintf(name, sizeof name, "c%ue%u", cluster, e);
    add_host(w, &w->server_host[i], name, 1, topo_endpoint_number(cluster, e), &w->sc->endpoint_link);
    server_init(s, &w->server_host[i], &w->book, cluster, TOPO_EP_PORT);
    s->direct = world_direct(w);
    s->cut = w->sc->mix->cut;
    s->idle_close = w->sc->mix->idle_close;
    s->idle_close_ns = 2 * SEC;
    s->cross_close = w->sc->mix->cross_close;
    s->read_rate = rng_permille(&w->sim.rng, w->sc->mix->slow_reader) ? 200000 : 0;
}

static void set_timeouts(const struct scenario *sc, struct config *c)
{
    struct cfg_listener *l = c->listener;
    if (sc->timeout_ns)
        l->head_timeout_ns = l->idle_timeout_ns = l->stall_timeout_ns = sc->timeout_ns;
    for (unsigned i = 0; i < TOPO_CLUSTERS; i++) {
        if (sc->timeout_ns)
            c->cluster[i].response_timeout_ns = sc->timeout_ns;
        if (sc->connect_timeout_ns)
            c->cluster[i].connect_timeout_ns = sc->connect_timeout_ns;
    }
}

static void set_limits(const struct scenario *sc, struct cfg_dpdk *d)
{
    if (sc->limits.syn_ring)
        d->syn_ring = sc->limits.syn_ring;
    if (sc->limits.connections)
        d->connections = sc->limits.connections;
    if (sc->limits.buffers)
        d->buffers_bytes = sc->limits.buffers;
    if (sc->limits.ports)
        d->port_hi = (uint16_t)(d->port_lo + sc->limits.ports - 1);
}

static void set_balancing(struct cfg_cluster *k, const struct scenario *sc)
{
    k->lb_policy = sc->lb_policy;
    if (sc->judged) {
        k->check = (struct cfg_health_check){.protocol = CFG_CHECK_TCP,
                                             .interval_ns = SEC,
                                             .jitter = 50,
                                             .timeout_ns = 2 * SEC,
                                             .healthy = 2,
                                             .unhealthy = 2};
        k->outlier = (struct cfg_outlier){
            .failures = 2, .errors = 3, .base_ns = 300 * MS, .max_ns = 2 * SEC, .max_ejection_percent = 50};
    }
    if (!sc->failover)
        return;
    k->endpoint[1].priority = 1;
    k->slow_start_ns = 5 * SEC;
}

/* Little room at endpoints, and patience enough for all. */
static void set_breakers(struct cfg_cluster *k, const struct scenario *sc)
{
    for (uint32_t i = 0; sc->busy && i < k->nendpoint; i++)
        k->endpoint[i].max_requests = sc->busy;
    k->max_connections = 3u * sc->busy;
    k->max_requests = 2u * sc->busy;
    k->max_pending = 10000;
    k->queue_timeout_ns = 800 * SEC;
}

static struct config *make_config(const struct world *w)
{
    const struct scenario *sc = w->sc;
    struct config *c = topo_config(sc->topo == TOPO_ONE_ARM, sc->endpoint_v6, sc->workers ? sc->workers : 1);
    edits_config(c);
    topo_endpoints(c, sc->endpoint_v6, w->nendpoint);
    for (unsigned i = 0; i < TOPO_CLUSTERS; i++) {
        set_balancing(&c->cluster[i], sc);
        set_breakers(&c->cluster[i], sc);
    }
    set_limits(sc, &c->dpdk);
    set_timeouts(sc, c);
    return c;
}

void world_reload(struct world *w)
{
    if (w->nlater == WORLD_RELOADS || w->lacon.down)
        return;
    struct config *next = make_config(w);
    w->later[w->nlater++] = next;
    lacon_reload(&w->lacon, next, w->nlater);
    w->retired += lacon_collect(&w->lacon);
}

static void add_lacon(struct world *w)
{
    const struct scenario *sc = w->sc;
    struct lan *lan[LACON_PORTS] = {&w->lan[0], &w->lan[1]};
    w->config = make_config(w);
    lacon_start(&w->lacon, &w->sim, w->config, lan, &w->book, sc->steered);
    w->lacon.spray = sc->spray;
}

static uint64_t hash_of(const char *s)
{
    uint64_t h = 14695981039346656037ull; /* FNV-1a */
    for (; *s; s++)
        h = (h ^ (uint8_t)*s) * 1099511628211ull;
    return h;
}

static unsigned or_default(unsigned n, unsigned otherwise)
{
    return n ? n : otherwise;
}

void world_build(struct world *w, const struct scenario *sc, uint64_t seed, bool verbose,
                 struct pcapng *trace)
{
    memset(w, 0, sizeof *w);
    w->sc = sc;
    sim_init(&w->sim, seed ^ hash_of(sc->name)); /* else all scenarios would ask for the same */
    w->sim.verbose = verbose;
    w->sim.trace = trace;
    lan_init(&w->lan[0], &w->sim);
    lan_init(&w->lan[1], &w->sim);
    lacon_eager(seed % 2 && !measure_on());
    lacon_provider_here(sc->flow);
    w->nclient_host = or_default(sc->clients, 4);
    w->nconn = measure_conns ? measure_conns : or_default(sc->conns, 6);
    w->nendpoint = or_default(sc->endpoints, TOPO_ENDPOINTS);
    w->nserver = TOPO_CLUSTERS * w->nendpoint;
    w->client_host = xalloc(w->nclient_host * sizeof *w->client_host);
    w->client = xalloc(w->nclient_host * w->nconn * sizeof *w->client);
    w->server_host = xalloc(w->nserver * sizeof *w->server_host);
    w->server = xalloc(w->nserver * sizeof *w->server);
    for (unsigned i = 0; i < w->nclient_host; i++) {
        char name[24];
        snprintf(name, sizeof name, "client%u", i);
        add_host(w, &w->client_host[i], name, 0, 100 + i, &sc->client_link);
    }
    for (unsigned i = 0; i < w->nserver; i++)
        add_server(w, i);
    if (!world_direct(w))
        add_lacon(w);
    faults_build(w);
    traffic_build(w);
}

void world_free(struct world *w)
{
    faults_free(w);
    for (unsigned i = 0; i < w->nclient; i++)
        client_free(&w->client[i]);
    for (unsigned i = 0; i < w->nserver; i++) {
        server_free(&w->server[i]);
        host_fini(&w->server_host[i]);
    }
    for (unsigned i = 0; i < w->nclient_host; i++)
        host_fini(&w->client_host[i]);
    if (!world_direct(w)) {
        lacon_stop(&w->lacon);
        topo_config_free(w->config);
        for (unsigned i = 0; i < w->nlater; i++)
            topo_config_free(w->later[i]);
    }
    free(w->client_host);
    free(w->client);
    free(w->server_host);
    free(w->server);
    book_free(&w->book);
    sim_fini(&w->sim);
}
