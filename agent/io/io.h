/* io: frames in and out. Opens the configuration's interfaces as DPDK ports, shares the receive queues out
 * among the workers, and presents mbufs as struct frame (which lives in the mbuf's private area, so a frame
 * that comes in goes out without a copy).
 *
 * The main thread starts and stops it; between that, an io_lane belongs to one worker's thread. One io per
 * process: the EAL can be initialised only once. */
#ifndef LACON_IO_IO_H
#define LACON_IO_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/counters.h"
#include "agent/base/frame.h"
#include "config/config.h"

struct io;
struct io_lane;

/* Initialises the EAL and opens every interface. 0 or -errno; the reason is logged with the interface's name
 * and the key in the file. */
int io_start(const struct config *config, struct io **out);

/* Closes the ports, takes the XDP programs off and ends the EAL. NULL is legal. No lane may be in use. */
void io_stop(struct io *io);

/* What became of one interface. */
struct io_port_info {
    const char *name;   /* in the file */
    const char *target; /* device, PCI address ... */
    const char *driver; /* DPDK's name, e.g. net_af_xdp */
    const char *why;    /* why this driver, in words */
    uint8_t mac[6];
    uint16_t mtu;
    uint16_t queues;    /* receive queues */
    bool up;            /* as of the last io_link() */
    uint16_t id;        /* DPDK's number */
    bool checks_sums;   /* the device checks TCP sums on receipt */
    uint32_t flow_jobs; /* of each worker's queue for flow rules; 0: there is none (accel/flow_api.h) */
};
unsigned io_port_count(const struct io *io);
void io_port(const struct io *io, unsigned i, struct io_port_info *out);

/* Asks port i's device how it spreads segments over its receive queues (accel/steer.h); out->why says what it
 * would not tell. After io_start(). */
struct steer_device;
void io_steering(const struct io *io, unsigned i, struct steer_device *out);

/* Asks the device now (a system call): is the link of port i up? Control thread. */
bool io_link(struct io *io, unsigned i);

/* ---- one worker's share ---- */

/* The lane of worker w < config->dpdk.workers: queue q of a port belongs to worker q % workers. */
struct io_lane *io_lane(struct io *io, unsigned w);

/* Called by a worker's thread before and after its life: buffer caches are per thread. 0 or -errno. */
int io_thread_enter(void);
void io_thread_leave(void);

unsigned io_lane_queues(const struct io_lane *l);

/* The interface of the lane's queue q. */
uint16_t io_lane_port(const struct io_lane *l, unsigned q);

/* Receives up to n (at most 64) frames from the lane's queue q < io_lane_queues(). */
unsigned io_rx(struct io_lane *l, unsigned q, struct frame *f[], unsigned n);

/* An empty frame with FRAME_HEADROOM and FRAME_ROOM, or NULL. */
struct frame *io_alloc(struct io_lane *l);
void io_free(struct frame *f);
/* A copy on fresh memory, or NULL. */
struct frame *io_copy(struct io_lane *l, const struct frame *f);

/* The worker whose lane sends on `port`; a lane's own worker whenever it has a queue there. */
unsigned io_tx_owner(const struct io_lane *l, uint16_t port);

/* Puts f into the port's buffer, flushing it when full. Consumes f. The lane must be io_tx_owner(). */
void io_tx(struct io_lane *l, struct frame *f, struct counters *c);
/* Sends what is buffered; what the device does not take is counted as drop_tx_full and freed. */
void io_flush(struct io_lane *l, struct counters *c);

/* Descriptors that become readable when frames arrive: fills at most max, returns how many there are. *all
 * is false when some queue of the lane has none and must be polled. */
unsigned io_wait_fds(const struct io_lane *l, int fds[], unsigned max, bool *all);

#endif
