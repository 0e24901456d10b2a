/* clients: how much of a worker each client address has: open conns and kept bytes. An IPv4 client is its
 * address, an IPv6 client its /64 (one host can have all of it).
 *
 * Invariant: an entry exists while it has a reference, and references are conns of the table (a client's own,
 * or an endpoint's that still keeps bytes of that client). So there are never more entries than conns, the
 * table has as many as there can be conns, and it cannot be full while a conn could still be made: a million
 * addresses push nobody out. A SYN only looks; it takes no entry.
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
