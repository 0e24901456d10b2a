/* What scenarios are made of: links, and the traffic that several kinds of scenarios share. Each line of a
 * group is run with many seeds; loss alone must never fail an exchange. */
#ifndef SIM_SCENARIOS_PARTS_H
#define SIM_SCENARIOS_PARTS_H

#include "tests/sim/scenario.h"

/* ---- upper bounds of what a link does ---- */

#define CLEAN                                                                                                \
    {                                                                                                        \
        .delay_ns = 5 * MS                                                                                   \
    }
#define LOSSY                                                                                                \
    {                                                                                                        \
        .delay_ns = 30 * MS, .jitter_ns = 3 * MS, .loss = 300                                                \
    }
#define NASTY                                                                                                \
    {                                                                                                        \
        .delay_ns = 40 * MS, .jitter_ns = 10 * MS, .loss = 400, .duplicate = 200, .reorder = 800,            \
        .reorder_ns = 40 * MS, .corrupt = 150                                                                \
    }
#define SHUFFLED                                                                                             \
    {                                                                                                        \
        .delay_ns = 10 * MS, .jitter_ns = 2 * MS, .duplicate = 1500, .reorder = 3000, .reorder_ns = 20 * MS  \
    }
#define NARROW                                                                                               \
    {                                                                                                        \
        .delay_ns = 10 * MS, .mtu = 600                                                                      \
    }
#define NARROW_LOSSY                                                                                         \
    {                                                                                                        \
        .delay_ns = 30 * MS, .jitter_ns = 3 * MS, .loss = 300, .mtu = 600                                    \
    }
#define HOLE                                                                                                 \
    {                                                                                                        \
        .delay_ns = 10 * MS, .mtu = 1100, .black_hole = true                                                 \
    }
#define SLOW                                                                                                 \
    {                                                                                                        \
        .delay_ns = 50 * MS, .rate_bps = 2000000, .queue_bytes = 30000                                       \
    }
#define NEAR                                                                                                 \
    {                                                                                                        \
        .delay_ns = 200 * US                                                                                 \
    }

/* ---- traffic ---- */

extern const struct mix mix_plain, mix_rich, mix_small, mix_resets, mix_outages;

/* ---- the groups, in the order in which they run ---- */

/* Scenarios about one thing: a file of this folder. */
struct scenario_group {
    const struct scenario *list;
    unsigned n;
};
#define SCENARIO_GROUP(array)                                                                                \
    {                                                                                                        \
        .list = array, .n = sizeof array / sizeof *array                                                     \
    }

extern const struct scenario_group scenarios_model, scenarios_everyday, scenarios_paths, scenarios_endings,
    scenarios_peers, scenarios_faults, scenarios_balancing, scenarios_scarcity, scenarios_offload,
    scenarios_steering;

#endif
