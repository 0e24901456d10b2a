/* accel: who does what hardware may do. */
#include "config/sections/sections.h"

#define X(id, name) name,
const char *const cfg_accel_names[] = {CFG_ACCELS(X) NULL};
static const char *const named_or_not[] = {"", CFG_ACCELS(X) NULL};
#undef X
static const char *const profiles[] = {"bluefield2", "liquidio", NULL};

static const struct cfg_key order_item = {
    .name = "order", .kind = &kind_word, ITEM(enum cfg_accel), .words = cfg_accel_names};

#define HOOK(key, field)                                                                                     \
    {                                                                                                        \
        .name = key, .kind = &kind_word_or_none, FIELD(struct cfg_accels, field), .words = named_or_not      \
    }

static const struct cfg_key accel_keys[] = {
    {.name = "order", LIST(struct cfg_accels, order, norder, order_item), .min = 1, .max = 8},
    HOOK("checksum", checksum),
    HOOK("head_scan", head_scan),
    HOOK("flow", flow),
    HOOK("parse", parse),
    HOOK("steer", steer),
    {.name = "flow_profile",
     .kind = &kind_word,
     FIELD(struct cfg_accels, flow_profile),
     .initial = "bluefield2",
     .words = profiles},
    {.name = "flow_least",
     .kind = &kind_size,
     FIELD(struct cfg_accels, flow_least),
     .initial = "1MiB",
     .min = 16 * KIB,
     .max = 1024 * GIB},
};
const struct cfg_section accel_section = {"accel", KEYS(accel_keys), NULL};
