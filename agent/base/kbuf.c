/* The pool of kept bytes; see kbuf.h. One worker's thread; a pool lives as long as its worker.
 *
 * The region is a row of chunks of KBUF_MAX bytes, each split by halves down to KBUF_MIN as needed. A block
 * is known by its unit: the number of its first KBUF_MIN bytes. What is known of each unit lies outside the
 * region, so that kept bytes and bookkeeping cannot overwrite one another and a free block is never touched.
 * Both mappings are given memory by the kernel page by page as they are used, and chunks are taken in order,
 * so a large pool costs only the most that was ever in use.
 *
 * Small blocks, which each head takes and gives back, are not merged at once: a few of each order wait as
 * they are for who wants the next one, and are merged when a block can be had in no other way. */
#include "agent/base/kbuf.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define TOP         8u /* order of a whole chunk: a block of order o has KBUF_MIN << o bytes */
#define CHUNK_UNITS (1u << TOP)
#define NIL         UINT32_MAX

#define QUICK_ORDERS 3u  /* blocks of these orders wait unmerged, */
#define QUICK        64u /* so many of each */

_Static_assert(KBUF_MIN << TOP == KBUF_MAX, "orders span the block sizes");

enum unit_state {
    INSIDE, /* not the first unit of a block, or of a chunk never used */
    FREE,
    TAKEN,
    WAITING, /* in quick */
};

struct unit {
    uint32_t next, prev; /* in the free list of its order, when FREE */
    uint8_t state, order;
};

/* Blocks of one order that wait unmerged, the last one first. */
struct quick {
    uint32_t n;
    uint32_t unit[QUICK];
};

struct kbuf_pool {
    uint8_t *region;
    struct unit *units;
    size_t used; /* one writer, the pool's thread; control threads read it: whole, by relaxed accesses */
    uint32_t chunks, fresh; /* chunks from `fresh` on have never been used */
    uint32_t free[TOP + 1]; /* first free unit of each order */
    struct quick quick[QUICK_ORDERS];
};

static void *map(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static size_t units_bytes(const struct kbuf_pool *p)
{
    return (size_t)p->chunks * CHUNK_UNITS * sizeof(struct unit);
}

struct kbuf_pool *kbuf_create(size_t bytes)
{
    size_t chunks = bytes / KBUF_MAX;
    if (chunks == 0 || chunks >= NIL / CHUNK_UNITS)
        return NULL;
    struct kbuf_pool *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->chunks = (uint32_t)chunks;
    for (unsigned o = 0; o <= TOP; o++)
        p->free[o] = NIL;
    p->region = map(kbuf_total(p));
    p->units = map(units_bytes(p));
    if (!p->region || !p->units) {
        kbuf_destroy(p);
        return NULL;
    }
    return p;
}

void kbuf_destroy(struct kbuf_pool *p)
{
    if (!p)
        return;
    if (p->region) {
        ASAN_UNPOISON_MEMORY_REGION(p->region, (size_t)p->fresh * KBUF_MAX);
        munmap(p->region, kbuf_total(p));
    }
    if (p->units)
        munmap(p->units, units_bytes(p));
    free(p);
}

static void list_put(struct kbuf_pool *p, uint32_t u, unsigned order)
{
    uint32_t next = p->free[order];
    p->units[u] = (struct unit){.next = next, .prev = NIL, .state = FREE, .order = (uint8_t)order};
    if (next != NIL)
        p->units[next].prev = u;
    p->free[order] = u;
}

static void list_take(struct kbuf_pool *p, uint32_t u)
{
    struct unit *x = &p->units[u];
    if (x->prev != NIL)
        p->units[x->prev].next = x->next;
    else
        p->free[x->order] = x->next;
    if (x->next != NIL)
        p->units[x->next].prev = x->prev;
    x->state = INSIDE;
}

static unsigned order_of(size_t n)
{
    if (n <= KBUF_MIN)
        return 0;
    return 64u - (unsigned)__builtin_clzll((n - 1) / KBUF_MIN);
}

static void set_used(struct kbuf_pool *p, size_t used)
{
    __atomic_store_n(&p->used, used, __ATOMIC_RELAXED); /* partner: kbuf_used() */
}

/* Puts a chunk never used before on the top list. False: there is none. */
static bool add_chunk(struct kbuf_pool *p)
{
    if (p->fresh == p->chunks)
        return false;
    list_put(p, p->fresh * CHUNK_UNITS, TOP);
    ASAN_POISON_MEMORY_REGION(p->region + (size_t)p->fresh * KBUF_MAX, KBUF_MAX);
    p->fresh++;
    return true;
}

/* A block of that order from the free lists, from a larger one where there is none; NIL: there is no room. */
static uint32_t split_off(struct kbuf_pool *p, unsigned want)
{
    unsigned o = want;
    while (o <= TOP && p->free[o] == NIL)
        o++;
    if (o > TOP) {
        if (!add_chunk(p))
            return NIL;
        o = TOP;
    }
    uint32_t u = p->free[o];
    list_take(p, u);
    while (o > want) {
        o--;
        list_put(p, u + (1u << o), o);
    }
    return u;
}

/* The block at u becomes free, as part of the largest one that it makes with its free neighbours. */
static void merge(struct kbuf_pool *p, uint32_t u, unsigned o)
{
    p->units[u].state = INSIDE;
    for (; o < TOP; o++) {
        uint32_t buddy = u ^ (1u << o);
        if (p->units[buddy].state != FREE || p->units[buddy].order != o)
            break;
        list_take(p, buddy);
        u &= ~(1u << o);
    }
    list_put(p, u, o);
}

static void merge_quick(struct kbuf_pool *p)
{
    for (unsigned o = 0; o < QUICK_ORDERS; o++)
        while (p->quick[o].n)
            merge(p, p->quick[o].unit[--p->quick[o].n], o);
}

static uint32_t take(struct kbuf_pool *p, unsigned want)
{
    if (want < QUICK_ORDERS && p->quick[want].n)
        return p->quick[want].unit[--p->quick[want].n];
    uint32_t u = split_off(p, want);
    if (u != NIL)
        return u;
    merge_quick(p);
    return split_off(p, want);
}

uint8_t *kbuf_alloc(struct kbuf_pool *p, size_t n, uint32_t *cap)
{
    if (n > KBUF_MAX)
        return NULL;
    unsigned want = order_of(n);
    uint32_t u = take(p, want);
    if (u == NIL)
        return NULL;
    p->units[u].state = TAKEN;
    p->units[u].order = (uint8_t)want;
    *cap = KBUF_MIN << want;
    set_used(p, p->used + *cap);
    uint8_t *buf = p->region + (size_t)u * KBUF_MIN;
    ASAN_UNPOISON_MEMORY_REGION(buf, *cap);
    return buf;
}

void kbuf_free(struct kbuf_pool *p, uint8_t *buf, uint32_t cap)
{
    if (!buf)
        return;
    uint32_t u = (uint32_t)((size_t)(buf - p->region) / KBUF_MIN);
    unsigned o = order_of(cap);
    assert(p->units[u].state == TAKEN && p->units[u].order == o && cap == KBUF_MIN << o);
    ASAN_POISON_MEMORY_REGION(buf, cap);
    set_used(p, p->used - cap);
    if (o < QUICK_ORDERS && p->quick[o].n < QUICK) {
        p->units[u].state = WAITING;
        p->quick[o].unit[p->quick[o].n++] = u;
    } else {
        merge(p, u, o);
    }
}

size_t kbuf_memory(const struct kbuf_pool *p)
{
    return sizeof *p + kbuf_total(p) + units_bytes(p);
}

size_t kbuf_used(const struct kbuf_pool *p)
{
    return __atomic_load_n(&p->used, __ATOMIC_RELAXED); /* partner: set_used() */
}

size_t kbuf_total(const struct kbuf_pool *p)
{
    return (size_t)p->chunks * KBUF_MAX;
}
