/* The parts of a forwarded segment that do arithmetic on bytes: checksum of a payload, the checksum of a
 * segment whose payload is already summed (all headers written anew, none of the payload read), and the
 * parser, with the device's word for the checksum and without.
 *
 * `translate`: a parsed segment's frame gets the other side's addresses, ports, numbers, window and checksum,
 * as agent/splice does it: alone, and as one of a train behind its first. `checksum_update`: the new checksum
 * from the old one and what changes (RFC 1624), beside summing the segment again. */
#include <stdio.h>
#include <stdlib.h>
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

/* ---- translation ---- */

static const struct wire_link far = {.dmac = {2, 0, 0, 0, 0, 3}, .smac = {2, 0, 0, 0, 0, 4}};

/* A segment as it came in, parsed, and what it becomes. */
struct translation {
    struct segment *t;
    struct frame in;
    struct pkt p;
    struct tcp_seg out;
};

static void translation_start(struct translation *x, struct segment *t)
{
    const struct wire_link l = {.dmac = {2, 0, 0, 0, 0, 1}, .smac = {2, 0, 0, 0, 0, 2}};
    x->t = t;
    fresh(t);
    wire_push_tcp(&t->f, &l, &t->g, csum_bytes(t->f.data, t->payload));
    t->f.flags = FRAME_L4_CSUM_OK;
    x->in = t->f;
    if (wire_parse(&x->in, 0, &x->p) != R_NONE)
        abort();
    x->out = t->g;
    x->out.src.b[15] = 7;
    x->out.dst.b[15] = 9;
    x->out.sport = 80;
    x->out.dport = 2000;
}

/* The frame as it came in, without its headers. */
static struct frame *received(struct translation *x)
{
    x->t->f = x->in;
    frame_trim(&x->t->f, x->p.payload_off + x->p.payload_len);
    frame_pull(&x->t->f, x->p.payload_off);
    return &x->t->f;
}

static void run_translate(void *ctx, struct micro_sample *s)
{
    struct translation *x = ctx;
    micro_begin(s);
    for (unsigned i = 0; i < REPEAT; i++) {
        struct frame *f = received(x);
        x->out.seq = x->p.seq + i;
        x->out.ack = x->p.ack - i;
        x->out.wnd = (uint16_t)i;
        wire_push_tcp(f, &far, &x->out, x->p.payload_sum);
        micro_use(f->len);
    }
    micro_end(s, REPEAT);
}

static void run_translate_again(void *ctx, struct micro_sample *s)
{
    struct translation *x = ctx;
    struct wire_again again;
    struct frame *f = received(x);
    wire_push_tcp(f, &far, &x->out, x->p.payload_sum);
    wire_again_keep(&again, f, &far, &x->out);
    micro_begin(s);
    for (unsigned i = 0; i < REPEAT; i++) {
        f = received(x);
        wire_again_push(f, &again, x->p.seq + i, x->p.ack - i, (uint16_t)i, TCP_ACK, x->p.payload_sum);
        micro_use(f->len);
    }
    micro_end(s, REPEAT);
}

/* ---- checksum: updated, or anew ---- */

#define HEADER_WORDS 5u

/* Two headers over the same payload; the first has its checksum. */
struct update {
    struct {
        struct ip_addr src, dst;
        uint8_t tcp[2048]; /* header and payload */
    } old, new;
    uint32_t len; /* of header and payload */
};

static uint16_t sum_of_head(const struct ip_addr *src, const struct ip_addr *dst, const uint8_t *tcp)
{
    return csum_turn(csum_raw(src->b, 4) + csum_raw(dst->b, 4) + csum_raw(tcp, HEADER_WORDS));
}

/* The sums of heads have their pseudo-headers' protocol and length in neither: they do not change. */
static uint16_t updated(const struct update *u)
{
    uint16_t was = sum_of_head(&u->old.src, &u->old.dst, u->old.tcp), /* its field included: the rest's sum */
        is = sum_of_head(&u->new.src, &u->new.dst, u->new.tcp);
    return csum_final(csum_sub(is, was));
}

static uint16_t anew(const struct update *u)
{
    return csum_final(
        csum_add(csum_pseudo(&u->new.src, &u->new.dst, 6, u->len), csum_bytes(u->new.tcp, u->len)));
}

static void run_updated(void *ctx, struct micro_sample *s)
{
    struct update *u = ctx;
    micro_begin(s);
    for (unsigned i = 0; i < REPEAT; i++) {
        memcpy(u->new.tcp + 4, &i, 4);
        micro_use(updated(u));
    }
    micro_end(s, REPEAT);
}

static void run_anew(void *ctx, struct micro_sample *s)
{
    struct update *u = ctx;
    micro_begin(s);
    for (unsigned i = 0; i < REPEAT; i++) {
        memcpy(u->new.tcp + 4, &i, 4);
        micro_use(anew(u));
    }
    micro_end(s, REPEAT);
}

static void checksums(const struct micro *m, uint32_t payload)
{
    static struct update u;
    uint64_t seed = payload;
    uint8_t *b = (uint8_t *)&u;
    for (unsigned i = 0; i < sizeof u; i++)
        b[i] = (uint8_t)micro_rnd(&seed);
    u.len = 4 * HEADER_WORDS + payload;
    memcpy(u.new.tcp + 4 * HEADER_WORDS, u.old.tcp + 4 * HEADER_WORDS, payload);
    memset(u.old.tcp + 16, 0, 2);
    memset(u.new.tcp + 16, 0, 2);
    uint16_t field = htobe16(
        csum_final(csum_add(csum_pseudo(&u.old.src, &u.old.dst, 6, u.len), csum_bytes(u.old.tcp, u.len))));
    memcpy(u.old.tcp + 16, &field, 2);
    if (csum_sub(updated(&u), anew(&u)) % 0xffff) {
        fprintf(stderr, "bench_micro: an updated checksum is not the segment's\n");
        exit(1);
    }
    struct micro_case c[] = {{.unit = "op", .run = run_updated, .ctx = &u},
                             {.unit = "op", .run = run_anew, .ctx = &u}};
    snprintf(c[0].name, sizeof c[0].name, "segments/checksum_update/%u", payload);
    snprintf(c[1].name, sizeof c[1].name, "segments/checksum_anew/%u", payload);
    char ratio[64];
    snprintf(ratio, sizeof ratio, "segments/checksum_update_over_anew/%u", payload);
    micro_run_ratio(m, c, 2, ratio);
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
    struct translation x4, x6;
    translation_start(&x4, &big);
    translation_start(&x6, &v6);
    const struct micro_case t[] = {
        {.name = "segments/translate/ipv4", .unit = "op", .run = run_translate, .ctx = &x4},
        {.name = "segments/translate/ipv6", .unit = "op", .run = run_translate, .ctx = &x6},
        {.name = "segments/translate_in_train/ipv4", .unit = "op", .run = run_translate_again, .ctx = &x4},
        {.name = "segments/translate_in_train/ipv6", .unit = "op", .run = run_translate_again, .ctx = &x6},
    };
    micro_run(m, t, sizeof t / sizeof *t);
    checksums(m, 64);
    checksums(m, 1440);
}
