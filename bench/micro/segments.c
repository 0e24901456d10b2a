/* The parts of a forwarded segment that do arithmetic on bytes: checksum of a payload, the checksum of a
 * segment whose payload is already summed (all headers written anew, none of the payload read), and the
 * parser, with the device's word for the checksum and without. */
#include <stdio.h>
#include <string.h>

#include "agent/base/csum.h"
#include "agent/wire/wire.h"
#include "bench/micro/micro.h"

#define REPEAT 1000u

struct segment {
    uint8_t block[2048];
    struct frame f;
    struct tcp_seg g;
    uint32_t payload;
};

static void fresh(struct segment *t)
{
    t->f = (struct frame){.data = t->block + FRAME_HEADROOM,
                          .len = t->payload,
                          .headroom = FRAME_HEADROOM,
                          .tailroom = (uint32_t)sizeof t->block - FRAME_HEADROOM - t->payload};
}

static void run_sum(void *ctx, struct micro_sample *s)
{
    struct segment *t = ctx;
    micro_begin(s);
    for (unsigned i = 0; i < REPEAT; i++)
        micro_use(csum_bytes(t->block + FRAME_HEADROOM, t->payload));
    micro_end(s, (uint64_t)REPEAT * t->payload);
}

static void run_push(void *ctx, struct micro_sample *s)
{
    struct segment *t = ctx;
    const struct wire_link l = {.dmac = {2, 0, 0, 0, 0, 1}, .smac = {2, 0, 0, 0, 0, 2}};
    micro_begin(s);
    for (unsigned i = 0; i < REPEAT; i++) {
        fresh(t);
        wire_push_tcp(&t->f, &l, &t->g, (uint16_t)i);
        micro_use(t->f.len);
    }
    micro_end(s, REPEAT);
}

static void parse_all(struct segment *t, struct micro_sample *s, uint16_t flags)
{
    const struct wire_link l = {.dmac = {2, 0, 0, 0, 0, 1}, .smac = {2, 0, 0, 0, 0, 2}};
    struct pkt p;
    fresh(t);
    wire_push_tcp(&t->f, &l, &t->g, csum_bytes(t->f.data, t->payload));
    t->f.flags = flags;
    micro_begin(s);
    for (unsigned i = 0; i < REPEAT; i++)
        micro_use(wire_parse(&t->f, 0, &p));
    micro_end(s, REPEAT);
}

static void run_parse_trusted(void *ctx, struct micro_sample *s)
{
    parse_all(ctx, s, FRAME_L4_CSUM_OK);
}

static void run_parse(void *ctx, struct micro_sample *s)
{
    parse_all(ctx, s, 0);
}

void micro_segments(struct micro *m)
{
    static const uint8_t a[4] = {10, 0, 0, 1}, b[4] = {10, 0, 0, 2};
    struct segment big = {.payload = 1440,
                          .g = {.src = ip_from_v4(a), .dst = ip_from_v4(b), .flags = TCP_ACK, .wscale = -1}},
                   small = big, v6 = big;
    memset(big.block, 0x5a, sizeof big.block);
    small.payload = 64;
    memset(&v6.g.src, 0x20, 16);
    memset(&v6.g.dst, 0x21, 16);
    const struct micro_case c[] = {
        {.name = "segments/checksum/1440", .unit = "byte", .run = run_sum, .ctx = &big},
        {.name = "segments/checksum/64", .unit = "byte", .run = run_sum, .ctx = &small},
        {.name = "segments/headers_and_checksum_update/ipv4", .unit = "op", .run = run_push, .ctx = &big},
        {.name = "segments/headers_and_checksum_update/ipv6", .unit = "op", .run = run_push, .ctx = &v6},
        {.name = "segments/parse/1440/device_checksum", .unit = "op", .run = run_parse_trusted, .ctx = &big},
        {.name = "segments/parse/1440/software_checksum", .unit = "op", .run = run_parse, .ctx = &big},
    };
    micro_run(m, c, sizeof c / sizeof *c);
}
