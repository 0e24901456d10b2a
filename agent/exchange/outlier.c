/* Passive outlier detection: an endpoint that fails what it is asked, or answers it with 5xx, is ejected for
 * a while. Each worker judges by the requests that it sends itself; what it finds holds for all, by the
 * roster. How long: the base time, times how often in a row; once it is back, each base time without another
 * ejection takes one off again (as Envoy has it).
 *
 * The floor: never more endpoints than max_ejection_percent of the cluster are ejected at one time, and never
 * the last one that could be asked. Where two workers eject at the same moment one of them comes too late,
 * and judges again at the next failure: so the floor holds over all workers, and none of them waits. The
 * worker's thread. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

/* May one more be ejected? */
static bool above_floor(const struct exchanges *w, const struct cluster_state *cs, uint32_t i)
{
    uint64_t now = splice_now(w->s);
    uint32_t all = 0, ejected = 0, usable = 0;
    for (uint32_t k = 0; k < cs->cfg->nendpoint; k++) {
        bool out = roster_ejected_until(cs->endpoint[k].entry) > now;
        all += cs->cfg->endpoint[k].weight > 0;
        ejected += out;
        usable += k != i && !out && lb_usable(cs->picker, k);
    }
    uint32_t most = (uint32_t)((uint64_t)all * cs->cfg->outlier.max_ejection_percent / 100);
    if (most == 0 && cs->cfg->outlier.max_ejection_percent > 0)
        most = 1;
    return (usable > 0 && ejected < most) || mutant(ejection_no_floor);
}

static void eject(struct exchanges *w, struct cluster_state *cs, uint32_t i, enum finding why)
{
    struct endpoint_state *es = &cs->endpoint[i];
    const struct cfg_outlier *o = &cs->cfg->outlier;
    if (!roster_begin_ejecting(w->roster))
        return;
    bool may = above_floor(w, cs, i);
    if (may && roster_eject(w->roster, es->entry, why, o->base_ns, o->max_ns, splice_now(w->s)))
        stat_add(&w->cnt->ejections, 1);
    roster_end_ejecting(w->roster);
    if (!may)
        stat_add(&w->cnt->ejections_withheld, 1);
    outlier_forget(es);
    exchanges_sync(w);
}

/* Counts belong to one window; nothing of the one before is left in the next. */
static void count_in_window(const struct exchanges *w, const struct cfg_outlier *o, struct outlier_counts *c,
                            bool error)
{
    uint64_t now = splice_now(w->s);
    if (now >= c->window_ends_ns) {
        c->window_ends_ns = now + o->window_ns;
        c->requests = c->bad = 0;
    }
    c->requests++;
    c->bad += error;
}

static void judge(struct exchanges *w, struct cluster_state *cs, uint32_t i)
{
    const struct cfg_outlier *o = &cs->cfg->outlier;
    const struct outlier_counts *c = &cs->endpoint[i].outlier;
    if (mutant(outlier_ignored))
        return;
    if (o->failures && c->failures_in_row >= o->failures)
        eject(w, cs, i, FINDING_FAILURES);
    else if (o->errors && c->errors_in_row >= o->errors)
        eject(w, cs, i, FINDING_ERRORS);
    else if (o->error_rate && c->requests >= o->min_requests &&
             (uint64_t)c->bad * 100 >= (uint64_t)c->requests * o->error_rate)
        eject(w, cs, i, FINDING_ERROR_RATE);
}

void outlier_failed(struct exchanges *w, struct cluster_state *cs, uint32_t i)
{
    struct outlier_counts *c = &cs->endpoint[i].outlier;
    if (!cfg_outlier_on(&cs->cfg->outlier))
        return;
    c->failures_in_row++;
    c->errors_in_row = 0;
    count_in_window(w, &cs->cfg->outlier, c, true);
    judge(w, cs, i);
}

void outlier_answered(struct exchanges *w, struct cluster_state *cs, uint32_t i, unsigned status)
{
    struct outlier_counts *c = &cs->endpoint[i].outlier;
    bool error = status >= 500;
    if (!cfg_outlier_on(&cs->cfg->outlier))
        return;
    c->failures_in_row = 0;
    c->errors_in_row = error ? c->errors_in_row + 1 : 0;
    count_in_window(w, &cs->cfg->outlier, c, error);
    if (error)
        judge(w, cs, i);
}

void outlier_forget(struct endpoint_state *es)
{
    es->outlier = (struct outlier_counts){0};
}
