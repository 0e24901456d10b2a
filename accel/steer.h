/* steer: which worker a device's receive-side scaling (RSS) gives a TCP segment to, computed as the device
 * computes it: a Toeplitz hash over the four-tuple with the device's key, then its indirection table, then
 * the worker that polls that queue (queue modulo workers).
 *
 * Where a device can be steered, this *is* who owns a flow, of clients and of endpoints alike. A client's
 * connection belongs to the worker that its SYN's queue belongs to, and toward an endpoint that worker takes
 * only local ports whose answers land on one of its queues; so both sides of a splice arrive at the worker
 * that has them, and no frame is handed over. The local ports are split by it: each belongs to one worker.
 *
 * Correctness does not rest on the device. The owner is computed here, from what the device said at start; a
 * frame that arrives elsewhere (another table since, another hash than the driver told of) is handed over as
 * if the device could not steer. What a device says wrongly costs speed, never a connection.
 *
 * Constant once made; any thread. Of the rte_thash library this uses the hash itself.
 * rte_thash_adjust_tuple() finds ports too, but only after rte_thash_add_helper() has put a sequence of its
 * own into the key, which would have to be written into the device; the key stays as the driver reports it.
 */
#ifndef LACON_ACCEL_STEER_H
#define LACON_ACCEL_STEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/addr.h"

#define STEER_KEY   64u   /* bytes; devices have 40 or 52 */
#define STEER_TABLE 4096u /* entries; devices have 64 to 2048 */
#define STEER_WHY   160u

/* What the driver reports. */
struct steer_device {
    bool v4, v6; /* TCP over this family is hashed by addresses and ports */
    uint32_t key_len;
    uint8_t key[STEER_KEY]; /* the most significant bit of the first byte is used first */
    uint32_t table_len;
    uint16_t table[STEER_TABLE]; /* receive queue for each value of the hash's lowest bits */
    uint32_t queues;
    char why[STEER_WHY]; /* why it cannot be steered, as far as the driver is asked; "" when it might be */
};

struct steer;

/* NULL when neither family can be steered, or memory is short. `why` (STEER_WHY bytes) tells in any case what
 * came of it, in words. [port_lo, port_hi] are the local ports that are to be split among nworkers: a family
 * is steered only if every worker has at least half of its equal share of them toward any endpoint. */
struct steer *steer_create(const struct steer_device *d, unsigned nworkers, uint16_t port_lo,
                           uint16_t port_hi, char *why);
void steer_destroy(struct steer *s); /* NULL is legal */

bool steer_does(const struct steer *s, bool v4);
/* Does the device still spread frames as it told then? */
bool steer_same(const struct steer *s, const struct steer_device *d);
/* The worker for a received segment: k->remote is its source. Its family must be one that steer_does(). */
unsigned steer_owner(const struct steer *s, const struct flow_key *k);
/* The hash itself, and the receive queue that the device chooses for it. */
uint32_t steer_hash(const struct steer *s, const struct flow_key *k);
unsigned steer_queue(const struct steer *s, uint32_t hash);
/* No worker has more local ports than this toward any one endpoint. */
uint32_t steer_most_ports(const struct steer *s);
size_t steer_memory(const struct steer *s);

#endif
