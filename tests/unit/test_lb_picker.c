/* The picker beside its algorithm: priorities, zones, subsets, slow start, and counting. */
#include "lb-policy/tiers.h"
#include "tests/unit/lb_rig.h"

static const char *const names[] = {
#define X(id, name, hashes) #name,
    LB_POLICIES(X)
#undef X
};

enum { POLICIES = sizeof names / sizeof names[0] };

/* ---- priorities ---- */

/* Envoy's documentation, "Priority levels": percent of endpoints up in each level, percent of traffic to
 * each. */
Test(lb_picker, shares_as_envoy_publishes_them)
{
    static const struct {
        uint32_t n;
        uint64_t up[3];
        double to[3];
    } rows[] = {
        {2, {100, 100}, {100, 0}},
        {2, {72, 100}, {100, 0}},
        {2, {71, 100}, {99.4, 0.6}}, /* there in whole percents: 99, 1 */
        {2, {50, 100}, {70, 30}},
        {2, {25, 100}, {35, 65}},
        {2, {0, 100}, {0, 100}},
        {3, {100, 100, 100}, {100, 0, 0}},
        {3, {72, 72, 100}, {100, 0, 0}},
        {3, {71, 71, 100}, {99.4, 0.6, 0}},
        {3, {50, 50, 100}, {70, 30, 0}},
        {3, {25, 100, 100}, {35, 65, 0}},
        {3, {25, 25, 100}, {35, 35, 30}},
        {2, {25, 25}, {50, 50}}, /* less than all in sum: spread by what is there */
        {2, {30, 10}, {75, 25}},
        {3, {0, 0, 10}, {0, 0, 100}},
    };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        uint64_t weight[3] = {100, 100, 100};
        uint32_t cut[3], before = 0;
        lb_tiers_share(rows[r].n, weight, rows[r].up, 140, cut);
        for (uint32_t t = 0; t < rows[r].n; t++) {
            double percent = 100.0 * (cut[t] - before) / LB_WHOLE;
            cr_assert_float_eq(percent, rows[r].to[t], 0.01, "row %zu: %f to level %u", r, percent, t);
            before = cut[t];
        }
        cr_assert_eq(before, LB_WHOLE, "row %zu", r);
    }
}

Test(lb_picker, shares_of_nothing_and_of_much)
{
    uint32_t cut[2];
    lb_tiers_share(2, (const uint64_t[]){5, 5}, (const uint64_t[]){0, 0}, 140, cut);
    cr_assert(cut[0] == 0 && cut[1] == 0);
    lb_tiers_share(2, (const uint64_t[]){UINT64_C(1) << 48, 1}, (const uint64_t[]){UINT64_C(1) << 47, 1}, 100,
                   cut);
    cr_assert(cut[0] >= LB_WHOLE / 2 - 1 && cut[0] <= LB_WHOLE / 2 + 1 && cut[1] == LB_WHOLE);
}

/* 10 endpoints of priority 0, 5 of priority 7: the second group gets requests once less than 72 % of the
 * first are up, and all when none is. */
Test(lb_picker, failover)
{
    struct lb_endpoint_in e[15];
    uint32_t got[15];
    uint64_t rng = 77;
    for (uint32_t i = 0; i < 15; i++)
        e[i] = (struct lb_endpoint_in){.weight = 1, .priority = i < 10 ? 0 : 7, .id = rig_id(i)};
    for (unsigned k = 0; k < POLICIES; k++) {
        struct lb_picker *p = rig_make(names[k], e, 15, (struct lb_cluster_in){.seed = 1});
        for (uint32_t down = 0; down <= 10; down++) {
            if (down)
                lb_mark(p, down - 1, true, 0);
            rig_tally(p, 10000, 0, &rng, 15, got);
            double first = 0, wanted = 10000 * (10 - down) * 0.14;
            for (uint32_t i = 0; i < 10; i++)
                first += got[i];
            wanted = wanted > 10000 ? 10000 : wanted;
            cr_assert_float_eq(first, wanted, 250, "%s, %u down: %f in the first group", names[k], down,
                               first);
            for (uint32_t i = 0; i < down; i++)
                cr_assert_eq(got[i], 0, "%s", names[k]);
        }
        for (uint32_t i = 10; i < 15; i++) /* all down: the first group again */
            lb_mark(p, i, true, 0);
        rig_tally(p, 1000, 0, &rng, 15, got);
        for (uint32_t i = 10; i < 15; i++)
            cr_assert_eq(got[i], 0, "%s: all down", names[k]);
        lb_picker_destroy(p);
    }
}

/* One pick goes through a whole group before it asks the next. */
Test(lb_picker, tried_out_group_by_group)
{
    struct lb_endpoint_in e[6];
    for (uint32_t i = 0; i < 6; i++)
        e[i] = (struct lb_endpoint_in){.weight = 1, .priority = 2 - i / 2, .id = rig_id(i)};
    for (unsigned k = 0; k < POLICIES; k++) {
        struct lb_picker *p = rig_make(names[k], e, 6, (struct lb_cluster_in){.seed = 1});
        uint64_t tried = 0;
        for (unsigned i = 0; i < 6; i++) {
            uint32_t got = rig_pick(p, &tried);
            cr_assert_eq(got / 2, 2 - i / 2, "%s: pick %u is %u", names[k], i, got);
            cr_assert_eq(tried >> got & 1, 0);
            tried |= UINT64_C(1) << got;
        }
        cr_assert_eq(rig_pick(p, &tried), LB_NONE);
        lb_picker_destroy(p);
    }
}

/* ---- zones ---- */

Test(lb_picker, own_zone_first)
{
    struct lb_endpoint_in e[8];
    uint32_t got[8];
    uint64_t rng = 3;
    for (uint32_t i = 0; i < 8; i++)
        e[i] = (struct lb_endpoint_in){.weight = 1, .priority = i >= 6, .far = i % 2, .id = rig_id(i)};
    struct lb_picker *p = rig_make("round_robin", e, 8, (struct lb_cluster_in){0});
    rig_tally(p, 300, 0, &rng, 8, got); /* near: 0, 2, 4 */
    cr_assert(got[0] == 100 && got[2] == 100 && got[4] == 100);
    lb_mark(p, 0, true, 0);
    lb_mark(p, 2, true, 0); /* a third of them is up: 47 % stay */
    rig_tally(p, 10000, 0, &rng, 8, got);
    cr_assert_float_eq((double)got[4], 4667, 250, "%u", got[4]);
    cr_assert_eq(got[0] + got[2] + got[6] + got[7], 0,
                 "another priority is not asked while this one's far zone can");
    lb_mark(p, 4, true, 0);
    rig_tally(p, 300, 0, &rng, 8, got);
    cr_assert(got[1] == 100 && got[3] == 100 && got[5] == 100);
    lb_picker_destroy(p);
}

/* ---- subsets ---- */

/* Over all workers each endpoint is in as many subsets as any other, and in one at least; a worker keeps to
 * its own until they are down. */
Test(lb_picker, subsets_cover_all_evenly)
{
    static const struct {
        uint32_t n, workers, subset;
    } rows[] = {{100, 8, 10}, {100, 8, 30},    {1000, 64, 20}, {7, 3, 2},
                {5, 8, 2},    {4096, 16, 300}, {10, 1, 3}};
    static struct lb_endpoint_in e[RIG_MAX];
    static uint32_t got[RIG_MAX], in[RIG_MAX];
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        uint32_t n = rows[r].n, covers = 0;
        memset(in, 0, sizeof in);
        for (uint32_t i = 0; i < n; i++)
            e[i] = (struct lb_endpoint_in){.weight = 1, .id = rig_id(i)};
        for (uint32_t w = 0; w < rows[r].workers; w++) {
            struct lb_cluster_in c = {
                .subset = rows[r].subset, .worker = w, .nworkers = rows[r].workers, .seed = w};
            struct lb_picker *p = rig_make("round_robin", e, n, c);
            uint64_t rng = 1;
            uint32_t mine = 0, first = 0;
            rig_tally(p, 2 * n, 0, &rng, n, got);
            for (uint32_t i = 0; i < n; i++)
                if (got[i]) {
                    mine++;
                    in[i]++;
                    first = i;
                }
            cr_assert_geq(mine + 1, rows[r].subset < n ? rows[r].subset : n, "row %zu, worker %u: %u", r, w,
                          mine);
            for (uint32_t i = 0; i < n; i++)
                if (got[i] && i != first)
                    lb_mark(p, i, true, 0);
            lb_mark(p, first, true, 0);
            cr_assert(mine == n || got[rig_pick(p, NULL)] == 0, "row %zu: its own are down", r);
            lb_picker_destroy(p);
        }
        for (uint32_t i = 0; i < n; i++) {
            covers = i == 0 ? in[0] : covers;
            cr_assert_eq(in[i], covers, "row %zu: endpoint %u is in %u subsets, the first in %u", r, i, in[i],
                         covers);
        }
        cr_assert_geq(covers, 1, "row %zu", r);
    }
}

/* ---- slow start ---- */

/* The share of an endpoint that came back `at` ns ago, in a slow start of 10 s, of 4 equal ones. */
static double share_after(const char *policy, uint64_t at)
{
    struct lb_endpoint_in e[4];
    uint32_t got[4];
    uint64_t rng = 21;
    for (uint32_t i = 0; i < 4; i++)
        e[i] = (struct lb_endpoint_in){.weight = 1, .id = rig_id(i)};
    struct lb_picker *p =
        rig_make(policy, e, 4, (struct lb_cluster_in){.slow_start_ns = 10 * SEC, .seed = 8});
    lb_mark(p, 2, true, 1000 * SEC);
    lb_mark(p, 2, false, 1005 * SEC);
    rig_tally(p, 40000, 1005 * SEC + at, &rng, 4, got);
    lb_picker_destroy(p);
    return got[2] / 10000.0;
}

Test(lb_picker, slow_start_ramps_up)
{
    for (unsigned k = 0; k < POLICIES; k++) {
        /* Of weight r against three of weight 1 a share of r / (3 + r); an algorithm that is thinned after
         * its own choice comes to no more than that by a third. */
        double last = 0;
        for (unsigned s = 0; s <= 10; s += 2) {
            double r = 0.1 + 0.09 * s, wanted = 4 * r / (3 + r), got = share_after(names[k], s * SEC);
            cr_assert(got > wanted * 0.6 && got < wanted * 1.4, "%s after %u s: %f, not about %f", names[k],
                      s, got, wanted);
            cr_assert_gt(got, last, "%s after %u s", names[k], s);
            last = got;
        }
        cr_assert_float_eq(share_after(names[k], 100 * SEC), share_after(names[k], 10 * SEC), 0.05, "%s",
                           names[k]);
    }
}

/* A slow start goes on in another picker, at another place, whatever its policy, but not where there is none,
 * nor of an endpoint that is down there. */
Test(lb_picker, slow_start_is_carried_over)
{
    struct lb_endpoint_in e[4];
    for (uint32_t i = 0; i < 4; i++)
        e[i] = (struct lb_endpoint_in){.weight = 1, .id = rig_id(i)};
    struct lb_cluster_in in = {.slow_start_ns = 10 * SEC, .seed = 8};
    struct lb_picker *from = rig_make("round_robin", e, 2, in), *to = rig_make("least_conn", e, 4, in),
                     *none = rig_make("least_conn", e, 4, (struct lb_cluster_in){.seed = 8});
    uint32_t got[4], plain[4];
    uint64_t rng = 21;
    cr_expect_not(lb_has_learned(from));
    lb_mark(from, 1, true, 1000 * SEC);
    lb_mark(from, 1, false, 1005 * SEC);
    cr_expect(lb_has_learned(from));
    lb_mark(to, 3, true, 1005 * SEC);
    lb_carry(to, 2, from, 1);
    lb_carry(to, 3, from, 1);
    lb_carry(none, 2, from, 1);
    rig_tally(to, 3000, 1005 * SEC, &rng, 4, got);
    cr_expect(got[2] > 50 && got[2] < 300, "%u", got[2]);
    cr_expect_eq(got[3], 0);
    rig_tally(to, 3000, 1016 * SEC, &rng, 4, got);
    cr_expect_gt(got[2], 900, "ten seconds after it came back, not after the change");
    rig_tally(none, 4000, 1005 * SEC, &rng, 4, plain);
    cr_expect_eq(plain[2], 1000);
    lb_picker_destroy(from);
    lb_picker_destroy(to);
    lb_picker_destroy(none);
}

/* Where all are in slow start, or all others are gone, nothing is held back. */
Test(lb_picker, slow_start_of_all_is_none)
{
    struct lb_endpoint_in e[3];
    uint32_t got[3];
    uint64_t rng = 5;
    for (uint32_t i = 0; i < 3; i++)
        e[i] = (struct lb_endpoint_in){.weight = 1, .id = rig_id(i)};
    struct lb_picker *p = rig_make("round_robin", e, 3, (struct lb_cluster_in){.slow_start_ns = 10 * SEC});
    for (uint32_t i = 0; i < 3; i++) {
        lb_mark(p, i, true, SEC);
        lb_mark(p, i, false, 2 * SEC);
    }
    rig_tally(p, 300, 3 * SEC, &rng, 3, got);
    cr_assert(got[0] == 100 && got[1] == 100 && got[2] == 100);
    lb_mark(p, 0, true, 3 * SEC);
    lb_mark(p, 1, true, 3 * SEC);
    rig_tally(p, 100, 3 * SEC, &rng, 3, got);
    cr_assert_eq(got[2], 100);
    lb_picker_destroy(p);
}

/* At start nobody is new; and going down in the middle of a slow start ends it. */
Test(lb_picker, slow_start_begins_with_coming_back)
{
    struct lb_endpoint_in e[2] = {{.weight = 1, .id = 1}, {.weight = 1, .id = 2}};
    uint32_t got[2];
    uint64_t rng = 5;
    struct lb_picker *p = rig_make("round_robin", e, 2, (struct lb_cluster_in){.slow_start_ns = 10 * SEC});
    rig_tally(p, 100, 0, &rng, 2, got);
    cr_assert(got[0] == 50 && got[1] == 50);
    lb_mark(p, 1, true, SEC);
    lb_mark(p, 1, false, 2 * SEC);
    lb_mark(p, 1, false, 9 * SEC); /* it is up already: not anew */
    lb_mark(p, 1, true, 3 * SEC);
    rig_tally(p, 100, 3 * SEC, &rng, 2, got);
    cr_assert_eq(got[0], 100);
    lb_mark(p, 1, false, 20 * SEC);
    rig_tally(p, 1000, 20 * SEC, &rng, 2, got);
    cr_assert_lt(got[1], 200);
    rig_tally(p, 1000, 30 * SEC, &rng, 2, got);
    cr_assert_eq(got[1], 500);
    lb_picker_destroy(p);
}

/* A key that moves back to an endpoint in slow start stays there. */
Test(lb_picker, slow_start_moves_keys_once)
{
    enum { KEYS = 2000 };
    for (unsigned k = 0; k < POLICIES; k++) {
        if (!lb_policy_hashes(lb_policy_nth(k)))
            continue;
        struct lb_endpoint_in e[4];
        static bool back[KEYS];
        memset(back, 0, sizeof back);
        for (uint32_t i = 0; i < 4; i++)
            e[i] = (struct lb_endpoint_in){.weight = 1, .id = rig_id(i)};
        struct lb_picker *p = rig_make(names[k], e, 4, (struct lb_cluster_in){.slow_start_ns = 10 * SEC});
        lb_mark(p, 2, true, SEC);
        lb_mark(p, 2, false, 2 * SEC);
        for (uint64_t at = 2 * SEC; at <= 12 * SEC; at += SEC / 2)
            for (uint64_t key = 0; key < KEYS; key++) {
                uint32_t i = lb_pick(p, &(struct lb_request){.hash = rig_id(key), .now_ns = at});
                cr_assert(!back[key] || i == 2, "%s: a key went back and left again", names[k]);
                back[key] = i == 2;
            }
        lb_picker_destroy(p);
    }
}

/* ---- counting ---- */

Test(lb_picker, counts_exchanges)
{
    struct lb_picker *p = rig_picker("least_conn", NULL, 3, 0);
    cr_assert_eq(lb_active(p, 1), 0);
    lb_begin(p, 1);
    lb_begin(p, 1);
    cr_assert_eq(lb_active(p, 1), 2);
    lb_end(p, 1);
    lb_end(p, 1);
    cr_assert_eq(lb_active(p, 1), 0);
    lb_picker_destroy(p);
}

/* ---- closed, and panic ---- */

/* A closed endpoint gets nothing, whatever else is down or tried; and it does not count when priorities ask
 * what is up. */
Test(lb_picker, closed)
{
    struct lb_endpoint_in e[4];
    uint32_t got[4];
    uint64_t rng = 5;
    for (uint32_t i = 0; i < 4; i++)
        e[i] = (struct lb_endpoint_in){.weight = 1, .priority = i == 3, .id = rig_id(i)};
    for (unsigned k = 0; k < POLICIES; k++) {
        struct lb_picker *p = rig_make(names[k], e, 4, (struct lb_cluster_in){.seed = 1});
        lb_close(p, 0, true, 0);
        lb_close(p, 1, true, 0);
        cr_assert(!lb_usable(p, 0) && lb_usable(p, 2));
        rig_tally(p, 300, 0, &rng, 4, got);
        cr_assert(got[2] == 300, "%s: one of three is left, which is all of its group: %u", names[k], got[2]);
        lb_mark(p, 2, true, 0);
        rig_tally(p, 300, 0, &rng, 4, got);
        cr_assert(got[3] == 300, "%s: the next group: %u", names[k], got[3]);
        lb_mark(p, 3, true, 0);
        rig_tally(p, 300, 0, &rng, 4, got);
        cr_assert(got[0] == 0 && got[1] == 0, "%s: rather one that is down", names[k]);
        lb_close(p, 2, true, 0);
        lb_close(p, 3, true, 0);
        cr_assert_eq(rig_pick(p, NULL), LB_NONE, "%s: nobody is left", names[k]);
        lb_mark(p, 2, false, 0);
        cr_assert_eq(rig_pick(p, NULL), LB_NONE, "%s: up, but closed", names[k]);
        lb_close(p, 2, false, 0);
        cr_assert_eq(rig_pick(p, NULL), 2, "%s: open again", names[k]);
        cr_assert_eq(rig_pick(p, (const uint64_t[]){1u << 2}), LB_NONE, "%s: tried, the others closed",
                     names[k]);
        lb_picker_destroy(p);
    }
}

/* Below half up, down marks do not count; at half they do. */
Test(lb_picker, panic)
{
    struct lb_endpoint_in e[8];
    uint32_t got[8];
    uint64_t rng = 6;
    for (uint32_t i = 0; i < 8; i++)
        e[i] = (struct lb_endpoint_in){.weight = 1, .priority = i / 4, .id = rig_id(i)};
    for (unsigned k = 0; k < POLICIES; k++) {
        struct lb_picker *p =
            rig_make(names[k], e, 8, (struct lb_cluster_in){.seed = 1, .panic_percent = 50});
        for (uint32_t i = 0; i < 4; i++)
            lb_mark(p, i, true, 0);
        rig_tally(p, 400, 0, &rng, 8, got);
        cr_assert(got[0] + got[1] + got[2] + got[3] == 0, "%s: half are up: no panic", names[k]);
        lb_mark(p, 4, true, 0);
        rig_tally(p, 4000, 0, &rng, 8, got);
        for (uint32_t i = 0; i < 4; i++)
            cr_assert_gt(got[i], 300, "%s: panic, the first group is asked as if it were up", names[k]);
        lb_close(p, 0, true, 0); /* 3 of 7 are up */
        lb_close(p, 1, true, 0); /* 3 of 6 */
        rig_tally(p, 400, 0, &rng, 8, got);
        cr_assert(got[5] + got[6] + got[7] == 400, "%s: half of those that are not closed are up", names[k]);
        lb_picker_destroy(p);
    }
}

/* What is closed and opened again comes back slowly, as what was down does. */
Test(lb_picker, opening_begins_slow_start)
{
    struct lb_endpoint_in e[2] = {{.weight = 1, .id = rig_id(0)}, {.weight = 1, .id = rig_id(1)}};
    uint32_t got[2];
    uint64_t rng = 7;
    struct lb_picker *p =
        rig_make("round_robin", e, 2, (struct lb_cluster_in){.seed = 1, .slow_start_ns = 100 * SEC});
    lb_close(p, 0, true, 0);
    lb_close(p, 0, false, SEC);
    rig_tally(p, 1000, SEC, &rng, 2, got);
    cr_assert_lt(got[0], 200);
    lb_picker_destroy(p);
}
