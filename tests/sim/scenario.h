/* scenario: worlds as data. A scenario names a topology, a mix of traffic, impairments and faults; a seed
 * then draws one world from it. */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "config/config.h"
#include "tests/sim/link.h"

enum topology {
    TOPO_DIRECT,   /* client hosts talk to endpoint hosts: a self-test of the model */
    TOPO_ONE_ARM,  /* lacon's one interface carries both sides */
    TOPO_TWO_ARMS, /* an interface for each side */
};

/* Chances in 1/1000. */
struct mix {
    uint8_t conns;     /* connections per client host; 0: 6 */
    uint8_t requests;  /* at most, per connection; 0: 6 */
    uint32_t max_body; /* 0: 200 kB */
    uint16_t post, chunked_req, chunked_resp, close_resp, head_method, no_body, http10, pipelined, expect;
    uint16_t client_close, half_close, hop, endpoint_close, hints, long_head, cut, slow_reader, idle_close;
    uint16_t early, endpoint_reset, client_reset, unknown_host;
    uint64_t think_ns; /* at most: the endpoint's and the client's pauses */
};

enum fault {
    FAULT_NONE,
    FAULT_ONE_REFUSES, /* one endpoint of each cluster refuses; exchanges must succeed */
    FAULT_ONE_IGNORES, /* one endpoint of each cluster is a black hole; exchanges must succeed */
    FAULT_ALL_REFUSE,  /* all endpoints of cluster 1 refuse: its exchanges get an own reply */
    FAULT_DRAIN,       /* drain while traffic runs */
    FAULT_NO_FRAMES,   /* one frame allocation in a hundred fails */
};

enum hosts {
    HOSTS_LINUX,  /* ordinary stacks */
    HOSTS_VARIED, /* options on and off, MSS and windows of all sizes, splits, probes of all kinds */
    HOSTS_TINY,   /* windows of a few hundred bytes, small MSS */
};

struct scenario {
    const char *name, *what;
    enum topology topo;
    bool client_v6, endpoint_v6;
    uint8_t workers; /* 0: 1 */
    enum hosts hosts;
    struct link_cfg client_link, endpoint_link; /* upper bounds; each host draws its own */
    const struct mix *mix;
    enum fault fault;
    enum cfg_lb_policy lb_policy; /* of all clusters */
    bool failover; /* the second endpoint of each cluster has a lower priority; with slow start */
};

extern const struct scenario scenarios[];
extern const unsigned nscenarios;
const struct scenario *scenario_find(const char *name);

#endif
