/* Draws connections and exchanges from a scenario's mix. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/world.h"

/* Heavy-tailed: every power of two is as likely as the next. */
static uint32_t draw_size(struct rng *r, uint32_t max)
{
    if (max == 0)
        max = 200000;
    uint32_t n = (uint32_t)rng_below(r, 1u << rng_range(r, 0, 20));
    return n > max ? (uint32_t)rng_below(r, max) : n;
}

static void draw_request(const struct mix *m, struct rng *r, struct plan *p)
{
    bool post = rng_permille(r, m->post);
    p->method = post ? (rng_permille(r, 500) ? "POST" : "PUT") : "GET";
    p->idempotent = p->method[1] != 'O';
    if (!post && rng_permille(r, m->head_method)) {
        p->method = "HEAD";
        p->head = true;
    }
    p->minor = rng_permille(r, m->http10) ? 0 : 1;
    p->keep10 = p->minor == 0 && rng_permille(r, 500);
    p->close = p->minor == 1 && rng_permille(r, m->client_close);
    if (post) {
        p->req_kind = p->minor && rng_permille(r, m->chunked_req) ? BODY_CHUNKED : BODY_LENGTH;
        p->req_len = draw_size(r, m->max_body);
        p->expect = p->minor && p->req_len && rng_permille(r, m->expect);
    }
    p->hop = p->minor && rng_permille(r, m->hop);
    p->xff = rng_permille(r, m->hop);
    p->blob = rng_permille(r, m->long_head) ? (uint32_t)rng_range(r, 1, 20000) : 0;
}

static void draw_target(const struct mix *m, struct rng *r, struct plan *p)
{
    static const char *const tail[] = {"", "?q=1", "?x=%20&/y", "?"};
    const char *query = tail[rng_below(r, 4)];
    p->cluster = (unsigned)rng_below(r, TOPO_CLUSTERS);
    if (rng_permille(r, 300)) {
        snprintf(p->host, sizeof p->host, "mix.example");
        snprintf(p->target, sizeof p->target, "/c%u/%u%s", p->cluster, p->id, query);
    } else {
        snprintf(p->host, sizeof p->host, rng_permille(r, 200) ? "C%u.Example" : "c%u.example", p->cluster);
        snprintf(p->target, sizeof p->target, "/x/%u%s", p->id, query);
    }
    if (rng_permille(r, m->unknown_host)) {
        snprintf(p->host, sizeof p->host, "nowhere.example");
        p->own_status = 404;
    }
}

static void draw_response(const struct mix *m, struct rng *r, struct plan *p)
{
    p->status = 200;
    p->resp_len = draw_size(r, m->max_body);
    p->resp_kind = p->minor && rng_permille(r, m->chunked_resp) ? BODY_CHUNKED : BODY_LENGTH;
    if (rng_permille(r, m->no_body)) {
        p->status = rng_permille(r, 500) ? 204 : 304;
        p->resp_kind = p->status == 304 && rng_permille(r, 500) ? BODY_LENGTH : BODY_NONE;
    } else if (rng_permille(r, m->close_resp)) {
        p->resp_kind = BODY_CLOSE;
        p->keep10 = false;
    }
    p->hints = p->minor && rng_permille(r, m->hints);
    p->endpoint_close = rng_permille(r, m->endpoint_close);
    p->endpoint_keepalive = rng_permille(r, 200);
    p->think_ns = rng_below(r, m->think_ns + 1);
}

static void draw_faults(const struct mix *m, struct rng *r, struct plan *p)
{
    if (p->req_len > 1000 && rng_permille(r, m->early)) {
        p->early = true;
        p->early_at = p->expect ? 0 : (uint32_t)rng_below(r, p->req_len);
        p->status = 413;
        p->resp_len = (uint32_t)rng_below(r, 5000);
    }
    if (rng_permille(r, m->endpoint_reset)) {
        p->reset_at = (uint32_t)rng_below(r, p->resp_len + 200);
        p->may_fail = true;
    }
    if (p->resp_len && rng_permille(r, m->client_reset)) {
        p->client_reset_at = (uint32_t)rng_below(r, p->resp_len);
        p->may_fail = true;
    }
    if (m->idle_close && !p->idempotent)
        p->may_fail = true;
}

static struct plan *draw_plan(struct world *w)
{
    const struct mix *m = w->sc->mix;
    struct rng *r = &w->sim.rng;
    struct plan *p = book_new(&w->book);
    draw_request(m, r, p);
    draw_target(m, r, p);
    draw_response(m, r, p);
    draw_faults(m, r, p);
    p->may_fail |= w->sc->fault == FAULT_DRAIN || (w->sc->fault == FAULT_ALL_REFUSE && p->cluster == 1);
    if (world_direct(w)) /* the server's habits end the one connection there is */
        p->close |= p->resp_kind == BODY_CLOSE;
    return p;
}

static void draw_client(struct world *w, struct host *h, unsigned which)
{
    const struct mix *m = w->sc->mix;
    struct rng *r = &w->sim.rng;
    unsigned cluster = (unsigned)rng_below(r, TOPO_CLUSTERS), e = (unsigned)rng_below(r, TOPO_ENDPOINTS);
    struct client_cfg cfg = {.direct = world_direct(w),
                             .may_close = w->sc->fault == FAULT_DRAIN,
                             .to = topo_addr(w->sc->client_v6, 0, 1),
                             .port = TOPO_PORT,
                             .depth = rng_permille(r, m->pipelined) ? (unsigned)rng_range(r, 2, 8) : 1,
                             .cut = m->cut,
                             .read_rate = rng_permille(r, m->slow_reader) ? rng_range(r, 20000, 2000000) : 0,
                             .think_ns = m->think_ns,
                             .start_ns = rng_below(r, which < 2 ? 100 * MS : 5 * SEC),
                             .linger_ns = rng_permille(r, 500) ? 0 : 2 * SEC,
                             .half_close = rng_permille(r, m->half_close)};
    if (cfg.direct) {
        cfg.to = topo_endpoint(w->sc->endpoint_v6, cluster, e);
        cfg.port = TOPO_EP_PORT;
    }
    struct client *c = &w->client[w->nclient++];
    client_init(c, h, &cfg);
    unsigned n = (unsigned)rng_range(r, 1, m->requests ? m->requests : 6);
    while (c->n < n) {
        struct plan *p = draw_plan(w);
        if (cfg.direct)
            p->cluster = cluster;
        client_add(c, p);
        if (plan_ends_conn(p))
            break;
    }
}

void traffic_build(struct world *w)
{
    unsigned conns = w->sc->mix->conns ? w->sc->mix->conns : 6;
    for (unsigned h = 0; h < WORLD_CLIENT_HOSTS; h++)
        for (unsigned i = 0; i < conns && i < WORLD_CONNS; i++)
            draw_client(w, &w->client_host[h], i);
}
