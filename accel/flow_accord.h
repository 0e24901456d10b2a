/* flow_accord: the last resort of several workers. What empties a device's flow table empties the whole port,
 * so none may do it while another has rules there. A worker that cannot get rid of a rule otherwise asks all
 * of them to leave the port; each joins when it has nothing more there to wait for; the last to join empties
 * it, and says so. Who has joined names no rule of that port to the device any more: its handle may be
 * nobody's by now. A port that has been emptied is not used again.
 *
 *     want() ──> every worker: wanted() ──> takes its rules away ──> join() ──> the last: flush, emptied()
 *                                                                               ──> every worker:
 * is_emptied()
 *
 * Threads: create(), leave() and destroy() on the main thread, while no worker runs; all others on any
 * worker's. Ports are DPDK's numbers, below FLOW_PORTS. */
#ifndef LACON_ACCEL_FLOW_ACCORD_H
#define LACON_ACCEL_FLOW_ACCORD_H

#include <stdbool.h>
#include <stdint.h>

#define FLOW_PORTS 64u

/* NULL: out of memory. destroy(NULL) is legal. */
struct flow_accord *flow_accord_create(unsigned nworkers);
void flow_accord_destroy(struct flow_accord *a);

/* One of the workers' engines has ended, and is waited for no longer. How many are left. */
unsigned flow_accord_leave(struct flow_accord *a);

void flow_accord_want(struct flow_accord *a, uint16_t port);
bool flow_accord_any(const struct flow_accord *a); /* is any port wanted? */
bool flow_accord_wanted(const struct flow_accord *a, uint16_t port);
/* Once by each worker for a port that is wanted. True: all have; this worker is to empty it. */
bool flow_accord_join(struct flow_accord *a, uint16_t port);
void flow_accord_emptied(struct flow_accord *a, uint16_t port);
bool flow_accord_is_emptied(const struct flow_accord *a, uint16_t port);

#endif
