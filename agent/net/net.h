/* net: the little of IP that lacon needs on its own interfaces: which addresses are ours, where a destination
 * leads, neighbours (ARP, RFC 826; neighbour discovery, RFC 4861), echo replies. One per worker, share
 * nothing: ARP and ND frames are given to every worker, and only the worker with `answers` set replies. */
#ifndef LACON_NET_NET_H
#define LACON_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/counters.h"
#include "agent/base/frame.h"
#include "agent/base/siphash.h"
#include "agent/wire/wire.h"

#define NET_MAX_IF   16
#define NET_MAX_ADDR 16
#define NET_MAX_NEIGH                                                                                        \
    1024 /* per worker; least recently used are given up, those pinned by a conn's path are re-resolved */

struct net_addr {
    struct ip_addr addr;
    uint8_t bits; /* in the 16-byte form: IPv4 /24 is 120 */
};

struct net_if {
    uint16_t port; /* interface index = frame.port */
    uint8_t mac[6];
    uint16_t vlan;
    uint16_t mtu;
    bool up;
    unsigned naddr;
    struct net_addr addr[NET_MAX_ADDR];
    bool has_gw4, has_gw6;
    struct ip_addr gw4, gw6;
};

struct net;

/* `ifs`, `ops` and `key` (of the neighbour table's hash, secret) are copied. `answers`: this worker replies
 * to ARP, ND, echo and announces our addresses (now, on links that are up). Counters are borrowed. NULL: out
 * of memory, or more interfaces or addresses than there is room for. */
struct net *net_create(const struct net_if *ifs, unsigned n, bool answers, const struct frame_ops *ops,
                       struct counters *counters, const struct sip_key *key, uint64_t now_ns);
void net_destroy(struct net *n);
/* Bytes of one, neighbours included. */
size_t net_memory(void);

void net_set_link(struct net *n, uint16_t port, bool up, uint64_t now_ns);
uint16_t net_if_vlan(const struct net *n, uint16_t port);
uint16_t net_if_mtu(const struct net *n, uint16_t port);

/* Is this destination address one of ours (on any interface)? Ours is also each interface's link-local IPv6
 * address made from its MAC (RFC 4291 appendix A). */
bool net_is_ours(const struct net *n, const struct ip_addr *a);

/* Whole check of a parsed frame's layer 2 and 3 addresses: R_NONE, or why it is dropped (DROP_DMAC,
 * DROP_IP_SOURCE, DROP_NOT_OURS). */
enum reason net_check(const struct net *n, const struct frame *f, const struct pkt *p);

/* Handles ARP, ICMP and ICMPv6 of a frame that passed net_check. Consumes f and counts one reason for it
 * (besides DROP_NO_FRAME for an answer that could not be made). *u is always written; an ICMP error that
 * makes it valid counts as CONSUMED, any other as DROP_ICMP. That the quoted sequence number is one we sent
 * is the caller's to check. */
struct net_unreach {
    bool valid;          /* an ICMP destination-unreachable that quotes a TCP segment of ours */
    bool hard;           /* destination unreachable, whatever code (not "too big") */
    struct flow_key key; /* the quoted flow, remote = whom we sent to */
    uint32_t seq;        /* quoted */
    uint16_t mtu;        /* "too big": next-hop MTU, 0 otherwise */
};
void net_input(struct net *n, struct frame *f, const struct pkt *p, struct net_unreach *u, uint64_t now_ns);

/* A next hop. Stays valid for the net's life; the binding of destination to path may be cached by a conn for
 * its life. */
struct net_path {
    uint16_t ifidx; /* index into the interfaces */
    uint16_t neigh; /* slot */
    uint32_t gen;   /* of that slot */
};

/* Where does dst lead? False: no route, also for addresses that are ours or no host's. Chooses an interface
 * with dst on-link (longest prefix), else one with a gateway of that family; among equals one whose link is
 * up; starts resolution when the neighbour is not known. For whom lacon itself wants to reach (endpoints):
 * its slot is not pushed out by those who merely send to us, unless such needs fill the table. */
bool net_route(struct net *n, const struct ip_addr *dst, struct net_path *path, uint64_t now_ns);

/* As net_route for who sent us f, by f's interface when that is no worse; also notes that smac on `port` sent
 * us a frame from dst, when dst is on-link there (a SYN's source saves a resolution). */
bool net_route_back(struct net *n, const struct frame *f, const struct pkt *p, struct net_path *path,
                    uint64_t now_ns);

/* Fills the layer-2 header. False when the neighbour is not resolved or the link is down (resolution has been
 * started; the caller counts and drops). `dst` is used to bind the path again if its slot was given up. */
bool net_link(struct net *n, struct net_path *path, const struct ip_addr *dst, struct wire_link *out,
              uint64_t now_ns);

/* Our address of dst's family to use as source toward dst on that path (longest common prefix on the path's
 * interface). False: none. */
bool net_source(const struct net *n, const struct net_path *path, const struct ip_addr *dst,
                struct ip_addr *out);

/* "Packet too big" for a segment that somebody sent us: RFC 1191 to IPv4, RFC 8201 to IPv6. */
struct net_too_big {
    struct flow_key key; /* of that segment, as we name it: its sender is the remote side */
    uint32_t seq;        /* its sequence number */
    uint16_t mtu;        /* what the next hop takes, IP header included */
    uint16_t length;     /* of that segment, IP header included, as it is quoted */
};

/* Sends it along the sender's path, from the address that the segment was for. Nothing is sent where mtu is
 * below what every link of that family carries, or the neighbour is not resolved. */
void net_too_big(struct net *n, struct net_path *path, const struct net_too_big *t, uint64_t now_ns);

/* Ages neighbours, repeats requests. Call at least every 100 ms; returns when it next wants to be called. */
uint64_t net_tick(struct net *n, uint64_t now_ns);

/* When net_tick() has something to do next; any call of this header may have moved it. */
uint64_t net_next_ns(const struct net *n);

/* Neighbours for laconctl; calls fn for each. Worker's thread. */
struct net_neigh_info {
    struct ip_addr addr;
    uint8_t mac[6];
    uint16_t ifidx;
    const char *state;
};
void net_neighbours(const struct net *n, void (*fn)(void *arg, const struct net_neigh_info *i), void *arg);

#endif
