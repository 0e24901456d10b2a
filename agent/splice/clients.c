/* See clients.h. Chains through a slab, as many heads as entries. */
#include "agent/splice/clients.h"

#include <assert.h>
#include <stdlib.h>

#include "agent/base/kbuf.h"
#include "agent/base/mutant.h"

struct entry {
    struct ip_addr addr __attribute__((aligned(8)));
    uint64_t bytes;       /* kept; control: ro */
    uint32_t conns, refs; /* refs: conns, and pieces of kept bytes; control: ro */
    uint32_t next;        /* in its chain, or the free list */
    uint32_t beyond;      /* the conn that may exceed the share; CLIENT_NONE: none does */
};

struct clients {
    struct sip_key key;
    uint32_t cap, heads; /* heads: power of two */
    uint32_t used, free; /* used: entries below were in use at least once */
    uint32_t most_conns;
    uint64_t most_bytes;
    uint32_t *head;
    struct entry *entry;
};

struct ip_addr client_prefix(const struct ip_addr *a)
{
    struct ip_addr p = *a;
    if (!ip_is_v4(a) && !mutant(share_address))
        memset(p.b + 8, 0, 8);
    return p;
}

static uint32_t head_count(uint32_t cap)
{
    uint32_t n = 1;
    while (n < cap)
        n *= 2;
    return n;
}

size_t clients_memory(const struct clients *t)
{
    return sizeof *t + t->cap * sizeof *t->entry + t->heads * sizeof *t->head;
}

void clients_limit(struct clients *t, uint32_t conns, uint64_t bytes)
{
    t->most_conns = conns ? conns : UINT32_MAX;
    t->most_bytes = bytes ? bytes : UINT64_MAX;
}

struct clients *clients_create(uint32_t cap, uint32_t conns, uint64_t bytes, const struct sip_key *key)
{
    struct clients *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->key = *key;
    t->cap = cap;
    t->heads = head_count(cap);
    clients_limit(t, conns, bytes);
    t->free = CLIENT_NONE;
    t->head = malloc(t->heads * sizeof *t->head);
    t->entry = calloc(cap, sizeof *t->entry);
    if (!t->head || !t->entry) {
        clients_destroy(t);
        return NULL;
    }
    memset(t->head, 0xff, t->heads * sizeof *t->head); /* CLIENT_NONE */
    return t;
}

void clients_destroy(struct clients *t)
{
    if (!t)
        return;
    free(t->head);
    free(t->entry);
    free(t);
}

static uint32_t *head_of(const struct clients *t, const struct ip_addr *prefix)
{
    return &t->head[siphash(&t->key, prefix, sizeof *prefix) & (t->heads - 1)];
}

static uint32_t find(const struct clients *t, const struct ip_addr *prefix)
{
    uint32_t i = *head_of(t, prefix);
    while (i != CLIENT_NONE && !ip_eq(&t->entry[i].addr, prefix))
        i = t->entry[i].next;
    return i;
}

bool clients_may_open(const struct clients *t, const struct ip_addr *a)
{
    struct ip_addr prefix = client_prefix(a);
    uint32_t i = find(t, &prefix);
    return i == CLIENT_NONE || mutant(share_conns_ignored) || t->entry[i].conns < t->most_conns;
}

/* Figures are written whole for clients_peek(). */
static void set_conns(struct entry *e, uint32_t n)
{
    __atomic_store_n(&e->conns, n, __ATOMIC_RELAXED); /* partner: clients_peek */
}

static void set_refs(struct entry *e, uint32_t n)
{
    __atomic_store_n(&e->refs, n, __ATOMIC_RELAXED); /* partner: clients_peek */
}

static void set_bytes(struct entry *e, uint64_t n)
{
    __atomic_store_n(&e->bytes, n, __ATOMIC_RELAXED); /* partner: clients_peek */
}

static void set_addr(struct entry *e, const struct ip_addr *a)
{
    uint64_t w[2];
    memcpy(w, a->b, sizeof w);
    for (unsigned k = 0; k < 2; k++)
        __atomic_store_n((uint64_t *)(void *)(e->addr.b + 8 * k), w[k], __ATOMIC_RELAXED);
}

static uint32_t next_fresh(struct clients *t)
{
    uint32_t i = t->used;
    __atomic_store_n(&t->used, i + 1, __ATOMIC_RELAXED); /* partner: clients_slots */
    return i;
}

static uint32_t add(struct clients *t, const struct ip_addr *prefix)
{
    uint32_t i = t->free;
    if (i != CLIENT_NONE)
        t->free = t->entry[i].next;
    else if (t->used < t->cap)
        i = next_fresh(t);
    else
        return CLIENT_NONE;
    struct entry *e = &t->entry[i];
    set_addr(e, prefix);
    set_bytes(e, 0);
    set_conns(e, 0);
    e->beyond = CLIENT_NONE;
    uint32_t *head = head_of(t, prefix);
    e->next = *head;
    *head = i;
    return i;
}

static void hold_ref(struct entry *e)
{
    set_refs(e, e->refs + 1);
}

static void drop_ref(struct clients *t, uint32_t i)
{
    struct entry *e = &t->entry[i];
    assert(e->refs > 0);
    set_refs(e, e->refs - 1);
    if (e->refs)
        return;
    uint32_t *link = head_of(t, &e->addr);
    while (*link != i)
        link = &t->entry[*link].next;
    *link = e->next;
    e->next = t->free;
    t->free = i;
}

uint32_t clients_open(struct clients *t, const struct ip_addr *a)
{
    struct ip_addr prefix = client_prefix(a);
    uint32_t i = find(t, &prefix);
    if (i == CLIENT_NONE)
        i = add(t, &prefix);
    if (i == CLIENT_NONE)
        return i;
    hold_ref(&t->entry[i]);
    set_conns(&t->entry[i], t->entry[i].conns + 1);
    return i;
}

void clients_close(struct clients *t, uint32_t i)
{
    if (i == CLIENT_NONE)
        return;
    set_conns(&t->entry[i], t->entry[i].conns - 1);
    drop_ref(t, i);
}

void clients_keep(struct clients *t, uint32_t i, uint32_t n)
{
    if (i == CLIENT_NONE)
        return;
    hold_ref(&t->entry[i]);
    set_bytes(&t->entry[i], t->entry[i].bytes + n);
}

void clients_drop(struct clients *t, uint32_t i, uint32_t n)
{
    if (i == CLIENT_NONE)
        return;
    assert(t->entry[i].bytes >= n);
    set_bytes(&t->entry[i], t->entry[i].bytes - n);
    drop_ref(t, i);
}

bool clients_full(const struct clients *t, uint32_t i)
{
    return i != CLIENT_NONE && t->entry[i].bytes >= t->most_bytes && !mutant(share_bytes_ignored);
}

bool clients_may_exceed(const struct clients *t, uint32_t i, uint32_t conn, uint32_t has)
{
    const struct entry *e = &t->entry[i];
    bool theirs = e->beyond != CLIENT_NONE && e->beyond != conn && !mutant(share_exceeded_by_all);
    return !theirs && !mutant(share_never_exceeded) &&
           (e->bytes - has < t->most_bytes + KBUF_MAX || mutant(share_exceeded_in_turn));
}

void clients_exceed(struct clients *t, uint32_t i, uint32_t conn)
{
    t->entry[i].beyond = conn;
}

void clients_settle(struct clients *t, uint32_t i, uint32_t conn)
{
    if (i != CLIENT_NONE && t->entry[i].beyond == conn && !mutant(share_exceeded_for_good))
        t->entry[i].beyond = CLIENT_NONE;
}

uint32_t clients_slots(const struct clients *t)
{
    return __atomic_load_n(&t->used, __ATOMIC_RELAXED);
}

bool clients_peek(const struct clients *t, uint32_t i, struct client_info *out)
{
    const struct entry *e = &t->entry[i];
    uint64_t w[2];
    if (__atomic_load_n(&e->refs, __ATOMIC_RELAXED) == 0)
        return false;
    for (unsigned k = 0; k < 2; k++)
        w[k] = __atomic_load_n((const uint64_t *)(const void *)(e->addr.b + 8 * k), __ATOMIC_RELAXED);
    memcpy(out->addr.b, w, sizeof w);
    out->conns = __atomic_load_n(&e->conns, __ATOMIC_RELAXED);
    out->bytes = __atomic_load_n(&e->bytes, __ATOMIC_RELAXED);
    return true;
}
