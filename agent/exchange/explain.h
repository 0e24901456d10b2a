/* explain: what would become of a request, told by the code that decides it, without a request: a made-up
 * client asks routing, action and picker as a real one would. Nothing that later requests go by is changed.
 *
 * The worker's thread; off the fast path, at most a millisecond with thousands of endpoints. */
#ifndef LACON_EXCHANGE_EXPLAIN_H
#define LACON_EXCHANGE_EXPLAIN_H

#include "agent/exchange/exchange.h"
#include "agent/http/http.h"
#include "lb-policy/lb.h"

#define EXPLAIN_MATCHES   64u   /* so many of those considered are told */
#define EXPLAIN_ENDPOINTS 4096u /* of a cluster; config allows no more */

/* An endpoint as this worker sees it. */
struct explain_endpoint {
    bool down, usable; /* usable: it may be picked as things are */
    uint64_t down_ns;  /* so long still */
    uint32_t active;   /* exchanges there */
};

struct explain {
    /* asked */
    const struct config *config; /* of which `listener` is an index */
    uint32_t listener;
    struct ip_addr source;
    const struct http_head *head; /* NULL: a stream */
    struct span name, alpn;       /* of a TLS stream; alpn as in lb_route_request */

    /* answered */
    bool stale;      /* the worker has another configuration: nothing else is answered */
    unsigned status; /* refused before routing; 0: not */
    unsigned nmatch; /* matches whose host and path fit */
    struct lb_considered match[EXPLAIN_MATCHES];
    uint32_t route;              /* LB_NONE: none */
    const struct cfg_rule *rule; /* of it; NULL for a listener that has its cluster */
    uint32_t cluster;            /* LB_NONE: the rule answers itself */
    uint32_t endpoint;           /* that would be picked now; LB_NONE: none can be */
    struct explain_endpoint at[EXPLAIN_ENDPOINTS];
};

void exchanges_explain(struct exchanges *w, struct explain *q);

#endif
