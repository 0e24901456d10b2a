/* What the cache lines of a conn cost as conns become more: the part of the model of scaling
 * (bench/README.md) that does not come from lacon's code. A segment reads 8 lines that lie in as many arrays,
 * and writes to half of them, as an engine does: for a burst of 32 segments one kind of line after the other
 * is prefetched, and each is looked at before the next kind is (a bucket names the slot, a slot the conn, a
 * conn the exchange). There is next to no computing in it. */
#include <stdio.h>

#include "bench/micro/micro.h"

#define BURST  32u
#define SAMPLE 1024u
#define LINES  8u

/* Lines are fetched in so many stages: bucket, slot, three of the conn, three of the exchange. */
static const unsigned stage_end[] = {1, 2, 5, 8};
#define STAGES 4u

struct line {
    uint64_t word[8];
};

struct lines {
    struct line *base; /* LINES arrays of n */
    uint32_t n;        /* a power of two */
    uint64_t seed;
    uint32_t conn[SAMPLE];
};

/* Of the same conn each array has another place. */
static struct line *line_of(const struct lines *t, uint32_t conn, unsigned k)
{
    return &t->base[(size_t)k * t->n + ((conn * (0x9e3779b1u + 2 * k)) & (t->n - 1))];
}

static void prefetch_stage(const struct lines *t, const uint32_t conn[BURST], unsigned stage)
{
    unsigned from = stage ? stage_end[stage - 1] : 0;
    for (unsigned i = 0; i < BURST; i++)
        for (unsigned k = from; k < stage_end[stage]; k++)
            __builtin_prefetch(line_of(t, conn[i], k), 1);
}

/* The first line of a stage is read to know where the next stage's are. */
static uint64_t look(const struct lines *t, const uint32_t conn[BURST], unsigned stage)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < BURST; i++)
        sum += line_of(t, conn[i], stage ? stage_end[stage - 1] : 0)->word[0];
    return sum;
}

static void use(const struct lines *t, uint32_t conn)
{
    for (unsigned k = 0; k < LINES; k++) {
        struct line *l = line_of(t, conn, k);
        if (k % 2)
            l->word[1]++;
        else
            micro_use(l->word[1]);
    }
}

static void run(void *ctx, struct micro_sample *s)
{
    struct lines *t = ctx;
    for (uint32_t i = 0; i < SAMPLE; i++)
        t->conn[i] = (uint32_t)(micro_rnd(&t->seed) % t->n);
    micro_begin(s);
    for (uint32_t at = 0; at < SAMPLE; at += BURST) {
        const uint32_t *conn = t->conn + at;
        for (unsigned stage = 0; stage < STAGES; stage++) {
            prefetch_stage(t, conn, stage);
            micro_use(look(t, conn, stage));
        }
        for (unsigned i = 0; i < BURST; i++)
            use(t, conn[i]);
    }
    micro_end(s, SAMPLE);
}

static void at_size(const struct micro *m, uint32_t conns)
{
    struct micro_case c = {.unit = "segment", .run = run};
    char size[16];
    snprintf(c.name, sizeof c.name, "memory/8_lines/%s_conns", micro_size(conns, size));
    if (!micro_wanted(m, c.name))
        return;
    size_t bytes = (size_t)conns * LINES * sizeof(struct line);
    struct lines t = {.base = micro_map(bytes), .n = conns, .seed = conns};
    for (size_t i = 0; i < (size_t)conns * LINES; i++)
        t.base[i].word[0] = i;
    c.ctx = &t;
    micro_meet(m);
    micro_run(m, &c, 1);
    micro_unmap(t.base, bytes);
}

void micro_memory(struct micro *m)
{
    static const uint32_t smoke[] = {64, 0}, quick[] = {1u << 11, 1u << 16, 1u << 20, 0},
                          full[] = {1u << 11, 1u << 14, 1u << 16, 1u << 18, 1u << 20, 0};
    const uint32_t *n = m->scale == MICRO_SMOKE ? smoke : m->scale == MICRO_QUICK ? quick : full;
    for (; *n; n++)
        at_size(m, *n);
}
