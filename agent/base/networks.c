/* See networks.h. Built by one sweep over the sorted networks, with a stack of those that the sweep is inside
 * of: they nest, so there are no more than prefix lengths. */
#include "agent/base/networks.h"

#include <stdlib.h>

#define DEPTH 130 /* lengths 0 to 128, and the mapped addresses as such */

static const struct ip_addr mapped = {{[10] = 0xff, [11] = 0xff}};

struct point {
    uint64_t hi, lo;
};

static uint64_t big_endian(const uint8_t b[8])
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v = v << 8 | b[i];
    return v;
}

static struct point point_of(const struct ip_addr *a)
{
    return (struct point){big_endian(a->b), big_endian(a->b + 8)};
}

static bool before(struct point a, struct point b)
{
    return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

/* The first address behind the network; zero when there is none. */
static struct point end_of(const struct network *n)
{
    struct point p = point_of(&n->addr);
    if (n->bits > 64) {
        p.lo += UINT64_C(1) << (128 - n->bits);
        p.hi += p.lo == 0;
    } else if (n->bits > 0) {
        p.hi += UINT64_C(1) << (64 - n->bits);
    } else {
        p.hi = 0;
    }
    return p;
}

static int by_place(const void *pa, const void *pb)
{
    const struct network *a = pa, *b = pb;
    int d = memcmp(a->addr.b, b->addr.b, sizeof a->addr.b);
    if (d)
        return d;
    if (a->bits != b->bits)
        return a->bits < b->bits ? -1 : 1;
    return (a->verdict > b->verdict) - (a->verdict < b->verdict);
}

struct sweep {
    struct networks *t;
    unsigned depth;
    struct {
        struct point end;
        bool endless;
        uint8_t verdict;
    } in[DEPTH];
};

/* From p on the innermost network decides. */
static void turn(struct sweep *s, struct point p)
{
    struct networks *t = s->t;
    uint32_t verdict = s->depth ? s->in[s->depth - 1].verdict : 0;
    if (t->n && t->run[t->n - 1].hi == p.hi && t->run[t->n - 1].lo == p.lo)
        t->n--; /* a run without addresses */
    if (!t->n || t->run[t->n - 1].verdict != verdict)
        t->run[t->n++] = (struct networks_run){p.hi, p.lo, verdict};
}

/* Leaves the networks that end at or before p. */
static void leave(struct sweep *s, struct point p, bool all)
{
    while (s->depth && !s->in[s->depth - 1].endless && (all || !before(p, s->in[s->depth - 1].end))) {
        struct point end = s->in[--s->depth].end;
        turn(s, end);
    }
}

static void enter(struct sweep *s, const struct network *n)
{
    struct point p = point_of(&n->addr), end = end_of(n);
    leave(s, p, false);
    s->in[s->depth].end = end;
    s->in[s->depth].endless = end.hi == 0 && end.lo == 0;
    s->in[s->depth++].verdict = n->verdict;
    turn(s, p);
}

static bool same_network(const struct network *a, const struct network *b)
{
    return a->bits == b->bits && ip_eq(&a->addr, &b->addr);
}

void networks_build(struct networks *t, struct network *in, size_t n)
{
    const struct network all4 = {mapped, 96, 0};
    bool entered4 = false;
    struct sweep s = {.t = t};
    if (n)
        qsort(in, n, sizeof *in, by_place);
    t->n = 0;
    turn(&s, (struct point){0, 0});
    for (size_t i = 0; i < n; i++) {
        if (!entered4 && by_place(&in[i], &all4) > 0) {
            enter(&s, &all4);
            entered4 = true;
        }
        /* Of equal ones the last is the one with the larger verdict; one that decides nothing is not there.
         */
        bool last = i + 1 == n || !same_network(&in[i], &in[i + 1]);
        if (last && in[i].verdict)
            enter(&s, &in[i]);
        entered4 |= same_network(&in[i], &all4);
    }
    if (!entered4)
        enter(&s, &all4);
    leave(&s, (struct point){0, 0}, true);
}

unsigned networks_find(const struct networks *t, const struct ip_addr *a)
{
    struct point p = point_of(a);
    uint32_t lo = 0, hi = t->n;
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (before(p, (struct point){t->run[mid].hi, t->run[mid].lo}))
            hi = mid;
        else
            lo = mid;
    }
    return t->run[lo].verdict;
}
