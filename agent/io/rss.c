/* See rss.h. What cannot be asked in DPDK 22.11: the hash function. All drivers that report a key hash by
 * Toeplitz unless told otherwise by a flow rule, and lacon makes none; if one did not, frames would arrive at
 * workers that do not own them, and be handed over. */
#include "agent/io/rss.h"

#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>

/* Bits that make a device leave fields out of the hash. */
#define PARTIAL                                                                                              \
    (RTE_ETH_RSS_L3_SRC_ONLY | RTE_ETH_RSS_L3_DST_ONLY | RTE_ETH_RSS_L4_SRC_ONLY | RTE_ETH_RSS_L4_DST_ONLY)

static void say(struct steer_device *d, const char *what, int rc)
{
    snprintf(d->why, sizeof d->why, "%s%s%s", what, rc ? ": " : "", rc ? strerror(-rc) : "");
}

static bool ask_key(uint16_t port_id, const struct rte_eth_dev_info *info, struct steer_device *d)
{
    struct rte_eth_rss_conf conf = {.rss_key = d->key, .rss_key_len = info->hash_key_size};
    static const uint8_t none[STEER_KEY];
    int rc;

    if (info->hash_key_size == 0 || info->hash_key_size > STEER_KEY) {
        snprintf(d->why, sizeof d->why, "the driver names a key of %u bytes", info->hash_key_size);
        return false;
    }
    rc = rte_eth_dev_rss_hash_conf_get(port_id, &conf);
    d->key_len = info->hash_key_size;
    if (rc)
        say(d, "the key cannot be read", rc);
    else if (memcmp(d->key, none, sizeof none) == 0)
        say(d, "the driver does not tell the key", 0);
    else if (conf.rss_hf & PARTIAL)
        say(d, "the device leaves fields out of its hash", 0);
    d->v4 = conf.rss_hf & RTE_ETH_RSS_NONFRAG_IPV4_TCP;
    d->v6 = conf.rss_hf & RTE_ETH_RSS_NONFRAG_IPV6_TCP;
    return d->why[0] == '\0';
}

static bool ask_table(uint16_t port_id, const struct rte_eth_dev_info *info, struct steer_device *d)
{
    struct rte_eth_rss_reta_entry64 group[STEER_TABLE / RTE_ETH_RETA_GROUP_SIZE];
    int rc;

    if (info->reta_size == 0 || info->reta_size > STEER_TABLE) {
        snprintf(d->why, sizeof d->why, "the driver names an indirection table of %u entries",
                 info->reta_size);
        return false;
    }
    memset(group, 0, sizeof group);
    for (unsigned i = 0; i < sizeof group / sizeof *group; i++)
        group[i].mask = UINT64_MAX;
    rc = rte_eth_dev_rss_reta_query(port_id, group, info->reta_size);
    if (rc)
        say(d, "the indirection table cannot be read", rc);
    d->table_len = info->reta_size;
    for (unsigned i = 0; i < info->reta_size; i++)
        d->table[i] = group[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
    return rc == 0;
}

void rss_ask(uint16_t port_id, uint16_t queues, struct steer_device *out)
{
    struct rte_eth_dev_info info;
    int rc = rte_eth_dev_info_get(port_id, &info);

    memset(out, 0, sizeof *out);
    out->queues = queues;
    if (rc)
        say(out, "the driver tells nothing about the device", rc);
    else if (queues < 2)
        say(out, "one receive queue", 0);
    else if (info.flow_type_rss_offloads == 0)
        say(out, "the device has no RSS", 0);
    else if (ask_key(port_id, &info, out))
        ask_table(port_id, &info, out);
}
