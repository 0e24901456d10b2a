/* conntable against a naive map, at its exact capacity, and with keys chosen to collide. */
#include <criterion/criterion.h>
#include <errno.h>

#include "agent/base/flow_hash.h"
#include "conntable/conntable.h"

static const struct sip_key sip = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

static struct flow_key key_of(uint32_t i)
{
    const uint8_t remote[4] = {10, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8)};
    const uint8_t local[4] = {192, 0, 2, 1};
    return (struct flow_key){ip_from_v4(remote), ip_from_v4(local), (uint16_t)(1024 + (i & 0xff)), 80, 0};
}

static uint64_t next_random(uint64_t *s)
{
    uint64_t z = (*s += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static bool all_zero(const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++)
        if (b[i])
            return false;
    return true;
}

/* ---- against a naive map ---- */

enum { UNIVERSE = 700, OBJ = 136 };

struct model {
    struct conntable *t;
    uint32_t count;
    uint32_t at[UNIVERSE];  /* index of the key's object, CT_NONE: absent */
    uint32_t gen[UNIVERSE]; /* as it was when inserted */
};

static void model_check(const struct model *m)
{
    cr_assert_eq(ct_count(m->t), m->count);
    for (uint32_t i = 0; i < UNIVERSE; i++) {
        struct flow_key k = key_of(i);
        cr_assert_eq(ct_lookup(m->t, &k), m->at[i], "key %u", i);
        if (m->at[i] == CT_NONE)
            continue;
        const uint8_t *obj = ct_obj(m->t, m->at[i]);
        struct flow_key at = ct_key(m->t, m->at[i]);
        cr_assert(flow_key_eq(&at, &k));
        cr_assert(ct_is(m->t, m->at[i], &k));
        cr_assert(ip_eq(ct_remote(m->t, m->at[i]), &k.remote));
        cr_assert_eq(ct_gen(m->t, m->at[i]), m->gen[i]);
        for (unsigned b = 0; b < OBJ; b++)
            cr_assert_eq(obj[b], (uint8_t)(i + 1), "object of key %u was disturbed", i);
    }
}

static void model_insert(struct model *m, uint32_t i)
{
    struct flow_key k = key_of(i);
    uint32_t idx = ct_insert(m->t, &k);
    if (m->count == ct_capacity(m->t)) {
        cr_assert_eq(idx, CT_NONE);
        return;
    }
    cr_assert_lt(idx, ct_capacity(m->t));
    cr_assert(all_zero(ct_obj(m->t, idx), OBJ));
    memset(ct_obj(m->t, idx), (int)(i + 1), OBJ);
    m->at[i] = idx;
    m->gen[i] = ct_gen(m->t, idx);
    m->count++;
}

static void model_remove(struct model *m, uint32_t i)
{
    ct_remove(m->t, m->at[i]);
    m->at[i] = CT_NONE;
    m->count--;
}

/* `cap` below the universe, so that the table is full for long stretches. */
static void model_run(uint32_t cap, unsigned ops, uint64_t seed)
{
    static struct model m;
    m = (struct model){.t = ct_create(cap, OBJ, 0, &sip)};
    cr_assert_not_null(m.t);
    memset(m.at, 0xff, sizeof m.at);
    for (unsigned op = 0; op < ops; op++) {
        uint32_t i = (uint32_t)(next_random(&seed) % UNIVERSE);
        if (m.at[i] == CT_NONE)
            model_insert(&m, i);
        else
            model_remove(&m, i);
        if (op % 997 == 0)
            model_check(&m);
    }
    model_check(&m);
    ct_destroy(m.t);
}

Test(conntable, behaves_as_a_map)
{
    static const uint32_t cap[] = {1, 5, 32, 128, 300, 1000};
    for (unsigned i = 0; i < sizeof cap / sizeof cap[0]; i++)
        model_run(cap[i], 60000, i + 1);
}

/* ---- capacity ---- */

static void fill_exactly(uint32_t cap)
{
    struct conntable *t = ct_create(cap, 24, 0, &sip);
    cr_assert_not_null(t);
    bool *seen = calloc(cap, sizeof *seen);
    cr_assert_not_null(seen);
    for (uint32_t i = 0; i < cap; i++) {
        struct flow_key k = key_of(i);
        uint32_t idx = ct_insert(t, &k);
        cr_assert_lt(idx, cap);
        cr_assert_not(seen[idx]);
        seen[idx] = true;
        memcpy(ct_obj(t, idx), &i, sizeof i);
    }
    for (uint32_t i = cap; i < cap + 100; i++) {
        struct flow_key k = key_of(i);
        cr_assert_eq(ct_insert(t, &k), CT_NONE);
        cr_assert_eq(ct_lookup(t, &k), CT_NONE);
    }
    cr_assert_eq(ct_count(t), cap);
    for (uint32_t i = 0; i < cap; i++) {
        struct flow_key k = key_of(i);
        uint32_t idx = ct_lookup(t, &k);
        cr_assert_lt(idx, cap);
        cr_assert_eq(memcmp(ct_obj(t, idx), &i, sizeof i), 0);
    }
    struct flow_key k = key_of(0), other = key_of(cap);
    uint32_t idx = ct_lookup(t, &k);
    ct_remove(t, idx);
    cr_assert_eq(ct_insert(t, &other), idx, "the one free slot is used");
    cr_assert_eq(ct_lookup(t, &k), CT_NONE);
    free(seen);
    ct_destroy(t);
}

Test(conntable, full_is_exactly_the_capacity)
{
    static const uint32_t cap[] = {1, 2, 7, 8, 9, 31, 33, 64, 1000, 4096, 50000};
    for (unsigned i = 0; i < sizeof cap / sizeof cap[0]; i++)
        fill_exactly(cap[i]);
}

Test(conntable, refuses_impossible_sizes)
{
    errno = 0;
    cr_assert_null(ct_create(0, 8, 0, &sip));
    cr_assert_eq(errno, EINVAL);
    errno = 0;
    cr_assert_null(ct_create(CT_CAP_MAX + 1, 8, 0, &sip));
    cr_assert_eq(errno, EINVAL);
    static const size_t too_big[] = {SIZE_MAX, SIZE_MAX - 100, SIZE_MAX / 2};
    for (unsigned i = 0; i < 3; i++) {
        errno = 0;
        cr_assert_null(ct_create(1000, too_big[i], 0, &sip));
        cr_assert_eq(errno, ENOMEM);
    }
    ct_destroy(NULL);
}

Test(conntable, objects_are_aligned_and_apart)
{
    static const size_t size[] = {0, 1, 8, 63, 64, 65, 200};
    for (unsigned s = 0; s < sizeof size / sizeof size[0]; s++) {
        struct conntable *t = ct_create(16, size[s], 0, &sip);
        for (uint32_t i = 0; i < 16; i++) {
            struct flow_key k = key_of(i);
            uint32_t idx = ct_insert(t, &k);
            cr_assert_eq((uintptr_t)ct_obj(t, idx) % 64, 0);
            memset(ct_obj(t, idx), 0xa0 + (int)i, size[s]);
        }
        for (uint32_t i = 0; i < 16; i++) {
            struct flow_key k = key_of(i);
            uint32_t idx = ct_lookup(t, &k);
            const uint8_t *obj = ct_obj(t, idx);
            for (size_t b = 0; b < size[s]; b++)
                cr_assert_eq(obj[b], (uint8_t)(0xa0 + i));
        }
        ct_destroy(t);
    }
}

/* ---- generations ---- */

Test(conntable, a_generation_names_one_occupant)
{
    struct conntable *t = ct_create(1, 8, 0, &sip);
    struct flow_key k = key_of(1);
    uint32_t last = ct_gen(t, 0);
    for (unsigned i = 0; i < 1000; i++) {
        cr_assert_eq(ct_insert(t, &k), 0);
        cr_assert_eq(ct_gen(t, 0) % 2, 1);
        cr_assert_eq(ct_gen(t, 0), last + 1);
        ct_remove(t, 0);
        cr_assert_eq(ct_gen(t, 0), last + 2);
        last += 2;
    }
    ct_destroy(t);
}

/* ---- bulk ---- */

Test(conntable, bulk_is_as_single)
{
    struct conntable *t = ct_create(512, 16, 0, &sip);
    for (uint32_t i = 0; i < 1024; i += 2) {
        struct flow_key k = key_of(i);
        cr_assert_neq(ct_insert(t, &k), CT_NONE);
    }
    uint64_t seed = 7;
    for (unsigned round = 0; round < 500; round++) {
        struct flow_key k[CT_BULK];
        const struct flow_key *p[CT_BULK];
        uint32_t out[CT_BULK + 1];
        unsigned n = (unsigned)(next_random(&seed) % (CT_BULK + 1));
        memset(out, 0x5a, sizeof out);
        for (unsigned i = 0; i < n; i++) {
            k[i] = key_of((uint32_t)(next_random(&seed) % 1024));
            p[i] = i % 5 == 4 ? p[i - 1] : &k[i]; /* the same key twice in one burst */
        }
        ct_lookup_bulk(t, p, n, out);
        for (unsigned i = 0; i < n; i++)
            cr_assert_eq(out[i], ct_lookup(t, p[i]));
        cr_assert_eq(out[n], 0x5a5a5a5a, "wrote past n");
    }
    ct_destroy(t);
}

/* ---- keys chosen to collide (layout: conntable.h) ---- */

enum { COLLIDING = 20, BUCKETS = 8 }; /* 20 keys: 8 lanes and a list of 12; capacity 32 makes 8 buckets */

/* The next key from *i on whose hash has these bits. */
static struct flow_key key_with(uint32_t *i, uint64_t bits, uint64_t mask)
{
    for (;;) {
        struct flow_key k = key_of((*i)++);
        if ((flow_hash(&sip, &k) & mask) == bits)
            return k;
    }
}

static void check_present(const struct conntable *t, const struct flow_key *k, const uint32_t *at, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        cr_assert_eq(ct_lookup(t, &k[i]), at[i], "key %u", i);
}

/* Inserts all, removes all in the order given by step (coprime to n) and sees that the others stay found;
 * then once more, which must find the table as good as new. */
static void collide(const struct flow_key *k, unsigned n, unsigned step)
{
    struct conntable *t = ct_create(4 * BUCKETS, 16, 0, &sip);
    uint32_t at[COLLIDING];
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < n; i++) {
            cr_assert_eq(ct_lookup(t, &k[i]), CT_NONE);
            at[i] = ct_insert(t, &k[i]);
            cr_assert_neq(at[i], CT_NONE);
            check_present(t, k, at, i + 1);
        }
        for (unsigned i = 0, victim = step - 1; i < n; i++, victim = (victim + step) % n) {
            ct_remove(t, at[victim]);
            at[victim] = CT_NONE;
            check_present(t, k, at, n);
        }
        cr_assert_eq(ct_count(t), 0);
    }
    ct_destroy(t);
}

Test(conntable, one_bucket_for_all)
{
    struct flow_key k[COLLIDING];
    uint32_t from = 0;
    for (unsigned i = 0; i < COLLIDING; i++)
        k[i] = key_with(&from, 3, BUCKETS - 1);
    static const unsigned steps[] = {1, 3, 7, 9, 11, 13, 19}; /* 19: backwards */
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++)
        collide(k, COLLIDING, steps[i]);
}

Test(conntable, one_bucket_and_one_tag_for_all)
{
    enum { SAME = 11 };
    struct flow_key k[SAME];
    uint32_t from = 0;
    const uint64_t mask = UINT64_C(0xffff) << 48 | (BUCKETS - 1);
    struct flow_key first = key_of(0);
    uint64_t bits = flow_hash(&sip, &first) & mask;
    for (unsigned i = 0; i < SAME; i++)
        k[i] = key_with(&from, bits, mask);
    for (unsigned step = 1; step < SAME; step++)
        collide(k, SAME, step);
}

/* Tag 0 marks an empty lane, so a hash of tag 0 is filed under 1: beside the real ones. */
Test(conntable, a_hash_without_tag)
{
    struct flow_key k[4];
    uint32_t from = 0;
    const uint64_t mask = UINT64_C(0xffff) << 48 | (BUCKETS - 1);
    for (unsigned i = 0; i < 4; i++)
        k[i] = key_with(&from, i % 2 ? UINT64_C(1) << 48 : 0, mask);
    for (unsigned step = 1; step < 4; step += 2)
        collide(k, 4, step);
}

/* ---- local addresses ---- */

enum { LOCALS = 4096 };

static struct flow_key key_at(uint32_t local)
{
    struct flow_key k = key_of(7);
    for (unsigned i = 0; i < 4; i++)
        k.local.b[15 - i] = (uint8_t)(local >> 8 * i);
    return k;
}

/* Keys that differ in the local address alone; as many of these as there may be, and given back. */
Test(conntable, local_addresses)
{
    struct conntable *t = ct_create(2 * LOCALS, 8, 0, &sip);
    uint32_t at[LOCALS + 1];
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < LOCALS; i++) {
            struct flow_key k = key_at(i + 1000 * round);
            at[i] = ct_insert(t, &k);
            cr_assert_neq(at[i], CT_NONE, "address %u", i);
        }
        struct flow_key one_more = key_at(1u << 31), known = key_at(1000 * round);
        cr_assert_eq(ct_insert(t, &one_more), CT_NONE);
        cr_assert_eq(ct_lookup(t, &one_more), CT_NONE);
        known.remote_port++;
        at[LOCALS] = ct_insert(t, &known);
        cr_assert_neq(at[LOCALS], CT_NONE, "an address that has its number");
        for (uint32_t i = 0; i < LOCALS; i++) {
            struct flow_key k = key_at(i + 1000 * round), seen = ct_key(t, at[i]);
            cr_assert_eq(ct_lookup(t, &k), at[i]);
            cr_assert(flow_key_eq(&seen, &k));
        }
        ct_remove(t, at[0]);
        cr_assert_eq(ct_insert(t, &one_more), CT_NONE, "another key has the address still");
        ct_remove(t, at[LOCALS]);
        cr_assert_neq(at[0] = ct_insert(t, &one_more), CT_NONE);
        for (uint32_t i = 0; i < LOCALS; i++)
            ct_remove(t, at[i]);
    }
    cr_assert_eq(ct_count(t), 0);
    ct_destroy(t);
}

/* ---- peek, with nobody writing meanwhile ---- */

Test(conntable, peek_copies_slots_in_use)
{
    struct conntable *t = ct_create(4, 40, 0, &sip);
    struct flow_key k = key_of(9), seen;
    uint8_t obj[48];
    for (uint32_t i = 0; i < 4; i++)
        cr_assert_not(ct_peek(t, i, &seen, obj, 40, NULL));
    uint32_t idx = ct_insert(t, &k);
    for (unsigned b = 0; b < 40; b++)
        ((uint8_t *)ct_obj(t, idx))[b] = (uint8_t)(b + 1);
    for (size_t n = 0; n <= 40; n++) {
        memset(obj, 0xee, sizeof obj);
        cr_assert(ct_peek(t, idx, &seen, obj, n, NULL));
        cr_assert(flow_key_eq(&seen, &k));
        for (size_t b = 0; b < sizeof obj; b++)
            cr_assert_eq(obj[b], (uint8_t)(b < n ? b + 1 : 0xee));
    }
    ct_remove(t, idx);
    cr_assert_not(ct_peek(t, idx, &seen, obj, 40, NULL));
    ct_destroy(t);
}

/* ---- keyed ---- */

enum { CRAFTED = 100000, CRAFTED_BITS = 5 };

/* Keys whose hash under `sip` ends in CRAFTED_BITS zeros: what an attacker would send who knew it. */
static void craft(struct flow_key *out)
{
    uint32_t n = 0;
    for (uint64_t i = 0; n < CRAFTED; i++) {
        struct flow_key k = key_of((uint32_t)i);
        if ((flow_hash(&sip, &k) & ((1u << CRAFTED_BITS) - 1)) == 0)
            out[n++] = k;
    }
}

static uint32_t longest_under(const struct sip_key *key, const struct flow_key *k)
{
    struct conntable *t = ct_create(CRAFTED, 8, 0, key);
    for (uint32_t i = 0; i < CRAFTED; i++)
        cr_assert_neq(ct_insert(t, &k[i]), CT_NONE);
    uint32_t most = ct_longest(t);
    ct_destroy(t);
    return most;
}

/* A hundred thousand flows made to collide under one key fill 1 bucket in 32 of it, and spread under another
 * as any flows do. */
Test(conntable, flows_made_to_collide_under_one_key_spread_under_another)
{
    static struct flow_key k[CRAFTED];
    struct sip_key other = {sip.k0 ^ 1, sip.k1};
    craft(k);
    cr_expect_gt(longest_under(&sip, k), 60, "the flows do collide under the key they were made for");
    cr_expect_lt(longest_under(&other, k), 20, "and under no other");
}
