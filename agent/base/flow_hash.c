/* See flow_hash.h. No state, any thread. */
#include "agent/base/flow_hash_wide.h"

#include <assert.h>
#include <endian.h>
#include <stddef.h>

#define KEY_BYTES offsetof(struct flow_key, pad)
#define FEW       3u /* keys that are hashed sooner one by one than side by side */

_Static_assert(KEY_BYTES == 36 && offsetof(struct flow_key, remote_port) == 32,
               "addresses, then both ports, then padding");

static inline uint64_t word_of(const struct flow_key *k, unsigned i)
{
    uint64_t m = 0;
    memcpy(&m, (const uint8_t *)k + 8 * i, 8);
    return le64toh(m);
}

/* The last message word: the rest of the bytes, and the length in the top byte. */
static inline uint64_t last_word(const struct flow_key *k)
{
    uint32_t ports;
    memcpy(&ports, (const uint8_t *)k + 32, 4);
    return le32toh(ports) | (uint64_t)KEY_BYTES << 56;
}

uint64_t flow_hash(const struct sip_key *key, const struct flow_key *k)
{
    struct sip_state s = sip_start(key);
    for (unsigned i = 0; i < FLOW_WORDS; i++) {
        uint64_t m = i < 4 ? word_of(k, i) : last_word(k);
        s.d ^= m;
        sip_round(&s);
        s.a ^= m;
    }
    s.c ^= 0xff;
    for (unsigned i = 0; i < 3; i++)
        sip_round(&s);
    return s.a ^ s.b ^ s.c ^ s.d;
}

#ifdef __x86_64__
static void transpose(struct flow_words *w, const struct flow_key *const k[], unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < 4; j++)
            w->w[j][i] = word_of(k[i], j);
        w->w[4][i] = last_word(k[i]);
    }
    for (; n % 8; n++) /* lanes beyond the last key: anything that is initialised */
        for (unsigned j = 0; j < FLOW_WORDS; j++)
            w->w[j][n] = 0;
}

static bool side_by_side(const struct sip_key *key, const struct flow_key *const k[], unsigned n,
                         uint64_t out[])
{
    bool avx512 = __builtin_cpu_supports("avx512f");
    if (n <= FEW || (!avx512 && !__builtin_cpu_supports("avx2")))
        return false;
    struct flow_words w;
    uint64_t hash[FLOW_HASH_BULK];
    struct sip_state start = sip_start(key);
    transpose(&w, k, n);
    if (avx512)
        flow_hash_avx512(&w, &start, n, hash);
    else
        flow_hash_avx2(&w, &start, n, hash);
    memcpy(out, hash, n * sizeof *out);
    return true;
}
#else
static bool side_by_side(const struct sip_key *key, const struct flow_key *const k[], unsigned n,
                         uint64_t out[])
{
    (void)key;
    (void)k;
    (void)n;
    (void)out;
    return false;
}
#endif

void flow_hash_bulk(const struct sip_key *key, const struct flow_key *const k[], unsigned n, uint64_t out[])
{
    assert(n <= FLOW_HASH_BULK);
    if (side_by_side(key, k, n, out))
        return;
    for (unsigned i = 0; i < n; i++)
        out[i] = flow_hash(key, k[i]);
}
