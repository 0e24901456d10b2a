/* How the keys of a cluster's balancing go together: a key that would do nothing is a mistake. Part of one
 * reading, after all of the file has been read; see keys.h. */
#include <string.h>

#include "config/keys.h"

static bool by_hash(const struct cfg_cluster *k)
{
    static const bool hashes[] = {
#define X(id, name, hash) hash,
        LB_POLICIES(X)
#undef X
    };
    return hashes[k->lb_policy];
}

static bool is_prime(uint32_t n)
{
    for (uint32_t d = 2; (uint64_t)d * d <= n; d++) {
        if (n % d == 0)
            return false;
    }
    return n >= 2;
}

static uint32_t next_prime(uint32_t n)
{
    while (!is_prime(n))
        n++;
    return n;
}

static void check_hash(struct reading *r, const struct cfg_cluster *k)
{
    bool ring = k->lb_policy == CFG_LB_RING_HASH, maglev = k->lb_policy == CFG_LB_MAGLEV;

    if (!ring && !maglev)
        complain_at(r, &k->hash_key, "hash_key: goes with lb_policy ring_hash or maglev only");
    if (!ring)
        complain_at(r, &k->ring_size, "ring_size: goes with lb_policy ring_hash only");
    else if (k->ring_size < k->nendpoint)
        complain_at(
            r, &k->ring_size,
            "ring_size: must be at least the number of endpoints (%u), better 100 times as much, not %u",
            k->nendpoint, k->ring_size);
    if (!maglev)
        complain_at(r, &k->maglev_table, "maglev_table: goes with lb_policy maglev only");
    else if (!is_prime(k->maglev_table))
        complain_at(r, &k->maglev_table, "maglev_table: must be a prime number, not %u; the next one is %u",
                    k->maglev_table, next_prime(k->maglev_table));
    else if (k->maglev_table < k->nendpoint)
        complain_at(
            r, &k->maglev_table,
            "maglev_table: must be at least the number of endpoints (%u), better 100 times as much, not %u",
            k->nendpoint, k->maglev_table);
    if (by_hash(k))
        complain_at(
            r, &k->subset_size,
            "subset_size: does not go with an lb_policy by hash: workers would send the same key elsewhere");
}

static void check_zones(struct reading *r, const struct cfg_cluster *k)
{
    bool near = false;

    for (uint32_t i = 0; i < k->nendpoint; i++) {
        const char *zone = k->endpoint[i].zone;

        if (!place_of(r, &k->prefer_zone))
            complain_at(r, &k->endpoint[i].zone, "zone: has no use without \"prefer_zone\" in the cluster");
        near |= !field_good(r, &k->endpoint[i].zone) ||
                (zone && k->prefer_zone && strcmp(zone, k->prefer_zone) == 0);
    }
    if (!near)
        complain_at(r, &k->prefer_zone, "prefer_zone: no endpoint is in zone \"%s\"", k->prefer_zone);
}

void check_balancing(struct reading *r)
{
    for (uint32_t n = 0; n < r->config->ncluster; n++) {
        const struct cfg_cluster *k = &r->config->cluster[n];
        const struct place *p = place_of(r, &k->endpoint);

        if (field_good(r, &k->lb_policy))
            check_hash(r, k);
        if (p && p->good)
            check_zones(r, k);
    }
}
