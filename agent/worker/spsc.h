/* spsc: the indexes of a bounded ring with one producer thread and one consumer thread; the slots are an
 * array of the caller's, of any type. No lock, no wait.
 *
 * PRODUCER: spsc_claim() says which slot to fill, spsc_publish() makes it visible (release, pairs with the
 * acquire in spsc_peek). CONSUMER: spsc_peek() says which slot to read, spsc_release() gives it back
 * (release, pairs with the acquire in spsc_claim). Each side caches the other's index, so that a ring that is
 * neither empty nor full costs no shared cache line per item.
 *
 * Not ck_ring: its order comes from inline assembly, which the thread sanitizer cannot see; our own rule is
 * that lock-free code is stressed under it. */
#ifndef LACON_WORKER_SPSC_H
#define LACON_WORKER_SPSC_H

#include <stdbool.h>
#include <stdint.h>

struct spsc {
    /* producer: rw, consumer: reads `head` */
    uint32_t head __attribute__((aligned(64)));
    uint32_t tail_seen;
    /* consumer: rw, producer: reads `tail` */
    uint32_t tail __attribute__((aligned(64)));
    uint32_t head_seen;
    /* both: ro */
    uint32_t size __attribute__((aligned(64)));
};

/* `size` is a power of two, at most 2^31. Before the threads start. */
static inline void spsc_init(struct spsc *r, uint32_t size)
{
    *r = (struct spsc){.size = size};
}

/* Producer: *slot = where the next item goes. False: full. */
static inline bool spsc_claim(struct spsc *r, uint32_t *slot)
{
    uint32_t head = r->head; /* only we write it */

    if (head - r->tail_seen == r->size) {
        r->tail_seen = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
        if (head - r->tail_seen == r->size)
            return false;
    }
    *slot = head & (r->size - 1);
    return true;
}

static inline void spsc_publish(struct spsc *r)
{
    __atomic_store_n(&r->head, r->head + 1, __ATOMIC_RELEASE);
}

/* Consumer: *slot = where the oldest item is. False: empty. */
static inline bool spsc_peek(struct spsc *r, uint32_t *slot)
{
    uint32_t tail = r->tail; /* only we write it */

    if (tail == r->head_seen) {
        r->head_seen = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE);
        if (tail == r->head_seen)
            return false;
    }
    *slot = tail & (r->size - 1);
    return true;
}

static inline void spsc_release(struct spsc *r)
{
    __atomic_store_n(&r->tail, r->tail + 1, __ATOMIC_RELEASE);
}

/* Any thread: items ever published, ever released, modulo 2^32. */
static inline uint32_t spsc_written(const struct spsc *r)
{
    return __atomic_load_n(&r->head, __ATOMIC_ACQUIRE);
}

static inline uint32_t spsc_taken(const struct spsc *r)
{
    return __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
}

#endif
