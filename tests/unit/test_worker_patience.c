/* patience: what is learnt from idle periods of known lengths. */
#include <criterion/criterion.h>

#include "agent/worker/patience.h"

enum { US = 1000, LESSONS = 8 };

/* A worker whose idle periods are these, in turn, each of them slept through or looked through as its
 * patience has it; what it then is. A sleep ends late. */
static uint32_t after(struct patience *p, const uint32_t us[], unsigned n)
{
    for (unsigned i = 0; i < LESSONS * PATIENCE_LESSON; i++) {
        uint64_t ns = (uint64_t)us[i % n] * US;
        bool slept = ns > p->ns;

        patience_note(p, slept ? ns + PATIENCE_LATE_NS : ns, slept);
    }
    return p->ns;
}

static uint32_t learnt(const uint32_t us[], unsigned n)
{
    struct patience p;

    patience_init(&p);
    return after(&p, us, n);
}

Test(worker_patience, begins_with_some)
{
    struct patience p;

    patience_init(&p);
    cr_assert_eq(p.ns, PATIENCE_FIRST_NS);
}

Test(worker_patience, none_where_nothing_comes_soon)
{
    cr_assert_eq(learnt((uint32_t[]){1000}, 1), 0);
    cr_assert_eq(learnt((uint32_t[]){100, 5000, 70}, 3), 0);
}

Test(worker_patience, long_enough_where_frames_come_soon)
{
    uint32_t ns = learnt((uint32_t[]){7, 21, 3}, 3);

    cr_assert_geq(ns, 21 * US);
    cr_assert_leq(ns, 24 * US);
}

Test(worker_patience, for_the_answer_but_not_for_the_next_request)
{
    uint32_t ns = learnt((uint32_t[]){7, 900}, 2);

    cr_assert_geq(ns, 7 * US);
    cr_assert_leq(ns, 8 * US);
}

/* Of a hundred periods one is short: looking for it would cost more than sleeping through it. */
Test(worker_patience, not_for_the_rare_exception)
{
    uint32_t us[100];

    for (unsigned i = 0; i < 100; i++)
        us[i] = i == 50 ? 10 : 2000;
    cr_assert_eq(learnt(us, 100), 0);
}

Test(worker_patience, never_more_than_the_most)
{
    const uint32_t at_most = PATIENCE_MAX_NS / US - 1;

    for (uint32_t us = 0; us < 200; us++)
        cr_assert_leq(learnt(&us, 1), PATIENCE_MAX_NS, "%u us", us);
    cr_assert_eq(learnt((uint32_t[]){20, at_most, 20}, 3), PATIENCE_MAX_NS);
    cr_assert_lt(learnt((uint32_t[]){20, PATIENCE_MAX_NS / US, 20}, 3), PATIENCE_MAX_NS);
}

/* What it was makes no difference once the traffic is another. */
Test(worker_patience, learns_anew)
{
    struct patience p;

    patience_init(&p);
    cr_assert_eq(after(&p, (uint32_t[]){1000}, 1), 0);
    cr_assert_eq(after(&p, (uint32_t[]){5}, 1), 8 * US, "frames come close together");
    cr_assert_eq(after(&p, (uint32_t[]){1000}, 1), 0, "and no longer");
}

/* A frame that came 15 us after the last one is known to have, though it was seen 35 us after it. */
Test(worker_patience, a_sleep_that_ended_late_counts_from_its_cause)
{
    struct patience p;

    patience_init(&p);
    for (unsigned i = 0; i < LESSONS * PATIENCE_LESSON; i++)
        patience_note(&p, 15 * US + PATIENCE_LATE_NS, true);
    cr_assert_eq(p.ns, 16 * US);
}
