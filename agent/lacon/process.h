/* process: a lacon that runs, from its configuration to its end. The main thread lives here: it handles
 * signals and looks after links, names and draining; packets are the workers' business. */
#ifndef LACON_LACON_PROCESS_H
#define LACON_LACON_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/control/control.h"
#include "agent/control/endpoints.h"
#include "agent/control/resolver.h"
#include "agent/worker/worker.h"
#include "config/config.h"

/* What is running. */
struct process {
    const char *file;
    struct config *base;    /* as it was read; what is in use is derived from it */
    struct config *started; /* derived at the start; workers borrow it until they end */
    struct resolver *resolver;
    struct io *io;
    struct workers *workers;
    struct control *control;
    int signals; /* signalfd */
    struct endpoints_watch watch;
    bool draining, stop;
};

/* Runs until a signal ends it; takes c over. False: it could not start, and has logged why. */
bool process_run(struct config *c);

/* The time of day, for logs. */
int64_t process_wall_ns(void);

#endif
