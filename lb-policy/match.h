/* match: what a request must be beside host and path: method, header fields, query parameters, source. For
 * routes.c. Compiled with the routes, immutable afterwards. */
#ifndef LACON_LB_POLICY_MATCH_H
#define LACON_LB_POLICY_MATCH_H

#include "agent/base/networks.h"
#include "agent/base/regex.h"
#include "lb-policy/lb.h"

struct lb_condition {
    struct span name, value;
    struct regex *regex; /* of LB_MATCHES */
    enum lb_test test;
};

struct lb_match {
    struct lb_route_result to;
    bool plain; /* host and path are all it asks for */
    struct span method;
    uint32_t nheader, nquery, nalpn;
    struct span *alpn;
    struct lb_condition *condition; /* headers, then query parameters */
    struct networks source;         /* n 0: any client */
};

/* False when memory is short or an expression is refused; lb_match_free() in any case. */
bool lb_match_make(struct lb_match *m, const struct lb_match_in *in, uint32_t route);
void lb_match_free(struct lb_match *m);

/* Fits the scratch to all expressions of m. */
bool lb_match_fit(const struct lb_match *m, struct regex_scratch **s);

/* Which of two matches for the same path comes first: less than 0 for a. 0: the file's order decides. */
int lb_match_order(const struct lb_match *a, const struct lb_match *b);

/* LB_HOLDS, or the first thing that does not; *which then as in struct lb_considered. */
enum lb_verdict lb_match_judge(const struct lb_match *m, const struct lb_route_request *q,
                               const struct regex_scratch *s, uint32_t *which);

#endif
