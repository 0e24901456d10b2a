/* Drives a world until its exchanges are over and everything has come to rest, then checks what must hold. */
#include "tests/sim/run.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/reason.h"
#include "tests/sim/invariants.h"
#include "tests/sim/measure.h"
#include "tests/sim/nic.h"
#include "tests/sim/world.h"

#define LIMIT  (3600 * SEC) /* of virtual time for all exchanges */
#define SETTLE (1000 * SEC) /* from then on until nothing may be left: longer than lacon's idle timeout */

static bool clients_done(const struct world *w)
{
    for (unsigned i = 0; i < w->nclient; i++)
        if (!w->client[i].done)
            return false;
    return true;
}

static void check_done(struct world *w)
{
    for (unsigned i = 0; i < w->nclient; i++) {
        const struct client *c = &w->client[i];
        if (!c->done)
            sim_fail(
                &w->sim,
                "%s:%u is not done after %llu s: %u of %u exchanges answered, TCP state %u (exchange %u)",
                c->host->name, c->tcb ? c->tcb->lport : 0, (unsigned long long)(LIMIT / SEC), c->rx, c->n,
                c->tcb ? c->tcb->state : 0, c->rx < c->n ? c->plan[c->rx]->id : 0);
    }
}

/* The log counts what the client has acked. Who repeats a byte with another value is reset when that is seen,
 * and acks of his that are still on the way then come too late. */
static bool size_told(const struct plan *p)
{
    bool overtaken = p->beside_other && p->log_reason == R_CLOSE_BYTES_DIFFER;
    return p->log_body == p->got_body || p->may_log_short || (overtaken && p->log_body < p->got_body);
}

/* The log names each exchange once, and says what the client saw; an endpoint got what was judged (S1). */
static const char *check_log(const struct plan *p)
{
    bool known = p->outcome == EX_OK || p->executed;
    if (p->logged != (known ? 1 : p->logged))
        return p->may_lack_log ? NULL : "was not logged";
    if (p->logged && p->line[0] && strcmp(p->line, p->log_line) != 0)
        return "was logged with another request line than an endpoint got (S1)";
    if (p->outcome != EX_OK)
        return NULL;
    if (p->log_status != p->got_status)
        return "was logged with another status than the client got";
    if (p->resp_kind == BODY_LENGTH && !size_told(p))
        return "was logged with another response size than the client got";
    if (p->req_kind == BODY_LENGTH && !p->early && !p->own_status && p->log_request != p->req_len)
        return "was logged with another request size than the client sent";
    return NULL;
}

static void check_logs(struct world *w)
{
    for (uint32_t i = 0; i < w->book.n; i++) {
        const struct plan *p = w->book.p[i];
        const char *why = check_log(p);
        if (why)
            sim_fail(
                &w->sim,
                "exchange %u %s (log: status %u, %llu and %llu bytes, \"%s\"; client: status %u, %llu bytes; "
                "endpoint: \"%s\")",
                p->id, why, p->log_status, (unsigned long long)p->log_request,
                (unsigned long long)p->log_body, p->log_line, p->got_status, (unsigned long long)p->got_body,
                p->line);
    }
}

/* What engines carried is in the counters, to the frame, where nobody lost any. */
static void check_engines(struct world *w)
{
    uint64_t hits = 0, lost = 0;
    for (unsigned i = 0; i < w->lacon.nworkers; i++) {
        struct engine_flow_info f;
        engine_flow(w->lacon.worker[i].engine, &f);
        if (!f.provider)
            return;
        hits += f.stats->hits;
        lost += f.stats->lost;
        if (f.stats->rules)
            sim_fail(&w->sim, "engine %u has %llu rules after everything ended", i,
                     (unsigned long long)f.stats->rules);
    }
    bool counts = w->lacon.flow == &accel_emu || w->lacon.flow == &nic_rte_flow;
    if (w->lacon.flow == &nic_rte_flow && nic_complaint())
        sim_fail(&w->sim, "the device complains: %s", nic_complaint());
    if (counts && !lost && LACON_COUNT(&w->lacon, offload_frames) != hits)
        sim_fail(&w->sim, "engines carried %llu frames, %llu are counted", (unsigned long long)hits,
                 (unsigned long long)LACON_COUNT(&w->lacon, offload_frames));
    if (LACON_COUNT(&w->lacon, offload_rules))
        sim_fail(&w->sim, "offload_rules is not 0 after everything ended");
}

/* Where devices can be steered, and do as they say, every segment reaches the worker that has its flow. */
static void check_steering(struct world *w)
{
    const struct lacon *l = &w->lacon;
    if (w->sc->steered && !w->sc->spray && l->misplaced)
        sim_fail(&w->sim, "%llu segments reached another worker than their flow's",
                 (unsigned long long)l->misplaced);
    if (w->sc->steered && w->sc->spray && !l->misplaced)
        sim_fail(&w->sim, "no segment was handed over, though devices spread some at random");
}

/* Old configurations are given up when the last exchange that began under them has ended. */
static void check_retired(struct world *w)
{
    unsigned all = w->nlater * w->lacon.nworkers;
    w->retired += lacon_collect(&w->lacon);
    if (w->retired != all && !world_fault(w, FAULT_RESTART))
        sim_fail(&w->sim, "%u of %u old configurations are not in use any more", w->retired, all);
}

static void check_rest(struct world *w)
{
    struct lacon *l = &w->lacon;
    check_retired(w);
    check_steering(w);
    const struct {
        const char *what;
        uint64_t value;
    } zero[] = {
        {"clients_open", LACON_COUNT(l, clients_open)},
        {"exchanges_open", LACON_COUNT(l, exchanges_open)},
        {"endpoints_open", LACON_COUNT(l, endpoints_open)},
        {"endpoints_idle", LACON_COUNT(l, endpoints_idle)},
    };
    for (unsigned i = 0; i < sizeof zero / sizeof *zero; i++)
        if (zero[i].value)
            sim_fail(&w->sim, "%s is %llu after everything ended", zero[i].what,
                     (unsigned long long)zero[i].value);
    if (LACON_COUNT(l, exchanges) != l->logged - l->logged_before)
        sim_fail(&w->sim, "%llu exchanges were counted, %llu were logged",
                 (unsigned long long)LACON_COUNT(l, exchanges),
                 (unsigned long long)(l->logged - l->logged_before));
    for (unsigned i = 0; i < l->nworkers; i++)
        invariants_rest(&l->worker[i]);
    check_engines(w);
    if (!lacon_idle(l))
        sim_fail(&w->sim, "engine_idle() is false after everything ended");
    if (l->oracle.out > 4 * l->oracle.in + 1000)
        sim_fail(&w->sim, "lacon sent %llu segments for %llu received", (unsigned long long)l->oracle.out,
                 (unsigned long long)l->oracle.in);
}

/* Each endpoint's next check is its last one within the time that is left. */
static void end_checks(struct world *w)
{
    const struct config *c = w->lacon.config;
    for (unsigned i = 0; c && i < c->ncluster; i++)
        c->cluster[i].check.interval_ns = 10 * SETTLE;
}

static void drive(struct world *w)
{
    struct sim *s = &w->sim;
    uint64_t limit = s->now + LIMIT;
    while (!clients_done(w) && sim_step(s, limit))
        ;
    check_done(w);
    end_checks(w);
    uint64_t rest = s->now + SETTLE;
    while (sim_step(s, rest))
        ;
    if (s->failed || world_direct(w))
        return;
    check_logs(w);
    check_rest(w);
}

void run_scenario(const struct scenario *sc, uint64_t seed, bool verbose, struct pcapng *trace,
                  struct run_result *out)
{
    struct world *w = xalloc(sizeof *w);
    world_build(w, sc, seed, verbose, trace);
    drive(w);
    if (verbose && !world_direct(w) && !w->lacon.down)
        lacon_print_counters(&w->lacon);
    if (measure_on() && !world_direct(w) && !w->lacon.down)
        lacon_print_measures(&w->lacon);
    world_free(w);
    *out = (struct run_result){.ok = !w->sim.failed, .failed_at = w->sim.failed_at, .stats = w->sim.stats};
    memcpy(out->why, w->sim.why, sizeof out->why);
    free(w);
}
