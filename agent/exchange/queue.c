/* Requests that wait for room at their cluster: all endpoints that could be asked are as busy as they may be
 * (breaker.c). They wait in the order in which they came, at most max_pending of them and for queue_timeout.
 *
 * A request that waits has no endpoint conn and nothing of it is mapped: its head and what body fits stay in
 * the client's hold, acknowledged, and its window shuts by itself. When its turn comes the hold is judged
 * again, and what was a head the first time has to be the same one (S1).
 *
 * Room is looked for at the end of each burst and tick, so whatever gave some needs to know nothing of
 * queues. So an endpoint that was down gives some when it may be asked again. What other workers give back is
 * found by looking every millisecond while somebody waits. Between workers the order is kept to FAIR_NS: each
 * shows since when its first one waits, and leaves room alone that another's has waited for so much longer.
 *
 * The worker's thread. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

#define LOOK_NS MS_NS
#define FAIR_NS (5 * MS_NS)

/* ---- the list ---- */

/* Shows other workers since when the first one waits. */
static void show(const struct exchanges *w, struct cluster_state *cs)
{
    uint64_t since = cs->queue_first ? cs->queue_first->queue_ns : 0;
    __atomic_store_n(&cs->breaker->head_ns[w->worker], since, __ATOMIC_RELAXED); /* partner: others_first */
}

/* At the end: a cluster of a former configuration comes before the same one of the present. */
static void remember(struct exchanges *w, struct cluster_state *cs)
{
    struct cluster_state **at = &w->waiting;
    while (*at)
        at = &(*at)->waiting_next;
    cs->waiting = true;
    cs->waiting_next = NULL;
    *at = cs;
}

bool queue_join(struct exchanges *w, struct exchange *x)
{
    struct cluster_state *cs = cluster_of(x);
    if (!tally_take(&cs->breaker->pending, cs->cfg->max_pending)) {
        stat_add(&w->cnt->queue_full, 1);
        return false;
    }
    stat_add(&w->cnt->queued, 1);
    stat_add(&w->cnt->waiting, 1);
    x->queued = true;
    x->turn = false;
    x->queue_ns = splice_now(w->s);
    if (!cs->queue_first) {
        cs->queue_last = &cs->queue_first;
        if (!cs->waiting)
            remember(w, cs);
    }
    x->queue_next = NULL;
    x->queue_pprev = cs->queue_last;
    *cs->queue_last = x;
    cs->queue_last = &x->queue_next;
    show(w, cs);
    client_watch(w, x, x->queue_ns + cs->cfg->queue_timeout_ns);
    return true;
}

void queue_leave(struct exchanges *w, struct exchange *x)
{
    struct cluster_state *cs = cluster_of(x);
    if (!x->queued)
        return;
    *x->queue_pprev = x->queue_next;
    if (x->queue_next)
        x->queue_next->queue_pprev = x->queue_pprev;
    else
        cs->queue_last = x->queue_pprev;
    x->queued = x->turn = false;
    stat_add(&w->cnt->waiting, (uint64_t)-1);
    tally_give(&cs->breaker->pending);
    show(w, cs);
}

/* Takes the clusters off the list for which nobody waits. */
static void forget_empty(struct exchanges *w)
{
    for (struct cluster_state **at = &w->waiting; *at;) {
        if ((*at)->queue_first) {
            at = &(*at)->waiting_next;
            continue;
        }
        (*at)->waiting = false;
        *at = (*at)->waiting_next;
    }
}

void queues_unbind(struct exchanges *w, const struct generation *g)
{
    for (struct cluster_state **at = &w->waiting; *at;) {
        if (*at >= g->cluster && *at < g->cluster + g->cfg->ncluster)
            *at = (*at)->waiting_next; /* which stays: queues_run() may stand here */
        else
            at = &(*at)->waiting_next;
    }
}

/* ---- whose turn it is ---- */

/* Has another worker's first one waited for so much longer? */
static bool others_first(const struct exchanges *w, const struct cluster_state *cs, uint64_t since_ns)
{
    const struct breaker *b = cs->breaker;
    if (w->nworkers < 2 || tally_read(&b->pending) == 0)
        return false;
    for (unsigned k = 0; k < w->nworkers; k++) {
        uint64_t other = k == w->worker ? 0 : __atomic_load_n(&b->head_ns[k], __ATOMIC_RELAXED);
        if (other && other + FAIR_NS < since_ns)
            return true;
    }
    return false;
}

bool queue_before(const struct exchanges *w, const struct exchange *x)
{
    const struct cluster_state *cs = cluster_of(x);
    if (!cs->breaker)
        return false;
    if (x->queued)
        return others_first(w, cs, x->queue_ns);
    return cs->queue_first || others_first(w, cs, splice_now(w->s));
}

static void serve(struct exchanges *w, struct cluster_state *cs)
{
    struct exchange *next, *x = cs->queue_first;
    if (!x)
        return; /* its generation may be unbound already */
    endpoints_forgive(w, cs);
    for (uint32_t n = tally_read(&cs->breaker->pending); x && n > 0; x = next, n--) {
        next = x->queue_next;
        if (x->turn)
            continue; /* there is room, but its bytes found none in the hold; they will come again */
        if (!breaker_room(cs) || queue_before(w, x))
            return;
        x->turn = true;
        if (x->stream)
            stream_resume(w, x);
        else
            client_wake(w, x->c);
        if (x->queued && !x->turn)
            return; /* no room after all */
    }
}

void queues_run(struct exchanges *w)
{
    if (!w->waiting || mutant(queue_not_woken))
        return;
    for (struct cluster_state *cs = w->waiting; cs; cs = cs->waiting_next)
        serve(w, cs);
    forget_empty(w);
}

uint64_t queues_next_ns(const struct exchanges *w)
{
    bool others = w->nworkers > 1 && !mutant(queue_others_unseen);
    uint64_t soon = splice_now(w->s) + LOOK_NS, t = w->waiting && others ? soon : UINT64_MAX;
    for (const struct cluster_state *cs = w->waiting; cs; cs = cs->waiting_next)
        if (cs->queue_first && cs->forgive_ns < t)
            t = cs->forgive_ns > soon ? cs->forgive_ns : soon;
    return t;
}

void queues_adopt(struct exchanges *w, const struct generation *g)
{
    for (struct cluster_state *cs = w->waiting; cs; cs = cs->waiting_next)
        for (uint32_t i = 0; i < g->cfg->ncluster; i++)
            if (strcmp(g->cluster[i].cfg->name, cs->cfg->name) == 0 && !mutant(reload_queue_limits))
                breaker_limits_as(cs, &g->cluster[i]);
    queues_run(w);
}

/* ---- who has waited long enough ---- */

void queue_timeout(struct exchanges *w, struct exchange *x)
{
    struct conn *c = x->c;
    uint64_t now = splice_now(w->s), until = x->queue_ns + cluster_of(x)->cfg->queue_timeout_ns;
    bool late = x->deadline_ns && now >= x->deadline_ns;
    if (now < until && !late) {
        client_watch(w, x, until);
        return;
    }
    stat_add(&w->cnt->queue_timeouts, 1);
    if (x->stream) {
        stream_give_up(w, x, 503, R_CLOSE_QUEUE);
        return;
    }
    if (splice_held(c).n >= x->head_bytes) { /* else its head may yet come */
        splice_skip(w->s, c, x->head_bytes);
        x->req_mapped = x->req_body == HTTP_BODY_NONE;
    } else {
        x->client_close = true;
    }
    reply_own(w, x, late ? 504 : 503, late ? R_CLOSE_REQUEST_TIMEOUT : R_CLOSE_QUEUE);
}
