/* ICMP (RFC 792) and ICMPv6 (RFC 4443): echo replies, and what routers and hosts say about segments that we
 * sent. The worker's thread; its only state is the echo limit in struct net. wire has verified
 * the 8 bytes that every message has, and the checksum. */
#include "agent/base/csum.h"
#include "agent/base/reason.h"
#include "agent/net/net_priv.h"

#define IP4_MIN     20u
#define IP6_LEN     40u
#define TCP_QUOTED  8u /* ports and sequence number: what RFC 792 promises */
#define MIN_MTU4    68u
#define MIN_MTU6    1280u
#define FRAG_NEEDED 4

enum {
    ECHO_REPLY4 = 0,
    UNREACH4 = 3,
    ECHO4 = 8,
    UNREACH6 = 1,
    TOO_BIG6 = 2,
    ECHO6 = 128,
    ECHO_REPLY6 = 129,
};

/* Token bucket, written as the time at which it is full again: 1000 replies a second, 100 at once. */
#define ECHO_INTERVAL_NS (NEIGH_SEC / 1000)
#define ECHO_BURST       100u

static bool echo_allowed(struct net *n, uint64_t now_ns)
{
    uint64_t full = n->echo_free_ns > now_ns ? n->echo_free_ns : now_ns;
    if (full - now_ns > (ECHO_BURST - 1) * ECHO_INTERVAL_NS)
        return false;
    n->echo_free_ns = full + ECHO_INTERVAL_NS;
    return true;
}

/* Turns the request into its reply, to the MAC that it came from: no look-up, so nobody can make us resolve
 * neighbours by it. Only the type changes (the addresses trade places, which a sum does not see), so the
 * checksum is updated, not computed: a request that was damaged stays so. */
static enum reason echo(struct net *n, const struct iface *i, struct frame *f, const struct pkt *p,
                        uint8_t reply, bool *sent, uint64_t now_ns)
{
    if (ip_is_multicast(&p->key.local) || !iface_peer_mac(i, p->smac))
        return R_DROP_ICMP;
    if (!n->answers)
        return R_CONSUMED;
    if (!echo_allowed(n, now_ns))
        return R_DROP_RATE;

    struct wire_link l = iface_link(i, p->smac);
    struct ip_addr src = p->key.local, dst = p->key.remote;
    frame_trim(f, p->l4_off + p->l4_len); /* Ethernet padding */
    frame_pull(f, p->l4_off);
    uint8_t *b = f->data;
    uint16_t sum = csum_sub((uint16_t)~get_be16(b + 2), get_be16(b));
    b[0] = reply;
    uint16_t field = csum_final(csum_add(sum, get_be16(b)));
    put_be16(b + 2, field ? field : 0xffff); /* the same number, unless the reply is all zeros: then not 0 */
    wire_push_ip(f, &l, &src, &dst, p->v4 ? IPPROTO_NET_ICMP4 : IPPROTO_NET_ICMP6, WIRE_TTL);
    frame_send(&n->ops, f);
    *sent = true;
    return R_CONSUMED;
}

/* Finds the TCP part of a quoted IPv4 packet and its addresses. False when there is none. */
static bool quoted4(struct span q, struct span *tcp, struct ip_addr *src, struct ip_addr *dst)
{
    if (q.n < IP4_MIN || q.p[0] >> 4 != 4)
        return false;
    uint32_t ihl = (q.p[0] & 15u) * 4;
    bool later_fragment = (get_be16(q.p + 6) & 0x1fff) != 0;
    if (ihl < IP4_MIN || q.p[9] != IPPROTO_NET_TCP || later_fragment)
        return false;
    *tcp = span_from(q, ihl);
    *src = ip_from_v4(q.p + 12);
    *dst = ip_from_v4(q.p + 16);
    return true;
}

static bool quoted6(struct span q, struct span *tcp, struct ip_addr *src, struct ip_addr *dst)
{
    if (q.n < IP6_LEN || q.p[0] >> 4 != 6 || q.p[6] != IPPROTO_NET_TCP)
        return false;
    *tcp = span_from(q, IP6_LEN);
    *src = ip_from_v6(q.p + 8);
    *dst = ip_from_v6(q.p + 24);
    return !ip_is_v4(dst);
}

/* Fills u from the quote. It must be of a segment that we could have sent, and the error must have come to
 * that segment's source. */
static enum reason quote(const struct frame *f, const struct pkt *p, struct net_unreach *u)
{
    struct span q = span_of(f->data + p->payload_off, p->payload_len), tcp;
    struct ip_addr src, dst;
    if (!(p->v4 ? quoted4(q, &tcp, &src, &dst) : quoted6(q, &tcp, &src, &dst)))
        return R_DROP_ICMP;
    if (tcp.n < TCP_QUOTED || !ip_eq(&src, &p->key.local))
        return R_DROP_ICMP;
    u->key.local = src;
    u->key.remote = dst;
    u->key.local_port = get_be16(tcp.p);
    u->key.remote_port = get_be16(tcp.p + 2);
    u->seq = get_be32(tcp.p + 4);
    u->valid = true;
    return R_CONSUMED;
}

/* A next-hop MTU that cannot be (0 from before RFC 1191, or below the protocol's minimum, RFC 8201 section 4)
 * is of no use. */
static enum reason too_big(const struct frame *f, const struct pkt *p, uint32_t mtu, uint32_t least,
                           struct net_unreach *u)
{
    if (mtu < least)
        return R_DROP_ICMP;
    enum reason r = quote(f, p, u);
    if (u->valid)
        u->mtu = mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)mtu;
    return r;
}

static enum reason unreachable(const struct frame *f, const struct pkt *p, struct net_unreach *u)
{
    enum reason r = quote(f, p, u);
    u->hard = u->valid;
    return r;
}

static enum reason input4(struct net *n, const struct iface *i, struct frame *f, const struct pkt *p,
                          struct net_unreach *u, bool *sent, uint64_t now_ns)
{
    const uint8_t *b = f->data + p->l4_off;
    if (b[0] == ECHO4 && b[1] == 0)
        return echo(n, i, f, p, ECHO_REPLY4, sent, now_ns);
    if (b[0] != UNREACH4)
        return R_DROP_ICMP;
    return b[1] == FRAG_NEEDED ? too_big(f, p, get_be16(b + 6), MIN_MTU4, u) : unreachable(f, p, u);
}

static enum reason input6(struct net *n, const struct iface *i, struct frame *f, const struct pkt *p,
                          struct net_unreach *u, bool *sent, uint64_t now_ns)
{
    const uint8_t *b = f->data + p->l4_off;
    switch (b[0]) {
    case ND_NS:
    case ND_NA:
        return nd_input(n, i, f, p, now_ns);
    case ECHO6:
        return b[1] == 0 ? echo(n, i, f, p, ECHO_REPLY6, sent, now_ns) : R_DROP_ICMP;
    case UNREACH6:
        return unreachable(f, p, u);
    case TOO_BIG6:
        return too_big(f, p, get_be32(b + 4), MIN_MTU6, u);
    default:
        return R_DROP_ICMP;
    }
}

enum reason icmp_input(struct net *n, const struct iface *i, struct frame *f, const struct pkt *p,
                       struct net_unreach *u, bool *sent, uint64_t now_ns)
{
    return p->proto == WIRE_ICMP4 ? input4(n, i, f, p, u, sent, now_ns) : input6(n, i, f, p, u, sent, now_ns);
}
