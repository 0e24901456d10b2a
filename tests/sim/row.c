/* The stage of packet scripts: hosts, lacon, peers and what they receive; running one. */
#include "tests/sim/row_internal.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/invariants.h"
#include "tests/sim/pcapng.h"

#define REST (7200 * SEC) /* longer than any time that a row gives to somebody */

static void inbox_put(struct sim *s, struct inbox *in, const struct seg *g)
{
    struct seen *m = xalloc(sizeof *m);
    m->s = *g;
    m->at = s->now;
    memcpy(m->packet, g->l3, g->l3_len);
    m->s.l3 = m->packet;
    m->s.l4 = m->packet + (g->l4 - g->l3);
    m->s.data = g->kind == SEG_TCP ? m->packet + (g->data - g->l3) : NULL;
    if (in->n == ROW_INBOX) {
        sim_fail(s, "a peer got more segments than a row can hold");
        free(m);
        return;
    }
    in->m[in->n++] = m;
}

struct seen *inbox_take(struct inbox *in)
{
    if (!in->n)
        return NULL;
    struct seen *m = in->m[0];
    memmove(in->m, in->m + 1, --in->n * sizeof *in->m);
    return m;
}

void inbox_clear(struct inbox *in)
{
    for (struct seen *m; (m = inbox_take(in));)
        free(m);
}

static void raw_input(void *arg, const struct seg *g)
{
    struct script *s = arg;
    if (s->silent)
        return;
    if (g->kind != SEG_TCP) {
        inbox_put(&s->sim, &s->errors, g);
        return;
    }
    for (unsigned i = s->npeer; i-- > 0;) { /* the newest first: a four-tuple may come again */
        struct peer *p = &s->peer[i];
        bool same = p->lport == g->dport && p->rport == g->sport && ip_eq(&p->local, &g->dst);
        if (same && (g->flags != SEG_SYN || g->seq == p->irs)) {
            inbox_put(&s->sim, &p->in, g);
            return;
        }
    }
    inbox_put(&s->sim, &s->unclaimed, g);
}

static void add_host(struct script *s, struct host *h, const char *name, unsigned side, unsigned number)
{
    uint8_t mac[6] = {2, 0, 0, (uint8_t)side, (uint8_t)(number >> 8), (uint8_t)number};
    struct link_cfg link = {.delay_ns = 100 * US};
    host_init(h, name, &s->lan[side], mac, &link);
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct ip_addr a = topo_addr(v6, side, number);
        host_add_addr(h, &a);
    }
    h->raw = true;
    h->raw_input = raw_input;
    h->raw_arg = s;
}

static void build(struct script *s, uint64_t seed)
{
    static const char *const name[ROW_ENDPOINTS] = {"c0e0", "c0e1", "c1e0", "c1e1"};
    sim_init(&s->sim, seed);
    lan_init(&s->lan[0], &s->sim);
    lan_init(&s->lan[1], &s->sim);
    s->config = topo_config(false, seed % 4 == 2 || seed % 4 == 3, 1);
    s->client_v6 = seed % 4 == 2 || seed % 4 == 0;
    s->config->listener[0].min_request_rate = s->config->listener[0].min_response_rate = 0;
    s->config->limits = (struct cfg_limits){0};
    s->next_port = 40000;
    add_host(s, &s->client_host, "client", 0, 100);
    for (unsigned i = 0; i < ROW_ENDPOINTS; i++)
        add_host(s, &s->endpoint_host[i], name[i], 1,
                 topo_endpoint_number(i / TOPO_ENDPOINTS, i % TOPO_ENDPOINTS));
}

void start(struct script *s)
{
    struct lan *lan[LACON_PORTS] = {&s->lan[0], &s->lan[1]};
    if (!s->lacon.sim)
        lacon_start(&s->lacon, &s->sim, s->config, lan, NULL, false);
    s->lacon.poll_ns = 0;
}

static void strike(struct script *s)
{
    for (unsigned i = 0; i < s->npeer; i++) {
        inbox_clear(&s->peer[i].in);
        free(s->peer[i].last);
    }
    inbox_clear(&s->unclaimed);
    inbox_clear(&s->errors);
    host_fini(&s->client_host);
    if (s->model.sim)
        host_fini(&s->model);
    for (unsigned i = 0; i < ROW_ENDPOINTS; i++)
        host_fini(&s->endpoint_host[i]);
    if (s->lacon.sim)
        lacon_stop(&s->lacon);
    topo_config_free(s->config);
    topo_config_free(s->next_config);
    sim_fini(&s->sim);
}

struct peer *add_peer(struct script *s, struct host *h, const struct ip_addr *local)
{
    if (s->npeer == ROW_PEERS) {
        sim_fail(&s->sim, "too many peers in a row");
        s->npeer--;
    }
    struct peer *p = &s->peer[s->npeer++];
    *p = (struct peer){.sc = s,
                       .host = h,
                       .local = *local,
                       .wnd = 65535,
                       .auto_ack = true,
                       .mss = ip_is_v4(local) ? 1460 : 1440,
                       .wscale = -1,
                       .sack = true,
                       .iss = rng_u32(&s->sim.rng)};
    return p;
}

void pass_ns(struct script *s, uint64_t ns)
{
    uint64_t until = s->sim.now + ns;
    while (sim_step(&s->sim, until))
        ;
    if (!s->sim.failed)
        s->sim.now = until;
}

void pass_time(struct script *s, unsigned ms)
{
    pass_ns(s, ms * MS);
}

/* What a row leaves open comes to an end by itself when nobody says anything more, and nothing of it is left.
 */
static void come_to_rest(struct script *s)
{
    struct lacon *l = &s->lacon;
    if (!l->sim || l->down || s->sim.failed)
        return;
    for (unsigned i = 0; i < l->config->ncluster; i++)
        l->config->cluster[i].check.interval_ns = 10 * REST;
    s->silent = true;
    pass_ns(s, REST);
    for (unsigned i = 0; i < l->nworkers && !s->sim.failed; i++)
        invariants_rest(&l->worker[i]);
}

void run_row(const struct row *r, uint64_t seed, bool verbose, struct pcapng *trace, struct run_result *out)
{
    struct script *s = xalloc(sizeof *s);
    build(s, seed);
    lacon_eager(true);
    s->sim.trace = trace;
    s->sim.verbose = verbose;
    r->fn(s);
    come_to_rest(s);
    if (verbose && s->lacon.sim && s->lacon.worker[0].engine)
        lacon_print_counters(&s->lacon);
    strike(s);
    *out = (struct run_result){.ok = !s->sim.failed, .failed_at = s->sim.failed_at, .stats = s->sim.stats};
    memcpy(out->why, s->sim.why, sizeof out->why);
    free(s);
}
