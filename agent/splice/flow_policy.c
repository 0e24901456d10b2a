#include "agent/splice/flow_policy.h"

#include "agent/base/mutant.h"

#define MS             1000000ull
#define SEC            (1000 * MS)
#define WATCH_NS       (2 * MS)   /* from the first look at a flow to the first question */
#define LOOK_NS        (16 * MS)  /* between questions */
#define COOL_NS        (64 * MS)  /* until a flow is asked for again */
#define STRETCH_NS     (500 * MS) /* over which FLOW_SLOW is judged */
#define CALM_NS        (100 * MS)
#define TAKES_NS       MS /* of takes_ns, beside what the engine's rate says */
#define BURST_NS       (SEC / 64)
#define THRESHOLD_MOST ((uint64_t)1 << 30)
#define PLACES         1024u /* to watch flows from, beside two for each rule */

void flow_policy_init(struct flow_policy *p, const struct flow_taste *t, uint32_t entries, uint32_t rate)
{
    uint64_t takes = TAKES_NS + (rate ? SEC / rate : 0);
    *p = (struct flow_policy){.taste = *t,
                              .entries = entries,
                              .rate = rate,
                              .threshold = t->least,
                              .takes_ns = takes,
                              .in_ns = takes,
                              .gone_ns = takes};
}

/* A quarter of the way back. */
static uint64_t fall(uint64_t now, uint64_t least)
{
    return now > least ? now - (now - least) / 4 - 1 : now;
}

void flow_policy_tick(struct flow_policy *p, uint64_t now_ns)
{
    if (now_ns < p->calm_ns)
        return;
    if (!p->missed)
        p->threshold = fall(p->threshold, p->taste.least);
    else if (p->threshold < THRESHOLD_MOST)
        p->threshold += p->threshold / 8;
    p->missed = false;
    p->in_ns = fall(p->in_ns, p->takes_ns);
    p->gone_ns = fall(p->gone_ns, p->takes_ns);
    p->calm_ns = now_ns + CALM_NS;
}

/* ---- a flow ---- */

void flow_gauge_begin(const struct flow_policy *p, struct flow_gauge *g, uint64_t least_rate, uint64_t acked,
                      uint64_t now_ns)
{
    uint64_t least = mutant(offload_rate_ignored) ? 0 : least_rate * (STRETCH_NS / MS) / 1000;
    *g = (struct flow_gauge){.begun_ns = now_ns,
                             .mark = acked,
                             .mark_ns = now_ns,
                             .from = acked,
                             .from_ns = now_ns,
                             .least = least > FLOW_SLOW ? least : FLOW_SLOW,
                             .look_ns = now_ns + (p->taste.eager ? 0 : WATCH_NS)};
}

void flow_gauge_look(struct flow_gauge *g, uint64_t acked, uint64_t now_ns)
{
    uint64_t ms = (now_ns - g->mark_ns) / MS;
    if (now_ns - g->from_ns >= STRETCH_NS) {
        g->slow = (acked - g->from) / g->least < (now_ns - g->from_ns) / STRETCH_NS;
        g->from = acked;
        g->from_ns = now_ns;
    }
    if (ms == 0)
        return;
    uint64_t new = ms < FLOW_AVERAGE_MS ? ms : FLOW_AVERAGE_MS, known = g->known_ms + new;
    known = known < FLOW_AVERAGE_MS ? known : FLOW_AVERAGE_MS;
    g->latest = (acked - g->mark) / ms;
    g->rate = (g->rate * (known - new) + g->latest * new) / known;
    g->known_ms = (uint32_t)known;
    g->mark = acked;
    g->mark_ns = now_ns;
}

uint64_t flow_policy_first(const struct flow_policy *p)
{
    return p->taste.eager ? 0 : FLOW_FIRST;
}

bool flow_gauge_due(const struct flow_policy *p, struct flow_gauge *g, uint64_t now_ns)
{
    if (now_ns < g->look_ns)
        return false;
    g->look_ns = now_ns + (p->taste.eager ? 0 : LOOK_NS);
    return true;
}

/* Bytes that move while a rule is inserted and removed again (a removal: twice, and a millisecond more). */
static uint64_t moves_meanwhile(const struct flow_gauge *g, uint64_t ns)
{
    return 2 * (g->latest > g->rate ? g->latest : g->rate) * (ns / MS + 1);
}

bool flow_policy_wants(struct flow_policy *p, const struct flow_gauge *g, uint64_t left, uint64_t now_ns)
{
    if (g->slow)
        return false;
    if (p->taste.eager)
        return left >= p->taste.least;
    if (now_ns - g->begun_ns < p->in_ns + p->gone_ns && !mutant(offload_unknown))
        return false;
    if (left < p->threshold || g->rate == 0 || left < moves_meanwhile(g, p->in_ns + p->gone_ns))
        return false;
    if (now_ns >= p->token_ns)
        return true;
    p->missed = true;
    return false;
}

void flow_gauge_restart(struct flow_gauge *g, uint64_t acked, uint64_t now_ns)
{
    g->from = acked;
    g->from_ns = now_ns;
}

bool flow_policy_ends(const struct flow_policy *p, const struct flow_gauge *g, uint64_t left)
{
    return !mutant(offload_removed_late) && left <= moves_meanwhile(g, p->gone_ns);
}

bool flow_policy_yields(const struct flow_gauge *on, const struct flow_gauge *next)
{
    if (mutant(offload_evicts_any))
        return true;
    return on->known_ms >= FLOW_KNOWN_MS && next->known_ms >= FLOW_KNOWN_MS && 2 * on->rate <= next->rate;
}

uint32_t flow_policy_places(const struct flow_policy *p)
{
    return p->taste.places ? p->taste.places : 2 * p->entries + PLACES;
}

bool flow_policy_displaces(const struct flow_gauge *on, const struct flow_gauge *next)
{
    return on->slow || on->look_ns == UINT64_MAX || flow_policy_yields(on, next);
}

void flow_gauge_cool(const struct flow_policy *p, struct flow_gauge *g, uint64_t now_ns)
{
    g->look_ns = now_ns + (p->taste.eager ? 0 : COOL_NS);
}

/* ---- the engine ---- */

/* A 64th of a second's worth may come at once. */
void flow_policy_asked(struct flow_policy *p, uint64_t now_ns)
{
    if (p->rate == 0)
        return;
    if (p->token_ns + BURST_NS < now_ns)
        p->token_ns = now_ns - BURST_NS;
    p->token_ns += SEC / p->rate;
}

void flow_policy_refused(struct flow_policy *p, uint64_t now_ns)
{
    p->calm_ns = now_ns + CALM_NS;
    if (p->threshold < THRESHOLD_MOST)
        p->threshold *= 2;
}

/* Up at once, down by an eighth of the difference. */
static uint64_t follow(uint64_t old, uint64_t ns)
{
    return ns >= old ? ns : old - (old - ns) / 8;
}

void flow_policy_took_in(struct flow_policy *p, uint64_t ns)
{
    p->in_ns = follow(p->in_ns, ns);
}

void flow_policy_took_out(struct flow_policy *p, uint64_t ns)
{
    p->gone_ns = follow(p->gone_ns, ns);
}
