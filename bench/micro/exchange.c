/* A whole exchange through the engine: the request of a client whose connection is open, that request as it
 * goes to the endpoint, its response, and that as it goes to the client; 100 bytes of body, kept alive on
 * both sides, CLIENTS of them at a time. What a request costs beside a segment: two heads parsed and edited,
 * a route, an endpoint, the exchange's record. Frames are made before the clock runs; neither NIC nor driver
 * is in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/micro/micro.h"
#include "bench/micro/rig.h"

#define CLIENTS 64u
#define BODY    100u
#define ROUNDS  8u /* of all clients, for one sample */
#define WINDOW  64000u
#define FRAMES  (4 * CLIENTS)

static const char request[] = "GET /00000064/0123456789abcdef HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
static const char response_head[] =
    "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: application/octet-stream\r\n"
    "X-Id: 0123456789abcdef\r\nContent-Length: 100\r\n\r\n";

/* One TCP connection as its host sees it: the client's, or the endpoint's. */
struct host {
    uint32_t seq, got; /* next it sends; all below was received */
};

struct exchange {
    struct rig *rig;
    struct host client[CLIENTS], endpoint[65536]; /* by lacon's port */
    uint8_t response[sizeof response_head - 1 + BODY];
    struct frame *in[FRAMES];
    uint32_t nin, responses;
    struct micro_sample part; /* a stretch of the sample under way */
    uint64_t ticks, counter[MICRO_COUNTERS];
};

static void broken(const char *what)
{
    fprintf(stderr, "bench_micro: exchange: %s\n", what);
    exit(1);
}

static void send_as(struct exchange *x, const struct pkt *to, const struct host *h, uint8_t flags,
                    const void *payload, uint32_t n)
{
    struct tcp_seg s = {.src = to->key.local,
                        .dst = to->key.remote,
                        .sport = to->key.local_port,
                        .dport = to->key.remote_port,
                        .seq = h->seq,
                        .ack = h->got,
                        .wnd = WINDOW,
                        .flags = flags,
                        .mss = RIG_MSS,
                        .wscale = 0};
    if (x->nin == FRAMES)
        broken("too many frames");
    x->in[x->nin++] = rig_frame(x->rig, &s, payload, n);
}

/* A client's segments are to the listener; as if one of lacon's had come. */
static struct pkt to_client(uint32_t i)
{
    static const uint8_t lacon[4] = {10, 0, 0, 1}, far[4] = {172, 16, 0, 1};
    return (struct pkt){.key = {.local = ip_from_v4(far),
                                .remote = ip_from_v4(lacon),
                                .local_port = (uint16_t)(2000 + i),
                                .remote_port = 80}};
}

static void ask(struct exchange *x, uint32_t i)
{
    struct pkt p = to_client(i);
    send_as(x, &p, &x->client[i], TCP_ACK | TCP_PSH, request, sizeof request - 1);
    x->client[i].seq += sizeof request - 1;
}

static void client_got(struct exchange *x, const struct pkt *p)
{
    uint32_t i = p->key.local_port - 2000u;
    struct host *h = &x->client[i];
    if (p->flags & TCP_SYN) {
        h->seq++;
        h->got = p->seq + 1;
        ask(x, i);
    } else if (p->payload_len) {
        h->got += p->payload_len;
        x->responses++;
    }
}

static void endpoint_got(struct exchange *x, const struct pkt *p)
{
    struct host *h = &x->endpoint[p->key.remote_port];
    if (p->flags & TCP_SYN) {
        h->got = p->seq + 1;
        send_as(x, p, h, TCP_SYN | TCP_ACK, "", 0);
        h->seq++;
    } else if (p->payload_len) {
        h->got += p->payload_len;
        send_as(x, p, h, TCP_ACK | TCP_PSH, x->response, sizeof x->response);
        h->seq += (uint32_t)sizeof x->response;
    }
}

static void look_at(struct exchange *x, const struct frame *f)
{
    struct pkt p;
    if (wire_parse(f, 0, &p) != R_NONE)
        broken("the engine sent a bad frame");
    if (p.proto == WIRE_ARP) {
        struct frame *a = rig_arp_answer(x->rig, f);
        if (a)
            x->in[x->nin++] = a;
    } else if (p.proto == WIRE_TCP && (p.flags & TCP_RST)) {
        broken("a reset");
    } else if (p.proto == WIRE_TCP && p.key.remote_port == 80) {
        client_got(x, &p);
    } else if (p.proto == WIRE_TCP) {
        endpoint_got(x, &p);
    }
}

/* Gives the engine what is in hand, timed, and lets the hosts answer what it sends. */
static void step(struct exchange *x)
{
    struct frame *out[FRAMES];
    micro_begin(&x->part);
    rig_input(x->rig, x->in, x->nin);
    micro_end(&x->part, 0);
    x->ticks += x->part.ticks;
    for (unsigned i = 0; i < MICRO_COUNTERS; i++)
        x->counter[i] += x->part.counter[i];
    x->nin = 0;
    uint32_t n = rig_take_sent(x->rig, out, FRAMES);
    for (uint32_t i = 0; i < n; i++) {
        look_at(x, out[i]);
        rig_free(x->rig, out[i]);
    }
}

static void all_of(struct exchange *x, uint32_t responses)
{
    for (unsigned i = 0; x->responses < responses; i++) {
        if (i == 1000)
            broken("responses are missing");
        step(x);
        if (x->nin == 0) /* somebody waits for a timer */
            rig_tick(x->rig, 10 * 1000000ull);
    }
    x->responses = 0;
}

/* SYNs of the first n clients. */
static void knock(struct exchange *x, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct pkt p = to_client(i);
        send_as(x, &p, &x->client[i], TCP_SYN, "", 0);
    }
    step(x);
}

static void exchange_run(void *ctx, struct micro_sample *s)
{
    struct exchange *x = ctx;
    x->part.m = s->m;
    x->ticks = 0;
    memset(x->counter, 0, sizeof x->counter);
    for (unsigned r = 0; r < ROUNDS; r++) {
        for (uint32_t i = 0; i < CLIENTS; i++)
            ask(x, i);
        all_of(x, CLIENTS);
        rig_tick(x->rig, 100000);
    }
    s->ticks = x->ticks;
    memcpy(s->counter, x->counter, sizeof s->counter);
    s->units = ROUNDS * CLIENTS;
}

void micro_exchange(struct micro *m)
{
    static struct exchange x;
    x.rig = rig_create_bare(2 * CLIENTS);
    memcpy(x.response, response_head, sizeof response_head - 1);
    memset(x.response + sizeof response_head - 1, 'x', BODY);
    x.part.m = m;
    step(&x); /* it asks for the endpoint's address; for the gateway's when it first needs it, and drops what
                 needed it */
    knock(&x, 1);
    knock(&x, CLIENTS);
    all_of(&x, CLIENTS);
    struct micro_case c = {
        .name = "exchange/keepalive_100", .unit = "exchange", .run = exchange_run, .ctx = &x};
    micro_run(m, &c, 1);
    rig_destroy(x.rig);
}
