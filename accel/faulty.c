/* faulty: an emulated engine that misbehaves in every way that the rules of agent/base/flow_rule.h leave
 * open, and in one that they do not: it loses answers. It refuses, is slow, fills up, forgets to tell what
 * became of a rule until it is asked again, and is gone altogether now and then, with all its rules and
 * counters. What is carried must not suffer. For tests; drawn from a seed. */
#include <errno.h>
#include <stdlib.h>

#include "accel/emu.h"
#include "agent/base/counters.h"

#define MS 1000000ull

static const struct emu_profile small = {.name = "faulty",
                                         .about = "made up: 16 rules, few and slow requests, random failures",
                                         .entries = 16,
                                         .queue = 4,
                                         .insert_rate = 500,
                                         .remove_rate = 500,
                                         .delay_ns = 2 * MS,
                                         .batch_ns = 3 * MS,
                                         .age_ns = 300 * MS,
                                         .v6 = true};

struct untold {
    bool is;
    struct flow_answer a;
};

struct faulty {
    struct accel_engine *inner;
    struct flow_ops ops; /* the inner one's */
    uint64_t random;
    uint64_t away_ns;      /* gone until then */
    uint64_t next_loss_ns; /* 0: not drawn */
    bool lost;             /* what is told of next was lost, counters too */
    bool sure;             /* after a flush every answer is told */
    uint32_t tags, nready;
    struct untold *untold;     /* by tag */
    struct flow_answer *ready; /* asked for again: told by the next poll */
};

static uint64_t draw(struct faulty *f, uint64_t below)
{
    uint64_t z = (f->random += 0x9e3779b97f4a7c15ull); /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return (z ^ z >> 31) % below;
}

static void destroy(struct accel_engine *e)
{
    struct faulty *f = (struct faulty *)(void *)e;
    if (!f)
        return;
    emu_engine.destroy(f->inner);
    free(f->untold);
    free(f->ready);
    free(f);
}

static struct accel_engine *create(const struct accel_engine_params *p, char *why)
{
    struct faulty *f = calloc(1, sizeof *f);
    (void)why;
    if (!f)
        return NULL;
    f->random = p->seed;
    f->tags = flow_tags(small.entries);
    f->inner = emu_create(&small, &p->ops);
    f->untold = calloc(f->tags, sizeof *f->untold);
    f->ready = calloc(f->tags, sizeof *f->ready);
    if (!f->inner || !f->untold || !f->ready) {
        destroy((struct accel_engine *)(void *)f);
        return NULL;
    }
    f->ops = emu_engine.ops(f->inner);
    return (struct accel_engine *)(void *)f;
}

static void release(struct faulty *f, uint32_t tag)
{
    if (!f->untold[tag].is)
        return;
    f->untold[tag].is = false;
    f->ready[f->nready++] = f->untold[tag].a;
}

static void release_all(struct faulty *f)
{
    for (uint32_t tag = 0; tag < f->tags; tag++)
        release(f, tag);
}

/* ---- what the splice calls ---- */

static int insert(void *ctx, uint32_t tag, const struct flow_rule *r, uint64_t now_ns)
{
    struct faulty *f = ctx;
    if (now_ns < f->away_ns)
        return -ENODEV;
    f->sure = false;
    return draw(f, 8) == 0 ? -EAGAIN : f->ops.insert(f->ops.ctx, tag, r, now_ns);
}

static void ask_to_remove(void *ctx, uint32_t tag, uint64_t now_ns)
{
    struct faulty *f = ctx;
    release(f, tag);
    if (draw(f, 16)) /* or it does not hear */
        f->ops.remove(f->ops.ctx, tag, now_ns);
}

static void flush(void *ctx, uint64_t now_ns)
{
    struct faulty *f = ctx;
    f->sure = true;
    release_all(f);
    f->ops.flush(f->ops.ctx, now_ns);
}

/* ---- what the worker calls ---- */

static void maybe_lose_all(struct faulty *f, uint64_t now_ns)
{
    if (now_ns >= f->next_loss_ns) {
        if (f->next_loss_ns) {
            f->ops.flush(f->ops.ctx, now_ns);
            f->lost = true;
            f->away_ns = now_ns + draw(f, 100) * MS;
            release_all(f);
        }
        f->next_loss_ns = now_ns + (200 + draw(f, 2000)) * MS;
    }
}

/* Told, or kept for when it is asked again. */
static bool let_through(struct faulty *f, struct flow_answer *a)
{
    if (a->why == FLOW_WHY_LOST && a->told == FLOW_GONE) {
        a->counted = !f->lost;
        return true;
    }
    if (f->sure || draw(f, 6))
        return true;
    if (a->told == FLOW_GONE)
        f->untold[a->tag] = (struct untold){true, *a};
    return false;
}

static unsigned poll(struct accel_engine *e, uint64_t now_ns, struct flow_answer out[], unsigned max)
{
    struct faulty *f = (struct faulty *)(void *)e;
    unsigned n = 0, got;
    maybe_lose_all(f, now_ns);
    while (n < max && f->nready)
        out[n++] = f->ready[--f->nready];
    got = emu_engine.poll(f->inner, now_ns, out + n, max - n);
    for (unsigned i = n; got > 0; i++, got--) {
        struct flow_answer a = out[i];
        if (let_through(f, &a))
            out[n++] = a;
    }
    return n;
}

static uint64_t next_ns(const struct accel_engine *e)
{
    const struct faulty *f = (const struct faulty *)(const void *)e;
    return f->nready ? 0 : emu_engine.next_ns(f->inner);
}

static unsigned pass(struct accel_engine *e, struct frame *fr[], unsigned n, uint64_t now_ns)
{
    struct faulty *f = (struct faulty *)(void *)e;
    return emu_engine.pass(f->inner, fr, n, now_ns);
}

static struct flow_ops ops(struct accel_engine *e)
{
    struct faulty *f = (struct faulty *)(void *)e;
    return (struct flow_ops){
        .insert = insert, .remove = ask_to_remove, .flush = flush, .ctx = f, .entries = f->ops.entries};
}

static const struct accel_stats *stats(const struct accel_engine *e)
{
    return emu_engine.stats(((const struct faulty *)(const void *)e)->inner);
}

static size_t memory(const struct accel_engine *e)
{
    const struct faulty *f = (const struct faulty *)(const void *)e;
    return sizeof *f + f->tags * (sizeof *f->untold + sizeof *f->ready) + emu_engine.memory(f->inner);
}

static const char *about(const struct accel_engine *e)
{
    (void)e;
    return small.about;
}

static const struct accel_engine_class faulty_engine = {
    .create = create,
    .destroy = destroy,
    .ops = ops,
    .poll = poll,
    .next_ns = next_ns,
    .pass = pass,
    .stats = stats,
    .memory = memory,
    .about = about,
};

const struct accel_provider accel_faulty = {
    .name = "faulty",
    .text = "an engine that refuses, is slow, loses answers and rules: for tests",
    .hooks = 1u << ACCEL_FLOW,
    .engine = &faulty_engine,
};
