/* The sum of the bounds against what is really used: an engine is driven to its limits, table and kept bytes
 * full, and the process has not grown by more than the engine said it might. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/csum.h"
#include "agent/base/memory.h"
#include "agent/wire/wire.h"
#include "agent/worker/engine.h"

#define ROOM  2048u
#define CONNS 20000u

static const char file[] =
    "dpdk: {connections: 20000, buffers: 32MiB, syn_ring: 8192}\n"
    "interfaces: [{name: i, device: eth0, addresses: [10.0.0.1/8]}]\n"
    "listeners: [{name: l, address: \"10.0.0.1:80\", head_timeout: 1h, idle_timeout: 1h}]\n"
    "routes: [{name: r, rules: [{cluster: c}]}]\n"
    "clusters: [{name: c, endpoints: [{address: \"10.0.0.9:80\"}]}]\n";

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1}, their_mac[6] = {2, 0, 0, 0, 0, 2};

/* ---- frames: a small stack of buffers, so that they do not count ---- */

struct box {
    struct frame f;
    uint8_t bytes[FRAME_HEADROOM + ROOM];
};

static struct box boxes[64];
static unsigned nfree;
static struct frame *spare[64];
static uint32_t seen_seq; /* of the last SYN-ACK */

static struct frame *box_alloc(void *ctx)
{
    (void)ctx;
    if (!nfree)
        return NULL;
    struct frame *f = spare[--nfree];
    struct box *b = f->owner;
    *f = (struct frame){
        .data = b->bytes + FRAME_HEADROOM, .headroom = FRAME_HEADROOM, .tailroom = ROOM, .owner = b};
    return f;
}

static void box_free(void *ctx, struct frame *f)
{
    (void)ctx;
    spare[nfree++] = f;
}

static void box_send(void *ctx, struct frame *f)
{
    struct pkt p;
    if (wire_parse(f, 0, &p) == R_NONE && p.proto == WIRE_TCP && (p.flags & TCP_SYN))
        seen_seq = p.seq;
    box_free(ctx, f);
}

static const struct frame_ops ops = {box_alloc, box_send, box_free, NULL};

/* ---- the process ---- */

static uint64_t resident(void)
{
    unsigned long long size, pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    cr_assert(f && fscanf(f, "%llu %llu", &size, &pages) == 2);
    fclose(f);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* ---- clients ---- */

static struct ip_addr addr(uint32_t n)
{
    const uint8_t b[4] = {10, (uint8_t)(1 + (n >> 16)), (uint8_t)(n >> 8), (uint8_t)n};
    return ip_from_v4(b);
}

static void give(struct engine *e, uint32_t client, uint8_t flags, uint32_t seq, uint32_t ack,
                 const char *text)
{
    const uint8_t us[4] = {10, 0, 0, 1};
    struct wire_link l = {0};
    struct tcp_seg g = {.src = addr(client),
                        .dst = ip_from_v4(us),
                        .sport = 5000,
                        .dport = 80,
                        .seq = seq,
                        .ack = ack,
                        .wnd = 65535,
                        .flags = flags,
                        .mss = flags & TCP_SYN ? 1440 : 0,
                        .wscale = -1};
    struct frame *f = box_alloc(NULL);
    cr_assert(f, "frames leak");
    memcpy(l.dmac, our_mac, 6);
    memcpy(l.smac, their_mac, 6);
    if (text)
        memcpy(frame_put(f, (uint32_t)strlen(text)), text, strlen(text));
    uint16_t sum = text ? csum_bytes((const uint8_t *)text, (uint32_t)strlen(text)) : 0;
    wire_push_tcp(f, &l, &g, sum);
    engine_input(e, &f, 1, 1000000000);
}

static uint32_t ours[CONNS]; /* our sequence numbers to each client */

/* Bytes [from, to) of a long head. */
static void send_head(struct engine *e, uint32_t client, uint32_t from, uint32_t to)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    char text[1400];
    memset(text, 'x', sizeof text);
    memcpy(text, head, sizeof head - 1);
    text[to] = 0;
    give(e, client, TCP_ACK, 100 + from, ours[client] + 1, text + from);
}

static void slow_client(struct engine *e, uint32_t client)
{
    give(e, client, TCP_SYN, 99, 0, NULL);
    ours[client] = seen_seq;
    send_head(e, client, 0, 200);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHADOWED true /* a sanitizer's own memory cannot be told from ours */
#elif defined(__has_feature)
#define SHADOWED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SHADOWED false
#endif

Test(memory, the_sum_is_not_less_than_what_a_full_engine_uses)
{
    if (SHADOWED)
        cr_skip_test("not under a sanitizer");
    struct cfg_errors errs;
    struct config *config = config_parse("f", file, sizeof file - 1, &errs);
    cr_assert(config, "the configuration is refused");
    struct engine_port port = {.mtu = 1500, .up = true};
    memcpy(port.mac, our_mac, 6);
    for (unsigned i = 0; i < 64; i++) {
        boxes[i].f.owner = &boxes[i];
        spare[nfree++] = &boxes[i].f;
        memset(boxes[i].bytes, 0, sizeof boxes[i].bytes);
    }
    struct engine_params p = {.config = config,
                              .port = &port,
                              .nworkers = 1,
                              .secret = "a secret of thirty-two bytes ..",
                              .ops = ops,
                              .now_ns = 1000000000};
    struct memory_list l = {0};
    uint64_t total, before = resident();
    struct engine *e = engine_create(&p);
    cr_assert(e);
    engine_memory(e, &l);
    for (uint32_t i = 0; i < CONNS; i++)
        slow_client(e, i);
    cr_expect_geq(engine_counters(e)->clients_open, CONNS / 5 * 4,
                  "the table is full as far as clients may fill it");
    for (uint32_t i = 0; i < CONNS; i++)
        send_head(e, i, 200, 1300);
    uint64_t used = resident() - before, kept = engine_kept_bytes(e, &total);
    cr_expect_gt(kept, total / 5 * 4, "the kept bytes are nearly full: %llu of %llu",
                 (unsigned long long)kept, (unsigned long long)total);
    cr_expect_leq(used, memory_total(&l), "%llu bytes are used, %llu were announced",
                  (unsigned long long)used, (unsigned long long)memory_total(&l));
    cr_expect_gt(used, kept, "what is kept is resident");
    engine_destroy(e);
    config_free(config);
    cr_expect_eq(nfree, 64, "frames leak");
}
