/* ports: local ports toward one endpoint, chosen by longest unused (rule S12), each with the last sequence
 * number used there so that an old incarnation cannot be confused with a new one. One pool per endpoint
 * address and worker; the worker's share of the range is every port p with (p % nworkers) == worker, so the
 * owner of an endpoint's packet is read off its destination port. */
#ifndef LACON_NET_PORTS_H
#define LACON_NET_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/siphash.h"

struct port_pool;

/* The worker's share of [lo, hi]. NULL: out of memory, or the share is empty. Port 0 is never in it. */
struct port_pool *ports_create(uint16_t lo, uint16_t hi, unsigned worker, unsigned nworkers);
void ports_destroy(struct port_pool *p);

static inline unsigned port_owner(uint16_t port, unsigned nworkers)
{
    return port % nworkers;
}

/* Takes the longest unused port. False: all are in use. *last_seq is the highest sequence number used there
 * (0 and *used == false when never used). */
bool ports_take(struct port_pool *p, uint16_t *port, uint32_t *last_seq, bool *used);
/* Gives it back; it goes to the end of the queue. last_seq: the highest sequence number that was sent. A port
 * that is not taken is left alone. */
void ports_give(struct port_pool *p, uint16_t port, uint32_t last_seq);
uint32_t ports_free(const struct port_pool *p);
/* Bytes that it takes at most. */
size_t ports_memory(const struct port_pool *p);
uint32_t ports_taken(const struct port_pool *p);

#endif
