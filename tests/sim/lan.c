/* Frames go to the member whose MAC they name, or to all others when the address has the group bit. */
#include "tests/sim/lan.h"

#include <string.h>

#include "tests/sim/pcapng.h"
#include "tests/sim/seg.h"

void lan_init(struct lan *l, struct sim *s)
{
    *l = (struct lan){.sim = s};
}

static bool fits(const struct link_cfg *c, uint32_t n)
{
    return !c->mtu || n <= c->mtu + 14u;
}

/* The router in `via`'s cable drops the frame and says so to whoever sent it, which is reached through
 * `back`. */
static void too_big(struct lan_port *via, struct lan_port *back, const uint8_t *p, uint32_t n)
{
    struct sim *s = via->lan->sim;
    uint8_t out[SEG_FRAME];
    s->stats.too_big++;
    uint32_t len =
        via->up.cfg.black_hole ? 0 : seg_too_big(p, n, via->up.cfg.mtu, (uint8_t)rng_below(&s->rng, 2), out);
    if (s->trace && !via->lan->traced) {
        via->lan->trace_interface = pcapng_interface(s->trace, "routers");
        via->lan->traced = true;
    }
    link_tell(&via->up, "too big");
    if (!len)
        return;
    if (s->trace)
        s->trace_number = pcapng_frame(s->trace, via->lan->trace_interface, s->now, out, len);
    link_send(&back->down, out, len);
}

static void switch_frame(void *arg, const uint8_t *p, uint32_t n)
{
    struct lan_port *from = arg;
    for (struct lan_port *to = from->lan->ports; to; to = to->next)
        if (to != from && (p[0] & 1 || memcmp(to->mac, p, 6) == 0)) {
            if (fits(&to->down.cfg, n))
                link_send(&to->down, p, n);
            else
                too_big(to, from, p, n);
        }
}

static void hand_over(void *arg, const uint8_t *p, uint32_t n)
{
    struct lan_port *to = arg;
    to->input(to->arg, p, n);
}

void lan_attach(struct lan *l, struct lan_port *p, const char *name, const uint8_t mac[6],
                const struct link_cfg *cfg, void (*input)(void *arg, const uint8_t *p, uint32_t n), void *arg)
{
    memcpy(p->mac, mac, 6);
    p->name = name;
    p->traced = false;
    link_init(&p->up, l->sim, cfg, switch_frame, p);
    link_init(&p->down, l->sim, cfg, hand_over, p);
    p->up.name = p->down.name = name;
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
    struct sim *s = p->lan->sim;
    if (s->trace && !p->traced) {
        p->trace_interface = pcapng_interface(s->trace, p->name);
        p->traced = true;
    }
    if (s->trace)
        s->trace_number = pcapng_frame(s->trace, p->trace_interface, s->now, frame, n);
    if (fits(&p->up.cfg, n))
        link_send(&p->up, frame, n);
    else
        too_big(p, p, frame, n);
}
