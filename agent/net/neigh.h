/* neigh: the neighbour table of one worker: which MAC address a next hop on one of our links has, and how
 * sure we are of it (RFC 4861 section 7.3, used for IPv4 too). Plain memory of fixed size inside struct net,
 * living as long as it.
 *
 * Who may take a slot: an attacker on the link can make up any number of senders, so slots come in ranks. A
 * newcomer that somebody else made us know (RANK_GUEST) gives up only other such guests, beyond a small
 * share; guests whose address has answered us (RANK_PROVEN) and next hops that we need ourselves
 * (RANK_NEEDED: gateways, endpoints) stay. Within a rank the least recently used slot goes first. */
#ifndef LACON_NET_NEIGH_H
#define LACON_NET_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/addr.h"
#include "agent/base/siphash.h"
#include "agent/net/net.h"

#define NEIGH_SEC          UINT64_C(1000000000)
#define NEIGH_REACHABLE_NS (30 * NEIGH_SEC)  /* RFC 4861 section 10: REACHABLE_TIME */
#define NEIGH_DELAY_NS     (5 * NEIGH_SEC)   /* DELAY_FIRST_PROBE_TIME */
#define NEIGH_RETRANS_NS   NEIGH_SEC         /* RETRANS_TIMER */
#define NEIGH_TRIES        3u                /* MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT */
#define NEIGH_BACKOFF_NS   (8 * NEIGH_SEC)   /* the longest wait between resolutions that fail */
#define NEIGH_IDLE_NS      (300 * NEIGH_SEC) /* unused for so long: forgotten */
#define NEIGH_GUEST_SHARE  64u               /* so many guests may push out slots of higher ranks */
#define NEIGH_BUCKETS      2048u
#define NEIGH_NONE         UINT16_MAX

/* X(enum suffix, "name in laconctl") */
#define NEIGH_STATES(X)                                                                                      \
    X(FREE, "free")                                                                                          \
    X(INCOMPLETE, "incomplete") /* asked, no answer yet */                                                   \
    X(REACHABLE, "reachable")   /* answered within the last 30 s */                                          \
    X(STALE, "stale")           /* MAC known, not confirmed, not in use */                                   \
    X(DELAY, "delay")           /* as STALE, but in use: will be probed soon */                              \
    X(PROBE, "probe")           /* asked again: by unicast, at last by broadcast; the MAC stays in use */    \
    X(FAILED, "failed")         /* no answer; asked for again when needed, less and less often */

enum neigh_state {
#define X(id, name) NEIGH_##id,
    NEIGH_STATES(X)
#undef X
};

enum neigh_rank { RANK_GUEST, RANK_PROVEN, RANK_NEEDED, RANK_MAX };

struct neigh {
    struct ip_addr addr;
    uint64_t deadline_ns; /* when neigh_tick has to look at it */
    uint64_t used_ns;     /* last use, 100 ms exact */
    uint64_t retry_ns;    /* FAILED: not asked for before */
    uint32_t gen;         /* never 0, so that a zeroed net_path matches no slot */
    uint16_t ifidx;
    uint16_t hash_next;
    uint16_t older, newer; /* neighbours in the rank's list of uses */
    uint8_t mac[6];
    uint8_t state; /* enum neigh_state */
    uint8_t rank;  /* enum neigh_rank */
    uint8_t tries; /* requests sent in this state */
    uint8_t fails; /* resolutions that failed in a row, as far as the back-off counts */
};

struct neigh_table {
    struct neigh slot[NET_MAX_NEIGH];
    uint16_t bucket[NEIGH_BUCKETS];
    uint16_t newest[RANK_MAX], oldest[RANK_MAX];
    uint16_t count[RANK_MAX];
    uint16_t free_list; /* chained through hash_next */
    struct sip_key key;
    uint64_t next_ns; /* not later than the earliest deadline */
};

/* Slots know their neighbours by index, hence `struct net` everywhere: requests are sent through it. All on
 * the worker's thread. */
void neigh_init(struct neigh_table *t, const struct sip_key *key);

/* NULL when it is not known. */
struct neigh *neigh_find(struct net *n, uint16_t ifidx, const struct ip_addr *addr);

/* The slot that `gen` was given for, NULL when it was given up meanwhile. */
struct neigh *neigh_at(struct net *n, uint16_t slot, uint32_t gen);
uint16_t neigh_slot(const struct net *n, const struct neigh *e);

/* Finds or makes the entry of a next hop and starts resolution when its MAC is not known. Never NULL. */
struct neigh *neigh_need(struct net *n, uint16_t ifidx, const struct ip_addr *addr, enum neigh_rank rank,
                         uint64_t now_ns);

/* Marks e as used now. False when it has no MAC to send to; a failed one is asked for again when its time
 * has come. */
bool neigh_use(struct net *n, struct neigh *e, uint64_t now_ns);

bool neigh_has_mac(const struct neigh *e);
/* A request of ours is out. */
bool neigh_asked(const struct neigh *e);

/* The neighbour answered us. */
void neigh_confirm(struct net *n, struct neigh *e, const uint8_t mac[6], uint64_t now_ns);
/* Somebody says that e's MAC is this: believed, but as STALE, when it is news. */
void neigh_hint(struct net *n, struct neigh *e, const uint8_t mac[6], uint64_t now_ns);
/* Reachability is in doubt (RFC 4861 section 7.2.5, a different MAC without the override flag). */
void neigh_doubt(struct net *n, struct neigh *e, uint64_t now_ns);
/* A new guest whose MAC we were told. */
void neigh_guest(struct net *n, uint16_t ifidx, const struct ip_addr *addr, const uint8_t mac[6],
                 uint64_t now_ns);

/* After the link came up: what was known is in doubt, what failed may be asked for at once. */
void neigh_link_up(struct net *n, uint16_t ifidx, uint64_t now_ns);

uint64_t neigh_tick(struct net *n, uint64_t now_ns);
const char *neigh_state_name(const struct neigh *e);

#endif
