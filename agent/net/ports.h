/* ports: local ports toward one endpoint, chosen by longest unused (rule S12), each with the last sequence
 * number used there so that an old incarnation cannot be confused with a new one. One pool per endpoint
 * address and worker. Each port of the range is one worker's, so the owner of an endpoint's packet can be
 * told from its addresses and ports: by the port alone, (p % nworkers) == worker, or, where a device spreads
 * packets by a hash of all four, by what it does (ports_create_where()). */
#ifndef LACON_NET_PORTS_H
#define LACON_NET_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/siphash.h"

struct port_pool;

/* The worker's share of [lo, hi]. NULL: out of memory, or the share is empty. Port 0 is never in it. */
struct port_pool *ports_create(uint16_t lo, uint16_t hi, unsigned worker, unsigned nworkers);
/* The worker's share is those ports of [lo, hi] that ports_take_where()'s owner says are; at most `most`.
 * NULL: out of memory, or the range is empty. */
struct port_pool *ports_create_where(uint16_t lo, uint16_t hi, uint32_t most);
void ports_destroy(struct port_pool *p);

static inline unsigned port_owner(uint16_t port, unsigned nworkers)
{
    return port % nworkers;
}

/* Takes the longest unused port. False: all are in use. *last_seq is the highest sequence number used there
 * (0 and *used == false when never used). */
bool ports_take(struct port_pool *p, uint16_t *port, uint32_t *last_seq, bool *used);
/* The same of a pool that was made by ports_create_where(): ports are asked one by one, as they come to be
 * needed, and each at most once. The answer for a port never changes. */
struct ports_owner {
    bool (*owns)(const void *ctx, uint16_t port);
    const void *ctx;
};
bool ports_take_where(struct port_pool *p, const struct ports_owner *owner, uint16_t *port,
                      uint32_t *last_seq, bool *used);
/* Gives it back; it goes to the end of the queue. last_seq: the highest sequence number that was sent. A port
 * that is not taken is left alone. */
void ports_give(struct port_pool *p, uint16_t port, uint32_t last_seq);
/* Of a pool made by ports_create_where() an upper bound: `most` less those in use. */
uint32_t ports_free(const struct port_pool *p);
/* Bytes that it takes at most. */
size_t ports_memory(const struct port_pool *p);
uint32_t ports_taken(const struct port_pool *p);

#endif
