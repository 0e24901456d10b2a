/* What SipHash is made of (Aumasson, Bernstein 2012): its state, its start and its round. For siphash.c, over
 * any bytes, and flow_hash.c, over many flow keys at a time. */
#ifndef LACON_BASE_SIP_ROUND_H
#define LACON_BASE_SIP_ROUND_H

#include <stdint.h>

#include "agent/base/siphash.h"

struct sip_state {
    uint64_t a, b, c, d;
};

static inline struct sip_state sip_start(const struct sip_key *key)
{
    return (struct sip_state){
        key->k0 ^ 0x736f6d6570736575u,
        key->k1 ^ 0x646f72616e646f6du,
        key->k0 ^ 0x6c7967656e657261u,
        key->k1 ^ 0x7465646279746573u,
    };
}

static inline uint64_t sip_rotl(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static inline void sip_round(struct sip_state *s)
{
    s->a += s->b;
    s->c += s->d;
    s->b = sip_rotl(s->b, 13) ^ s->a;
    s->d = sip_rotl(s->d, 16) ^ s->c;
    s->a = sip_rotl(s->a, 32);
    s->c += s->b;
    s->a += s->d;
    s->b = sip_rotl(s->b, 17) ^ s->c;
    s->d = sip_rotl(s->d, 21) ^ s->a;
    s->c = sip_rotl(s->c, 32);
}

#endif
