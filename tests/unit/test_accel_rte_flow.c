/* The provider rte_flow against a device that is not there: the life of a rule made at once and by a queue,
 * what it says no to, what goes wrong. */
#include "tests/unit/rte_flow_rig.h"

/* ---- the life of a rule ---- */

Test(accel_rte_flow, made_at_once, .init = new_device)
{
    start(0);
    cr_assert_eq(insert(3, MS), 0);
    cr_expect(hits(3, MS), "from then on");
    cr_expect_eq(rte_flow_engine.next_ns(eng), 0, "there is something to tell");
    cr_assert_eq(poll(MS), 1);
    cr_expect(told(0, 3, FLOW_IN, 0));
    cr_expect(hits(3, MS));
    cr_expect_not(hits(4, MS));
    ask_to_remove(3, 2 * MS);
    cr_expect_not(hits(3, 2 * MS));
    cr_assert_eq(poll(2 * MS), 1);
    cr_expect(told(0, 3, FLOW_GONE, FLOW_WHY_ASKED));
    cr_expect(ans[0].counted);
    cr_expect_eq(ans[0].packets, 2);
    cr_expect_eq(ans[0].bytes, 2 * (14 + 40 + 4));
    cr_expect_eq(rte_flow_engine.next_ns(eng), UINT64_MAX);
    cr_expect(STAT(hits) == 2 && STAT(inserted) == 1 && STAT(removed) == 1 && STAT(rules) == 0);
    ask_to_remove(3, 3 * MS);
    cr_expect_eq(poll(3 * MS), 0, "nobody is told twice");
    finish();
}

Test(accel_rte_flow, made_by_a_queue, .init = new_device)
{
    dev.delay_ns = 5 * MS;
    start(64);
    cr_assert_eq(insert(3, 0), 0);
    cr_expect_not(hits(3, 4 * MS));
    cr_expect(hits(3, 5 * MS), "in effect, and nobody knows");
    cr_expect_eq(poll(9 * MS), 0);
    cr_assert_eq(poll(10 * MS), 1);
    cr_expect(told(0, 3, FLOW_IN, 0));
    cr_expect_eq(STAT(insert_ns), 10 * MS);
    ask_to_remove(3, 20 * MS);
    cr_expect(hits(3, 24 * MS), "still there");
    cr_expect_not(hits(3, 25 * MS));
    cr_expect_eq(poll(29 * MS), 0);
    cr_assert_eq(poll(30 * MS), 1);
    cr_expect(told(0, 3, FLOW_GONE, FLOW_WHY_ASKED));
    cr_expect_eq(ans[0].packets, 2, "what was taken after the question for removal is counted");
    cr_expect_eq(dev.calls[DOUBLE_CREATE] + dev.calls[DOUBLE_DESTROY], 0);
    finish();
}

Test(accel_rte_flow, removed_before_it_is_in, .init = new_device)
{
    dev.delay_ns = 5 * MS;
    start(64);
    insert(0, 0);
    ask_to_remove(0, 0);
    ask_to_remove(0, MS);
    cr_assert_eq(poll(10 * MS), 1);
    cr_expect(told(0, 0, FLOW_IN, 0));
    cr_expect_eq(poll(19 * MS), 0);
    cr_assert_eq(poll(20 * MS), 1);
    cr_expect(told(0, 0, FLOW_GONE, FLOW_WHY_ASKED));
    finish();
}

Test(accel_rte_flow, a_counter_serves_the_tags_next_rule, .init = new_device)
{
    start(0);
    for (unsigned round = 1; round < 4; round++) {
        insert(0, round * SEC);
        for (unsigned i = 0; i < round; i++)
            hits(0, round * SEC);
        ask_to_remove(0, round * SEC);
        cr_assert_eq(poll(round * SEC), 2);
        cr_expect_eq(ans[1].packets, round);
        cr_expect_eq(ans[1].bytes, round * 58);
    }
    cr_expect_eq(STAT(hits), 6);
    finish();
}

/* What it counted for this rule is not known, so it is of no use to the next one. */
Test(accel_rte_flow, a_counter_that_is_not_read_is_not_the_next_rules, .init = new_device)
{
    start(0);
    insert(0, 0);
    poll(0);
    cr_assert(hits(0, MS) && hits(0, MS));
    dev.fail[DOUBLE_HANDLE_QUERY] = EIO;
    ask_to_remove(0, 2 * MS);
    dev.fail[DOUBLE_HANDLE_QUERY] = 0;
    cr_assert_eq(poll(2 * MS), 1);
    cr_expect_not(ans[0].counted);
    insert(0, 3 * MS);
    poll(3 * MS);
    cr_assert(hits(0, 4 * MS));
    ask_to_remove(0, 5 * MS);
    cr_assert_eq(poll(5 * MS), 1);
    cr_expect(ans[0].counted);
    cr_expect_eq(ans[0].packets, 1, "and not those of the rule before: %lu", ans[0].packets);
    finish();
}

Test(accel_rte_flow, a_counter_inside_the_rule_is_read_before_the_end, .init = new_device)
{
    dev.fail[DOUBLE_HANDLE_CREATE] = ENOTSUP;
    start(0);
    insert(0, 0);
    hits(0, 0);
    ask_to_remove(0, 0);
    cr_assert_eq(poll(0), 2);
    cr_expect(ans[1].counted && ans[1].packets == 1 && ans[1].bytes == 58);
    finish();
}

Test(accel_rte_flow, a_flow_that_stays_is_seen_in_the_counters, .init = new_device)
{
    start(0);
    insert(0, 0);
    hits(0, 0);
    cr_expect_eq(STAT(hits), 0);
    poll(2 * SEC);
    cr_expect_eq(STAT(hits), 1);
    cr_expect_eq(STAT(hit_bytes), 58);
    finish();
}

Test(accel_rte_flow, rules_without_segments_age, .init = new_device)
{
    for (unsigned by_counter = 0; by_counter < 2; by_counter++) {
        new_device();
        start(0);
        dev.fail[DOUBLE_QUERY] = by_counter ? ENOTSUP : 0; /* then nobody says that it is old: */
        insert(0, 0);
        poll(0);
        for (uint64_t t = 1; t < 14; t++) {
            cr_expect_eq(poll(t * SEC), 0, "at %llu s", (unsigned long long)t);
            if (t == 4)
                hits(0, 4 * SEC);
        }
        unsigned n = poll(14 * SEC) + poll(15 * SEC);
        cr_expect_eq(n, !by_counter);
        cr_expect_eq(STAT(aged), !by_counter);
        finish();
    }
}

static bool no_age(const struct double_words *w, const char **why)
{
    *why = "no ageing";
    for (unsigned i = 0; w->action[i].type != RTE_FLOW_ACTION_TYPE_END; i++)
        if (w->action[i].type == RTE_FLOW_ACTION_TYPE_AGE)
            return false;
    return true;
}

Test(accel_rte_flow, rules_age_by_their_counters, .init = new_device)
{
    dev.accepts = no_age;
    start(0);
    insert(0, 0);
    poll(0);
    for (uint64_t t = 1; t < 15; t++) {
        cr_expect_eq(poll(t * SEC), 0, "at %llu s", (unsigned long long)t);
        if (t == 4)
            hits(0, 4 * SEC);
    }
    cr_expect_eq(poll(15 * SEC), 1, "seen in the counters at 5 s");
    cr_expect(told(0, 0, FLOW_GONE, FLOW_WHY_AGED));
    cr_expect_eq(ans[0].packets, 1);
    finish();
}

Test(accel_rte_flow, a_flush_is_at_once, .init = new_device)
{
    for (unsigned queue = 0; queue < 2; queue++) {
        new_device();
        start(queue ? 64 : 0);
        for (uint32_t tag = 0; tag < 5; tag++)
            insert(tag, 0);
        poll(0);
        hits(2, 0);
        insert(5, 0); /* on its way, of a queue */
        ops.flush(ops.ctx, MS);
        for (uint32_t tag = 0; tag < 6; tag++)
            cr_expect_not(hits(tag, MS));
        unsigned n = poll(MS), gone = 0, hit = 0;
        for (unsigned i = 0; i < n; i++) {
            gone += ans[i].told == FLOW_GONE;
            hit += (unsigned)ans[i].packets;
        }
        cr_expect_eq(gone, 6);
        cr_expect_eq(hit, 1);
        cr_expect_eq(dev.calls[DOUBLE_FLUSH], 0, "the port's other rules stay");
        finish();
    }
}

/* ---- what it says no to ---- */

Test(accel_rte_flow, what_was_not_asked_for_at_start, .init = new_device)
{
    start(0);
    struct flow_rule r = rule(1), six = rig_rule(false, 0, 0);
    r.in_vlan = 5;
    cr_expect_eq(ops.insert(ops.ctx, 0, &r, 0), -ENOTSUP, "another tag than the interface's");
    r = rule(1);
    r.out_port = 2;
    cr_expect_eq(ops.insert(ops.ctx, 0, &r, 0), -ENOTSUP, "an interface that there is not");
    r = rule(1);
    r.out = six.out;
    cr_expect_eq(ops.insert(ops.ctx, 0, &r, 0), -ENOTSUP, "from one family to the other");
    cr_expect_eq(ops.insert(ops.ctx, 0, &six, 0), 0);
    cr_expect_eq(STAT(refused), 3);
    finish();
}

Test(accel_rte_flow, refusals_by_errno, .init = new_device)
{
    static const struct {
        int e, rc;
        bool full;
    } rows[] = {{ENOTSUP, -ENOTSUP, false}, {EINVAL, -ENOTSUP, false}, {ENOSYS, -ENOTSUP, false},
                {EBUSY, -EAGAIN, false},    {EEXIST, -EAGAIN, false},  {ENOMEM, -EAGAIN, true},
                {ENOSPC, -EAGAIN, true},    {EIO, -EAGAIN, false}};
    static const enum double_call calls[] = {DOUBLE_VALIDATE, DOUBLE_CREATE};
    start(0);
    for (unsigned c = 0; c < 2; c++)
        for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
            uint64_t full = STAT(full), refused = STAT(refused);
            dev.fail[calls[c]] = rows[i].e;
            cr_expect_eq(insert(0, 0), rows[i].rc, "errno %d", rows[i].e);
            cr_expect_eq(STAT(full) - full, rows[i].full, "errno %d", rows[i].e);
            cr_expect_eq(STAT(refused) - refused, !rows[i].full, "errno %d", rows[i].e);
            dev.fail[calls[c]] = 0;
            cr_expect_eq(double_live(&dev), 0, "nothing was made");
            cr_expect_eq(poll(0), 0, "the tag is the caller's");
        }
    cr_expect_eq(insert(0, 0), 0);
    finish();
}

Test(accel_rte_flow, no_room_for_a_counter, .init = new_device)
{
    start(0);
    dev.fail[DOUBLE_HANDLE_CREATE] = ENOMEM;
    cr_expect_eq(insert(0, 0), -EAGAIN);
    dev.fail[DOUBLE_HANDLE_CREATE] = 0;
    cr_expect_eq(insert(0, 0), 0);
    finish();
}

Test(accel_rte_flow, half_a_queue_is_for_removals, .init = new_device)
{
    dev.delay_ns = MS;
    start(8);
    for (uint32_t tag = 0; tag < 4; tag++)
        cr_expect_eq(insert(tag, 0), 0);
    cr_expect_eq(insert(4, 0), -EAGAIN);
    cr_expect_eq(poll(2 * MS), 4);
    cr_expect_eq(insert(4, 2 * MS), 0);
    for (uint32_t tag = 0; tag < 4; tag++)
        ask_to_remove(tag, 2 * MS);
    cr_expect_eq(poll(4 * MS), 5);
    finish();
}

Test(accel_rte_flow, a_table_that_is_full_is_found_out_later, .init = new_device)
{
    dev.delay_ns = MS;
    dev.rules_most = 2;
    start(64);
    for (uint32_t tag = 0; tag < 3; tag++)
        cr_expect_eq(insert(tag, 0), 0);
    cr_assert_eq(poll(2 * MS), 3);
    cr_expect(told(0, 0, FLOW_IN, 0) && told(1, 1, FLOW_IN, 0));
    cr_expect(told(2, 2, FLOW_GONE, FLOW_WHY_FULL));
    cr_expect_eq(STAT(full), 1);
    cr_expect_eq(STAT(rules), 2);
    finish();
}

/* ---- what goes wrong ---- */

Test(accel_rte_flow, a_rule_that_the_device_keeps, .init = new_device)
{
    start(0);
    insert(0, 0);
    poll(0);
    dev.fail[DOUBLE_DESTROY] = EBUSY;
    ask_to_remove(0, MS);
    cr_expect_eq(poll(MS), 0, "it is not gone, and nobody says so");
    cr_expect(hits(0, MS));
    dev.fail[DOUBLE_DESTROY] = 0;
    ask_to_remove(0, 2 * MS);
    cr_assert_eq(poll(2 * MS), 1);
    cr_expect(told(0, 0, FLOW_GONE, FLOW_WHY_ASKED));
    cr_expect_eq(ans[0].packets, 1);
    finish();
}

Test(accel_rte_flow, the_last_resort_empties_the_port, .init = new_device)
{
    start(0);
    insert(0, 0);
    insert(1, 0);
    poll(0);
    hits(1, 0);
    dev.fail[DOUBLE_DESTROY] = EBUSY;
    ops.flush(ops.ctx, MS);
    cr_expect_eq(dev.calls[DOUBLE_FLUSH], 1);
    cr_expect_not(hits(0, MS));
    cr_assert_eq(poll(MS), 2);
    cr_expect(told(0, 0, FLOW_GONE, FLOW_WHY_LOST) && told(1, 1, FLOW_GONE, FLOW_WHY_LOST));
    cr_expect_eq(ans[1].packets, 1, "counters of their own outlive that");
    cr_expect_eq(insert(0, 2 * MS), -ENODEV, "and it is not used any more");
    dev.fail[DOUBLE_DESTROY] = 0;
    finish();
}

Test(accel_rte_flow, others_rules_are_not_flushed, .init = new_device)
{
    start_as(0, 0, 2);
    insert(0, 0);
    poll(0);
    dev.fail[DOUBLE_DESTROY] = EBUSY;
    ops.flush(ops.ctx, MS);
    cr_expect_eq(dev.calls[DOUBLE_FLUSH], 0);
    cr_expect_eq(poll(MS), 0, "it may take segments still");
    dev.fail[DOUBLE_DESTROY] = 0;
    ops.flush(ops.ctx, 2 * MS);
    cr_expect_eq(poll(2 * MS), 1);
    finish();
}

Test(accel_rte_flow, a_flush_of_the_port_that_fails_ends_nothing, .init = new_device)
{
    start(0);
    insert(0, 0);
    poll(0);
    dev.fail[DOUBLE_DESTROY] = dev.fail[DOUBLE_FLUSH] = EBUSY;
    ops.flush(ops.ctx, MS);
    cr_expect_eq(poll(MS), 0);
    cr_expect(hits(0, MS));
    dev.fail[DOUBLE_DESTROY] = dev.fail[DOUBLE_FLUSH] = 0;
    ops.flush(ops.ctx, 2 * MS);
    cr_expect_eq(poll(2 * MS), 1);
    finish();
}

Test(accel_rte_flow, a_device_that_is_gone, .init = new_device)
{
    for (unsigned queue = 0; queue < 2; queue++)
        for (unsigned by = 0; by < 3; by++) { /* who notices */
            new_device();
            start(queue ? 64 : 0);
            insert(0, 0);
            insert(1, 0);
            poll(MS);
            if (queue)
                ask_to_remove(1, MS); /* its completion never comes */
            dev.removed = true;
            if (by == 0)
                ask_to_remove(0, 2 * MS);
            else if (by == 1)
                cr_expect_eq(insert(2, 2 * MS), -ENODEV);
            else
                ops.flush(ops.ctx, 2 * MS);
            unsigned n = poll(2 * MS);
            cr_expect_eq(n, 2, "queue %u, by %u: %u", queue, by, n);
            cr_expect(ans[0].told == FLOW_GONE && ans[0].why == FLOW_WHY_LOST);
            cr_expect_eq(STAT(lost), 2);
            cr_expect_eq(STAT(rules), 0);
            cr_expect_eq(insert(2, 3 * MS), -ENODEV);
            cr_expect_eq(poll(3 * MS), 0);
            rte_flow_engine.destroy(eng);
            cr_expect_null(dev.complaint, "%s", dev.complaint);
        }
}

Test(accel_rte_flow, an_error_is_no_loss_while_the_device_is_there, .init = new_device)
{
    start(0);
    insert(0, 0);
    poll(0);
    dev.fail[DOUBLE_DESTROY] = EIO;
    ask_to_remove(0, MS);
    cr_expect_eq(poll(MS), 0);
    dev.fail[DOUBLE_DESTROY] = 0;
    finish();
}

Test(accel_rte_flow, completions_that_come_twice, .init = new_device)
{
    start(64);
    dev.double_jobs = true;
    insert(0, 0);
    cr_expect_eq(poll(MS), 1);
    cr_expect_eq(poll(2 * MS), 0);
    ask_to_remove(0, 2 * MS);
    cr_expect_eq(poll(3 * MS), 1);
    insert(0, 3 * MS); /* the tag is in use again when the second answer comes */
    cr_expect_eq(poll(4 * MS), 1);
    cr_expect(told(0, 0, FLOW_IN, 0));
    cr_expect_eq(poll(5 * MS), 0);
    ask_to_remove(0, 5 * MS);
    cr_expect_eq(poll(6 * MS), 1);
    dev.double_jobs = false;
    finish();
}

Test(accel_rte_flow, an_answer_that_comes_twice_is_not_the_next_rules, .init = new_device)
{
    dev.delay_ns = MS;
    start(64);
    dev.fail_jobs = dev.double_jobs = true;
    insert(0, 0);
    dev.fail_jobs = dev.double_jobs = false;
    cr_assert_eq(poll(2 * MS), 1);
    cr_expect(told(0, 0, FLOW_GONE, FLOW_WHY_FULL));
    insert(0, 2 * MS);
    cr_expect_eq(poll(3 * MS), 0, "the first one's failure again");
    cr_assert_eq(poll(4 * MS), 1);
    cr_expect(told(0, 0, FLOW_IN, 0));
    finish();
}

Test(accel_rte_flow, an_insertion_whose_completion_is_lost, .init = new_device)
{
    start(64);
    dev.lose_jobs = true;
    insert(0, 0);
    dev.lose_jobs = false;
    cr_expect_eq(poll(SEC), 0);
    cr_expect(hits(0, SEC), "it is there all the same");
    ask_to_remove(0, SEC);
    cr_expect_eq(poll(2 * SEC), 0, "its handle is not to be given back before it is answered");
    ops.flush(ops.ctx, 2 * SEC);
    cr_expect_not(hits(0, 2 * SEC));
    cr_assert_eq(poll(2 * SEC), 1);
    cr_expect(told(0, 0, FLOW_GONE, FLOW_WHY_LOST));
    cr_expect_eq(ans[0].packets, 1);
    finish();
}

Test(accel_rte_flow, a_removal_whose_completion_is_lost, .init = new_device)
{
    start(64);
    insert(0, 0);
    poll(MS);
    dev.lose_jobs = true;
    ask_to_remove(0, MS);
    dev.lose_jobs = false;
    ask_to_remove(0, SEC);
    cr_expect_eq(poll(SEC), 0);
    ops.flush(ops.ctx, 2 * SEC);
    cr_expect_eq(dev.calls[DOUBLE_FLUSH], 1);
    cr_expect_eq(poll(2 * SEC), 1);
    finish();
}

Test(accel_rte_flow, a_removal_that_fails_after_its_handle_is_gone, .init = new_device)
{
    start(64);
    insert(0, 0);
    poll(MS);
    dev.fail_jobs = true;
    ask_to_remove(0, MS);
    dev.fail_jobs = false;
    cr_expect_eq(poll(2 * MS), 0);
    cr_expect(hits(0, 2 * MS), "it takes segments, so it is not told of");
    ask_to_remove(0, 3 * MS);
    cr_expect_eq(poll(3 * MS), 0);
    ops.flush(ops.ctx, 4 * MS);
    cr_expect_not(hits(0, 4 * MS));
    cr_expect_eq(poll(4 * MS), 1);
    finish();
}

/* ---- queues ---- */

Test(accel_rte_flow, queues_are_prepared_for_each_worker, .init = new_device)
{
    char why[ACCEL_WHY];
    dev.queues = 4;
    dev.queue_size = 1;
    cr_expect_eq(flow_prepare(&flow_api_double, 7, 4, why), 0, "no job is left for an insertion");
    dev.queue_size = 256;
    cr_expect_eq(flow_prepare(&flow_api_double, 7, 4, why), 256);
    cr_expect_str_eq(why, "queues of 256 flow jobs");
    dev.queue_size = 1 << 20;
    cr_expect_eq(flow_prepare(&flow_api_double, 7, 4, why), 1024);
    cr_expect_eq(flow_prepare(&flow_api_double, 7, 5, why), 0);
    cr_expect_str_eq(why, "rules one by one: not a queue for each worker");
    dev.fail[DOUBLE_CONFIGURE] = EINVAL;
    cr_expect_eq(flow_prepare(&flow_api_double, 7, 4, why), 0);
    cr_expect_str_eq(why, "rules one by one: as the test wants it");
    dev.fail[DOUBLE_INFO] = ENOSYS;
    cr_expect_eq(flow_prepare(&flow_api_double, 7, 4, why), 0);
}

/* What a device that has queues is not configured with it does not have: each tag keeps a counter. */
Test(accel_rte_flow, counters_are_prepared_for_each_rule, .init = new_device)
{
    char why[ACCEL_WHY];
    dev.queues = 4;
    dev.queue_size = 256;
    dev.counters = dev.aging = UINT32_MAX;
    cr_expect_eq(flow_prepare(&flow_api_double, 7, 4, why), 256);
    cr_expect_geq(dev.prepared.nb_counters, 4 * flow_tags(16384));
    cr_expect_eq(dev.prepared.nb_aging_objects, 4 * 16384);
    dev.counters = 1000;
    dev.aging = 10;
    cr_expect_eq(flow_prepare(&flow_api_double, 7, 4, why), 256);
    cr_expect_eq(dev.prepared.nb_counters, 1000);
    cr_expect_eq(dev.prepared.nb_aging_objects, 10);
    cr_expect_null(dev.complaint);
}
