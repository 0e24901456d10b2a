/* Flow tables: conntable as lacon uses it (its objects are conns) beside DPDK's rte_hash and ck's ck_ht, with
 * the same keys in the same order: lookup (one at a time and in bursts, hits and misses), insert, expire.
 *
 * The three are given alike conditions: memory in huge pages where the kernel has them, room such that the
 * fullest table is about half full (what suits rte_hash and ck_ht best; conntable at its capacity is), and
 * each its own default hash: rte_hash's is CRC32, unkeyed, by instruction; ck_ht's and conntable's, which
 * meet keys that attackers choose, are not. rte_hash and ck_ht hold 40-byte keys by copy and by pointer.
 * A hit in conntable has brought the conn's first line into the cache; in the other two it has not.
 *
 * In bursts: conntable and rte_hash by their own calls. ck_ht has none; what can be done with its calls is to
 * hash all keys of a burst before the first is looked up. None of the three inserts or removes in bursts. */
#include <ck_ht.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/splice/conn.h"
#include "bench/micro/micro.h"
#include "conntable/conntable.h"

#define BURST  32u
#define SAMPLE 8192u /* lookups in one sample: short, so that most are not disturbed */

static const struct sip_key sip = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

struct tables {
    uint32_t n;
    struct flow_key *present, *absent; /* n, SAMPLE */
    uint32_t *order;                   /* SAMPLE: which of `present` are looked up */
    uint32_t at;                       /* progress of the present round in a larger order */
    struct conntable *ct;
    struct rte_hash *rte;
    ck_ht_t ck;
    uint64_t seed;
    uint32_t *slot; /* n: index in ct of present[i] */
};

/* ---- the other tables' surroundings ---- */

#define PAGE_2M (UINT64_C(1) << 21)

static const char heap[] = "bench";
static void *heap_memory;
static size_t heap_bytes;

static void fail(const char *what)
{
    fprintf(stderr, "bench_micro: %s: %s\n", what, rte_strerror(rte_errno));
    exit(1);
}

/* rte_hash takes its memory from DPDK's heaps: one of our own, in huge pages as the others' memory. */
static void start_dpdk(size_t bytes)
{
    char lcores[32];
    snprintf(lcores, sizeof lcores, "0@%d", sched_getcpu());
    char *argv[] = {"bench_micro", "--lcores",    lcores,     "--no-huge",      "-m",
                    "64",          "--no-shconf", "--no-pci", "--no-telemetry", "--log-level=lib.eal:error"};
    if (rte_eal_init(sizeof argv / sizeof *argv, argv) < 0)
        fail("rte_eal_init");
    heap_bytes = (bytes + PAGE_2M - 1) & ~(PAGE_2M - 1);
    uint8_t *p = micro_map(heap_bytes + PAGE_2M);
    heap_memory = (void *)(((uintptr_t)p + PAGE_2M - 1) & ~(uintptr_t)(PAGE_2M - 1));
    if (rte_malloc_heap_create(heap) < 0 ||
        rte_malloc_heap_memory_add(heap, heap_memory, heap_bytes, NULL, (unsigned)(heap_bytes / PAGE_2M),
                                   PAGE_2M) < 0)
        fail("DPDK heap");
}

static struct rte_hash *rte_start(uint32_t n)
{
    struct rte_hash_parameters p = {.name = "bench",
                                    .entries = n + n / 4,
                                    .key_len = sizeof(struct flow_key),
                                    .socket_id = rte_malloc_heap_get_socket(heap)};
    struct rte_hash *h = rte_hash_create(&p);
    if (!h)
        fail("rte_hash_create");
    return h;
}

static void *ck_take(size_t n)
{
    size_t *p = micro_map(n + 64);
    *p = n + 64;
    return p + 8;
}

static void ck_give(void *p, size_t n, bool defer)
{
    size_t *start = (size_t *)p - 8;
    (void)n;
    (void)defer;
    micro_unmap(start, *start);
}

static struct ck_malloc ck_memory = {.malloc = ck_take, .free = ck_give};

static void ck_start(ck_ht_t *h, uint32_t n)
{
    if (!ck_ht_init(h, CK_HT_MODE_BYTESTRING, NULL, &ck_memory, (CK_HT_TYPE)n * 2, 0x1234))
        fail("ck_ht_init");
}

/* ---- keys ---- */

/* A client of an Internet's worth of addresses; `kind` keeps those present and absent apart. */
static struct flow_key key_of(uint64_t *seed, uint8_t kind)
{
    uint64_t r = micro_rnd(seed);
    const uint8_t remote[4] = {(uint8_t)(r >> 8), (uint8_t)(r >> 16), (uint8_t)(r >> 24), (uint8_t)(r >> 32)};
    const uint8_t local[4] = {192, 0, 2, kind};
    return (struct flow_key){ip_from_v4(remote), ip_from_v4(local), (uint16_t)(r >> 40), 80, 0};
}

/* Random ones collide now and then: the conntable says so. */
static void fill(struct tables *t)
{
    for (uint32_t i = 0; i < t->n; i++) {
        do
            t->present[i] = key_of(&t->seed, 1);
        while (ct_lookup(t->ct, &t->present[i]) != CT_NONE);
        t->slot[i] = ct_insert(t->ct, &t->present[i]);
        if (rte_hash_add_key(t->rte, &t->present[i]) < 0)
            fail("rte_hash_add_key");
        ck_ht_entry_t e;
        ck_ht_hash_t hash;
        ck_ht_hash(&hash, &t->ck, &t->present[i], sizeof t->present[i]);
        ck_ht_entry_set(&e, hash, &t->present[i], sizeof t->present[i], &t->present[i]);
        if (!ck_ht_put_spmc(&t->ck, hash, &e))
            fail("ck_ht_put_spmc");
    }
    for (uint32_t i = 0; i < SAMPLE; i++)
        t->absent[i] = key_of(&t->seed, 2);
}

static void tables_start(struct tables *t, uint32_t n)
{
    *t = (struct tables){.n = n, .seed = n};
    t->present = micro_map(n * sizeof *t->present);
    t->absent = micro_alloc(SAMPLE * sizeof *t->absent);
    t->order = micro_alloc(SAMPLE * sizeof *t->order);
    t->slot = micro_alloc(n * sizeof *t->slot);
    t->ct = ct_create(n, sizeof(struct conn), sizeof(struct conn_cold), &sip);
    t->rte = rte_start(n);
    ck_start(&t->ck, n);
    if (!t->ct)
        fail("ct_create");
    fill(t);
}

static void tables_stop(struct tables *t)
{
    ct_destroy(t->ct);
    rte_hash_free(t->rte);
    ck_ht_destroy(&t->ck);
    micro_unmap(t->present, t->n * sizeof *t->present);
    free(t->absent);
    free(t->order);
    free(t->slot);
}

/* ---- lookup ---- */

/* The keys of one sample: random ones, so that each is as cold as the table is large. They are copied out
 * first, as a burst's keys are: what is timed is the table's own misses. */
struct lookup {
    struct tables *t;
    bool miss;
    struct flow_key *key; /* SAMPLE */
};

static void draw(struct lookup *l)
{
    struct tables *t = l->t;
    for (uint32_t i = 0; i < SAMPLE; i++)
        l->key[i] = l->miss ? t->absent[i] : t->present[micro_rnd(&t->seed) % t->n];
}

static void ct_bulk(void *ctx, struct micro_sample *s)
{
    struct lookup *l = ctx;
    const struct flow_key *p[BURST];
    uint32_t out[BURST];
    draw(l);
    micro_begin(s);
    for (uint32_t i = 0; i < SAMPLE; i += BURST) {
        for (uint32_t k = 0; k < BURST; k++)
            p[k] = &l->key[i + k];
        ct_lookup_bulk(l->t->ct, p, BURST, out);
        micro_use(out[0]);
    }
    micro_end(s, SAMPLE);
}

static void rte_bulk(void *ctx, struct micro_sample *s)
{
    struct lookup *l = ctx;
    const void *p[BURST];
    int32_t out[BURST];
    draw(l);
    micro_begin(s);
    for (uint32_t i = 0; i < SAMPLE; i += BURST) {
        for (uint32_t k = 0; k < BURST; k++)
            p[k] = &l->key[i + k];
        (void)rte_hash_lookup_bulk(l->t->rte, p, BURST, out);
        micro_use((uint64_t)out[0]);
    }
    micro_end(s, SAMPLE);
}

static void ck_bulk(void *ctx, struct micro_sample *s)
{
    struct lookup *l = ctx;
    ck_ht_hash_t hash[BURST];
    draw(l);
    micro_begin(s);
    for (uint32_t i = 0; i < SAMPLE; i += BURST) {
        for (uint32_t k = 0; k < BURST; k++)
            ck_ht_hash(&hash[k], &l->t->ck, &l->key[i + k], sizeof l->key[i + k]);
        for (uint32_t k = 0; k < BURST; k++) {
            ck_ht_entry_t e;
            ck_ht_entry_key_set(&e, &l->key[i + k], sizeof l->key[i + k]);
            micro_use(ck_ht_get_spmc(&l->t->ck, hash[k], &e));
        }
    }
    micro_end(s, SAMPLE);
}

static void ct_single(void *ctx, struct micro_sample *s)
{
    struct lookup *l = ctx;
    draw(l);
    micro_begin(s);
    for (uint32_t i = 0; i < SAMPLE; i++)
        micro_use(ct_lookup(l->t->ct, &l->key[i]));
    micro_end(s, SAMPLE);
}

static void rte_single(void *ctx, struct micro_sample *s)
{
    struct lookup *l = ctx;
    draw(l);
    micro_begin(s);
    for (uint32_t i = 0; i < SAMPLE; i++)
        micro_use((uint64_t)rte_hash_lookup(l->t->rte, &l->key[i]));
    micro_end(s, SAMPLE);
}

static void ck_single(void *ctx, struct micro_sample *s)
{
    struct lookup *l = ctx;
    draw(l);
    micro_begin(s);
    for (uint32_t i = 0; i < SAMPLE; i++) {
        ck_ht_entry_t e;
        ck_ht_hash_t hash;
        ck_ht_hash(&hash, &l->t->ck, &l->key[i], sizeof l->key[i]);
        ck_ht_entry_key_set(&e, &l->key[i], sizeof l->key[i]);
        micro_use(ck_ht_get_spmc(&l->t->ck, hash, &e));
    }
    micro_end(s, SAMPLE);
}

/* One round of each is right before it is timed: a table that finds nothing is fast. */
static void check(struct lookup *l)
{
    draw(l);
    for (uint32_t i = 0; i < SAMPLE; i++) {
        ck_ht_entry_t e;
        ck_ht_hash_t hash;
        ck_ht_hash(&hash, &l->t->ck, &l->key[i], sizeof l->key[i]);
        ck_ht_entry_key_set(&e, &l->key[i], sizeof l->key[i]);
        bool ct = ct_lookup(l->t->ct, &l->key[i]) != CT_NONE,
             rte = rte_hash_lookup(l->t->rte, &l->key[i]) >= 0, ck = ck_ht_get_spmc(&l->t->ck, hash, &e);
        if (ct == l->miss || rte == l->miss || ck == l->miss) {
            fprintf(stderr, "bench_micro: tables disagree on key %u\n", i);
            exit(1);
        }
    }
}

static struct micro_case named(const char *what, uint32_t n, const char *who,
                               void (*run)(void *, struct micro_sample *), void *ctx)
{
    struct micro_case c = {.unit = "op", .run = run, .ctx = ctx};
    char size[16];
    snprintf(c.name, sizeof c.name, "table/%s/%s/%s", what, micro_size(n, size), who);
    return c;
}

static void lookups(const struct micro *m, struct tables *t)
{
    struct flow_key *key = micro_alloc(SAMPLE * sizeof *key);
    struct lookup hit = {t, false, key}, miss = {t, true, key};
    check(&hit);
    check(&miss);
    char ratio[64], size[16];
    snprintf(ratio, sizeof ratio, "table/lookup_over_rte_hash/%s", micro_size(t->n, size));
    struct micro_case hits[] = {
        named("lookup_bulk_hit", t->n, "conntable", ct_bulk, &hit),
        named("lookup_bulk_hit", t->n, "rte_hash", rte_bulk, &hit),
        named("lookup_bulk_hit", t->n, "ck_ht", ck_bulk, &hit),
        named("lookup_single_hit", t->n, "conntable", ct_single, &hit),
        named("lookup_single_hit", t->n, "rte_hash", rte_single, &hit),
        named("lookup_single_hit", t->n, "ck_ht", ck_single, &hit),
    };
    micro_run_ratio(m, hits, sizeof hits / sizeof *hits, ratio);
    struct micro_case misses[] = {
        named("lookup_bulk_miss", t->n, "conntable", ct_bulk, &miss),
        named("lookup_bulk_miss", t->n, "rte_hash", rte_bulk, &miss),
        named("lookup_bulk_miss", t->n, "ck_ht", ck_bulk, &miss),
        named("lookup_single_miss", t->n, "conntable", ct_single, &miss),
        named("lookup_single_miss", t->n, "rte_hash", rte_single, &miss),
        named("lookup_single_miss", t->n, "ck_ht", ck_single, &miss),
    };
    micro_run(m, misses, sizeof misses / sizeof *misses);
    free(key);
}

/* ---- insert and expire: a random tenth of the table, or SAMPLE, leaves and comes back ---- */

struct churn {
    struct tables *t;
    uint32_t n, *who; /* distinct ones of present[] */
    bool insert;      /* time the inserts; else the expiries */
};

/* n different ones: a random start and a stride that is coprime to a power of two or prime enough. */
static void choose(struct churn *c)
{
    uint32_t from = (uint32_t)micro_rnd(&c->t->seed), step = (uint32_t)(0x9e3779b1u % c->t->n) | 1;
    while (c->t->n % step == 0 && step > 1)
        step += 2;
    for (uint32_t i = 0; i < c->n; i++)
        c->who[i] = (uint32_t)((from + (uint64_t)i * step) % c->t->n);
}

static void ct_churn(void *ctx, struct micro_sample *s)
{
    struct churn *c = ctx;
    struct tables *t = c->t;
    choose(c);
    if (!c->insert)
        micro_begin(s);
    for (uint32_t i = 0; i < c->n; i++)
        ct_remove(t->ct, t->slot[c->who[i]]);
    if (!c->insert)
        micro_end(s, c->n);
    if (c->insert)
        micro_begin(s);
    for (uint32_t i = 0; i < c->n; i++)
        t->slot[c->who[i]] = ct_insert(t->ct, &t->present[c->who[i]]);
    if (c->insert)
        micro_end(s, c->n);
}

static void rte_churn(void *ctx, struct micro_sample *s)
{
    struct churn *c = ctx;
    struct tables *t = c->t;
    choose(c);
    if (!c->insert)
        micro_begin(s);
    for (uint32_t i = 0; i < c->n; i++)
        (void)rte_hash_del_key(t->rte, &t->present[c->who[i]]);
    if (!c->insert)
        micro_end(s, c->n);
    if (c->insert)
        micro_begin(s);
    for (uint32_t i = 0; i < c->n; i++)
        (void)rte_hash_add_key(t->rte, &t->present[c->who[i]]);
    if (c->insert)
        micro_end(s, c->n);
}

static void ck_churn(void *ctx, struct micro_sample *s)
{
    struct churn *c = ctx;
    struct tables *t = c->t;
    ck_ht_entry_t e;
    ck_ht_hash_t hash;
    choose(c);
    if (!c->insert)
        micro_begin(s);
    for (uint32_t i = 0; i < c->n; i++) {
        struct flow_key *k = &t->present[c->who[i]];
        ck_ht_hash(&hash, &t->ck, k, sizeof *k);
        ck_ht_entry_key_set(&e, k, sizeof *k);
        (void)ck_ht_remove_spmc(&t->ck, hash, &e);
    }
    if (!c->insert)
        micro_end(s, c->n);
    if (c->insert)
        micro_begin(s);
    for (uint32_t i = 0; i < c->n; i++) {
        struct flow_key *k = &t->present[c->who[i]];
        ck_ht_hash(&hash, &t->ck, k, sizeof *k);
        ck_ht_entry_set(&e, hash, k, sizeof *k, k);
        (void)ck_ht_put_spmc(&t->ck, hash, &e);
    }
    if (c->insert)
        micro_end(s, c->n);
}

static void churns(const struct micro *m, struct tables *t)
{
    uint32_t n = t->n / 10 < SAMPLE ? t->n / 10 : SAMPLE;
    struct churn in = {t, n, micro_alloc(n * sizeof(uint32_t)), true}, out = in;
    out.insert = false;
    struct micro_case c[] = {
        named("insert", t->n, "conntable", ct_churn, &in),
        named("insert", t->n, "rte_hash", rte_churn, &in),
        named("insert", t->n, "ck_ht", ck_churn, &in),
        named("expire", t->n, "conntable", ct_churn, &out),
        named("expire", t->n, "rte_hash", rte_churn, &out),
        named("expire", t->n, "ck_ht", ck_churn, &out),
    };
    micro_run(m, c, 6);
    free(in.who);
}

void micro_table(struct micro *m)
{
    static const uint32_t smoke[] = {1u << 10, 0}, quick[] = {1u << 10, 1u << 16, 1u << 20, 0},
                          full[] = {1u << 10, 1u << 12, 1u << 14, 1u << 16, 1u << 18, 1u << 20, 1u << 22, 0};
    const uint32_t *size = m->scale == MICRO_SMOKE ? smoke : m->scale == MICRO_QUICK ? quick : full;
    uint32_t largest = 0;
    for (const uint32_t *n = size; *n; n++)
        largest = *n;
    start_dpdk((size_t)largest * 160 + (64u << 20));
    for (; *size; size++) {
        struct tables t;
        tables_start(&t, *size);
        lookups(m, &t);
        churns(m, &t);
        tables_stop(&t);
    }
}
