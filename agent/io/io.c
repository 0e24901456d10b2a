/* All interfaces, the buffer pool they share, and who polls what; see io.h. Main thread; the lanes that it
 * hands out live as long as the object. */
#include "agent/io/io.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/log.h"
#include "agent/io/eal.h"
#include "agent/io/lane.h"
#include "agent/io/port.h"
#include "agent/io/rss.h"

#define POOL_CACHE 256

struct io {
    unsigned nports, nworkers;
    struct port *port;
    struct io_lane *lane; /* nworkers of them */
    struct rte_mempool *pool;
};

/* Room for a frame of the largest MTU with what AF_XDP puts in front of it (256 bytes). */
static uint16_t data_room(const struct io *io)
{
    unsigned room = RTE_PKTMBUF_HEADROOM + 2048;

    for (unsigned i = 0; i < io->nports; i++) {
        unsigned need = RTE_PKTMBUF_HEADROOM + 256 + io->port[i].mtu + 18u + 8u;
        if (need > room)
            room = need;
    }
    return (uint16_t)room;
}

/* Notes the highest end of an object. */
static void note_end(struct rte_mempool *mp, void *highest, void *obj, unsigned i)
{
    uintptr_t end = (uintptr_t)obj + mp->elt_size + mp->trailer_size, *top = highest;

    (void)i;
    if (end > *top)
        *top = end;
}

/* AF_XDP's driver registers (number of buffers) * (size of one) bytes from the pool's beginning with the
 * kernel: a pool with gaps would have buffers beyond that, whose frames the kernel throws away. */
static bool is_packed(struct rte_mempool *mp)
{
    const struct rte_mempool_memhdr *first = STAILQ_FIRST(&mp->mem_list);
    size_t one = mp->header_size + mp->elt_size + mp->trailer_size;
    uintptr_t top = 0;

    rte_mempool_obj_iter(mp, note_end, &top);
    return mp->nb_mem_chunks == 1 && top - (uintptr_t)first->addr <= one * mp->populated_size;
}

/* As rte_pktmbuf_pool_create(), which leaves gaps at page boundaries even where addresses as devices see them
 * are virtual and need none. The private area is whole cache lines, so that frames begin on one: drivers that
 * copy (memif, AF_XDP) copy between aligned places. */
static struct rte_mempool *make_pool(unsigned n, uint16_t room)
{
    const uint16_t priv = RTE_ALIGN(sizeof(struct frame), RTE_CACHE_LINE_SIZE);
    struct rte_pktmbuf_pool_private info = {.mbuf_data_room_size = room, .mbuf_priv_size = priv};
    unsigned flags = rte_eal_iova_mode() == RTE_IOVA_VA ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
    unsigned size = (unsigned)sizeof(struct rte_mbuf) + priv + room;
    struct rte_mempool *mp =
        rte_mempool_create_empty("frames", n, size, POOL_CACHE, sizeof info, SOCKET_ID_ANY, flags);

    if (!mp)
        return NULL;
    rte_pktmbuf_pool_init(mp, &info);
    if (rte_mempool_populate_default(mp) < 0) {
        rte_mempool_free(mp);
        return NULL;
    }
    rte_mempool_obj_iter(mp, rte_pktmbuf_init, NULL);
    return mp;
}

static bool any_xdp(const struct io *io)
{
    bool any = false;

    for (unsigned i = 0; i < io->nports; i++)
        any = any || io->port[i].xdp;
    return any;
}

/* One pool for all, so that a frame received on one port is sent on another without a copy. */
static int create_pool(struct io *io)
{
    unsigned n = io->nworkers * 2 * POOL_CACHE;
    unsigned long long mib;

    for (unsigned i = 0; i < io->nports; i++)
        n += io->port[i].queues * PORT_QUEUE_BUFFERS;
    io->pool = make_pool(n - 1, data_room(io));
    if (!io->pool) {
        mib = ((unsigned long long)n * (data_room(io) + 384u) >> 20) + 32;
        log_error("dpdk.memory: not enough for %u frame buffers, about %llu MiB are needed (%s)", n, mib,
                  rte_strerror(rte_errno));
        return -ENOMEM;
    }
    if (any_xdp(io) && !is_packed(io->pool)) {
        log_error(
            "interfaces: AF_XDP needs buffers without gaps, which DPDK cannot give with this memory; set "
            "dpdk.hugepages to off, or driver: af_packet");
        return -ENOTSUP;
    }
    return 0;
}

/* Flow rules change how some devices work, so they are prepared only where somebody named them. */
static bool wants_flow(const struct cfg_accels *a)
{
    bool named = a->flow == 1 + CFG_ACCEL_RTE_FLOW;

    for (unsigned i = 0; i < a->norder && !a->flow; i++)
        named = named || a->order[i] == CFG_ACCEL_RTE_FLOW;
    return named;
}

static int open_ports(struct io *io, const struct config *c)
{
    int rc = 0;

    for (unsigned i = 0; i < c->ninterface && rc == 0; i++) {
        io->nports = i + 1;
        rc = port_probe(&io->port[i], &c->interface[i], i, io->nworkers);
    }
    if (rc == 0)
        rc = create_pool(io);
    for (unsigned i = 0; i < io->nports && rc == 0; i++)
        rc = port_start(&io->port[i], io->pool, wants_flow(&c->accel) ? io->nworkers : 0);
    return rc;
}

static void report(struct io *io)
{
    for (unsigned i = 0; i < io->nports; i++) {
        const struct port *p = &io->port[i];
        const uint8_t *m = p->mac;

        log_info("interface %s: %s by %s (%s), %u queue%s, mtu %u, %02x:%02x:%02x:%02x:%02x:%02x, link %s",
                 p->cfg->name, p->cfg->target, p->driver, p->why, p->queues, p->queues == 1 ? "" : "s",
                 p->mtu, m[0], m[1], m[2], m[3], m[4], m[5], p->up ? "up" : "down");
    }
}

int io_start(const struct config *c, struct io **out)
{
    struct io *io = calloc(1, sizeof *io);
    int rc;

    *out = NULL;
    if (c->ninterface > LANE_MAX_PORTS) {
        log_error("interfaces: %u of them, at most %d are possible", c->ninterface, LANE_MAX_PORTS);
        free(io);
        return -E2BIG;
    }
    if (!io)
        return -ENOMEM;
    io->nworkers = c->dpdk.workers;
    io->port = calloc(c->ninterface, sizeof *io->port);
    io->lane = aligned_alloc(64, io->nworkers * sizeof *io->lane);
    rc = io->port && io->lane ? eal_start(c) : -ENOMEM;
    if (rc) {
        free(io->port);
        free(io->lane);
        free(io);
        return rc;
    }
    rc = open_ports(io, c);
    if (rc) {
        io_stop(io);
        return rc;
    }
    for (unsigned w = 0; w < io->nworkers; w++)
        lane_init(&io->lane[w], io->port, io->nports, io->pool, w, io->nworkers);
    report(io);
    *out = io;
    return 0;
}

void io_stop(struct io *io)
{
    if (!io)
        return;
    for (unsigned i = 0; i < io->nports; i++)
        port_close(&io->port[i]);
    rte_mempool_free(io->pool);
    eal_stop();
    free(io->port);
    free(io->lane);
    free(io);
}

unsigned io_port_count(const struct io *io)
{
    return io->nports;
}

void io_port(const struct io *io, unsigned i, struct io_port_info *out)
{
    const struct port *p = &io->port[i];

    *out = (struct io_port_info){
        .name = p->cfg->name,
        .target = p->cfg->target,
        .driver = p->driver,
        .why = p->why,
        .mtu = p->mtu,
        .queues = p->queues,
        .id = p->id,
        .checks_sums = p->checks_sums,
        .flow_jobs = p->flow_jobs,
        .up = __atomic_load_n(&p->up, __ATOMIC_RELAXED),
    };
    memcpy(out->mac, p->mac, sizeof out->mac);
}

void io_steering(const struct io *io, unsigned i, struct steer_device *out)
{
    const struct port *p = &io->port[i];

    if (p->cfg->kind == CFG_IF_DEVICE)
        rss_ask_kernel(p->cfg->target, p->queues, out);
    else
        rss_ask(p->id, p->queues, out);
}

bool io_link(struct io *io, unsigned i)
{
    return port_link(&io->port[i]);
}

struct io_lane *io_lane(struct io *io, unsigned w)
{
    return &io->lane[w];
}

int io_thread_enter(void)
{
    return rte_thread_register() == 0 ? 0 : -rte_errno;
}

void io_thread_leave(void)
{
    rte_thread_unregister();
}
