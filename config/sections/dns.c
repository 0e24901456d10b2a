/* dns: who is asked for the addresses of endpoints that are given by name. */
#include "config/sections/sections.h"

static const struct cfg_key server_item = {
    .name = "servers", .kind = &kind_name_server, ITEM(struct ip_port)};

static const struct cfg_key dns_keys[] = {
    {.name = "servers", LIST(struct cfg_dns, server, nserver, server_item), .min = 1, .max = 16},
    {.name = "min_ttl",
     .kind = &kind_duration,
     FIELD(struct cfg_dns, min_ttl_ns),
     .initial = "5s",
     .min = 100 * MS,
     .max = 24 * HOUR},
    {.name = "max_ttl",
     .kind = &kind_duration,
     FIELD(struct cfg_dns, max_ttl_ns),
     .initial = "5m",
     .min = 100 * MS,
     .max = 24 * HOUR},
    {.name = "timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_dns, timeout_ns),
     .initial = "2s",
     .min = 10 * MS,
     .max = 60000 * MS},
};
const struct cfg_section dns_section = {"dns", KEYS(dns_keys), NULL};
