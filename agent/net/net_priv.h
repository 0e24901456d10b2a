/* net_priv: what the files of this folder share. Not for others. */
#ifndef LACON_NET_NET_PRIV_H
#define LACON_NET_NET_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "agent/net/neigh.h"
#include "agent/net/net.h"

#define IPPROTO_NET_ICMP4 1
#define IPPROTO_NET_TCP   6
#define IPPROTO_NET_ICMP6 58

#define ANNOUNCE_NUM         2u /* RFC 5227 section 1.1 */
#define ANNOUNCE_INTERVAL_NS (2 * NEIGH_SEC)

struct iface {
    struct net_if cfg;
    struct ip_addr link_local; /* fe80::/64 with the MAC's modified EUI-64 (RFC 4291 appendix A) */
    unsigned announce_left;
    uint64_t announce_ns;
};

#define NET_MAX_OURS    (NET_MAX_IF * (NET_MAX_ADDR + 1))
#define NET_MAX_SPECIAL (NET_MAX_OURS + NET_MAX_IF * NET_MAX_ADDR)

struct net {
    struct iface ifs[NET_MAX_IF];
    unsigned nif;
    bool answers;
    struct frame_ops ops;
    struct counters *counters;
    /* Addresses that nobody else can be: first ours, then the subnets' broadcast addresses. */
    struct ip_addr special[NET_MAX_SPECIAL];
    unsigned nours, nspecial;
    uint64_t echo_free_ns; /* see icmp.c */
    struct neigh_table neigh;
};

/* The last four bytes of an IPv4-mapped address. */
static inline const uint8_t *v4_bytes(const struct ip_addr *a)
{
    return a->b + 12;
}

/* A MAC that one host can have: no group bit, not all zero. */
static inline bool mac_is_host(const uint8_t mac[6])
{
    static const uint8_t zero[6];
    return (mac[0] & 1) == 0 && memcmp(mac, zero, 6) != 0;
}

static inline bool mac_eq(const uint8_t a[6], const uint8_t b[6])
{
    return memcmp(a, b, 6) == 0;
}

static inline bool ip_is_multicast(const struct ip_addr *a)
{
    return ip_is_v4(a) ? (a->b[12] & 0xf0) == 0xe0 : a->b[0] == 0xff;
}

static inline bool ip_is_link_local6(const struct ip_addr *a)
{
    return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* net.c: addresses */

/* NULL when no interface has that port. */
const struct iface *net_iface(const struct net *n, uint16_t port);
uint16_t net_ifidx(const struct net *n, const struct iface *i);
/* Is `a` an address of this very interface, its link-local one included? */
bool iface_has(const struct iface *i, const struct ip_addr *a);
/* Is `a` somebody else's unicast address on this interface's link? Then *bits (if not NULL) is the length of
 * the longest prefix that says so. */
bool iface_on_link(const struct net *n, const struct iface *i, const struct ip_addr *a, unsigned *bits);
/* As net_source; `any` also takes the link-local address toward other scopes when there is nothing else. */
bool iface_source(const struct iface *i, const struct ip_addr *dst, bool any, struct ip_addr *out);
/* Can this be the MAC of another host on that link? */
bool iface_peer_mac(const struct iface *i, const uint8_t mac[6]);
struct wire_link iface_link(const struct iface *i, const uint8_t dmac[6]);

/* Asks for addr's MAC: by unicast to `mac`, or by broadcast or multicast when it is NULL. Nothing is sent on
 * a link that is down. */
void net_solicit(struct net *n, uint16_t ifidx, const struct ip_addr *addr, const uint8_t *mac);

/* NULL, counted, when there is none. */
struct frame *net_alloc(struct net *n);

/* arp.c, nd.c, icmp.c. The inputs change f at most; they return why it ends here. *sent: f went out again. */
void arp_request(struct net *n, const struct iface *i, const struct ip_addr *addr, const uint8_t *mac);
void arp_announce(struct net *n, const struct iface *i, const struct ip_addr *addr);
enum reason arp_input(struct net *n, const struct iface *i, const struct frame *f, const struct pkt *p,
                      uint64_t now_ns);

void nd_solicit(struct net *n, const struct iface *i, const struct ip_addr *addr, const uint8_t *mac);
void nd_announce(struct net *n, const struct iface *i, const struct ip_addr *addr);
enum reason nd_input(struct net *n, const struct iface *i, const struct frame *f, const struct pkt *p,
                     uint64_t now_ns);
#define ND_NS 135
#define ND_NA 136
/* The solicited-node multicast address of a (RFC 4291 section 2.7.1), and the MAC of a multicast address (RFC
 * 2464 section 7). */
struct ip_addr nd_solicited_node(const struct ip_addr *a);
void nd_multicast_mac(const struct ip_addr *group, uint8_t mac[6]);

enum reason icmp_input(struct net *n, const struct iface *i, struct frame *f, const struct pkt *p,
                       struct net_unreach *u, bool *sent, uint64_t now_ns);

#endif
