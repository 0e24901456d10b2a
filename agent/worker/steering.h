/* steering: which worker owns a TCP segment. One answer for each four-tuple, the same on every worker and for
 * as long as the process lives, whatever interface the segment comes in by; so it depends on nothing that a
 * reload, a link or a device's state changes.
 *
 *   our address's interface can be steered   the worker whose queue its device chooses (accel/steer.h)
 *   otherwise, to one of our local ports     the port modulo workers (agent/net/ports.h)
 *   otherwise, a client's                    a keyed hash of the four-tuple
 *
 * Plain C, part of the engine. Constant once made. */
#ifndef LACON_WORKER_STEERING_H
#define LACON_WORKER_STEERING_H

#include "accel/steer.h"
#include "agent/base/siphash.h"
#include "config/config.h"

#define STEERING_IFS 16u /* net.h's NET_MAX_IF */

struct steering {
    const struct config *config;              /* interfaces and local ports; borrowed */
    const struct steer *device[STEERING_IFS]; /* by interface, NULL: cannot be steered; borrowed */
    unsigned worker, nworkers;
    struct sip_key key; /* the same on all workers */
    bool any;           /* some interface can be steered */
};

unsigned steering_owner(const struct steering *s, const struct flow_key *k);

/* Is what an endpoint sends to this four-tuple ours? For splice_params.mine; ctx is the steering. */
bool steering_mine(const void *ctx, const struct flow_key *k);
/* For splice_params.most_ports. */
uint32_t steering_most_ports(const struct steering *s);

#endif
