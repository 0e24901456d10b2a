/* SipHash-2-4; see siphash.h. No state, any thread. Numbers are little-endian by definition. */
#include "agent/base/siphash.h"

#include <endian.h>
#include <string.h>

#include "agent/base/sip_round.h"

static inline void sip_word(struct sip_state *s, uint64_t m)
{
    s->d ^= m;
    sip_round(s);
    sip_round(s);
    s->a ^= m;
}

uint64_t siphash(const struct sip_key *key, const void *data, size_t n)
{
    struct sip_state s = sip_start(key);
    const uint8_t *p = data, *end = p + (n & ~(size_t)7);
    for (; p != end; p += 8) {
        uint64_t m;
        memcpy(&m, p, 8);
        sip_word(&s, le64toh(m));
    }
    uint64_t last = (uint64_t)n << 56;
    for (unsigned i = 0; i < (n & 7); i++)
        last |= (uint64_t)p[i] << (8 * i);
    sip_word(&s, last);
    s.c ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(&s);
    return s.a ^ s.b ^ s.c ^ s.d;
}

struct sip_key sip_key_for(const uint8_t secret[32], const char *label)
{
    struct sip_key half[2];
    memcpy(half, secret, sizeof half);
    return (struct sip_key){siphash(&half[0], label, strlen(label)), siphash(&half[1], label, strlen(label))};
}
