/* run: one scenario with one seed, from the first SYN to the last invariant. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "tests/sim/scenario.h"

struct run_result {
    bool ok;
    uint64_t failed_at; /* virtual ns */
    char why[1000];
    struct sim_stats stats;
};

struct pcapng;

/* `trace`: where frames are written to, or NULL. */
void run_scenario(const struct scenario *sc, uint64_t seed, bool verbose, struct pcapng *trace,
                  struct run_result *out);

#endif
