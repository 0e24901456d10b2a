/* lan: one Ethernet segment: a perfect switch with an impaired cable to each member. A cable with an MTU of
 * its own stands for a path with a router in it: what is too big for it is dropped, and its sender told by
 * ICMP (RFC 1191, RFC 8201), or not. */
#ifndef SIM_LAN_H
#define SIM_LAN_H

#include "tests/sim/link.h"

struct lan {
    struct sim *sim;
    struct lan_port *ports;
    bool traced; /* the routers in its cables have an interface in the trace */
    uint32_t trace_interface;
};

/* Embedded in a host, or standing for one of lacon's interfaces. */
struct lan_port {
    struct lan *lan;
    struct lan_port *next;
    const char *name;
    uint8_t mac[6];
    bool traced;
    uint32_t trace_interface;
    struct link up, down; /* to the switch; from it */
    void (*input)(void *arg, const uint8_t *p, uint32_t n);
    void *arg;
};

void lan_init(struct lan *l, struct sim *s);
/* `cfg` is used for both directions. The name is the caller's. */
void lan_attach(struct lan *l, struct lan_port *p, const char *name, const uint8_t mac[6],
                const struct link_cfg *cfg, void (*input)(void *arg, const uint8_t *p, uint32_t n),
                void *arg);
void lan_detach(struct lan_port *p); /* packets in flight on its cable are gone */

/* What a member sends is what the trace shows, before any loss; comments tell what becomes of it. */
void lan_send(struct lan_port *p, const uint8_t *frame, uint32_t n);

#endif
