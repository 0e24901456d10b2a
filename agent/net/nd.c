/* Neighbour discovery for IPv6 (RFC 4861), the host's part that a machine with configured gateways needs:
 * neighbour solicitations and advertisements. No router discovery, no redirects, no detection of duplicate
 * addresses of our own. The worker's thread; no state of its own. */
#include "agent/base/csum.h"
#include "agent/base/reason.h"
#include "agent/net/net_priv.h"

#define ND_LEN   24u /* type, code, checksum, flags, target */
#define OPT_LEN  8u  /* a link-layer address option for Ethernet */
#define OPT_SLLA 1
#define OPT_TLLA 2

#define NA_SOLICITED 0x40
#define NA_OVERRIDE  0x20

static const struct ip_addr all_nodes = {{0xff, 2, [15] = 1}};

struct ip_addr nd_solicited_node(const struct ip_addr *a)
{
    struct ip_addr s = {{0xff, 2, [11] = 1, 0xff, a->b[13], a->b[14], a->b[15]}};
    return s;
}

void nd_multicast_mac(const struct ip_addr *group, uint8_t mac[6])
{
    mac[0] = mac[1] = 0x33;
    memcpy(mac + 2, group->b + 12, 4);
}

/* ---- sending ---- */

/* `opt`: the option that carries our MAC, 0 for none. */
static void nd_send(struct net *n, const struct iface *i, uint8_t type, uint8_t flags,
                    const struct ip_addr *target, uint8_t opt, const struct ip_addr *src,
                    const struct ip_addr *dst, const uint8_t *dmac)
{
    struct frame *f = net_alloc(n);
    if (f == NULL)
        return;
    uint32_t len = ND_LEN + (opt != 0 ? OPT_LEN : 0);
    uint8_t *b = frame_put(f, len);
    memset(b, 0, len);
    b[0] = type;
    b[4] = flags;
    memcpy(b + 8, target->b, 16);
    if (opt != 0) {
        b[ND_LEN] = opt;
        b[ND_LEN + 1] = OPT_LEN / 8;
        memcpy(b + ND_LEN + 2, i->cfg.mac, 6);
    }
    uint16_t sum = csum_add(csum_bytes(b, len), csum_pseudo(src, dst, IPPROTO_NET_ICMP6, len));
    put_be16(b + 2, csum_final(sum));

    uint8_t group[6];
    nd_multicast_mac(dst, group);
    struct wire_link l = iface_link(i, dmac == NULL ? group : dmac);
    wire_push_ip(f, &l, src, dst, IPPROTO_NET_ICMP6, 255);
    frame_send(&n->ops, f);
}

void nd_solicit(struct net *n, const struct iface *i, const struct ip_addr *addr, const uint8_t *mac)
{
    struct ip_addr src;
    iface_source(i, addr, true, &src); /* always finds one: there is the link-local address */
    struct ip_addr dst = mac == NULL ? nd_solicited_node(addr) : *addr;
    nd_send(n, i, ND_NS, 0, addr, OPT_SLLA, &src, &dst, mac);
}

void nd_announce(struct net *n, const struct iface *i, const struct ip_addr *addr)
{
    nd_send(n, i, ND_NA, NA_OVERRIDE, addr, OPT_TLLA, addr, &all_nodes, NULL);
}

/* ---- receiving ---- */

struct nd {
    uint8_t flags;
    struct ip_addr target;
    const uint8_t *lla; /* of the option that belongs to the type, NULL when absent */
};

/* The checks of RFC 4861 sections 7.1.1 and 7.1.2 that both types share; finds the option `want`. */
static bool nd_parse(const struct frame *f, const struct pkt *p, uint8_t want, struct nd *m)
{
    const uint8_t *b = f->data + p->l4_off;
    if (p->ttl != 255 || p->l4_len < ND_LEN || b[1] != 0)
        return false;
    m->flags = b[4];
    m->target = ip_from_v6(b + 8);
    m->lla = NULL;
    if (ip_is_multicast(&m->target) || ip_is_v4(&m->target))
        return false;
    for (uint32_t at = ND_LEN; at < p->l4_len;) {
        uint32_t left = p->l4_len - at;
        uint32_t len = left < 2 ? 0 : b[at + 1] * 8u;
        if (len == 0 || len > left) /* length 0 would loop for ever */
            return false;
        if (b[at] == want && len == OPT_LEN)
            m->lla = b + at + 2;
        at += len;
    }
    return true;
}

static enum reason on_solicitation(struct net *n, const struct iface *i, const struct pkt *p,
                                   const struct nd *m, uint64_t now_ns)
{
    const struct ip_addr *from = &p->key.remote;
    bool unspecified = ip_is_zero(from);
    struct ip_addr group = nd_solicited_node(&m->target);
    if (unspecified && (m->lla != NULL || !ip_eq(&p->key.local, &group)))
        return R_DROP_ND;
    if (!iface_has(i, &m->target))
        return R_DROP_ND;
    if (unspecified) { /* somebody wants our address: tell everybody that it is taken */
        if (n->answers)
            nd_send(n, i, ND_NA, NA_OVERRIDE, &m->target, OPT_TLLA, &m->target, &all_nodes, NULL);
        return R_CONSUMED;
    }
    const uint8_t *mac = m->lla != NULL ? m->lla : p->smac;
    if (!iface_peer_mac(i, mac))
        return R_DROP_ND;
    uint16_t ifidx = net_ifidx(n, i);
    struct neigh *e = neigh_find(n, ifidx, from);
    if (e != NULL && m->lla != NULL)
        neigh_hint(n, e, mac, now_ns);
    else if (m->lla != NULL && iface_on_link(n, i, from, NULL))
        neigh_guest(n, ifidx, from, mac, now_ns);
    if (n->answers)
        nd_send(n, i, ND_NA, NA_SOLICITED | NA_OVERRIDE, &m->target, OPT_TLLA, &m->target, from, mac);
    return R_CONSUMED;
}

/* RFC 4861 section 7.2.5. */
static void advertised(struct net *n, struct neigh *e, const struct nd *m, uint64_t now_ns)
{
    bool solicited = m->flags & NA_SOLICITED, override = m->flags & NA_OVERRIDE;
    if (!neigh_has_mac(e)) {
        if (m->lla == NULL)
            return;
        if (solicited && neigh_asked(e))
            neigh_confirm(n, e, m->lla, now_ns);
        else
            neigh_hint(n, e, m->lla, now_ns);
        return;
    }
    bool news = m->lla != NULL && !mac_eq(e->mac, m->lla);
    if (news && !override)
        neigh_doubt(n, e, now_ns);
    else if (solicited && (!news || neigh_asked(e)))
        neigh_confirm(n, e, news ? m->lla : e->mac, now_ns);
    else if (news)
        neigh_hint(n, e, m->lla, now_ns);
}

static enum reason on_advertisement(struct net *n, const struct iface *i, const struct pkt *p,
                                    const struct nd *m, uint64_t now_ns)
{
    if ((m->flags & NA_SOLICITED) && ip_is_multicast(&p->key.local))
        return R_DROP_ND;
    if (net_is_ours(n, &m->target) || (m->lla != NULL && !iface_peer_mac(i, m->lla)))
        return R_DROP_ND;
    struct neigh *e = neigh_find(n, net_ifidx(n, i), &m->target);
    if (e != NULL)
        advertised(n, e, m, now_ns);
    return R_CONSUMED; /* also when another worker has asked */
}

enum reason nd_input(struct net *n, const struct iface *i, const struct frame *f, const struct pkt *p,
                     uint64_t now_ns)
{
    struct nd m;
    bool ns = f->data[p->l4_off] == ND_NS;
    if (!nd_parse(f, p, ns ? OPT_SLLA : OPT_TLLA, &m))
        return R_DROP_ND;
    if (ns)
        return on_solicitation(n, i, p, &m, now_ns);
    if (ip_is_zero(&p->key.remote))
        return R_DROP_ND;
    return on_advertisement(n, i, p, &m, now_ns);
}
