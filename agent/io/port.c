/* One interface as a DPDK port: which driver, and bringing it up; see port.h. A kernel device goes through
 * AF_XDP with lacon's XDP program, and through af_packet where that is not possible. */
#include "agent/io/port.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/flow_api.h"
#include "agent/base/log.h"
#include "agent/io/eal.h"
#include "agent/io/sockets.h"
#include "agent/io/xdp.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif
#define MAX_ADDRS  64
#define ANY_SOCKET ((unsigned)SOCKET_ID_ANY)

static const char *key_of(const struct cfg_interface *c)
{
    static const char *const keys[] = {
        [CFG_IF_DEVICE] = "device", [CFG_IF_PCI] = "pci", [CFG_IF_MEMIF] = "memif", [CFG_IF_VDEV] = "vdev"};

    return keys[c->kind];
}

/* Every failure names the interface and the key in the file, and what DPDK had to say. */
static int fail(const struct port *p, int rc, const char *what)
{
    const char *dpdk = eal_complaint();

    log_error("interface %s: %s \"%s\": %s%s%s", p->cfg->name, key_of(p->cfg), p->cfg->target, what,
              dpdk[0] ? ": " : "", dpdk);
    return rc < 0 ? rc : -EIO;
}

/* Probes "name,args" and notes the port it became. */
static int probe(struct port *p, const char *name, const char *args)
{
    char devargs[1200];
    int rc;

    eal_forget_complaint();
    snprintf(devargs, sizeof devargs, "%s%s%s", name, args[0] ? "," : "", args);
    rc = rte_dev_probe(devargs);
    if (rc == 0)
        rc = rte_eth_dev_get_port_by_name(name, &p->id);
    if (rc)
        return rc < 0 ? rc : -EIO;
    p->probed = true;
    return 0;
}

/* ---- kernel devices ---- */

/* lacon's addresses must be its own: taking the kernel's would cut off whoever uses them, ssh included. */
static int check_addresses(const struct port *p)
{
    char text[IP_STRLEN];

    for (uint32_t i = 0; i < p->cfg->naddr; i++) {
        if (!netdev_kernel_has(&p->cfg->addr[i].addr))
            continue;
        log_error("interface %s: address %s belongs to the kernel of this machine; give lacon one of its own",
                  p->cfg->name, ip_str(&p->cfg->addr[i].addr, text));
        return -EADDRINUSE;
    }
    return 0;
}

static int query_device(struct port *p)
{
    int rc = netdev_query(p->cfg->target, &p->dev);

    if (rc == -ENODEV)
        return fail(p, rc, "no such device in this network namespace");
    if (rc)
        return fail(p, rc, rc == -EINVAL ? "not an Ethernet device" : strerror(-rc));
    if (p->cfg->mtu > p->dev.mtu) {
        log_error("interface %s: mtu %u is more than the %u of device %s", p->cfg->name, p->cfg->mtu,
                  p->dev.mtu, p->cfg->target);
        return -EINVAL;
    }
    if (!p->dev.up)
        log_warning("interface %s: device %s is down; traffic flows once it is set up (ip link set %s up)",
                    p->cfg->name, p->cfg->target, p->cfg->target);
    p->claim_fd = netdev_claim(p->dev.ifindex);
    if (p->claim_fd < 0)
        return fail(p, p->claim_fd,
                    p->claim_fd == -EADDRINUSE ? "another lacon uses this device" : strerror(-p->claim_fd));
    xdp_detach(p->dev.ifindex);
    return check_addresses(p);
}

static bool generic(const struct port *p)
{
    return p->cfg->driver == CFG_DRIVER_XDP_GENERIC;
}

/* Can AF_XDP serve the device? If not, why says so. */
static bool xdp_possible(struct port *p, const char *path)
{
    char why[XDP_WHY];

    if (p->cfg->driver == CFG_DRIVER_AF_PACKET)
        snprintf(p->why, sizeof p->why, "driver: af_packet in the file");
    else if (!path)
        snprintf(p->why, sizeof p->why, "AF_XDP not possible: lacon.bpf.o is not installed");
    else if (xdp_try(path, p->dev.ifindex, why) != 0)
        snprintf(p->why, sizeof p->why, "AF_XDP not possible: %s", why);
    else
        return true;
    return false;
}

static int probe_xdp(struct port *p, unsigned index, const char *path)
{
    char name[32], args[1100];

    p->queues = (uint16_t)(p->dev.combined ? p->dev.queues : 1);
    if (p->queues > PORT_MAX_QUEUES)
        return -E2BIG;
    if (!p->dev.combined && p->dev.queues > 1)
        log_warning("interface %s: device %s has %u receive queues without ethtool's \"combined\"; AF_XDP "
                    "serves the first only (ethtool -L %s rx 1)",
                    p->cfg->name, p->cfg->target, p->dev.queues, p->cfg->target);
    snprintf(name, sizeof name, "net_af_xdp%u", index);
    snprintf(args, sizeof args, "iface=%s,queue_count=%u,busy_budget=0,xdp_prog=%s", p->cfg->target,
             p->queues, path);
    p->xdp = true;
    snprintf(p->why, sizeof p->why, "%s",
             generic(p) ? "driver: xdp_generic in the file" : "kernel device that takes an XDP program");
    return probe(p, name, args);
}

static int probe_packet(struct port *p, unsigned index)
{
    unsigned frame = p->dev.mtu <= 1900 ? 2048 : 16384;
    char name[32], args[128];
    struct sockets before;
    int one = 1, rc;

    p->xdp = false;
    p->queues = 1;
    log_warning("interface %s: device %s through af_packet (%s): slower, and the device's receive offloads "
                "must be off (ethtool -K %s gro off lro off)",
                p->cfg->name, p->cfg->target, p->why, p->cfg->target);
    snprintf(name, sizeof name, "net_af_packet%u", index);
    snprintf(args, sizeof args, "iface=%s,blocksz=65536,framesz=%u,framecnt=1024", p->cfg->target, frame);
    sockets_list(AF_PACKET, &before);
    rc = probe(p, name, args);
    if (rc == 0 && sockets_since(AF_PACKET, &before, p->fds, 1) == 1)
        setsockopt(p->fds[0], SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one);
    return rc;
}

static int probe_device(struct port *p, unsigned index)
{
    const char *path = xdp_program_path();
    int rc = query_device(p);

    if (rc)
        return rc;
    rc = xdp_possible(p, path) ? probe_xdp(p, index, path) : probe_packet(p, index);
    return rc ? fail(p, rc, "the driver does not start") : 0;
}

/* ---- the others ---- */

/* A vdev string is "driver[N],args": N makes the name unique and is the user's business. */
static int probe_vdev(struct port *p)
{
    char name[RTE_ETH_NAME_MAX_LEN];
    const char *comma = strchrnul(p->cfg->target, ',');

    snprintf(name, sizeof name, "%.*s", (int)(comma - p->cfg->target), p->cfg->target);
    snprintf(p->why, sizeof p->why, "vdev in the file");
    return probe(p, name, *comma ? comma + 1 : "");
}

static int probe_memif(struct port *p, unsigned index)
{
    char name[32], args[1100];

    snprintf(name, sizeof name, "net_memif%u", index);
    /* A bare path is the socket. */
    snprintf(args, sizeof args, "%s%s", strchr(p->cfg->target, '=') ? "" : "socket=", p->cfg->target);
    snprintf(p->why, sizeof p->why, "memif in the file");
    return probe(p, name, args);
}

static int probe_other(struct port *p, unsigned index)
{
    int rc;

    if (p->cfg->kind == CFG_IF_PCI) {
        snprintf(p->why, sizeof p->why, "pci in the file");
        rc = probe(p, p->cfg->target, "");
    } else {
        rc = p->cfg->kind == CFG_IF_MEMIF ? probe_memif(p, index) : probe_vdev(p);
    }
    return rc ? fail(p, rc, "DPDK cannot open it") : 0;
}

/* How many queues, and what the driver is called. */
static int ask_driver(struct port *p, unsigned nworkers)
{
    struct rte_eth_dev_info info;
    struct rte_ether_addr mac;
    unsigned max;

    if (rte_eth_dev_info_get(p->id, &info) != 0 || rte_eth_macaddr_get(p->id, &mac) != 0)
        return fail(p, -EIO, "the driver tells nothing about the device");
    memcpy(p->mac, mac.addr_bytes, sizeof p->mac);
    snprintf(p->driver, sizeof p->driver, "%s", info.driver_name);
    if (p->cfg->kind == CFG_IF_DEVICE)
        return 0;
    max = info.max_rx_queues < info.max_tx_queues ? info.max_rx_queues : info.max_tx_queues;
    if (max > PORT_MAX_QUEUES)
        max = PORT_MAX_QUEUES;
    p->queues = (uint16_t)(nworkers < max ? nworkers : max);
    return p->queues ? 0 : fail(p, -ENOTSUP, "the device has no queues");
}

/* The MTU that the engine is to keep to. */
static int settle_mtu(struct port *p)
{
    uint16_t mtu = 1500;

    if (p->cfg->kind == CFG_IF_DEVICE) {
        p->mtu = p->cfg->mtu ? p->cfg->mtu : p->dev.mtu;
        return 0;
    }
    rte_eth_dev_get_mtu(p->id, &mtu);
    p->mtu = p->cfg->mtu ? p->cfg->mtu : mtu;
    return 0;
}

int port_probe(struct port *p, const struct cfg_interface *cfg, unsigned index, unsigned nworkers)
{
    int rc;

    memset(p, 0, sizeof *p);
    memset(p->fds, 0xff, sizeof p->fds); /* -1 */
    p->claim_fd = p->groups_fd = -1;
    p->cfg = cfg;
    rc = cfg->kind == CFG_IF_DEVICE ? probe_device(p, index) : probe_other(p, index);
    if (rc == 0)
        rc = ask_driver(p, nworkers);
    return rc ? rc : settle_mtu(p);
}

/* ---- queues ---- */

static int configure(struct port *p)
{
    struct rte_eth_conf conf = {0};
    struct rte_eth_dev_info info;
    const uint64_t checksums =
        RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
    int rc = rte_eth_dev_info_get(p->id, &info);

    if (rc)
        return rc;
    conf.rxmode.offloads = info.rx_offload_capa & checksums;
    p->checks_sums = conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
    if (p->queues > 1 && info.flow_type_rss_offloads) {
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP);
    }
    return rte_eth_dev_configure(p->id, p->queues, p->queues, &conf);
}

static int setup_rx(struct port *p, uint16_t q, uint16_t ring, struct rte_mempool *pool)
{
    struct sockets before;
    int rc;

    sockets_list(AF_XDP, &before);
    rc = rte_eth_rx_queue_setup(p->id, q, ring, ANY_SOCKET, NULL, pool);
    if (rc == 0 && p->xdp)
        sockets_since(AF_XDP, &before, &p->fds[q], 1);
    return rc;
}

static int setup_queues(struct port *p, struct rte_mempool *pool)
{
    uint16_t rx = PORT_RING, tx = PORT_RING;
    int rc = configure(p);

    if (rc == 0)
        rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &rx, &tx);
    for (uint16_t q = 0; q < p->queues && rc == 0; q++)
        rc = setup_rx(p, q, rx, pool);
    for (uint16_t q = 0; q < p->queues && rc == 0; q++)
        rc = rte_eth_tx_queue_setup(p->id, q, tx, ANY_SOCKET, NULL);
    return rc;
}

/* Neighbour solicitations for us arrive by multicast: a kernel device's filter gets just our groups, another
 * port takes all multicast where its driver can. */
static void open_multicast(struct port *p)
{
    struct ip_addr v6[MAX_ADDRS];
    unsigned n = 0;

    for (uint32_t i = 0; i < p->cfg->naddr && n < MAX_ADDRS; i++)
        if (!ip_is_v4(&p->cfg->addr[i].addr))
            v6[n++] = p->cfg->addr[i].addr;
    if (n == 0)
        return;
    if (p->cfg->kind != CFG_IF_DEVICE) {
        rte_eth_allmulticast_enable(p->id);
        return;
    }
    p->groups_fd = netdev_join_solicited(p->dev.ifindex, v6, n);
    if (p->groups_fd < 0)
        log_warning("interface %s: device %s takes no multicast groups (%s): IPv6 neighbours may not find us",
                    p->cfg->name, p->cfg->target, strerror(-p->groups_fd));
}

/* DPDK's driver attaches the program as the device prefers it; where it is to run is settled here. */
static int settle_xdp(const struct port *p)
{
    struct ip_addr addr[MAX_ADDRS];
    unsigned n = 0;
    int rc = generic(p) ? xdp_make_generic(p->dev.ifindex) : 0;

    if (rc)
        return fail(p, rc, "cannot run the XDP program behind receive steering");
    if (generic(p) && netdev_merges(p->cfg->target))
        log_warning("interface %s: device %s merges received segments, which are then too large for lacon's "
                    "buffers (ethtool -K %s gro off lro off)",
                    p->cfg->name, p->cfg->target, p->cfg->target);
    for (uint32_t i = 0; i < p->cfg->naddr && n < MAX_ADDRS; i++)
        addr[n++] = p->cfg->addr[i].addr;
    rc = xdp_set_addresses(p->dev.ifindex, addr, n, p->cfg->vlan);
    return rc ? fail(p, rc, "cannot tell the XDP program our addresses") : 0;
}

/* DPDK takes queues for flow rules only between configuration and start. */
static void prepare_flow(struct port *p, unsigned queues)
{
    char why[ACCEL_WHY] = "";

    if (queues == 0)
        return;
    p->flow_jobs = flow_prepare(&flow_api_dpdk, p->id, queues, why);
    log_info("interface %s: flow rules: %s", p->cfg->name, why);
    eal_forget_complaint();
}

int port_start(struct port *p, struct rte_mempool *pool, unsigned flow_queues)
{
    int rc;

    eal_forget_complaint();
    rc = setup_queues(p, pool);
    if (rc == 0)
        prepare_flow(p, flow_queues);
    if (rc == 0)
        rc = rte_eth_dev_start(p->id);
    if (rc)
        return fail(p, rc, "the driver does not start");
    p->started = true;
    if (p->xdp) {
        rc = settle_xdp(p);
        if (rc)
            return rc;
    }
    open_multicast(p);
    port_link(p);
    return 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void port_close(struct port *p)
{
    if (p->started) {
        rte_eth_dev_stop(p->id);
        rte_eth_dev_close(p->id);
    }
    /* One that did not start is not closed: the AF_XDP driver of DPDK 22.11 frees twice after a queue that
     * failed. The process ends anyway. */
    if (p->xdp)
        xdp_detach(p->dev.ifindex);
    close_fd(&p->groups_fd);
    close_fd(&p->claim_fd);
    p->started = p->probed = p->xdp = false;
}

bool port_link(struct port *p)
{
    struct rte_eth_link link = {0};
    bool up;

    if (p->cfg->kind == CFG_IF_DEVICE)
        up = netdev_running(p->cfg->target, p->dev.ifindex);
    else
        up = rte_eth_link_get_nowait(p->id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
    __atomic_store_n(&p->up, up, __ATOMIC_RELAXED);
    return up;
}
