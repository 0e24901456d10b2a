/* What the tests of balancing share: pickers of one line, tallies, and the chi-square test. */
#ifndef LACON_TESTS_UNIT_LB_RIG_H
#define LACON_TESTS_UNIT_LB_RIG_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "agent/base/lb_policies.h"
#include "lb-policy/lb.h"
#include "tests/unit/rnd.h"

enum { RIG_MAX = 10000 };

#define SEC UINT64_C(1000000000)

/* Endpoint k's id, as different endpoints' addresses give. */
static inline uint64_t rig_id(uint64_t k)
{
    return lb_hash(span_of(&k, sizeof k));
}

static inline struct lb_picker *rig_make(const char *policy, const struct lb_endpoint_in *e, uint32_t n,
                                         struct lb_cluster_in in)
{
    in.policy = lb_policy_find(policy);
    cr_assert_not_null(in.policy, "no policy is called %s", policy);
    in.endpoint = e;
    in.n = n;
    struct lb_picker *p = lb_picker_create(&in);
    cr_assert_not_null(p);
    return p;
}

/* n endpoints with these weights (NULL: 1), ids 0 .. n - 1. */
static inline struct lb_picker *rig_picker(const char *policy, const uint32_t *weight, uint32_t n,
                                           uint64_t seed)
{
    static struct lb_endpoint_in e[RIG_MAX];
    for (uint32_t i = 0; i < n; i++)
        e[i] = (struct lb_endpoint_in){.weight = weight ? weight[i] : 1, .id = rig_id(i)};
    return rig_make(policy, e, n, (struct lb_cluster_in){.seed = seed});
}

static inline uint32_t rig_pick(struct lb_picker *p, const uint64_t *tried)
{
    return lb_pick(p, &(struct lb_request){.tried = tried});
}

static inline uint32_t rig_pick_hash(struct lb_picker *p, uint64_t hash)
{
    return lb_pick(p, &(struct lb_request){.hash = hash});
}

/* `picks` picks with random hashes, at time `now`. */
static inline void rig_tally(struct lb_picker *p, uint64_t picks, uint64_t now, uint64_t *rng, uint32_t n,
                             uint32_t *got)
{
    memset(got, 0, n * sizeof *got);
    while (picks-- > 0) {
        uint32_t i = lb_pick(p, &(struct lb_request){.hash = rnd(rng), .now_ns = now});
        cr_assert_lt(i, n);
        got[i]++;
    }
}

/* Pearson's chi-square of what was got against what weights promise, and the value it stays below but once in
 * a million times (Wilson and Hilferty's approximation): a fair draw passes, and the seeds are fixed anyway.
 */
static inline void rig_expect_shares(const uint32_t *got, const double *weight, uint32_t n, const char *what)
{
    double chi = 0, sum = 0, total = 0;
    unsigned df = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += weight[i];
        total += got[i];
    }
    for (uint32_t i = 0; i < n; i++) {
        double expected = total * weight[i] / sum;
        if (weight[i] > 0) {
            chi += (got[i] - expected) * (got[i] - expected) / expected;
            df++;
        } else {
            cr_assert_eq(got[i], 0, "%s: endpoint %u has no weight and got %u", what, i, got[i]);
        }
    }
    cr_assert_gt(df, 1);
    df--;
    double limit = df * pow(1 - 2.0 / (9.0 * df) + 4.753 * sqrt(2.0 / (9.0 * df)), 3);
    cr_assert_lt(chi, limit, "%s: chi-square %.1f, at most %.1f", what, chi, limit);
}

/* The largest distance of a share from its weight, relative to that. */
static inline double rig_worst(const uint32_t *got, const double *weight, uint32_t n)
{
    double sum = 0, total = 0, worst = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += weight[i];
        total += got[i];
    }
    for (uint32_t i = 0; i < n; i++) {
        double off = fabs(got[i] * sum / (total * weight[i]) - 1);
        worst = off > worst ? off : worst;
    }
    return worst;
}

#endif
