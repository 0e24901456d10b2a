/* report: a job's outcome as one line of JSON. */
#ifndef LOADGEN_REPORT_H
#define LOADGEN_REPORT_H

#include "bench/loadgen/client.h"
#include "bench/loadgen/endpoint.h"

/* How busy the generator's core was while it measured. */
struct effort {
    uint64_t busy_cycles, cycles;
};

/* Prints it to standard output. `before`: the endpoints' counts at the job's start. True: no errors. */
bool report(const struct client *k, const struct endpoint *e, const struct counts *before,
            const struct effort *effort);

#endif
