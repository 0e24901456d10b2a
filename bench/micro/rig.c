/* See rig.h. */
#include "bench/micro/rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/bytes.h"
#include "agent/base/csum.h"
#include "bench/micro/micro.h"

#define BLOCK        2048u
#define FRAMES       4096u
#define ENDPOINTS    64u
#define ANSWERS      (2 * RIG_WORKERS * ENDPOINTS)
#define CLIENT_PORTS 60000u
#define WINDOW       64000u

static const uint8_t lacon_mac[6] = {2, 0, 0, 0, 0, 1}, far_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t lacon_ip[4] = {10, 0, 0, 1};

/* What one worker's thread touches. */
struct rig_worker {
    struct rig *rig;
    struct engine *engine;
    uint64_t sent;
    uint32_t nfree;
    struct frame *free[FRAMES];
} __attribute__((aligned(64)));

struct rig {
    struct rig_worker worker[RIG_WORKERS];
    unsigned nworkers;
    struct config *config;
    struct rig_splice *splice;
    uint32_t n;
    uint64_t now_ns;
    bool quiet; /* sent frames are counted and not looked at */
    bool keeps; /* sent frames are kept, for rig_take_sent() */
    struct frame *kept[FRAMES];
    uint32_t nkept;
    struct pkt to_client, to_endpoint; /* the last of each, while not quiet */
    struct frame frame[FRAMES];
    uint8_t *blocks;
    struct frame *answer[ANSWERS]; /* ARP replies to be given to the engine */
    uint32_t nanswer;
};

static void broken(const char *what)
{
    fprintf(stderr, "bench_micro: rig: %s\n", what);
    exit(1);
}

/* ---- frames ---- */

static struct frame *op_alloc(void *ctx)
{
    struct rig_worker *w = ctx;
    if (w->nfree == 0)
        return NULL;
    struct frame *f = w->free[--w->nfree];
    f->data = w->rig->blocks + (size_t)(f - w->rig->frame) * BLOCK + FRAME_HEADROOM;
    f->len = 0;
    f->headroom = FRAME_HEADROOM;
    f->tailroom = BLOCK - FRAME_HEADROOM;
    f->port = f->flags = 0;
    return f;
}

static void op_free(void *ctx, struct frame *f)
{
    struct rig_worker *w = ctx;
    w->free[w->nfree++] = f;
}

static struct frame *take(struct rig *r)
{
    struct frame *f = op_alloc(&r->worker[0]);
    if (!f)
        broken("out of frames");
    return f;
}

/* Everybody's MAC address is the far station's. NULL: f asks nothing (an announcement). */
struct frame *rig_arp_answer(struct rig *r, const struct frame *f)
{
    const uint8_t *q = f->data + 14;
    if (get_be16(q + 6) != 1 || memcmp(q + 14, q + 24, 4) == 0)
        return NULL;
    struct frame *a = take(r);
    uint8_t *p = frame_put(a, 42);
    memcpy(p, lacon_mac, 6);
    memcpy(p + 6, far_mac, 6);
    put_be16(p + 12, 0x0806);
    memcpy(p + 14, q, 6);
    put_be16(p + 20, 2);
    memcpy(p + 22, far_mac, 6);
    memcpy(p + 28, q + 24, 4);
    memcpy(p + 32, q + 8, 10);
    return a;
}

static void answer_later(struct rig *r, struct frame *a)
{
    if (a && r->nanswer < ANSWERS)
        r->answer[r->nanswer++] = a;
    else if (a)
        op_free(&r->worker[0], a);
}

static void look_at(struct rig *r, const struct frame *f)
{
    struct pkt p;
    if (wire_parse(f, 0, &p) != R_NONE)
        broken("the engine sent a bad frame");
    if (p.proto == WIRE_ARP)
        answer_later(r, rig_arp_answer(r, f));
    else if (p.proto == WIRE_TCP && p.key.remote_port == 80)
        r->to_client = p;
    else if (p.proto == WIRE_TCP)
        r->to_endpoint = p;
}

static void op_send(void *ctx, struct frame *f)
{
    struct rig_worker *w = ctx;
    w->sent++;
    if (w->rig->keeps) {
        w->rig->kept[w->rig->nkept++] = f;
        return;
    }
    if (!w->rig->quiet)
        look_at(w->rig, f);
    op_free(w, f);
}

/* A frame of the far station with f's payload. */
static struct frame *wrap(struct frame *f, const struct tcp_seg *s)
{
    struct wire_link l = {0};
    memcpy(l.dmac, lacon_mac, 6);
    memcpy(l.smac, far_mac, 6);
    wire_push_tcp(f, &l, s, csum_bytes(f->data, f->len));
    return f;
}

uint64_t rig_input(struct rig *r, struct frame *const f[], uint32_t n)
{
    struct rig_worker *w = &r->worker[0];
    uint64_t before = w->sent;
    for (uint32_t i = 0; i < n; i += ENGINE_BURST) {
        r->now_ns += 1000;
        engine_input(w->engine, f + i, n - i < ENGINE_BURST ? n - i : ENGINE_BURST, r->now_ns);
    }
    return w->sent - before;
}

uint32_t rig_take_sent(struct rig *r, struct frame **f, uint32_t max)
{
    uint32_t n = r->nkept;
    if (n > max)
        broken("more frames were sent than are expected");
    memcpy(f, r->kept, n * sizeof *f);
    r->nkept = 0;
    return n;
}

void rig_free(struct rig *r, struct frame *f)
{
    op_free(&r->worker[0], f);
}

struct frame *rig_frame(struct rig *r, const struct tcp_seg *s, const void *payload, uint32_t n)
{
    struct frame *f = take(r);
    memcpy(frame_put(f, n), payload, n);
    return wrap(f, s);
}

/* To the worker that owns it; what is for all goes to all. */
static void give_one(struct rig *r, struct frame *f)
{
    unsigned owner = engine_owner(r->worker[0].engine, f);
    r->now_ns += 1000;
    for (unsigned w = 1; owner == ENGINE_ALL && w < r->nworkers; w++) {
        struct frame *copy = take(r);
        memcpy(frame_put(copy, f->len), f->data, f->len);
        engine_input(r->worker[w].engine, &copy, 1, r->now_ns);
    }
    engine_input(r->worker[owner == ENGINE_ALL ? 0 : owner].engine, &f, 1, r->now_ns);
    rig_reclaim(r);
}

static void tick(struct rig *r)
{
    for (unsigned w = 0; w < r->nworkers; w++)
        engine_tick(r->worker[w].engine, r->now_ns);
}

static void give(struct rig *r, struct frame *f)
{
    give_one(r, f);
    if (r->nanswer == 0)
        return;
    while (r->nanswer)
        give_one(r, r->answer[--r->nanswer]);
    r->now_ns += 10 * 1000000ull; /* what waited for the address looks again */
    tick(r);
}

/* ---- splices ---- */

static struct tcp_seg from_client(const struct rig_splice *s, uint8_t flags)
{
    return (struct tcp_seg){.src = s->client,
                            .dst = ip_from_v4(lacon_ip),
                            .sport = s->client_port,
                            .dport = 80,
                            .seq = s->client_seq,
                            .ack = s->client_got,
                            .wnd = WINDOW,
                            .flags = flags,
                            .mss = RIG_MSS,
                            .wscale = 0};
}

static struct tcp_seg from_endpoint(const struct rig_splice *s, uint8_t flags)
{
    return (struct tcp_seg){.src = s->endpoint,
                            .dst = ip_from_v4(lacon_ip),
                            .sport = 8080,
                            .dport = s->local_port,
                            .seq = s->endpoint_seq,
                            .ack = s->endpoint_got,
                            .wnd = WINDOW,
                            .flags = flags,
                            .mss = RIG_MSS,
                            .wscale = 0};
}

static void client_opens(struct rig *r, struct rig_splice *s)
{
    static const char get[] =
        "GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: bench\r\n\r\n";
    struct tcp_seg g = from_client(s, TCP_SYN);
    for (unsigned i = 0; i < 2 && !(r->to_client.flags & TCP_SYN); i++)
        give(r, wrap(take(r), &g)); /* the very first finds the gateway's address unknown */
    s->client_seq++;
    s->client_got = r->to_client.seq + 1;
    g = from_client(s, TCP_ACK | TCP_PSH);
    struct frame *f = take(r);
    memcpy(frame_put(f, sizeof get - 1), get, sizeof get - 1);
    give(r, wrap(f, &g));
    s->client_seq += sizeof get - 1;
}

static void endpoint_answers(struct rig *r, struct rig_splice *s)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n";
    struct pkt syn = r->to_endpoint;
    if (!(syn.flags & TCP_SYN))
        broken("no SYN to an endpoint");
    s->endpoint = syn.key.local;
    s->local_port = syn.key.remote_port;
    s->endpoint_got = syn.seq + 1;
    struct tcp_seg g = from_endpoint(s, TCP_SYN | TCP_ACK);
    give(r, wrap(take(r), &g));
    s->endpoint_seq++;
    s->endpoint_got = r->to_endpoint.seq + r->to_endpoint.payload_len;
    g = from_endpoint(s, TCP_ACK | TCP_PSH);
    struct frame *f = take(r);
    memcpy(frame_put(f, sizeof head - 1), head, sizeof head - 1);
    give(r, wrap(f, &g));
    s->endpoint_seq += sizeof head - 1;
    s->client_got = r->to_client.seq + r->to_client.payload_len;
    f = rig_ack(r, s);
    give(r, f);
}

static void open_splice(struct rig *r, uint32_t i)
{
    struct rig_splice *s = &r->splice[i];
    uint32_t host = i / CLIENT_PORTS;
    const uint8_t ip[4] = {172, 16, (uint8_t)(host >> 8), (uint8_t)(1 + (host & 0x7f))};
    s->client = ip_from_v4(ip);
    s->client_port = (uint16_t)(2000 + i % CLIENT_PORTS);
    s->client_seq = i * 7919u;
    s->endpoint_seq = i * 104729u;
    memset(&r->to_client, 0, sizeof r->to_client);
    memset(&r->to_endpoint, 0, sizeof r->to_endpoint);
    client_opens(r, s);
    endpoint_answers(r, s);
    if (i % 1024 == 0)
        tick(r);
}

struct rig_splice *rig_splice_at(struct rig *r, uint32_t i)
{
    return &r->splice[i];
}

struct frame *rig_data(struct rig *r, struct rig_splice *s, uint32_t n, bool trusted)
{
    struct frame *f = take(r);
    memset(frame_put(f, n), 0x55, n);
    struct tcp_seg g = from_endpoint(s, TCP_ACK);
    wrap(f, &g);
    f->flags = trusted ? FRAME_L4_CSUM_OK : 0;
    s->endpoint_seq += n;
    s->client_got += n;
    return f;
}

struct frame *rig_ack(struct rig *r, struct rig_splice *s)
{
    struct tcp_seg g = from_client(s, TCP_ACK);
    return wrap(take(r), &g);
}

/* ---- life ---- */

static struct config *configure(uint32_t nsplices, unsigned nworkers, unsigned nendpoints)
{
    static char text[ENDPOINTS * 40 + 1000];
    uint32_t conns = 3 * nsplices < 64 ? 64 : 3 * nsplices; /* a third to spare: nothing is shed */
    int n = snprintf(text, sizeof text,
                     "dpdk: {connections: %u, buffers: 64MiB, local_ports: 10000-65000, workers: %u}\n"
                     "limits: {client_connections: 0%%, client_buffers: 0%%}\n"
                     "interfaces:\n"
                     "  - {name: if0, vdev: net_null0, addresses: [10.0.0.1/8], gateway: 10.0.0.2}\n"
                     "listeners:\n"
                     "  - {name: web, address: \"10.0.0.1:80\", stall_timeout: 24h}\n"
                     "routes: [{name: all, rules: [{cluster: web}]}]\n"
                     "clusters:\n"
                     "  - name: web\n"
                     "    endpoints:\n",
                     conns, nworkers);
    for (unsigned i = 0; i < nendpoints; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "      - {address: \"10.1.0.%u:8080\"}\n", i + 1);
    struct cfg_errors errs;
    struct config *c = config_parse("rig", text, (size_t)n, &errs);
    if (!c)
        cfg_errors_print(&errs, stderr);
    cfg_errors_free(&errs);
    if (!c)
        broken("configuration");
    return c;
}

#define SPARE 64u /* frames that the second worker keeps for what it sends of its own */

void rig_reclaim(struct rig *r)
{
    for (unsigned w = 1; w < r->nworkers; w++) {
        struct rig_worker *from = &r->worker[w], *to = &r->worker[0];
        while (from->nfree > SPARE)
            to->free[to->nfree++] = from->free[--from->nfree];
        while (from->nfree < SPARE)
            from->free[from->nfree++] = to->free[--to->nfree];
    }
}

struct engine *rig_engine(struct rig *r, unsigned worker)
{
    return r->worker[worker].engine;
}

void *rig_ops_ctx(struct rig *r, unsigned worker)
{
    return &r->worker[worker];
}

uint64_t rig_sent(const struct rig *r, unsigned worker)
{
    return r->worker[worker].sent;
}

static void make_engines(struct rig *r, const struct steer *steer,
                         void (*give_away)(void *ctx, unsigned owner, struct frame *f))
{
    struct engine_port port = {.mtu = 1500, .up = true, .steer = steer};
    memcpy(port.mac, lacon_mac, 6);
    struct engine_params p = {.config = r->config,
                              .port = &port,
                              .nworkers = r->nworkers,
                              .secret = {1, 2, 3},
                              .give = give_away,
                              .now_ns = r->now_ns};
    for (p.worker = 0; p.worker < r->nworkers; p.worker++) {
        struct rig_worker *w = &r->worker[p.worker];
        w->rig = r;
        p.ops = (struct frame_ops){op_alloc, op_send, op_free, w};
        w->engine = engine_create(&p);
        if (!w->engine)
            broken("engine_create");
    }
}

/* With room for nsplices; none is open. */
static struct rig *create_bare(uint32_t nsplices, unsigned nworkers, unsigned nendpoints, bool keeps,
                               const struct steer *steer,
                               void (*give_away)(void *ctx, unsigned owner, struct frame *f))
{
    struct rig *r = micro_alloc(sizeof *r);
    r->n = nsplices;
    r->nworkers = nworkers;
    r->keeps = keeps;
    r->now_ns = 1000000000;
    r->splice = micro_alloc(nsplices * sizeof *r->splice);
    r->blocks = micro_map((size_t)FRAMES * BLOCK);
    for (uint32_t i = 0; i < FRAMES; i++)
        r->worker[0].free[r->worker[0].nfree++] = &r->frame[i];
    rig_reclaim(r);
    r->config = configure(nsplices, nworkers, nendpoints);
    make_engines(r, steer, give_away);
    return r;
}

static struct rig *create(uint32_t nsplices, unsigned nworkers, const struct steer *steer,
                          void (*give_away)(void *ctx, unsigned owner, struct frame *f))
{
    struct rig *r = create_bare(nsplices, nworkers, ENDPOINTS, false, steer, give_away);
    for (uint32_t i = 0; i < nsplices; i++)
        open_splice(r, i);
    uint64_t clients = 0, endpoints = 0;
    for (unsigned w = 0; w < nworkers; w++) {
        clients += engine_counters(r->worker[w].engine)->clients_open;
        endpoints += engine_counters(r->worker[w].engine)->endpoints_open;
    }
    if (clients != nsplices || endpoints != nsplices)
        broken("not all splices came up");
    r->quiet = true;
    return r;
}

struct rig *rig_create(uint32_t nsplices)
{
    return create(nsplices, 1, NULL, NULL);
}

struct rig *rig_create_two(uint32_t nsplices, const struct steer *steer,
                           void (*give_away)(void *ctx, unsigned owner, struct frame *f))
{
    return create(nsplices, RIG_WORKERS, steer, give_away);
}

struct rig *rig_create_bare(uint32_t nsplices)
{
    return create_bare(nsplices, 1, 1, true, NULL, NULL);
}

void rig_tick(struct rig *r, uint64_t ns)
{
    r->now_ns += ns;
    tick(r);
}

void rig_destroy(struct rig *r)
{
    for (unsigned w = 0; w < r->nworkers; w++)
        engine_destroy(r->worker[w].engine);
    config_free(r->config);
    micro_unmap(r->blocks, (size_t)FRAMES * BLOCK);
    free(r->splice);
    free(r);
}
