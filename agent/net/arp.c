/* ARP (RFC 826, RFC 5227) for IPv4 over Ethernet. The worker's thread; no state of its own.
 *
 * ARP has no proof of anything, so what it may do is kept small: an answer changes only entries that we made,
 * a question for one of our addresses may add its sender as a guest (see neigh.h), everything else is
 * ignored. */
#include "agent/base/reason.h"
#include "agent/net/net_priv.h"

#define ARP_LEN 28u

enum { ARP_REQUEST = 1, ARP_REPLY = 2 };

struct arp {
    uint16_t op;
    const uint8_t *sha, *tha;
    struct ip_addr spa, tpa;
};

static const uint8_t zero_mac[6], broadcast_mac[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static bool arp_parse(const struct frame *f, const struct pkt *p, struct arp *a)
{
    static const uint8_t ether_ipv4[6] = {0, 1, 8, 0, 6, 4}; /* hardware, protocol, their lengths */
    const uint8_t *b = f->data + p->l3_off; /* wire has seen to it that all 28 bytes are there */
    if (memcmp(b, ether_ipv4, sizeof ether_ipv4) != 0)
        return false;
    a->op = get_be16(b + 6);
    a->sha = b + 8;
    a->spa = ip_from_v4(b + 14);
    a->tha = b + 18;
    a->tpa = ip_from_v4(b + 24);
    return true;
}

/* Sends one ARP packet from i. */
static void arp_send(struct net *n, const struct iface *i, uint16_t op, const uint8_t dmac[6],
                     const struct ip_addr *spa, const uint8_t tha[6], const struct ip_addr *tpa)
{
    struct frame *f = net_alloc(n);
    if (f == NULL)
        return;
    uint8_t *b = frame_put(f, ARP_LEN);
    memcpy(b, (const uint8_t[]){0, 1, 8, 0, 6, 4}, 6);
    put_be16(b + 6, op);
    memcpy(b + 8, i->cfg.mac, 6);
    memcpy(b + 14, v4_bytes(spa), 4);
    memcpy(b + 18, tha, 6);
    memcpy(b + 24, v4_bytes(tpa), 4);

    put_be16(frame_push(f, 2), 0x0806);
    if (i->cfg.vlan != 0) {
        b = frame_push(f, 4);
        put_be16(b, 0x8100);
        put_be16(b + 2, i->cfg.vlan);
    }
    b = frame_push(f, 12);
    memcpy(b, dmac, 6);
    memcpy(b + 6, i->cfg.mac, 6);
    f->port = i->cfg.port;
    frame_send(&n->ops, f);
}

/* Without an address of ours on that interface it asks as 0.0.0.0, as RFC 5227's probes do: hosts answer. */
void arp_request(struct net *n, const struct iface *i, const struct ip_addr *addr, const uint8_t *mac)
{
    static const uint8_t unspecified[4];
    struct ip_addr src = ip_from_v4(unspecified);
    iface_source(i, addr, false, &src);
    arp_send(n, i, ARP_REQUEST, mac == NULL ? broadcast_mac : mac, &src, zero_mac, addr);
}

void arp_announce(struct net *n, const struct iface *i, const struct ip_addr *addr)
{
    arp_send(n, i, ARP_REQUEST, broadcast_mac, addr, zero_mac, addr);
}

static enum reason on_request(struct net *n, const struct iface *i, const struct arp *a, uint64_t now_ns)
{
    if (!iface_has(i, &a->tpa))
        return R_DROP_ARP;
    uint16_t ifidx = net_ifidx(n, i);
    struct neigh *e = neigh_find(n, ifidx, &a->spa);
    if (e != NULL)
        neigh_hint(n, e, a->sha, now_ns);
    else if (iface_on_link(n, i, &a->spa, NULL))
        neigh_guest(n, ifidx, &a->spa, a->sha, now_ns);
    if (n->answers)
        arp_send(n, i, ARP_REPLY, a->sha, &a->tpa, a->sha, &a->spa);
    return R_CONSUMED;
}

static enum reason on_reply(struct net *n, const struct iface *i, const struct arp *a, bool to_us,
                            uint64_t now_ns)
{
    if (!to_us || !iface_has(i, &a->tpa))
        return R_DROP_ARP;
    struct neigh *e = neigh_find(n, net_ifidx(n, i), &a->spa);
    if (e == NULL)
        return R_CONSUMED; /* another worker has asked */
    if (neigh_asked(e) || (neigh_has_mac(e) && mac_eq(e->mac, a->sha)))
        neigh_confirm(n, e, a->sha, now_ns);
    else
        neigh_hint(n, e, a->sha, now_ns);
    return R_CONSUMED;
}

enum reason arp_input(struct net *n, const struct iface *i, const struct frame *f, const struct pkt *p,
                      uint64_t now_ns)
{
    struct arp a;
    if (!arp_parse(f, p, &a) || !iface_peer_mac(i, a.sha) || net_is_ours(n, &a.spa))
        return R_DROP_ARP;
    if (ip_eq(&a.spa, &a.tpa)) { /* gratuitous, as request or as reply */
        struct neigh *e = neigh_find(n, net_ifidx(n, i), &a.spa);
        if (e != NULL)
            neigh_hint(n, e, a.sha, now_ns);
        return R_CONSUMED;
    }
    if (a.op == ARP_REQUEST)
        return on_request(n, i, &a, now_ns);
    if (a.op == ARP_REPLY)
        return on_reply(n, i, &a, mac_eq(p->dmac, i->cfg.mac) && mac_eq(a.tha, i->cfg.mac), now_ns);
    return R_DROP_ARP;
}
