/* clients: how much of a worker each client address has: open conns and kept bytes. An IPv4 client is its
 * address, an IPv6 client its /64 (one host can have all of it).
 *
 * Invariant: an entry exists while it has a reference, and references are conns of the table (a client's own,
 * or an endpoint's that still keeps bytes of that client). So there are never more entries than conns, the
 * table has as many as there can be conns, and it cannot be full while a conn could still be made: a million
 * addresses push nobody out. A SYN only looks; it takes no entry.
 *
 * Kept bytes are a share, too, and what is held of a conn does not grow while its client has all of its
 * share. Were that all, heads in pieces of one client could fill the share, each waiting for the memory of
 * the others for ever. So one conn of each client may exceed it, until nothing is held of it any more:
 *  - That conn never waits for its client's memory: it gets its whole window (w0), its head becomes whole, or
 *    its time runs out, and then another may. It is not given to a conn whose message is complete: what is
 *    held behind that waits for a response, not for memory.
 *  - Others grow only while there is less than the share, by one buffer at most. So what is held of them is
 *    less than the share and KBUF_MAX. The rest is bytes under way, which go when their receivers have them.
 *    The conn that exceeds waits while both are more than that, or conns could do so in turn and leave ever
 *    more under way; and as what is held of others is not, it does not wait for those.
 * One client therefore holds less than its share and 2 * KBUF_MAX.
 *
 * The table is looked into once per SYN and once per conn; conns and extents name their entry by its index.
 * The hash is keyed. One worker's thread; control threads may copy entries (clients_peek). */
#ifndef LACON_SPLICE_CLIENTS_H
#define LACON_SPLICE_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/addr.h"
#include "agent/base/siphash.h"

#define CLIENT_NONE UINT32_MAX

struct clients;

/* What the table counts addresses by. */
struct ip_addr client_prefix(const struct ip_addr *a);

/* `conns` and `bytes`: the share of one client, 0: no limit. NULL: out of memory. destroy(NULL) is legal. */
struct clients *clients_create(uint32_t cap, uint32_t conns, uint64_t bytes, const struct sip_key *key);
void clients_destroy(struct clients *t);
/* Other shares, from now on; who has more keeps it. */
void clients_limit(struct clients *t, uint32_t conns, uint64_t bytes);
/* Bytes that it takes at most. */
size_t clients_memory(const struct clients *t);

/* May this address open one more conn? */
bool clients_may_open(const struct clients *t, const struct ip_addr *a);
/* One more conn: the index of its entry (never CLIENT_NONE while the caller's table has room for the conn).
 */
uint32_t clients_open(struct clients *t, const struct ip_addr *a);
void clients_close(struct clients *t, uint32_t i);
/* n bytes kept, or given up, on behalf of i; CLIENT_NONE: nobody's. */
void clients_keep(struct clients *t, uint32_t i, uint32_t n);
void clients_drop(struct clients *t, uint32_t i, uint32_t n);
/* Does i keep as much as it may? */
bool clients_full(const struct clients *t, uint32_t i);
/* May what is held of this conn (its slot) of i, a client that is full, grow all the same? It `has` so many
 * bytes. And it does so now; nothing is held of it any more (nothing where it was not the one). */
bool clients_may_exceed(const struct clients *t, uint32_t i, uint32_t conn, uint32_t has);
void clients_exceed(struct clients *t, uint32_t i, uint32_t conn);
void clients_settle(struct clients *t, uint32_t i, uint32_t conn);

struct client_info {
    struct ip_addr addr;
    uint32_t conns;
    uint64_t bytes;
};
/* Slots to look at, and a look: false where there is nobody. Any thread; figures of an entry may be of
 * different instants, an address that is being replaced may be seen in parts. */
uint32_t clients_slots(const struct clients *t);
bool clients_peek(const struct clients *t, uint32_t i, struct client_info *out);

#endif
