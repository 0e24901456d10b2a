/* endpoint: the role of the servers behind the proxy: it takes connections, checks each request and answers
 * it with a body of the size that the request's target names. Nothing is remembered between requests. */
#ifndef LOADGEN_ENDPOINT_H
#define LOADGEN_ENDPOINT_H

#include "bench/loadgen/tcp.h"

struct endpoint_slot {
    uint64_t key;
    uint32_t conn; /* + 1; 0: empty */
    uint32_t pad;
};

struct endpoint {
    struct side side;
    uint32_t ip, addresses; /* host order; `addresses` of them from ip on */
    uint16_t port;          /* as on the wire */
    struct endpoint_slot *table;
    uint32_t mask;
    uint32_t *free, nfree;
    uint64_t requests, open;
};

/* `max_conns`: a power of two. False: out of memory. */
bool endpoint_init(struct endpoint *e, struct wire *wire, uint32_t ip, uint32_t addresses, uint16_t port,
                   uint32_t max_conns);
void endpoint_fini(struct endpoint *e);

bool endpoint_owns(const struct endpoint *e, uint32_t ip_be);
/* A TCP segment to one of its addresses. */
void endpoint_input(struct endpoint *e, const struct segment *g);
struct conn *endpoint_conn(const struct endpoint *e, const struct segment *g);

#endif
