/* Parsing and drawing of sizes; see sizes.h. */
#include "bench/loadgen/sizes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Reads a number up to SIZES_MAX; NULL when there is none. */
static const char *number(const char *p, uint32_t *out)
{
    char *end;

    if (*p < '0' || *p > '9')
        return NULL;
    unsigned long v = strtoul(p, &end, 10);
    if (v > SIZES_MAX)
        return NULL;
    *out = (uint32_t)v;
    return end;
}

static bool range(const char *p, struct sizes *out)
{
    p = number(p, &out->a);
    if (!p || *p++ != ':')
        return false;
    p = number(p, &out->b);
    return p && *p == '\0' && out->a <= out->b;
}

static bool mix(const char *p, struct sizes *out)
{
    uint32_t total = 0, weight;

    for (out->n = 0; out->n < SIZES_MIX; p++) {
        weight = 1;
        p = number(p, &out->size[out->n]);
        if (p && *p == '*')
            p = number(p + 1, &weight);
        if (!p || weight == 0 || weight > 1000000)
            return false;
        total += weight;
        out->upto[out->n++] = total;
        if (*p != ',')
            return *p == '\0';
    }
    return false;
}

bool sizes_parse(const char *text, struct sizes *out)
{
    memset(out, 0, sizeof *out);
    if (strncmp(text, "uniform:", 8) == 0) {
        out->kind = SIZES_UNIFORM;
        return range(text + 8, out);
    }
    if (strncmp(text, "log:", 4) == 0) {
        out->kind = SIZES_LOG;
        return range(text + 4, out) && out->a > 0;
    }
    if (strncmp(text, "mix:", 4) == 0) {
        out->kind = SIZES_MIXED;
        return mix(text + 4, out);
    }
    const char *end = number(text, &out->a);
    return end && *end == '\0';
}

uint32_t sizes_draw(const struct sizes *s, struct rng *r)
{
    uint32_t at;

    switch (s->kind) {
    case SIZES_UNIFORM:
        return s->a + rng_below(r, s->b - s->a + 1);
    case SIZES_LOG:
        return (uint32_t)lround(s->a * pow((double)s->b / s->a, rng_unit(r)));
    case SIZES_MIXED:
        at = rng_below(r, s->upto[s->n - 1]);
        for (unsigned i = 0;; i++)
            if (at < s->upto[i])
                return s->size[i];
    case SIZES_FIXED:
    default:
        return s->a;
    }
}
