/* lane: one worker's receive and transmit queues. Internal to agent/io; the calls are in io.h. */
#ifndef LACON_IO_LANE_H
#define LACON_IO_LANE_H

#include <rte_mbuf.h>

#include "agent/io/io.h"
#include "agent/io/port.h"

#define LANE_MAX_PORTS 16 /* net.h's NET_MAX_IF */
#define LANE_TX_BURST  32

struct lane_rx {
    uint16_t port_id, queue; /* DPDK's */
    uint16_t index;          /* interface */
    int fd;
};

struct lane_tx {
    uint16_t port_id, queue;
    uint16_t owner; /* worker */
    uint16_t n;
    struct rte_mbuf *buf[LANE_TX_BURST];
};

struct io_lane {
    struct rte_mempool *pool;
    unsigned nrx, ntx;
    struct lane_rx rx[PORT_MAX_QUEUES];
    struct lane_tx tx[LANE_MAX_PORTS]; /* by interface */
} __attribute__((aligned(64)));

void lane_init(struct io_lane *l, const struct port *ports, unsigned nports, struct rte_mempool *pool,
               unsigned worker, unsigned nworkers);

#endif
