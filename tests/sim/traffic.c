/* Draws connections and exchanges from a scenario's mix. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/measure.h"
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
    p->resp_len = measure_on() ? measure_draw(r) : m->least_body + draw_size(r, m->max_body);
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

static void draw_garbage(struct rng *r, struct plan *p)
{
    unsigned kinds = GARBAGE_KINDS;
    if (p->resp_kind == BODY_NONE || !plan_resp_body(p) || !p->resp_len || !p->minor)
        kinds = GARBAGE_HEADS + 1;
    p->garbage = (enum garbage)rng_range(r, 1, kinds - 1);
    if (p->garbage <= GARBAGE_HEADS)
        p->own_status = 502;
    else
        p->may_fail = p->must_fail = true;
}

static void draw_endpoint_fault(const struct mix *m, struct rng *r, struct plan *p)
{
    if (rng_permille(r, m->stall)) {
        p->stall_at = rng_permille(r, 300) ? 0 : (uint32_t)rng_below(r, p->resp_len + 200);
        p->may_fail = p->must_fail = true;
        p->fail_status = 504;
    } else if (rng_permille(r, m->garbage)) {
        draw_garbage(r, p);
    } else if (p->resp_kind != BODY_CLOSE && rng_permille(r, m->surplus)) {
        p->surplus = (uint32_t)rng_below(r, 1u << rng_range(r, 0, 14)) + 1;
    }
}

static void draw_client_fault(const struct mix *m, struct rng *r, struct plan *p)
{
    if (rng_permille(r, m->client_reset))
        p->quit = QUIT_RESET;
    else if (rng_permille(r, m->client_vanish))
        p->quit = QUIT_VANISH;
    else if (rng_permille(r, m->never_reads))
        p->quit = QUIT_DEAF;
    p->quit_upload = p->quit == QUIT_DEAF ? false : rng_permille(r, 300);
    p->quit_at = p->quit_upload ? rng_u32(r) : (uint32_t)rng_below(r, p->resp_len + 1);
    p->other_content = rng_permille(r, m->other_content);
    p->may_fail |= p->quit || p->other_content;
}

static void draw_faults(const struct mix *m, struct rng *r, struct plan *p, bool lossy)
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
    if (!p->early && p->reset_at == UINT32_MAX)
        draw_endpoint_fault(m, r, p);
    if (!p->early && !p->must_fail && !p->own_status)
        draw_client_fault(m, r, p);
    /* What was sent twice may have been carried out by the endpoint that closed. */
    if ((m->idle_close || m->cross_close) && lossy && !p->idempotent) {
        p->may_fail = true;
        p->fail_status = 0;
    }
}

static bool link_lossy(const struct link_cfg *l)
{
    return l->loss || l->corrupt || l->rate_bps || l->duplicate || l->reorder;
}

static struct plan *draw_plan(struct world *w)
{
    const struct mix *m = w->sc->mix;
    struct rng *r = &w->sim.rng;
    struct plan *p = book_new(&w->book);
    draw_request(m, r, p);
    draw_target(m, r, p);
    draw_response(m, r, p);
    draw_faults(m, r, p, link_lossy(&w->sc->client_link) || link_lossy(&w->sc->endpoint_link));
    p->may_fail |= w->sc->scarce || world_fault(w, FAULT_DRAIN) || (world_cluster_dead(w, p->cluster));
    if (world_direct(w)) /* the server's habits end the one connection there is */
        p->close |= p->resp_kind == BODY_CLOSE;
    return p;
}

static void draw_client(struct world *w, struct host *h, unsigned which)
{
    const struct mix *m = w->sc->mix;
    struct rng *r = &w->sim.rng;
    unsigned cluster = (unsigned)rng_below(r, TOPO_CLUSTERS), e = (unsigned)rng_below(r, w->nendpoint);
    struct client_cfg cfg = {.direct = world_direct(w),
                             .may_close = world_fault(w, FAULT_DRAIN) != NULL,
                             .excuses = faults_excuse,
                             .arg = w,
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
    for (unsigned h = 0; h < w->nclient_host; h++)
        for (unsigned i = 0; i < w->nconn; i++)
            draw_client(w, &w->client_host[h], i);
}
