/* port: one interface of the configuration as a DPDK port. Internal to agent/io. Main thread, except where
 * said. A port is probed, then configured on the shared buffer pool, then closed. */
#ifndef LACON_IO_PORT_H
#define LACON_IO_PORT_H

#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/io/io.h"
#include "agent/io/netdev.h"

#define PORT_MAX_QUEUES 256
#define PORT_WHY        256

struct port {
    const struct cfg_interface *cfg; /* borrowed */
    uint16_t id;                     /* DPDK's */
    bool probed, started, xdp;
    char vdev[RTE_ETH_NAME_MAX_LEN]; /* name of the virtual device, "" for PCI */
    char driver[64], why[PORT_WHY];
    struct netdev dev;       /* kind device: the kernel's view at start */
    int claim_fd, groups_fd; /* -1: none */
    uint8_t mac[6];
    uint16_t mtu;
    uint16_t queues;
    bool checks_sums; /* TCP sums of what it receives */
    uint32_t flow_jobs;
    bool up;                  /* written by the control thread, read by any (relaxed atomics) */
    int fds[PORT_MAX_QUEUES]; /* per receive queue: readable when frames wait; -1: none */
};

/* Buffers that one receive queue and its transmit queue can hold. */
#define PORT_QUEUE_BUFFERS 8192u
#define PORT_RING          1024u

/* Finds the driver and probes it. `index` makes names unique. 0 or -errno, logged. p is zeroed first; close
 * it in any case. */
int port_probe(struct port *p, const struct cfg_interface *cfg, unsigned index, unsigned nworkers);

/* Sets up queues on `pool` and starts. flow_queues > 0: flow rules are to be asked of it by so many workers.
 * 0 or -errno, logged. */
int port_start(struct port *p, struct rte_mempool *pool, unsigned flow_queues);

void port_close(struct port *p);

/* Asks for the link. Control thread. */
bool port_link(struct port *p);

#endif
