/* The timer wheel at a thousand to a million timers with deadlines over a minute, each in an object of a
 * conn's size: arming all, moving them, disarming them, and letting all fire. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/timer.h"
#include "agent/splice/conn.h"
#include "bench/micro/micro.h"

enum what { ADD, MOVE, DEL, FIRE };

struct timers {
    struct timer_wheel w;
    uint8_t *objects; /* n, `stride` bytes apart */
    uint32_t n;
    uint64_t seed, now_ns, fired;
};

struct job {
    struct timers *t;
    enum what what;
};

static const size_t stride = (sizeof(struct conn) + 63) & ~(size_t)63;

static uint32_t place(const struct timers *t, uint64_t i)
{
    return (uint32_t)(i % t->n);
}

static uint64_t deadline(struct timers *t)
{
    return t->now_ns + micro_rnd(&t->seed) % (60 * SEC_NS);
}

static void arm_all(struct timers *t)
{
    for (uint32_t i = 0; i < t->n; i++)
        tw_add(&t->w, place(t, i), deadline(t));
}

static void on_fire(void *arg, uint32_t i, uint64_t now_ns)
{
    struct timers *t = arg;
    (void)i;
    (void)now_ns;
    t->fired++;
}

static void timers_run(void *ctx, struct micro_sample *s)
{
    struct job *j = ctx;
    struct timers *t = j->t;
    uint64_t from = micro_rnd(&t->seed),
             step = 0x9e3779b1u | 1; /* scattered, each once: n is a power of two */
    uint32_t n = t->n;
    if (j->what != ADD)
        arm_all(t);
    t->fired = 0;
    micro_begin(s);
    for (uint32_t i = 0; i < n && j->what != FIRE; i++) {
        uint32_t node = place(t, from + i * step);
        if (j->what == DEL)
            tw_del(&t->w, node);
        else
            tw_add(&t->w, node, deadline(t));
    }
    for (unsigned ms = 0; j->what == FIRE && ms < 61000; ms++) {
        t->now_ns += MS_NS;
        tw_advance(&t->w, t->now_ns, on_fire, t);
    }
    micro_end(s, n);
    if (j->what == FIRE && t->fired != n) {
        fprintf(stderr, "bench_micro: %llu of %u timers fired\n", (unsigned long long)t->fired, n);
        exit(1);
    }
    for (uint32_t i = 0; i < n; i++)
        tw_del(&t->w, place(t, i));
}

static void at_size(const struct micro *m, uint32_t n)
{
    static const char *const name[] = {"add", "move", "del", "advance_and_fire"};
    struct timers *t = micro_alloc(sizeof *t);
    struct job job[4];
    struct micro_case c[4];
    char size[16];
    t->n = n;
    t->now_ns = SEC_NS;
    t->seed = n;
    t->objects = micro_map(n * stride);
    tw_init(&t->w, t->now_ns, (struct tw_node *)(void *)t->objects, stride);
    for (unsigned i = 0; i < 4; i++) {
        job[i] = (struct job){t, (enum what)i};
        c[i] = (struct micro_case){.unit = "op", .run = timers_run, .ctx = &job[i]};
        snprintf(c[i].name, sizeof c[i].name, "timers/%s/%s", name[i], micro_size(n, size));
    }
    micro_run(m, c, 4);
    micro_unmap(t->objects, n * stride);
    free(t);
}

void micro_timers(struct micro *m)
{
    static const uint32_t smoke[] = {1u << 10, 0}, quick[] = {1u << 10, 1u << 16, 0},
                          full[] = {1u << 10, 1u << 14, 1u << 16, 1u << 20, 0};
    const uint32_t *n = m->scale == MICRO_SMOKE ? smoke : m->scale == MICRO_QUICK ? quick : full;
    for (; *n; n++)
        at_size(m, *n);
}
