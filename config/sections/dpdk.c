/* dpdk: the process and its memory. */
#include <string.h>

#include "config/sections/sections.h"

static const char *judge_eal(const char *s)
{
    return *s == '-' && strlen(s) <= 255 ? NULL : "an argument of DPDK's EAL, such as \"--log-level=8\"";
}

static const char *const hugepages_words[] = {"auto", "off", "on", NULL};
static const char *const idle_words[] = {"adaptive", "poll", NULL};

static const struct cfg_key core_item = {
    .name = "cores", .kind = &kind_uint, ITEM(uint32_t), .min = 0, .max = 1023};
static const struct cfg_key eal_item = {.name = "eal", .kind = &kind_text, ITEM(char *), .judge = judge_eal};

static const struct cfg_key dpdk_keys[] = {
    {.name = "workers",
     .kind = &kind_uint,
     FIELD(struct cfg_dpdk, workers),
     .initial = "1",
     .min = 1,
     .max = CFG_MAX_WORKERS},
    {.name = "cores", LIST(struct cfg_dpdk, cores, ncores, core_item), .min = 1, .max = CFG_MAX_WORKERS},
    {.name = "memory",
     .kind = &kind_size,
     FIELD(struct cfg_dpdk, memory_bytes),
     .initial = "256MiB",
     .min = 64 * MIB,
     .max = 1024 * GIB},
    {.name = "hugepages",
     .kind = &kind_word,
     FIELD(struct cfg_dpdk, hugepages),
     .initial = "auto",
     .words = hugepages_words},
    {.name = "idle",
     .kind = &kind_word,
     FIELD(struct cfg_dpdk, idle),
     .initial = "adaptive",
     .words = idle_words},
    {.name = "connections",
     .kind = &kind_uint,
     FIELD(struct cfg_dpdk, connections),
     .initial = "65536",
     .min = 64,
     .max = 16777216},
    {.name = "buffers",
     .kind = &kind_size,
     FIELD(struct cfg_dpdk, buffers_bytes),
     .initial = "64MiB",
     .min = MIB,
     .max = 64 * GIB},
    {.name = "syn_ring",
     .kind = &kind_uint,
     FIELD(struct cfg_dpdk, syn_ring),
     .initial = "8192",
     .min = 16,
     .max = 1048576},
    {.name = "local_ports",
     .kind = &kind_ports,
     FIELD(struct cfg_dpdk, port_lo),
     .initial = "10000-60999",
     .min = 1024,
     .max = 65535},
    {.name = "eal", LIST(struct cfg_dpdk, eal_args, neal_args, eal_item), .min = 1, .max = 32},
};
const struct cfg_section dpdk_section = {"dpdk", KEYS(dpdk_keys), NULL};
