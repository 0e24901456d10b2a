/* rows: directed packet scripts. Each row is a function of a few lines in the words of row.h, named by the
 * rule of DESIGN that it tests. */
#ifndef SIM_ROWS_H
#define SIM_ROWS_H

#include "tests/sim/run.h"

struct script;

#define ROW_SEEDS 4 /* each row runs with so many seeds: IPv4 and IPv6 on both sides (row.h) */

struct row {
    const char *name;
    void (*fn)(struct script *s);
};

extern const struct row rows[];
extern const unsigned nrows;

void run_row(const struct row *r, uint64_t seed, bool verbose, struct pcapng *trace, struct run_result *out);

#endif
