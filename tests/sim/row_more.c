/* More words of row.h: the scene (families, VLANs, restart), counters, time, and sequence numbers that wrap.
 */
#include <stdio.h>
#include <string.h>

#include "tests/sim/row.h"

/* ---- the scene ---- */

void families(struct script *s, bool client_v6, bool endpoint_v6)
{
    s->client_v6 = client_v6;
    for (unsigned c = 0; c < TOPO_CLUSTERS; c++)
        for (unsigned e = 0; e < TOPO_ENDPOINTS; e++)
            s->config->cluster[c].endpoint[e].at.addr = topo_endpoint(endpoint_v6, c, e);
}

void one_endpoint(struct script *s)
{
    s->config->cluster[0].nendpoint = 1;
}

void one_port(struct script *s)
{
    s->config->dpdk.port_hi = s->config->dpdk.port_lo;
}

void vlan(struct script *s, unsigned side, uint16_t id)
{
    s->config->interface[side].vlan = id;
    if (side == 0)
        s->client_host.vlan = id;
    for (unsigned i = 0; side == 1 && i < ROW_ENDPOINTS; i++)
        s->endpoint_host[i].vlan = id;
}

void restart(struct script *s)
{
    if (s->sim.failed)
        return;
    lacon_stop(&s->lacon);
    s->lacon.sim = NULL;
    start(s);
}

/* ---- counters and time ---- */

uint64_t counter_of(struct script *s, const char *name)
{
    static const struct {
        const char *name;
        size_t offset;
    } stat[] = {
#define X(field, text, what) {text, offsetof(struct counters, field)},
        STATS(X)
#undef X
#define X(id, text, what) {text, offsetof(struct counters, reason) + R_##id * sizeof(uint64_t)},
            REASONS(X)
#undef X
    };
    if (s->sim.failed)
        return 0;
    for (unsigned i = 0; i < sizeof stat / sizeof *stat; i++)
        if (strcmp(stat[i].name, name) == 0)
            return lacon_count(&s->lacon, stat[i].offset);
    sim_fail(&s->sim, "no counter is named %s", name);
    return 0;
}

void want_counter(struct script *s, const char *name, uint64_t value)
{
    uint64_t is = counter_of(s, name);
    if (!s->sim.failed && is != value)
        sim_fail(&s->sim, "%s is %llu, not %llu", name, (unsigned long long)is, (unsigned long long)value);
}

void want_delay(struct peer *p, uint64_t since, unsigned lo_ms, unsigned hi_ms)
{
    uint64_t ns = p->got_at - since;
    if (!p->sc->sim.failed && (ns < lo_ms * MS || ns > hi_ms * MS))
        sim_fail(&p->sc->sim, "%s got it after %.1f ms, not %u to %u", p->host->name, (double)ns / 1e6, lo_ms,
                 hi_ms);
}

/* ---- sequence numbers that wrap ----
 * lacon's ISN for a four-tuple is a keyed hash plus one per 4 us (RFC 6528), so a second SYN at the right
 * time gets any number. */

#define ISN_TICK 4000u /* ns */

static void pass_ns(struct script *s, uint64_t ns)
{
    uint64_t until = s->sim.now + ns;
    while (sim_step(&s->sim, until))
        ;
    if (!s->sim.failed)
        s->sim.now = until;
}

void open_wrapping(struct peer *c, uint32_t n)
{
    struct script *s = c->sc;
    flags(c, SEG_SYN, 0, 0); /* neighbours get to know each other, too */
    want(c, "SA");
    rst(c, 1);
    pass_ns(s, SEC);
    uint64_t at = s->sim.now;
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA");
    rst(c, 1);
    uint32_t ahead = WRAP_AFTER(n) - c->got.seq;
    pass_ns(s, at + (uint64_t)ahead * ISN_TICK - s->sim.now);
    open_conn(c);
    want_true(s, c->irs == WRAP_AFTER(n), "the ISN is the one that was computed");
}

/* One connection to the endpoint begins; lacon's SYN is not answered. */
static struct peer *begin(struct script *s, struct peer **c, const char *request)
{
    *c = client(s);
    open_conn(*c);
    say(*c, request);
    return take_syn(s);
}

struct peer *syn_wrapping(struct script *s, struct peer **c, const char *request, uint32_t n)
{
    for (unsigned i = 0; !s->sim.failed && i < 8; i++) {
        pass_ns(s, SEC);
        uint64_t at = s->sim.now;
        struct peer *e = begin(s, c, request);
        uint32_t ahead = WRAP_AFTER(n) - e->irs;
        if (ahead == 0)
            return e;
        refuse_syn_of(e);
        pass_ns(s, SEC);
        rst(*c, (*c)->snd);
        /* More than half way round a number would pass for an old one. The first try only learns: neighbours
         * had to be resolved. */
        uint64_t step = ahead < 1u << 21 || ahead > 1u << 30 ? 1u << 30 : i ? ahead : ahead / 2;
        pass_ns(s, at + step * ISN_TICK - s->sim.now - SEC);
        forget_unclaimed(s);
    }
    sim_fail(&s->sim, "no SYN came with the number that wraps");
    return *c;
}
