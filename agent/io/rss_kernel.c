/* RSS of a device that the kernel drives; see rss.h. What ethtool -x and -n DEV rx-flow-hash tcp4 show. */
#include <errno.h>
#include <linux/ethtool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/io/netdev.h"
#include "agent/io/rss.h"

#define TOEPLITZ 1u /* ETH_RSS_HASH_TOP of the kernel's netdevice.h, which applications do not get */
#define FIELDS   (RXH_IP_SRC | RXH_IP_DST | RXH_L4_B_0_1 | RXH_L4_B_2_3)

static void say(struct steer_device *d, const char *what, int rc)
{
    snprintf(d->why, sizeof d->why, "%s%s%s", what, rc ? ": " : "", rc ? strerror(-rc) : "");
}

/* Table and key, in an answer that holds both. NULL: out->why says why. */
static struct ethtool_rxfh *ask_table(const char *device, struct steer_device *d)
{
    struct ethtool_rxfh size = {.cmd = ETHTOOL_GRSSH};
    struct ethtool_rxfh *all;
    int rc = netdev_ethtool(device, &size);

    if (rc || size.indir_size == 0 || size.key_size == 0) {
        say(d, "the driver tells no RSS key and table", rc);
        return NULL;
    }
    if (size.indir_size > STEER_TABLE || size.key_size > STEER_KEY) {
        say(d, "the RSS table or key is larger than is understood", 0);
        return NULL;
    }
    all = calloc(1, sizeof *all + size.indir_size * sizeof all->rss_config[0] + size.key_size);
    if (!all) {
        say(d, "not enough memory", 0);
        return NULL;
    }
    *all =
        (struct ethtool_rxfh){.cmd = ETHTOOL_GRSSH, .indir_size = size.indir_size, .key_size = size.key_size};
    rc = netdev_ethtool(device, all);
    if (rc == 0 && all->indir_size == size.indir_size && all->key_size == size.key_size)
        return all;
    say(d, "the RSS key and table cannot be read", rc);
    free(all);
    return NULL;
}

/* The hash must be Toeplitz over the tuple as it is: newer kernels tell of symmetric variants in what these
 * headers call reserved. A driver that names no function has one. */
static bool is_plain(const struct ethtool_rxfh *all, struct steer_device *d)
{
    static const uint8_t none[STEER_KEY];

    if ((all->hfunc && !(all->hfunc & TOEPLITZ)) || all->rsvd8[0])
        say(d, "the device's hash is not plain Toeplitz", 0);
    else if (memcmp(all->rss_config + all->indir_size, none, all->key_size) == 0)
        say(d, "the driver does not tell the key", 0);
    else
        return true;
    return false;
}

static bool hashes_ports(const char *device, uint32_t flow)
{
    struct ethtool_rxnfc ask = {.cmd = ETHTOOL_GRXFH, .flow_type = flow};

    return netdev_ethtool(device, &ask) == 0 && ask.data == FIELDS;
}

void rss_ask_kernel(const char *device, uint16_t queues, struct steer_device *out)
{
    struct ethtool_rxfh *all;

    memset(out, 0, sizeof *out);
    out->queues = queues;
    if (queues < 2) {
        say(out, "one receive queue", 0);
        return;
    }
    all = ask_table(device, out);
    if (!all)
        return;
    if (is_plain(all, out)) {
        out->table_len = all->indir_size;
        for (uint32_t i = 0; i < all->indir_size; i++)
            out->table[i] = (uint16_t)all->rss_config[i];
        out->key_len = all->key_size;
        memcpy(out->key, all->rss_config + all->indir_size, all->key_size);
        out->v4 = hashes_ports(device, TCP_V4_FLOW);
        out->v6 = hashes_ports(device, TCP_V6_FLOW);
    }
    free(all);
}
