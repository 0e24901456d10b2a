/* Which endpoints of a cluster may be asked now: what this worker has found itself (connecting failed), and
 * what the roster says for all (checks, the operator), put together and told to the picker. A pick asks
 * nobody: states change here, when the roster has another version than the last time, or when time has come
 * to forget something. The worker's thread. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

static struct roster_use *use_of(const struct exchanges *w, const struct endpoint_state *es)
{
    return &es->entry->use[w->worker];
}

static bool checks_say_down(const struct cluster_state *cs, const struct endpoint_state *es)
{
    const struct cfg_health_check *h = &cs->cfg->check;
    if (h->protocol == CFG_CHECK_NONE || mutant(check_ignored))
        return false;
    enum roster_health health = roster_check_of(es->entry).health;
    return health == ROSTER_DOWN || (health == ROSTER_UNKNOWN && h->initial == CFG_CHECK_DOWN);
}

/* Has a check found it to be up again after this worker could not connect? */
static bool is_pardoned(const struct cluster_state *cs, const struct endpoint_state *es)
{
    return cs->cfg->check.protocol != CFG_CHECK_NONE && es->down_until_ns &&
           roster_check_of(es->entry).health == ROSTER_UP &&
           roster_word(&es->entry->check_since_ns) > es->marked_ns;
}

static void set_down_until(struct exchanges *w, struct endpoint_state *es, uint64_t until_ns)
{
    es->down_until_ns = until_ns;
    es->marked_ns = splice_now(w->s);
    __atomic_store_n(&use_of(w, es)->down_until_ns, until_ns, __ATOMIC_RELAXED); /* partner: roster_word() */
}

/* An endpoint that comes back is judged anew. */
static void settle_ejection(struct cluster_state *cs, struct endpoint_state *es, uint64_t now)
{
    uint64_t until = roster_ejected_until(es->entry);
    bool ejected = (until > now || (until && mutant(ejection_for_ever))) && cfg_outlier_on(&cs->cfg->outlier);
    if (ejected != es->ejected)
        outlier_forget(es);
    es->ejected = ejected;
    if (ejected && until < cs->forgive_ns)
        cs->forgive_ns = until;
}

/* Puts endpoint i's states together. */
static void settle(struct exchanges *w, struct cluster_state *cs, uint32_t i)
{
    struct endpoint_state *es = &cs->endpoint[i];
    uint64_t now = splice_now(w->s);
    bool was_closed = es->closed;
    if (is_pardoned(cs, es))
        set_down_until(w, es, 0);
    settle_ejection(cs, es, now);
    if (es->down_until_ns && es->down_until_ns < cs->forgive_ns)
        cs->forgive_ns = es->down_until_ns;
    es->closed = roster_word(&es->entry->drained) && !mutant(drained_asked);
    lb_mark(cs->picker, i, es->down_until_ns || es->ejected || checks_say_down(cs, es), now);
    lb_close(cs->picker, i, es->closed, now);
    if (es->closed && !was_closed && es->remote)
        splice_remote_close_idle(w->s, es->remote);
}

void endpoints_settle(struct exchanges *w, struct generation *g)
{
    for (uint32_t i = 0; i < g->cfg->ncluster; i++)
        for (uint32_t j = 0; j < g->cfg->cluster[i].nendpoint; j++)
            settle(w, &g->cluster[i], j);
}

void exchanges_sync(struct exchanges *w)
{
    uint64_t version = roster_version(w->roster);
    if (version == w->roster_seen)
        return;
    w->roster_seen = version;
    endpoints_settle(w, w->gen);
    for (struct generation *g = w->former; g; g = g->next)
        endpoints_settle(w, g);
}

/* ---- what this worker finds ---- */

void endpoint_mark_down(struct exchanges *w, struct cluster_state *cs, uint32_t i, uint64_t until_ns)
{
    set_down_until(w, &cs->endpoint[i], until_ns);
    settle(w, cs, i);
}

void endpoint_mark_up(struct exchanges *w, struct cluster_state *cs, uint32_t i)
{
    if (!cs->endpoint[i].down_until_ns)
        return;
    set_down_until(w, &cs->endpoint[i], 0);
    settle(w, cs, i);
}

void endpoints_forgive(struct exchanges *w, struct cluster_state *cs)
{
    uint64_t now = splice_now(w->s);
    if (now < cs->forgive_ns)
        return;
    cs->forgive_ns = UINT64_MAX;
    for (uint32_t i = 0; i < cs->cfg->nendpoint; i++) {
        struct endpoint_state *es = &cs->endpoint[i];
        if (es->down_until_ns && es->down_until_ns <= now)
            set_down_until(w, es, 0);
        settle(w, cs, i);
    }
}

/* ---- what is counted ---- */

void endpoint_stay(struct exchanges *w, struct cluster_state *cs, uint32_t i)
{
    lb_begin(cs->picker, i);
    stat_add(&use_of(w, &cs->endpoint[i])->active, 1);
}

void endpoint_begin(struct exchanges *w, struct cluster_state *cs, uint32_t i)
{
    stat_add(&use_of(w, &cs->endpoint[i])->requests, 1);
    endpoint_stay(w, cs, i);
}

void endpoint_leave(struct exchanges *w, struct cluster_state *cs, uint32_t i)
{
    lb_end(cs->picker, i);
    stat_add(&use_of(w, &cs->endpoint[i])->active, (uint64_t)-1);
}

void endpoint_failed(struct exchanges *w, struct cluster_state *cs, uint32_t i)
{
    stat_add(&use_of(w, &cs->endpoint[i])->failures, 1);
    outlier_failed(w, cs, i);
}

void endpoint_answered(struct exchanges *w, struct cluster_state *cs, uint32_t i, unsigned status)
{
    if (status >= 500)
        stat_add(&use_of(w, &cs->endpoint[i])->failures, 1);
    outlier_answered(w, cs, i, status);
}
