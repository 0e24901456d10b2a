/* server: the HTTP application of an endpoint host: checks each request it gets against the plan, answers as
 * the plan says, and misbehaves as the plan or its configuration says. Lives until the world ends. */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "tests/sim/host.h"
#include "tests/sim/plan.h"

struct session;

struct server {
    struct sim *sim;
    struct host *host;
    struct book *book;
    unsigned cluster;
    bool direct;
    unsigned cut;           /* permille of responses written in pieces */
    unsigned idle_close;    /* permille of idle moments that end in a close */
    uint64_t idle_close_ns; /* at most this long after the response */
    unsigned
        cross_close;    /* permille of idle moments that end in a close just when the next request arrives */
    bool lossy;         /* its cable loses frames: a request may have been sent twice when a close meets it */
    uint64_t read_rate; /* bytes per second; 0: as fast as they come */
    struct session *sessions;
    bool surplus; /* has sent more than it announced, on some connection */
    uint64_t accepted, requests;
};

/* Listens on port. */
void server_init(struct server *s, struct host *h, struct book *b, unsigned cluster, uint16_t port);
void server_free(struct server *s);
uint64_t server_open(const struct server *s); /* connections not over yet */

#endif
