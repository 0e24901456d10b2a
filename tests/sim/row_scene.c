/* Words that set the scene: families, endpoints and ports, VLANs; a crash of lacon. */
#include "tests/sim/row.h"

void families(struct script *s, bool client_v6, bool endpoint_v6)
{
    s->client_v6 = client_v6;
    for (unsigned c = 0; c < TOPO_CLUSTERS; c++)
        for (unsigned e = 0; e < TOPO_ENDPOINTS; e++)
            s->config->cluster[c].endpoint[e].at.addr = topo_endpoint(endpoint_v6, c, e);
}

void one_endpoint(struct script *s)
{
    s->config->cluster[0].nendpoint = 1;
}

void one_port(struct script *s)
{
    s->config->dpdk.port_hi = s->config->dpdk.port_lo;
}

void vlan(struct script *s, unsigned side, uint16_t id)
{
    s->config->interface[side].vlan = id;
    if (side == 0)
        s->client_host.vlan = id;
    for (unsigned i = 0; side == 1 && i < ROW_ENDPOINTS; i++)
        s->endpoint_host[i].vlan = id;
}

void two_workers(struct script *s)
{
    s->config->dpdk.workers = 2;
}

void arrives_at(struct script *s, unsigned worker)
{
    start(s);
    s->lacon.reaches = worker + 1;
}

void rings(struct script *s, enum lacon_ring how)
{
    s->lacon.ring = how;
}

static bool has(const struct engine *e, const struct peer *p)
{
    struct engine_conn_info c;
    for (uint32_t i = 0; i < engine_conn_slots(e); i++)
        if (engine_conn_info(e, i, 0, &c) && c.key.remote_port == p->lport && c.key.local_port == p->rport &&
            ip_eq(&c.key.remote, &p->local))
            return true;
    return false;
}

unsigned owner(struct peer *p)
{
    struct lacon *l = &p->sc->lacon;
    for (unsigned i = 0; i < l->nworkers && !p->sc->sim.failed; i++)
        if (has(l->worker[i].engine, p))
            return i;
    sim_fail(&p->sc->sim, "no worker has %s's connection", p->host->name);
    return 0;
}

void restart(struct script *s)
{
    if (s->sim.failed)
        return;
    lacon_stop(&s->lacon);
    s->lacon.sim = NULL;
    start(s);
}
