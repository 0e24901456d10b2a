/* Frames made and judged without agent/wire: bytes put down by hand and checksums summed by the definition,
 * so that parser and builder are each held against something other than one another. */
#ifndef LACON_TESTS_UNIT_WIRE_RIG_H
#define LACON_TESTS_UNIT_WIRE_RIG_H

#include <stdbool.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/base/frame.h"
#include "tests/unit/guarded.h"

struct bytes {
    uint8_t b[2048];
    uint32_t n;
};

static const uint8_t rig_dmac[6] = {2, 0, 0, 0, 0, 1}, rig_smac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t rig_v4[8] = {192, 0, 2, 7, 198, 51, 100, 9}; /* source, destination */
static const uint8_t rig_v6[32] = {0x20, 1, 0xd, 0xb8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7,
                                   0x20, 1, 0xd, 0xb8, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};

static inline uint32_t rig_sum(const uint8_t *p, uint32_t n, uint32_t s)
{
    for (uint32_t i = 0; i < n; i++)
        s += i % 2 ? p[i] : (uint32_t)p[i] << 8;
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return s;
}

static inline void rig_put(struct bytes *f, const void *p, uint32_t n)
{
    memcpy(f->b + f->n, p, n);
    f->n += n;
}

static inline uint32_t rig_l3(const struct bytes *f)
{
    return f->b[12] == 0x81 && f->b[13] == 0 ? 18 : 14;
}

static inline bool rig_is_v4(const struct bytes *f)
{
    return f->b[rig_l3(f)] >> 4 == 4;
}

static inline uint32_t rig_l4(const struct bytes *f)
{
    uint32_t l3 = rig_l3(f);
    return rig_is_v4(f) ? l3 + (f->b[l3] & 15u) * 4 : l3 + 40;
}

/* Of the layer-4 part, by what the IP header says. */
static inline uint32_t rig_l4_len(const struct bytes *f)
{
    uint32_t l3 = rig_l3(f);
    return rig_is_v4(f) ? get_be16(f->b + l3 + 2) - (f->b[l3] & 15u) * 4 : get_be16(f->b + l3 + 4);
}

static inline uint8_t rig_proto(const struct bytes *f)
{
    return f->b[rig_l3(f) + (rig_is_v4(f) ? 9 : 6)];
}

static inline uint32_t rig_pseudo_sum(const struct bytes *f)
{
    uint32_t l3 = rig_l3(f), s = rig_l4_len(f) + rig_proto(f);
    if (rig_proto(f) == 1)
        return 0;
    return rig_is_v4(f) ? rig_sum(f->b + l3 + 12, 8, s) : rig_sum(f->b + l3 + 8, 32, s);
}

/* True when the checksums of the IPv4 header and of layer 4 are right. */
static inline bool rig_ip_good(const struct bytes *f)
{
    uint32_t l3 = rig_l3(f);
    return !rig_is_v4(f) || rig_sum(f->b + l3, (f->b[l3] & 15u) * 4, 0) == 0xffff;
}

static inline bool rig_l4_good(const struct bytes *f)
{
    return rig_sum(f->b + rig_l4(f), rig_l4_len(f), rig_pseudo_sum(f)) == 0xffff;
}

/* Puts right checksums into the frame, as far as its headers lie inside it. */
static inline void rig_fix(struct bytes *f)
{
    uint32_t l3 = rig_l3(f), l4 = rig_l4(f);
    if (rig_is_v4(f)) {
        put_be16(f->b + l3 + 10, 0);
        put_be16(f->b + l3 + 10, (uint16_t)~rig_sum(f->b + l3, l4 - l3, 0));
    }
    uint8_t *field = f->b + l4 + (rig_proto(f) == 6 ? 16 : 2);
    if (rig_l4_len(f) > sizeof f->b - l4)
        return;
    put_be16(field, 0);
    put_be16(field, (uint16_t)~rig_sum(f->b + l4, rig_l4_len(f), rig_pseudo_sum(f)));
}

/* Ethernet and IP in front of n bytes of layer 4. vlan < 0: untagged. */
static inline struct bytes rig_ip(bool v4, int vlan, uint8_t proto, const void *l4, uint32_t n)
{
    struct bytes f = {.n = 0};
    uint8_t type[2] = {v4 ? 0x08 : 0x86, v4 ? 0x00 : 0xdd}, tag[4] = {0x81, 0};
    uint8_t ip4[20] = {0x45, 0, 0, 0, 0x12, 0x34, 0x40, 0, 57, proto}, ip6[40] = {0x60};
    rig_put(&f, rig_dmac, 6);
    rig_put(&f, rig_smac, 6);
    if (vlan >= 0) {
        put_be16(tag + 2, (uint16_t)vlan);
        rig_put(&f, tag, 4);
    }
    rig_put(&f, type, 2);
    if (v4) {
        put_be16(ip4 + 2, (uint16_t)(20 + n));
        memcpy(ip4 + 12, rig_v4, 8);
        rig_put(&f, ip4, 20);
    } else {
        put_be16(ip6 + 4, (uint16_t)n);
        ip6[6] = proto;
        ip6[7] = 57;
        memcpy(ip6 + 8, rig_v6, 32);
        rig_put(&f, ip6, 40);
    }
    rig_put(&f, l4, n);
    rig_fix(&f);
    return f;
}

/* A segment 4001 -> 80 with seq, ack, window and nopt option bytes (a multiple of 4), n payload bytes. */
static inline struct bytes rig_tcp(bool v4, int vlan, const void *opts, uint32_t nopt, const void *payload,
                                   uint32_t n)
{
    uint8_t t[2000] = {0x0f, 0xa1, 0,    80,   0x11, 0x22, 0x33, 0x44,
                       0x55, 0x66, 0x77, 0x88, 0,    0x18, 0x12, 0x34};
    t[12] = (uint8_t)((5 + nopt / 4) << 4);
    if (nopt)
        memcpy(t + 20, opts, nopt);
    if (n)
        memcpy(t + 20 + nopt, payload, n);
    return rig_ip(v4, vlan, 6, t, 20 + nopt + n);
}

/* As a received frame that ends against an unreadable page; good until the next call. */
static inline struct frame rig_frame(const struct bytes *f, uint16_t flags)
{
    struct span s = guarded(f->b, f->n);
    return (struct frame){.data = (uint8_t *)(uintptr_t)s.p, .len = f->n, .flags = flags};
}

#endif
