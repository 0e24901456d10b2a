/* Rows about reload: another configuration while connections are open (agent/exchange/generation.c). */
#include <string.h>

#include "tests/sim/rows/all.h"
#include "tests/sim/rows/crowd.h"

/* A configuration like the row's own, to be changed and then given to reload(). */
static struct config *another(struct script *s)
{
    struct config *c = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    s->config->admin.drain_timeout_ns = c->admin.drain_timeout_ns = 3600 * SEC;
    return c;
}

static void reload(struct script *s, struct config *next)
{
    want_true(s, !s->next_config, "a row reloads once");
    s->next_config = next;
    lacon_reload(&s->lacon, next, 1);
}

/* All of "c0.example" goes to cluster 1 from now on. */
static void swap_clusters(struct config *c)
{
    for (uint32_t i = 0; i < c->nroute; i++)
        for (uint32_t j = 0; j < c->route[i].nrule; j++)
            c->route[i].rule[j].cluster = 1;
}

static bool of_cluster(const struct script *s, const struct peer *e, unsigned cluster)
{
    return (unsigned)(e->host - s->endpoint_host) / TOPO_ENDPOINTS == cluster;
}

void reload_in_flight(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    struct config *next = another(s);
    swap_clusters(next);
    reload(s, next);
    want_true(s, lacon_collect(&s->lacon) == 0, "the old generation is in use");
    answer(e, c);
    pass_time(s, 10);
    want_true(s, lacon_collect(&s->lacon) == 1, "the old generation is free");
    want_true(s, s->lacon.last_log.generation == 0, "the exchange is logged under it");
    say(c, GET0);
    e = serve(s);
    want_true(s, of_cluster(s, e, 1), "the next request goes to the other cluster");
    want_head(e);
    answer(e, c);
    pass_time(s, 10);
    want_true(s, s->lacon.last_log.generation == 1, "and is logged under the new one");
}

void reload_endpoint_gone(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c);
    struct config *next = another(s);
    memmove(&next->cluster[0].endpoint[0], &next->cluster[0].endpoint[1],
            sizeof next->cluster[0].endpoint[0]);
    next->cluster[0].nendpoint = 1;
    reload(s, next);
    want_eventually(e, "FA");
    fin(e);
    say(c, GET0);
    struct peer *e2 = serve(s);
    want_true(s, e2->host != e->host, "another endpoint is asked");
    want_head(e2);
    answer(e2, c);
}

void reload_endpoint_stays(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c);
    struct config *next = another(s);
    next->cluster[0].nendpoint = 1;
    reload(s, next);
    want_true(s, lacon_collect(&s->lacon) == 1, "the old generation is free");
    say(c, GET0);
    want_head(e);
    answer(e, c);
}

void reload_listener_gone(struct script *s)
{
    struct peer *idle = client(s), *busy = client(s), *e;
    open_conn(idle);
    e = with_request(busy, GET0);
    struct config *next = another(s);
    next->listener[0].at.port = TOPO_PORT + 1;
    reload(s, next);
    want_eventually(idle, "FA");
    say(e, OK2);
    want_text(busy, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    want_eventually(busy, "FA");
    struct peer *late = client(s);
    flags(late, SEG_SYN, 0, 0);
    want(late, "RA");
    struct peer *there = client(s);
    there->rport = TOPO_PORT + 1;
    ask(there, GET0);
    want_head(e); /* from the pool, it was never the listener's */
}

void reload_listener_head(struct script *s)
{
    struct peer *c = client(s);
    ask(c, "GET / HTTP/1.1\r\nHost: c0");
    want_eventually(c, "A ack=25 len=0");
    struct config *next = another(s);
    swap_clusters(next);
    reload(s, next);
    want_true(s, lacon_collect(&s->lacon) == 1, "nothing needs the old generation");
    say(c, ".example\r\n\r\n");
    struct peer *e = serve(s);
    want_true(s, of_cluster(s, e, 1), "the request is routed anew");
}

/* What may be held of a client grows with the longest head that is allowed. */
void reload_head_limit(struct script *s)
{
    struct peer *c = client(s);
    c->wscale = 7;
    open_conn(c);
    pass_time(s, 5);
    struct config *next = another(s);
    next->listener[0].head_limit = 60000;
    reload(s, next);
    say(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
    for (unsigned i = 0; i < 50; i++) {
        say_n(c, 'x', 1000);
        pass_time(s, 1);
    }
    say(c, "\r\n\r\n");
    struct peer *e = take_request(s);
    say(e, OK2);
    pass_time(s, 5);
    forget(c);
    want_true(s, c->got.len == strlen(OK2), "the head is served");
}

void reload_down(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, GET0);
    e = take_syn(s);
    refuse_syn_of(e);
    struct peer *good = take_request(s);
    answer(good, c);
    pass_time(s, 10);
    reload(s, another(s));
    for (unsigned i = 0; i < 3; i++) { /* the pooled conn serves one, the others take new ones */
        struct peer *more = client(s);
        ask(more, GET0);
        if (i == 0) {
            want_head(good);
            continue;
        }
        struct peer *next = serve(s);
        want_true(s, next->host != e->host, "the endpoint that refused is not asked");
        want_head(next);
    }
}

void reload_patience(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    struct config *next = another(s);
    next->admin.drain_timeout_ns = 5 * SEC;
    reload(s, next);
    pass_time(s, 4900);
    forget(c);
    want_silence(c, 50);
    want_eventually(c, "RA");
    want_eventually(e, "RA");
    pass_time(s, 10);
    want_true(s, lacon_collect(&s->lacon) == 1, "the old generation is free");
}

/* ---- other addresses of the same endpoints' names: no reload ---- */

/* The same file, with the endpoints of cluster 0 in the other order, or without the one that e is at. */
static void other_addresses(struct script *s, const struct peer *gone)
{
    static struct config other;
    static struct cfg_cluster cluster[TOPO_CLUSTERS];
    static struct cfg_endpoint endpoint[2];
    const struct cfg_cluster *of = &s->config->cluster[0];
    s->config->admin.drain_timeout_ns = 5 * SEC;
    other = *s->config;
    memcpy(cluster, other.cluster, other.ncluster * sizeof *cluster);
    other.cluster = cluster;
    cluster[0].endpoint = endpoint;
    cluster[0].nendpoint = 0;
    for (uint32_t i = of->nendpoint; i-- > 0;)
        if (!gone || !ip_eq(&of->endpoint[i].at.addr, &gone->local))
            endpoint[cluster[0].nendpoint++] = of->endpoint[i];
    lacon_reload(&s->lacon, &other, 1);
}

/* A client and an endpoint in a tunnel. */
static struct peer *tunnel(struct peer *c)
{
    struct peer *e =
        with_request(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    say(e, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    want_head(c);
    return e;
}

/* A tunnel goes on, and needs nothing of what was before; a request without an answer may still be tried
 * where it was. */
void addresses_tunnel(struct script *s)
{
    struct peer *c = client(s), *e = tunnel(c), *d = client(s), *f = with_request(d, GET0);
    other_addresses(s, NULL);
    want_true(s, lacon_collect(&s->lacon) == 0, "the request keeps the old generation");
    answer(f, d);
    pass_time(s, 10);
    want_true(s, lacon_collect(&s->lacon) == 1, "the tunnel does not");
    pass_time(s, 6000);
    say(c, "up");
    want_text(e, "up");
    say(e, "down");
    want_text(c, "down");
    fin(c);
    want_eventually(e, "FA");
    fin(e);
    want_eventually(c, "FA");
    pass_time(s, 10);
    want_true(s, s->lacon.last_log.generation == 1, "it is logged under the new one");
    want_true(s, s->lacon.last_log.status == 101, "as one that has ended well");
    want_counter(s, "exchanges_open", 0);
}

/* One at an endpoint that is no more has its time. */
void addresses_gone(struct script *s)
{
    struct peer *c = client(s), *e = tunnel(c);
    other_addresses(s, e);
    want_true(s, lacon_collect(&s->lacon) == 0, "the tunnel keeps the old generation");
    say(c, "up");
    want_text(e, "up");
    pass_time(s, 4900);
    forget(c);
    want_silence(c, 50);
    want_eventually(c, "RA");
    want_eventually(e, "RA");
    pass_time(s, 10);
    want_true(s, lacon_collect(&s->lacon) == 1, "the old generation is free");
}

void drain_patience(struct script *s)
{
    s->config->admin.drain_timeout_ns = 5 * SEC;
    struct peer *c = client(s), *e = with_request(c, GET0);
    lacon_drain(&s->lacon);
    pass_time(s, 4900);
    forget(c);
    want_silence(c, 50);
    want_eventually(c, "RA");
    want_eventually(e, "RA");
    pass_time(s, 10);
    want_true(s, lacon_idle(&s->lacon), "lacon may stop");
}

/* Neither for what is in flight, nor for what a head in part begins afterwards. */
void drain_reload(struct script *s)
{
    s->config->admin.drain_timeout_ns = 5 * SEC;
    struct peer *c = client(s), *half = client(s), *e, *e2;
    e = with_request(c, GET0);
    ask(half, "GET / HTTP/1.1\r\nHost: c0");
    pass_time(s, 10);
    lacon_drain(&s->lacon);
    pass_time(s, 3000);
    struct config *next = another(s);
    next->admin.drain_timeout_ns = 3600 * SEC;
    reload(s, next);
    say(half, ".example\r\n\r\n");
    e2 = take_request(s);
    pass_time(s, 2500);
    want_eventually(c, "RA");
    want_eventually(e, "RA");
    want_eventually(half, "RA");
    want_eventually(e2, "RA");
    want_true(s, lacon_idle(&s->lacon), "lacon may stop");
}

void reload_limits(struct script *s)
{
    struct peer *c[12], *more;
    families(s, false, false);
    open_many(s, c, 12);
    pass_time(s, 10);
    struct config *next = another(s);
    next->limits.client_connections = 1; /* of 1024: ten */
    reload(s, next);
    more = client(s);
    flags(more, SEG_SYN, 0, 0);
    want(more, "RA ack=1");
    want_counter(s, "drop_client_share", 1);
    say(c[11], GET0); /* who had more keeps it */
    answer(take_request(s), c[11]);
}

/* Of two names for one endpoint another one counts after a reload, and that has no limit: what is in flight
 * is given back where it was counted. */
void reload_carried_unlimited(struct script *s)
{
    struct config *next = another(s);
    struct cfg_listener *own = next->listener;
    for (uint32_t i = 0; i < s->config->cluster[0].nendpoint; i++)
        s->config->cluster[0].endpoint[i].max_requests = 10;
    struct peer *c = client(s), *e = with_request(c, GET0);
    begin_large(e, c);
    next->listener = s->config->listener; /* of the same file: only endpoints have changed */
    reload(s, next);
    rst(c, c->snd);
    want_eventually(e, "RA");
    want_counter(s, "exchanges_open", 0);
    next->listener = own;
}

/* A whole head waits behind a response that its client does not ack, for its client has all of its share; a
 * larger one lets it go on. */
void reload_share_raised(struct script *s)
{
    struct peer *c, *e, *more[4];
    families(s, false, false);
    one_endpoint(s);
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 1;
    c = client(s);
    e = with_request(c, GET0);
    c->auto_ack = false;
    answer(e, c);
    c->rcv = 1;
    say(c, "GET /next HTTP/1.1\r\nHost: c0.example\r\nX: ");
    say_n(c, 'a', 300);
    open_many(s, more, 4);
    for (unsigned i = 0; i < 4; i++) {
        say(more[i], "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
        say_n(more[i], 'a', 3900);
    }
    pass_time(s, 10);
    want_true(s, counter_of(s, "drop_client_bytes") > 0, "the share is used up");
    forget(e);
    say(c, "\r\n\r\n");
    want_silence(e, 10);
    struct config *next = another(s);
    next->cluster[0].nendpoint = 1;
    next->limits.client_buffers = 50;
    reload(s, next);
    want_text(e, "GET /next HTTP/1.1\r\n");
}
