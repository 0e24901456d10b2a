/* bench_offload: what would N entries and R insertions a second buy on this traffic?
 *
 *   bench_offload SIZES FLOWS_PER_SECOND ENTRIESxRATE SECONDS     SIZES: bytes, web or search
 * (tests/sim/measure.h)
 *
 * A model of flows, not of packets: they arrive at random (Poisson), each with a size drawn from the
 * distribution and a speed of its own (log-uniform, 1 MB/s to 1 GB/s), and move steadily. The engine is the
 * emulated one itself (accel/emu.c: its queue, its delays, its batches, its table); what it is asked is
 * decided by lacon's own agent/splice/flow_policy.c. A flow that has come to its boundary waits until its
 * rule is gone (offload.c, R1): the share of all flows' time that went so is told as `waited`. Places to
 * watch from are as few as the worker's (offload_slots.h). Loss, acks and windows are not modelled. One
 * thread. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "accel/emu.h"
#include "agent/base/counters.h"
#include "agent/splice/flow_policy.h"
#include "tests/sim/measure.h"

#define MS       1000000ull
#define STEP     (MS / 4)
#define LEAST    1048576u
#define BOUNDARY 2920.0
#define FLOWS    65536u
#define NO_FLOW  UINT32_MAX

#define TRIAL_NS (100 * MS) /* as in offload_slots.c */
#define LOOKED   64u

enum state { WATCHED, ASKED, IN, LEAVING };
enum place { NOWHERE, ON_TRIAL, SEATED };

struct flow {
    double left, rate, acked; /* bytes; bytes a ns */
    struct flow_gauge gauge;
    uint64_t begun_ns, asked_ns, look_ns;
    uint32_t next, tag; /* NO_FLOW: none */
    uint8_t state, place;
    bool carried; /* a rule is in effect */
};

struct bench {
    struct flow flow[FLOWS];
    uint32_t free, *of_tag, *free_tag, ntag, active[FLOWS], nactive, places, trial, hand;
    struct accel_engine *engine;
    struct flow_ops ops;
    struct flow_policy policy;
    struct rng rng;
    double all, carried; /* bytes */
    uint64_t now, flows, asked, refused, moved_ns, waited_ns;
};

static double uniform(struct bench *b)
{
    return ((double)rng_below(&b->rng, UINT32_MAX) + 0.5) / (double)UINT32_MAX;
}

static void arrive(struct bench *b)
{
    uint32_t i = b->free;
    if (i == NO_FLOW)
        return;
    struct flow *f = &b->flow[i];
    b->free = f->next;
    *f = (struct flow){.left = measure_draw(&b->rng),
                       .rate = pow(10, uniform(b) * 3 - 3),
                       .begun_ns = b->now,
                       .tag = NO_FLOW};
    b->all += f->left;
    b->flows++;
    b->active[b->nactive++] = i;
}

/* Flows that have not been looked at for a while: what the worker's list of looks does. */
#define LOOK_NS (16 * MS)

static uint32_t slowest(const struct bench *b)
{
    uint32_t at = NO_FLOW;
    for (uint32_t k = 0; k < b->nactive; k++) {
        const struct flow *f = &b->flow[b->active[k]];
        if (f->state == IN && (at == NO_FLOW || f->gauge.rate < b->flow[at].gauge.rate))
            at = b->active[k];
    }
    return at;
}

static void unseat(struct bench *b, struct flow *f)
{
    b->places += f->place == SEATED;
    if (f->place == ON_TRIAL)
        b->trial = NO_FLOW;
    f->place = NOWHERE;
}

/* A flow that is large enough comes to be watched, or tried. */
static void seat(struct bench *b, uint32_t i)
{
    struct flow *f = &b->flow[i];
    if (f->left < (double)LEAST)
        return;
    if (b->places == 0 && b->trial != NO_FLOW) {
        if (b->now - b->flow[b->trial].gauge.begun_ns < TRIAL_NS)
            return;
        unseat(b, &b->flow[b->trial]);
    }
    f->place = b->places ? SEATED : ON_TRIAL;
    if (b->places)
        b->places--;
    else
        b->trial = i;
    flow_gauge_begin(&b->policy, &f->gauge, 0, (uint64_t)f->acked, b->now);
}

static struct flow *worst_watcher(struct bench *b)
{
    struct flow *worst = NULL;
    uint32_t seen = 0;
    for (uint32_t k = 0; k < b->nactive && seen < LOOKED; k++) {
        struct flow *f = &b->flow[b->active[b->hand++ % b->nactive]];
        if (f->place != SEATED)
            continue;
        seen++;
        if (f->state != WATCHED)
            continue;
        flow_gauge_look(&f->gauge, (uint64_t)f->acked, b->now);
        worst = !worst || f->gauge.rate < worst->gauge.rate ? f : worst;
    }
    return worst;
}

/* Its rate is known: it takes another's place, or is turned away. */
static void settle(struct bench *b, struct flow *f)
{
    struct flow *on = b->places ? NULL : worst_watcher(b);
    if (on && flow_policy_displaces(&on->gauge, &f->gauge))
        unseat(b, on);
    unseat(b, f);
    if (b->places == 0)
        return;
    b->places--;
    f->place = SEATED;
}

static void leave(struct bench *b, struct flow *f)
{
    f->state = LEAVING;
    f->asked_ns = b->now;
    flow_policy_asked(&b->policy, b->now);
    b->ops.remove(b->ops.ctx, f->tag, b->now);
}

static uint64_t rules(const struct bench *b)
{
    return flow_tags(b->ops.entries) - b->ntag;
}

static void refuse(struct bench *b)
{
    b->refused++;
    flow_policy_refused(&b->policy, b->now);
}

static void ask(struct bench *b, uint32_t i)
{
    struct flow *f = &b->flow[i];
    struct flow_rule r = {.in = {.remote_port = (uint16_t)i, .local_port = (uint16_t)(i >> 16)}};
    if (f->left < (double)LEAST || !flow_gauge_due(&b->policy, &f->gauge, b->now))
        return;
    flow_gauge_look(&f->gauge, (uint64_t)f->acked, b->now);
    if (f->place == ON_TRIAL && f->gauge.known_ms >= FLOW_KNOWN_MS)
        settle(b, f);
    if (f->place != SEATED || f->acked < (double)flow_policy_first(&b->policy) ||
        !flow_policy_wants(&b->policy, &f->gauge, (uint64_t)(f->left - BOUNDARY), b->now))
        return;
    if (rules(b) >= b->ops.entries) {
        uint32_t slow = slowest(b);
        if (slow != NO_FLOW && flow_policy_yields(&b->flow[slow].gauge, &f->gauge))
            leave(b, &b->flow[slow]);
        return;
    }
    uint32_t tag = b->free_tag[b->ntag - 1];
    if (b->ops.insert(b->ops.ctx, tag, &r, b->now) != 0) {
        refuse(b);
        return;
    }
    flow_policy_asked(&b->policy, b->now);
    b->ntag--;
    b->of_tag[tag] = i;
    b->asked++;
    f->tag = tag;
    f->state = ASKED;
    f->asked_ns = b->now;
    f->look_ns = b->now + LOOK_NS;
}

static void answers(struct bench *b)
{
    struct flow_answer a[32];
    unsigned n;
    while ((n = emu_engine.poll(b->engine, b->now, a, 32)) > 0)
        for (unsigned k = 0; k < n; k++) {
            struct flow *f = &b->flow[b->of_tag[a[k].tag]];
            if (a[k].told == FLOW_IN) {
                f->carried = true;
                if (f->state == ASKED) {
                    f->state = IN;
                    flow_policy_took_in(&b->policy, b->now - f->asked_ns);
                }
                continue;
            }
            if (a[k].why == FLOW_WHY_FULL)
                refuse(b);
            if (f->state == LEAVING && a[k].why == FLOW_WHY_ASKED)
                flow_policy_took_out(&b->policy, b->now - f->asked_ns);
            b->free_tag[b->ntag++] = a[k].tag;
            f->carried = false;
            f->tag = NO_FLOW;
            f->state = WATCHED;
            flow_gauge_cool(&b->policy, &f->gauge, b->now);
        }
}

/* What the worker does when a segment is acked, and at a look. */
static void judge(struct bench *b, uint32_t i)
{
    struct flow *f = &b->flow[i];
    if (f->place == NOWHERE) {
        seat(b, i);
        return;
    }
    if (f->state == WATCHED) {
        ask(b, i);
        return;
    }
    if (f->state == LEAVING) {
        if (b->now - f->asked_ns > b->policy.gone_ns)
            flow_policy_took_out(&b->policy, b->now - f->asked_ns);
        return;
    }
    if (b->now >= f->look_ns) {
        f->look_ns = b->now + LOOK_NS;
        flow_gauge_look(&f->gauge, (uint64_t)f->acked, b->now);
    }
    double left = f->left > BOUNDARY ? f->left - BOUNDARY : 0;
    if (f->gauge.slow || flow_policy_ends(&b->policy, &f->gauge, (uint64_t)left))
        leave(b, f);
}

/* Everybody moves by one step; a flow ends when its bytes are through and no rule is left. */
static void move(struct bench *b)
{
    for (uint32_t k = 0; k < b->nactive;) {
        uint32_t i = b->active[k];
        struct flow *f = &b->flow[i];
        double n = f->rate * (double)STEP;
        /* The boundary waits for the rule to be gone. */
        double most = f->tag == NO_FLOW ? f->left : f->left > BOUNDARY ? f->left - BOUNDARY : 0;
        *(most > 0 || f->tag == NO_FLOW ? &b->moved_ns : &b->waited_ns) += STEP;
        n = n < most ? n : most;
        f->left -= n;
        f->acked += n;
        if (f->carried)
            b->carried += n;
        if (f->left <= 0.5 && f->tag == NO_FLOW) {
            unseat(b, f);
            f->next = b->free;
            b->free = i;
            b->active[k] = b->active[--b->nactive];
            continue;
        }
        judge(b, i);
        k++;
    }
}

static void never_sent(void *ctx, struct frame *f)
{
    (void)ctx;
    (void)f;
}

static void unmake(struct bench *b)
{
    if (!b)
        return;
    emu_engine.destroy(b->engine);
    free(b->of_tag);
    free(b->free_tag);
    free(b);
}

/* NULL when memory is short, or there is no such profile. */
static struct bench *make(const char *profile)
{
    struct bench *b = calloc(1, sizeof *b);
    struct accel_engine_params p = {.profile = profile, .ops = {.send = never_sent}, .v6 = true};
    char why[ACCEL_WHY];
    if (!b || !(b->engine = emu_engine.create(&p, why)))
        goto no;
    b->ops = emu_engine.ops(b->engine);
    b->ntag = flow_tags(b->ops.entries);
    b->trial = NO_FLOW;
    b->of_tag = calloc(b->ntag, sizeof *b->of_tag);
    b->free_tag = calloc(b->ntag, sizeof *b->free_tag);
    if (!b->of_tag || !b->free_tag)
        goto no;
    for (uint32_t i = 0; i < b->ntag; i++)
        b->free_tag[i] = i;
    for (uint32_t i = 0; i < FLOWS; i++)
        b->flow[i].next = i + 1 < FLOWS ? i + 1 : NO_FLOW;
    flow_policy_init(&b->policy, &(struct flow_taste){.least = LEAST}, b->ops.entries, b->ops.rate);
    b->places = flow_policy_places(&b->policy);
    rng_seed(&b->rng, 1);
    return b;
no:
    unmake(b);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 5 || !measure_sizes(argv[1])) {
        fputs("usage: bench_offload BYTES|web|search FLOWS_PER_SECOND ENTRIESxRATE SECONDS\n", stderr);
        return 2;
    }
    struct bench *b = make(argv[3]);
    double per_ns = strtod(argv[2], NULL) / 1e9, next = 0;
    uint64_t end = (uint64_t)(strtod(argv[4], NULL) * 1e9);
    if (!b || per_ns <= 0) {
        unmake(b);
        return 1;
    }
    for (; b->now < end; b->now += STEP) {
        for (; next <= (double)b->now; next += -log(uniform(b)) / per_ns)
            arrive(b);
        answers(b);
        move(b);
        flow_policy_tick(&b->policy, b->now);
    }
    double left = 0;
    for (uint32_t k = 0; k < b->nactive; k++)
        left += b->flow[b->active[k]].left;
    printf("flows=%llu bytes=%.0f carried=%.0f share=%.4f inserted=%llu refused=%llu waited=%.6f\n",
           (unsigned long long)b->flows, b->all - left, b->carried, b->carried / (b->all - left),
           (unsigned long long)counter_read(&emu_engine.stats(b->engine)->inserted),
           (unsigned long long)b->refused, (double)b->waited_ns / (double)(b->waited_ns + b->moved_ns + 1));
    unmake(b);
    return 0;
}
