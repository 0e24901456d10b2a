/* tiers: the order in which groups of a cluster's endpoints are asked. A tier is the endpoints of one
 * priority, one side of the zone border and one side of the worker's subset; the next tier takes over what
 * the ones before it cannot. For picker.c. */
#ifndef LACON_LB_POLICY_TIERS_H
#define LACON_LB_POLICY_TIERS_H

#include "lb-policy/lb.h"

/* Gives each endpoint a rank: lower ones are asked first, equal ones are one tier; LB_NONE for those of
 * weight 0. `rank` has room for in->n. False when memory is short. */
bool lb_tiers_rank(const struct lb_cluster_in *in, uint32_t *rank);

#define LB_WHOLE 65536u /* all requests, as a sum of shares */

/* Envoy's priority load: tier t can take min(1, overprovisioning * up[t] / weight[t]) of all requests, and
 * each gets what those before it leave. What the last one leaves is spread over all by what they can take.
 * Writes to cut[t] the sum of the shares of tiers 0..t, of LB_WHOLE; all are 0 when nothing is up. weight[t]
 * > 0. */
void lb_tiers_share(uint32_t n, const uint64_t *weight, const uint64_t *up, uint32_t overprovisioning,
                    uint32_t *cut);

#endif
