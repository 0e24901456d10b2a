/* ewma: of two endpoints drawn by weight, the one that is expected to answer first takes the request: latency
 * times exchanges there, per weight. The latency is a moving average that is sensitive to peaks, as in
 * Finagle's and Linkerd's "peak EWMA": a sample above it becomes the average at once, lower ones and time
 * pull it down slowly. So an endpoint that turns slow is left at its first slow answer, and is asked again
 * when that is forgotten (DECAY_NS).
 *
 * An endpoint without any sample is asked first, but by one request at a time: until it has answered, others
 * pass it by. A request that is given up counts with the time it took where that is a peak.
 *
 * One state per picker; its worker's thread. */
#include <math.h>
#include <stdlib.h>

#include "lb-policy/alias.h"

#define DECAY_NS 10e9 /* after so long a sample weighs 1/e of what it did; Finagle's default */
#define UNKNOWN  1e18 /* ns: behind whoever has answered yet */

struct latency {
    double ns; /* 0: no sample */
    uint64_t at_ns;
};

struct ewma {
    struct lb_alias alias;
    const uint32_t *active;
    struct latency *latency;
};

/* Takes a sample into the average. That time passes is one of 0. */
static void observe(struct latency *l, double sample_ns, uint64_t now_ns)
{
    double passed = now_ns > l->at_ns ? (double)(now_ns - l->at_ns) : 0;
    if (sample_ns > l->ns) {
        l->ns = sample_ns;
    } else {
        double old = exp(-passed / DECAY_NS);
        l->ns = l->ns * old + sample_ns * (1 - old);
    }
    l->at_ns = now_ns;
}

/* How long a request sent to endpoint i now would take. */
static double load(struct ewma *s, uint32_t i, uint64_t now_ns)
{
    struct latency *l = &s->latency[i];
    double load;
    if (l->ns > 0)
        observe(l, 0, now_ns);
    if (l->ns > 0)
        load = l->ns * (s->active[i] + 1.0);
    else
        load = s->active[i] ? UNKNOWN + s->active[i] : 0;
    return load / s->alias.column[i].weight;
}

static uint32_t ewma_pick(void *state, const struct lb_turn *turn)
{
    struct ewma *s = state;
    struct lb_two two = lb_alias_two(&s->alias, turn);
    return load(s, two.b, turn->q->now_ns) < load(s, two.a, turn->q->now_ns) ? two.b : two.a;
}

static void ewma_sample(void *state, uint32_t i, uint64_t latency_ns, bool whole, uint64_t now_ns)
{
    struct ewma *s = state;
    if (whole || (double)latency_ns > s->latency[i].ns)
        observe(&s->latency[i], (double)latency_ns, now_ns);
}

static void ewma_carry(void *state, uint32_t i, const void *from, uint32_t j)
{
    struct ewma *s = state;
    const struct ewma *f = from;
    s->latency[i] = f->latency[j];
}

static void ewma_destroy(void *state)
{
    struct ewma *s = state;
    lb_alias_free(&s->alias);
    free(s->latency);
    free(s);
}

static void *ewma_create(const struct lb_peers *in)
{
    struct ewma *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->active = in->active;
    s->latency = calloc(in->n, sizeof *s->latency);
    if (!s->latency || !lb_alias_make(&s->alias, in->endpoint, in->n)) {
        ewma_destroy(s);
        return NULL;
    }
    return s;
}

const struct lb_policy lb_ewma = {
    .name = "ewma",
    .create = ewma_create,
    .destroy = ewma_destroy,
    .pick = ewma_pick,
    .sample = ewma_sample,
    .carry = ewma_carry,
};
