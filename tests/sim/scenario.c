#include "tests/sim/scenario.h"

#include "tests/sim/scenarios/parts.h"

static const struct scenario_group *const groups[] = {
    &scenarios_model,  &scenarios_everyday,  &scenarios_paths,    &scenarios_endings, &scenarios_peers,
    &scenarios_faults, &scenarios_balancing, &scenarios_scarcity, &scenarios_offload, &scenarios_steering,
};

const struct scenario *scenario_at(unsigned i)
{
    for (unsigned g = 0; g < sizeof groups / sizeof *groups; g++) {
        if (i < groups[g]->n)
            return &groups[g]->list[i];
        i -= groups[g]->n;
    }
    return NULL;
}
