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

/* Where the names of routes and clusters come from: the configuration of a record's generation, NULL when
 * there is none. Called by the log's thread alone, find() between hold() and release(), and what it returned
 * is not used beyond that. */
struct access_names {
    void (*hold)(void *ctx);
    const struct config *(*find)(void *ctx, uint32_t generation);
    void (*release)(void *ctx);
    void *ctx;
};

/* Opens the path ("-" is standard output) for appending and starts the thread. All arguments are copied. 0 or
 * -errno. */
int access_log_start(const char *path, const struct access_names *names, const struct access_source *source,
                     unsigned nsource, struct access_log **out);

/* Asks the thread to write what it has and to open its path again (after rotation), or another one. When
 * that fails the old file stays in use, and the log for the operator says so. Any thread, one at a time with
 * a path; NULL is legal for l, and for path. */
void access_log_reopen(struct access_log *l, const char *path);

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
