/* SipHash-1-3 of several flow keys at once, one per vector lane. Included by flow_hash_WIDTH.c, each compiled
 * for its instruction set; LANES says how many 64-bit words a vector has there. Words are loaded as they lie
 * in memory: little-endian machines only, as those that have these instruction sets. */
#include "agent/base/flow_hash_wide.h"

typedef uint64_t lanes __attribute__((vector_size(LANES * 8)));

struct lane_state {
    lanes a, b, c, d;
};

static inline lanes lanes_rotl(lanes x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static inline void lane_round(struct lane_state *s)
{
    s->a += s->b;
    s->c += s->d;
    s->b = lanes_rotl(s->b, 13) ^ s->a;
    s->d = lanes_rotl(s->d, 16) ^ s->c;
    s->a = lanes_rotl(s->a, 32);
    s->c += s->b;
    s->a += s->d;
    s->b = lanes_rotl(s->b, 17) ^ s->c;
    s->d = lanes_rotl(s->d, 21) ^ s->a;
    s->c = lanes_rotl(s->c, 32);
}

static inline lanes lane_hash(const struct flow_words *w, const struct sip_state *start, unsigned from)
{
    const lanes zero = {0};
    struct lane_state s = {zero + start->a, zero + start->b, zero + start->c, zero + start->d};
    for (unsigned i = 0; i < FLOW_WORDS; i++) {
        lanes m;
        memcpy(&m, &w->w[i][from], sizeof m);
        s.d ^= m;
        lane_round(&s);
        s.a ^= m;
    }
    s.c ^= zero + 0xff;
    for (unsigned i = 0; i < 3; i++)
        lane_round(&s);
    return s.a ^ s.b ^ s.c ^ s.d;
}
