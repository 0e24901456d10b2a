/* The table of conntable.h, which draws the layout and argues why readers need no lock.
 *
 * ct_peek and ct_count run on any thread, everything else on the worker that owns the table. The mappings
 * live from ct_create to ct_destroy; slots are never moved or returned to the system in between. */
#include "conntable/conntable.h"

#include <assert.h>
#include <ck_pr.h>
#include <errno.h>
#include <stdlib.h>

#include "agent/base/bigmem.h"
#include "agent/base/flow_hash.h"

#define LINE            64
#define LANES           8
#define KEYS_PER_BUCKET 4 /* at most, on average, in a full table */
#define WORDS           (sizeof(struct flow_key) / 8)

/* Keys and objects are compared and copied as words whatever their type. */
typedef uint64_t __attribute__((may_alias)) word;

typedef uint16_t tag_vec __attribute__((vector_size(LANES * 2)));
typedef int8_t lane_vec __attribute__((vector_size(LANES)));

/* Zeroed memory is an empty bucket, so that the mapping needs no initialisation. */
struct bucket {
    tag_vec tag; /* 0: the lane is empty */
    uint32_t slot[LANES];
    uint32_t overflow; /* first slot of the list, plus 1 */
} __attribute__((aligned(LINE)));

_Static_assert(sizeof(struct bucket) == LINE, "a probe is one cache line");

struct slot {
    struct flow_key key; /* worker: rw, control: ro */
    uint32_t state;      /* worker: rw, control: ro; odd: in use */
    uint32_t next;       /* worker; free list or overflow list: slot + 1 */
    uint32_t bucket;     /* worker */
    uint16_t tag;        /* worker */
} __attribute__((aligned(LINE)));

_Static_assert(sizeof(struct slot) == LINE, "a comparison is one cache line");
_Static_assert(offsetof(struct slot, key) % 8 == 0 && sizeof(struct flow_key) % 8 == 0,
               "a key is whole words");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "lanes_with() numbers lanes from the low byte");

struct conntable {
    /* read-only after create */
    struct bucket *buckets;
    struct slot *slots;
    uint8_t *objects;
    size_t stride, obj_size; /* bytes */
    uint32_t mask;           /* number of buckets - 1 */
    uint32_t cap;
    struct sip_key key;

    /* worker: rw, control: ro (used, count) */
    uint32_t free __attribute__((aligned(LINE))); /* given back, last first: slot + 1 */
    uint32_t used;                                /* slots below were in use at least once */
    uint32_t count;
};

/* ---- small parts ---- */

static struct slot *slot_at(const struct conntable *t, uint32_t idx)
{
    return &t->slots[idx];
}

static uint16_t tag_of(uint64_t hash)
{
    uint16_t tag = (uint16_t)(hash >> 48);
    return tag ? tag : 1;
}

static uint64_t hash_of(const struct conntable *t, const struct flow_key *k)
{
    return flow_hash(&t->key, k);
}

/* One bit for each lane with this tag: bit 8 * lane. */
static uint64_t lanes_with(const struct bucket *b, uint16_t tag)
{
    uint64_t m;
    lane_vec equal = __builtin_convertvector(b->tag == tag, lane_vec);
    memcpy(&m, &equal, sizeof m);
    return m & UINT64_C(0x0101010101010101);
}

static unsigned first_lane(uint64_t lanes)
{
    return (unsigned)__builtin_ctzll(lanes) / 8;
}

static bool slot_is(const struct slot *s, const struct flow_key *k)
{
    uint64_t a[WORDS], b[WORDS], diff = 0;
    memcpy(a, &s->key, sizeof a);
    memcpy(b, k, sizeof b);
    for (unsigned i = 0; i < WORDS; i++)
        diff |= a[i] ^ b[i];
    return diff == 0;
}

static uint32_t find(const struct conntable *t, uint64_t hash, const struct flow_key *k)
{
    const struct bucket *b = &t->buckets[hash & t->mask];
    for (uint64_t m = lanes_with(b, tag_of(hash)); m; m &= m - 1) {
        uint32_t idx = b->slot[first_lane(m)];
        if (slot_is(slot_at(t, idx), k))
            return idx;
    }
    for (uint32_t link = b->overflow; link; link = slot_at(t, link - 1)->next)
        if (slot_is(slot_at(t, link - 1), k))
            return link - 1;
    return CT_NONE;
}

/* ---- create, destroy ---- */

static uint32_t bucket_count(uint32_t cap)
{
    uint32_t n = 1;
    while (n < (cap + KEYS_PER_BUCKET - 1) / KEYS_PER_BUCKET)
        n *= 2;
    return n;
}

static size_t stride_of(size_t obj_size)
{
    return (obj_size + LINE - 1) & ~(size_t)(LINE - 1);
}

struct conntable *ct_create(uint32_t cap, size_t obj_size, const struct sip_key *key)
{
    if (cap == 0 || cap > CT_CAP_MAX) {
        errno = EINVAL;
        return NULL;
    }
    size_t stride = stride_of(obj_size);
    if (stride < obj_size) {
        errno = ENOMEM;
        return NULL;
    }
    struct conntable *t = aligned_alloc(LINE, sizeof *t);
    if (!t)
        return NULL;
    *t = (struct conntable){
        .stride = stride, .obj_size = obj_size, .mask = bucket_count(cap) - 1, .cap = cap, .key = *key};
    t->buckets = bigmem_alloc(t->mask + (size_t)1, sizeof *t->buckets);
    t->slots = bigmem_alloc(cap, sizeof *t->slots);
    t->objects = bigmem_alloc(cap, stride);
    if (!t->buckets || !t->slots || !t->objects) {
        ct_destroy(t);
        errno = ENOMEM;
        return NULL;
    }
    return t;
}

size_t ct_bytes(uint32_t cap, size_t obj_size)
{
    return cap * (stride_of(obj_size) + sizeof(struct slot)) + bucket_count(cap) * sizeof(struct bucket);
}

void ct_destroy(struct conntable *t)
{
    if (!t)
        return;
    bigmem_free(t->buckets, t->mask + (size_t)1, sizeof *t->buckets);
    bigmem_free(t->slots, t->cap, sizeof *t->slots);
    bigmem_free(t->objects, t->cap, t->stride);
    free(t);
}

/* ---- lookup ---- */

uint32_t ct_lookup(const struct conntable *t, const struct flow_key *k)
{
    return find(t, hash_of(t, k), k);
}

/* The slot that a key is most likely in: the first lane with its tag. CT_NONE: in none of the lanes. */
static inline uint32_t candidate(const struct bucket *b, uint64_t hash)
{
    uint64_t m = lanes_with(b, tag_of(hash));
    return m ? b->slot[first_lane(m)] : CT_NONE;
}

void ct_lookup_bulk(const struct conntable *t, const struct flow_key *const k[], unsigned n, uint32_t out[])
{
    uint64_t hash[CT_BULK];
    assert(n <= CT_BULK);
    flow_hash_bulk(&t->key, k, n, hash);
    for (unsigned i = 0; i < n; i++)
        __builtin_prefetch(&t->buckets[hash[i] & t->mask]);
    for (unsigned i = 0; i < n; i++) {
        out[i] = candidate(&t->buckets[hash[i] & t->mask], hash[i]);
        if (out[i] != CT_NONE)
            __builtin_prefetch(slot_at(t, out[i]));
    }
    for (unsigned i = 0; i < n; i++)
        if (out[i] != CT_NONE ? !slot_is(slot_at(t, out[i]), k[i])
                              : t->buckets[hash[i] & t->mask].overflow != 0)
            out[i] = find(t, hash[i], k[i]);
}

/* ---- insert ---- */

/* A free slot, taken off the free list or off the part of the slab that was never used. */
static uint32_t take(struct conntable *t)
{
    if (t->free) {
        uint32_t idx = t->free - 1;
        t->free = slot_at(t, idx)->next;
        return idx;
    }
    if (t->used == t->cap)
        return CT_NONE;
    /* Relaxed: a hint that spares readers untouched pages; a slot's content is guarded by its state. Partner:
     * the load in ct_peek. */
    __atomic_store_n(&t->used, t->used + 1, __ATOMIC_RELAXED);
    return t->used - 1;
}

static void link_slot(struct conntable *t, uint32_t idx, uint64_t hash)
{
    struct slot *s = slot_at(t, idx);
    s->bucket = (uint32_t)(hash & t->mask);
    s->tag = tag_of(hash);
    struct bucket *b = &t->buckets[s->bucket];
    uint64_t empty = lanes_with(b, 0);
    if (empty) {
        b->tag[first_lane(empty)] = s->tag;
        b->slot[first_lane(empty)] = idx;
    } else {
        s->next = b->overflow;
        b->overflow = idx + 1;
    }
}

/* Writes key and zeroed object, then shows them to readers. */
static void occupy(struct conntable *t, uint32_t idx, const struct flow_key *k)
{
    struct slot *s = slot_at(t, idx);
    word *w = (word *)&s->key;
    uint64_t in[WORDS];
    memcpy(in, k, sizeof in);
    /* The even state of the last ct_remove is seen before any byte written below. Partner: the load fence in
     * ct_peek. */
    ck_pr_fence_store();
    for (unsigned i = 0; i < WORDS; i++)
        __atomic_store_n(&w[i], in[i],
                         __ATOMIC_RELAXED); /* partner: the loads in ct_peek, ordered by state */
    memset(ct_obj(t, idx), 0, t->obj_size);
    __atomic_store_n(&s->state, s->state + 1, __ATOMIC_RELEASE); /* partner: the acquire in ct_peek */
}

static void set_count(struct conntable *t, uint32_t n)
{
    __atomic_store_n(&t->count, n, __ATOMIC_RELAXED); /* partner: ct_count; a number by itself */
}

uint32_t ct_insert(struct conntable *t, const struct flow_key *k)
{
    uint64_t hash = hash_of(t, k);
    assert(find(t, hash, k) == CT_NONE);
    uint32_t idx = take(t);
    if (idx == CT_NONE)
        return CT_NONE;
    link_slot(t, idx, hash);
    occupy(t, idx, k);
    set_count(t, t->count + 1);
    return idx;
}

/* ---- remove ---- */

static uint64_t lane_holding(const struct bucket *b, const struct slot *s, uint32_t idx)
{
    for (uint64_t m = lanes_with(b, s->tag); m; m &= m - 1)
        if (b->slot[first_lane(m)] == idx)
            return m;
    return 0;
}

/* The lane goes to the first of the overflow list, so that a list shrinks as soon as it can. */
static void refill_lane(struct conntable *t, struct bucket *b, unsigned lane)
{
    if (!b->overflow) {
        b->tag[lane] = 0;
        return;
    }
    const struct slot *first = slot_at(t, b->overflow - 1);
    b->tag[lane] = first->tag;
    b->slot[lane] = b->overflow - 1;
    b->overflow = first->next;
}

static void unlink_slot(struct conntable *t, uint32_t idx)
{
    struct slot *s = slot_at(t, idx);
    struct bucket *b = &t->buckets[s->bucket];
    uint64_t lane = lane_holding(b, s, idx);
    if (lane) {
        refill_lane(t, b, first_lane(lane));
        return;
    }
    uint32_t *link = &b->overflow;
    while (*link != idx + 1)
        link = &slot_at(t, *link - 1)->next;
    *link = s->next;
}

void ct_remove(struct conntable *t, uint32_t idx)
{
    struct slot *s = slot_at(t, idx);
    assert(idx < t->used && s->state % 2 == 1);
    unlink_slot(t, idx);
    /* Relaxed: occupy() has the fence that the next occupant needs. Partner: both loads in ct_peek. */
    __atomic_store_n(&s->state, s->state + 1, __ATOMIC_RELAXED);
    s->next = t->free;
    t->free = idx + 1;
    set_count(t, t->count - 1);
}

/* ---- access ---- */

void *ct_obj(const struct conntable *t, uint32_t idx)
{
    return t->objects + idx * t->stride;
}

const struct flow_key *ct_key(const struct conntable *t, uint32_t idx)
{
    return &slot_at(t, idx)->key;
}

uint32_t ct_longest(const struct conntable *t)
{
    uint32_t most = 0;
    for (uint32_t b = 0; b <= t->mask; b++) {
        uint32_t n = 0;
        for (uint32_t link = t->buckets[b].overflow; link; link = slot_at(t, link - 1)->next)
            n++;
        most = n > most ? n : most;
    }
    return most;
}

uint32_t ct_gen(const struct conntable *t, uint32_t idx)
{
    return slot_at(t, idx)->state;
}

uint32_t ct_count(const struct conntable *t)
{
    return __atomic_load_n(&t->count, __ATOMIC_RELAXED); /* partner: set_count */
}

uint32_t ct_capacity(const struct conntable *t)
{
    return t->cap;
}

uint32_t ct_used_end(const struct conntable *t)
{
    return t->used;
}

/* ---- control threads ---- */

/* Copies n bytes from word-aligned memory that the worker may be writing. The last word is read whole: an
 * object's room ends on a line's end. */
static void copy_words(void *to, const void *from, size_t n)
{
    uint8_t *out = to;
    const uint64_t *in = from;
    for (size_t i = 0; i * 8 < n; i++) {
        uint64_t w = ck_pr_load_64(&in[i]);
        size_t left = n - i * 8;
        memcpy(out + i * 8, &w, left < 8 ? left : 8);
    }
}

bool ct_peek(const struct conntable *t, uint32_t idx, struct flow_key *k, void *obj, size_t n)
{
    assert(n <= t->obj_size);
    if (idx >= __atomic_load_n(&t->used, __ATOMIC_RELAXED)) /* partner: take() */
        return false;
    const struct slot *s = slot_at(t, idx);
    uint32_t state = __atomic_load_n(&s->state, __ATOMIC_ACQUIRE); /* partner: the release in occupy() */
    if (state % 2 == 0)
        return false;
    const word *w = (const word *)&s->key;
    uint64_t key[WORDS];
    for (unsigned i = 0; i < WORDS; i++)
        key[i] = __atomic_load_n(&w[i], __ATOMIC_RELAXED); /* partner: the stores in occupy() */
    memcpy(k, key, sizeof key);
    copy_words(obj, ct_obj(t, idx), n);
    ck_pr_fence_load(); /* partner: the store fence in occupy() */
    return __atomic_load_n(&s->state, __ATOMIC_RELAXED) == state;
}
