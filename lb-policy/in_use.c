/* See in_use.h.
 *
 *    63            32  31   30                     0
 *    | of the hash    | 0 | count                  |   count 0: free, whatever stands before
 *    | of the hash    | 1 | caller (6), number (25)|   tentative: stands for a count of 1
 *
 * Why no key has two places that stand. Let A and B be two, taken in different places, A's made to stand
 * first, and standing since. A was written before A's owner looked around, and found to be unbroken after.
 * Had B been written before A's owner looked at its place, he would have broken it, or given way to it. So it
 * was written later, and B's owner looked around later still, and met A: tentative, then he broke it and it
 * never stood; or standing, then he gave way. A number that comes again only after 2^25 further attempts of
 * one caller keeps him who was broken from taking another's word for his own. */
#include "lb-policy/in_use.h"

#include <stdlib.h>

#include "agent/base/mutant.h"

#define WAYS      16u
#define PER_KEY   4u
#define TENTATIVE ((uint64_t)1 << 31)
#define COUNT     ((uint64_t)0x7fffffff)

struct numbers {
    uint32_t next; /* of one caller, alone */
} __attribute__((aligned(64)));

struct lb_in_use {
    uint32_t nset; /* a power of two */
    uint64_t (*set)[WAYS];
    struct numbers caller[LB_IN_USE_CALLERS];
};

struct lb_in_use *lb_in_use_create(uint64_t keys)
{
    struct lb_in_use *t = aligned_alloc(64, sizeof *t);
    if (!t)
        return NULL;
    *t = (struct lb_in_use){.nset = 1};
    while (t->nset < (UINT32_MAX - 2) / WAYS / 2 && (uint64_t)t->nset * WAYS < keys * PER_KEY)
        t->nset *= 2;
    t->set = calloc(t->nset, sizeof *t->set);
    if (t->set)
        return t;
    free(t);
    return NULL;
}

void lb_in_use_destroy(struct lb_in_use *t)
{
    if (!t)
        return;
    free(t->set);
    free(t);
}

size_t lb_in_use_memory(const struct lb_in_use *t)
{
    return sizeof *t + t->nset * sizeof *t->set;
}

static uint64_t word(const uint64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static bool swap(uint64_t *p, uint64_t old, uint64_t wanted)
{
    return __atomic_compare_exchange_n(p, &old, wanted, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static uint64_t *set_of(const struct lb_in_use *t, uint64_t hash)
{
    return t->set[hash & (t->nset - 1)];
}

static bool is_free(uint64_t v)
{
    return (v & (TENTATIVE | COUNT)) == 0;
}

static bool is_of(uint64_t v, uint32_t tag)
{
    return v >> 32 == tag && !is_free(v);
}

/* The place of the set where the tag stands, or WAYS. Tentative words of the tag, but `own`, are broken. */
static unsigned find(uint64_t set[WAYS], uint32_t tag, uint64_t own)
{
    for (unsigned i = 0; i < WAYS; i++) {
        uint64_t v = word(&set[i]);
        while (is_of(v, tag) && v != own) {
            if (!(v & TENTATIVE))
                return i;
            if (!mutant(in_use_unbroken))
                (void)swap(&set[i], v, 0);
            else
                break;
            v = word(&set[i]);
        }
    }
    return WAYS;
}

/* One more at a place where the tag stood. False: it does no longer. */
static bool add(uint64_t *p, uint32_t tag, uint32_t most, bool *full)
{
    for (uint64_t v = word(p); is_of(v, tag) && !(v & TENTATIVE); v = word(p)) {
        *full = (v & COUNT) >= most;
        if (*full || swap(p, v, v + 1))
            return true;
    }
    return false;
}

static uint64_t tentative(struct lb_in_use *t, unsigned caller, uint32_t tag)
{
    uint32_t number = t->caller[caller].next++ & 0x1ffffff;
    return (uint64_t)tag << 32 | TENTATIVE | (uint64_t)caller << 25 | number;
}

/* A free place of the set for the tag, or WAYS: the set has changed, or *none is free. */
static unsigned begin(uint64_t set[WAYS], uint32_t tag, uint64_t mine, bool *none)
{
    unsigned i = 0;
    while (i < WAYS && !is_free(word(&set[i])))
        i++;
    *none = i == WAYS;
    uint64_t v = *none ? 0 : word(&set[i]);
    if (*none || !is_free(v) || !swap(&set[i], v, mine))
        return WAYS;
    if (find(set, tag, mine) < WAYS) {
        (void)swap(&set[i], mine, 0);
        return WAYS;
    }
    return swap(&set[i], mine, (uint64_t)tag << 32 | 1) ? i : WAYS;
}

uint32_t lb_in_use_take(struct lb_in_use *t, unsigned caller, uint64_t hash, uint32_t most)
{
    uint32_t tag = (uint32_t)(hash >> 32), base = (uint32_t)(hash & (t->nset - 1)) * WAYS;
    uint64_t *set = set_of(t, hash);
    for (;;) {
        bool full = false, none = false;
        unsigned i = find(set, tag, 0);
        if (i < WAYS && add(&set[i], tag, most, &full))
            return full ? LB_IN_USE_REFUSED : base + i;
        if (i < WAYS)
            continue;
        i = begin(set, tag, tentative(t, caller, tag), &none);
        if (i < WAYS)
            return base + i;
        if (none)
            return LB_IN_USE_UNCOUNTED;
    }
}

void lb_in_use_give(struct lb_in_use *t, uint32_t place)
{
    if (place < LB_IN_USE_UNCOUNTED && !mutant(in_use_leak))
        (void)__atomic_sub_fetch(&t->set[place / WAYS][place % WAYS], 1, __ATOMIC_SEQ_CST);
}

uint32_t lb_in_use_count(const struct lb_in_use *t, uint64_t hash)
{
    const uint64_t *set = set_of(t, hash);
    for (unsigned i = 0; i < WAYS; i++) {
        uint64_t v = word(&set[i]);
        if (is_of(v, (uint32_t)(hash >> 32)))
            return v & TENTATIVE ? 1 : (uint32_t)(v & COUNT);
    }
    return 0;
}

uint64_t lb_in_use_busy(const struct lb_in_use *t)
{
    uint64_t n = 0;
    for (uint32_t k = 0; k < t->nset; k++)
        for (unsigned i = 0; i < WAYS; i++)
            n += !is_free(word(&t->set[k][i]));
    return n;
}
