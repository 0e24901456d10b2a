/* endpoints: what the admin socket says and does about endpoints: their states, and the operator's orders.
 * Admin thread; while configurations are held. */
#ifndef LACON_CONTROL_ENDPOINTS_H
#define LACON_CONTROL_ENDPOINTS_H

#include <jansson.h>

#include "agent/worker/worker.h"

/* All endpoints of the newest configuration, with their states. */
json_t *endpoints_list(struct workers *ws);

/* Orders: `which` is CLUSTER/ENDPOINT, or ENDPOINT for that of all clusters; an endpoint is told as lists
 * show it. On return every worker has taken the order. The answer says how many there were, or what is wrong.
 */
json_t *endpoints_drain(struct workers *ws, const char *which, bool drained);
/* Only noted: the workers have it when the configuration has been derived again. weight: 0..1000, or "file".
 */
json_t *endpoints_weigh(struct workers *ws, const char *which, const char *weight);

/* ---- main thread ---- */

/* What was seen the last time; zeroed before the first. */
struct endpoints_watch {
    bool begun, look_again;
    uint64_t version; /* the roster's */
    uint32_t config;  /* the number of the configuration */
};

/* Logs which endpoints are in another state than at the last call; a few times a second. */
void endpoints_report(struct workers *ws, struct endpoints_watch *w);

#endif
