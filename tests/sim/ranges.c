#include "tests/sim/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

void ranges_free(struct ranges *s)
{
    free(s->r);
    *s = (struct ranges){0};
}

/* The first range that ends at p or behind it. */
static size_t at_or_behind(const struct ranges *s, uint64_t p)
{
    size_t i = s->n;
    while (i > 0 && s->r[i - 1].hi >= p)
        i--;
    return i;
}

void ranges_add(struct ranges *s, uint64_t lo, uint64_t hi)
{
    size_t i = at_or_behind(s, lo), k = i;
    if (lo >= hi)
        return;
    for (; k < s->n && s->r[k].lo <= hi; k++) { /* joined to it */
        lo = s->r[k].lo < lo ? s->r[k].lo : lo;
        hi = s->r[k].hi > hi ? s->r[k].hi : hi;
    }
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 4;
        s->r = xrealloc(s->r, s->cap * sizeof *s->r);
    }
    memmove(&s->r[i + 1], &s->r[k], (s->n - k) * sizeof *s->r);
    s->n += i + 1 - k;
    s->r[i] = (struct range){lo, hi};
}

bool ranges_have(const struct ranges *s, uint64_t lo, uint64_t hi)
{
    size_t i = at_or_behind(s, hi);
    return lo >= hi || (i < s->n && s->r[i].lo <= lo);
}

uint64_t ranges_next(const struct ranges *s)
{
    return s->n && s->r[0].lo == 0 ? s->r[0].hi : 0;
}
