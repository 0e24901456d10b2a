/* The provider rte_flow where every call fails at random. */
#include "tests/unit/rnd.h"
#include "tests/unit/rte_flow_rig.h"

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
