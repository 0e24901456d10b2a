/* reload: the configurations of a running process: the newest, and those that exchanges in flight still use.
 * Internal to agent/worker; see worker.h for what others call. Main thread, but for what says otherwise. */
#ifndef LACON_WORKER_RELOAD_H
#define LACON_WORKER_RELOAD_H

#include "agent/worker/worker.h"

struct snapshot;

struct snapshots {
    struct snapshot *newest; /* first of all there are, newest first; main: rw, others: ro while they hold */
    uint32_t next_id;
};

/* `first` is borrowed; its number is 0. 0 or -ENOMEM; destroy is legal either way. */
int snapshots_init(struct snapshots *s, const struct config *first, unsigned nworkers);
void snapshots_destroy(struct snapshots *s);

/* Takes `next` over when it returns 0; after -errno nothing has changed. */
int snapshots_reload(struct snapshots *s, struct workers *ws, struct config *next);
/* Frees what nobody uses any more. */
void snapshots_collect(struct snapshots *s, struct workers *ws);

/* Between them no configuration that is found is freed. Any thread but main and workers, not nested. */
void snapshots_hold(void);
void snapshots_release(void);
/* While held, or the main thread. */
const struct config *snapshots_newest(const struct snapshots *s, uint32_t *id);
const struct config *snapshots_find(const struct snapshots *s, uint32_t id); /* NULL: gone */

#endif
