/* rss: what a DPDK port's driver says about receive-side scaling: its key, its indirection table, and what it
 * hashes. The device is asked, never its name. */
#ifndef LACON_IO_RSS_H
#define LACON_IO_RSS_H

#include <stdint.h>

#include "accel/steer.h"

/* Of a port that is started on `queues` receive queues. Fills *out; out->why is "" when all was told. Main
 * thread. */
void rss_ask(uint16_t port_id, uint16_t queues, struct steer_device *out);

#endif
