/* remote: an endpoint as the TCP side sees it: its address, the local ports towards it, the way to it, its
 * idle conns. Shared by the files of splice that connect; one for each address, found by a hash, since a
 * worker may have ten thousand and binds them all at each reload. Lives while somebody has got it or a conn
 * names it. The worker's thread. */
#ifndef LACON_SPLICE_REMOTE_H
#define LACON_SPLICE_REMOTE_H

#include "agent/splice/internal.h"

#define MSS_CLASSES 4
#define PROFILES    (MSS_CLASSES * 2)
#define RTT_CLASSES 8

struct splice_remote {
    struct splice_remote *next, **pprev; /* of all, those with idle conns first */
    struct splice_remote *same_hash;
    struct ip_port at;
    struct port_pool *ports;
    struct net_path path;
    bool have_path;
    uint32_t refs;  /* gets without a put */
    uint32_t conns; /* slots that name it, dead ones not yet reaped included */
    uint32_t idle_count;
    struct conn_list idle[PROFILES][RTT_CLASSES]; /* most recently used first */
    const struct conn *told;                      /* late.c: whose ack came by the timer last, */
    uint64_t told_ns;                             /* and when */
    uint8_t hasty;                                /* so often it did not wait for an ack that we put off */
    bool waits;                                   /* its TCP waits for acks in the middle of responses */
    struct conn_list own;                         /* idle, each for its last client alone */
};

/* The way to c's peer: all conns to an endpoint have one. */
static inline struct net_path *conn_path(struct conn *c)
{
    return c->pub.side == SIDE_CLIENT ? &c->as_client.path : &c->as_endpoint.remote->path;
}

/* Counts idle conns, by one more or less. */
void remote_idle(struct splice *s, struct splice_remote *r, int by);

#endif
