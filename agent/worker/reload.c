/* Reload: another configuration for running workers, without a lost exchange.
 *
 *   main          make a generation for each worker (the costly part: routes, tables of the balancing
 * policies) each worker   bind it: find or make what its endpoints need. One that can't: nothing has changed
 * yet, all let go each worker   adopt it, between two bursts later, main   take the generations that no
 * exchange uses any more, and free the configuration after the last
 *
 * Workers adopt on their own thread because they have conns to move; so there is no pointer that a worker
 * could read too late, and nothing for an RCU grace period to wait for. Control threads do read
 * configurations at any time: under `lock`, for an answer's length. A configuration is freed when every
 * worker has retired its generation and the access log has taken every record that names it (or, of a log
 * that is blocked, when four later ones wait for it). */
#include "agent/worker/reload.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/exchange/exchange.h"
#include "agent/worker/core.h"

struct snapshot {
    struct snapshot *next;
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
    pthread_rwlock_init(&s->lock, NULL);
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
    pthread_rwlock_destroy(&s->lock);
}

const struct config *snapshots_newest(const struct snapshots *s, uint32_t *id)
{
    if (id)
        *id = s->newest->id;
    return s->newest->config;
}

const struct config *snapshots_find(const struct snapshots *s, uint32_t id)
{
    const struct snapshot *n = s->newest;
    while (n && n->id != id)
        n = n->next;
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
    pthread_rwlock_wrlock(&s->lock);
    n->next = s->newest;
    s->newest = n;
    pthread_rwlock_unlock(&s->lock);
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
    struct snapshot **at = &s->newest->next;
    unsigned waiting = 0;
    while (*at) {
        struct snapshot *n = *at;
        if (n->in_use || (!all_logged(n, ws) && waiting++ < WAIT_FOR_LOG)) {
            at = &n->next;
            continue;
        }
        pthread_rwlock_wrlock(&s->lock);
        *at = n->next;
        pthread_rwlock_unlock(&s->lock);
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
