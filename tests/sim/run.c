/* Drives a world until its exchanges are over and everything has come to rest, then checks what must hold. */
#include "tests/sim/run.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/pcap.h"
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

/* The log names each exchange once, and says what the client saw. */
static void check_log(struct world *w)
{
    for (uint32_t i = 0; i < w->book.n; i++) {
        const struct plan *p = w->book.p[i];
        if (p->outcome != EX_OK)
            continue;
        if (p->logged != 1)
            sim_fail(&w->sim, "exchange %u was logged %u times", p->id, p->logged);
        else if (p->log_status != p->got_status)
            sim_fail(&w->sim, "exchange %u was logged with status %u, the client got %u", p->id,
                     p->log_status, p->got_status);
        else if (p->resp_kind == BODY_LENGTH && p->log_body != p->got_body)
            sim_fail(&w->sim, "exchange %u was logged with %llu body bytes, the client got %llu", p->id,
                     (unsigned long long)p->log_body, (unsigned long long)p->got_body);
        else if (p->req_kind == BODY_LENGTH && !p->early && !p->own_status && p->log_request != p->req_len)
            sim_fail(&w->sim, "exchange %u was logged with %llu request bytes, the client sent %u", p->id,
                     (unsigned long long)p->log_request, p->req_len);
    }
}

static void check_rest(struct world *w)
{
    struct lacon *l = &w->lacon;
    const struct {
        const char *what;
        uint64_t value;
    } zero[] = {
        {"clients_open", LACON_COUNT(l, clients_open)},
        {"exchanges_open", LACON_COUNT(l, exchanges_open)},
        {"endpoints_open", LACON_COUNT(l, endpoints_open)},
        {"endpoints_idle", LACON_COUNT(l, endpoints_idle)},
        {"kept bytes", lacon_kept(l)},
    };
    for (unsigned i = 0; i < sizeof zero / sizeof *zero; i++)
        if (zero[i].value)
            sim_fail(&w->sim, "%s is %llu after everything ended", zero[i].what,
                     (unsigned long long)zero[i].value);
    if (!lacon_idle(l))
        sim_fail(&w->sim, "engine_idle() is false after everything ended");
    if (l->oracle.out > 4 * l->oracle.in + 1000)
        sim_fail(&w->sim, "lacon sent %llu segments for %llu received", (unsigned long long)l->oracle.out,
                 (unsigned long long)l->oracle.in);
}

static void drive(struct world *w)
{
    struct sim *s = &w->sim;
    if (w->sc->fault == FAULT_DRAIN) {
        uint64_t at = s->now + rng_below(&s->rng, 6 * SEC);
        while (sim_step(s, at))
            ;
        if (!s->failed)
            lacon_drain(&w->lacon);
    }
    while (!clients_done(w) && sim_step(s, LIMIT))
        ;
    check_done(w);
    uint64_t rest = s->now + SETTLE;
    while (sim_step(s, rest))
        ;
    if (s->failed || world_direct(w))
        return;
    check_log(w);
    check_rest(w);
}

void run_scenario(const struct scenario *sc, uint64_t seed, bool verbose, const char *trace,
                  struct run_result *out)
{
    struct world *w = xalloc(sizeof *w);
    struct pcap *pcap = trace ? pcap_open(trace) : NULL;
    world_build(w, sc, seed);
    w->sim.pcap = pcap;
    w->sim.verbose = verbose;
    drive(w);
    if (verbose && !world_direct(w))
        lacon_print_counters(&w->lacon);
    world_free(w);
    pcap_close(pcap);
    *out = (struct run_result){.ok = !w->sim.failed, .failed_at = w->sim.failed_at, .stats = w->sim.stats};
    memcpy(out->why, w->sim.why, sizeof out->why);
    free(w);
}
