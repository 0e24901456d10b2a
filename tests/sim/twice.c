#include "tests/sim/twice.h"

#include <string.h>

#include "agent/splice/splice.h"
#include "tests/sim/lacon.h"

static enum { OFF, FIRST, SECOND } phase;

/* What the first run did, a number for each thing. */
static struct {
    uint64_t *v;
    size_t n, cap, at;
} record;

bool twice_possible(void)
{
#ifdef LACON_SWITCHES
    return true;
#else
    return false;
#endif
}

bool twice_general(void)
{
#ifdef LACON_SWITCHES
    splice_steady_off = true;
#endif
    return twice_possible();
}

void twice_first(void)
{
    phase = FIRST;
}

void twice_second(void)
{
    phase = SECOND;
}

/* Does v come next in both runs? */
static bool same(uint64_t v)
{
    if (phase == SECOND)
        return record.at < record.n && record.v[record.at++] == v;
    if (record.n == record.cap) {
        record.cap = record.cap ? record.cap * 2 : 4096;
        record.v = xrealloc(record.v, record.cap * sizeof *record.v);
    }
    record.v[record.n++] = v;
    return true;
}

static uint64_t hash(uint64_t h, const uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 1099511628211ull; /* FNV-1a */
    return h;
}

void twice_frame(struct lacon *l, unsigned port, const uint8_t *p, uint32_t n)
{
    char text[SEG_STR] = "a frame";
    struct seg s;
    if (phase == OFF || same(hash(l->sim->now ^ (uint64_t)port << 60, p, n)))
        return;
    if (!seg_parse(p, n, &s) && s.kind == SEG_TCP)
        seg_str(&s, text);
    sim_fail(l->sim,
             "twice: with the steady way off lacon sent %s as frame %zu, which is another one, or comes at "
             "another "
             "time, than with it",
             text, record.at);
}

static void compare(struct lacon *l, const char *name, size_t offset)
{
    uint64_t v = lacon_count(l, offset);
    if (!same(v))
        sim_fail(l->sim, "twice: with the steady way off %s is %llu, and something else with it", name,
                 (unsigned long long)v);
}

void twice_counters(struct lacon *l)
{
    if (phase == OFF || l->sim->failed)
        return;
#define X(field, name, text) compare(l, name, offsetof(struct counters, field));
    STATS(X)
#undef X
    for (unsigned r = 0; r < R_MAX; r++)
        compare(l, reason_name((enum reason)r), offsetof(struct counters, reason) + r * sizeof(uint64_t));
}

bool twice_all(void)
{
    return record.at == record.n;
}
