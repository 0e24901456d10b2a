#include "tests/sim/topology.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/sim.h"

struct ip_addr topo_addr(bool v6, unsigned side, unsigned host)
{
    if (v6)
        return (struct ip_addr){
            {0xfd, (uint8_t)side, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(host >> 8), (uint8_t)host}};
    uint8_t b[4] = {10, (uint8_t)side, (uint8_t)(host >> 8), (uint8_t)host};
    return ip_from_v4(b);
}

unsigned topo_endpoint_number(unsigned cluster, unsigned e)
{
    return 10 + 256 * cluster + e;
}

struct ip_addr topo_endpoint(bool v6, unsigned cluster, unsigned e)
{
    return topo_addr(v6, 1, topo_endpoint_number(cluster, e));
}

static char *text(const char *fmt, unsigned n)
{
    char *s = xalloc(32);
    snprintf(s, 32, fmt, n);
    return s;
}

static void make_interfaces(struct config *c, bool one_arm)
{
    c->ninterface = one_arm ? 1 : 2;
    c->interface = xalloc(2 * sizeof *c->interface);
    for (unsigned i = 0; i < c->ninterface; i++) {
        struct cfg_interface *f = &c->interface[i];
        f->name = text("if%u", i);
        f->kind = CFG_IF_VDEV;
        f->target = text("sim%u", i);
        f->addr = xalloc(4 * sizeof *f->addr);
        f->addr[f->naddr++] = (struct cfg_prefix){topo_addr(false, i, 1), 16};
        f->addr[f->naddr++] = (struct cfg_prefix){topo_addr(true, i, 1), 64};
    }
    if (one_arm) {
        struct cfg_interface *f = &c->interface[0];
        f->addr[f->naddr++] = (struct cfg_prefix){topo_addr(false, 1, 1), 16};
        f->addr[f->naddr++] = (struct cfg_prefix){topo_addr(true, 1, 1), 64};
    }
}

static void make_listener(struct config *c)
{
    c->admin.drain_timeout_ns = 900 * SEC;
    c->nlistener = 1;
    c->listener = xalloc(sizeof *c->listener);
    *c->listener = (struct cfg_listener){.name = text("web%u", 0),
                                         .at = {.port = TOPO_PORT},
                                         .any4 = true,
                                         .any6 = true,
                                         .cluster = CFG_NONE,
                                         .tunnel_timeout_ns = 900 * SEC,
                                         .head_limit = 32768,
                                         .head_timeout_ns = 900 * SEC,
                                         .idle_timeout_ns = 900 * SEC,
                                         .stall_timeout_ns = 900 * SEC,
                                         .client_connections = 1000000,
                                         .client_requests = 1000000, /* none is refused, all are counted */
                                         .min_request_rate = 240,
                                         .min_response_rate = 240,
                                         .rate_period_ns = 20 * SEC,
                                         .x_forwarded_for = CFG_FORWARD_APPEND,
                                         .x_forwarded_proto = CFG_FORWARD_REPLACE};
}

static void make_rule(struct cfg_rule *r, char *path, uint32_t cluster)
{
    r->nmatch = 1;
    r->match = xalloc(sizeof *r->match);
    r->match->kind = CFG_PATH_PREFIX;
    r->match->path = path;
    r->cluster = cluster;
}

static void make_routes(struct config *c)
{
    c->nroute = TOPO_CLUSTERS + 1;
    c->route = xalloc(c->nroute * sizeof *c->route);
    for (unsigned i = 0; i < c->nroute; i++) {
        bool mix = i == TOPO_CLUSTERS;
        struct cfg_route *r = &c->route[i];
        r->name = text("r%u", i);
        r->nhost = 1;
        r->host = xalloc(sizeof *r->host);
        r->host[0] = text(mix ? "mix.example" : "c%u.example", i);
        r->nrule = mix ? TOPO_CLUSTERS : 1;
        r->rule = xalloc(r->nrule * sizeof *r->rule);
        for (unsigned k = 0; k < r->nrule; k++)
            make_rule(&r->rule[k], mix ? text("/c%u", k) : text("/", 0), mix ? k : i);
    }
}

/* As the configuration has it by default. */
static void make_retry(struct cfg_retry *r)
{
    static uint16_t on[] = {CFG_RETRY_CONNECT, CFG_RETRY_RESET, CFG_RETRY_TIMEOUT},
                    method[] = {CFG_GET, CFG_HEAD, CFG_PUT, CFG_DELETE, CFG_OPTIONS, CFG_TRACE};
    *r = (struct cfg_retry){.non = sizeof on / sizeof *on,
                            .on = on,
                            .nmethod = sizeof method / sizeof *method,
                            .method = method,
                            .min_concurrency = 3};
}

static void make_clusters(struct config *c, bool endpoint_v6)
{
    c->ncluster = TOPO_CLUSTERS;
    c->cluster = xalloc(c->ncluster * sizeof *c->cluster);
    for (unsigned i = 0; i < c->ncluster; i++) {
        struct cfg_cluster *k = &c->cluster[i];
        *k = (struct cfg_cluster){.name = text("c%u", i),
                                  .lb_policy = CFG_LB_ROUND_ROBIN,
                                  .connect_timeout_ns = 120 * SEC,
                                  .response_timeout_ns = 900 * SEC,
                                  .pool_idle_ns = 20 * SEC,
                                  .pool_size = 256,
                                  .tries = 3,
                                  .retry_buffer = 16384};
        make_retry(&k->retry);
    }
    topo_endpoints(c, endpoint_v6, TOPO_ENDPOINTS);
}

void topo_endpoints(struct config *c, bool endpoint_v6, unsigned n)
{
    for (unsigned i = 0; i < c->ncluster; i++) {
        struct cfg_cluster *k = &c->cluster[i];
        free(k->endpoint);
        k->nendpoint = n;
        k->endpoint = xalloc(n * sizeof *k->endpoint);
        for (unsigned e = 0; e < n; e++)
            k->endpoint[e] =
                (struct cfg_endpoint){.at = {topo_endpoint(endpoint_v6, i, e), TOPO_EP_PORT}, .weight = 1};
    }
}

struct config *topo_config(bool one_arm, bool endpoint_v6, unsigned workers)
{
    struct config *c = xalloc(sizeof *c);
    c->file = text("sim%u", 0);
    c->logging.access_log = text("log%u", 0);
    c->dpdk = (struct cfg_dpdk){.workers = workers,
                                .memory_bytes = 64u << 20,
                                .connections = 1024,
                                .buffers_bytes = 16u << 20,
                                .syn_ring = 256,
                                .port_lo = 10000,
                                .port_hi = 10999};
    c->limits = (struct cfg_limits){.client_connections = 50, .client_buffers = 25};
    make_interfaces(c, one_arm);
    make_listener(c);
    make_routes(c);
    make_clusters(c, endpoint_v6);
    return c;
}

static void free_route(struct cfg_route *r)
{
    for (unsigned i = 0; i < r->nrule; i++) {
        free(r->rule[i].match->path);
        free(r->rule[i].match);
    }
    free(r->rule);
    free(r->host[0]);
    free(r->host);
    free(r->name);
}

void topo_config_free(struct config *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < c->ninterface; i++) {
        free(c->interface[i].name);
        free(c->interface[i].target);
        free(c->interface[i].addr);
    }
    for (unsigned i = 0; i < c->nroute; i++)
        free_route(&c->route[i]);
    for (unsigned i = 0; i < c->ncluster; i++) {
        free(c->cluster[i].name);
        free(c->cluster[i].endpoint);
    }
    free(c->listener->name);
    free(c->listener);
    free(c->interface);
    free(c->route);
    free(c->cluster);
    free(c->logging.access_log);
    free(c->file);
    free(c);
}
