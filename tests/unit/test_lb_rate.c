/* rate: token buckets by key. */
#include <criterion/criterion.h>

#include "lb-policy/rate.h"

#define SEC UINT64_C(1000000000)

/* How many of n takes at this time are granted. */
static unsigned granted(struct lb_rate *r, uint64_t key, unsigned n, uint32_t burst, uint64_t now)
{
    unsigned got = 0;
    while (n-- > 0)
        got += lb_rate_take(r, key, SEC / 10, burst, now) == 0;
    return got;
}

Test(lb_rate, a_burst_and_then_the_rate)
{
    struct lb_rate *r = lb_rate_create(1);
    uint64_t now = 1000 * SEC;
    cr_expect_eq(granted(r, 7, 10, 5, now), 5);
    cr_expect_eq(granted(r, 7, 10, 5, now + SEC / 10 - 1), 0);
    cr_expect_eq(granted(r, 7, 10, 5, now + SEC / 10), 1);
    cr_expect_eq(granted(r, 7, 10, 5, now + SEC / 2), 4);
    cr_expect_eq(granted(r, 7, 10, 5, now + 100 * SEC), 5, "never more than the burst");
    lb_rate_destroy(r);
}

Test(lb_rate, what_is_given_back_can_be_taken_again)
{
    struct lb_rate *r = lb_rate_create(1);
    uint64_t now = 1000 * SEC;
    lb_rate_give_back(r, 7, SEC / 10); /* never taken */
    cr_expect_eq(granted(r, 7, 10, 5, now), 5);
    lb_rate_give_back(r, 7, SEC / 10);
    lb_rate_give_back(r, 7, SEC / 10);
    lb_rate_give_back(r, 8, SEC / 10); /* somebody else's */
    cr_expect_eq(granted(r, 7, 10, 5, now), 2);
    cr_expect_eq(granted(r, 7, 10, 5, now + 100 * SEC), 5);
    for (int i = 0; i < 10; i++)
        lb_rate_give_back(r, 7, SEC / 10);
    cr_expect_eq(granted(r, 7, 10, 5, now + 100 * SEC), 5, "never more than the burst");
    lb_rate_give_back(r, 0, SEC / 10);
    cr_expect_eq(granted(r, 0, 10, 5, SEC / 100), 5, "also when the clock has just begun");
    lb_rate_destroy(r);
}

Test(lb_rate, over_a_long_time_exactly_the_rate)
{
    struct lb_rate *r = lb_rate_create(1);
    unsigned got = 0;
    for (unsigned ms = 0; ms < 100000; ms++)
        got += lb_rate_take(r, 1, SEC / 10, 1, 1000 * SEC + ms * (SEC / 1000)) == 0;
    cr_expect_eq(got, 1000);
    lb_rate_destroy(r);
}

Test(lb_rate, tells_when_the_next_token_comes)
{
    struct lb_rate *r = lb_rate_create(1);
    uint64_t now = 5 * SEC;
    cr_expect_eq(lb_rate_take(r, 1, 2 * SEC, 2, now), 0);
    cr_expect_eq(lb_rate_take(r, 1, 2 * SEC, 2, now), 0);
    cr_expect_eq(lb_rate_take(r, 1, 2 * SEC, 2, now), 2 * SEC);
    cr_expect_eq(lb_rate_take(r, 1, 2 * SEC, 2, now + SEC), SEC);
    cr_expect_eq(lb_rate_take(r, 1, 2 * SEC, 2, now + 2 * SEC), 0);
    lb_rate_destroy(r);
}

/* A reload has made an hour's limit one of seconds: who had used up the hour's tokens does not wait for them.
 */
Test(lb_rate, other_settings_hold_at_once)
{
    struct lb_rate *r = lb_rate_create(1);
    uint64_t now = 100000 * SEC;
    for (unsigned i = 0; i < 100; i++)
        cr_expect_eq(lb_rate_take(r, 1, 3600 * SEC, 100, now), 0);
    cr_expect_eq(lb_rate_take(r, 1, 3600 * SEC, 100, now), 3600 * SEC);
    cr_expect_eq(lb_rate_take(r, 1, SEC, 5, now), SEC, "empty, by the new settings");
    cr_expect_eq(lb_rate_take(r, 1, SEC, 5, now + SEC), 0);
    cr_expect_eq(lb_rate_take(r, 1, SEC, 5, now + SEC), SEC);
    lb_rate_destroy(r);
}

/* Another worker's clock stands a little behind: nothing is given away by that. */
Test(lb_rate, a_clock_that_lags_gives_nothing)
{
    struct lb_rate *r = lb_rate_create(1);
    uint64_t now = 1000 * SEC, tick = SEC / 1000000;
    cr_expect_eq(granted(r, 1, 10, 5, now), 5);
    for (unsigned i = 0; i < 100; i++)
        cr_expect_neq(lb_rate_take(r, 1, tick, 5, now - SEC / 100), 0);
    cr_expect_eq(granted(r, 1, 10, 5, now), 0);
    lb_rate_destroy(r);
}

Test(lb_rate, keys_have_buckets_of_their_own)
{
    struct lb_rate *r = lb_rate_create(64);
    for (uint64_t key = 1; key < 5; key++)
        cr_expect_eq(granted(r, key, 10, 3, SEC), 3);
    lb_rate_destroy(r);
}

/* One set: all keys meet. Who has used up his tokens finds none after thousands of others, who pushed him
 * out. */
Test(lb_rate, other_keys_do_not_bring_ones_own_tokens_back)
{
    struct lb_rate *r = lb_rate_create(8);
    uint64_t now = 1000 * SEC;
    cr_expect_eq(granted(r, 1, 100, 50, now), 50);
    for (uint64_t key = 2; key < 2000; key++)
        granted(r, key, 1, 50, now);
    cr_expect_eq(granted(r, 1, 100, 50, now), 0);
    cr_expect_eq(granted(r, 1, 100, 50, now + SEC), 10);
    lb_rate_destroy(r);
}

/* The same when all of them use up what they find: the place that is taken next is anybody's. */
Test(lb_rate, nor_do_keys_that_use_up_theirs)
{
    struct lb_rate *r = lb_rate_create(8);
    uint64_t now = 1000 * SEC;
    cr_expect_eq(granted(r, 1, 100, 50, now), 50);
    for (uint64_t key = 2; key < 100; key++)
        granted(r, key, 100, 50, now);
    cr_expect_eq(granted(r, 1, 100, 50, now), 0);
    lb_rate_destroy(r);
}

/* Keys that are full again give their place up for nothing. */
Test(lb_rate, rested_keys_cost_newcomers_nothing)
{
    struct lb_rate *r = lb_rate_create(8);
    for (uint64_t key = 1; key <= 1000; key++)
        cr_expect_eq(granted(r, key, 10, 5, key * SEC), 5);
    lb_rate_destroy(r);
}
