/* lan: one Ethernet segment: a perfect switch with an impaired cable to each member. */
#ifndef SIM_LAN_H
#define SIM_LAN_H

#include "tests/sim/link.h"

struct lan {
    struct sim *sim;
    struct lan_port *ports;
};

/* Embedded in a host, or standing for one of lacon's interfaces. */
struct lan_port {
    struct lan *lan;
    struct lan_port *next;
    uint8_t mac[6];
    struct link up, down; /* to the switch; from it */
    void (*input)(void *arg, const uint8_t *p, uint32_t n);
    void *arg;
};

void lan_init(struct lan *l, struct sim *s);
/* `cfg` is used for both directions. */
void lan_attach(struct lan *l, struct lan_port *p, const uint8_t mac[6], const struct link_cfg *cfg,
                void (*input)(void *arg, const uint8_t *p, uint32_t n), void *arg);
void lan_detach(struct lan_port *p); /* packets in flight on its cable are gone */

/* What a member sends is what the trace shows, before any loss. */
void lan_send(struct lan_port *p, const uint8_t *frame, uint32_t n);

#endif
