/* A host's neighbours: ARP (RFC 826) and neighbour discovery (RFC 4861), with packets queued while a
 * neighbour is looked for. Everything a host talks to is on its own segment. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/host.h"

#define RETRY (1 * SEC)
#define TRIES 60

static void to_wire(struct host *h, const uint8_t mac[6], uint8_t *frame, uint32_t n)
{
    if (h->down)
        return;
    memcpy(frame, mac, 6);
    memcpy(frame + 6, h->port.mac, 6);
    if (h->pad && n < 60) { /* old stacks pad with leftovers */
        memset(frame + n, (int)rng_below(&h->sim->rng, 256), 60 - n);
        n = 60;
    }
    if (h->vlan) {
        memmove(frame + 16, frame + 12, n - 12);
        memcpy(frame + 12, (uint8_t[]){0x81, 0, (uint8_t)(h->vlan >> 8), (uint8_t)h->vlan}, 4);
        n += 4;
    }
    lan_send(&h->port, frame, n);
}

static void send_arp(struct host *h, uint8_t op, const uint8_t dmac[6], const uint8_t target_mac[6],
                     const uint8_t *our_ip, const uint8_t *ip)
{
    uint8_t f[68] = {0};
    memcpy(f + 12, "\x08\x06\0\x01\x08\0\x06\x04\0", 9);
    f[21] = op;
    memcpy(f + 22, h->port.mac, 6);
    memcpy(f + 28, our_ip, 4);
    memcpy(f + 32, target_mac, 6);
    memcpy(f + 38, ip, 4);
    to_wire(h, dmac, f, 42);
}

/* Neighbour solicitation (135) or advertisement (136) about `target`, with our MAC as option. */
static void send_nd(struct host *h, uint8_t type, const uint8_t dmac[6], const struct ip_addr *src,
                    const struct ip_addr *dst, const struct ip_addr *target)
{
    struct seg s = seg_tcp();
    uint8_t m[32] = {type}, out[SEG_FRAME];
    s.v4 = false;
    s.ttl = 255;
    s.src = *src;
    s.dst = *dst;
    m[4] = type == 136 ? 0x60 : 0;
    memcpy(m + 8, target->b, 16);
    m[24] = type == 136 ? 2 : 1;
    m[25] = 1;
    memcpy(m + 26, h->port.mac, 6);
    to_wire(h, dmac, out, seg_build_ip(&s, 58, m, sizeof m, out));
}

static const struct ip_addr *our_addr_like(const struct host *h, const struct ip_addr *peer)
{
    for (unsigned i = 0; i < h->naddr; i++)
        if (ip_is_v4(&h->addr[i]) == ip_is_v4(peer))
            return &h->addr[i];
    return &h->addr[0];
}

static void ask(struct neigh *n)
{
    static const uint8_t all[6] = {255, 255, 255, 255, 255, 255}, zero[6];
    const struct ip_addr *us = our_addr_like(n->host, &n->addr);
    if (ip_is_v4(&n->addr)) {
        send_arp(n->host, 1, all, zero, us->b + 12, n->addr.b + 12);
        return;
    }
    const uint8_t *t = n->addr.b;
    struct ip_addr group = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, t[13], t[14], t[15]}};
    uint8_t mac[6] = {0x33, 0x33, 0xff, t[13], t[14], t[15]};
    send_nd(n->host, 135, mac, us, &group, &n->addr);
}

static void forget_queue(struct neigh *n)
{
    for (unsigned i = 0; i < n->nqueue; i++)
        free(n->queue[i].p);
    n->nqueue = 0;
}

static void forget(struct neigh *n)
{
    struct neigh **p = &n->host->neigh;
    while (*p != n)
        p = &(*p)->next;
    *p = n->next;
    sim_disarm(n->host->sim, &n->timer);
    forget_queue(n);
    free(n);
}

static void on_timer(void *arg)
{
    struct neigh *n = arg;
    if (n->known)
        return;
    if (++n->tries > TRIES) {
        forget(n);
        return;
    }
    ask(n);
    sim_arm(n->host->sim, &n->timer, n->host->sim->now + RETRY);
}

void host_neigh_fini(struct host *h)
{
    while (h->neigh)
        forget(h->neigh);
}

static struct neigh *find(struct host *h, const struct ip_addr *a)
{
    for (struct neigh *n = h->neigh; n; n = n->next)
        if (ip_eq(&n->addr, a))
            return n;
    return NULL;
}

static struct neigh *add(struct host *h, const struct ip_addr *a)
{
    struct neigh *n = xalloc(sizeof *n);
    n->host = h;
    n->addr = *a;
    n->timer = (struct sim_timer){.fn = on_timer, .arg = n};
    n->next = h->neigh;
    return h->neigh = n;
}

void host_neigh_send(struct host *h, const struct ip_addr *dst, uint8_t *frame, uint32_t n)
{
    struct neigh *e = find(h, dst);
    if (e && e->known) {
        to_wire(h, e->mac, frame, n);
        return;
    }
    if (!e) {
        e = add(h, dst);
        ask(e);
        sim_arm(h->sim, &e->timer, h->sim->now + RETRY);
    }
    if (e->nqueue == HOST_QUEUE)
        return;
    e->queue[e->nqueue].p = xalloc(SEG_FRAME);
    memcpy(e->queue[e->nqueue].p, frame, n);
    e->queue[e->nqueue++].n = n;
}

static void learn(struct host *h, const struct ip_addr *a, const uint8_t mac[6], bool create)
{
    struct neigh *e = find(h, a);
    if (!e && !create)
        return;
    if (!e)
        e = add(h, a);
    memcpy(e->mac, mac, 6);
    e->known = true;
    sim_disarm(h->sim, &e->timer);
    for (unsigned i = 0; i < e->nqueue; i++)
        to_wire(h, e->mac, e->queue[i].p, e->queue[i].n);
    forget_queue(e);
}

void host_neigh_arp_input(struct host *h, const struct seg *s)
{
    struct ip_addr from = ip_from_v4(s->l3 + 14), to = ip_from_v4(s->l3 + 24);
    bool ours = host_has_addr(h, &to), probe = memcmp(s->l3 + 14, "\0\0\0\0", 4) == 0;
    if (!probe)
        learn(h, &from, s->l3 + 8, ours && s->l3[7] == 1);
    if (ours && s->l3[7] == 1)
        send_arp(h, 2, s->l3 + 8, s->l3 + 8, to.b + 12, s->l3 + 14);
}

void host_neigh_icmp6_input(struct host *h, const struct seg *s)
{
    if (s->l4_len < 24 || s->ttl != 255)
        return;
    struct ip_addr target = ip_from_v6(s->l4 + 8);
    const uint8_t *opt = s->l4_len >= 32 ? s->l4 + 24 : NULL;
    if (s->l4[0] == 136 && opt && opt[0] == 2) {
        learn(h, &target, opt + 2, false);
    } else if (s->l4[0] == 135 && host_has_addr(h, &target)) {
        static const struct ip_addr nodes = {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
        bool dad = ip_is_zero(&s->src);
        if (opt && opt[0] == 1 && !dad)
            learn(h, &s->src, opt + 2, true);
        send_nd(h, 136, s->smac, &target, dad ? &nodes : &s->src, &target);
    }
}
