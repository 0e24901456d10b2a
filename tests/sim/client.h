/* client: one HTTP client connection that carries a list of exchanges and judges what comes back. Lives until
 * the world ends. */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include "tests/sim/host.h"
#include "tests/sim/pump.h"
#include "tests/sim/reader.h"

struct client_cfg {
    bool may_close; /* lacon may close kept-alive connections (drain) */
    bool direct;    /* no lacon in between: nothing is edited */
    unsigned which; /* source address of the host */
    struct ip_addr to;
    uint16_t port;
    unsigned depth;     /* requests in flight: more than 1 is pipelining */
    unsigned cut;       /* permille of writes in pieces */
    uint64_t read_rate; /* bytes per second; 0: as fast as they come */
    uint64_t think_ns;  /* at most, between exchanges */
    uint64_t start_ns;  /* when it connects */
    uint64_t linger_ns; /* idle time before it closes */
    bool half_close;    /* FIN right behind the last request */
    /* Does something that happened to lacon or an endpoint excuse that this exchange fails now? NULL: never.
     */
    bool (*excuses)(void *arg, const struct plan *p);
    void *arg;
};

struct client {
    struct sim *sim;
    struct host *host;
    struct client_cfg cfg;
    struct plan **plan;
    unsigned n, tx, rx; /* exchanges; begun; answered */
    struct tcb *tcb;
    struct pump pump;
    struct reader reader;
    struct buf later; /* the body that waits for 100 Continue */
    struct sim_timer t_start, t_send, t_read, t_later, t_close, t_patience, t_other;
    uint64_t other_pos; /* stream position of the byte that comes again with another value; 0: none */
    unsigned other_left;
    bool other_sent;
    uint8_t other_value;
    bool ending;  /* the last response said that the connection ends */
    bool deaf;    /* reads nothing any more */
    bool excused; /* a permitted failure happened: what follows on this connection may fail too */
    bool done;    /* the connection is over and every exchange has its outcome */
};

void client_init(struct client *c, struct host *h, const struct client_cfg *cfg);
void client_add(struct client *c, struct plan *p); /* before it starts */
/* What lacon knew of this connection is lost: its exchanges may fail, and go unlogged. */
void client_lost(struct client *c);
void client_free(struct client *c);

#endif
