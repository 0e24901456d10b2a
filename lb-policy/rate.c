/* See rate.h. */
#include "lb-policy/rate.h"

#include <stdbool.h>
#include <stdlib.h>

#include "agent/base/mutant.h"
#include "agent/base/timer.h"

#define WAYS 8u

struct place {
    uint64_t key;     /* 0: never taken */
    uint64_t full_ns; /* the bucket is full from then on */
};

struct lb_rate {
    uint32_t nset; /* a power of two */
    struct place (*set)[WAYS];
};

struct lb_rate *lb_rate_create(uint32_t keys)
{
    struct lb_rate *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    for (r->nset = 1; r->nset < UINT32_MAX / 2 && (uint64_t)r->nset * WAYS < keys;)
        r->nset *= 2;
    r->set = calloc(r->nset, sizeof *r->set);
    if (!r->set) {
        free(r);
        return NULL;
    }
    return r;
}

void lb_rate_destroy(struct lb_rate *r)
{
    if (!r)
        return;
    free(r->set);
    free(r);
}

size_t lb_rate_memory(const struct lb_rate *r)
{
    return sizeof *r + r->nset * sizeof *r->set;
}

/* Relaxed throughout: a place's two words need not agree (rate.h), and nothing else hangs on them. */
static uint64_t word(const uint64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static bool swap(uint64_t *p, uint64_t *old, uint64_t wanted)
{
    return __atomic_compare_exchange_n(p, old, wanted, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static struct place *find(struct place set[WAYS], uint64_t key)
{
    for (unsigned i = 0; i < WAYS; i++)
        if (word(&set[i].key) == key)
            return &set[i];
    return NULL;
}

/* The place nearest to being full becomes the key's. */
static struct place *replace(struct place set[WAYS], uint64_t key)
{
    for (;;) {
        struct place *p = &set[0];
        for (unsigned i = 1; i < WAYS; i++)
            if (word(&set[i].full_ns) < word(&p->full_ns))
                p = &set[i];
        uint64_t old = word(&p->key);
        if (swap(&p->key, &old, key)) {
            if (mutant(bucket_fresh))
                __atomic_store_n(&p->full_ns, 0, __ATOMIC_RELAXED);
            return p;
        }
        struct place *now = find(set, key); /* somebody was faster, perhaps with this very key */
        if (now)
            return now;
    }
}

/* Emptier than these settings know: it was used under others, before a reload. Callers' clocks may differ by
 * what a burst of frames takes. */
static bool is_foreign(uint64_t full_ns, uint64_t depth_ns, uint64_t now_ns)
{
    return full_ns > now_ns + depth_ns + SEC_NS;
}

static struct place *set_of(struct lb_rate *r, uint64_t hash)
{
    return r->set[hash >> 32 & (r->nset - 1)];
}

static uint64_t key_of(uint64_t hash)
{
    return hash ? hash : 1; /* 0 is an empty place */
}

void lb_rate_give_back(struct lb_rate *r, uint64_t hash, uint64_t interval_ns)
{
    struct place *p = find(set_of(r, hash), key_of(hash));
    uint64_t old = p ? word(&p->full_ns) : 0;
    while (old >= interval_ns && p && !mutant(bucket_refused_pays))
        if (swap(&p->full_ns, &old, old - interval_ns))
            return;
}

uint64_t lb_rate_take(struct lb_rate *r, uint64_t hash, uint64_t interval_ns, uint32_t burst, uint64_t now_ns)
{
    if (mutant(bucket_unfilled))
        now_ns = 1;
    uint64_t key = key_of(hash), depth_ns = interval_ns * burst;
    struct place *set = set_of(r, hash), *p = find(set, key);
    if (!p)
        p = replace(set, key);
    uint64_t old = word(&p->full_ns);
    while (is_foreign(old, depth_ns, now_ns))
        if (swap(&p->full_ns, &old, now_ns + depth_ns))
            old = now_ns + depth_ns;
    for (;;) {
        uint64_t full = (old > now_ns ? old : now_ns) + interval_ns;
        if (full > now_ns + depth_ns)
            return full - depth_ns - now_ns;
        if (swap(&p->full_ns, &old, full))
            return 0;
    }
}
