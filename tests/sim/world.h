/* world: the hosts, applications and lacon of one run of a scenario, drawn from a seed. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "tests/sim/client.h"
#include "tests/sim/lacon.h"
#include "tests/sim/scenario.h"
#include "tests/sim/server.h"
#include "tests/sim/topology.h"

struct outage;

#define WORLD_RELOADS 16u

struct world {
    struct sim sim;
    const struct scenario *sc;
    struct lan lan[2];
    struct book book;
    unsigned nclient_host, nconn, nendpoint, nserver,
        nclient; /* nconn: of each host; nendpoint: of each cluster */
    struct host *client_host, *server_host;
    struct server *server; /* cluster by cluster */
    struct client *client;
    struct config *config;
    struct config *later[WORLD_RELOADS]; /* what was reloaded */
    unsigned nlater, retired; /* retired: configurations that no worker uses any more, for each worker */
    struct lacon lacon;       /* unused in TOPO_DIRECT */
    struct outage *outage;
    unsigned noutage;
};

void world_build(struct world *w, const struct scenario *sc, uint64_t seed, bool verbose,
                 struct pcapng *trace);
void world_free(struct world *w);

/* lacon takes its configuration again, as one that it does not know. */
void world_reload(struct world *w);

static inline bool world_direct(const struct world *w)
{
    return w->sc->topo == TOPO_DIRECT;
}

/* The scenario's fault of that kind, or NULL. */
const struct fault *world_fault(const struct world *w, enum fault_kind kind);
/* Does no endpoint of the cluster answer, from the start? */
bool world_cluster_dead(const struct world *w, unsigned cluster);

/* ---- traffic.c: what clients will ask for ---- */
void traffic_build(struct world *w);

/* ---- faults.c: what happens to hosts and to lacon ---- */
void faults_build(struct world *w);
void faults_free(struct world *w);
/* May exchange p fail for what has happened until now? `world` is a struct world. */
bool faults_excuse(void *world, const struct plan *p);

#endif
