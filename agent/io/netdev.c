/* Kernel devices by ioctl, getifaddrs and packet sockets; see netdev.h. No state. */
#include "agent/io/netdev.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int ask(int fd, unsigned long what, const char *name, struct ifreq *ifr)
{
    memset(ifr->ifr_name, 0, sizeof ifr->ifr_name);
    memcpy(ifr->ifr_name, name, strnlen(name, sizeof ifr->ifr_name - 1));
    return ioctl(fd, what, ifr) == 0 ? 0 : -errno;
}

static void ask_queues(int fd, const char *name, struct netdev *out)
{
    struct ethtool_channels ch = {.cmd = ETHTOOL_GCHANNELS};
    struct ifreq ifr = {.ifr_data = (char *)&ch};

    out->queues = 1;
    out->combined = false;
    if (ask(fd, SIOCETHTOOL, name, &ifr) != 0)
        return;
    out->combined = ch.max_combined != 0;
    if (out->combined && ch.combined_count)
        out->queues = ch.combined_count;
    else if (ch.rx_count)
        out->queues = ch.rx_count;
}

int netdev_ethtool(const char *name, void *request)
{
    struct ifreq ifr = {.ifr_data = request};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

    if (fd < 0)
        return -errno;
    rc = ask(fd, SIOCETHTOOL, name, &ifr);
    close(fd);
    return rc;
}

static int query_on(int fd, const char *name, struct netdev *out)
{
    struct ifreq ifr;
    int rc;

    rc = ask(fd, SIOCGIFINDEX, name, &ifr);
    if (rc)
        return rc;
    out->ifindex = ifr.ifr_ifindex;
    rc = ask(fd, SIOCGIFHWADDR, name, &ifr);
    if (rc)
        return rc;
    if (ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
        return -EINVAL;
    memcpy(out->mac, ifr.ifr_hwaddr.sa_data, 6);
    rc = ask(fd, SIOCGIFMTU, name, &ifr);
    if (rc)
        return rc;
    out->mtu = (uint16_t)(ifr.ifr_mtu > UINT16_MAX ? UINT16_MAX : ifr.ifr_mtu);
    rc = ask(fd, SIOCGIFFLAGS, name, &ifr);
    if (rc)
        return rc;
    out->up = ifr.ifr_flags & IFF_UP;
    out->running = out->up && (ifr.ifr_flags & IFF_RUNNING);
    ask_queues(fd, name, out);
    return 0;
}

int netdev_query(const char *name, struct netdev *out)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int rc;

    if (fd < 0)
        return -errno;
    rc = strlen(name) < IFNAMSIZ ? query_on(fd, name, out) : -ENODEV;
    close(fd);
    return rc;
}

bool netdev_merges(const char *name)
{
    struct ethtool_value gro = {.cmd = ETHTOOL_GGRO}, flags = {.cmd = ETHTOOL_GFLAGS};
    struct ifreq ifr = {.ifr_data = (char *)&gro};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return false;
    if (ask(fd, SIOCETHTOOL, name, &ifr) != 0)
        gro.data = 0;
    ifr.ifr_data = (char *)&flags;
    if (ask(fd, SIOCETHTOOL, name, &ifr) != 0)
        flags.data = 0;
    close(fd);
    return gro.data || (flags.data & ETH_FLAG_LRO);
}

bool netdev_running(const char *name, int ifindex)
{
    struct netdev d = {0};

    return netdev_query(name, &d) == 0 && d.ifindex == ifindex && d.running;
}

static bool same_addr(const struct sockaddr *sa, const struct ip_addr *a)
{
    struct ip_addr other;

    if (!sa || (sa->sa_family != AF_INET && sa->sa_family != AF_INET6))
        return false;
    if (sa->sa_family == AF_INET)
        other = ip_from_v4((const uint8_t *)&((const struct sockaddr_in *)(const void *)sa)->sin_addr);
    else
        other = ip_from_v6((const uint8_t *)&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
    return ip_eq(&other, a);
}

bool netdev_kernel_has(const struct ip_addr *a)
{
    struct ifaddrs *list = NULL;
    bool found = false;

    if (getifaddrs(&list) != 0)
        return false;
    for (const struct ifaddrs *i = list; i && !found; i = i->ifa_next)
        found = same_addr(i->ifa_addr, a);
    freeifaddrs(list);
    return found;
}

int netdev_join_solicited(int ifindex, const struct ip_addr *v6, unsigned n)
{
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* protocol 0: receives nothing */

    if (fd < 0)
        return -errno;
    for (unsigned i = 0; i < n; i++) {
        struct packet_mreq m = {.mr_ifindex = ifindex, .mr_type = PACKET_MR_MULTICAST, .mr_alen = 6};
        const uint8_t *b = v6[i].b;

        memcpy(m.mr_address, (uint8_t[]){0x33, 0x33, 0xff, b[13], b[14], b[15]}, 6);
        if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof m) != 0) {
            int rc = -errno;
            close(fd);
            return rc;
        }
    }
    return fd;
}

/* A name in the abstract namespace: per network namespace, as ifindexes are, and gone with its process. */
int netdev_claim(int ifindex)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int n, fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    n = snprintf(sun.sun_path + 1, sizeof sun.sun_path - 1, "lacon/device/%d", ifindex);
    if (bind(fd, (const struct sockaddr *)&sun,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) != 0) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}
