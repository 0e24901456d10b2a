/* ewma: peaks count at once, are forgotten slowly, and the load is latency times exchanges. Two endpoints are
 * always both drawn but for one time in 16, so the choice between them shows. */
#include "tests/unit/lb_rig.h"

#define MS UINT64_C(1000000)

/* Picks of endpoint 0 in a thousand. */
static uint32_t picks_of_first(struct lb_picker *p, uint64_t now)
{
    uint32_t got[2];
    uint64_t rng = 1;
    rig_tally(p, 1000, now, &rng, 2, got);
    return got[0];
}

static struct lb_picker *two(uint64_t first_ns, uint64_t second_ns)
{
    struct lb_picker *p = rig_picker("ewma", NULL, 2, 9);
    lb_sample(p, 0, first_ns, true, SEC);
    lb_sample(p, 1, second_ns, true, SEC);
    return p;
}

Test(lb_ewma, the_faster_one)
{
    struct lb_picker *p = two(10 * MS, 20 * MS);
    cr_assert_gt(picks_of_first(p, SEC), 900);
    lb_begin(p, 0);
    cr_assert_gt(picks_of_first(p, SEC), 450); /* 10 * 2 = 20 * 1: whichever is drawn first */
    cr_assert_lt(picks_of_first(p, SEC), 550);
    lb_begin(p, 0);
    cr_assert_lt(picks_of_first(p, SEC), 100);
    lb_end(p, 0);
    lb_end(p, 0);
    cr_assert_gt(picks_of_first(p, SEC), 900);
    lb_picker_destroy(p);
}

Test(lb_ewma, a_peak_counts_at_once)
{
    struct lb_picker *p = two(10 * MS, 20 * MS);
    lb_sample(p, 0, 500 * MS, true, SEC + MS);
    cr_assert_lt(picks_of_first(p, SEC + MS), 100);
    lb_sample(p, 0, 10 * MS, true, SEC + 2 * MS); /* one good answer does not make it good */
    cr_assert_lt(picks_of_first(p, SEC + 2 * MS), 100);
    lb_picker_destroy(p);
}

/* 500 ms fall below 20 ms (which its own requests keep fresh) after 10 s * ln 25, that is 32.2 s. */
Test(lb_ewma, a_peak_is_forgotten)
{
    struct lb_picker *p = two(500 * MS, 20 * MS);
    for (uint64_t t = 2 * SEC; t <= 60 * SEC; t += SEC / 10) {
        lb_sample(p, 1, 20 * MS, true, t);
        if (t < 32 * SEC)
            cr_assert_lt(picks_of_first(p, t), 100, "after %f s", (double)(t - SEC) / 1e9);
        else if (t > 35 * SEC)
            cr_assert_gt(picks_of_first(p, t), 900, "after %f s", (double)(t - SEC) / 1e9);
    }
    lb_picker_destroy(p);
}

/* An exponential average: of samples at 20 ms after 40 ms, half the way is gone after 10 s * ln 2. */
Test(lb_ewma, moves_as_an_exponential_average)
{
    struct lb_picker *p = two(40 * MS, 30 * MS);
    for (uint64_t t = SEC; t <= 20 * SEC; t += SEC / 100) {
        uint64_t since = t - SEC;
        lb_sample(p, 0, 20 * MS, true, t);
        lb_sample(p, 1, 30 * MS, true, t);
        if (since == 6 * SEC)
            cr_assert_lt(picks_of_first(p, t), 100);
        if (since == 8 * SEC)
            cr_assert_gt(picks_of_first(p, t), 900);
    }
    lb_picker_destroy(p);
}

/* The first request to an endpoint that nobody knows is one, until it is answered. */
Test(lb_ewma, unknown_ones_are_tried_one_at_a_time)
{
    struct lb_picker *p = rig_picker("ewma", NULL, 2, 9);
    lb_sample(p, 1, 5 * MS, true, SEC);
    cr_assert_gt(picks_of_first(p, SEC), 900);
    lb_begin(p, 0);
    cr_assert_lt(picks_of_first(p, SEC), 100);
    lb_sample(p, 0, 1 * MS, true, SEC);
    lb_end(p, 0);
    cr_assert_gt(picks_of_first(p, SEC), 900);
    lb_picker_destroy(p);
}

/* A request that was given up counts as a peak, never as a good sign. */
Test(lb_ewma, given_up)
{
    struct lb_picker *p = two(10 * MS, 20 * MS);
    lb_sample(p, 1, 1, false, SEC);
    cr_assert_gt(picks_of_first(p, SEC), 900);
    lb_sample(p, 0, 3000 * MS, false, SEC);
    cr_assert_lt(picks_of_first(p, SEC), 100);
    lb_picker_destroy(p);
}

Test(lb_ewma, weight_is_what_it_can_bear)
{
    static const uint32_t weight[] = {3, 1};
    struct lb_picker *p = rig_picker("ewma", weight, 2, 9);
    lb_sample(p, 0, 20 * MS, true, SEC);
    lb_sample(p, 1, 10 * MS, true, SEC);
    cr_assert_gt(picks_of_first(p, SEC), 900);
    lb_picker_destroy(p);
}

/* What was learned of an endpoint holds in another picker, at another place. */
Test(lb_ewma, what_was_learned_is_carried_over)
{
    struct lb_picker *from = two(10 * MS, 500 * MS), *to = rig_picker("ewma", NULL, 2, 9);
    cr_expect(lb_has_learned(from));
    lb_carry(to, 0, from, 1);
    lb_carry(to, 1, from, 0);
    cr_assert_lt(picks_of_first(to, SEC), 100);
    lb_picker_destroy(from);
    lb_picker_destroy(to);
}
