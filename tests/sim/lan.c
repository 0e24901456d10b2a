/* Frames go to the member whose MAC they name, or to all others when the address has the group bit. */
#include "tests/sim/lan.h"

#include <string.h>

#include "tests/sim/pcap.h"

void lan_init(struct lan *l, struct sim *s)
{
    l->sim = s;
    l->ports = NULL;
}

static void switch_frame(void *arg, const uint8_t *p, uint32_t n)
{
    struct lan_port *from = arg;
    for (struct lan_port *to = from->lan->ports; to; to = to->next)
        if (to != from && (p[0] & 1 || memcmp(to->mac, p, 6) == 0))
            link_send(&to->down, p, n);
}

static void hand_over(void *arg, const uint8_t *p, uint32_t n)
{
    struct lan_port *to = arg;
    to->input(to->arg, p, n);
}

void lan_attach(struct lan *l, struct lan_port *p, const uint8_t mac[6], const struct link_cfg *cfg,
                void (*input)(void *arg, const uint8_t *p, uint32_t n), void *arg)
{
    memcpy(p->mac, mac, 6);
    link_init(&p->up, l->sim, cfg, switch_frame, p);
    link_init(&p->down, l->sim, cfg, hand_over, p);
    p->lan = l;
    p->input = input;
    p->arg = arg;
    p->next = l->ports;
    l->ports = p;
}

void lan_detach(struct lan_port *p)
{
    for (struct lan_port **q = &p->lan->ports; *q; q = &(*q)->next)
        if (*q == p) {
            *q = p->next;
            break;
        }
    link_fini(&p->up);
    link_fini(&p->down);
}

void lan_send(struct lan_port *p, const uint8_t *frame, uint32_t n)
{
    if (p->lan->sim->pcap)
        pcap_write(p->lan->sim->pcap, p->lan->sim->now, frame, n);
    link_send(&p->up, frame, n);
}
