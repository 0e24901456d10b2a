/* A rule for a flow engine, and segments of its flow. */
#ifndef LACON_TESTS_UNIT_RULE_RIG_H
#define LACON_TESTS_UNIT_RULE_RIG_H

#include <string.h>

#include "agent/base/csum.h"
#include "agent/base/flow_rule.h"
#include "agent/wire/wire.h"

struct flow_frame {
    struct frame f;
    uint8_t mem[2048];
};

/* The endpoint 192.0.2.1:8080 to us, 192.0.2.9:10007, becomes 198.51.100.7:80 to the client,
 * 203.0.113.4:54321; of IPv6 2001:db8::1 and so on. From interface 1 to interface 0. */
static inline struct flow_rule rig_rule(bool v4, uint16_t in_vlan, uint16_t out_vlan)
{
    static const uint8_t e4[] = {192, 0, 2, 1}, l4[] = {192, 0, 2, 9}, c4[] = {203, 0, 113, 4},
                         v4_[] = {198, 51, 100, 7};
    static const uint8_t e6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1}, l6[16] = {0x20, 1, 0xd, 0xb8, [15] = 9},
                         c6[16] = {0x20, 1, 0xd, 0xb8, 7, [15] = 4},
                         v6[16] = {0x20, 1, 0xd, 0xb8, 7, [15] = 7};
    return (struct flow_rule){
        .in = {.remote = v4 ? ip_from_v4(e4) : ip_from_v6(e6),
               .local = v4 ? ip_from_v4(l4) : ip_from_v6(l6),
               .remote_port = 8080,
               .local_port = 10007},
        .out = {.remote = v4 ? ip_from_v4(c4) : ip_from_v6(c6),
                .local = v4 ? ip_from_v4(v4_) : ip_from_v6(v6),
                .remote_port = 54321,
                .local_port = 80},
        .in_port = 1,
        .in_vlan = in_vlan,
        .out_port = 0,
        .out_vlan = out_vlan,
        .dmac = {2, 1, 1, 1, 1, 1},
        .smac = {2, 3, 3, 3, 3, 3},
        .seq_add = 0xfffffff0u,
        .ack_add = 12345,
    };
}

/* A segment of the rule's flow. */
static inline struct frame *rig_frame(struct flow_frame *b, const struct flow_rule *r, const uint8_t *payload,
                                      uint32_t n, uint8_t flags)
{
    struct wire_link l = {
        .dmac = {2, 0, 0, 0, 0, 1}, .smac = {2, 0, 0, 0, 0, 2}, .port = r->in_port, .vlan = r->in_vlan};
    struct tcp_seg g = {.src = r->in.remote,
                        .dst = r->in.local,
                        .sport = r->in.remote_port,
                        .dport = r->in.local_port,
                        .seq = 100,
                        .ack = 0xffffffffu,
                        .wnd = 501,
                        .flags = flags,
                        .wscale = -1};
    b->f = (struct frame){.data = b->mem + 256, .headroom = 256, .tailroom = sizeof b->mem - 256};
    memcpy(frame_put(&b->f, n), payload, n);
    wire_push_tcp(&b->f, &l, &g, csum_bytes(payload, n));
    b->f.port = r->in_port;
    return &b->f;
}

#endif
