/* See steer.h. The hash is linear: that of a tuple is the exclusive or of those of its half bytes, which are
 * tabled, 4.6 KiB in all. So it is for ports: with addresses and the endpoint's port fixed, each local port
 * moves the hash by an amount of its own, whatever the rest is. From how often each amount occurs among the
 * local ports, the share of each worker follows for every endpoint that there can be. */
#include "accel/steer.h"

#include <rte_thash.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V4_BYTES   12u /* addresses, ports */
#define V6_BYTES   36u
#define HASH_KEY   4u /* bytes that a hash needs beyond its input's length */
#define PORT_BYTES 4u /* the last ones: source, destination */

struct steer {
    bool does[2]; /* [is it IPv4] */
    uint8_t key[STEER_KEY];
    uint32_t mask, most;
    uint32_t nibble[V6_BYTES * 2][16];
    uint16_t queue[STEER_TABLE];
    uint16_t worker[STEER_TABLE];
};

static void say(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(char *why, const char *format, ...)
{
    size_t n = strlen(why);
    va_list ap;
    va_start(ap, format);
    snprintf(why + n, STEER_WHY - n, "%s", n ? "; " : "");
    n = strlen(why);
    vsnprintf(why + n, STEER_WHY - n, format, ap);
    va_end(ap);
}

/* ---- the hash ---- */

/* Of an input that has one bit alone. */
static uint32_t hash_of_bit(const uint32_t key[], unsigned bit)
{
    uint32_t input[V6_BYTES / 4] = {0};
    input[bit / 32] = 1u << (31 - bit % 32);
    return rte_softrss_be(input, V6_BYTES / 4, (const uint8_t *)key);
}

static void fill_nibbles(struct steer *s, const struct steer_device *d)
{
    uint32_t bytes[STEER_KEY / 4], key[STEER_KEY / 4];
    memcpy(bytes, d->key, sizeof bytes);
    rte_convert_rss_key(bytes, key, sizeof key);
    for (unsigned n = 0; n < V6_BYTES * 2; n++)
        for (unsigned v = 0; v < 16; v++)
            for (unsigned b = 0; b < 4; b++)
                if (v & 8u >> b)
                    s->nibble[n][v] ^= hash_of_bit(key, n * 4 + b);
}

static inline uint32_t hash_part(const struct steer *s, unsigned at, const uint8_t *bytes, unsigned n)
{
    uint32_t h = 0;
    for (unsigned i = 0; i < n; i++)
        h ^= s->nibble[(at + i) * 2][bytes[i] >> 4] ^ s->nibble[(at + i) * 2 + 1][bytes[i] & 15];
    return h;
}

static uint32_t hash_ports(const struct steer *s, unsigned at, uint16_t source, uint16_t destination)
{
    const uint8_t b[4] = {(uint8_t)(source >> 8), (uint8_t)source, (uint8_t)(destination >> 8),
                          (uint8_t)destination};
    return hash_part(s, at, b, 4);
}

uint32_t steer_hash(const struct steer *s, const struct flow_key *k)
{
    if (ip_is_v4(&k->remote))
        return hash_part(s, 0, k->remote.b + 12, 4) ^ hash_part(s, 4, k->local.b + 12, 4) ^
               hash_ports(s, 8, k->remote_port, k->local_port);
    return hash_part(s, 0, k->remote.b, 16) ^ hash_part(s, 16, k->local.b, 16) ^
           hash_ports(s, 32, k->remote_port, k->local_port);
}

unsigned steer_queue(const struct steer *s, uint32_t hash)
{
    return s->queue[hash & s->mask];
}

unsigned steer_owner(const struct steer *s, const struct flow_key *k)
{
    return s->worker[steer_hash(s, k) & s->mask];
}

bool steer_does(const struct steer *s, bool v4)
{
    return s->does[v4];
}

bool steer_same(const struct steer *s, const struct steer_device *d)
{
    return d->table_len == s->mask + 1 && memcmp(d->key, s->key, sizeof s->key) == 0 &&
           memcmp(d->table, s->queue, d->table_len * sizeof *d->table) == 0 && (d->v4 || !s->does[true]) &&
           (d->v6 || !s->does[false]);
}

uint32_t steer_most_ports(const struct steer *s)
{
    return s->most;
}

size_t steer_memory(const struct steer *s)
{
    return sizeof *s;
}

/* ---- what a device must be like ---- */

/* Why the device cannot be steered at all; false: it might be. */
static bool refused(const struct steer_device *d, unsigned nworkers, char *why)
{
    if (nworkers < 2)
        say(why, "one worker has all frames");
    else if (d->why[0])
        say(why, "%s", d->why);
    else if (d->queues < nworkers)
        say(why, "%u receive queue%s for %u workers", d->queues, d->queues == 1 ? "" : "s", nworkers);
    else if (d->table_len == 0 || d->table_len > STEER_TABLE || (d->table_len & (d->table_len - 1)))
        say(why, "an indirection table of %u entries is not understood", d->table_len);
    else if (!d->v4 && !d->v6)
        say(why, "the device does not hash TCP ports");
    else
        return false;
    return true;
}

static bool fill_table(struct steer *s, const struct steer_device *d, unsigned nworkers, char *why)
{
    s->mask = d->table_len - 1;
    for (uint32_t i = 0; i < d->table_len; i++) {
        if (d->table[i] >= d->queues) {
            say(why, "the indirection table names queue %u of %u", d->table[i], d->queues);
            return false;
        }
        s->queue[i] = d->table[i];
        s->worker[i] = (uint16_t)(d->table[i] % nworkers);
    }
    return true;
}

/* By how much a local port moves the hash: how many ports, for each value of the lowest bits. */
static void count_moves(const struct steer *s, bool v4, uint16_t lo, uint16_t hi, uint32_t moves[])
{
    unsigned at = (v4 ? V4_BYTES : V6_BYTES) - PORT_BYTES;
    memset(moves, 0, (s->mask + 1) * sizeof *moves);
    for (uint32_t port = lo; port <= hi; port++)
        moves[hash_ports(s, at, 0, (uint16_t)port) & s->mask]++;
}

struct shares {
    uint32_t least, most;
};

/* The smallest and the largest share that a worker has toward any endpoint: for each hash that the rest of
 * the tuple may leave. */
static struct shares shares_of(const struct steer *s, const uint32_t moves[], unsigned nworkers,
                               uint32_t ports[])
{
    struct shares out = {UINT32_MAX, 0};
    for (uint32_t rest = 0; rest <= s->mask; rest++) {
        memset(ports, 0, nworkers * sizeof *ports);
        for (uint32_t m = 0; m <= s->mask; m++)
            ports[s->worker[rest ^ m]] += moves[m];
        for (unsigned w = 0; w < nworkers; w++) {
            out.least = ports[w] < out.least ? ports[w] : out.least;
            out.most = ports[w] > out.most ? ports[w] : out.most;
        }
    }
    return out;
}

static bool key_is_long_enough(const struct steer_device *d, bool v4)
{
    return d->key_len <= STEER_KEY && d->key_len >= (v4 ? V4_BYTES : V6_BYTES) + HASH_KEY;
}

/* Can this family be steered? Says what came of it. */
static bool take_family(struct steer *s, const struct steer_device *d, bool v4, unsigned nworkers,
                        uint16_t lo, uint16_t hi, char *why)
{
    const char *family = v4 ? "IPv4" : "IPv6";
    if (!(v4 ? d->v4 : d->v6)) {
        say(why, "%s: not hashed by ports", family);
        return false;
    }
    if (!key_is_long_enough(d, v4)) {
        say(why, "%s: a key of %u bytes is not understood", family, d->key_len);
        return false;
    }
    uint32_t *moves = calloc(s->mask + 1u + nworkers, sizeof *moves);
    if (!moves)
        return false;
    count_moves(s, v4, lo, hi, moves);
    struct shares share = shares_of(s, moves, nworkers, moves + s->mask + 1);
    free(moves);
    uint32_t equal = (hi - lo + 1u) / nworkers;
    if (share.least < (equal + 1) / 2) {
        say(why, "%s: key and table leave a worker %u local ports of %u", family, share.least, equal);
        return false;
    }
    s->most = share.most > s->most ? share.most : s->most;
    say(why, "%s: steered, %u to %u local ports for a worker", family, share.least, share.most);
    return true;
}

struct steer *steer_create(const struct steer_device *d, unsigned nworkers, uint16_t port_lo,
                           uint16_t port_hi, char *why)
{
    why[0] = '\0';
    if (refused(d, nworkers, why))
        return NULL;
    struct steer *s = calloc(1, sizeof *s);
    if (!s) {
        say(why, "not enough memory");
        return NULL;
    }
    memcpy(s->key, d->key, sizeof s->key);
    if (fill_table(s, d, nworkers, why)) {
        fill_nibbles(s, d);
        s->does[true] = take_family(s, d, true, nworkers, port_lo, port_hi, why);
        s->does[false] = take_family(s, d, false, nworkers, port_lo, port_hi, why);
    }
    if (s->does[true] || s->does[false])
        return s;
    steer_destroy(s);
    return NULL;
}

void steer_destroy(struct steer *s)
{
    free(s);
}
