/* bench_offload: what would N entries and R insertions a second buy on this traffic?
 *
 *   bench_offload SIZES FLOWS_PER_SECOND ENTRIESxRATE SECONDS     SIZES: bytes, web or search
 * (tests/sim/measure.h)
 *
 * A model of flows, not of packets: they arrive at random (Poisson), each with a size drawn from the
 * distribution and a speed of its own (log-uniform, 1 MB/s to 1 GB/s), and move steadily. The engine is the
 * emulated one itself (accel/emu.c: its queue, its delays, its batches, its table), asked by the rules of
 * agent/splice/offload.c, which are written here again in terms of flows: after the first segments and 2 ms;
 * with `least` bytes left, more while the engine refuses; within its insertion rate; worth it only when the
 * flow lasts twice the engine's delays; removed ahead of the end; where the table is full the slowest gives
 * way to one twice as fast. Loss, acks and windows are not modelled. One thread. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "accel/emu.h"
#include "agent/base/counters.h"
#include "tests/sim/measure.h"

#define MS      1000000ull
#define STEP    (MS / 4)
#define FIRST   14600.0
#define LEAST   1048576.0
#define FRAME   1460.0
#define FLOWS   65536u
#define NO_FLOW UINT32_MAX

enum state { WATCHED, ASKED, IN, LEAVING };

struct flow {
    double left, rate, from; /* bytes; bytes a ns; what was left when the rule took effect */
    uint64_t begun_ns, look_ns;
    uint32_t next, tag; /* NO_FLOW: none */
    uint8_t state;
    bool carried; /* a rule is in effect */
};

struct bench {
    struct flow flow[FLOWS];
    uint32_t free, *of_tag, *free_tag, ntag, active[FLOWS], nactive;
    struct accel_engine *engine;
    struct flow_ops ops;
    struct rng rng;
    double threshold, all, carried; /* bytes */
    uint64_t now, token_ns, calm_ns, flows, asked, refused;
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

static uint32_t slowest(const struct bench *b)
{
    uint32_t at = NO_FLOW;
    for (uint32_t k = 0; k < b->nactive; k++) {
        const struct flow *f = &b->flow[b->active[k]];
        if (f->state == IN && (at == NO_FLOW || f->rate < b->flow[at].rate))
            at = b->active[k];
    }
    return at;
}

static void leave(struct bench *b, struct flow *f)
{
    f->state = LEAVING;
    b->ops.remove(b->ops.ctx, f->tag, b->now);
}

static uint64_t rules(const struct bench *b)
{
    return flow_tags(b->ops.entries) - b->ntag;
}

static void refuse(struct bench *b)
{
    b->refused++;
    b->calm_ns = b->now + 100 * MS;
    b->threshold *= 2;
}

static void ask(struct bench *b, uint32_t i, double delays_ns)
{
    struct flow *f = &b->flow[i];
    struct flow_rule r = {.in = {.remote_port = (uint16_t)i, .local_port = (uint16_t)(i >> 16)}};
    if (b->now < f->look_ns || b->now < f->begun_ns + 2 * MS || f->left < b->threshold ||
        f->left / f->rate < 2 * delays_ns || b->now < b->token_ns)
        return;
    f->look_ns = b->now + 16 * MS;
    if (rules(b) >= b->ops.entries) {
        uint32_t slow = slowest(b);
        if (slow != NO_FLOW && 2 * b->flow[slow].rate <= f->rate)
            leave(b, &b->flow[slow]);
        return;
    }
    uint32_t tag = b->free_tag[b->ntag - 1];
    if (b->ops.insert(b->ops.ctx, tag, &r, b->now) != 0) {
        refuse(b);
        return;
    }
    b->ntag--;
    b->of_tag[tag] = i;
    b->asked++;
    f->tag = tag;
    f->state = ASKED;
    b->token_ns = (b->token_ns + 1000 * MS / 64 < b->now ? b->now - 1000 * MS / 64 : b->token_ns) +
                  1000 * MS / b->ops.rate;
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
                f->state = f->state == ASKED ? IN : f->state;
                continue;
            }
            if (a[k].why == FLOW_WHY_FULL)
                refuse(b);
            b->free_tag[b->ntag++] = a[k].tag;
            f->carried = false;
            f->tag = NO_FLOW;
            f->state = WATCHED;
            f->look_ns = b->now + 64 * MS;
        }
}

/* Everybody moves by one step; a flow ends when its bytes are through and no rule is left. */
static void move(struct bench *b, double delays_ns)
{
    for (uint32_t k = 0; k < b->nactive;) {
        uint32_t i = b->active[k];
        struct flow *f = &b->flow[i];
        double n = f->rate * (double)STEP;
        /* The boundary waits for the rule to be gone. */
        double most = f->tag == NO_FLOW ? f->left : f->left > 2 * FRAME ? f->left - 2 * FRAME : 0;
        n = n < most ? n : most;
        f->left -= n;
        if (f->carried)
            b->carried += n;
        if (f->left <= 0.5 && f->tag == NO_FLOW) {
            f->next = b->free;
            b->free = i;
            b->active[k] = b->active[--b->nactive];
            continue;
        }
        if (f->state == WATCHED)
            ask(b, i, delays_ns);
        else if (f->state != LEAVING && f->left < 2 * FRAME + 2 * f->rate * delays_ns)
            leave(b, f);
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
    b->of_tag = calloc(b->ntag, sizeof *b->of_tag);
    b->free_tag = calloc(b->ntag, sizeof *b->free_tag);
    if (!b->of_tag || !b->free_tag)
        goto no;
    for (uint32_t i = 0; i < b->ntag; i++)
        b->free_tag[i] = i;
    for (uint32_t i = 0; i < FLOWS; i++)
        b->flow[i].next = i + 1 < FLOWS ? i + 1 : NO_FLOW;
    b->threshold = LEAST;
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
    double delays = 1.5e9 / b->ops.rate + 1.25e6; /* of profile bluefield2: until both answers */
    for (; b->now < end; b->now += STEP) {
        for (; next <= (double)b->now; next += -log(uniform(b)) / per_ns)
            arrive(b);
        answers(b);
        move(b, delays);
        if (b->threshold > LEAST && b->now >= b->calm_ns) {
            b->threshold -= (b->threshold - LEAST) / 4 + 1;
            b->calm_ns = b->now + 100 * MS;
        }
    }
    double left = 0;
    for (uint32_t k = 0; k < b->nactive; k++)
        left += b->flow[b->active[k]].left;
    printf("flows=%llu bytes=%.0f carried=%.0f share=%.4f inserted=%llu refused=%llu threshold=%.0f\n",
           (unsigned long long)b->flows, b->all - left, b->carried, b->carried / (b->all - left),
           (unsigned long long)counter_read(&emu_engine.stats(b->engine)->inserted),
           (unsigned long long)b->refused, b->threshold);
    unmake(b);
    return 0;
}
