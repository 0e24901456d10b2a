/* measure: what bench/offload asks the simulator for: responses of given sizes, and what lacon's own code and
 * an emulated engine's cost for them. Set once, before any run. */
#ifndef SIM_MEASURE_H
#define SIM_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/rng.h"

/* Sizes of responses: a number of bytes, or
 *   web      files of web servers: lognormal body (mu 9.357, sigma 1.318), Pareto tail above 133 kB
 * (alpha 1.1) with 7 % of the files (Barford, Crovella: SURGE, SIGMETRICS 1998), cut at 100 MB search   flows
 * of a web-search cluster (Alizadeh et al.: DCTCP, SIGCOMM 2010), the CDF as pFabric's authors and others
 * have used it since False: neither. */
bool measure_sizes(const char *text);
bool measure_on(void);
uint32_t measure_draw(struct rng *r);

/* Connections of each client host; 0: as the scenario says. */
extern unsigned measure_conns;
/* Bytes that a response must have left to be offered to an engine; 0: as the tests have it. */
extern uint64_t measure_flow_least;

/* Ticks of the time-stamp counter, without what passed between measure_stop() and measure_go(): what the
 * simulator does inside of an engine's calls. */
uint64_t measure_cycles(void);
void measure_stop(void);
void measure_go(void);

/* Cycles of calls of an engine. A call in which the thread lost its CPU is taken for an average one. */
struct measure_calls {
    uint64_t all, counted, cycles;
    uint64_t begun, switches; /* of the call under way */
};
void measure_begin(struct measure_calls *m, uint64_t emulation);
void measure_end(struct measure_calls *m, uint64_t emulation);
uint64_t measure_sum(const struct measure_calls *m);

#endif
