/* rng: the only source of randomness of a simulation (xorshift64*, seeded through splitmix64). One seed
 * decides a whole run, so every part draws from the one generator of its `struct sim`. */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t s;
};

static inline void rng_seed(struct rng *r, uint64_t seed)
{
    uint64_t z = seed + 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    r->s = (z ^ (z >> 31)) | 1;
}

static inline uint64_t rng_next(struct rng *r)
{
    r->s ^= r->s >> 12;
    r->s ^= r->s << 25;
    r->s ^= r->s >> 27;
    return r->s * 0x2545f4914f6cdd1dull;
}

static inline uint32_t rng_u32(struct rng *r)
{
    return (uint32_t)(rng_next(r) >> 32);
}

/* 0 .. n-1; 0 when n is 0. */
static inline uint64_t rng_below(struct rng *r, uint64_t n)
{
    return n ? (rng_next(r) >> 11) % n : 0;
}

/* lo .. hi, both included. */
static inline uint64_t rng_range(struct rng *r, uint64_t lo, uint64_t hi)
{
    return lo + rng_below(r, hi - lo + 1);
}

/* True n times in 1000. */
static inline bool rng_permille(struct rng *r, unsigned n)
{
    return rng_below(r, 1000) < n;
}

#endif
