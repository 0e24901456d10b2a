/* client: the role of the clients. It opens connections to the proxy under test, asks for bodies of given
 * sizes, compares what comes and notes how long it took.
 *
 * Closed loop: a number of requests is outstanding at all times. Open loop: requests begin at times that were
 * drawn beforehand; one that cannot begin because all connections are busy waits, and its latency counts from
 * the time at which it should have begun. */
#ifndef LOADGEN_CLIENT_H
#define LOADGEN_CLIENT_H

#include "bench/loadgen/hist.h"
#include "bench/loadgen/sizes.h"
#include "bench/loadgen/tcp.h"

struct job {
    uint32_t connections; /* kept open; with close: exchanges at the same time */
    uint32_t outstanding; /* closed loop; 0: one for each connection */
    double rate;          /* open loop: requests per second; 0: closed loop */
    bool poisson;         /* open loop: exponential gaps, else equal ones */
    bool close;           /* a connection per request */
    struct sizes request, response;
    uint64_t warmup_ns, duration_ns, timeout_ns;
    uint64_t seed;
    uint32_t target_ip; /* where requests go; as on the wire, like the port */
    uint16_t target_port;
    uint32_t connecting; /* handshakes at the same time */
};

enum phase {
    PHASE_CONNECT, /* connections are opened */
    PHASE_WARMUP,
    PHASE_MEASURE,
    PHASE_DRAIN, /* what is outstanding is waited for */
    PHASE_CLOSE,
    PHASE_DONE,
};

/* Clients' addresses: `ip` (host order) and those above it; the network is behind the side's own address. */
struct client_net {
    uint32_t ip, addresses;
};

/* What was measured between warm-up and drain. */
struct result {
    uint64_t requests, body_bytes; /* of responses that were complete in it */
    uint64_t received_bytes;       /* bytes of bodies that came in it, of whatever response */
    uint64_t start, end, connected_ns;
    struct hist latency;
};

struct client {
    struct side side;
    struct client_net net;
    struct job job;
    enum phase phase;
    uint32_t slots_log2; /* conns in use by the job: a power of two */
    uint32_t *ready;     /* conns that may begin an exchange; free slots when one per request */
    /* open: connections that are; busy: exchanges under way; next_conn, swept: where opening and resetting
     * are */
    uint32_t nready, open, connecting, busy, next_conn, swept;
    uint64_t phase_end, next_at, turn;
    uint64_t *backlog; /* times of requests that could not begin yet */
    uint32_t backlog_mask, backlog_head, backlog_tail;
    bool stopped_early;
    struct result result;
};

/* `max_conns`: a power of two. False: out of memory. */
bool client_init(struct client *k, struct wire *wire, const struct client_net *net, uint32_t max_conns);
void client_fini(struct client *k);

/* Begins a job. False: it needs more than max_conns. */
bool client_start(struct client *k, const struct job *job, uint64_t now);
/* A TCP segment to a client's address. */
void client_input(struct client *k, const struct segment *g);
/* The conn that it is for, to be fetched into the cache; NULL for none. */
struct conn *client_conn(const struct client *k, const struct segment *g);
/* Once a round, with side.now set, before side_round(). */
void client_round(struct client *k);
/* When something is due next. */
uint64_t client_next(const struct client *k);

uint64_t client_errors(const struct counts *c);

#endif
