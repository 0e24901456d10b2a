/* What drivers are asked about RSS, and what is made of their answers: DPDK's and the kernel's functions are
 * doubles here. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <rte_ethdev.h>
#include <string.h>

#include "agent/io/netdev.h"
#include "agent/io/rss.h"

#define PORT 3u

static struct driver {
    int info_rc, key_rc, table_rc;
    uint64_t can, does;
    uint8_t key_len;
    uint16_t table_len;
    bool keyless;
} good = {.can = RTE_ETH_RSS_TCP, .does = RTE_ETH_RSS_TCP, .key_len = 40, .table_len = 128}, drv;

static uint8_t key_byte(unsigned i)
{
    return (uint8_t)(i * 37 + 5);
}

/* ---- DPDK's part ---- */

int rte_eth_dev_info_get(uint16_t port_id, struct rte_eth_dev_info *info)
{
    cr_assert_eq(port_id, PORT);
    memset(info, 0, sizeof *info);
    info->flow_type_rss_offloads = drv.can;
    info->hash_key_size = drv.key_len;
    info->reta_size = drv.table_len;
    return drv.info_rc;
}

int rte_eth_dev_rss_hash_conf_get(uint16_t port_id, struct rte_eth_rss_conf *conf)
{
    cr_assert_eq(port_id, PORT);
    cr_assert_eq(conf->rss_key_len, drv.key_len);
    for (unsigned i = 0; i < drv.key_len && !drv.keyless; i++)
        conf->rss_key[i] = key_byte(i);
    conf->rss_hf = drv.does;
    return drv.key_rc;
}

int rte_eth_dev_rss_reta_query(uint16_t port_id, struct rte_eth_rss_reta_entry64 *conf, uint16_t n)
{
    cr_assert_eq(port_id, PORT);
    cr_assert_eq(n, drv.table_len);
    for (unsigned i = 0; i < n; i++)
        if (conf[i / 64].mask >> i % 64 & 1)
            conf[i / 64].reta[i % 64] = (uint16_t)(i * 3 % 4);
    return drv.table_rc;
}

static void no_change(struct driver *d)
{
    (void)d;
}

static void no_info(struct driver *d)
{
    d->info_rc = -ENODEV;
}

static void no_rss(struct driver *d)
{
    d->can = 0;
}

static void no_size(struct driver *d)
{
    d->key_len = 0;
}

static void key_unreadable(struct driver *d)
{
    d->key_rc = -ENOTSUP;
}

static void key_untold(struct driver *d)
{
    d->keyless = true;
}

static void no_table(struct driver *d)
{
    d->table_len = 0;
}

static void table_unreadable(struct driver *d)
{
    d->table_rc = -ENOTSUP;
}

static void source_only(struct driver *d)
{
    d->does |= RTE_ETH_RSS_L4_SRC_ONLY;
}

static void addresses(struct driver *d)
{
    d->does = RTE_ETH_RSS_IP;
}

static void v6_only(struct driver *d)
{
    d->does = RTE_ETH_RSS_NONFRAG_IPV6_TCP;
}

static void long_key(struct driver *d)
{
    d->key_len = 52;
    d->table_len = 2048;
}

Test(io_rss, what_a_driver_tells_dpdk)
{
    static const struct {
        void (*change)(struct driver *d);
        uint16_t queues;
        const char *why;
        bool v4, v6;
    } row[] = {
        {no_change, 4, "", true, true},
        {long_key, 4, "", true, true},
        {v6_only, 4, "", false, true},
        {addresses, 4, "", false, false},
        {no_change, 1, "one receive queue", false, false},
        {no_info, 4, "the driver tells nothing about the device: No such device", false, false},
        {no_rss, 4, "the device has no RSS", false, false},
        {no_size, 4, "the driver names a key of 0 bytes", false, false},
        {key_unreadable, 4, "the key cannot be read: Operation not supported", true, true},
        {key_untold, 4, "the driver does not tell the key", true, true},
        {source_only, 4, "the device leaves fields out of its hash", true, true},
        {no_table, 4, "the driver names an indirection table of 0 entries", true, true},
        {table_unreadable, 4, "the indirection table cannot be read: Operation not supported", true, true},
    };
    for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
        static struct steer_device d;
        drv = good;
        row[i].change(&drv);
        rss_ask(PORT, row[i].queues, &d);
        cr_expect_str_eq(d.why, row[i].why, "row %u: %s", i, d.why);
        cr_expect(d.v4 == row[i].v4 && d.v6 == row[i].v6, "row %u", i);
        cr_expect_eq(d.queues, row[i].queues);
        if (row[i].why[0])
            continue;
        cr_expect_eq(d.key_len, drv.key_len);
        cr_expect_eq(d.key[drv.key_len - 1], key_byte(drv.key_len - 1u));
        cr_expect_eq(d.table_len, drv.table_len);
        for (unsigned k = 0; k < d.table_len; k++)
            cr_assert_eq(d.table[k], k * 3 % 4, "entry %u", k);
    }
}

/* ---- the kernel's ---- */

static struct kernel {
    int rss_rc, fields_rc, again_rc;
    uint32_t table, key;
    uint8_t hfunc, transform;
    uint64_t v4, v6;
    bool keyless;
} plain = {.table = 128,
           .key = 40,
           .hfunc = 1,
           .v4 = RXH_IP_SRC | RXH_IP_DST | RXH_L4_B_0_1 | RXH_L4_B_2_3,
           .v6 = RXH_IP_SRC | RXH_IP_DST | RXH_L4_B_0_1 | RXH_L4_B_2_3},
  krn;

static int answer_rss(struct ethtool_rxfh *q)
{
    bool sizes = q->indir_size == 0 && q->key_size == 0;
    uint8_t *key = (uint8_t *)(q->rss_config + q->indir_size);
    cr_assert(sizes || (q->indir_size == krn.table && q->key_size == krn.key));
    for (unsigned i = 0; !sizes && i < krn.table; i++)
        q->rss_config[i] = i * 5 % 4;
    for (unsigned i = 0; !sizes && i < krn.key; i++)
        key[i] = krn.keyless ? 0 : key_byte(i);
    q->indir_size = krn.table;
    q->key_size = krn.key;
    q->hfunc = krn.hfunc;
    q->rsvd8[0] = krn.transform;
    return sizes ? krn.rss_rc : krn.again_rc;
}

int netdev_ethtool(const char *name, void *request)
{
    struct ethtool_rxnfc *fields = request;
    uint32_t cmd;
    memcpy(&cmd, request, sizeof cmd);
    cr_assert_str_eq(name, "eth7");
    if (cmd == ETHTOOL_GRSSH)
        return answer_rss(request);
    cr_assert_eq(cmd, ETHTOOL_GRXFH);
    fields->data = fields->flow_type == TCP_V4_FLOW ? krn.v4 : krn.v6;
    return krn.fields_rc;
}

static void as_it_is(struct kernel *k)
{
    (void)k;
}

static void unsupported(struct kernel *k)
{
    k->rss_rc = -EOPNOTSUPP;
}

static void tableless(struct kernel *k)
{
    k->table = 0;
}

static void gone_meanwhile(struct kernel *k)
{
    k->again_rc = -ENODEV;
}

static void huge(struct kernel *k)
{
    k->table = STEER_TABLE * 2;
}

static void xor_hash(struct kernel *k)
{
    k->hfunc = 2;
}

static void symmetric(struct kernel *k)
{
    k->transform = 1;
}

static void unnamed_hash(struct kernel *k)
{
    k->hfunc = 0;
}

static void zero_key(struct kernel *k)
{
    k->keyless = true;
}

static void v4_by_address(struct kernel *k)
{
    k->v4 = RXH_IP_SRC | RXH_IP_DST;
}

static void fields_untold(struct kernel *k)
{
    k->fields_rc = -EOPNOTSUPP;
}

Test(io_rss, what_a_driver_tells_the_kernel)
{
    static const struct {
        void (*change)(struct kernel *k);
        uint16_t queues;
        const char *why;
        bool v4, v6;
    } row[] = {
        {as_it_is, 4, "", true, true},
        {unnamed_hash, 4, "", true, true},
        {v4_by_address, 4, "", false, true},
        {fields_untold, 4, "", false, false},
        {as_it_is, 1, "one receive queue", false, false},
        {unsupported, 4, "the driver tells no RSS key and table: Operation not supported", false, false},
        {tableless, 4, "the driver tells no RSS key and table", false, false},
        {gone_meanwhile, 4, "the RSS key and table cannot be read: No such device", false, false},
        {huge, 4, "the RSS table or key is larger than is understood", false, false},
        {xor_hash, 4, "the device's hash is not plain Toeplitz", false, false},
        {symmetric, 4, "the device's hash is not plain Toeplitz", false, false},
        {zero_key, 4, "the driver does not tell the key", false, false},
    };
    for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
        static struct steer_device d;
        krn = plain;
        row[i].change(&krn);
        rss_ask_kernel("eth7", row[i].queues, &d);
        cr_expect_str_eq(d.why, row[i].why, "row %u: %s", i, d.why);
        cr_expect(d.v4 == row[i].v4 && d.v6 == row[i].v6, "row %u", i);
        if (row[i].why[0])
            continue;
        cr_expect_eq(d.key_len, 40);
        cr_expect_eq(d.key[39], key_byte(39));
        cr_expect_eq(d.table_len, 128);
        cr_expect_eq(d.table[127], 127 * 5 % 4);
    }
}
