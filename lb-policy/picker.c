/* picker: one worker's choice among one cluster's endpoints: who may be chosen now (tried, down, closed,
 * weight 0), whose group's turn it is, panic, and slow start; the order within a group is the algorithm's
 * (policy.h).
 *
 * Used by its worker's thread alone; it lives as long as the configuration's snapshot. A pick costs what the
 * algorithm's pick costs; only what was tried (at a second try) and slow start (while an endpoint is in it)
 * add a walk over bit sets. */
#include <assert.h>
#include <stdlib.h>

#include "agent/base/mutant.h"
#include "lb-policy/policy.h"
#include "lb-policy/tiers.h"

#define OVERPROVISIONING 140u /* Envoy's default, percent */
#define RAMP_START       26u  /* of LB_RAMP_FULL: the tenth that a slow start begins with */

/* Endpoints that share one order. Bit sets are over its own indexes; bits past the last one are set in out
 * and in shut. */
struct tier {
    void *state;
    uint32_t n, words;
    uint32_t nopen, nup, nslow;
    uint64_t open, up;     /* sum of weights: those that are not closed, those of them that are up */
    uint32_t *member;      /* index of each in the cluster */
    uint32_t *active;      /* exchanges at each */
    uint64_t *back_ns;     /* when it came back: slow start; 0: it is in none */
    uint64_t *shut, *down; /* never to be chosen: closed, and past the end; only when no other is up */
    uint64_t *out;         /* either of them */
    uint64_t *slow;        /* in slow start */
    uint64_t *skip;        /* scratch of one pick */
};

struct place {
    uint32_t tier, at, weight; /* tier LB_NONE: weight 0 */
};

struct lb_picker {
    const struct lb_policy *policy;
    uint32_t n, ntier, nslow;
    uint32_t overprovisioning, panic_percent;
    bool panic; /* so few are up that down marks do not count */
    uint64_t slow_start_ns;
    uint64_t random;
    struct place *place;
    struct tier *tier;
    uint32_t *cut; /* lb_tiers_share()'s */
    uint64_t *weight, *up;
};

/* ---- making ---- */

static void tier_free(const struct lb_policy *policy, struct tier *t)
{
    if (t->state)
        policy->destroy(t->state);
    free(t->member);
    free(t->active);
    free(t->back_ns);
    free(t->shut);
}

void lb_picker_destroy(struct lb_picker *p)
{
    if (!p)
        return;
    for (uint32_t t = 0; p->tier && t < p->ntier; t++)
        tier_free(p->policy, &p->tier[t]);
    free(p->tier);
    free(p->place);
    free(p->cut);
    free(p->weight);
    free(p);
}

static bool tier_alloc(struct tier *t, uint32_t n)
{
    if (n == 0)
        return false; /* nobody makes a group of none */
    t->n = n;
    t->words = n / 64 + (n % 64 != 0);
    t->member = calloc(n, sizeof *t->member);
    t->active = calloc(n, sizeof *t->active);
    t->back_ns = calloc(n, sizeof *t->back_ns);
    t->shut = calloc(5 * (size_t)t->words, sizeof *t->shut);
    if (!t->member || !t->active || !t->back_ns || !t->shut)
        return false;
    t->down = t->shut + t->words;
    t->out = t->down + t->words;
    t->slow = t->out + t->words;
    t->skip = t->slow + t->words;
    for (uint32_t i = n; i < t->words * 64; i++) {
        lb_set_bit(t->shut, i, true);
        lb_set_bit(t->out, i, true);
    }
    return true;
}

/* The tier of the endpoints of this rank; `scratch` has room for them. */
static bool tier_make(struct lb_picker *p, const struct lb_cluster_in *in, const uint32_t *rank,
                      uint32_t wanted, uint32_t index, struct lb_endpoint_in *scratch)
{
    struct tier *t = &p->tier[index];
    uint32_t n = 0;
    for (uint32_t i = 0; i < in->n; i++)
        n += rank[i] == wanted;
    if (!tier_alloc(t, n))
        return false;
    n = 0;
    for (uint32_t i = 0; i < in->n; i++) {
        if (rank[i] != wanted)
            continue;
        p->place[i] = (struct place){index, n, in->endpoint[i].weight};
        t->open += in->endpoint[i].weight;
        t->member[n] = i;
        scratch[n++] = in->endpoint[i];
    }
    t->up = t->open;
    t->nup = t->nopen = n;
    struct lb_peers peers = {scratch, n, t->active, in->table_size, in->seed};
    t->state = p->policy->create(&peers);
    return t->state != NULL;
}

static int by_value(const void *pa, const void *pb)
{
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    return (a > b) - (a < b);
}

/* The different ranks, in order, but LB_NONE; `sorted` has room for n. */
static uint32_t distinct(const uint32_t *rank, uint32_t n, uint32_t *sorted)
{
    uint32_t k = 0;
    if (n) {
        memcpy(sorted, rank, n * sizeof *rank);
        qsort(sorted, n, sizeof *sorted, by_value);
    }
    for (uint32_t i = 0; i < n; i++)
        if (sorted[i] != LB_NONE && (k == 0 || sorted[k - 1] != sorted[i]))
            sorted[k++] = sorted[i];
    return k;
}

/* After each change of who is up or open: is it time to panic, and what is each tier's share? */
static void share(struct lb_picker *p)
{
    uint64_t up = 0, open = 0;
    for (uint32_t t = 0; t < p->ntier; t++) {
        up += p->tier[t].nup;
        open += p->tier[t].nopen;
    }
    p->panic = up * 100 < open * p->panic_percent;
    for (uint32_t t = 0; t < p->ntier; t++) {
        p->weight[t] = p->tier[t].open ? p->tier[t].open : 1;
        p->up[t] = p->panic ? p->tier[t].open : p->tier[t].up;
    }
    lb_tiers_share(p->ntier, p->weight, p->up, p->overprovisioning, p->cut);
}

static bool make_tiers(struct lb_picker *p, const struct lb_cluster_in *in, uint32_t *rank, uint32_t *sorted,
                       struct lb_endpoint_in *scratch)
{
    if (!lb_tiers_rank(in, rank))
        return false;
    uint32_t n = distinct(rank, in->n, sorted);
    p->tier = calloc(n ? n : 1, sizeof *p->tier);
    p->cut = calloc(n ? n : 1, sizeof *p->cut);
    p->weight = calloc(n ? 2 * (size_t)n : 1, sizeof *p->weight);
    if (!p->tier || !p->cut || !p->weight)
        return false;
    p->up = p->weight + n;
    p->ntier = n;
    for (uint32_t t = 0; t < n; t++)
        if (!tier_make(p, in, rank, sorted[t], t, scratch))
            return false;
    share(p);
    return true;
}

struct lb_picker *lb_picker_create(const struct lb_cluster_in *in)
{
    struct lb_picker *p = calloc(1, sizeof *p);
    size_t n = in->n ? in->n : 1;
    uint32_t *rank = calloc(2 * n, sizeof *rank);
    struct lb_endpoint_in *scratch = calloc(n, sizeof *scratch);
    bool good = false;
    if (p && rank && scratch) {
        p->policy = in->policy;
        p->n = in->n;
        p->overprovisioning = in->overprovisioning ? in->overprovisioning : OVERPROVISIONING;
        p->panic_percent = in->panic_percent;
        p->slow_start_ns = in->slow_start_ns;
        p->random = in->seed;
        p->place = calloc(n, sizeof *p->place);
        for (uint32_t i = 0; p->place && i < in->n; i++)
            p->place[i].tier = LB_NONE;
        good = p->place && make_tiers(p, in, rank, rank + n, scratch);
    }
    free(rank);
    free(scratch);
    if (!good) {
        lb_picker_destroy(p);
        return NULL;
    }
    return p;
}

/* ---- marks and loads ---- */

static void end_slow_start(struct lb_picker *p, struct tier *t, uint32_t i)
{
    if (!t->back_ns[i])
        return;
    t->back_ns[i] = 0;
    lb_set_bit(t->slow, i, false);
    t->nslow--;
    p->nslow--;
    if (p->policy->ramp)
        p->policy->ramp(t->state, i, LB_RAMP_FULL);
}

static void begin_slow_start(struct lb_picker *p, struct tier *t, uint32_t i, uint64_t now_ns)
{
    t->back_ns[i] = now_ns ? now_ns : 1;
    lb_set_bit(t->slow, i, true);
    t->nslow++;
    p->nslow++;
    if (p->policy->ramp)
        p->policy->ramp(t->state, i, RAMP_START);
}

/* One of the sets that keep endpoint i from being chosen has changed. */
static void set_out(struct lb_picker *p, uint32_t i, uint64_t now_ns)
{
    const struct place *at = &p->place[i];
    struct tier *t = &p->tier[at->tier];
    bool out = lb_bit(t->shut, at->at) || lb_bit(t->down, at->at);
    if (lb_bit(t->out, at->at) != out) {
        lb_set_bit(t->out, at->at, out);
        t->nup += out ? UINT32_MAX : 1;
        t->up += out ? 0 - (uint64_t)at->weight : at->weight;
        if (out)
            end_slow_start(p, t, at->at);
        else if (p->slow_start_ns)
            begin_slow_start(p, t, at->at, now_ns);
    }
    share(p);
}

bool lb_has_learned(const struct lb_picker *from)
{
    return from->policy->carry || from->nslow;
}

void lb_carry(struct lb_picker *to, uint32_t i, const struct lb_picker *from, uint32_t j)
{
    assert(i < to->n && j < from->n);
    const struct place *at = &to->place[i], *was = &from->place[j];
    if (at->tier == LB_NONE || was->tier == LB_NONE)
        return;
    struct tier *t = &to->tier[at->tier];
    const struct tier *f = &from->tier[was->tier];
    if (to->policy == from->policy && to->policy->carry && !mutant(picker_forgets))
        to->policy->carry(t->state, at->at, f->state, was->at);
    if (to->slow_start_ns && f->back_ns[was->at] && !t->back_ns[at->at] && !lb_bit(t->out, at->at) &&
        !mutant(picker_forgets))
        begin_slow_start(to, t, at->at, f->back_ns[was->at]);
}

void lb_mark(struct lb_picker *p, uint32_t i, bool down, uint64_t now_ns)
{
    assert(i < p->n);
    const struct place *at = &p->place[i];
    if (at->tier == LB_NONE || lb_bit(p->tier[at->tier].down, at->at) == down)
        return;
    lb_set_bit(p->tier[at->tier].down, at->at, down);
    set_out(p, i, now_ns);
}

void lb_close(struct lb_picker *p, uint32_t i, bool closed, uint64_t now_ns)
{
    assert(i < p->n);
    const struct place *at = &p->place[i];
    if (at->tier == LB_NONE || lb_bit(p->tier[at->tier].shut, at->at) == closed)
        return;
    struct tier *t = &p->tier[at->tier];
    lb_set_bit(t->shut, at->at, closed);
    t->nopen += closed ? UINT32_MAX : 1;
    t->open += closed ? 0 - (uint64_t)at->weight : at->weight;
    set_out(p, i, now_ns);
}

bool lb_usable(const struct lb_picker *p, uint32_t i)
{
    assert(i < p->n);
    const struct place *at = &p->place[i];
    return at->tier != LB_NONE && !lb_bit(p->tier[at->tier].out, at->at);
}

static void moved(struct lb_picker *p, uint32_t i, uint32_t by)
{
    assert(i < p->n && p->place[i].tier != LB_NONE);
    struct tier *t = &p->tier[p->place[i].tier];
    t->active[p->place[i].at] += by;
    if (p->policy->moved)
        p->policy->moved(t->state, p->place[i].at);
}

void lb_begin(struct lb_picker *p, uint32_t i)
{
    moved(p, i, 1);
}

void lb_end(struct lb_picker *p, uint32_t i)
{
    assert(lb_active(p, i) > 0);
    moved(p, i, UINT32_MAX);
}

uint32_t lb_active(const struct lb_picker *p, uint32_t i)
{
    return p->place[i].tier == LB_NONE ? 0 : p->tier[p->place[i].tier].active[p->place[i].at];
}

void lb_sample(struct lb_picker *p, uint32_t i, uint64_t latency_ns, bool whole, uint64_t now_ns)
{
    assert(i < p->n && p->place[i].tier != LB_NONE);
    if (p->policy->sample)
        p->policy->sample(p->tier[p->place[i].tier].state, p->place[i].at, latency_ns, whole, now_ns);
}

/* ---- slow start ---- */

typedef uint32_t policy_pick(void *state, const struct lb_turn *turn); /* a policy's pick or peek */

/* What part of its weight endpoint i counts with: from a tenth to all, in a straight line. */
static uint32_t ramp_of(const struct lb_picker *p, const struct tier *t, uint32_t i, uint64_t now_ns)
{
    uint64_t since = now_ns > t->back_ns[i] ? now_ns - t->back_ns[i] : 0;
    if (since >= p->slow_start_ns)
        return LB_RAMP_FULL;
    return RAMP_START + (uint32_t)((LB_RAMP_FULL - RAMP_START) * (double)since / (double)p->slow_start_ns);
}

/* Ends the slow starts that are over, and tells the others' ramps to an algorithm that wants to know them. */
static void advance_slow_starts(struct lb_picker *p, struct tier *t, uint64_t now_ns)
{
    for (uint32_t w = 0; w < t->words; w++)
        for (uint64_t rest = t->slow[w]; rest; rest &= rest - 1) {
            uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(rest), ramp = ramp_of(p, t, i, now_ns);
            if (ramp == LB_RAMP_FULL)
                end_slow_start(p, t, i);
            else if (p->policy->ramp)
                p->policy->ramp(t->state, i, ramp);
        }
}

/* Is one left that is neither skipped nor in slow start? */
static bool others_left(const struct tier *t, const uint64_t *skip)
{
    for (uint32_t w = 0; w < t->words; w++)
        if (~(skip[w] | t->slow[w]))
            return true;
    return false;
}

/* Was endpoint i, in slow start, picked more often than its ramp allows? By hash where the algorithm goes by
 * hash, so that a key moves back to it once and not to and fro. */
static bool too_early(struct lb_picker *p, const struct tier *t, uint32_t i, const struct lb_turn *turn)
{
    uint64_t draw =
        p->policy->hashes ? lb_mix(turn->q->hash ^ (i + UINT64_C(0x51057a27))) : lb_draw(&p->random);
    return (draw & (LB_RAMP_FULL - 1)) >= ramp_of(p, t, i, turn->q->now_ns);
}

static uint32_t pick_with_slow_start(struct lb_picker *p, struct tier *t, struct lb_turn *turn,
                                     policy_pick *pick)
{
    if (turn->skip != t->skip) {
        memcpy(t->skip, turn->skip, t->words * sizeof *t->skip);
        turn->skip = t->skip;
    }
    for (;;) {
        uint32_t i = pick(t->state, turn);
        if (!lb_bit(t->slow, i) || !others_left(t, t->skip) || !too_early(p, t, i, turn))
            return i;
        lb_set_bit(t->skip, i, true);
    }
}

/* ---- picking ---- */

/* Who of tier t must not be chosen; NULL when that is everybody. */
static const uint64_t *skipped(const struct lb_picker *p, struct tier *t, const uint64_t *tried,
                               bool also_down)
{
    const uint64_t *out = also_down ? t->shut : t->out;
    if (!tried)
        return (also_down ? t->nopen : t->nup) ? out : NULL;
    uint64_t left = 0;
    memcpy(t->skip, out, t->words * sizeof *t->skip);
    for (uint32_t w = 0; p->n == t->n && w < t->words; w++)
        t->skip[w] |= tried[w];
    for (uint32_t i = 0; p->n != t->n && i < t->n; i++)
        if (lb_bit(tried, t->member[i]))
            lb_set_bit(t->skip, i, true);
    for (uint32_t w = 0; w < t->words; w++)
        left |= ~t->skip[w];
    return left ? t->skip : NULL;
}

static uint32_t pick_in(struct lb_picker *p, struct tier *t, const struct lb_request *q, bool also_down,
                        policy_pick *pick)
{
    struct lb_turn turn = {skipped(p, t, q->tried, also_down), q, &p->random};
    if (!turn.skip)
        return LB_NONE;
    if (t->nslow)
        advance_slow_starts(p, t, q->now_ns);
    if (t->nslow && !p->policy->ramp)
        return t->member[pick_with_slow_start(p, t, &turn, pick)];
    return t->member[pick(t->state, &turn)];
}

/* The tier whose turn it is, by the tiers' shares. */
static uint32_t turn_of(struct lb_picker *p, const struct lb_request *q)
{
    if (p->ntier < 2 || p->cut[0] == LB_WHOLE)
        return 0;
    uint64_t draw = (p->policy->hashes ? lb_mix(q->hash) : lb_draw(&p->random)) >> 48;
    uint32_t t = 0;
    while (t < p->ntier && draw >= p->cut[t])
        t++;
    return t < p->ntier ? t : 0;
}

static uint32_t choose(struct lb_picker *p, const struct lb_request *q, policy_pick *pick)
{
    uint32_t n = p->ntier;
    if (n == 0)
        return LB_NONE;
    uint32_t i = pick_in(p, &p->tier[turn_of(p, q)], q, p->panic, pick);
    for (uint32_t t = 0; i == LB_NONE && t < 2 * n; t++)
        i = pick_in(p, &p->tier[t % n], q, t >= n, pick);
    return i;
}

uint32_t lb_pick(struct lb_picker *p, const struct lb_request *q)
{
    return choose(p, q, p->policy->pick);
}

uint32_t lb_peek(struct lb_picker *p, const struct lb_request *q)
{
    uint64_t random = p->random;
    uint32_t i = choose(p, q, p->policy->peek ? p->policy->peek : p->policy->pick);
    p->random = random;
    return i;
}

bool lb_is_down(const struct lb_picker *p, uint32_t i)
{
    return p->place[i].tier != LB_NONE && lb_bit(p->tier[p->place[i].tier].down, p->place[i].at);
}
