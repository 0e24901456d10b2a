/* host: one machine of the model world: its addresses, its neighbour table, its TCP. Clients and endpoints
 * are hosts with an application on top; lacon is between them. Lives as long as the world. */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "tests/sim/lan.h"
#include "tests/sim/seg.h"
#include "tests/sim/tcb.h"

#define HOST_ADDRS 4
#define HOST_QUEUE 16

#define HOST_PATHS 8

enum listen_mode {
    LISTEN_ACCEPT,
    LISTEN_REFUSE, /* RST to every SYN */
    LISTEN_IGNORE, /* a black hole */
};

struct listen {
    uint16_t port;
    enum listen_mode mode;
    /* A connection is up: set c->event and c->arg. */
    void (*accept)(void *arg, struct tcb *c);
    void *arg;
};

/* A neighbour, and packets (layer 3 on) that wait for its MAC. */
struct neigh {
    struct neigh *next;
    struct ip_addr addr;
    uint8_t mac[6];
    bool known;
    unsigned tries, nqueue;
    struct {
        uint8_t *p;
        uint32_t n;
    } queue[HOST_QUEUE];
    struct sim_timer timer;
    struct host *host;
};

struct host {
    struct sim *sim;
    char name[24];
    struct lan_port port;
    struct ip_addr addr[HOST_ADDRS];
    unsigned naddr;
    uint16_t vlan; /* its frames carry this tag, and it hears no others; 0: untagged */
    bool pad;      /* Ethernet frames are padded to 60 bytes (with noise) */
    bool down;     /* crashed: neither sends nor receives */
    bool raw;      /* no TCP of its own: segments go to `raw_input`, as rows want it */
    void (*raw_input)(void *arg, const struct seg *s);
    void *raw_arg;
    struct listen listen;
    struct tcb_cfg tcp; /* for new connections */
    struct tcb *tcbs;
    struct tcb *dead; /* ended; kept until the world ends, because applications point to them */
    uint16_t next_port;
    uint16_t ip_id;
    struct neigh *neigh;
    struct {
        struct ip_addr to;
        uint16_t mtu;   /* 0: unused */
    } path[HOST_PATHS]; /* what routers have said */
    unsigned next_path;
};

void host_init(struct host *h, const char *name, struct lan *lan, const uint8_t mac[6],
               const struct link_cfg *link);
void host_fini(struct host *h);
void host_add_addr(struct host *h, const struct ip_addr *a);
bool host_has_addr(const struct host *h, const struct ip_addr *a);

/* Sends a TCP segment (MACs, TTL, id are filled in here), resolving the neighbour first. */
void host_send(struct host *h, struct seg *s);

/* Opens a connection from addr[which]; the caller sets event and arg before anything arrives. */
struct tcb *host_connect(struct host *h, unsigned which, const struct ip_addr *to, uint16_t port);

/* Largest IP packet toward `to`, as far as routers have told. */
uint16_t host_path_mtu(const struct host *h, const struct ip_addr *to);

/* The host is gone with all its state, without a word; its connections end for their applications as
 * TCB_END_ABORTED. After host_restart() it answers segments of old connections with resets. */
void host_crash(struct host *h);
void host_restart(struct host *h);

/* ---- host_neigh.c ---- */
void host_neigh_fini(struct host *h); /* forgets all neighbours */
/* Sends the layer-3 packet inside `frame` (n bytes with room for the Ethernet header) to dst. */
void host_neigh_send(struct host *h, const struct ip_addr *dst, uint8_t *frame, uint32_t n);
void host_neigh_arp_input(struct host *h, const struct seg *s);
void host_neigh_icmp6_input(struct host *h, const struct seg *s);

#endif
