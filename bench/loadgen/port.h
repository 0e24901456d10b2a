/* port: one DPDK port as a wire: bursts in, a queue of frames out. What the device does not take stays queued
 * and is offered again, so the generator loses nothing by being too fast; data is not made while the queue is
 * long. One thread. */
#ifndef LOADGEN_PORT_H
#define LOADGEN_PORT_H

#include <rte_mbuf.h>

#include "bench/loadgen/tcp.h"

#define PORT_BURST 64u
#define PORT_QUEUE 4096u /* frames that wait for the device */
#define PORT_DATA  512u  /* no more data while so many wait */
#define PORT_SPARE 64u

struct port {
    struct wire wire; /* first: a wire is its port */
    uint16_t id;
    uint8_t mac[6];
    struct rte_mempool *pool;
    struct rte_mbuf *next; /* given by room() */
    uint32_t nspare, head, tail;
    struct rte_mbuf *spare[PORT_SPARE];
    struct rte_mbuf *queue[PORT_QUEUE];
    bool started;
    int fd; /* readable when frames wait; -1: none */
};

/* Probes what `spec` names: dev:NAME (a kernel device by AF_XDP, all its frames), packet:NAME (by af_packet;
 * segmentation offload's large frames are taken), memif:SOCKET (as the server), else a vdev "driver0,args".
 * `index` makes names unique. 0 or -errno, said on stderr. */
int port_open(struct port *p, const char *spec, unsigned index);
/* Starts it with one queue each way. */
int port_start(struct port *p, struct rte_mempool *pool);
/* `n` buffers for frames of at most `frame` bytes, without gaps (AF_XDP needs that). NULL: no memory. */
struct rte_mempool *port_pool(unsigned n, unsigned frame);
bool port_link(const struct port *p);
void port_close(struct port *p); /* also one that did not open or start */

static inline uint32_t port_rx(struct port *p, struct rte_mbuf *m[PORT_BURST]);
void port_flush(struct port *p);

#include <rte_ethdev.h>

static inline uint32_t port_rx(struct port *p, struct rte_mbuf *m[PORT_BURST])
{
    return rte_eth_rx_burst(p->id, 0, m, PORT_BURST);
}

#endif
