/* The event loop: a binary heap of embedded timers, ordered by time, then by the order of arming. */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/pcapng.h"

void *xrealloc(void *p, size_t n)
{
    p = realloc(p, n ? n : 1);
    if (!p) {
        fputs("sim: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

void *xalloc(size_t n)
{
    return memset(xrealloc(NULL, n), 0, n ? n : 1);
}

/* One seed of four begins some seconds before 2^32 milliseconds, where lacon's deadlines wrap: small ones, as
 * of rows, a second into an epoch of cookies (8 s), like the others. */
static uint64_t beginning(uint64_t seed)
{
    return seed % 4 == 3 ? 4294961 * SEC + seed / 4 % 6296 * MS : SEC;
}

void sim_init(struct sim *s, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->now = beginning(seed);
    rng_seed(&s->rng, seed);
}

void sim_fini(struct sim *s)
{
    free(s->heap);
    s->heap = NULL;
}

static bool before(const struct sim_timer *a, const struct sim_timer *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void put(struct sim *s, size_t i, struct sim_timer *t)
{
    s->heap[i] = t;
    t->pos = i + 1;
}

static void sift(struct sim *s, size_t i, struct sim_timer *t)
{
    while (i > 0 && before(t, s->heap[(i - 1) / 2])) {
        put(s, i, s->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (;;) {
        size_t c = 2 * i + 1;
        if (c + 1 < s->n && before(s->heap[c + 1], s->heap[c]))
            c++;
        if (c >= s->n || !before(s->heap[c], t))
            break;
        put(s, i, s->heap[c]);
        i = c;
    }
    put(s, i, t);
}

void sim_disarm(struct sim *s, struct sim_timer *t)
{
    if (!t->pos)
        return;
    size_t i = t->pos - 1;
    t->pos = 0;
    struct sim_timer *last = s->heap[--s->n];
    if (last != t)
        sift(s, i, last);
}

void sim_arm(struct sim *s, struct sim_timer *t, uint64_t at)
{
    sim_disarm(s, t);
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 256;
        s->heap = xrealloc(s->heap, s->cap * sizeof *s->heap);
    }
    t->at = at > s->now ? at : s->now;
    t->order = s->order++;
    sift(s, s->n++, t);
}

bool sim_step(struct sim *s, uint64_t until)
{
    if (s->failed || s->n == 0 || s->heap[0]->at > until)
        return false;
    struct sim_timer *t = s->heap[0];
    sim_disarm(s, t);
    s->now = t->at;
    s->stats.events++;
    t->fn(t->arg);
    return true;
}

const char *sim_ignore;

void sim_fail(struct sim *s, const char *fmt, ...)
{
    char why[sizeof s->why];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    if (s->failed || (sim_ignore && strstr(why, sim_ignore)))
        return;
    s->failed = true;
    s->failed_at = s->now;
    memcpy(s->why, why, sizeof why);
    sim_say(s, "FAIL %s", s->why);
}

void sim_say(struct sim *s, const char *fmt, ...)
{
    if (!s->verbose && !s->trace)
        return;
    char text[1200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (s->verbose)
        printf("%12.6f %s\n", (double)s->now / 1e9, text);
    if (s->trace)
        pcapng_note(s->trace, text);
}
