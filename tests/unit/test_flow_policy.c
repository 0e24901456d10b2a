/* flow_policy: what is offered to a flow engine, how often, and what is never offered. */
#include <criterion/criterion.h>

#include "agent/splice/flow_policy.h"

#define MS  1000000ull
#define SEC (1000 * MS)
#define MB  1000000ull

static const struct flow_taste taste = {.least = MB};

static struct flow_policy engine(uint32_t rate)
{
    struct flow_policy p;
    flow_policy_init(&p, &taste, 64, rate);
    return p;
}

/* A flow that has moved so many bytes a millisecond for as many milliseconds, looked at every 16. */
static struct flow_gauge moving(const struct flow_policy *p, uint64_t rate, unsigned ms)
{
    struct flow_gauge g;
    flow_gauge_begin(p, &g, 0, 0, 0);
    for (unsigned t = 16; t <= ms; t += 16)
        flow_gauge_look(&g, rate * t, t * MS);
    return g;
}

Test(flow_policy, large_flows_that_last_are_offered)
{
    struct flow_policy p = engine(0);
    struct flow_gauge g = moving(&p, 1000, 32);
    cr_assert(flow_policy_wants(&p, &g, 2 * MB, SEC));
    cr_assert_not(flow_policy_wants(&p, &g, MB - 1, SEC), "too little is left");
    g = moving(&p, 1000000, 32);
    cr_assert_not(flow_policy_wants(&p, &g, 2 * MB, SEC), "over before the rule is in and gone");
    g = moving(&p, 0, 32);
    cr_assert_not(flow_policy_wants(&p, &g, 2 * MB, SEC), "it does not move");
}

Test(flow_policy, an_engine_that_takes_its_time_gets_flows_that_last)
{
    struct flow_policy p = engine(0);
    struct flow_gauge g = moving(&p, 10000, 32);
    cr_assert(flow_policy_wants(&p, &g, 4 * MB, SEC));
    flow_policy_took_out(&p, 300 * MS);
    cr_assert_not(flow_policy_wants(&p, &g, 4 * MB, SEC), "believed at once");
    cr_assert(flow_policy_wants(&p, &g, 40 * MB, SEC));
    for (unsigned i = 0; i < 40; i++)
        flow_policy_tick(&p, 2 * SEC + i * 100 * MS);
    cr_assert(flow_policy_wants(&p, &g, 4 * MB, 7 * SEC), "forgotten after some seconds without an answer");
}

Test(flow_policy, what_an_engine_says_of_its_rate_is_its_delay_until_it_has_shown_it)
{
    struct flow_policy p = engine(2); /* half a second for each request */
    struct flow_gauge g = moving(&p, 1000, 32);
    cr_assert_not(flow_policy_wants(&p, &g, 2 * MB, 2 * SEC));
    cr_assert(flow_policy_wants(&p, &g, 3 * MB, 2 * SEC));
}

Test(flow_policy, a_flow_is_known_for_as_long_as_the_engine_takes)
{
    struct flow_policy p = engine(10);
    struct flow_gauge g = moving(&p, 1000, 32);
    cr_assert_not(flow_policy_wants(&p, &g, 1000 * MB, 200 * MS));
    cr_assert(flow_policy_wants(&p, &g, 1000 * MB, 203 * MS));
}

/* However many flows there are: insertions and removals together keep to the rate. */
Test(flow_policy, requests_keep_to_the_rate)
{
    struct flow_policy p = engine(100);
    unsigned asked = 0;
    for (uint64_t now = SEC; now < 11 * SEC; now += MS) {
        struct flow_gauge g = moving(&p, 1000, 32);
        flow_policy_tick(&p, now);
        if (!flow_policy_wants(&p, &g, (uint64_t)1 << 40, now))
            continue;
        flow_policy_asked(&p, now);
        flow_policy_asked(&p, now); /* it will have to go */
        asked++;
    }
    cr_assert(asked >= 490 && asked <= 502, "%u insertions in 10 s", asked);
}

Test(flow_policy, a_budget_that_is_used_up_goes_to_larger_flows)
{
    struct flow_policy p = engine(100);
    struct flow_gauge g = moving(&p, 1000, 32);
    cr_assert(flow_policy_wants(&p, &g, 2 * MB, SEC));
    flow_policy_asked(&p, SEC);
    flow_policy_asked(&p, SEC);
    for (unsigned i = 0; i < 8; i++) {
        cr_assert_not(flow_policy_wants(&p, &g, 4 * MB, SEC));
        flow_policy_tick(&p, SEC + i * 100 * MS);
    }
    cr_assert(p.threshold > 2 * MB);
    for (unsigned i = 0; i < 80; i++)
        flow_policy_tick(&p, 2 * SEC + i * 100 * MS);
    cr_assert_eq(p.threshold, MB, "and the threshold falls back");
}

/* One that refuses always is asked ten times at most, then once in a while. */
Test(flow_policy, an_engine_that_refuses_costs_a_question_now_and_then)
{
    struct flow_policy p = engine(0);
    unsigned asked = 0;
    for (uint64_t now = SEC; now < 11 * SEC; now += MS) {
        struct flow_gauge g = moving(&p, 1000, 32);
        flow_policy_tick(&p, now);
        if (flow_policy_wants(&p, &g, 100 * MB, now)) {
            asked++;
            flow_policy_refused(&p, now);
        }
    }
    cr_assert(asked > 10 && asked < 60, "%u questions in 10 s", asked);
}

Test(flow_policy, a_removal_is_asked_for_ahead_by_what_moves_meanwhile)
{
    struct flow_policy p = engine(0);
    struct flow_gauge g = moving(&p, 1000, 32);
    cr_assert(flow_policy_ends(&p, &g, 4000) && !flow_policy_ends(&p, &g, 5000));
    flow_policy_took_out(&p, 50 * MS);
    cr_assert(flow_policy_ends(&p, &g, 102000) && !flow_policy_ends(&p, &g, 103000));
}

Test(flow_policy, the_margin_follows_a_flow_that_gets_faster)
{
    struct flow_policy p = engine(0);
    struct flow_gauge g = moving(&p, 100, 160);
    flow_gauge_look(&g, 16000 + 16 * 10000, 176 * MS);
    cr_assert(g.rate < 2000, "the average is slow to");
    cr_assert(flow_policy_ends(&p, &g, 40000), "the margin is not");
}

Test(flow_policy, the_slowest_gives_way_to_one_twice_as_fast)
{
    struct flow_policy p = engine(0);
    struct flow_gauge on = moving(&p, 1000, 64), next = moving(&p, 1990, 64);
    cr_assert_not(flow_policy_yields(&on, &next));
    next = moving(&p, 2000, 64);
    cr_assert(flow_policy_yields(&on, &next));
    next = (struct flow_gauge){.rate = 100000, .known_ms = 2};
    cr_assert_not(flow_policy_yields(&on, &next), "not known yet");
}

Test(flow_policy, who_only_watches_gives_way)
{
    struct flow_policy p = engine(0);
    struct flow_gauge on = moving(&p, 1000, 64), next = moving(&p, 1990, 64);
    cr_assert_not(flow_policy_displaces(&on, &next));
    next = moving(&p, 2000, 64);
    cr_assert(flow_policy_displaces(&on, &next), "to one twice as fast");
    next = moving(&p, 100, 64);
    on.slow = true;
    cr_assert(flow_policy_displaces(&on, &next), "when it moves too little to be offered");
    on.slow = false;
    on.look_ns = UINT64_MAX;
    cr_assert(flow_policy_displaces(&on, &next), "when the engine cannot do it");
}

Test(flow_policy, one_burst_is_no_rate)
{
    struct flow_policy p = engine(0);
    struct flow_gauge on = moving(&p, 1000, 160), next = moving(&p, 1000, 160);
    flow_gauge_look(&next, 160000 + 3 * 16000, 176 * MS); /* a late look: three acks at once */
    cr_assert_not(flow_policy_yields(&on, &next));
}

Test(flow_policy, a_flow_that_turns_slow_is_not_offered_until_it_moves)
{
    struct flow_policy p = engine(0);
    struct flow_gauge g = moving(&p, 1000, 64);
    for (uint64_t t = 80; t <= 1600; t += 16)
        flow_gauge_look(&g, 64000 + t, t * MS); /* 1,000 bytes a second */
    cr_assert(g.slow);
    cr_assert_not(flow_policy_wants(&p, &g, 100 * MB, 2 * SEC));
    for (uint64_t t = 1616; t <= 2700; t += 16)
        flow_gauge_look(&g, 66000 + (t - 1600) * 1000, t * MS);
    cr_assert_not(g.slow);
    cr_assert(flow_policy_wants(&p, &g, 100 * MB, 3 * SEC));
}

/* 100,000 bytes a second are wanted of its client: 60,000 are slow, though the engine finds that enough. */
Test(flow_policy, a_flow_is_slow_that_moves_less_than_its_client_has_to_take)
{
    struct flow_policy p = engine(0);
    for (unsigned wanted = 0; wanted < 2; wanted++) {
        struct flow_gauge g;
        flow_gauge_begin(&p, &g, wanted ? 100000 : 0, 0, 0);
        for (uint64_t t = 16; t <= 1600; t += 16)
            flow_gauge_look(&g, 60 * t, t * MS);
        cr_assert_eq(g.slow, wanted);
    }
}

Test(flow_policy, eager_asks_at_once)
{
    struct flow_policy p;
    struct flow_gauge g;
    flow_policy_init(&p, &(struct flow_taste){.least = 1, .eager = true}, 64, 1);
    flow_gauge_begin(&p, &g, 0, 0, 5);
    cr_assert_eq(flow_policy_first(&p), 0);
    cr_assert(flow_gauge_due(&p, &g, 5) && flow_gauge_due(&p, &g, 5));
    cr_assert(flow_policy_wants(&p, &g, 1, 5));
}
