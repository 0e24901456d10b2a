/* See halfopen.h.
 *
 * Layout: buckets of HALF_WAYS entries, chosen by a keyed hash, so nobody outside can aim at one. Cookie, 32
 * bits, sent as our initial sequence number:
 *
 *    31                    10 9     8 7  6    5    2 1    0
 *   +------------------------+-------+----+-------+------+
 *   | keyed hash (22 bits)   | epoch | S  | wscale | mss |   epoch: 3 bits (9..7), S: SACK (6), wscale + 1: 4
 * bits (5..2)
 *   +------------------------+-------+----+-------+------+
 *
 * the hash covers the four-tuple, the client's initial sequence number and the low ten bits. The epoch counts
 * 8 s; a cookie is good for the epoch it was made in and the next. */
#include "agent/splice/halfopen.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/mutant.h"
#include "agent/base/timer.h"

#define HALF_WAYS      8u
#define HALF_LIFE_NS   (10 * SEC_NS) /* an entry this old may be replaced */
#define COOKIE_EPOCH   (8 * SEC_NS)
#define COOKIE_LIFE_NS (2 * COOKIE_EPOCH)
#define TOMB_SETS      8192u
#define TOMB_WAYS      8u

struct entry {
    struct handshake h;
    uint64_t since_ns;
    bool used;
};

struct tomb {
    uint64_t print; /* keyed hash of the four-tuple */
    uint64_t until_ns;
};

/* Where a set has no room for one more, the oldest is given up, and until that one would have ended no cookie
 * of any four-tuple that belongs to the set is believed: a few clients are reset and come again, nothing runs
 * twice. */
struct tomb_set {
    struct tomb tomb[TOMB_WAYS];
    uint64_t lost_until_ns;
};

struct halfopen {
    struct sip_key key;
    uint32_t buckets; /* power of two */
    uint64_t cookies_until_ns;
    struct entry *entry;
    struct tomb_set *tombs;
};

static const uint16_t cookie_mss[4] = {536, 1220, 1360, 1440};

struct halfopen *halfopen_create(uint32_t entries, const struct sip_key *key)
{
    struct halfopen *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->key = *key;
    t->buckets = 1;
    while (t->buckets * HALF_WAYS * 2 <= entries)
        t->buckets *= 2;
    t->entry = calloc((size_t)t->buckets * HALF_WAYS, sizeof *t->entry);
    t->tombs = calloc(TOMB_SETS, sizeof *t->tombs);
    if (!t->entry || !t->tombs) {
        halfopen_destroy(t);
        return NULL;
    }
    return t;
}

void halfopen_destroy(struct halfopen *t)
{
    if (!t)
        return;
    free(t->entry);
    free(t->tombs);
    free(t);
}

size_t halfopen_memory(const struct halfopen *t, size_t *tombs)
{
    *tombs = TOMB_SETS * sizeof *t->tombs;
    return sizeof *t + (size_t)t->buckets * HALF_WAYS * sizeof *t->entry;
}

static uint64_t key_hash(const struct halfopen *t, const struct flow_key *k)
{
    return siphash(&t->key, k, sizeof *k);
}

static struct entry *bucket_of(struct halfopen *t, const struct flow_key *k)
{
    return &t->entry[(key_hash(t, k) & (t->buckets - 1)) * HALF_WAYS];
}

static struct entry *find(struct halfopen *t, const struct flow_key *k)
{
    struct entry *b = bucket_of(t, k);
    for (unsigned i = 0; i < HALF_WAYS; i++)
        if (b[i].used && flow_key_eq(&b[i].h.key, k))
            return &b[i];
    return NULL;
}

/* A free entry of k's bucket, else one that has outlived its time, else NULL. */
static struct entry *room(struct halfopen *t, const struct flow_key *k, uint64_t now_ns)
{
    struct entry *b = bucket_of(t, k), *old = NULL;
    for (unsigned i = 0; i < HALF_WAYS; i++) {
        if (!b[i].used)
            return &b[i];
        if (now_ns - b[i].since_ns > HALF_LIFE_NS && (!old || b[i].since_ns < old->since_ns))
            old = &b[i];
    }
    return old;
}

/* `epoch` is the whole number of it, of which the cookie carries three bits: an old cookie is not good again
 * later. */
static uint32_t cookie_mac(const struct halfopen *t, const struct flow_key *k, uint32_t irs, uint32_t low,
                           uint64_t epoch)
{
    struct {
        struct flow_key k;
        uint32_t irs, low;
        uint64_t epoch;
    } in = {*k, irs, low, epoch};
    return (uint32_t)(siphash(&t->key, &in, sizeof in) >> 42) << 10 | low;
}

static uint32_t epoch_of(uint64_t now_ns)
{
    return (uint32_t)(now_ns / COOKIE_EPOCH) & 7;
}

static void cookie_make(const struct halfopen *t, struct handshake *h, uint64_t now_ns)
{
    uint32_t m = 3;
    while (m > 0 && cookie_mss[m] > h->mss)
        m--;
    h->mss = h->mss < cookie_mss[m] ? h->mss : cookie_mss[m];
    uint32_t low = epoch_of(now_ns) << 7 | (uint32_t)h->sack_ok << 6 | (uint32_t)(h->wscale + 1) << 2 | m;
    h->iss = cookie_mac(t, &h->key, h->irs, low, now_ns / COOKIE_EPOCH);
    h->by_cookie = true;
}

static bool cookie_check(const struct halfopen *t, const struct flow_key *k, uint32_t seq, uint32_t ack,
                         struct handshake *out, uint64_t now_ns)
{
    uint32_t iss = ack - 1, irs = seq - 1, low = iss & 0x3ff;
    uint32_t age = (epoch_of(now_ns) - (low >> 7)) & 7;
    if ((age > 1 && !mutant(cookie_epoch_unchecked)) ||
        cookie_mac(t, k, irs, low, now_ns / COOKIE_EPOCH - age) != iss)
        return false;
    *out = (struct handshake){.key = *k,
                              .irs = irs,
                              .iss = iss,
                              .mss = cookie_mss[low & 3],
                              .wscale = (int8_t)((int)(low >> 2 & 15) - 1),
                              .sack_ok = low >> 6 & 1,
                              .by_cookie = true};
    return true;
}

bool halfopen_syn(struct halfopen *t, struct handshake *h, uint64_t now_ns)
{
    struct entry *e = find(t, &h->key);
    if (e && (e->h.irs == h->irs || mutant(halfopen_isn_reused))) {
        *h = e->h;
        e->since_ns = now_ns;
        return true;
    }
    if (!e)
        e = room(t, &h->key, now_ns);
    if (!e) {
        t->cookies_until_ns = now_ns + COOKIE_LIFE_NS;
        cookie_make(t, h, now_ns);
        return false;
    }
    *e = (struct entry){*h, now_ns, true};
    return true;
}

static struct tomb_set *tombs_of(struct halfopen *t, uint64_t print)
{
    return &t->tombs[print % TOMB_SETS];
}

static bool tomb_find(struct halfopen *t, const struct flow_key *k, uint64_t now_ns)
{
    uint64_t print = key_hash(t, k);
    const struct tomb_set *set = tombs_of(t, print);
    for (unsigned i = 0; i < TOMB_WAYS; i++)
        if (set->tomb[i].print == print && set->tomb[i].until_ns > now_ns)
            return true;
    return set->lost_until_ns > now_ns;
}

void halfopen_tombstone(struct halfopen *t, const struct flow_key *k, uint64_t now_ns)
{
    uint64_t print = key_hash(t, k);
    struct tomb_set *set = tombs_of(t, print);
    struct tomb *oldest = set->tomb;
    for (unsigned i = 1; i < TOMB_WAYS; i++)
        if (set->tomb[i].until_ns < oldest->until_ns)
            oldest = &set->tomb[i];
    if (oldest->until_ns > now_ns)
        set->lost_until_ns = oldest->until_ns;
    *oldest = (struct tomb){print, now_ns + COOKIE_LIFE_NS};
}

enum halfopen_result halfopen_ack(struct halfopen *t, const struct flow_key *k, uint32_t seq, uint32_t ack,
                                  uint32_t window, struct handshake *out, uint64_t now_ns)
{
    struct entry *e = find(t, k);
    if (e && (ack == e->h.iss + 1 || mutant(halfopen_ack_unchecked)) && seq - (e->h.irs + 1) <= window) {
        *out = e->h;
        out->rtt_us = (uint32_t)((now_ns - e->since_ns) / 1000);
        e->used = false;
        return HALF_OK;
    }
    /* Also beside an entry: an earlier SYN of this client may have been answered with a cookie. */
    if ((now_ns >= t->cookies_until_ns && !mutant(cookie_always_believed)) ||
        !cookie_check(t, k, seq, ack, out, now_ns))
        return HALF_NONE;
    if (tomb_find(t, k, now_ns))
        return HALF_TOMBSTONE;
    if (e)
        e->used = false;
    return HALF_OK;
}

void halfopen_rst(struct halfopen *t, const struct flow_key *k, uint32_t seq)
{
    struct entry *e = find(t, k);
    if (e && (seq == e->h.irs + 1 || mutant(halfopen_rst_unchecked)))
        e->used = false;
}
