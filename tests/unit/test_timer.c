/* The timer wheel against a naive model (an array of deadlines), and callbacks that change what is due. */
#include <criterion/criterion.h>

#include "agent/base/timer.h"
#include "tests/unit/rnd.h"

#define NODES 400

struct timer {
    struct tw_node node;
    uint64_t model_ns; /* when it is to fire; 0: not armed */
    uint64_t model_tick;
};

struct rig {
    struct timer_wheel w;
    struct timer t[NODES];
    uint64_t seed, now_ns, last_tick, armed, fired;
    bool meddle; /* callbacks change other timers */
};

static uint64_t ceil_tick(uint64_t ns)
{
    return (ns + MS_NS - 1) / MS_NS;
}

static void arm(struct rig *r, struct timer *t, uint64_t ns)
{
    uint64_t now = r->w.now_tick;
    r->armed += t->model_ns == 0;
    ns = ns < (now + TW_FAR) * MS_NS ? ns : (now + TW_FAR) * MS_NS;
    t->model_ns = ns;
    t->model_tick = ceil_tick(ns) > now ? ceil_tick(ns) : now + 1;
    tw_add(&r->w, (uint32_t)(t - r->t), ns);
}

static void disarm(struct rig *r, struct timer *t)
{
    r->armed -= t->model_ns != 0;
    t->model_ns = 0;
    tw_del(&r->w, (uint32_t)(t - r->t));
}

/* Deadlines of every size: past, this tick, the same slot, each level, beyond what counts. */
static uint64_t some_deadline(struct rig *r)
{
    uint64_t span = 1ull << rnd_below(&r->seed, 56);
    uint64_t ns = r->now_ns + rnd_below(&r->seed, span);
    return rnd_below(&r->seed, 8) == 0 ? r->now_ns - rnd_below(&r->seed, 5 * MS_NS) : ns;
}

static void random_change(struct rig *r)
{
    struct timer *t = &r->t[rnd_below(&r->seed, NODES)];
    if (rnd_below(&r->seed, 3) == 0)
        disarm(r, t);
    else
        arm(r, t, some_deadline(r));
}

static void on_fire(void *arg, uint32_t n, uint64_t now_ns)
{
    struct rig *r = arg;
    struct timer *t = &r->t[n];
    cr_assert_eq(now_ns, r->now_ns);
    cr_assert_not(tw_armed(&t->node));
    cr_assert_neq(t->model_ns, 0, "fired while not armed");
    cr_assert_leq(t->model_ns, now_ns, "fired early");
    cr_assert_geq(t->model_tick, r->last_tick, "fired out of order");
    r->last_tick = t->model_tick;
    t->model_ns = 0;
    r->armed--;
    r->fired++;
    for (unsigned i = 0; r->meddle && i < rnd_below(&r->seed, 4); i++)
        random_change(r);
}

static void check(struct rig *r)
{
    uint64_t first = UINT64_MAX;
    for (unsigned i = 0; i < NODES; i++) {
        struct timer *t = &r->t[i];
        cr_assert_eq(tw_armed(&t->node), t->model_ns != 0);
        if (t->model_ns == 0)
            continue;
        cr_assert_gt(t->model_tick, r->now_ns / MS_NS, "is due and did not fire");
        if (t->model_tick < first)
            first = t->model_tick;
    }
    uint64_t next = tw_next_ns(&r->w);
    cr_assert_eq(r->w.armed, r->armed);
    if (first == UINT64_MAX) {
        cr_assert_eq(next, UINT64_MAX);
        return;
    }
    cr_assert_gt(next, r->now_ns - r->now_ns % MS_NS);
    cr_assert_leq(next / MS_NS, first, "would sleep past a timer");
}

static void run_model(uint64_t start_ns, uint64_t seed, bool meddle, unsigned rounds)
{
    static struct rig r;
    r = (struct rig){.seed = seed, .now_ns = start_ns, .meddle = meddle};
    tw_init(&r.w, start_ns, &r.t[0].node, sizeof r.t[0]);
    for (unsigned i = 0; i < rounds; i++) {
        for (uint64_t n = rnd_below(&r.seed, 20); n > 0; n--)
            random_change(&r);
        check(&r);
        r.now_ns += rnd_below(&r.seed, 1ull << rnd_below(&r.seed, i % 50 == 0 ? 58 : 34));
        r.last_tick = 0;
        tw_advance(&r.w, r.now_ns, on_fire, &r);
        check(&r);
    }
    cr_assert_gt(r.fired, rounds);
}

Test(timer, model_random)
{
    for (uint64_t seed = 1; seed <= 8; seed++)
        run_model(seed * 1234567 * SEC_NS / 1000, seed, false, 1500);
}

Test(timer, model_callbacks_add_move_and_remove)
{
    for (uint64_t seed = 1; seed <= 8; seed++)
        run_model(SEC_NS, seed, true, 1500);
}

/* Just before the top level's digit and then the whole 32 bits of ticks wrap. */
Test(timer, model_across_the_wrap)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        run_model(((1ull << 32) - 5000) * MS_NS, seed, true, 1000);
        run_model(((1ull << 24) - 300) * MS_NS, seed, true, 1000);
    }
}

static void count_fire(void *arg, uint32_t n, uint64_t now_ns)
{
    (void)n;
    (void)now_ns;
    ++*(unsigned *)arg;
}

Test(timer, never_early_and_at_most_one_tick_late)
{
    for (uint64_t start = 0; start < 600; start += 7) {
        struct timer_wheel w;
        struct tw_node n = {0};
        unsigned fired = 0;
        tw_init(&w, start * MS_NS, &n, sizeof n);
        uint64_t deadline = (start + start * 3 % 400) * MS_NS + 1 + start;
        tw_add(&w, 0, deadline);
        uint64_t now = start * MS_NS;
        for (; !fired && now <= deadline + 2 * MS_NS; now += MS_NS / 4)
            tw_advance(&w, now, count_fire, &fired);
        now -= MS_NS / 4;
        cr_expect_eq(fired, 1, "lost");
        cr_expect_geq(now, deadline);
        cr_expect_leq(now, deadline + MS_NS);
    }
}

/* 40 years in one step, over billions of empty ticks; what is farther away than the wheel tells counts as
 * that far, and its owner, who knows better, arms it again. */
struct far {
    struct timer_wheel w;
    struct tw_node n[3];
    uint64_t due_ns[3], fired;
};

static void arm_what_is_early(void *arg, uint32_t i, uint64_t now_ns)
{
    struct far *f = arg;
    if (now_ns < f->due_ns[i])
        tw_add(&f->w, i, f->due_ns[i]);
    else
        f->fired |= UINT64_C(1) << i;
}

Test(timer, long_jump_with_a_deadline_beyond_the_wheel, .timeout = 10)
{
    const uint64_t year = 365ull * 86400 * SEC_NS;
    static struct far f = {.due_ns = {SEC_NS, 39 * (365ull * 86400 * SEC_NS), UINT64_MAX}};
    tw_init(&f.w, 123456789, f.n, sizeof f.n[0]);
    for (uint32_t i = 0; i < 3; i++)
        tw_add(&f.w, i, f.due_ns[i]);
    cr_expect_eq(f.n[2].tick, TW_FAR + 123);
    for (uint64_t t = year; t < 39 * year; t += year)
        tw_advance(&f.w, t, arm_what_is_early, &f);
    cr_expect_eq(f.fired, 1);
    cr_expect(tw_armed(&f.n[1]));
    tw_advance(&f.w, 40 * year, arm_what_is_early, &f);
    cr_expect_eq(f.fired, 3);
    cr_expect(tw_armed(&f.n[2]));
    tw_del(&f.w, 2);
    cr_expect_eq(f.w.armed, 0);
    cr_expect_eq(tw_next_ns(&f.w), UINT64_MAX);
}

struct again {
    struct timer_wheel w;
    struct tw_node n;
    unsigned fired;
};

static void arm_again(void *arg, uint32_t n, uint64_t now_ns)
{
    struct again *a = arg;
    (void)now_ns;
    a->fired++;
    tw_add(&a->w, n, 0);
}

Test(timer, a_timer_that_always_arms_itself_fires_once_per_advance, .timeout = 10)
{
    struct again a = {0};
    tw_init(&a.w, 0, &a.n, sizeof a.n);
    tw_add(&a.w, 0, MS_NS);
    tw_advance(&a.w, 1000 * SEC_NS, arm_again, &a);
    cr_expect_eq(a.fired, 1);
    tw_advance(&a.w, 1000 * SEC_NS, arm_again, &a);
    cr_expect_eq(a.fired, 1, "same tick");
    tw_advance(&a.w, 999 * SEC_NS, arm_again, &a);
    cr_expect_eq(a.fired, 1, "time went back");
    tw_advance(&a.w, 1000 * SEC_NS + MS_NS, arm_again, &a);
    cr_expect_eq(a.fired, 2);
}

struct pair {
    struct timer_wheel w;
    struct tw_node n[2];
    unsigned fired;
};

static void kill_the_other(void *arg, uint32_t n, uint64_t now_ns)
{
    struct pair *p = arg;
    (void)now_ns;
    p->fired++;
    tw_del(&p->w, 1 - n);
}

Test(timer, a_callback_removes_one_due_in_the_same_tick)
{
    struct pair p = {0};
    tw_init(&p.w, 0, p.n, sizeof p.n[0]);
    tw_add(&p.w, 0, 5 * MS_NS);
    tw_add(&p.w, 1, 5 * MS_NS);
    tw_advance(&p.w, SEC_NS, kill_the_other, &p);
    cr_expect_eq(p.fired, 1);
    cr_expect_eq(p.w.armed, 0);
    tw_del(&p.w, 0);
    cr_expect_eq(p.w.armed, 0, "removing twice is legal");
}
