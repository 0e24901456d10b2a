/* Interfaces, addresses, routes, and the door for everything that is not TCP. One struct net per worker, made
 * at start and used by that worker's thread alone. */
#include "agent/net/net.h"

#include <assert.h>
#include <stdlib.h>

#include "agent/net/net_priv.h"

/* ---- interfaces and their addresses ---- */

const struct iface *net_iface(const struct net *n, uint16_t port)
{
    for (unsigned k = 0; k < n->nif; k++)
        if (n->ifs[k].cfg.port == port)
            return &n->ifs[k];
    return NULL;
}

uint16_t net_ifidx(const struct net *n, const struct iface *i)
{
    return (uint16_t)(i - n->ifs);
}

bool iface_has(const struct iface *i, const struct ip_addr *a)
{
    for (unsigned k = 0; k < i->cfg.naddr; k++)
        if (ip_eq(&i->cfg.addr[k].addr, a))
            return true;
    return ip_eq(&i->link_local, a);
}

bool iface_peer_mac(const struct iface *i, const uint8_t mac[6])
{
    return mac_is_host(mac) && !mac_eq(mac, i->cfg.mac);
}

static bool is_special(const struct net *n, const struct ip_addr *a, unsigned count)
{
    for (unsigned k = 0; k < count; k++)
        if (ip_eq(&n->special[k], a))
            return true;
    return false;
}

bool net_is_ours(const struct net *n, const struct ip_addr *a)
{
    return is_special(n, a, n->nours);
}

/* Addresses that no single host has or that must not be on a wire: unspecified, loopback, multicast, "this
 * network" and limited broadcast (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5). */
static bool never_a_host(const struct ip_addr *a)
{
    static const struct ip_addr loopback6 = {{[15] = 1}};
    static const uint8_t broadcast4[4] = {255, 255, 255, 255};
    if (ip_is_multicast(a))
        return true;
    if (ip_is_v4(a))
        return a->b[12] == 0 || a->b[12] == 127 || memcmp(v4_bytes(a), broadcast4, 4) == 0;
    return ip_is_zero(a) || ip_eq(a, &loopback6);
}

bool iface_on_link(const struct net *n, const struct iface *i, const struct ip_addr *a, unsigned *bits)
{
    bool found = ip_is_link_local6(a);
    unsigned best = found ? 64 : 0;
    for (unsigned k = 0; k < i->cfg.naddr; k++) {
        const struct net_addr *o = &i->cfg.addr[k];
        if (ip_is_v4(&o->addr) == ip_is_v4(a) && ip_prefix_eq(&o->addr, a, o->bits)) {
            found = true;
            best = o->bits > best ? o->bits : best;
        }
    }
    if (!found || never_a_host(a) || is_special(n, a, n->nspecial))
        return false;
    if (bits != NULL)
        *bits = best;
    return true;
}

static unsigned common_prefix(const struct ip_addr *a, const struct ip_addr *b)
{
    unsigned bits = 0;
    while (bits < 128 && a->b[bits / 8] == b->b[bits / 8])
        bits += 8;
    if (bits == 128)
        return 128;
    for (uint8_t diff = a->b[bits / 8] ^ b->b[bits / 8]; (diff & 0x80) == 0; diff = (uint8_t)(diff << 1))
        bits++;
    return bits;
}

bool iface_source(const struct iface *i, const struct ip_addr *dst, bool any, struct ip_addr *out)
{
    bool v4 = ip_is_v4(dst), local = ip_is_link_local6(dst), found = false;
    unsigned best = 0;
    for (unsigned k = 0; k < i->cfg.naddr; k++) {
        const struct ip_addr *a = &i->cfg.addr[k].addr;
        unsigned bits = common_prefix(a, dst);
        if (ip_is_v4(a) != v4 || ip_is_link_local6(a) != local || (found && bits <= best))
            continue;
        found = true;
        best = bits;
        *out = *a;
    }
    if (!found && !v4 && (local || any)) {
        *out = i->link_local;
        found = true;
    }
    return found;
}

struct wire_link iface_link(const struct iface *i, const uint8_t dmac[6])
{
    struct wire_link l = {.vlan = i->cfg.vlan, .port = i->cfg.port};
    memcpy(l.dmac, dmac, 6);
    memcpy(l.smac, i->cfg.mac, 6);
    return l;
}

uint16_t net_if_vlan(const struct net *n, uint16_t port)
{
    const struct iface *i = net_iface(n, port);
    return i == NULL ? 0 : i->cfg.vlan;
}

uint16_t net_if_mtu(const struct net *n, uint16_t port)
{
    const struct iface *i = net_iface(n, port);
    return i == NULL ? 0 : i->cfg.mtu;
}

bool net_source(const struct net *n, const struct net_path *path, const struct ip_addr *dst,
                struct ip_addr *out)
{
    return path->ifidx < n->nif && iface_source(&n->ifs[path->ifidx], dst, false, out);
}

/* ---- life ---- */

static void announce(struct net *n, struct iface *i, uint64_t now_ns)
{
    for (unsigned k = 0; k < i->cfg.naddr; k++) {
        const struct ip_addr *a = &i->cfg.addr[k].addr;
        if (ip_is_v4(a))
            arp_announce(n, i, a);
        else
            nd_announce(n, i, a);
    }
    i->announce_left--;
    i->announce_ns = now_ns + ANNOUNCE_INTERVAL_NS;
}

static void link_came_up(struct net *n, struct iface *i, uint64_t now_ns)
{
    if (!n->answers)
        return;
    i->announce_left = ANNOUNCE_NUM;
    announce(n, i, now_ns);
}

static struct ip_addr eui64_address(const uint8_t mac[6])
{
    struct ip_addr a = {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, (uint8_t)(mac[0] ^ 2), mac[1], mac[2], 0xff, 0xfe,
                         mac[3], mac[4], mac[5]}};
    return a;
}

static struct ip_addr subnet_broadcast(const struct net_addr *o)
{
    struct ip_addr a = o->addr;
    for (unsigned bit = o->bits; bit < 128; bit++)
        a.b[bit / 8] = (uint8_t)(a.b[bit / 8] | 0x80 >> bit % 8);
    return a;
}

static void collect_special(struct net *n)
{
    for (unsigned k = 0; k < n->nif; k++) {
        const struct iface *i = &n->ifs[k];
        for (unsigned j = 0; j < i->cfg.naddr; j++)
            n->special[n->nours++] = i->cfg.addr[j].addr;
        n->special[n->nours++] = i->link_local;
    }
    n->nspecial = n->nours;
    for (unsigned k = 0; k < n->nif; k++)
        for (unsigned j = 0; j < n->ifs[k].cfg.naddr; j++) {
            const struct net_addr *o = &n->ifs[k].cfg.addr[j];
            if (ip_is_v4(&o->addr) && o->bits < 127) /* /31 and /32 have none: RFC 3021 */
                n->special[n->nspecial++] = subnet_broadcast(o);
        }
}

struct net *net_create(const struct net_if *ifs, unsigned nif, bool answers, const struct frame_ops *ops,
                       struct counters *counters, const struct sip_key *key, uint64_t now_ns)
{
    if (nif > NET_MAX_IF)
        return NULL;
    for (unsigned k = 0; k < nif; k++)
        if (ifs[k].naddr > NET_MAX_ADDR)
            return NULL;
    struct net *n = calloc(1, sizeof *n);
    if (n == NULL)
        return NULL;
    n->nif = nif;
    n->answers = answers;
    n->ops = *ops;
    n->counters = counters;
    for (unsigned k = 0; k < nif; k++) {
        n->ifs[k].cfg = ifs[k];
        n->ifs[k].link_local = eui64_address(ifs[k].mac);
    }
    neigh_init(&n->neigh, key);
    collect_special(n);
    for (unsigned k = 0; k < nif; k++)
        if (n->ifs[k].cfg.up)
            link_came_up(n, &n->ifs[k], now_ns);
    return n;
}

size_t net_memory(void)
{
    return sizeof(struct net);
}

void net_destroy(struct net *n)
{
    free(n);
}

void net_set_link(struct net *n, uint16_t port, bool up, uint64_t now_ns)
{
    const struct iface *found = net_iface(n, port);
    if (found == NULL || found->cfg.up == up)
        return;
    struct iface *i = &n->ifs[net_ifidx(n, found)];
    i->cfg.up = up;
    i->announce_left = 0;
    if (up) {
        neigh_link_up(n, net_ifidx(n, i), now_ns);
        link_came_up(n, i, now_ns);
    }
}

uint64_t net_next_ns(const struct net *n)
{
    uint64_t next = n->neigh.next_ns;
    for (unsigned k = 0; k < n->nif; k++)
        if (n->ifs[k].announce_left > 0 && n->ifs[k].announce_ns < next)
            next = n->ifs[k].announce_ns;
    return next;
}

uint64_t net_tick(struct net *n, uint64_t now_ns)
{
    (void)neigh_tick(n, now_ns);
    for (unsigned k = 0; k < n->nif; k++) {
        struct iface *i = &n->ifs[k];
        if (i->announce_left > 0 && i->announce_ns <= now_ns)
            announce(n, i, now_ns);
    }
    return net_next_ns(n);
}

/* ---- what comes in ---- */

static bool bad_source(const struct net *n, const struct pkt *p)
{
    const struct ip_addr *src = &p->key.remote;
    if (p->proto == WIRE_ICMP6 && ip_is_zero(src)) /* somebody is choosing an address: see nd.c */
        return !ip_is_multicast(&p->key.local);
    return never_a_host(src) || is_special(n, src, n->nspecial);
}

/* IPv6 groups that we are members of on that interface: all nodes, and solicited-node of our addresses. */
static bool in_group(const struct iface *i, const struct ip_addr *group)
{
    static const struct ip_addr all_nodes = {{0xff, 2, [15] = 1}};
    if (ip_eq(group, &all_nodes))
        return true;
    struct ip_addr s = nd_solicited_node(&i->link_local);
    if (ip_eq(group, &s))
        return true;
    for (unsigned k = 0; k < i->cfg.naddr; k++) {
        s = nd_solicited_node(&i->cfg.addr[k].addr);
        if (!ip_is_v4(&i->cfg.addr[k].addr) && ip_eq(group, &s))
            return true;
    }
    return false;
}

static bool dmac_fits(const struct iface *i, const struct pkt *p)
{
    static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    if (mac_eq(p->dmac, i->cfg.mac))
        return true;
    if (p->proto == WIRE_ARP)
        return mac_eq(p->dmac, broadcast);
    if (p->proto != WIRE_ICMP6 || p->key.local.b[0] != 0xff)
        return false;
    uint8_t group[6];
    nd_multicast_mac(&p->key.local, group);
    return mac_eq(p->dmac, group);
}

enum reason net_check(const struct net *n, const struct frame *f, const struct pkt *p)
{
    const struct iface *i = net_iface(n, f->port);
    if (i == NULL)
        return R_DROP_NOT_OURS;
    if (!dmac_fits(i, p))
        return R_DROP_DMAC;
    if (p->proto == WIRE_ARP)
        return R_NONE;
    if (bad_source(n, p))
        return R_DROP_IP_SOURCE;
    const struct ip_addr *dst = &p->key.local;
    if (p->proto == WIRE_ICMP6 && ip_is_multicast(dst))
        return in_group(i, dst) ? R_NONE : R_DROP_NOT_OURS;
    /* A link-local address means nothing beyond its link (RFC 4007). */
    bool ours = ip_is_link_local6(dst) ? iface_has(i, dst) : net_is_ours(n, dst);
    return ours ? R_NONE : R_DROP_NOT_OURS;
}

void net_input(struct net *n, struct frame *f, const struct pkt *p, struct net_unreach *u, uint64_t now_ns)
{
    memset(u, 0, sizeof *u);
    const struct iface *i = net_iface(n, f->port);
    enum reason r = R_DROP_IP_PROTO;
    bool sent = false;
    if (i == NULL)
        r = R_DROP_NOT_OURS;
    else if (p->proto == WIRE_ARP)
        r = arp_input(n, i, f, p, now_ns);
    else if (p->proto == WIRE_ICMP4 || p->proto == WIRE_ICMP6)
        r = icmp_input(n, i, f, p, u, &sent, now_ns);
    count(n->counters, r);
    if (!sent)
        frame_free(&n->ops, f);
}

struct frame *net_alloc(struct net *n)
{
    struct frame *f = frame_alloc(&n->ops);
    if (f == NULL)
        count(n->counters, R_DROP_NO_FRAME);
    return f;
}

void net_solicit(struct net *n, uint16_t ifidx, const struct ip_addr *addr, const uint8_t *mac)
{
    const struct iface *i = &n->ifs[ifidx];
    if (!i->cfg.up)
        return;
    if (ip_is_v4(addr))
        arp_request(n, i, addr, mac);
    else
        nd_solicit(n, i, addr, mac);
}

/* ---- where it goes ---- */

/* The address to resolve for dst on i, NULL when dst cannot be reached there. */
static const struct ip_addr *next_hop(const struct net *n, const struct iface *i, const struct ip_addr *dst,
                                      unsigned *bits)
{
    assert(dst != NULL);
    *bits = 0;
    if (never_a_host(dst) || is_special(n, dst, n->nspecial))
        return NULL;
    if (iface_on_link(n, i, dst, bits))
        return dst;
    if (ip_is_v4(dst))
        return i->cfg.has_gw4 ? &i->cfg.gw4 : NULL;
    return i->cfg.has_gw6 && !ip_is_link_local6(dst) ? &i->cfg.gw6 : NULL;
}

static bool is_gateway(const struct iface *i, const struct ip_addr *a)
{
    return (i->cfg.has_gw4 && ip_eq(&i->cfg.gw4, a)) || (i->cfg.has_gw6 && ip_eq(&i->cfg.gw6, a));
}

/* The longest on-link prefix wins, then a gateway; among equals a link that is up, then `prefer`, then the
 * first. NULL: no route. */
static const struct iface *choose(const struct net *n, const struct ip_addr *dst, const struct iface *prefer)
{
    const struct iface *best = NULL;
    unsigned best_score = 0;
    for (unsigned k = 0; k < n->nif; k++) {
        const struct iface *i = &n->ifs[k];
        unsigned bits;
        if (next_hop(n, i, dst, &bits) == NULL)
            continue;
        unsigned score = bits * 4 + (i->cfg.up ? 2 : 0) + (i == prefer ? 1 : 0);
        if (best == NULL || score > best_score) {
            best = i;
            best_score = score;
        }
    }
    return best;
}

/* Binds the path to dst's next hop on its interface. */
static struct neigh *bind_path(struct net *n, struct net_path *path, const struct ip_addr *dst,
                               enum neigh_rank rank, uint64_t now_ns)
{
    const struct iface *i = &n->ifs[path->ifidx];
    unsigned bits;
    const struct ip_addr *hop = next_hop(n, i, dst, &bits);
    if (hop == NULL)
        return NULL;
    struct neigh *e = neigh_need(n, path->ifidx, hop, is_gateway(i, hop) ? RANK_NEEDED : rank, now_ns);
    path->neigh = neigh_slot(n, e);
    path->gen = e->gen;
    return e;
}

bool net_route(struct net *n, const struct ip_addr *dst, struct net_path *path, uint64_t now_ns)
{
    const struct iface *i = choose(n, dst, NULL);
    if (i == NULL)
        return false;
    path->ifidx = net_ifidx(n, i);
    return bind_path(n, path, dst, RANK_NEEDED, now_ns) != NULL;
}

static bool is_gateway_mac(struct net *n, const struct iface *i, const uint8_t *mac)
{
    const struct ip_addr *gw[] = {i->cfg.has_gw4 ? &i->cfg.gw4 : NULL, i->cfg.has_gw6 ? &i->cfg.gw6 : NULL};
    for (unsigned k = 0; k < 2; k++) {
        const struct neigh *e = gw[k] == NULL ? NULL : neigh_find(n, net_ifidx(n, i), gw[k]);
        if (e != NULL && neigh_has_mac(e) && mac_eq(e->mac, mac))
            return true;
    }
    return false;
}

/* Takes the sender's MAC from its own frame. Only where we know nothing better: a frame is no proof. A frame
 * from the gateway with a neighbour's address is most likely forged somewhere beyond it: that neighbour is
 * then asked. */
static void note_sender(struct net *n, const struct iface *i, const struct ip_addr *src, const uint8_t *smac,
                        uint64_t now_ns)
{
    if (!iface_on_link(n, i, src, NULL) || !iface_peer_mac(i, smac))
        return;
    if (!is_gateway(i, src) && is_gateway_mac(n, i, smac))
        return;
    struct neigh *e = neigh_find(n, net_ifidx(n, i), src);
    if (e == NULL)
        neigh_guest(n, net_ifidx(n, i), src, smac, now_ns);
    else if (!neigh_has_mac(e))
        neigh_hint(n, e, smac, now_ns);
}

bool net_route_back(struct net *n, const struct frame *f, const struct pkt *p, struct net_path *path,
                    uint64_t now_ns)
{
    const struct iface *in = net_iface(n, f->port);
    const struct iface *i = choose(n, &p->key.remote, in);
    if (i == NULL)
        return false;
    if (i == in)
        note_sender(n, in, &p->key.remote, p->smac, now_ns);
    path->ifidx = net_ifidx(n, i);
    return bind_path(n, path, &p->key.remote, RANK_GUEST, now_ns) != NULL;
}

bool net_link(struct net *n, struct net_path *path, const struct ip_addr *dst, struct wire_link *out,
              uint64_t now_ns)
{
    if (path->ifidx >= n->nif)
        return false;
    const struct iface *i = &n->ifs[path->ifidx];
    struct neigh *e = neigh_at(n, path->neigh, path->gen);
    if (e == NULL)
        e = bind_path(n, path, dst, RANK_GUEST, now_ns);
    if (e == NULL || !i->cfg.up || !neigh_use(n, e, now_ns))
        return false;
    /* Field by field, each as it will be read: a struct put together on the way would be read before its
     * bytes have come together. */
    memcpy(out->dmac, e->mac, 6);
    memcpy(out->smac, i->cfg.mac, 6);
    out->vlan = i->cfg.vlan;
    out->port = i->cfg.port;
    return true;
}

void net_neighbours(const struct net *n, void (*fn)(void *arg, const struct net_neigh_info *i), void *arg)
{
    for (unsigned k = 0; k < NET_MAX_NEIGH; k++) {
        const struct neigh *e = &n->neigh.slot[k];
        if (e->state == NEIGH_FREE)
            continue;
        struct net_neigh_info info = {.addr = e->addr, .ifidx = e->ifidx, .state = neigh_state_name(e)};
        memcpy(info.mac, e->mac, 6);
        fn(arg, &info);
    }
}
