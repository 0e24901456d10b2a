/* ring_hash: shares, and what moves when an endpoint leaves or comes. */
#include "tests/unit/lb_rig.h"

static struct lb_picker *ring(const uint64_t *id, const uint32_t *weight, uint32_t n, uint32_t size)
{
    static struct lb_endpoint_in e[RIG_MAX];
    for (uint32_t i = 0; i < n; i++)
        e[i] = (struct lb_endpoint_in){.weight = weight ? weight[i] : 1, .id = rig_id(id[i])};
    return rig_make("ring_hash", e, n, (struct lb_cluster_in){.table_size = size});
}

static const uint64_t ids[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

/* With k points each a share is off by about 1/sqrt(k): here 3.1 %, within four times that. */
Test(lb_ring_hash, shares)
{
    static const double even[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    uint32_t got[10];
    uint64_t rng = 2;
    struct lb_picker *p = ring(ids, NULL, 10, 10240);
    rig_tally(p, 200000, 0, &rng, 10, got);
    cr_assert_lt(rig_worst(got, even, 10), 0.125, "%f", rig_worst(got, even, 10));
    lb_picker_destroy(p);
    p = ring(ids, NULL, 10, 1000000); /* more points, evener: 0.3 % and the keys' own 0.7 % */
    rig_tally(p, 200000, 0, &rng, 10, got);
    cr_assert_lt(rig_worst(got, even, 10), 0.03, "%f", rig_worst(got, even, 10));
    lb_picker_destroy(p);
}

Test(lb_ring_hash, weights)
{
    static const uint32_t weight[] = {1, 2, 3, 4};
    static const double share[] = {1, 2, 3, 4};
    uint32_t got[4];
    uint64_t rng = 2;
    struct lb_picker *p = ring(ids, weight, 4, 100000);
    rig_tally(p, 200000, 0, &rng, 4, got);
    cr_assert_lt(rig_worst(got, share, 4), 0.05, "%f", rig_worst(got, share, 4));
    lb_picker_destroy(p);
}

/* Karger: who leaves gives up his own keys; nobody else's move. The other way round it is one who comes. */
Test(lb_ring_hash, leaving_moves_its_own_keys)
{
    enum { KEYS = 50000 };
    static const uint64_t without[] = {0, 1, 2, 4, 5, 6, 7, 8, 9};
    struct lb_picker *all = ring(ids, NULL, 10, 10000), *less = ring(without, NULL, 9, 9000);
    uint32_t moved = 0;
    for (uint64_t k = 0; k < KEYS; k++) {
        uint32_t a = rig_pick_hash(all, rig_id(k)), b = rig_pick_hash(less, rig_id(k));
        if (a == 3)
            moved++;
        else
            cr_assert_eq(ids[a], without[b], "key %lu moved from %u", (unsigned long)k, a);
    }
    cr_assert(moved > KEYS / 15 && moved < KEYS / 7, "%u keys moved", moved);
    lb_picker_destroy(all);
    lb_picker_destroy(less);
}

Test(lb_ring_hash, the_file_s_order_does_not_matter)
{
    static const uint64_t turned[] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
    struct lb_picker *a = ring(ids, NULL, 10, 0), *b = ring(turned, NULL, 10, 0);
    for (uint64_t k = 0; k < 5000; k++)
        cr_assert_eq(ids[rig_pick_hash(a, rig_id(k))], turned[rig_pick_hash(b, rig_id(k))]);
    lb_picker_destroy(a);
    lb_picker_destroy(b);
}

/* Fewer points than endpoints: everyone has one. */
Test(lb_ring_hash, smallest_ring)
{
    uint32_t got[10];
    uint64_t rng = 2;
    struct lb_picker *p = ring(ids, NULL, 10, 1);
    rig_tally(p, 20000, 0, &rng, 10, got);
    for (unsigned i = 0; i < 10; i++)
        cr_assert_gt(got[i], 0);
    cr_assert_lt(rig_pick_hash(p, UINT64_MAX), 10); /* round the end */
    lb_picker_destroy(p);
}
