/* The file itself. */
#include "config/sections/sections.h"

static const struct cfg_key top_keys[] = {
    {.name = "dpdk", SECTION(dpdk_section), FIELD(struct config, dpdk)},
    {.name = "interfaces",
     LIST(struct config, interface, ninterface, interface_item),
     .required = true,
     .min = 1,
     .max = 16},
    {.name = "listeners",
     LIST(struct config, listener, nlistener, listener_item),
     .required = true,
     .min = 1,
     .max = 256},
    {.name = "routes",
     LIST(struct config, route, nroute, route_item), /* required by listeners, see check.c */
     .min = 1,
     .max = 65536},
    {.name = "clusters",
     LIST(struct config, cluster, ncluster, cluster_item),
     .required = true,
     .min = 1,
     .max = 65536},
    {.name = "limits", SECTION(limits_section), FIELD(struct config, limits)},
    {.name = "accel", SECTION(accel_section), FIELD(struct config, accel)},
    {.name = "dns", SECTION(dns_section), FIELD(struct config, dns)},
    {.name = "admin", SECTION(admin_section), FIELD(struct config, admin)},
    {.name = "logging", SECTION(logging_section), FIELD(struct config, logging)},
};
const struct cfg_section cfg_top = {"the configuration", KEYS(top_keys), NULL};
