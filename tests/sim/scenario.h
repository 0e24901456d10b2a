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
    uint16_t requests;   /* at most, per connection; 0: 6 */
    uint32_t max_body;   /* 0: 200 kB */
    uint32_t least_body; /* of responses, added to what is drawn */
    uint16_t post, chunked_req, chunked_resp, close_resp, head_method, no_body, http10, pipelined, expect;
    uint16_t client_close, half_close, hop, endpoint_close, hints, long_head, cut, slow_reader, idle_close;
    uint16_t early, unknown_host;
    /* what endpoints do wrong */
    uint16_t endpoint_reset, stall, surplus, garbage, cross_close;
    /* what clients do wrong */
    uint16_t client_reset, client_vanish, never_reads, other_content;
    uint64_t think_ns; /* at most: the endpoint's and the client's pauses */
};

enum fault_kind {
    FAULT_NONE,      /* ends a list */
    FAULT_REFUSE,    /* endpoints answer SYNs with RST */
    FAULT_IGNORE,    /* endpoints answer SYNs with nothing */
    FAULT_CRASH,     /* an endpoint's host is gone with all its state, and back some time later */
    FAULT_DRAIN,     /* lacon drains while traffic runs */
    FAULT_NO_FRAMES, /* one of lacon's frame allocations in a hundred fails */
    FAULT_RESTART,   /* lacon crashes and starts anew, while its peers go on */
    FAULT_RELOAD,    /* lacon is given its configuration again, as a new one */
};

enum fault_who {
    WHO_ANY,      /* one endpoint, drawn */
    WHO_FIRST,    /* the first endpoint of each cluster */
    WHO_CLUSTER1, /* every endpoint of cluster 1 */
};

struct fault {
    enum fault_kind kind;
    enum fault_who who;
    uint8_t times;           /* how often; 0: once */
    uint64_t from_ns, to_ns; /* drawn from this span of virtual time */
    uint64_t lasts_ns;       /* at most; 0: for good */
};
#define SCENARIO_FAULTS 3

enum hosts {
    HOSTS_LINUX,   /* ordinary stacks */
    HOSTS_VARIED,  /* options on and off, MSS and windows of all sizes, splits, probes of all kinds */
    HOSTS_TINY,    /* windows of a few hundred bytes, small MSS */
    HOSTS_BYTES,   /* clients send one byte in each segment */
    HOSTS_OVERLAP, /* as VARIED, and segments often begin with bytes that were sent before */
};

struct scenario {
    const char *name, *what;
    enum topology topo;
    bool client_v6, endpoint_v6;
    uint8_t workers; /* 0: 1 */
    uint16_t spray;  /* permille of frames that reach another worker than their flow's */
    bool steered;    /* lacon's devices have RSS, and tell how (rss.h) */
    uint16_t clients, conns,
        endpoints; /* client hosts, connections of each, endpoints of each cluster; 0: 4, 6, 2 */
    enum hosts hosts;
    struct link_cfg client_link, endpoint_link; /* upper bounds; each host draws its own */
    const struct mix *mix;
    struct fault fault[SCENARIO_FAULTS];
    const char
        *flow; /* whose engine carries large responses, NAME or NAME:PROFILE; NULL: what --provider says */
    enum cfg_lb_policy lb_policy; /* of all clusters */
    uint16_t busy; /* requests that each endpoint has at a time, and three times as many connections to all;
                      0: any */
    bool judged;   /* endpoints are checked (TCP, often) and ejected for what they do */
    bool failover; /* the second endpoint of each cluster has a lower priority; with slow start */
    struct {       /* 0: plenty */
        uint32_t syn_ring, connections, buffers;
        uint16_t ports; /* of lacon, toward each endpoint */
    } limits;
    bool scarce;                 /* the limits are so low that any exchange may fail */
    uint64_t timeout_ns;         /* lacon's idle, head, stall and response timeouts; 0: 900 s */
    uint64_t connect_timeout_ns; /* 0: 120 s */
};

/* All of them one by one, i from 0 on; NULL beyond the last. */
const struct scenario *scenario_at(unsigned i);

#endif
