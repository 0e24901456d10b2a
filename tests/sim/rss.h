/* rss: a model of a network device that spreads frames over receive queues by RSS, with a key and a table of
 * its own. It hashes bit by bit as Microsoft's specification has it, and knows nothing of accel/steer.c. */
#ifndef SIM_RSS_H
#define SIM_RSS_H

#include "accel/steer.h"
#include "tests/sim/rng.h"

/* A device with a random key of 40 or 52 bytes and a shuffled table of 64 to 512 entries for `queues`. */
void rss_draw(struct steer_device *d, struct rng *r, unsigned queues);
/* The queue of a frame of n bytes; what is not TCP goes to the first. */
unsigned rss_queue(const struct steer_device *d, const uint8_t *p, uint32_t n);

#endif
