/* See steering.h. */
#include "agent/worker/steering.h"

#include "agent/base/mutant.h"
#include "agent/net/ports.h"

/* The device of the interface that has this address of ours; NULL: none that can be steered. An address is on
 * one interface alone (the configuration's check), and those that net makes itself (link-local) are left to
 * the rings. */
static const struct steer *device_of(const struct steering *s, const struct ip_addr *ours)
{
    for (unsigned i = 0; i < s->config->ninterface && i < STEERING_IFS; i++)
        for (unsigned a = 0; s->device[i] && a < s->config->interface[i].naddr; a++)
            if (ip_eq(&s->config->interface[i].addr[a].addr, ours))
                return steer_does(s->device[i], ip_is_v4(ours)) ? s->device[i] : NULL;
    return NULL;
}

unsigned steering_owner(const struct steering *s, const struct flow_key *k)
{
    const struct steer *d = s->any ? device_of(s, &k->local) : NULL;
    if (d)
        return steer_owner(d, k);
    if (k->local_port >= s->config->dpdk.port_lo && k->local_port <= s->config->dpdk.port_hi &&
        !mutant(owner_by_hash))
        return port_owner(k->local_port, s->nworkers);
    return (unsigned)(siphash(&s->key, k, sizeof *k) % s->nworkers);
}

bool steering_mine(const void *ctx, const struct flow_key *k)
{
    const struct steering *s = ctx;
    return steering_owner(s, k) == s->worker || mutant(steer_any_port);
}

uint32_t steering_most_ports(const struct steering *s)
{
    const struct cfg_dpdk *c = &s->config->dpdk;
    uint32_t most = ((uint32_t)c->port_hi - c->port_lo) / s->nworkers + 1;
    for (unsigned i = 0; i < STEERING_IFS; i++)
        if (s->device[i] && steer_most_ports(s->device[i]) > most)
            most = steer_most_ports(s->device[i]);
    return most;
}
