/* Counts of what is in use, of many keys, by one thread. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "lb-policy/in_use.h"
#include "tests/unit/rnd.h"

Test(lb_in_use, up_to_the_limit_and_again)
{
    struct lb_in_use *t = lb_in_use_create(100);
    uint32_t place[3];
    for (unsigned i = 0; i < 3; i++) {
        cr_expect_eq(lb_in_use_count(t, 42), i);
        place[i] = lb_in_use_take(t, 0, 42, 3);
        cr_assert_lt(place[i], LB_IN_USE_UNCOUNTED);
    }
    cr_expect_eq(lb_in_use_take(t, 0, 42, 3), LB_IN_USE_REFUSED);
    cr_expect_lt(lb_in_use_take(t, 1, 42, 4), LB_IN_USE_UNCOUNTED, "with a limit that was raised");
    cr_expect_lt(lb_in_use_take(t, 1, 43, 1), LB_IN_USE_UNCOUNTED, "another key");
    for (unsigned i = 0; i < 3; i++)
        lb_in_use_give(t, place[i]);
    cr_expect_eq(lb_in_use_count(t, 42), 1);
    cr_expect_eq(lb_in_use_count(t, 43), 1);
    cr_expect_eq(lb_in_use_take(t, 0, 42, 1), LB_IN_USE_REFUSED);
    lb_in_use_give(t, LB_IN_USE_REFUSED);
    lb_in_use_give(t, LB_IN_USE_UNCOUNTED);
    lb_in_use_destroy(t);
    lb_in_use_destroy(NULL);
}

/* As many keys as it is made for, at random, against a plain array: each count is right, none is uncounted,
 * and the places are free in the end. */
Test(lb_in_use, many_keys)
{
    enum { KEYS = 5000, MOST = 4 };
    struct lb_in_use *t = lb_in_use_create(KEYS);
    static uint64_t hash[KEYS];
    static uint32_t place[KEYS][MOST], n[KEYS];
    uint64_t r = 1;
    for (unsigned i = 0; i < KEYS; i++)
        hash[i] = rnd(&r);
    for (unsigned step = 0; step < 200000; step++) {
        unsigned i = (unsigned)rnd_below(&r, KEYS);
        if (rnd_below(&r, 5) < 3) {
            uint32_t p = lb_in_use_take(t, 0, hash[i], MOST);
            cr_assert_neq(p, LB_IN_USE_UNCOUNTED);
            cr_assert_eq(p == LB_IN_USE_REFUSED, n[i] == MOST);
            if (p != LB_IN_USE_REFUSED)
                place[i][n[i]++] = p;
        } else if (n[i]) {
            lb_in_use_give(t, place[i][--n[i]]);
        }
        cr_assert_eq(lb_in_use_count(t, hash[i]), n[i]);
    }
    lb_in_use_destroy(t);
}

/* A set without room: who comes is let pass and counts for nothing; those who are there are counted on. */
Test(lb_in_use, a_full_set)
{
    struct lb_in_use *t = lb_in_use_create(1);
    for (uint64_t k = 1; k <= 16; k++)
        cr_assert_lt(lb_in_use_take(t, 0, k << 32, 1), LB_IN_USE_UNCOUNTED);
    cr_expect_eq(lb_in_use_take(t, 0, UINT64_C(17) << 32, 1), LB_IN_USE_UNCOUNTED);
    cr_expect_eq(lb_in_use_take(t, 0, UINT64_C(16) << 32, 1), LB_IN_USE_REFUSED);
    lb_in_use_destroy(t);
}
