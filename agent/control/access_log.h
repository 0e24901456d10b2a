/* access_log: the thread that turns finished exchanges into lines of the access log. It looks into each
 * worker's ring, formats, and writes in large pieces: at least once a second, and whatever is left when it is
 * stopped. A destination that blocks (a pipe nobody reads) or fails (a full disk) costs log lines, never a
 * worker's time: its ring fills up and the worker counts log_dropped. */
#ifndef LACON_CONTROL_ACCESS_LOG_H
#define LACON_CONTROL_ACCESS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/exchange/access.h"
#include "config/config.h"

struct access_log;

/* Where records come from: takes the oldest, false when there is none. Called by the log's thread alone. */
struct access_source {
    bool (*take)(void *ctx, struct access_record *out);
    void *ctx;
};

/* Opens config->logging.access_log ("-" is standard output) for appending and starts the thread. The sources
 * are copied; the config is borrowed, also for the names of routes and clusters. 0 or -errno. */
int access_log_start(const struct config *config, const struct access_source *source, unsigned nsource,
                     struct access_log **out);

/* Asks the thread to write what it has and to open the path again (after rotation). When that fails the old
 * file stays in use, and the log for the operator says so. Any thread; NULL is legal. */
void access_log_reopen(struct access_log *l);

/* Writes what the sources hold and ends the thread; waits at most a second for a destination that blocks.
 * NULL is legal. */
void access_log_stop(struct access_log *l);

/* Any thread. */
struct access_log_stats {
    uint64_t lines;   /* written */
    uint64_t lost;    /* formatted, but the destination refused them */
    uint64_t reopens; /* that succeeded */
};
void access_log_stats(const struct access_log *l, struct access_log_stats *out);

#endif
