/* splice/timers: each deadline of a conn in time, however it was set, put back and brought forward, and no
 * wake-up for what came to nothing. */
#include <criterion/criterion.h>

#include "agent/splice/internal.h"
#include "tests/unit/rnd.h"

static struct counters counters;
static uint64_t fired, seed = 20;

static void timeout(void *u, struct conn *c)
{
    (void)u;
    (void)c;
    fired++;
}

static void ended(void *u, struct conn *c, enum reason why)
{
    (void)u;
    (void)c;
    (void)why;
}

static const struct splice_user user = {.timeout = timeout, .look = timeout, .ended = ended};

static struct splice *at(uint64_t now_ns, uint32_t connections)
{
    struct splice_params p = {.connections = connections,
                              .buffers = 1u << 20,
                              .syn_ring = 1024,
                              .nworkers = 1,
                              .counters = &counters,
                              .user = &user,
                              .now_ns = now_ns};
    struct splice *s = splice_create(&p);
    cr_assert(s);
    fired = 0;
    return s;
}

/* The ith client. */
static struct conn *opened(struct splice *s, uint32_t i)
{
    struct flow_key k = {.local_port = 80, .remote_port = (uint16_t)i};
    k.remote.b[15] = (uint8_t)(i >> 16);
    struct conn *c = conn_new(s, &k, SIDE_CLIENT);
    cr_assert(c);
    c->pub.state = TCP_OPEN;
    return c;
}

static void until(struct splice *s, uint64_t now_ns)
{
    splice_set_now(s, now_ns);
    splice_tick(s);
    cr_assert_gt(splice_next_ns(s), now_ns, "it is woken for what has been done");
}

/* Sleeps as a worker does. Returns how often it was woken. */
static unsigned sleep_until(struct splice *s, uint64_t end_ns)
{
    unsigned woken = 0;
    for (uint64_t t; (t = splice_next_ns(s)) < end_ns; woken++)
        until(s, t > splice_now(s) ? t : splice_now(s));
    splice_set_now(s, end_ns);
    return woken;
}

/* ---- in time ---- */

#define CONNS 64u

static bool due(const struct splice *s, ms_t t)
{
    return t && !ms_before((ms_t)s->now_ms, t);
}

static void check(const struct splice *s, struct conn *const c[])
{
    for (unsigned i = 0; i < CONNS; i++) {
        ms_t t = ms_earlier(c[i]->t_phase, c[i]->t_look);
        cr_assert_not(due(s, c[i]->t_phase) || due(s, c[i]->t_look), "conn %u: a deadline is over", i);
        cr_assert(!t || splice_next_ns(s) <= ms_ns(s, t), "conn %u: its deadline is slept over", i);
    }
}

/* Something happens to a conn: another one takes its slot, or it has other deadlines. */
static void change(struct splice *s, struct conn **c, uint32_t *next)
{
    uint64_t in = splice_now(s) + rnd_below(&seed, 300) * MS_NS + rnd_below(&seed, MS_NS);
    switch (rnd_below(&seed, 8)) {
    case 0:
        conn_end(s, *c, R_CLOSE_NORMAL);
        splice_reap(s);
        *c = opened(s, (*next)++);
        return;
    case 1:
        splice_set_timer(s, *c, 0);
        return;
    case 2:
    case 3:
        (*c)->user_mark = true; /* it is worth a look */
        splice_set_look(s, *c, in);
        return;
    default:
        splice_set_timer(s, *c, in);
    }
}

static void all_in_time(struct splice *s)
{
    struct conn *c[CONNS];
    uint32_t next = 0;
    for (unsigned i = 0; i < CONNS; i++)
        c[i] = opened(s, next++);
    for (unsigned n = 0; n < 50000; n++) {
        uint64_t pause = rnd_below(&seed, 4) ? rnd_below(&seed, 3 * MS_NS) : rnd_below(&seed, 200 * MS_NS);
        sleep_until(s, splice_now(s) + pause);
        if (rnd_below(&seed, 2))
            change(s, &c[rnd_below(&seed, CONNS)], &next);
        check(s, c);
    }
    cr_assert_gt(fired, 1000);
    splice_destroy(s);
}

Test(splice_timers, each_deadline_is_in_time)
{
    all_in_time(at(SEC_NS, CONNS));
}

Test(splice_timers, milliseconds_may_wrap)
{
    all_in_time(at((UINT64_C(1) << 32) * MS_NS - 100 * SEC_NS, CONNS));
}

Test(splice_timers, places_in_the_queue_may_wrap)
{
    struct splice *s = at(SEC_NS, CONNS);
    s->put_off.begin = s->put_off.end = UINT32_MAX - 5000;
    all_in_time(s);
}

/* More conns than can be put off at once. */
Test(splice_timers, a_full_queue)
{
    const uint32_t n = PUT_OFF_MOST + 1000;
    struct splice *s = at(SEC_NS, n);
    for (uint32_t i = 0; i < n; i++)
        splice_set_timer(s, opened(s, i), splice_now(s) + (100 + i % 50) * MS_NS);
    cr_assert_eq(s->put_off.end - s->put_off.begin, PUT_OFF_MOST, "it is not full");
    for (unsigned ms = 100; ms < 150; ms++) {
        sleep_until(s, SEC_NS + ms * MS_NS);
        until(s, SEC_NS + ms * MS_NS);
        cr_assert_eq(fired, (uint64_t)n / 50 * (ms - 99) + (ms - 99 < n % 50 ? ms - 99 : n % 50), "at %u ms",
                     ms);
    }
    cr_assert_eq(fired, n);
    splice_destroy(s);
}

/* ---- wake-ups ---- */

/* How often sleep ends for a deadline while 1000 requests come at `rate` a second, in turn on so many conns.
 * Each response would be sent again 200 ms later, and is acked before. */
static unsigned wakes(unsigned rate, unsigned conns)
{
    struct splice *s = at(SEC_NS, conns);
    unsigned n = 0;
    for (unsigned i = 0; i < conns; i++)
        splice_set_timer(s, opened(s, i), splice_now(s) + 10000 * SEC_NS);
    sleep_until(s, 2 * SEC_NS);
    for (unsigned i = 0; i < 1000; i++) {
        n += sleep_until(s, splice_now(s) + rnd_below(&seed, 2 * SEC_NS / rate));
        struct conn *c = &s->conns[i % conns];
        c->t_rto = ms_deadline(s, s->now + 200 * MS_NS);
        conn_arm(s, c, c->t_rto);
        n += sleep_until(s, splice_now(s) + 5000);
        c->t_rto = 0;
    }
    splice_destroy(s);
    return n;
}

/* At most once for each that stands alone; hardly ever where others follow before it would be due. */
Test(splice_timers, what_came_to_nothing_wakes_nobody)
{
    static const struct {
        unsigned rate, conns, most; /* per 1000 requests */
    } load[] = {{1, 1, 1000}, {10, 1, 400},     {10, 1000, 800},
                {100, 1, 60}, {100, 1000, 200}, {1000, 1000, 100}};
    for (unsigned i = 0; i < sizeof load / sizeof *load; i++) {
        unsigned n = wakes(load[i].rate, load[i].conns);
        cr_expect_leq(n, load[i].most, "%u times at %u a second on %u conns", n, load[i].rate, load[i].conns);
    }
}

/* ---- what a conn has beside ---- */

/* Side blocks are given back though the timer never fires. */
Test(splice_timers, side_blocks_end_in_time)
{
    struct splice *s = at(SEC_NS, 1);
    struct conn *c = opened(s, 0);
    splice_set_timer(s, c, splice_now(s) + 10000 * SEC_NS);
    extra_open(s, c, USE_CHALLENGE)->challenge_ns = s->now;
    for (unsigned i = 0; i < 10; i++) {
        cr_assert(i > 4 || c->has == USE_CHALLENGE, "too early");
        c->t_rto = ms_deadline(s, s->now + 200 * MS_NS);
        conn_arm(s, c, c->t_rto);
        sleep_until(s, splice_now(s) + 10 * MS_NS);
        c->t_rto = 0;
        sleep_until(s, splice_now(s) + 90 * MS_NS);
    }
    cr_assert_eq(s->extras.live, 0);
    splice_destroy(s);
}
