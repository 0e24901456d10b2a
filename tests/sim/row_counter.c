/* Words about what was counted, and when something came. */
#include <string.h>

#include "tests/sim/row.h"

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
