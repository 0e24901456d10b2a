/* rss: what a driver says about receive-side scaling: its key, its indirection table, and what it hashes. A
 * device that lacon has to itself is asked through DPDK; one that the kernel drives, and AF_XDP shares,
 * through ethtool's interface, since AF_XDP changes nothing about which queue a frame reaches. */
#ifndef LACON_IO_RSS_H
#define LACON_IO_RSS_H

#include <stdint.h>

#include "accel/steer.h"

/* Of a port that is started on `queues` receive queues. Fills *out; out->why is "" when all was told. Main
 * thread. */
void rss_ask(uint16_t port_id, uint16_t queues, struct steer_device *out);

/* Of a kernel device whose first `queues` queues AF_XDP serves. */
void rss_ask_kernel(const char *device, uint16_t queues, struct steer_device *out);

#endif
