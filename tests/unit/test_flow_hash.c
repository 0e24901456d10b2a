/* flow_hash is SipHash-1-3 of the 36 bytes that are not padding, however many keys are hashed side by side
 * and whatever the CPU can do. The yardstick is a plain SipHash of any number of rounds, written byte by byte
 * from its definition and first held against siphash.h, which has the designers' vectors. */
#include <criterion/criterion.h>

#include "agent/base/flow_hash_wide.h"
#include "tests/unit/rnd.h"

static uint64_t rotl(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static void rounds(uint64_t v[4], unsigned n)
{
    while (n--) {
        v[0] += v[1], v[1] = rotl(v[1], 13), v[1] ^= v[0], v[0] = rotl(v[0], 32);
        v[2] += v[3], v[3] = rotl(v[3], 16), v[3] ^= v[2];
        v[0] += v[3], v[3] = rotl(v[3], 21), v[3] ^= v[0];
        v[2] += v[1], v[1] = rotl(v[1], 17), v[1] ^= v[2], v[2] = rotl(v[2], 32);
    }
}

static uint64_t plain(const struct sip_key *k, const uint8_t *p, size_t n, unsigned c, unsigned d)
{
    uint64_t v[4] = {k->k0 ^ 0x736f6d6570736575u, k->k1 ^ 0x646f72616e646f6du, k->k0 ^ 0x6c7967656e657261u,
                     k->k1 ^ 0x7465646279746573u};
    for (size_t i = 0; i <= n / 8; i++) {
        uint64_t m = i == n / 8 ? (uint64_t)n << 56 : 0;
        for (size_t b = 0; b < 8 && i * 8 + b < n; b++)
            m |= (uint64_t)p[i * 8 + b] << 8 * b;
        v[3] ^= m;
        rounds(v, c);
        v[0] ^= m;
    }
    v[2] ^= 0xff;
    rounds(v, d);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t seed = 1;

static struct sip_key random_key(void)
{
    return (struct sip_key){rnd(&seed), rnd(&seed)};
}

static void random_flow(struct flow_key *k)
{
    rnd_fill(&seed, (uint8_t *)k, sizeof *k);
    k->pad = 0;
}

Test(flow_hash, the_yardstick_is_siphash)
{
    uint8_t in[40];
    for (unsigned n = 0; n <= sizeof in; n++) {
        struct sip_key key = random_key();
        rnd_fill(&seed, in, n);
        cr_assert_eq(plain(&key, in, n, 2, 4), siphash(&key, in, n), "length %u", n);
    }
}

Test(flow_hash, one_key_is_siphash_1_3)
{
    for (unsigned i = 0; i < 1000; i++) {
        struct sip_key key = random_key();
        struct flow_key k;
        random_flow(&k);
        cr_assert_eq(flow_hash(&key, &k), plain(&key, (const uint8_t *)&k, 36, 1, 3));
    }
}

Test(flow_hash, a_burst_is_as_one_by_one)
{
    for (unsigned n = 0; n <= FLOW_HASH_BULK; n++) {
        struct sip_key key = random_key();
        struct flow_key k[FLOW_HASH_BULK];
        const struct flow_key *p[FLOW_HASH_BULK];
        uint64_t out[FLOW_HASH_BULK + 1];
        memset(out, 0x5a, sizeof out);
        for (unsigned i = 0; i < n; i++) {
            random_flow(&k[i]);
            p[i] = &k[n - 1 - i];
        }
        flow_hash_bulk(&key, p, n, out);
        for (unsigned i = 0; i < n; i++)
            cr_assert_eq(out[i], flow_hash(&key, p[i]), "key %u of %u", i, n);
        cr_assert_eq(out[n], 0x5a5a5a5a5a5a5a5a, "wrote past n");
    }
}

/* The burst takes the widest; the narrower has its turn here. */
#ifdef __x86_64__
Test(flow_hash, avx2_is_as_plain)
{
    if (!__builtin_cpu_supports("avx2"))
        cr_skip_test("no AVX2 here");
    struct sip_key key = random_key();
    struct sip_state start = {key.k0 ^ 0x736f6d6570736575u, key.k1 ^ 0x646f72616e646f6du,
                              key.k0 ^ 0x6c7967656e657261u, key.k1 ^ 0x7465646279746573u};
    struct flow_words w;
    struct flow_key k[FLOW_HASH_BULK];
    uint64_t out[FLOW_HASH_BULK];
    memset(&w, 0, sizeof w);
    for (unsigned i = 0; i < FLOW_HASH_BULK; i++) {
        random_flow(&k[i]);
        for (unsigned j = 0; j < FLOW_WORDS; j++)
            memcpy(&w.w[j][i], (const uint8_t *)&k[i] + 8 * j, 8);
        w.w[4][i] |= UINT64_C(36) << 56;
    }
    flow_hash_avx2(&w, &start, FLOW_HASH_BULK, out);
    for (unsigned i = 0; i < FLOW_HASH_BULK; i++)
        cr_assert_eq(out[i], flow_hash(&key, &k[i]), "key %u", i);
}
#endif
