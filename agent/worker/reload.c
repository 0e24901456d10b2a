/* Reload: another configuration for running workers, without a lost exchange.
 *
 *   main          makes a generation for each worker (the costly part: routes, tables of policies)
 *   each worker   binds it: finds or makes what its endpoints need. One that can't: nothing has changed yet,
 *                 all let go
 *   main          publishes the configuration to control threads
 *   each worker   adopts its generation, between two bursts
 *   main          takes the generations that no exchange uses any more; after the last of one configuration
 *                 and a grace period that is freed
 *
 * Control threads READ the list of configurations under liburcu's QSBR flavour: between snapshots_hold() and
 * snapshots_release() they are registered, and online; main, the only WRITER, links a snapshot in with
 * rcu_assign_pointer, unlinks it likewise, and frees it after synchronize_rcu. Workers are registered too
 * (for their whole lives, quiescent each round, offline while they sleep), so a grace period also waits until
 * each has gone round once.
 *
 * Workers themselves are handed their generations by mail, which they look at between two bursts, at the very
 * place where they are quiescent. A pointer that is published alone would not do: whoever takes the next one
 * over has conns to move (listeners that are gone, exchanges that are carried over, checks, marks, limits),
 * and must have done so before the one after it comes; main has to know that he has; and binding has to be
 * undone everywhere when one worker cannot. And a grace period ends when no worker is inside a burst, while a
 * generation is in use as long as an exchange that began under it, up to drain_timeout: so it is counted by
 * its users, on its worker's thread, without an atomic, and handed back.
 *
 * The access log names a record's route and cluster from the configuration's number; so a configuration is
 * also kept until the log has taken every record that names it (or, of a log that is blocked, until four
 * later ones wait for it). */
#include "agent/worker/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <urcu-qsbr.h>

#include "agent/exchange/exchange.h"
#include "agent/worker/core.h"

struct snapshot {
    struct snapshot *next;      /* main: rw, others: ro while they hold */
    struct snapshot *gone_next; /* unlinked, not freed yet: main's */
    const struct config *config;
    struct config *owned; /* the same, when it is ours to free */
    uint32_t id;
    unsigned in_use;                  /* by so many workers */
    uint32_t logged[CFG_MAX_WORKERS]; /* records that were written by then, when in_use came to 0 */
};

static struct snapshot *snapshot_new(struct snapshots *s, const struct config *config, unsigned nworkers)
{
    struct snapshot *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->config = config;
    n->id = s->next_id++;
    n->in_use = nworkers;
    return n;
}

int snapshots_init(struct snapshots *s, const struct config *first, unsigned nworkers)
{
    s->newest = snapshot_new(s, first, nworkers);
    return s->newest ? 0 : -ENOMEM;
}

void snapshots_destroy(struct snapshots *s)
{
    while (s->newest) {
        struct snapshot *n = s->newest;
        s->newest = n->next;
        config_free(n->owned);
        free(n);
    }
}

void snapshots_hold(void)
{
    urcu_qsbr_register_thread();
}

void snapshots_release(void)
{
    urcu_qsbr_unregister_thread();
}

const struct config *snapshots_newest(const struct snapshots *s, uint32_t *id)
{
    const struct snapshot *n = rcu_dereference(s->newest); /* partner: snapshots_reload */
    if (id)
        *id = n->id;
    return n->config;
}

const struct config *snapshots_find(const struct snapshots *s, uint32_t id)
{
    const struct snapshot *n = rcu_dereference(s->newest); /* partners: snapshots_reload, free_unused */
    while (n && n->id != id)
        n = rcu_dereference(n->next);
    return n ? n->config : NULL;
}

/* ---- reload ---- */

struct plan {
    struct generation *g;
    int rc;
};

static void bind(struct engine *e, void *arg, uint64_t now_ns)
{
    struct plan *p = arg;
    p->rc = engine_bind(e, p->g, now_ns);
}

static void unbind(struct engine *e, void *arg, uint64_t now_ns)
{
    struct plan *p = arg;
    engine_unbind(e, p->g, now_ns);
}

static void adopt(struct engine *e, void *arg, uint64_t now_ns)
{
    struct plan *p = arg;
    engine_adopt(e, p->g, now_ns);
}

/* Makes and binds a generation for every worker, or for none. */
static int prepare(struct workers *ws, const struct config *next, uint32_t id, struct plan plan[])
{
    unsigned n = workers_count(ws), made, bound;
    int rc = 0;
    for (made = 0; made < n && rc == 0; made++) {
        plan[made].g = generation_create(next, workers_roster(ws), made, id);
        rc = plan[made].g ? 0 : -ENOMEM;
    }
    for (bound = 0; bound < n && rc == 0; bound++) {
        rc = workers_call(ws, bound, bind, &plan[bound], true);
        rc = rc ? rc : plan[bound].rc;
    }
    if (rc == 0)
        return 0;
    for (unsigned i = 0; i + 1 < bound; i++)
        workers_call(ws, i, unbind, &plan[i], true);
    for (unsigned i = 0; i < made; i++)
        generation_destroy(plan[i].g);
    return rc;
}

int snapshots_reload(struct snapshots *s, struct workers *ws, struct config *next)
{
    struct plan plan[CFG_MAX_WORKERS] = {0};
    struct snapshot *n = snapshot_new(s, next, workers_count(ws));
    int rc = n ? prepare(ws, next, n->id, plan) : -ENOMEM;
    if (rc) {
        free(n);
        return rc;
    }
    n->owned = next;
    n->next = s->newest;
    rcu_assign_pointer(s->newest, n); /* partners: snapshots_newest, snapshots_find */
    for (unsigned i = 0; i < workers_count(ws); i++)
        workers_call(ws, i, adopt, &plan[i], true);
    return 0;
}

/* ---- what is left of old ones ---- */

static void take_retired(struct engine *e, void *arg, uint64_t now_ns)
{
    struct generation **g = arg;
    (void)now_ns;
    *g = engine_retired(e);
}

/* A worker has no use for s's configuration any more. */
static void one_less(struct snapshots *s, struct workers *ws, const struct config *config)
{
    struct snapshot *n = s->newest;
    while (n->config != config)
        n = n->next;
    if (--n->in_use == 0)
        for (unsigned i = 0; i < workers_count(ws); i++)
            n->logged[i] = worker_log_written(workers_at(ws, i));
}

static bool all_logged(const struct snapshot *n, struct workers *ws)
{
    for (unsigned i = 0; i < workers_count(ws); i++)
        if ((int32_t)(worker_log_taken(workers_at(ws, i)) - n->logged[i]) < 0)
            return false;
    return true;
}

/* A log that nobody reads must not keep a configuration for each reload: the oldest go, and records that are
 * logged after that are without the names of their route and cluster. */
#define WAIT_FOR_LOG 4u

static void free_unused(struct snapshots *s, struct workers *ws)
{
    struct snapshot **at = &s->newest->next, *gone = NULL;
    unsigned waiting = 0;
    while (*at) {
        struct snapshot *n = *at;
        if (n->in_use || (!all_logged(n, ws) && waiting++ < WAIT_FOR_LOG)) {
            at = &n->next;
            continue;
        }
        rcu_assign_pointer(*at, n->next); /* partner: snapshots_find, which may stand on n */
        n->gone_next = gone;
        gone = n;
    }
    if (gone)
        urcu_qsbr_synchronize_rcu();
    while (gone) {
        struct snapshot *n = gone;
        gone = n->gone_next;
        config_free(n->owned);
        free(n);
    }
}

void snapshots_collect(struct snapshots *s, struct workers *ws)
{
    if (!s->newest->next)
        return;
    for (unsigned i = 0; i < workers_count(ws); i++)
        for (struct generation *g = NULL; workers_call(ws, i, take_retired, &g, true) == 0 && g; g = NULL) {
            one_less(s, ws, generation_config(g));
            generation_destroy(g);
        }
    free_unused(s, ws);
}
