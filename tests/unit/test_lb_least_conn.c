/* least_conn: always one with the fewest exchanges per weight, fair turns among equals. */
#include "tests/unit/lb_rig.h"

static double load_of(const struct lb_picker *p, const uint32_t *weight, uint32_t i)
{
    return (double)lb_active(p, i) / weight[i];
}

/* Exchanges begin and end at random, endpoints go down and are tried: each pick is of the least loaded. */
Test(lb_least_conn, never_a_busier_one)
{
    enum { N = 70 };
    static uint32_t weight[N], open[20000];
    uint64_t rng = 11;
    uint32_t nopen = 0;
    bool down[N] = {false};
    for (uint32_t i = 0; i < N; i++)
        weight[i] = 1 + i % 5;
    struct lb_picker *p = rig_picker("least_conn", weight, N, 3);
    for (unsigned step = 0; step < 20000; step++) {
        uint64_t tried[2] = {0, 0};
        if (step % 50 == 0) {
            uint32_t i = (uint32_t)rnd_below(&rng, N);
            down[i] = !down[i];
            lb_mark(p, i, down[i], 0);
        }
        if (step % 4 == 0)
            tried[0] = rnd(&rng);
        if (nopen && rnd_below(&rng, 1000) < 480) {
            uint32_t k = (uint32_t)rnd_below(&rng, nopen);
            lb_end(p, open[k]);
            open[k] = open[--nopen];
            continue;
        }
        uint32_t got = rig_pick(p, tried);
        for (uint32_t i = 0; i < N; i++)
            cr_assert(down[i] || tried[i / 64] >> i % 64 & 1 ||
                          load_of(p, weight, got) <= load_of(p, weight, i),
                      "step %u: %u has %f, %u has %f", step, got, load_of(p, weight, got), i,
                      load_of(p, weight, i));
        lb_begin(p, got);
        open[nopen++] = got;
    }
    lb_picker_destroy(p);
}

/* Nothing in flight: the order is as fair as round_robin's. */
Test(lb_least_conn, idle_is_weighted_turns)
{
    static const uint32_t weight[] = {5, 1, 2, 8};
    uint32_t got[4];
    uint64_t rng = 1;
    struct lb_picker *p = rig_picker("least_conn", weight, 4, 0);
    for (unsigned round = 0; round < 20; round++) {
        rig_tally(p, 16, 0, &rng, 4, got);
        for (unsigned i = 0; i < 4; i++)
            cr_assert(got[i] + 1 >= weight[i] && got[i] <= weight[i] + 1, "round %u: %u of %u", round, got[i],
                      weight[i]);
    }
    lb_picker_destroy(p);
    p = rig_picker("least_conn", NULL, 3, 0);
    for (unsigned i = 0; i < 30; i++)
        cr_assert_eq(rig_pick(p, NULL), i % 3);
    lb_picker_destroy(p);
}

/* One endpoint holds its exchanges: the others do the work; set free, it gets no more than its turn. */
Test(lb_least_conn, a_stuck_one_is_left_alone)
{
    struct lb_picker *p = rig_picker("least_conn", NULL, 3, 0);
    uint32_t got[3];
    uint64_t rng = 1;
    lb_begin(p, 1);
    rig_tally(p, 1000, 0, &rng, 3, got);
    cr_assert(got[0] == 500 && got[1] == 0 && got[2] == 500);
    lb_end(p, 1);
    rig_tally(p, 30, 0, &rng, 3, got);
    cr_assert(got[0] >= 9 && got[1] >= 9 && got[1] <= 11 && got[2] >= 9, "%u", got[1]);
    lb_picker_destroy(p);
}

Test(lb_least_conn, seeds_set_workers_apart)
{
    uint32_t first[4] = {0};
    for (uint64_t seed = 0; seed < 4; seed++) {
        struct lb_picker *p = rig_picker("least_conn", NULL, 4, seed);
        first[rig_pick(p, NULL)]++;
        lb_picker_destroy(p);
    }
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(first[i], 1);
}

/* In slow start an endpoint counts as busier than it is. */
Test(lb_least_conn, slow_start_is_a_smaller_weight)
{
    struct lb_endpoint_in e[2] = {{.weight = 1, .id = 1}, {.weight = 1, .id = 2}};
    struct lb_picker *p = rig_make("least_conn", e, 2, (struct lb_cluster_in){.slow_start_ns = 10 * SEC});
    lb_mark(p, 1, true, SEC);
    lb_mark(p, 1, false, SEC + 1);
    for (unsigned i = 0; i < 33; i++)
        lb_begin(p, lb_pick(p, &(struct lb_request){.now_ns = SEC + 1}));
    cr_assert_leq(lb_active(p, 1), 4);
    cr_assert_geq(lb_active(p, 1), 2);
    for (unsigned i = 0; i < 33; i++)
        lb_begin(p, lb_pick(p, &(struct lb_request){.now_ns = 20 * SEC}));
    cr_assert_eq(lb_active(p, 1), 33);
    lb_picker_destroy(p);
}
