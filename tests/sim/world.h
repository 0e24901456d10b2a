/* world: the hosts, applications and lacon of one run of a scenario, drawn from a seed. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "tests/sim/client.h"
#include "tests/sim/lacon.h"
#include "tests/sim/scenario.h"
#include "tests/sim/server.h"
#include "tests/sim/topology.h"

#define WORLD_CLIENT_HOSTS 4
#define WORLD_CONNS        16 /* per host, at most */
#define WORLD_SERVERS      (TOPO_CLUSTERS * TOPO_ENDPOINTS)

struct world {
    struct sim sim;
    const struct scenario *sc;
    struct lan lan[2];
    struct book book;
    struct host client_host[WORLD_CLIENT_HOSTS], server_host[WORLD_SERVERS];
    struct server server[WORLD_SERVERS];
    struct client client[WORLD_CLIENT_HOSTS * WORLD_CONNS];
    unsigned nclient;
    struct config *config;
    struct lacon lacon; /* unused in TOPO_DIRECT */
};

void world_build(struct world *w, const struct scenario *sc, uint64_t seed);
void world_free(struct world *w);

static inline bool world_direct(const struct world *w)
{
    return w->sc->topo == TOPO_DIRECT;
}

/* ---- traffic.c: what clients will ask for ---- */
void traffic_build(struct world *w);

#endif
