/* DPDK ports; see port.h. */
#include "bench/loadgen/port.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/io/sockets.h"

#define RING       2048u
#define POOL_CACHE 512u
#define ANY_SOCKET ((unsigned)SOCKET_ID_ANY)

static int fail(const char *what, int rc)
{
    fprintf(stderr, "loadgen: %s: %s\n", what, rte_strerror(rc < 0 ? -rc : rc));
    return rc < 0 ? rc : -EIO;
}

/* ---- sending ---- */

static bool refill(struct port *p)
{
    if (rte_pktmbuf_alloc_bulk(p->pool, p->spare, PORT_SPARE) != 0)
        return false;
    p->nspare = PORT_SPARE;
    return true;
}

static uint8_t *room(struct wire *w, bool data)
{
    struct port *p = (struct port *)w;
    uint32_t waiting = p->tail - p->head;

    if (waiting >= (data ? PORT_DATA : PORT_QUEUE) || (p->nspare == 0 && !refill(p)))
        return NULL;
    p->next = p->spare[p->nspare - 1];
    return rte_pktmbuf_mtod(p->next, uint8_t *);
}

static void enqueue(struct wire *w, uint32_t len)
{
    struct port *p = (struct port *)w;

    p->nspare--;
    p->next->data_len = (uint16_t)len;
    p->next->pkt_len = len;
    p->queue[p->tail++ % PORT_QUEUE] = p->next;
    if (p->tail - p->head >= PORT_BURST && p->tail % PORT_BURST == 0)
        port_flush(p);
}

void port_flush(struct port *p)
{
    while (p->head != p->tail) {
        uint32_t at = p->head % PORT_QUEUE, n = p->tail - p->head;

        if (n > PORT_QUEUE - at)
            n = PORT_QUEUE - at;
        if (n > 2 * PORT_BURST)
            n = 2 * PORT_BURST;
        uint16_t sent = rte_eth_tx_burst(p->id, 0, &p->queue[at], (uint16_t)n);
        p->head += sent;
        if (sent < n)
            return;
    }
}

/* ---- starting ---- */

static int quiet_bpf(enum libbpf_print_level level, const char *format, va_list ap)
{
    (void)level;
    (void)format;
    (void)ap;
    return 0;
}

/* The compiled XDP program lies beside the binary. */
static void xdp_program(char *path, size_t n)
{
    ssize_t len = readlink("/proc/self/exe", path, n - 16);

    while (len > 0 && path[len - 1] != '/')
        len--;
    strcpy(path + (len > 0 ? len : 0), "loadgen.bpf.o");
}

static void make_vdev(const char *spec, unsigned index, char *out, size_t n)
{
    const char *name = strchr(spec, ':');
    char path[1024];

    if (strncmp(spec, "dev:", 4) == 0) {
        libbpf_set_print(quiet_bpf);
        xdp_program(path, sizeof path);
        snprintf(out, n, "net_af_xdp%u,iface=%s,busy_budget=0,xdp_prog=%s", index, name + 1, path);
    } else if (strncmp(spec, "packet:", 7) == 0) { /* blocks of a whole number of frames */
        snprintf(out, n, "net_af_packet%u,iface=%s,blocksz=520192,framesz=65024,framecnt=2048", index,
                 name + 1);
    } else if (strncmp(spec, "memif:", 6) == 0) {
        snprintf(out, n, "net_memif%u,role=server,id=0,socket-abstract=no,socket=%s,rsize=11", index,
                 name + 1);
    } else {
        snprintf(out, n, "%s", spec);
    }
}

int port_open(struct port *p, const char *spec, unsigned index)
{
    struct rte_ether_addr mac;
    char name[64], vdev[1400];
    int rc;

    make_vdev(spec, index, vdev, sizeof vdev);

    memset(p, 0, sizeof *p);
    p->fd = -1;
    p->wire = (struct wire){.room = room, .send = enqueue};
    snprintf(name, sizeof name, "%.*s", (int)strcspn(vdev, ","), vdev);
    rc = rte_dev_probe(vdev);
    if (rc == 0)
        rc = rte_eth_dev_get_port_by_name(name, &p->id);
    if (rc == 0)
        rc = rte_eth_macaddr_get(p->id, &mac);
    if (rc)
        return fail(vdev, rc);
    memcpy(p->mac, mac.addr_bytes, 6);
    return 0;
}

/* As rte_pktmbuf_pool_create(), which leaves gaps at page boundaries even where none are needed. */
struct rte_mempool *port_pool(unsigned n, unsigned frame)
{
    struct rte_pktmbuf_pool_private info = {.mbuf_data_room_size = (uint16_t)(frame + RTE_PKTMBUF_HEADROOM)};
    unsigned flags = rte_eal_iova_mode() == RTE_IOVA_VA ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
    unsigned size = (unsigned)sizeof(struct rte_mbuf) + info.mbuf_data_room_size;
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

int port_start(struct port *p, struct rte_mempool *pool)
{
    struct rte_eth_conf conf = {0};
    uint16_t rx = RING, tx = RING;
    static struct sockets before;
    int rc;

    p->pool = pool;
    rc = rte_eth_dev_configure(p->id, 1, 1, &conf);
    if (rc == 0)
        rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &rx, &tx);
    sockets_list(AF_XDP, &before);
    if (rc == 0)
        rc = rte_eth_rx_queue_setup(p->id, 0, rx, ANY_SOCKET, NULL, pool);
    if (rc == 0)
        rc = rte_eth_tx_queue_setup(p->id, 0, tx, ANY_SOCKET, NULL);
    if (rc == 0)
        rc = rte_eth_dev_start(p->id);
    if (rc)
        return fail("the port does not start", rc);
    if (sockets_since(AF_XDP, &before, &p->fd, 1) != 1)
        p->fd = -1;
    rte_eth_promiscuous_enable(p->id);
    p->started = true;
    return 0;
}

bool port_link(const struct port *p)
{
    struct rte_eth_link link = {0};

    return rte_eth_link_get_nowait(p->id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

void port_close(struct port *p)
{
    /* The AF_XDP driver of DPDK 22.11 frees twice when a port that did not start is closed. */
    if (p->started) {
        rte_eth_dev_stop(p->id);
        rte_eth_dev_close(p->id);
    }
    p->started = false;
}
