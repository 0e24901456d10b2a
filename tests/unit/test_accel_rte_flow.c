/* The provider rte_flow against a device that is not there: which dialect is chosen of devices that know this
 * and that, the life of a rule made at once and by a queue, and every call failing at every point. */
#include <criterion/criterion.h>
#include <errno.h>

#include "accel/negotiate.h"
#include "agent/base/counters.h"
#include "tests/unit/flow_rig.h"
#include "tests/unit/rnd.h"

#define MS  1000000ull
#define SEC 1000000000ull

static struct flow_double dev;
static struct accel_port port[2];
static struct accel_engine *eng;
static struct flow_ops ops;
static struct flow_answer ans[64];

/* An engine on the device as it has been set up; jobs: of its queues. */
static void start_as(uint32_t jobs, unsigned worker, unsigned nworkers)
{
    char why[ACCEL_WHY] = "";
    memcpy(port, rig_port, sizeof port);
    port[0].flow_jobs = port[1].flow_jobs = jobs;
    struct accel_engine_params p = {.port = port,
                                    .nports = 2,
                                    .api = &flow_api_double,
                                    .worker = worker,
                                    .nworkers = nworkers,
                                    .v6 = true};
    eng = rte_flow_engine.create(&p, why);
    cr_assert(eng && !*why, "%s", why);
    ops = rte_flow_engine.ops(eng);
}

static void start(uint32_t jobs)
{
    dev.queue_size = jobs;
    start_as(jobs, 0, 1);
}

/* Everything is given back, and nothing was asked that may not be. */
static void finish(void)
{
    rte_flow_engine.destroy(eng);
    cr_expect_null(dev.complaint, "%s", dev.complaint);
    cr_expect_eq(double_left(&dev), 0, "%u objects are left", double_left(&dev));
}

static void new_device(void)
{
    double_begin(&dev);
}

static struct flow_rule rule(uint16_t local_port)
{
    struct flow_rule r = rig_rule(true, 0, 0);
    r.in.local_port = local_port;
    return r;
}

static int insert(uint32_t tag, uint64_t now)
{
    struct flow_rule r = rule((uint16_t)(1000 + tag));
    dev.now_ns = now;
    return ops.insert(ops.ctx, tag, &r, now);
}

static void ask_to_remove(uint32_t tag, uint64_t now)
{
    dev.now_ns = now;
    ops.remove(ops.ctx, tag, now);
}

static unsigned poll(uint64_t now)
{
    dev.now_ns = now;
    memset(ans, 0, sizeof ans);
    return rte_flow_engine.poll(eng, now, ans, 64);
}

/* A segment of the tag's flow meets the device. */
static bool hits(uint32_t tag, uint64_t now)
{
    struct flow_rule r = rule((uint16_t)(1000 + tag));
    struct flow_frame b;
    uint16_t out;
    dev.now_ns = now;
    return double_carry(&dev, rig_frame(&b, &r, (const uint8_t *)"body", 4, TCP_ACK), 9, &out);
}

static uint64_t stat(size_t offset)
{
    const char *s = (const char *)rte_flow_engine.stats(eng);
    return counter_read((const uint64_t *)(const void *)(s + offset));
}
#define STAT(field) stat(offsetof(struct accel_stats, field))

static bool told(unsigned i, uint32_t tag, enum flow_told what, enum flow_why why)
{
    return ans[i].tag == tag && ans[i].told == what && (what == FLOW_IN || ans[i].why == why);
}

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

/* ---- which dialect ---- */

static struct {
    bool modify, add, sub, inc, dec, has_vlan, df, set_ttl, represented, transfer, group0, integrity;
} knows;

static bool knows_action(const struct double_action *a, uint32_t group)
{
    const struct rte_flow_action_modify_field *m = (const void *)a->conf;
    switch (a->type) {
    case RTE_FLOW_ACTION_TYPE_MODIFY_FIELD:
        return m->operation == RTE_FLOW_MODIFY_SET
                   ? knows.modify && (group || knows.group0) &&
                         (knows.set_ttl || m->dst.field != RTE_FLOW_FIELD_IPV4_TTL)
                   : (m->operation == RTE_FLOW_MODIFY_ADD ? knows.add : knows.sub);
    case RTE_FLOW_ACTION_TYPE_INC_TCP_SEQ:
        return knows.inc;
    case RTE_FLOW_ACTION_TYPE_DEC_TCP_SEQ:
        return knows.dec;
    case RTE_FLOW_ACTION_TYPE_SET_IPV4_SRC:
    case RTE_FLOW_ACTION_TYPE_SET_IPV6_SRC:
        return !knows.modify;
    case RTE_FLOW_ACTION_TYPE_SET_TTL:
        return knows.set_ttl;
    default:
        return true;
    }
}

static bool knows_item(const struct double_item *i)
{
    const void *m = i->mask;
    switch (i->type) {
    case RTE_FLOW_ITEM_TYPE_REPRESENTED_PORT:
        return knows.represented;
    case RTE_FLOW_ITEM_TYPE_INTEGRITY:
        return knows.integrity;
    case RTE_FLOW_ITEM_TYPE_ETH:
        return knows.has_vlan || !((const struct rte_flow_item_eth *)m)->has_vlan;
    case RTE_FLOW_ITEM_TYPE_IPV4:
        return knows.df || ((const struct rte_flow_item_ipv4 *)m)->hdr.fragment_offset == RTE_BE16(0x3fff);
    default:
        return true;
    }
}

static bool knows_it(const struct double_words *w, const char **why)
{
    *why = "not in my words";
    bool yes = knows.transfer || !w->attr.transfer;
    for (unsigned i = 0; w->item[i].type != RTE_FLOW_ITEM_TYPE_END; i++)
        yes = yes && knows_item(&w->item[i]);
    for (unsigned i = 0; w->action[i].type != RTE_FLOW_ACTION_TYPE_END; i++)
        yes = yes && knows_action(&w->action[i], w->attr.group);
    return yes;
}

static void knows_everything(void)
{
    double_begin(&dev);
    dev.accepts = knows_it;
    memset(&knows, true, sizeof knows);
}

static const char *served(void)
{
    static char why[ACCEL_WHY];
    start(0);
    if (!rte_flow_engine.serves(eng, 1, why))
        return why;
    insert(0, 0);
    cr_expect(hits(0, 0), "and it works");
    return why;
}

#define PREFERRED                                                                                            \
    "IPv4 and IPv6 out by front: REPRESENTED_PORT group 0, MODIFY_FIELD, ADD, counters shared, AGE"

Test(accel_rte_flow, what_is_preferred, .init = knows_everything)
{
    cr_expect_str_eq(served(), PREFERRED ", one by one");
    finish();
}

Test(accel_rte_flow, subtraction_alone, .init = knows_everything)
{
    knows.add = false;
    cr_expect(strstr(served(), "MODIFY_FIELD, SUB, "));
    finish();
}

Test(accel_rte_flow, the_older_additions_alone, .init = knows_everything)
{
    knows.add = knows.sub = false;
    cr_expect(strstr(served(), "MODIFY_FIELD, INC_TCP_*, "));
    finish();
    knows.inc = false;
    cr_expect(strstr(served(), "MODIFY_FIELD, DEC_TCP_*, "));
    finish();
}

Test(accel_rte_flow, the_older_actions_alone, .init = knows_everything)
{
    knows.modify = knows.add = knows.sub = false;
    cr_expect(strstr(served(), "SET_*, INC_TCP_*, "));
    finish();
}

Test(accel_rte_flow, other_ways_to_name_a_port, .init = knows_everything)
{
    knows.represented = false;
    cr_expect(strstr(served(), "front: PORT_ID group 0, "));
    finish();
    knows.transfer = false;
    cr_expect(strstr(served(), "front: ingress to PORT_ID group 0, "));
    finish();
}

Test(accel_rte_flow, concessions, .init = knows_everything)
{
    knows.has_vlan = knows.df = knows.set_ttl = false;
    cr_expect(strstr(served(), ", no has_vlan, any DF, DEC_TTL"));
    finish();
}

Test(accel_rte_flow, rewriting_in_a_table_behind_the_first, .init = knows_everything)
{
    knows.group0 = false;
    dev.queue_size = 16;
    for (unsigned queue = 0; queue < 2; queue++) {
        char why[ACCEL_WHY];
        start(queue ? 16 : 0);
        cr_expect(rte_flow_engine.serves(eng, 1, why));
        cr_expect(strstr(why, "REPRESENTED_PORT group 1, "), "%s", why);
        cr_expect_eq(double_live(&dev), 4, "a jump and a way out of the group for each interface");
        insert(0, 0);
        poll(MS);
        cr_expect(hits(0, MS));
        cr_expect_not(hits(1, MS), "what no rule takes comes to the port");
        finish();
    }
}

Test(accel_rte_flow, a_group_without_a_way_into_it_is_not_used, .init = knows_everything)
{
    char why[ACCEL_WHY];
    knows.group0 = false;
    for (unsigned rest = 0; rest < 2; rest++) {
        dev.fail[DOUBLE_CREATE] = EBUSY;
        dev.fail_in[DOUBLE_CREATE] = dev.calls[DOUBLE_CREATE] + rest; /* the first rule, or the second */
        start(0);
        cr_expect_not(rte_flow_engine.serves(eng, 1, why));
        cr_expect_str_eq(why, "no way into group 1: as the test wants it");
        cr_expect_eq(insert(0, 0), -ENOTSUP);
        cr_expect_eq(double_live(&dev), 0);
        finish();
    }
}

Test(accel_rte_flow, damage_is_not_to_be_hidden, .init = knows_everything)
{
    knows.integrity = false;
    cr_expect_str_eq(served(), "asked in 1280 forms; the first: not in my words; the last: not in my words");
    finish();
}

Test(accel_rte_flow, a_driver_without_a_flow_api_is_asked_once, .init = knows_everything)
{
    dev.fail[DOUBLE_PROXY] = ENOSYS;
    cr_expect_str_eq(served(), "its driver takes no flow rules");
    cr_expect_eq(dev.calls[DOUBLE_PROXY], 8 + 8, "by queues and one by one, two interfaces, two families");
    cr_expect_eq(dev.calls[DOUBLE_VALIDATE], 0);
    finish();
}

Test(accel_rte_flow, where_templates_are_refused_rules_are_made_one_by_one, .init = knows_everything)
{
    char why[ACCEL_WHY];
    static const enum double_call calls[] = {DOUBLE_PATTERN, DOUBLE_ACTION_LIST, DOUBLE_TABLE};
    for (unsigned i = 0; i < 3; i++) {
        memset(dev.fail, 0, sizeof dev.fail);
        dev.fail[calls[i]] = ENOMEM;
        start(16);
        cr_assert(rte_flow_engine.serves(eng, 1, why));
        cr_expect(strstr(why, ", one by one"), "%s", why);
        insert(0, 0);
        cr_expect(hits(0, 0));
        finish();
    }
}

Test(accel_rte_flow, there_is_no_dpdk_in_the_simulator, .init = new_device)
{
    char why[ACCEL_WHY];
    struct accel_engine_params p = {0};
    cr_expect_null(rte_flow_engine.create(&p, why));
    cr_expect_str_eq(why, "there is no DPDK here");
}

/* Rules of frames that come in by port 9 alone. */
static bool from_back(const struct double_words *w, const char **why)
{
    *why = "not from there";
    return ((const struct rte_flow_item_ethdev *)(const void *)w->item[0].spec)->port_id == 9;
}

static uint64_t no_time(void)
{
    return 0;
}

Test(accel_rte_flow, one_interface_can_and_another_cannot, .init = new_device)
{
    struct accel_wish w = {.hook = {[ACCEL_FLOW] = "rte_flow"}};
    struct accel_engine_params trial = {
        .port = rig_port, .nports = 2, .api = &flow_api_double, .nworkers = 1, .v6 = true};
    struct accel_choices c;
    dev.accepts = from_back;
    accel_negotiate(&w, &trial, no_time, &c);
    cr_expect_eq(c.hook[ACCEL_FLOW].provider, &accel_rte_flow);
    cr_expect_eq(c.port[1][ACCEL_FLOW].provider, &accel_rte_flow);
    cr_expect_null(c.port[0][ACCEL_FLOW].provider);
    cr_expect(strstr(c.port[0][ACCEL_FLOW].why,
                     "; the last: not from there; every frame takes the worker's own path"));
    cr_expect_str_eq(c.hook[ACCEL_FLOW].why,
                     "rte_flow: a real NIC, by DPDK's flow API; it serves 1 of the 2 interfaces");
    cr_expect_eq(double_left(&dev), 0, "the trial leaves nothing");
}

/* ---- everything at random ---- */

enum life { IDLE, ASKED, THERE };

static void hold_answers(enum life life[], unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        enum life *l = &life[ans[i].tag];
        cr_assert(*l != IDLE, "tag %u was told of and is nobody's", ans[i].tag);
        cr_assert(ans[i].told == FLOW_GONE || *l == ASKED);
        *l = ans[i].told == FLOW_IN ? THERE : IDLE;
    }
}

/* No rule is live whose tag is its owner's: that is what GONE promises. */
static void hold_rules(const enum life life[], unsigned ntag, uint64_t now)
{
    unsigned held = 0;
    for (unsigned t = 0; t < ntag; t++) {
        held += life[t] != IDLE;
        cr_assert(life[t] != IDLE || !hits(t, now), "a rule of tag %u is live after GONE", t);
    }
    cr_assert_leq(double_live(&dev), held);
}

static void all_at_random(uint64_t seed, uint32_t jobs)
{
    enum life life[12] = {IDLE};
    uint64_t now = 1;
    double_begin(&dev);
    dev.delay_ns = jobs ? MS : 0;
    dev.rules_most = 10;
    start(jobs);
    for (unsigned i = 0; i < 1500; i++) {
        uint32_t tag = (uint32_t)rnd_below(&seed, 12);
        now += rnd_below(&seed, 2 * MS);
        for (unsigned c = 0; c < DOUBLE_CALLS; c++)
            dev.fail[c] =
                rnd_below(&seed, 8) == 0 ? (int[]){EBUSY, ENOMEM, EINVAL, EIO}[rnd_below(&seed, 4)] : 0;
        dev.fail_jobs = rnd_below(&seed, 16) == 0;
        dev.double_jobs = rnd_below(&seed, 8) == 0;
        dev.lose_jobs = rnd_below(&seed, 400) == 0;
        if (life[tag] == IDLE) {
            if (insert(tag, now) == 0)
                life[tag] = ASKED;
        } else if (rnd_below(&seed, 3) == 0) {
            ask_to_remove(tag, now);
        }
        hits(tag, now);
        if (rnd_below(&seed, 500) == 0)
            ops.flush(ops.ctx, now);
        hold_answers(life, poll(now));
        hold_rules(life, 12, now);
    }
    memset(dev.fail, 0, sizeof dev.fail);
    dev.fail_jobs = dev.lose_jobs = dev.double_jobs = false;
    dev.now_ns = now + SEC;
    ops.flush(ops.ctx, now + SEC);
    dev.delay_ns = 0;
    ops.flush(ops.ctx, now + SEC);
    hold_answers(life, poll(now + SEC));
    for (unsigned t = 0; t < 12; t++)
        cr_expect_eq(life[t], IDLE, "tag %u", t);
    finish();
}

Test(accel_rte_flow, every_call_fails_at_random)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        all_at_random(seed, 0);
        all_at_random(seed, 8);
    }
}
