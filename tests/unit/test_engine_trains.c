/* Trains: what an engine finds for the first segment of a flow in a burst holds for those of the same flow
 * right behind it, and for nothing else. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "agent/base/csum.h"
#include "agent/wire/wire.h"
#include "agent/worker/engine.h"
#include "tests/unit/box.h"

static const char file[] = "dpdk: {connections: 1000, buffers: 4MiB, syn_ring: 1024}\n"
                           "interfaces:\n"
                           "- {name: i, device: eth0, addresses: [10.0.0.1/24]}\n"
                           "- {name: j, device: eth1, addresses: [10.0.1.1/24]}\n"
                           "listeners: [{name: l, address: \"10.0.0.1:80\"}]\n"
                           "routes: [{name: r, rules: [{cluster: c}]}]\n"
                           "clusters: [{name: c, endpoints: [{address: \"10.0.1.9:80\"}]}]\n";

static const uint8_t mac[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}}, their_mac[6] = {2, 0, 0, 0, 0, 9};

static struct {
    struct config *config;
    struct engine *engine;
    uint32_t isn[UINT16_MAX + 1]; /* of the last SYN-ACK to each port */
} t;

static void box_send(void *ctx, struct frame *f)
{
    struct pkt p;
    if (wire_parse(f, 0, &p) == R_NONE && p.proto == WIRE_TCP && (p.flags & TCP_SYN))
        t.isn[p.key.local_port] = p.seq;
    box_free(ctx, f);
}

static const struct frame_ops ops = {box_alloc, box_send, box_free, NULL};

/* From port `from` of a client, to the MAC of interface `to`, arriving on interface `on`. */
static struct frame *segment(uint16_t from, unsigned to, uint16_t on, uint8_t flags, uint32_t seq,
                             uint32_t ack, const char *text)
{
    static const uint8_t us[4] = {10, 0, 0, 1}, them[4] = {10, 0, 0, 77};
    struct frame *f = box_alloc(NULL);
    struct wire_link l = {0};
    struct tcp_seg s = {.src = ip_from_v4(them),
                        .dst = ip_from_v4(us),
                        .sport = from,
                        .dport = 80,
                        .seq = seq,
                        .ack = ack,
                        .wnd = 60000,
                        .flags = flags,
                        .wscale = -1};
    memcpy(l.dmac, mac[to], 6);
    memcpy(l.smac, their_mac, 6);
    memcpy(frame_put(f, (uint32_t)strlen(text)), text, strlen(text));
    wire_push_tcp(f, &l, &s, csum_bytes((const uint8_t *)text, strlen(text)));
    f->port = on;
    return f;
}

static struct frame *stray(uint16_t from, unsigned to, uint16_t on)
{
    return segment(from, to, on, TCP_ACK, 1, 1, "");
}

static void start(void)
{
    struct cfg_errors errs;
    t.config = config_parse("f", file, strlen(file), &errs);
    cr_assert_not_null(t.config);
    cfg_errors_free(&errs);
    struct engine_port port[2] = {{.mtu = 1500, .up = true}, {.mtu = 1500, .up = true}};
    memcpy(port[0].mac, mac[0], 6);
    memcpy(port[1].mac, mac[1], 6);
    struct engine_params p = {.config = t.config, .port = port, .nworkers = 1, .ops = ops, .now_ns = 1};
    cr_assert_not_null(t.engine = engine_create(&p));
}

static void stop(void)
{
    engine_destroy(t.engine);
    config_free(t.config);
}

static uint64_t counted(enum reason r)
{
    return counter_read(&engine_counters(t.engine)->reason[r]);
}

TestSuite(engine_trains, .init = start, .fini = stop);

Test(engine_trains, one_to_another_mac_does_not_pass_behind_the_others)
{
    struct frame *f[] = {stray(5, 0, 0), stray(5, 0, 0), stray(5, 1, 0), stray(5, 0, 0)};
    engine_input(t.engine, f, 4, 2);
    cr_expect_eq(counted(R_DROP_DMAC), 1);
    cr_expect_eq(counted(R_DROP_NO_CONN), 3);
}

Test(engine_trains, one_from_another_interface_does_not_pass_behind_the_others)
{
    struct frame *f[] = {stray(5, 0, 0), stray(5, 0, 1), stray(5, 1, 1), stray(5, 1, 0)};
    engine_input(t.engine, f, 4, 2);
    cr_expect_eq(counted(R_DROP_DMAC), 2);
    cr_expect_eq(counted(R_DROP_NO_CONN), 2);
}

/* One that is refused is no first of a train either. */
Test(engine_trains, a_train_to_another_mac_is_refused_whole)
{
    struct frame *f[] = {stray(5, 1, 0), stray(5, 1, 0), stray(6, 0, 0), stray(5, 1, 0)};
    engine_input(t.engine, f, 4, 2);
    cr_expect_eq(counted(R_DROP_DMAC), 3);
    cr_expect_eq(counted(R_DROP_NO_CONN), 1);
}

/* Trains of two clients in turn, handshake and head of each in one burst. */
Test(engine_trains, flows_keep_their_segments)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: a\r\n", end[] = "\r\n";
    const uint32_t n = sizeof head - 1;
    struct frame *syn[] = {segment(5, 0, 0, TCP_SYN, 99, 0, ""), segment(6, 0, 0, TCP_SYN, 199, 0, "")};
    engine_input(t.engine, syn, 2, 2);
    uint32_t a = t.isn[5] + 1, b = t.isn[6] + 1;
    struct frame *f[] = {
        segment(5, 0, 0, TCP_ACK, 100, a, ""),      segment(5, 0, 0, TCP_ACK, 100, a, head),
        segment(6, 0, 0, TCP_ACK, 200, b, head),    segment(5, 0, 0, TCP_ACK, 100 + n, a, end),
        segment(6, 0, 0, TCP_ACK, 200 + n, b, end),
    };
    engine_input(t.engine, f, 5, 3);
    cr_expect_eq(counter_read(&engine_counters(t.engine)->clients_open), 2);
    cr_expect_eq(counter_read(&engine_counters(t.engine)->exchanges_open), 2);
    cr_expect_eq(counted(R_DROP_NO_CONN), 0);
}
