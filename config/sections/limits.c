/* limits: what one client may have. */
#include "config/sections/sections.h"

static const struct cfg_key trusted_item = {
    .name = "trusted", .kind = &kind_network, ITEM(struct cfg_prefix)};

static const struct cfg_key limits_keys[] = {
    {.name = "client_connections",
     .kind = &kind_percent,
     FIELD(struct cfg_limits, client_connections),
     .initial = "50%",
     .max = 100},
    {.name = "client_buffers",
     .kind = &kind_percent,
     FIELD(struct cfg_limits, client_buffers),
     .initial = "25%",
     .max = 100},
    {.name = "trusted", LIST(struct cfg_limits, trusted, ntrusted, trusted_item), .min = 1, .max = 64},
};
const struct cfg_section limits_section = {"limits", KEYS(limits_keys), NULL};
