/* round_robin through the picker: exact shares, smoothness, tried and down endpoints, seeds. */
#include "tests/unit/lb_rig.h"

enum { MAX = 3000 };

static struct lb_picker *picker(const uint32_t *weight, uint32_t n, uint64_t seed)
{
    return rig_picker("round_robin", weight, n, seed);
}

static void tally(struct lb_picker *p, const uint64_t *tried, uint64_t picks, uint32_t n, uint32_t got[])
{
    memset(got, 0, n * sizeof *got);
    while (picks-- > 0) {
        uint32_t i = rig_pick(p, tried);
        cr_assert_lt(i, n);
        got[i]++;
    }
}

static uint64_t sum_of(const uint32_t *weight, uint32_t n)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += weight[i];
    return sum;
}

/* From any point on, sum(weights) picks give each its weight. */
static void expect_exact(struct lb_picker *p, const uint32_t *weight, uint32_t n)
{
    static uint32_t got[MAX];
    for (unsigned round = 0; round < 3; round++) {
        tally(p, NULL, sum_of(weight, n), n, got);
        for (uint32_t i = 0; i < n; i++)
            cr_assert_eq(got[i], weight[i], "endpoint %u: %u picks, weight %u", i, got[i], weight[i]);
        rig_pick(p, NULL); /* the next round starts elsewhere */
    }
}

Test(lb_round_robin, exact_shares)
{
    static const struct {
        uint32_t n, weight[8];
    } rows[] = {
        {1, {1}},
        {1, {1000}},
        {3, {1, 1, 1}},
        {3, {5, 1, 1}},
        {4, {0, 3, 0, 2}},
        {5, {10, 20, 30, 40, 50}},
        {2, {1000, 1}},
        {6, {1000, 999, 998, 997, 996, 995}}, /* longer than the schedule */
        {8, {4000, 90, 3, 1, 1, 1, 0, 7}},
        {2, {4000000000u, 4000000000u}},
    };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        for (uint64_t seed = 0; seed < 200; seed += 37) {
            struct lb_picker *p = picker(rows[r].weight, rows[r].n, seed);
            if (sum_of(rows[r].weight, rows[r].n) < 100000)
                expect_exact(p, rows[r].weight, rows[r].n);
            else
                expect_exact(p, (const uint32_t[]){1, 1}, 2);
            lb_picker_destroy(p);
        }
}

Test(lb_round_robin, many_endpoints)
{
    static uint32_t weight[MAX];
    for (uint32_t i = 0; i < MAX; i++)
        weight[i] = 3; /* reduced: the schedule is a ring */
    struct lb_picker *p = picker(weight, MAX, 12345);
    expect_exact(p, weight, MAX);
    lb_picker_destroy(p);
    for (uint32_t i = 0; i < 200; i++)
        weight[i] = 1 + i % 60;
    p = picker(weight, 200, 12345);
    expect_exact(p, weight, 200);
    lb_picker_destroy(p);
}

Test(lb_round_robin, smooth)
{
    static const uint32_t order[] = {0, 0, 1, 0, 2, 0, 0};
    struct lb_picker *p = picker((const uint32_t[]){5, 1, 1}, 3, 0);
    for (unsigned i = 0; i < 70; i++)
        cr_assert_eq(rig_pick(p, NULL), order[i % 7]);
    lb_picker_destroy(p);

    p = picker((const uint32_t[]){7, 7, 7, 7}, 4, 0);
    for (unsigned i = 0; i < 40; i++)
        cr_assert_eq(rig_pick(p, NULL), i % 4);
    lb_picker_destroy(p);
}

/* Without a schedule the order is smooth as well. */
Test(lb_round_robin, smooth_without_schedule)
{
    struct lb_picker *p = picker((const uint32_t[]){5000, 5001}, 2, 0);
    uint32_t last = rig_pick(p, NULL), repeats = 0;
    for (unsigned i = 1; i < 10001; i++) {
        uint32_t now = rig_pick(p, NULL);
        repeats += now == last;
        last = now;
    }
    cr_assert_eq(repeats, 0);
    lb_picker_destroy(p);
}

/* What is told to be next is next, whoever is skipped, and telling it changes nothing. */
Test(lb_round_robin, peek_without_schedule)
{
    struct lb_picker *p = picker((const uint32_t[]){5000, 1000, 2000, 3001}, 4, 0);
    for (unsigned i = 0; i < 300; i++) {
        uint64_t tried = i % 15;
        struct lb_request q = {.tried = &tried};
        uint32_t next = lb_peek(p, &q);
        cr_assert_eq(lb_peek(p, &q), next);
        cr_assert_eq(rig_pick(p, &tried), next);
    }
    lb_picker_destroy(p);
}

/* Nobody waits for long: between two picks of an endpoint lie no more than twice the picks of its share. */
Test(lb_round_robin, spread_without_schedule)
{
    static const uint32_t weight[] = {5000, 1, 1000, 2000, 3001};
    unsigned last[5] = {0};
    struct lb_picker *p = picker(weight, 5, 0);
    uint64_t sum = sum_of(weight, 5);
    for (unsigned i = 1; i <= 2 * sum; i++) {
        uint32_t e = rig_pick(p, NULL);
        cr_assert_leq((i - last[e]) * (uint64_t)weight[e], 2 * sum, "endpoint %u", e);
        last[e] = i;
    }
    lb_picker_destroy(p);
}

Test(lb_round_robin, seeds_set_workers_apart)
{
    static const uint32_t even[] = {1, 1, 1, 1}, large[] = {4001, 4003, 4007, 4013};
    uint32_t first[2][4] = {{0}};
    for (uint64_t seed = 0; seed < 4; seed++) {
        struct lb_picker *a = picker(even, 4, seed), *b = picker(large, 4, seed),
                         *again = picker(large, 4, seed);
        first[0][rig_pick(a, NULL)]++;
        uint32_t pick = rig_pick(b, NULL);
        first[1][pick]++;
        cr_assert_eq(rig_pick(again, NULL), pick, "a seed repeats");
        lb_picker_destroy(a);
        lb_picker_destroy(b);
        lb_picker_destroy(again);
    }
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(first[0][i], 1);
        cr_assert_eq(first[1][i], 1);
    }
    lb_picker_destroy(picker(even, 4, UINT64_MAX));
    lb_picker_destroy(picker(large, 4, UINT64_MAX));
}

/* ---- tried ---- */

Test(lb_round_robin, tried_are_not_chosen)
{
    static const uint32_t weights[][4] = {{5, 1, 2, 3},
                                          {5000, 1000, 2000, 3001}}; /* with a schedule, without */
    for (unsigned w = 0; w < 2; w++)
        for (uint64_t tried = 0; tried < 15; tried++) {
            struct lb_picker *p = picker(weights[w], 4, 3);
            for (unsigned i = 0; i < 100; i++) {
                uint32_t pick = rig_pick(p, &tried);
                cr_assert_lt(pick, 4);
                cr_assert_eq(tried >> pick & 1, 0);
            }
            lb_picker_destroy(p);
        }
}

Test(lb_round_robin, the_others_keep_their_shares)
{
    static const uint32_t weights[][4] = {{5, 1, 2, 3}, {5000, 1000, 2000, 3001}};
    const uint64_t tried = 1 << 2;
    uint32_t got[4];
    for (unsigned w = 0; w < 2; w++) {
        struct lb_picker *p = picker(weights[w], 4, 0);
        tally(p, &tried, sum_of(weights[w], 4) - weights[w][2], 4, got);
        for (uint32_t i = 0; i < 4; i++)
            cr_assert_eq(got[i], i == 2 ? 0 : weights[w][i]);
        lb_picker_destroy(p);
    }
}

Test(lb_round_robin, none_left)
{
    uint64_t tried = 7;
    struct lb_picker *p = picker((const uint32_t[]){1, 2, 3}, 3, 0);
    cr_assert_eq(rig_pick(p, &tried), LB_NONE);
    lb_mark(p, 0, true, 0);
    cr_assert_eq(rig_pick(p, &tried), LB_NONE);
    tried = ~UINT64_C(0);
    cr_assert_eq(rig_pick(p, &tried), LB_NONE);
    tried = 3;
    cr_assert_eq(rig_pick(p, &tried), 2);
    lb_picker_destroy(p);

    p = picker((const uint32_t[]){0, 0}, 2, 9);
    cr_assert_eq(rig_pick(p, NULL), LB_NONE);
    lb_mark(p, 1, true, 0);
    cr_assert_eq(rig_pick(p, NULL), LB_NONE);
    lb_picker_destroy(p);

    p = picker(NULL, 0, 9);
    cr_assert_eq(rig_pick(p, NULL), LB_NONE);
    lb_picker_destroy(p);
    lb_picker_destroy(NULL);
}

/* Bit sets of more than one word, at their edges. */
Test(lb_round_robin, sixty_four_and_more)
{
    static const uint32_t sizes[] = {63, 64, 65, 128, 130};
    static uint32_t weight[MAX];
    for (unsigned s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        uint32_t n = sizes[s];
        uint64_t tried[3] = {0};
        for (uint32_t i = 0; i < n; i++)
            weight[i] = 1;
        struct lb_picker *p = picker(weight, n, s);
        for (uint32_t left = n; left > 0; left--) {
            uint32_t i = rig_pick(p, tried);
            cr_assert_lt(i, n);
            cr_assert_eq(tried[i / 64] >> i % 64 & 1, 0);
            tried[i / 64] |= UINT64_C(1) << i % 64;
        }
        cr_assert_eq(rig_pick(p, tried), LB_NONE);
        lb_picker_destroy(p);
    }
}

/* ---- down ---- */

Test(lb_round_robin, down_only_when_no_other_is_left)
{
    const uint64_t tried_0 = 1, tried_01 = 3;
    uint32_t got[3];
    struct lb_picker *p = picker((const uint32_t[]){2, 1, 1}, 3, 0);
    lb_mark(p, 1, true, 0);
    tally(p, NULL, 30, 3, got);
    cr_assert(got[0] == 20 && got[1] == 0 && got[2] == 10);
    cr_assert_eq(rig_pick(p, &tried_0), 2);

    lb_mark(p, 2, true, 0);
    tally(p, NULL, 10, 3, got);
    cr_assert(got[0] == 10 && got[1] == 0 && got[2] == 0);
    tally(p, &tried_0, 10, 3, got); /* both are down: they share */
    cr_assert(got[0] == 0 && got[1] == 5 && got[2] == 5);
    cr_assert_eq(rig_pick(p, &tried_01), 2);

    lb_mark(p, 0, true, 0); /* all down: as if none were */
    tally(p, NULL, 40, 3, got);
    cr_assert(got[0] == 20 && got[1] == 10 && got[2] == 10);

    lb_mark(p, 1, false, 0);
    tally(p, NULL, 10, 3, got);
    cr_assert(got[0] == 0 && got[1] == 10 && got[2] == 0);
    lb_mark(p, 1, false, 0); /* marking twice is once */
    lb_mark(p, 0, false, 0);
    lb_mark(p, 2, false, 0);
    tally(p, NULL, 40, 3, got);
    cr_assert(got[0] == 20 && got[1] == 10 && got[2] == 10);
    lb_picker_destroy(p);
}

/* An endpoint that comes back does not get what it missed. */
Test(lb_round_robin, no_burst_after_down)
{
    static const uint32_t weights[][3] = {{1, 1, 1}, {4001, 4001, 4003}};
    uint32_t got[3];
    for (unsigned w = 0; w < 2; w++) {
        struct lb_picker *p = picker(weights[w], 3, 0);
        lb_mark(p, 1, true, 0);
        tally(p, NULL, 1000, 3, got);
        lb_mark(p, 1, false, 0);
        tally(p, NULL, 30, 3, got);
        cr_assert_leq(got[1], 11);
        cr_assert_geq(got[1], 9);
        lb_picker_destroy(p);
    }
}

Test(lb_round_robin, weight_0_is_never_chosen)
{
    const uint64_t tried = 2;
    struct lb_picker *p = picker((const uint32_t[]){0, 1, 0}, 3, 4);
    for (unsigned i = 0; i < 10; i++)
        cr_assert_eq(rig_pick(p, NULL), 1);
    lb_mark(p, 1, true, 0);
    cr_assert_eq(rig_pick(p, NULL), 1);
    cr_assert_eq(rig_pick(p, &tried), LB_NONE);
    lb_picker_destroy(p);
}
