#include "tests/sim/rss.h"

#include <string.h>

void rss_draw(struct steer_device *d, struct rng *r, unsigned queues)
{
    memset(d, 0, sizeof *d);
    d->v4 = d->v6 = true;
    d->queues = queues;
    d->key_len = rng_below(r, 2) ? 52 : 40;
    for (unsigned i = 0; i < d->key_len; i++)
        d->key[i] = (uint8_t)rng_below(r, 256);
    d->table_len = 64u << rng_below(r, 4);
    for (uint32_t i = 0; i < d->table_len; i++) {
        uint32_t k = (uint32_t)rng_below(r, i + 1);
        d->table[i] = d->table[k];
        d->table[k] = (uint16_t)(i % queues);
    }
}

/* For each bit that is set, the 32 bits of the key that begin there. */
static uint32_t toeplitz(const uint8_t *key, const uint8_t *in, unsigned n)
{
    uint32_t h = 0, window = (uint32_t)key[0] << 24 | (uint32_t)key[1] << 16 | (uint32_t)key[2] << 8 | key[3];
    for (unsigned bit = 0; bit < n * 8; bit++) {
        if (in[bit / 8] & 0x80u >> bit % 8)
            h ^= window;
        window = window << 1 | ((uint32_t)key[4 + bit / 8] >> (7 - bit % 8) & 1u);
    }
    return h;
}

unsigned rss_queue(const struct steer_device *d, const uint8_t *p, uint32_t n)
{
    uint8_t in[36];
    unsigned addresses = 0, at = 0, transport = 0;
    if (n >= 54 && p[12] == 0x08 && p[13] == 0 && p[14] == 0x45 && p[23] == 6) {
        addresses = 8;
        at = 26;
        transport = 34;
    } else if (n >= 74 && p[12] == 0x86 && p[13] == 0xdd && p[20] == 6) {
        addresses = 32;
        at = 22;
        transport = 54;
    } else {
        return d->table[0];
    }
    memcpy(in, p + at, addresses);
    memcpy(in + addresses, p + transport, 4);
    return d->table[toeplitz(d->key, in, addresses + 4) & (d->table_len - 1)];
}
