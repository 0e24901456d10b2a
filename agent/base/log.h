/* log: lines for the operator, to standard error or a file. Never called on the path of a packet.
 *
 * One logger per process, started by main before any thread. log_*() may be called by any thread; a line is
 * written by one write(2), so lines do not mix. Lines to standard error open with a level prefix that
 * journald understands ("<4>") when it is connected to the journal. */
#ifndef LACON_BASE_LOG_H
#define LACON_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
};

/* Level and destination from now on; `path` NULL is standard error. `wall_ns` tells the time for the lines,
 * in ns since 1970, from any thread. Until called: info, standard error, no time. 0 or -errno (the
 * level is set then too, the destination unchanged). Main thread. */
int log_open(enum log_level level, const char *path, int64_t (*wall_ns)(void));

/* Opens the file again (after rotation). 0 or -errno (the old file stays in use). Any thread. */
int log_reopen(void);

/* Back to standard error; closes the file. No other thread may log. */
void log_close(void);

bool log_wants(enum log_level level);

/* printf-like; no newline at the end. Cut to 1 KiB; control characters become '?'. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
