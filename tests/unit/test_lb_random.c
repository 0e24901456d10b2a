/* random: a weighted draw, twice; the alias table under it. */
#include "lb-policy/alias.h"
#include "tests/unit/lb_rig.h"

/* Each endpoint's height over all columns is its weight, exactly but for rounding. */
Test(lb_random, alias_table_holds_the_weights)
{
    static const uint32_t weights[][6] = {{1, 1, 1, 1, 1, 1}, {1000, 1, 1, 1, 1, 1}, {1, 2, 3, 4, 5, 6}};
    for (unsigned r = 0; r < 3; r++) {
        struct lb_endpoint_in e[6];
        struct lb_alias a;
        double share[6] = {0}, sum = 0;
        for (unsigned i = 0; i < 6; i++) {
            e[i] = (struct lb_endpoint_in){.weight = weights[r][i]};
            sum += weights[r][i];
        }
        cr_assert(lb_alias_make(&a, e, 6));
        for (unsigned i = 0; i < 6; i++) {
            double own = (double)a.column[i].height / 4294967296.0;
            own = own > 1 ? 1 : own;
            share[i] += own / 6;
            share[a.column[i].other] += (1 - own) / 6;
        }
        for (unsigned i = 0; i < 6; i++)
            cr_assert_float_eq(share[i], weights[r][i] / sum, 1e-6, "row %u, %u: %f", r, i, share[i]);
        lb_alias_free(&a);
    }
}

/* With most skipped the walk keeps weights as well. */
Test(lb_random, alias_draw_with_few_left)
{
    enum { N = 500 };
    static struct lb_endpoint_in e[N];
    uint64_t skip[N / 64 + 1], random = 3;
    uint32_t got[N] = {0};
    double share[N] = {0};
    struct lb_alias a;
    memset(skip, 0xff, sizeof skip);
    for (uint32_t i = 0; i < N; i++)
        e[i].weight = 1 + i % 3;
    for (uint32_t i = 0; i < 3; i++) {
        skip[i * 100 / 64] &= ~(UINT64_C(1) << i * 100 % 64);
        share[i * 100] = e[i * 100].weight;
    }
    cr_assert(lb_alias_make(&a, e, N));
    for (unsigned i = 0; i < 20000; i++)
        got[lb_alias_draw(&a, skip, &random)]++;
    rig_expect_shares(got, share, N, "few left");
    lb_alias_free(&a);
}

/* Requests that stay: with one choice the fullest of n has about log n / log log n more than the mean; with
 * two it is log log n (Mitzenmacher): here at most 3 more where one choice has 7 to 10. */
Test(lb_random, two_choices_even_out)
{
    enum { N = 1000 };
    struct lb_picker *p = rig_picker("random", NULL, N, 5);
    uint32_t most = 0;
    for (unsigned i = 0; i < 10 * N; i++)
        lb_begin(p, rig_pick(p, NULL));
    for (uint32_t i = 0; i < N; i++)
        most = lb_active(p, i) > most ? lb_active(p, i) : most;
    cr_assert_leq(most, 13, "the fullest has %u, the mean is 10", most);
    lb_picker_destroy(p);
}

Test(lb_random, loads_follow_weights)
{
    static const uint32_t weight[] = {10, 20, 30, 40};
    struct lb_picker *p = rig_picker("random", weight, 4, 5);
    for (unsigned i = 0; i < 1000; i++)
        lb_begin(p, rig_pick(p, NULL));
    for (uint32_t i = 0; i < 4; i++)
        cr_assert_float_eq(lb_active(p, i), 10.0 * weight[i], 15, "%u has %u", i, lb_active(p, i));
    lb_picker_destroy(p);
}

Test(lb_random, workers_draw_differently)
{
    struct lb_picker *a = rig_picker("random", NULL, 100, 1), *b = rig_picker("random", NULL, 100, 2);
    unsigned same = 0;
    for (unsigned i = 0; i < 1000; i++)
        same += rig_pick(a, NULL) == rig_pick(b, NULL);
    cr_assert_lt(same, 40);
    lb_picker_destroy(a);
    lb_picker_destroy(b);
}
