/* What every algorithm of the list must do, whatever its order: a new one is tested here without a line. */
#include "tests/unit/lb_rig.h"

static const char *const names[] = {
#define X(id, name, hashes) #name,
    LB_POLICIES(X)
#undef X
};

enum { POLICIES = sizeof names / sizeof names[0] };

Test(lb_policy, names)
{
    for (unsigned i = 0; i < POLICIES; i++)
        cr_assert_eq(lb_policy_find(names[i]), lb_policy_nth(i), "%s", names[i]);
    cr_assert_null(lb_policy_nth(POLICIES));
    cr_assert_null(lb_policy_find("round_robi"));
    cr_assert_null(lb_policy_find("round_robin2"));
    cr_assert_null(lb_policy_find(""));
}

Test(lb_policy, hashing_ones_say_so)
{
#define X(id, name, hashes) cr_assert_eq(lb_policy_hashes(lb_policy_find(#name)), hashes, #name);
    LB_POLICIES(X)
#undef X
}

/* Affinity holds across restarts and machines: the hash is the same for ever. */
Test(lb_policy, the_hash_is_stable)
{
    cr_assert_eq(lb_hash(span_str("10.0.0.1:80")), lb_hash(span_str("10.0.0.1:80")));
    cr_assert_neq(lb_hash(span_str("10.0.0.1:80")), lb_hash(span_str("10.0.0.2:80")));
    cr_assert_eq(lb_hash(span_str("lacon")), UINT64_C(0x038534ec00555c23));
}

Test(lb_policy, one_endpoint)
{
    for (unsigned k = 0; k < POLICIES; k++) {
        struct lb_picker *p = rig_picker(names[k], NULL, 1, 5);
        uint64_t rng = 1, tried = 1;
        for (unsigned i = 0; i < 100; i++)
            cr_assert_eq(rig_pick_hash(p, rnd(&rng)), 0, "%s", names[k]);
        cr_assert_eq(rig_pick(p, &tried), LB_NONE, "%s", names[k]);
        lb_mark(p, 0, true, 0);
        cr_assert_eq(rig_pick(p, NULL), 0, "%s: down, but the only one", names[k]);
        lb_picker_destroy(p);
    }
}

Test(lb_policy, nobody)
{
    for (unsigned k = 0; k < POLICIES; k++) {
        struct lb_picker *p = rig_picker(names[k], NULL, 0, 5);
        cr_assert_eq(rig_pick(p, NULL), LB_NONE, "%s", names[k]);
        lb_picker_destroy(p);
        p = rig_picker(names[k], (const uint32_t[]){0, 0, 0}, 3, 5);
        cr_assert_eq(rig_pick(p, NULL), LB_NONE, "%s", names[k]);
        lb_mark(p, 1, true, 0);
        cr_assert_eq(rig_pick(p, NULL), LB_NONE, "%s", names[k]);
        lb_picker_destroy(p);
    }
    lb_picker_destroy(NULL);
}

/* All endpoints are handed out, each once, when each pick tries the next; at the edges of bit sets. */
Test(lb_policy, tried_are_not_chosen_again)
{
    static const uint32_t sizes[] = {2, 3, 63, 64, 65, 130};
    for (unsigned k = 0; k < POLICIES; k++)
        for (unsigned s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            for (uint64_t hash = 0; hash < 20; hash++) {
                uint32_t n = sizes[s];
                uint64_t tried[3] = {0};
                struct lb_picker *p = rig_picker(names[k], NULL, n, hash);
                for (uint32_t left = n; left > 0; left--) {
                    uint32_t i =
                        lb_pick(p, &(struct lb_request){.tried = tried, .hash = lb_hash(span_of(&hash, 8))});
                    cr_assert_lt(i, n, "%s", names[k]);
                    cr_assert_eq(tried[i / 64] >> i % 64 & 1, 0, "%s: %u again", names[k], i);
                    tried[i / 64] |= UINT64_C(1) << i % 64;
                }
                cr_assert_eq(rig_pick(p, tried), LB_NONE, "%s", names[k]);
                lb_picker_destroy(p);
            }
}

Test(lb_policy, down_ones_come_last)
{
    for (unsigned k = 0; k < POLICIES; k++) {
        struct lb_picker *p = rig_picker(names[k], (const uint32_t[]){3, 1, 2, 0, 1}, 5, 7);
        uint64_t rng = 3;
        uint32_t got[5];
        lb_mark(p, 0, true, 0);
        lb_mark(p, 4, true, 0);
        rig_tally(p, 1000, 0, &rng, 5, got);
        cr_assert(got[0] == 0 && got[3] == 0 && got[4] == 0 && got[1] > 0 && got[2] > 0, "%s", names[k]);
        lb_mark(p, 1, true, 0);
        rig_tally(p, 100, 0, &rng, 5, got);
        cr_assert_eq(got[2], 100, "%s: the only one that is up", names[k]);
        lb_mark(p, 2, true, 0);
        rig_tally(p, 1000, 0, &rng, 5, got);
        cr_assert(got[0] > 0 && got[1] > 0 && got[2] > 0 && got[3] == 0 && got[4] > 0,
                  "%s: all down is as none down", names[k]);
        lb_mark(p, 0, false, 0);
        rig_tally(p, 100, 0, &rng, 5, got);
        cr_assert_eq(got[0], 100, "%s: it is up again", names[k]);
        lb_picker_destroy(p);
    }
}

Test(lb_policy, a_seed_repeats)
{
    static const uint32_t weight[] = {5, 1, 2, 3};
    for (unsigned k = 0; k < POLICIES; k++) {
        struct lb_picker *a = rig_picker(names[k], weight, 4, 99), *b = rig_picker(names[k], weight, 4, 99);
        uint64_t rng = 4;
        for (unsigned i = 0; i < 1000; i++) {
            struct lb_request q = {.hash = rnd(&rng), .now_ns = i};
            uint32_t e = lb_pick(a, &q);
            cr_assert_eq(lb_pick(b, &q), e, "%s: pick %u", names[k], i);
            if (i % 3) {
                lb_begin(a, e);
                lb_begin(b, e);
            }
        }
        lb_picker_destroy(a);
        lb_picker_destroy(b);
    }
}

/* Weights hold over many requests that come one after another (chi-square; round_robin and least_conn are
 * better than random, the hashing ones are judged with random keys). */
Test(lb_policy, shares_by_weight)
{
    static const uint32_t weight[] = {5, 1, 0, 2, 3, 8};
    static const double share[] = {5, 1, 0, 2, 3, 8};
    for (unsigned k = 0; k < POLICIES; k++) {
        uint32_t got[6], picks = 20000;
        uint64_t rng = 17;
        if (strcmp(names[k], "ring_hash") == 0)
            continue; /* its shares are random once, when the ring is made: see its own tests */
        struct lb_picker *p = rig_picker(names[k], weight, 6, 1);
        rig_tally(p, picks, 0, &rng, 6, got);
        rig_expect_shares(got, share, 6, names[k]);
        lb_picker_destroy(p);
    }
}

/* Ten thousand endpoints, half of them down, some tried: nobody loops or strays. */
Test(lb_policy, many_endpoints, .timeout = 60)
{
    static uint32_t weight[RIG_MAX];
    static uint64_t tried[RIG_MAX / 64 + 1];
    for (uint32_t i = 0; i < RIG_MAX; i++)
        weight[i] = 1 + i % 7;
    for (unsigned k = 0; k < POLICIES; k++) {
        struct lb_picker *p = rig_picker(names[k], weight, RIG_MAX, 3);
        uint64_t rng = 9;
        memset(tried, 0, sizeof tried);
        tried[3] = ~UINT64_C(0);
        for (uint32_t i = 0; i < RIG_MAX; i += 2)
            lb_mark(p, i, true, 0);
        for (unsigned i = 0; i < 2000; i++) {
            uint32_t e = lb_pick(p, &(struct lb_request){.tried = i % 2 ? tried : NULL, .hash = rnd(&rng)});
            cr_assert(e < RIG_MAX && e % 2 == 1, "%s", names[k]);
            cr_assert(i % 2 == 0 || e / 64 != 3, "%s", names[k]);
        }
        lb_picker_destroy(p);
    }
}

/* ---- affinity, of those that go by hash ---- */

/* Two workers, and the order of the file, do not matter where a key goes (source_hash: the order does). */
Test(lb_policy, workers_agree)
{
    for (unsigned k = 0; k < POLICIES; k++) {
        if (!lb_policy_hashes(lb_policy_nth(k)))
            continue;
        struct lb_picker *a = rig_picker(names[k], NULL, 50, 1), *b = rig_picker(names[k], NULL, 50, 2);
        uint64_t rng = 5;
        for (unsigned i = 0; i < 1000; i++) {
            uint64_t hash = rnd(&rng);
            cr_assert_eq(rig_pick_hash(a, hash), rig_pick_hash(b, hash), "%s", names[k]);
        }
        lb_picker_destroy(a);
        lb_picker_destroy(b);
    }
}

/* An endpoint that goes down gives up its keys, which spread over the others; no other key moves, and all
 * come back with it. */
Test(lb_policy, down_moves_only_its_own_keys)
{
    enum { N = 10, KEYS = 20000 };
    static uint32_t before[KEYS];
    for (unsigned k = 0; k < POLICIES; k++) {
        if (!lb_policy_hashes(lb_policy_nth(k)))
            continue;
        struct lb_picker *p = rig_picker(names[k], NULL, N, 1);
        uint32_t heir[N] = {0}, own = 0;
        for (uint64_t key = 0; key < KEYS; key++)
            before[key] = rig_pick_hash(p, rig_id(key));
        lb_mark(p, 4, true, 0);
        for (uint64_t key = 0; key < KEYS; key++) {
            uint32_t now = rig_pick_hash(p, rig_id(key));
            cr_assert_neq(now, 4, "%s", names[k]);
            cr_assert(before[key] == 4 || now == before[key], "%s: a key of %u moved", names[k], before[key]);
            own += before[key] == 4;
            heir[now] += before[key] == 4;
        }
        for (unsigned i = 0; i < N; i++)
            cr_assert(i == 4 || (heir[i] > own / 20 && heir[i] < own / 4), "%s: %u of %u keys went to %u",
                      names[k], heir[i], own, i);
        lb_mark(p, 4, false, 0);
        for (uint64_t key = 0; key < KEYS; key++)
            cr_assert_eq(rig_pick_hash(p, rig_id(key)), before[key], "%s", names[k]);
        lb_picker_destroy(p);
    }
}

/* Looking who is next changes nobody's turn: two pickers, one of them peeked at, go in step; with endpoints
 * down and in slow start. */
Test(lb_policy, peeking_disturbs_nothing)
{
    enum { N = 5 };
    static const uint32_t weight[N] = {1, 3, 0, 2, 5}, heavy[N] = {997, 991, 983, 977, 971};
    for (unsigned k = 0; k < 2 * POLICIES; k++) {
        const char *name = names[k / 2];
        struct lb_endpoint_in e[N];
        for (uint32_t i = 0; i < N; i++)
            e[i] = (struct lb_endpoint_in){.weight = k % 2 ? heavy[i] : weight[i], .id = rig_id(i)};
        struct lb_cluster_in in = {.seed = 9, .slow_start_ns = 100 * SEC};
        struct lb_picker *a = rig_make(name, e, N, in), *b = rig_make(name, e, N, in);
        uint64_t rng = 3;
        for (unsigned turn = 0; turn < 2000; turn++) {
            struct lb_request q = {.hash = rnd(&rng), .now_ns = turn * SEC / 10};
            bool slow = turn > 1000 && turn < 1900;
            if (turn == 500 || turn == 1000) {
                lb_mark(a, 1, turn == 500, q.now_ns);
                lb_mark(b, 1, turn == 500, q.now_ns);
            }
            uint32_t next = lb_peek(a, &q);
            cr_assert_eq(next, lb_peek(a, &q), "%s: a second look", name);
            uint32_t i = lb_pick(a, &q);
            cr_assert_eq(i, lb_pick(b, &q), "%s: turn %u was moved by a look", name, turn);
            cr_assert(slow || i == next, "%s: turn %u went to %u, not %u", name, turn, i, next);
            if (rnd(&rng) % 2) {
                lb_begin(a, i);
                lb_begin(b, i);
            }
        }
        lb_picker_destroy(a);
        lb_picker_destroy(b);
    }
}
