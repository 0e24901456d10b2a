/* netdev: what the kernel knows about a network device in this namespace, and the little that lacon asks of
 * it. System calls all: control thread or start-up, never a worker. */
#ifndef LACON_IO_NETDEV_H
#define LACON_IO_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/addr.h"

struct netdev {
    int ifindex;
    uint8_t mac[6];
    uint16_t mtu;
    bool up;         /* set up by the administrator */
    bool running;    /* up, and the link is there */
    unsigned queues; /* receive queues in use */
    bool combined;   /* they are rx/tx pairs (ethtool's "combined"), which is what AF_XDP drivers count */
};

/* 0 or -errno: -ENODEV when there is no such device, -EINVAL when it is not an Ethernet device. */
int netdev_query(const char *name, struct netdev *out);

/* Asks the device's driver by ethtool's interface: `request` begins with its number (linux/ethtool.h), and is
 * overwritten with the answer. 0 or -errno. */
int netdev_ethtool(const char *name, void *request);

/* The same ifindex is still there, up and has a link. */
bool netdev_running(const char *name, int ifindex);

/* Does the device, or the kernel for it, merge received segments (LRO, GRO)? */
bool netdev_merges(const char *name);

/* Does the kernel itself own this address (on any device)? */
bool netdev_kernel_has(const struct ip_addr *a);

/* Adds the multicast MAC groups of the IPv6 addresses' solicited nodes (RFC 4291 section 2.7.1) to the
 * device's filter. Returns a descriptor whose close() takes them off again, or -errno. */
int netdev_join_solicited(int ifindex, const struct ip_addr *v6, unsigned n);

/* Claims the device for this process within the network namespace. Returns a descriptor whose close() (or the
 * process's end) gives it up; -EADDRINUSE: another process has it. */
int netdev_claim(int ifindex);

#endif
