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
#include "agent/base/mutant.h"

#define LINE            64
#define LANES           8
#define KEYS_PER_BUCKET 4 /* at most, on average, in a full table */
#define ADDR_WORDS      (sizeof(struct ip_addr) / 8)
#define LOCALS          4096 /* local addresses in use at a time: each has a number of 16 bits */
#define LOCAL_HEADS     256

/* Addresses and objects are compared and copied as words whatever their type. */
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
    struct ip_addr remote; /* worker: rw, control: ro */
    uint64_t rest;  /* worker: rw, control: ro: remote port, local port, local address, tag: 16 bits each */
    uint32_t state; /* worker: rw, control: ro; odd: in use */
    uint32_t next;  /* worker; in a lane: its bucket; in the free or an overflow list: the next slot + 1 */
} __attribute__((aligned(32)));

_Static_assert(sizeof(struct slot) == LINE / 2, "two slots are one cache line, and none lies in two");
_Static_assert(sizeof(struct flow_key) == 40 && offsetof(struct flow_key, local) == 16 &&
                   offsetof(struct flow_key, remote_port) == 32 &&
                   offsetof(struct flow_key, local_port) == 34,
               "differs() reads a key's words");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "lanes_with() numbers lanes from the low byte");

/* An address that slots name by its number. It stays while one of them does. */
struct local {
    struct ip_addr addr __attribute__((aligned(8))); /* worker: rw, control: ro */
    uint32_t users;                                  /* slots */
    uint16_t next;                                   /* with the same head, or free: number + 1 */
};

struct locals {
    struct local at[LOCALS];
    uint16_t head[LOCAL_HEADS]; /* number + 1 */
    uint16_t free, used; /* given back, last first: number + 1; numbers below were in use at least once */
};

struct conntable {
    /* read-only after create */
    struct bucket *buckets;
    struct slot *slots;
    struct locals *locals;
    uint8_t *objects, *cold;
    size_t stride, obj_size, cold_size; /* bytes */
    uint32_t mask;                      /* number of buckets - 1 */
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

static unsigned local_of(const struct slot *s)
{
    return (s->rest >> 32) & 0xffff;
}

static uint16_t tag_in(const struct slot *s)
{
    return (uint16_t)(s->rest >> 48);
}

static uint64_t addr_differs(const struct ip_addr *x, const struct ip_addr *y)
{
    uint64_t a[ADDR_WORDS], b[ADDR_WORDS];
    memcpy(a, x, sizeof a);
    memcpy(b, y, sizeof b);
    return (a[0] ^ b[0]) | (a[1] ^ b[1]);
}

/* As the low half of slot.rest. */
static uint32_t ports_of(const struct flow_key *k)
{
    return k->remote_port | (uint32_t)k->local_port << 16;
}

static bool slot_is(const struct conntable *t, const struct slot *s, const struct flow_key *k)
{
    return (addr_differs(&s->remote, &k->remote) | ((uint32_t)s->rest ^ ports_of(k)) |
            addr_differs(&t->locals->at[local_of(s)].addr, &k->local)) == 0;
}

static uint32_t find(const struct conntable *t, uint64_t hash, const struct flow_key *k)
{
    const struct bucket *b = &t->buckets[hash & t->mask];
    for (uint64_t m = lanes_with(b, tag_of(hash)); m; m &= m - 1) {
        uint32_t idx = b->slot[first_lane(m)];
        if (slot_is(t, slot_at(t, idx), k))
            return idx;
    }
    for (uint32_t link = b->overflow; link; link = slot_at(t, link - 1)->next)
        if (slot_is(t, slot_at(t, link - 1), k))
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

struct conntable *ct_create(uint32_t cap, size_t obj_size, size_t cold_size, const struct sip_key *key)
{
    if (cap == 0 || cap > CT_CAP_MAX || cold_size % 4) {
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
    *t = (struct conntable){.stride = stride,
                            .obj_size = obj_size,
                            .cold_size = cold_size,
                            .mask = bucket_count(cap) - 1,
                            .cap = cap,
                            .key = *key};
    t->buckets = bigmem_alloc(t->mask + (size_t)1, sizeof *t->buckets);
    t->slots = bigmem_alloc(cap, sizeof *t->slots);
    t->objects = bigmem_alloc(cap, stride);
    t->cold = cold_size ? bigmem_alloc(cap, cold_size) : NULL;
    t->locals = bigmem_alloc(1, sizeof *t->locals);
    if (!t->buckets || !t->slots || !t->objects || (cold_size && !t->cold) || !t->locals) {
        ct_destroy(t);
        errno = ENOMEM;
        return NULL;
    }
    return t;
}

size_t ct_bytes(uint32_t cap, size_t obj_size, size_t cold_size)
{
    return cap * (stride_of(obj_size) + cold_size + sizeof(struct slot)) +
           bucket_count(cap) * sizeof(struct bucket) + sizeof(struct locals);
}

void ct_destroy(struct conntable *t)
{
    if (!t)
        return;
    bigmem_free(t->buckets, t->mask + (size_t)1, sizeof *t->buckets);
    bigmem_free(t->slots, t->cap, sizeof *t->slots);
    bigmem_free(t->objects, t->cap, t->stride);
    bigmem_free(t->cold, t->cap, t->cold_size);
    bigmem_free(t->locals, 1, sizeof *t->locals);
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
        if (out[i] != CT_NONE ? !slot_is(t, slot_at(t, out[i]), k[i])
                              : t->buckets[hash[i] & t->mask].overflow != 0)
            out[i] = find(t, hash[i], k[i]);
}

/* ---- local addresses ---- */

/* Nobody outside chooses what our addresses are: the hash needs no key. */
static uint16_t *local_head(struct locals *l, const struct ip_addr *a)
{
    uint64_t w[ADDR_WORDS];
    memcpy(w, a, sizeof w);
    return &l->head[((w[0] ^ w[1]) * UINT64_C(0x9e3779b97f4a7c15)) >> 56];
}

/* Copies an address, word by word, for control threads to read. Partner: the loads in ct_peek. */
static void put_addr(struct ip_addr *to, const struct ip_addr *from)
{
    word *w = (word *)(void *)to;
    uint64_t in[ADDR_WORDS];
    memcpy(in, from, sizeof in);
    for (unsigned i = 0; i < ADDR_WORDS; i++)
        __atomic_store_n(&w[i], in[i], __ATOMIC_RELAXED);
}

/* A number for an address that has none; LOCALS: all are taken. */
static unsigned local_new(struct locals *l, const struct ip_addr *a)
{
    unsigned i = l->free ? l->free - 1u : l->used;
    if (i == LOCALS)
        return LOCALS;
    struct local *at = &l->at[i];
    if (l->free)
        l->free = at->next;
    else
        l->used++;
    ck_pr_fence_store(); /* as in occupy(): after the last ct_remove of a slot that named it */
    put_addr(&at->addr, a);
    uint16_t *head = local_head(l, a);
    at->next = *head;
    *head = (uint16_t)(i + 1);
    return i;
}

/* The number of our address a, with one user more; LOCALS: all are taken. */
static unsigned local_take(struct locals *l, const struct ip_addr *a)
{
    unsigned link = *local_head(l, a), i;
    while (link && addr_differs(&l->at[link - 1].addr, a))
        link = l->at[link - 1].next;
    i = link ? link - 1 : local_new(l, a);
    if (i < LOCALS && !(link && mutant(local_given_early)))
        l->at[i].users++;
    return i;
}

static void local_give(struct locals *l, unsigned i)
{
    struct local *at = &l->at[i];
    if (--at->users)
        return;
    uint16_t *link = local_head(l, &at->addr);
    while (*link != i + 1)
        link = &l->at[*link - 1].next;
    *link = at->next;
    at->next = l->free;
    l->free = (uint16_t)(i + 1);
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
    struct bucket *b = &t->buckets[hash & t->mask];
    uint64_t empty = lanes_with(b, 0);
    if (empty) {
        b->tag[first_lane(empty)] = tag_of(hash);
        b->slot[first_lane(empty)] = idx;
        slot_at(t, idx)->next = (uint32_t)(hash & t->mask);
    } else {
        slot_at(t, idx)->next = b->overflow;
        b->overflow = idx + 1;
    }
}

/* Writes key and zeroed object, then shows them to readers. */
static void occupy(struct conntable *t, uint32_t idx, const struct flow_key *k, unsigned local, uint64_t hash)
{
    struct slot *s = slot_at(t, idx);
    /* The even state of the last ct_remove is seen before any byte written below. Partner: the load fence in
     * ct_peek. */
    ck_pr_fence_store();
    put_addr(&s->remote, &k->remote);
    __atomic_store_n(&s->rest, ports_of(k) | (uint64_t)local << 32 | (uint64_t)tag_of(hash) << 48,
                     __ATOMIC_RELAXED); /* partner: the load in ct_peek, ordered by state */
    memset(ct_obj(t, idx), 0, t->obj_size);
    if (t->cold)
        memset(ct_cold(t, idx), 0, t->cold_size);
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
    unsigned local = local_take(t->locals, &k->local);
    if (local == LOCALS)
        return CT_NONE;
    uint32_t idx = take(t);
    if (idx == CT_NONE) {
        local_give(t->locals, local);
        return CT_NONE;
    }
    link_slot(t, idx, hash);
    occupy(t, idx, k, local, hash);
    set_count(t, t->count + 1);
    return idx;
}

/* ---- remove ---- */

static uint64_t lane_holding(const struct bucket *b, uint16_t tag, uint32_t idx)
{
    for (uint64_t m = lanes_with(b, tag); m; m &= m - 1)
        if (b->slot[first_lane(m)] == idx)
            return m;
    return 0;
}

/* The lane goes to the first of the overflow list, so that a list shrinks as soon as it can. */
static void refill_lane(struct conntable *t, uint32_t bucket, unsigned lane)
{
    struct bucket *b = &t->buckets[bucket];
    if (!b->overflow) {
        b->tag[lane] = 0;
        return;
    }
    struct slot *first = slot_at(t, b->overflow - 1);
    b->tag[lane] = tag_in(first);
    b->slot[lane] = b->overflow - 1;
    b->overflow = first->next;
    first->next = bucket;
}

static void unlink_listed(struct conntable *t, uint32_t idx)
{
    struct flow_key k = ct_key(t, idx);
    uint32_t *link = &t->buckets[hash_of(t, &k) & t->mask].overflow;
    while (*link != idx + 1)
        link = &slot_at(t, *link - 1)->next;
    *link = slot_at(t, idx)->next;
}

/* In which of both it is, the lanes say: what `next` names is its bucket if a lane there holds it. */
static void unlink_slot(struct conntable *t, uint32_t idx)
{
    const struct slot *s = slot_at(t, idx);
    uint32_t bucket = s->next & t->mask;
    uint64_t lane = lane_holding(&t->buckets[bucket], tag_in(s), idx);
    if (lane)
        refill_lane(t, bucket, first_lane(lane));
    else
        unlink_listed(t, idx);
}

void ct_remove(struct conntable *t, uint32_t idx)
{
    struct slot *s = slot_at(t, idx);
    assert(idx < t->used && s->state % 2 == 1);
    unlink_slot(t, idx);
    /* Relaxed: occupy() has the fence that the next occupant needs. Partner: both loads in ct_peek. */
    __atomic_store_n(&s->state, s->state + 1, __ATOMIC_RELAXED);
    local_give(t->locals, local_of(s));
    s->next = t->free;
    t->free = idx + 1;
    set_count(t, t->count - 1);
}

/* ---- access ---- */

void *ct_obj(const struct conntable *t, uint32_t idx)
{
    return t->objects + idx * t->stride;
}

void *ct_cold(const struct conntable *t, uint32_t idx)
{
    return t->cold + idx * t->cold_size;
}

const struct ip_addr *ct_remote(const struct conntable *t, uint32_t idx)
{
    return &slot_at(t, idx)->remote;
}

struct flow_key ct_key(const struct conntable *t, uint32_t idx)
{
    const struct slot *s = slot_at(t, idx);
    return (struct flow_key){.remote = s->remote,
                             .local = t->locals->at[local_of(s)].addr,
                             .remote_port = (uint16_t)s->rest,
                             .local_port = (uint16_t)(s->rest >> 16)};
}

bool ct_is(const struct conntable *t, uint32_t idx, const struct flow_key *k)
{
    return slot_is(t, slot_at(t, idx), k);
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

/* The same in words of 32 bits. */
static void copy_cold(void *to, const uint32_t *from, size_t n)
{
    for (size_t i = 0; i * 4 < n; i++) {
        uint32_t w = ck_pr_load_32(&from[i]);
        memcpy((uint8_t *)to + i * 4, &w, 4);
    }
}

/* The address that put_addr() writes or has written. */
static struct ip_addr peek_addr(const struct ip_addr *from)
{
    const word *w = (const word *)(const void *)from;
    uint64_t in[ADDR_WORDS];
    struct ip_addr a;
    for (unsigned i = 0; i < ADDR_WORDS; i++)
        in[i] = __atomic_load_n(&w[i], __ATOMIC_RELAXED);
    memcpy(&a, in, sizeof a);
    return a;
}

bool ct_peek(const struct conntable *t, uint32_t idx, struct flow_key *k, void *obj, size_t n, void *cold)
{
    assert(n <= t->obj_size);
    if (idx >= __atomic_load_n(&t->used, __ATOMIC_RELAXED)) /* partner: take() */
        return false;
    const struct slot *s = slot_at(t, idx);
    uint32_t state = __atomic_load_n(&s->state, __ATOMIC_ACQUIRE); /* partner: the release in occupy() */
    if (state % 2 == 0)
        return false;
    uint64_t rest = __atomic_load_n(&s->rest, __ATOMIC_RELAXED); /* partner: the store in occupy() */
    *k = (struct flow_key){.remote = peek_addr(&s->remote),
                           .local = peek_addr(&t->locals->at[(rest >> 32) % LOCALS].addr),
                           .remote_port = (uint16_t)rest,
                           .local_port = (uint16_t)(rest >> 16)};
    copy_words(obj, ct_obj(t, idx), n);
    if (cold)
        copy_cold(cold, ct_cold(t, idx), t->cold_size);
    ck_pr_fence_load(); /* partner: the store fence in occupy() */
    return __atomic_load_n(&s->state, __ATOMIC_RELAXED) == state;
}
