/* topology: addresses and lacon's configuration for the model worlds and the rows: 10.0.0.1 / fd00::1 on the
 * first interface, 10.1.0.1 / fd01::1 on the second (or both on the one), clusters c0 and c1. */
#ifndef SIM_TOPOLOGY_H
#define SIM_TOPOLOGY_H

#include "config/config.h"

#define TOPO_CLUSTERS  2
#define TOPO_ENDPOINTS 2 /* per cluster, unless topo_endpoints() changes it */
#define TOPO_PORT      80
#define TOPO_EP_PORT   8080

/* Address `host` (below 65535) of side 0 (clients) or 1 (endpoints): 10.side.host or fd0<side>::host. */
struct ip_addr topo_addr(bool v6, unsigned side, unsigned host);
/* Endpoint e (below 200) of cluster c: its number on side 1, and its address. */
unsigned topo_endpoint_number(unsigned cluster, unsigned e);
struct ip_addr topo_endpoint(bool v6, unsigned cluster, unsigned e);

/* A checked configuration as config_parse would make it, without YAML; change what a test needs. Hosts
 * "c<k>.example" lead to cluster k, and "mix.example" by the paths /c<k>. Ended by topo_config_free(). */
struct config *topo_config(bool one_arm, bool endpoint_v6, unsigned workers);
void topo_config_free(struct config *c);
/* Gives each cluster n endpoints. */
void topo_endpoints(struct config *c, bool endpoint_v6, unsigned n);

#endif
