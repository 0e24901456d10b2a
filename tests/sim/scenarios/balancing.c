/* Which endpoint: every lb_policy, failover, checks and ejection, circuit breakers. */
#include "tests/sim/scenarios/parts.h"

static const struct scenario balancing[] = {
#define X(id, name_, hashes)                                                                                 \
    {.name = "lb-" #name_,                                                                                   \
     .what = "many exchanges in every way of ending, lb_policy " #name_ ", one endpoint refuses",            \
     .topo = TOPO_TWO_ARMS,                                                                                  \
     .workers = 2,                                                                                           \
     .mix = &mix_resets,                                                                                     \
     .fault = {{.kind = FAULT_REFUSE, .who = WHO_FIRST}},                                                    \
     .lb_policy = CFG_LB_##id,                                                                               \
     .client_link = LOSSY,                                                                                   \
     .endpoint_link = NEAR},
    LB_POLICIES(X)
#undef X
        {.name = "failover",
         .what = "the endpoint of the first priority refuses, the other takes over; slow start",
         .topo = TOPO_TWO_ARMS,
         .mix = &mix_plain,
         .fault = {{.kind = FAULT_REFUSE, .who = WHO_FIRST}},
         .failover = true,
         .client_link = CLEAN,
         .endpoint_link = NEAR},
    {.name = "judged",
     .what = "endpoints crash and come back, are checked and ejected",
     .topo = TOPO_TWO_ARMS,
     .endpoints = 3,
     .conns = 10,
     .mix = &mix_outages,
     .judged = true,
     .fault = {{.kind = FAULT_CRASH, .times = 6, .to_ns = 12 * SEC, .lasts_ns = 3 * SEC}},
     .timeout_ns = 120 * SEC,
     .connect_timeout_ns = 1 * SEC,
     .client_link = CLEAN,
     .endpoint_link = NEAR},
    {.name = "judged-nasty",
     .what = "checks and ejection where everything is impaired, three workers",
     .topo = TOPO_TWO_ARMS,
     .workers = 3,
     .spray = 20,
     .endpoints = 4,
     .conns = 10,
     .mix = &mix_resets,
     .judged = true,
     .hosts = HOSTS_VARIED,
     .fault = {{.kind = FAULT_REFUSE, .times = 6, .to_ns = 12 * SEC, .lasts_ns = 3 * SEC}},
     .connect_timeout_ns = 10 * SEC,
     .client_link = NASTY,
     .endpoint_link = NASTY},
    {.name = "breakers",
     .what = "one request at a time at each endpoint, the others wait; peers reset",
     .topo = TOPO_TWO_ARMS,
     .conns = 10,
     .busy = 1,
     .mix = &mix_resets,
     .hosts = HOSTS_VARIED,
     .client_link = LOSSY,
     .endpoint_link = NEAR},
    {.name = "breakers-workers",
     .what = "the same with four workers that share the room, and everyday traffic",
     .topo = TOPO_TWO_ARMS,
     .workers = 4,
     .spray = 50,
     .conns = 10,
     .busy = 2,
     .mix = &mix_rich,
     .client_link = LOSSY,
     .endpoint_link = NEAR},
};

const struct scenario_group scenarios_balancing = SCENARIO_GROUP(balancing);
