/* What the tests of agent/net share: a struct net with two arms, frames that end at a page without access,
 * everything sent recorded, and a clock that is turned by hand. */
#ifndef LACON_TESTS_NET_RIG_H
#define LACON_TESTS_NET_RIG_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "agent/base/bytes.h"
#include "agent/base/csum.h"
#include "agent/net/neigh.h"
#include "agent/net/net.h"

#define MS UINT64_C(1000000)
/* Flags of neighbour advertisements. */
#define SOLICITED 0x40
#define OVERRIDE  0x20

#define RIG_SENT  8192
#define RIG_PAGE  4096u
#define RIG_FRAME 1514u

struct rig_out {
    uint16_t port;
    uint32_t len;
    uint8_t b[160]; /* the first bytes */
};

struct rig {
    struct net *net;
    struct counters c;
    struct frame_ops ops;
    struct net_if ifs[2];
    uint64_t now;
    unsigned nsent;
    struct rig_out sent[RIG_SENT];
    int live; /* frames that exist */
    bool dry; /* no frames to be had */
    uint8_t *page;
    struct frame in;
    struct net_unreach u;
};

static const struct sip_key rig_key = {0x0123456789abcdef, 0xfedcba9876543210};
static const uint8_t MAC0[6] = {2, 0, 0, 0, 0, 1}, MAC1[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t PEER[6] = {2, 0xaa, 0, 0, 0, 3}, PEER2[6] = {2, 0xaa, 0, 0, 0, 4};
static const uint8_t GW[6] = {2, 0xaa, 0, 0, 0, 0xfe};
static const uint8_t ALL_NODES[6] = {0x33, 0x33, 0, 0, 0, 1};
static const uint8_t OUR_NODE[6] = {0x33, 0x33, 0xff, 0, 0, 1}; /* of 2001:db8::1 */
#define LL0 "fe80::ff:fe00:1"                                   /* of MAC0, the universal bit flipped */
#define LL1 "fe80::ff:fe00:2"
static const uint8_t BCAST[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* Echo requests. */
static const uint8_t ECHO4[16] = {8, 0, 0, 0, 0x12, 0x34, 0, 1, 'l', 'a', 'c', 'o', 'n'};
static const uint8_t ECHO6[16] = {128, 0, 0, 0, 0x12, 0x34, 0, 1, 'l', 'a', 'c', 'o', 'n'};

__attribute__((unused)) static struct ip_addr ip(const char *s)
{
    struct ip_addr a;
    cr_assert(ip_parse(s, strlen(s), &a), "%s", s);
    return a;
}

static struct frame *rig_alloc(void *ctx)
{
    struct rig *r = ctx;
    if (r->dry)
        return NULL;
    struct frame *f = calloc(1, sizeof *f);
    uint8_t *b = malloc(FRAME_HEADROOM + FRAME_ROOM);
    cr_assert(f != NULL && b != NULL);
    *f = (struct frame){
        .data = b + FRAME_HEADROOM, .headroom = FRAME_HEADROOM, .tailroom = FRAME_ROOM, .owner = b};
    r->live++;
    return f;
}

static void rig_free(void *ctx, struct frame *f)
{
    struct rig *r = ctx;
    r->live--;
    if (f == &r->in)
        return;
    free(f->owner);
    free(f);
}

static void rig_send(void *ctx, struct frame *f)
{
    struct rig *r = ctx;
    cr_assert(r->nsent < RIG_SENT);
    struct rig_out *o = &r->sent[r->nsent++];
    o->port = f->port;
    o->len = f->len;
    memcpy(o->b, f->data, f->len < sizeof o->b ? f->len : sizeof o->b);
    rig_free(ctx, f);
}

static inline void rig_addr(struct net_if *i, const char *addr, unsigned bits)
{
    i->addr[i->naddr++] = (struct net_addr){ip(addr), (uint8_t)bits};
}

/* Port 0: untagged, with gateways. Port 1: VLAN 7, no gateways, a second subnet. The announcements at the
 * start are forgotten unless `keep`. */
static inline struct rig *rig_new(bool answers, bool keep)
{
    struct rig *r = calloc(1, sizeof *r);
    cr_assert(r != NULL);
    r->now = 1000 * NEIGH_SEC;
    r->ops = (struct frame_ops){rig_alloc, rig_send, rig_free, r};
    r->page = mmap(NULL, 2 * RIG_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(r->page != MAP_FAILED);
    cr_assert(mprotect(r->page + RIG_PAGE, RIG_PAGE, PROT_NONE) == 0);
    struct net_if *a = &r->ifs[0], *b = &r->ifs[1];
    *a = (struct net_if){.port = 0, .mtu = 1500, .up = true, .has_gw4 = true, .has_gw6 = true};
    memcpy(a->mac, MAC0, 6);
    a->gw4 = ip("192.0.2.254");
    a->gw6 = ip("fe80::fe");
    rig_addr(a, "192.0.2.1", 120);
    rig_addr(a, "2001:db8::1", 64);
    *b = (struct net_if){.port = 1, .mtu = 1400, .up = true, .vlan = 7};
    memcpy(b->mac, MAC1, 6);
    rig_addr(b, "198.51.100.1", 120);
    rig_addr(b, "198.51.100.129", 121);
    rig_addr(b, "2001:db8:1::1", 64);
    r->net = net_create(r->ifs, 2, answers, &r->ops, &r->c, &rig_key, r->now);
    cr_assert(r->net != NULL);
    if (!keep) {
        r->now += 10 * NEIGH_SEC;
        net_tick(r->net, r->now);
        r->nsent = 0;
    }
    return r;
}

static inline void rig_end(struct rig *r)
{
    cr_expect(r->live == 0, "%d frames leaked", r->live);
    net_destroy(r->net);
    munmap(r->page, 2 * RIG_PAGE);
    free(r);
}

static inline uint64_t rig_reasons(const struct rig *r)
{
    uint64_t sum = 0;
    for (unsigned k = 0; k < R_MAX; k++)
        sum += r->c.reason[k];
    return sum;
}

/* One frame through parser, check and input, its last byte before the guard page. Returns its fate. */
static inline enum reason rig_input(struct rig *r, uint16_t port, const void *bytes, uint32_t n,
                                    unsigned flags)
{
    cr_assert(n <= RIG_FRAME);
    uint8_t *at = r->page + RIG_PAGE - n;
    memcpy(at, bytes, n);
    r->in = (struct frame){
        .data = at, .len = n, .headroom = FRAME_HEADROOM, .port = port, .flags = (uint16_t)flags};
    r->live++;
    struct pkt p;
    enum reason why = wire_parse(&r->in, net_if_vlan(r->net, port), &p);
    if (why == R_NONE)
        why = net_check(r->net, &r->in, &p);
    if (why != R_NONE || p.proto == WIRE_TCP) {
        rig_free(r, &r->in);
        return why;
    }
    struct counters before = r->c;
    uint64_t sum = rig_reasons(r);
    net_input(r->net, &r->in, &p, &r->u, r->now);
    cr_assert(rig_reasons(r) == sum + 1, "one reason for each frame");
    for (unsigned k = 0; k < R_MAX; k++)
        if (r->c.reason[k] != before.reason[k])
            why = (enum reason)k;
    return why;
}

static inline uint32_t rig_ether(const struct rig *r, uint16_t port, uint8_t *b, const uint8_t *dmac,
                                 const uint8_t *smac, uint16_t type)
{
    memcpy(b, dmac, 6);
    memcpy(b + 6, smac, 6);
    uint16_t vlan = net_if_vlan(r->net, port);
    if (vlan != 0) {
        put_be16(b + 12, 0x8100);
        put_be16(b + 14, vlan);
    }
    put_be16(b + (vlan != 0 ? 16 : 12), type);
    return vlan != 0 ? 18 : 14;
}

struct rig_arp {
    const uint8_t *dmac, *smac; /* of the Ethernet header; smac NULL: sha */
    uint16_t op;
    const uint8_t *sha;
    const char *spa;
    const uint8_t *tha;
    const char *tpa;
};

static inline uint32_t rig_build_arp(struct rig *r, uint16_t port, struct rig_arp a, uint8_t *b)
{
    uint32_t at = rig_ether(r, port, b, a.dmac, a.smac != NULL ? a.smac : a.sha, 0x0806);
    struct ip_addr spa = ip(a.spa), tpa = ip(a.tpa);
    memcpy(b + at, (const uint8_t[]){0, 1, 8, 0, 6, 4}, 6);
    put_be16(b + at + 6, a.op);
    memcpy(b + at + 8, a.sha, 6);
    memcpy(b + at + 14, spa.b + 12, 4);
    memcpy(b + at + 18, a.tha, 6);
    memcpy(b + at + 24, tpa.b + 12, 4);
    return at + 28;
}

__attribute__((unused)) static enum reason rig_arp(struct rig *r, uint16_t port, struct rig_arp a)
{
    uint8_t b[64];
    uint32_t n = rig_build_arp(r, port, a, b);
    return rig_input(r, port, b, n, 0);
}

/* IP around a layer-4 part whose checksum (at 2 of ICMP) is filled in. */
static inline uint32_t rig_build_ip(struct rig *r, uint16_t port, const uint8_t *dmac, const uint8_t *smac,
                                    const char *from, const char *to, uint8_t proto, uint8_t ttl,
                                    const uint8_t *l4, uint32_t n, uint8_t *b)
{
    struct ip_addr src = ip(from), dst = ip(to);
    bool v4 = ip_is_v4(&src);
    uint32_t at = rig_ether(r, port, b, dmac, smac, v4 ? 0x0800 : 0x86dd);
    uint8_t *h = b + at;
    memset(h, 0, 40);
    if (v4) {
        h[0] = 0x45;
        put_be16(h + 2, (uint16_t)(20 + n));
        h[8] = ttl;
        h[9] = proto;
        memcpy(h + 12, src.b + 12, 4);
        memcpy(h + 16, dst.b + 12, 4);
        put_be16(h + 10, csum_final(csum_bytes(h, 20)));
    } else {
        h[0] = 0x60;
        put_be16(h + 4, (uint16_t)n);
        h[6] = proto;
        h[7] = ttl;
        memcpy(h + 8, src.b, 16);
        memcpy(h + 24, dst.b, 16);
    }
    uint8_t *p = h + (v4 ? 20 : 40);
    memcpy(p, l4, n);
    put_be16(p + 2, 0);
    uint16_t sum = csum_bytes(p, n);
    if (!v4)
        sum = csum_add(sum, csum_pseudo(&src, &dst, proto, n));
    put_be16(p + 2, csum_final(sum));
    return (uint32_t)(p - b) + n;
}

__attribute__((unused)) static enum reason rig_ip(struct rig *r, uint16_t port, const uint8_t *dmac,
                                                  const uint8_t *smac, const char *from, const char *to,
                                                  uint8_t proto, uint8_t ttl, const uint8_t *l4, uint32_t n)
{
    uint8_t b[RIG_FRAME];
    uint32_t len = rig_build_ip(r, port, dmac, smac, from, to, proto, ttl, l4, n, b);
    return rig_input(r, port, b, len, 0);
}

/* A neighbour solicitation or advertisement; `opt` 0: without a link-layer address. */
static inline uint32_t rig_nd_body(uint8_t type, uint8_t flags, const char *target, uint8_t opt,
                                   const uint8_t *lla, uint8_t *b)
{
    struct ip_addr t = ip(target);
    memset(b, 0, 32);
    b[0] = type;
    b[4] = flags;
    memcpy(b + 8, t.b, 16);
    if (opt == 0)
        return 24;
    b[24] = opt;
    b[25] = 1;
    memcpy(b + 26, lla, 6);
    return 32;
}

__attribute__((unused)) static enum reason rig_na(struct rig *r, uint16_t port, const uint8_t *dmac,
                                                  const char *from, const char *to, uint8_t flags,
                                                  const uint8_t *lla)
{
    uint8_t b[32];
    uint32_t n = rig_nd_body(136, flags, from, lla != NULL ? 2 : 0, lla, b);
    return rig_ip(r, port, dmac, lla != NULL ? lla : PEER, from, to, 58, 255, b, n);
}

/* ---- looking at what was sent ---- */

/* Sent frame k as an ARP request for `target` by `dmac`? */
__attribute__((unused)) static bool sent_arp(const struct rig *r, unsigned k, uint16_t op,
                                             const uint8_t *dmac, const char *spa, const char *tpa)
{
    if (k >= r->nsent)
        return false;
    const struct rig_out *o = &r->sent[k];
    const struct net_if *i = &r->ifs[o->port];
    uint32_t at = i->vlan != 0 ? 18 : 14;
    struct ip_addr s = ip(spa), t = ip(tpa);
    if (i->vlan != 0 && (get_be16(o->b + 12) != 0x8100 || get_be16(o->b + 14) != i->vlan))
        return false;
    return o->len == at + 28 && memcmp(o->b, dmac, 6) == 0 && memcmp(o->b + 6, i->mac, 6) == 0 &&
           get_be16(o->b + at - 2) == 0x0806 && get_be16(o->b + at + 6) == op &&
           memcmp(o->b + at + 8, i->mac, 6) == 0 && memcmp(o->b + at + 14, s.b + 12, 4) == 0 &&
           memcmp(o->b + at + 24, t.b + 12, 4) == 0;
}

/* Parses sent frame k, checksums and all. */
__attribute__((unused)) static struct pkt sent_pkt(const struct rig *r, unsigned k, struct frame *f)
{
    struct pkt p;
    cr_assert(k < r->nsent);
    const struct rig_out *o = &r->sent[k];
    *f = (struct frame){.data = (uint8_t *)o->b, .len = o->len, .port = o->port};
    cr_assert(o->len <= sizeof o->b);
    enum reason why = wire_parse(f, r->ifs[o->port].vlan, &p);
    cr_assert(why == R_NONE, "%s", reason_name(why));
    return p;
}

__attribute__((unused)) static bool sent_nd(const struct rig *r, unsigned k, uint8_t type,
                                            const uint8_t *dmac, const char *src, const char *dst,
                                            const char *target)
{
    if (k >= r->nsent)
        return false;
    struct frame f;
    struct pkt p = sent_pkt(r, k, &f);
    const uint8_t *b = f.data + p.l4_off;
    struct ip_addr s = ip(src), d = ip(dst), t = ip(target);
    return p.proto == WIRE_ICMP6 && b[0] == type && p.ttl == 255 && memcmp(p.dmac, dmac, 6) == 0 &&
           ip_eq(&p.key.remote, &s) && ip_eq(&p.key.local, &d) && memcmp(b + 8, t.b, 16) == 0 &&
           p.l4_len == 32 && b[24] == (type == 135 ? 1 : 2) && b[25] == 1 &&
           memcmp(b + 26, r->ifs[f.port].mac, 6) == 0;
}

/* ---- looking at the table ---- */

struct rig_find {
    struct ip_addr addr;
    bool any; /* count all */
    unsigned n;
    struct net_neigh_info found;
};

static inline void rig_visit(void *arg, const struct net_neigh_info *i)
{
    struct rig_find *q = arg;
    if (!q->any && !ip_eq(&q->addr, &i->addr))
        return;
    q->n++;
    q->found = *i;
}

__attribute__((unused)) static const char *neigh_state_of(const struct rig *r, const char *addr)
{
    struct rig_find q = {.addr = ip(addr)};
    net_neighbours(r->net, rig_visit, &q);
    return q.n == 0 ? "none" : q.found.state;
}

__attribute__((unused)) static unsigned neigh_count(const struct rig *r)
{
    struct rig_find q = {.any = true};
    net_neighbours(r->net, rig_visit, &q);
    return q.n;
}

#define expect_state(r, addr, what)                                                                          \
    cr_expect(strcmp(neigh_state_of(r, addr), what) == 0, "%s is %s, not %s", addr, neigh_state_of(r, addr), \
              what)

/* Turns the clock by ns in steps of 100 ms. */
__attribute__((unused)) static void rig_run(struct rig *r, uint64_t ns)
{
    for (uint64_t end = r->now + ns; r->now < end;) {
        r->now += 100 * MS;
        net_tick(r->net, r->now);
    }
}

__attribute__((unused)) static bool rig_link(struct rig *r, struct net_path *path, const char *dst,
                                             struct wire_link *l)
{
    struct ip_addr a = ip(dst);
    return net_link(r->net, path, &a, l, r->now);
}

__attribute__((unused)) static bool rig_route(struct rig *r, const char *dst, struct net_path *path)
{
    struct ip_addr a = ip(dst);
    return net_route(r->net, &a, path, r->now);
}

/* A frame from src, as the SYN that makes lacon look for the way back. */
__attribute__((unused)) static bool rig_back(struct rig *r, uint16_t port, const struct ip_addr *src,
                                             const uint8_t *smac, struct net_path *path)
{
    struct frame f = {.port = port};
    struct pkt p = {.proto = WIRE_TCP, .v4 = ip_is_v4(src), .smac = smac};
    p.key.remote = *src;
    return net_route_back(r->net, &f, &p, path, r->now);
}

/* Answers an outstanding request for a neighbour on port 0. */
__attribute__((unused)) static enum reason rig_arp_answer(struct rig *r, const char *spa, const uint8_t *mac)
{
    return rig_arp(r, 0, (struct rig_arp){MAC0, NULL, 2, mac, spa, MAC0, "192.0.2.1"});
}

#endif
