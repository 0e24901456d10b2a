/* Several workers on one device, by the provider rte_flow: what one of them cannot get rid of, and places in
 * its queue that are not answered. */
#include "tests/unit/rte_flow_rig.h"

#include "accel/flow_accord.h"

#define PORT 9 /* DPDK's, of the rules of this rig */

static struct flow_accord *accord;
static struct accel_engine *worker[2];

static void use(unsigned i)
{
    eng = worker[i];
    ops = rte_flow_engine.ops(eng);
}

/* Two workers, with queues of so many jobs; 0: rules one by one. */
static void start_two(uint32_t jobs)
{
    char why[ACCEL_WHY];
    dev.queue_size = jobs;
    accord = flow_accord_create(2);
    memcpy(port, rig_port, sizeof port);
    port[0].flow_jobs = port[1].flow_jobs = jobs;
    for (unsigned i = 0; i < 2; i++) {
        struct accel_engine_params p = {.port = port,
                                        .nports = 2,
                                        .api = &flow_api_double,
                                        .worker = i,
                                        .nworkers = 2,
                                        .accord = accord,
                                        .v6 = true};
        worker[i] = rte_flow_engine.create(&p, why);
        cr_assert(worker[i], "%s", why);
    }
    use(0);
}

static void finish_two(void)
{
    rte_flow_engine.destroy(worker[1]);
    eng = worker[0];
    finish();
    flow_accord_destroy(accord);
}

/* Worker 0 has a rule that it cannot get rid of, as the loss of its completion. */
static void is_stuck(void)
{
    use(0);
    insert(0, 0);
    poll(MS);
    dev.lose_jobs = true;
    ask_to_remove(0, MS);
    dev.lose_jobs = false;
    ops.flush(ops.ctx, 2 * SEC);
}

/* Worker 1 has a rule that is fine, worker 0 one that is stuck. */
static void one_is_stuck(void)
{
    start_two(64);
    use(1);
    insert(1, 0);
    poll(MS);
    cr_assert(told(0, 1, FLOW_IN, 0));
    is_stuck();
    cr_expect_eq(dev.calls[DOUBLE_FLUSH], 0, "the other's rule is there");
    cr_expect_eq(poll(2 * SEC), 0);
}

Test(accel_flow_accord, all_leave_and_the_last_empties_the_port, .init = new_device)
{
    one_is_stuck();
    use(1);
    cr_expect(hits(1, 2 * SEC), "until it has heard of it the other's rule stays");
    cr_expect_eq(poll(2 * SEC), 0);
    cr_expect_eq(poll(2 * SEC + MS), 1);
    cr_expect(told(0, 1, FLOW_GONE, FLOW_WHY_LOST));
    cr_expect_eq(ans[0].packets, 1, "counted to the end");
    cr_expect_eq(insert(2, 2 * SEC + MS), -ENODEV, "nothing is made there any more");
    poll(2 * SEC + 2 * MS);
    use(0);
    poll(2 * SEC + 3 * MS);
    cr_expect_eq(dev.calls[DOUBLE_FLUSH], 1);
    cr_expect_eq(double_live(&dev), 0);
    finish_two();
}

Test(accel_flow_accord, who_was_stuck_is_told_when_it_is_empty, .init = new_device)
{
    one_is_stuck();
    unsigned n = 0;
    for (uint64_t t = 2 * SEC; t < 3 * SEC && !n; t += MS) {
        use(1);
        poll(t);
        use(0);
        n = poll(t);
    }
    cr_assert_eq(n, 1);
    cr_expect(told(0, 0, FLOW_GONE, FLOW_WHY_LOST));
    cr_expect_not(hits(0, 3 * SEC));
    cr_expect_eq(insert(0, 3 * SEC), -ENODEV);
    finish_two();
}

Test(accel_flow_accord, a_flush_that_fails_is_tried_again, .init = new_device)
{
    one_is_stuck();
    dev.fail[DOUBLE_FLUSH] = EBUSY;
    unsigned n = 0;
    for (uint64_t t = 2 * SEC; t < 7 * SEC; t += 10 * MS) {
        if (t == 5 * SEC)
            dev.fail[DOUBLE_FLUSH] = 0;
        use(1);
        poll(t);
        use(0);
        unsigned told_now = poll(t);
        cr_expect(!told_now || t >= 5 * SEC, "its rule may take segments");
        n += told_now;
    }
    cr_expect_eq(n, 1);
    cr_expect(dev.calls[DOUBLE_FLUSH] >= 3 && dev.calls[DOUBLE_FLUSH] <= 6, "%u", dev.calls[DOUBLE_FLUSH]);
    finish_two();
}

Test(accel_flow_accord, rules_one_by_one_that_a_device_keeps, .init = new_device)
{
    start_two(0);
    insert(0, 0);
    poll(0);
    dev.fail[DOUBLE_DESTROY] = EBUSY;
    ops.flush(ops.ctx, MS);
    unsigned n = 0;
    for (uint64_t t = SEC; t < 4 * SEC && !n; t += 10 * MS) {
        use(1);
        poll(t);
        use(0);
        n = poll(t);
    }
    cr_assert_eq(n, 1);
    cr_expect(told(0, 0, FLOW_GONE, FLOW_WHY_LOST));
    cr_expect_eq(dev.calls[DOUBLE_FLUSH], 1);
    dev.fail[DOUBLE_DESTROY] = 0;
    finish_two();
}

/* A worker without rules sleeps for as long as its engine says: nobody wakes it, and all are waited for. */
Test(accel_flow_accord, who_has_no_rules_hears_of_it_by_himself, .init = new_device)
{
    start_two(64);
    use(1);
    poll(0);
    uint64_t wake_ns = rte_flow_engine.next_ns(eng);
    is_stuck();
    unsigned n = 0;
    for (uint64_t t = 2 * SEC; t < 4 * SEC && !n; t += 10 * MS) {
        if (t >= wake_ns) {
            use(1);
            poll(t);
            wake_ns = rte_flow_engine.next_ns(eng);
            cr_expect_gt(wake_ns, t, "it does not spin");
            use(0);
        }
        n = poll(t);
    }
    cr_assert_eq(n, 1, "the rule is stuck for as long as the other sleeps");
    cr_expect(told(0, 0, FLOW_GONE, FLOW_WHY_LOST));
    finish_two();
}

/* A worker that has ended is not waited for: the last one empties the port. */
Test(accel_flow_accord, who_has_ended_is_not_waited_for, .init = new_device)
{
    one_is_stuck();
    finish_two();
    cr_expect_eq(dev.calls[DOUBLE_FLUSH], 1);
}

/* Both have a rule that the device keeps. Worker 0 was the last to join, and has emptied the port; worker 1
 * has not heard of it yet, and the handle that it has is no rule's any more. */
static void emptied_unheard(void)
{
    start_two(0);
    for (unsigned i = 0; i < 2; i++) {
        use(i);
        insert(i, 0);
        poll(0);
    }
    dev.fail[DOUBLE_DESTROY] = EBUSY;
    use(0);
    ops.flush(ops.ctx, MS);
    for (uint64_t t = 0; t <= SEC; t += SEC) {
        use(1);
        poll(SEC + t);
        use(0);
        poll(SEC + t);
    }
    cr_assert_eq(dev.calls[DOUBLE_FLUSH], 1);
    dev.fail[DOUBLE_DESTROY] = 0;
    use(1);
}

Test(accel_flow_accord, who_has_joined_names_no_rule_any_more, .init = new_device)
{
    emptied_unheard();
    unsigned calls = dev.calls[DOUBLE_DESTROY];
    ask_to_remove(1, 2 * SEC);
    ops.flush(ops.ctx, 2 * SEC);
    cr_expect_eq(dev.calls[DOUBLE_DESTROY], calls);
    cr_assert_eq(poll(2 * SEC + MS), 1);
    cr_expect(told(0, 1, FLOW_GONE, FLOW_WHY_LOST));
    finish_two();
}

Test(accel_flow_accord, who_ends_before_he_has_heard_names_no_rule, .init = new_device)
{
    emptied_unheard();
    unsigned calls = dev.calls[DOUBLE_DESTROY];
    finish_two();
    cr_expect_eq(dev.calls[DOUBLE_DESTROY], calls);
}

/* ---- places in a queue ---- */

/* Four insertions are under way at most, of eight jobs. None of the first four is ever answered. */
static void four_lost(void)
{
    start_two(8);
    dev.lose_jobs = true;
    for (uint32_t tag = 0; tag < 4; tag++)
        cr_assert_eq(insert(tag, 0), 0);
    dev.lose_jobs = false;
    cr_assert_eq(insert(4, MS), -EAGAIN);
}

Test(accel_flow_accord, a_lost_completion_costs_its_place_for_a_second, .init = new_device)
{
    four_lost();
    for (uint32_t tag = 0; tag < 4; tag++)
        ask_to_remove(tag, SEC / 2);
    cr_expect_eq(insert(4, SEC / 2), -EAGAIN, "it may come yet");
    for (uint32_t tag = 0; tag < 4; tag++)
        ask_to_remove(tag, SEC);
    cr_expect_eq(insert(4, SEC), 0);
    cr_assert_eq(poll(SEC), 1);
    cr_expect(told(0, 4, FLOW_IN, 0));
    finish_two();
}

Test(accel_flow_accord, a_completion_that_comes_after_all_is_heard, .init = new_device)
{
    start_two(8);
    dev.delay_ns = SEC;
    insert(0, 0);
    ask_to_remove(0, SEC + MS); /* given up */
    dev.delay_ns = 0;
    cr_expect_eq(poll(SEC + MS), 0);
    cr_expect_eq(poll(2 * SEC), 1);
    cr_expect(told(0, 0, FLOW_IN, 0));
    cr_expect_eq(poll(2 * SEC + MS), 1);
    cr_expect(told(0, 0, FLOW_GONE, FLOW_WHY_ASKED), "and its removal, asked for meanwhile");
    finish_two();
}

/* A worker's flush does not wait for what is not coming. */
Test(accel_flow_accord, a_flush_does_not_wait_for_what_is_lost, .init = new_device)
{
    four_lost();
    for (uint64_t t = 2 * SEC; t < 10 * SEC; t += 1600 * MS) {
        unsigned pulls = dev.calls[DOUBLE_PULL];
        ops.flush(ops.ctx, t);
        cr_expect_leq(dev.calls[DOUBLE_PULL] - pulls, 4, "%u looks for completions",
                      dev.calls[DOUBLE_PULL] - pulls);
    }
    finish_two();
}
