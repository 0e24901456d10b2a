/* Frames as devices bring them: an engine that is told how its device spreads them gives away what is not its
 * worker's; what a device says of checksums is believed until it is found wrong. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "accel/steer.h"
#include "agent/base/csum.h"
#include "agent/wire/wire.h"
#include "agent/worker/engine.h"
#include "tests/unit/box.h"
#include "tests/unit/rnd.h"

#define WORKERS 4u

static const char file[] = "dpdk: {connections: 1000, buffers: 4MiB, syn_ring: 1024, workers: 4}\n"
                           "interfaces: [{name: i, device: eth0, addresses: [10.0.0.1/8]}]\n"
                           "listeners: [{name: l, address: \"10.0.0.1:80\"}]\n"
                           "routes: [{name: r, rules: [{cluster: c}]}]\n"
                           "clusters: [{name: c, endpoints: [{address: \"10.0.0.9:80\"}]}]\n";

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1}, their_mac[6] = {2, 0, 0, 0, 0, 2};

static struct {
    struct config *config;
    struct steer_device device;
    struct steer *steer;
    struct engine *engine[WORKERS];
    unsigned given[WORKERS], copies;
} t;

/* ---- frames ---- */

static void box_send(void *ctx, struct frame *f)
{
    box_free(ctx, f);
}

static void give(void *ctx, unsigned owner, struct frame *f)
{
    if (owner == ENGINE_ALL) {
        t.copies++;
        return;
    }
    cr_assert_lt(owner, WORKERS);
    cr_expect(f->flags & FRAME_L4_CSUM_OK, "it has been verified");
    t.given[owner]++;
    box_free(ctx, f);
}

static const struct frame_ops ops = {box_alloc, box_send, box_free, NULL};

static struct ip_addr addr(uint8_t a, uint8_t b)
{
    const uint8_t v4[4] = {10, 0, a, b};
    return ip_from_v4(v4);
}

static struct flow_key client(uint16_t port)
{
    return (struct flow_key){
        .remote = addr(1, 2), .local = addr(0, 1), .remote_port = port, .local_port = 80};
}

static struct frame *segment(const struct flow_key *k, uint8_t flags, uint32_t seq, uint32_t ack,
                             const char *text)
{
    struct frame *f = box_alloc(NULL);
    size_t n = strlen(text);
    struct wire_link l = {0};
    struct tcp_seg s = {.src = k->remote,
                        .dst = k->local,
                        .sport = k->remote_port,
                        .dport = k->local_port,
                        .seq = seq,
                        .ack = ack,
                        .wnd = 60000,
                        .flags = flags,
                        .wscale = -1};
    memcpy(l.dmac, our_mac, 6);
    memcpy(l.smac, their_mac, 6);
    memcpy(frame_put(f, (uint32_t)n), text, n);
    wire_push_tcp(f, &l, &s, csum_bytes((const uint8_t *)text, (uint32_t)n));
    return f;
}

/* ---- life ---- */

static void start(bool doubt)
{
    struct cfg_errors errs;
    char why[STEER_WHY];
    uint64_t seed = 7;
    t.config = config_parse("f", file, strlen(file), &errs);
    cr_assert_not_null(t.config);
    cfg_errors_free(&errs);
    t.device = (struct steer_device){.v4 = true, .key_len = 40, .table_len = 128, .queues = WORKERS};
    rnd_fill(&seed, t.device.key, 40);
    for (unsigned i = 0; i < 128; i++)
        t.device.table[i] = (uint16_t)(i % WORKERS);
    t.steer = steer_create(&t.device, WORKERS, 10000, 60999, why);
    cr_assert_not_null(t.steer, "%s", why);
    struct engine_port port = {.mtu = 1500, .up = true, .doubt = doubt, .steer = t.steer};
    memcpy(port.mac, our_mac, 6);
    struct engine_params p = {
        .config = t.config, .port = &port, .nworkers = WORKERS, .ops = ops, .give = give, .now_ns = 1};
    for (p.worker = 0; p.worker < WORKERS; p.worker++)
        cr_assert_not_null(t.engine[p.worker] = engine_create(&p));
}

static void stop(void)
{
    for (unsigned w = 0; w < WORKERS; w++)
        engine_destroy(t.engine[w]);
    steer_destroy(t.steer);
    config_free(t.config);
}

static void mixed(unsigned worker, struct frame *f)
{
    engine_input_mixed(t.engine[worker], &f, 1, 2);
}

static uint64_t wrong(unsigned worker)
{
    return counter_read(&engine_counters(t.engine[worker])->device_wrong);
}

static uint64_t dropped(unsigned worker)
{
    return counter_read(&engine_counters(t.engine[worker])->reason[R_DROP_L4_CSUM]);
}

static uint64_t received(unsigned worker)
{
    return counter_read(&engine_counters(t.engine[worker])->rx_frames);
}

/* ---- steering ---- */

Test(engine_mixed, a_syn_goes_to_the_worker_whose_queue_it_is_of)
{
    start(false);
    unsigned expected[WORKERS] = {0}, mine = 0;
    for (uint16_t port = 1024; port < 1024 + 400; port++) {
        struct flow_key k = client(port);
        unsigned owner = steer_owner(t.steer, &k);
        struct frame *f = segment(&k, TCP_SYN, 100, 0, "");
        cr_assert_eq(engine_owner(t.engine[1], f), owner, "every worker gives the same answer");
        cr_assert_eq(engine_owner(t.engine[3], f), owner);
        mine += owner == 2;
        expected[owner] += owner != 2;
        mixed(2, f);
    }
    cr_expect_gt(mine, 40);
    cr_expect_arr_eq(t.given, expected, sizeof expected);
    cr_expect_eq(received(2), mine, "who gives a frame away has not received it");
    stop();
}

/* A local port is that worker's to whom its answers come, whatever port_owner() would say. */
Test(engine_mixed, an_endpoints_segment_goes_where_its_hash_says)
{
    start(false);
    unsigned elsewhere = 0;
    for (uint16_t port = 10000; port < 10400; port++) {
        struct flow_key k = {
            .remote = addr(0, 9), .local = addr(0, 1), .remote_port = 80, .local_port = port};
        struct frame *f = segment(&k, TCP_SYN | TCP_ACK, 100, 1, "");
        unsigned owner = engine_owner(t.engine[0], f);
        cr_assert_eq(owner, steer_owner(t.steer, &k));
        elsewhere += owner != port % WORKERS;
        box_free(NULL, f);
    }
    cr_expect_gt(elsewhere, 100);
    stop();
}

Test(engine_mixed, what_is_not_of_a_flow_is_copied_to_all)
{
    start(false);
    uint8_t ask[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,  2, 0x08, 0x06,
                       0,    1,    8,    0,    6,    4,    0, 1, 2, 0, 0,  0, 0,    2,
                       10,   0,    1,    2,    0,    0,    0, 0, 0, 0, 10, 0, 0,    1};
    struct frame *f = box_alloc(NULL);
    memcpy(frame_put(f, sizeof ask), ask, sizeof ask);
    mixed(1, f);
    cr_expect_eq(t.copies, 1);
    cr_expect_eq(t.given[0] + t.given[1] + t.given[2] + t.given[3], 0);
    stop();
}

/* ---- a device's words ---- */

/* A stray segment to worker 0's queue: nobody's flow, but its checksum is looked at. */
static struct frame *stray(uint16_t *port, uint16_t flags, bool damaged)
{
    struct flow_key k = client(*port);
    while (steer_owner(t.steer, &k) != 0)
        k.remote_port++;
    *port = (uint16_t)(k.remote_port + 1);
    struct frame *f = segment(&k, TCP_ACK, 5, 6, "some text");
    f->flags = flags;
    f->data[f->len - 1] ^= damaged;
    return f;
}

Test(engine_mixed, a_wrong_word_ends_the_trust_in_its_device)
{
    uint16_t port = 1024;
    start(false);
    mixed(0, stray(&port, FRAME_L4_CSUM_OK, true)); /* the first word is verified */
    cr_expect_eq(wrong(0), 1);
    cr_expect_eq(dropped(0), 1);
    for (unsigned i = 0; i < 5; i++)
        mixed(0, stray(&port, FRAME_L4_CSUM_OK, true));
    cr_expect_eq(dropped(0), 6, "the worker verifies every one since");
    cr_expect_eq(wrong(0), 1);
    mixed(0, stray(&port, FRAME_L4_CSUM_OK, false));
    cr_expect_eq(dropped(0), 6);
    stop();
}

Test(engine_mixed, one_in_many_words_is_verified)
{
    uint16_t port = 1024;
    start(false);
    for (unsigned i = 0; i < ACCEL_SPOT_CHECK; i++)
        mixed(0, stray(&port, FRAME_L4_CSUM_OK, i == 1 || i == 500));
    cr_expect_eq(wrong(0), 0, "these were not looked at");
    mixed(0, stray(&port, FRAME_L4_CSUM_OK, true));
    cr_expect_eq(wrong(0), 1);
    stop();
}

Test(engine_mixed, what_is_said_to_be_bad_is_verified)
{
    uint16_t port = 1024;
    start(false);
    mixed(0, stray(&port, FRAME_L4_CSUM_BAD, true));
    cr_expect_eq(dropped(0), 1);
    cr_expect_eq(wrong(0), 0);
    mixed(0, stray(&port, FRAME_L4_CSUM_BAD, false));
    cr_expect_eq(dropped(0), 1, "it is good, and is taken");
    cr_expect_eq(wrong(0), 1);
    stop();
}

Test(engine_mixed, nobody_asks_a_device_that_is_not_to_be_believed)
{
    uint16_t port = 1024;
    start(true);
    for (unsigned i = 0; i < 10; i++)
        mixed(0, stray(&port, FRAME_L4_CSUM_OK, true));
    cr_expect_eq(dropped(0), 10);
    cr_expect_eq(wrong(0), 0);
    stop();
}
