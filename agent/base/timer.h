/* Hierarchical timer wheel: add, move and remove in constant time, for millions of timers that mostly never
 * fire.
 *
 * Resolution is 1 ms; a timer never fires early and at most one tick plus one tw_advance() interval late.
 * Timers may be added and removed from inside a callback, also the firing one. One worker's thread owns a
 * wheel. Time is an argument (nanoseconds on any monotonic clock); the wheel reads none. */
#ifndef LACON_BASE_TIMER_H
#define LACON_BASE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS_NS  1000000ull
#define SEC_NS 1000000000ull

/* Part of the caller's object, zeroed before its first use; the wheel never allocates. Objects lie in one
 * array and are named by their places in it. */
struct tw_node {
    uint32_t next; /* 1 + the next one's place; 0: the last */
    uint32_t prev; /* 1 + the place of the one before, or which list it is the first of; 0: not armed */
    uint32_t tick; /* deadline, in milliseconds modulo 2^32 */
};

#define TW_BITS   8
#define TW_SLOTS  (1u << TW_BITS)
#define TW_LEVELS 4
#define TW_FAR    (UINT64_C(1) << 30) /* ms, 12 days: a deadline that is farther away counts as that far */
#define TW_NODES  (UINT32_C(1) << 31) /* there are fewer */

struct timer_wheel {
    uint64_t now_tick;
    uint64_t armed; /* number of armed timers */
    uint8_t *nodes;
    size_t stride;
    uint32_t list[TW_LEVELS * TW_SLOTS + 1]; /* first nodes: of each slot, and of those that are due now */
    uint64_t used[TW_LEVELS][TW_SLOTS / 64]; /* bitmap of non-empty slots, for tw_next_ns() */
};

/* `first` is node 0, and the next ones follow `stride` bytes apart. */
void tw_init(struct timer_wheel *w, uint64_t now_ns, struct tw_node *first, size_t stride);

/* The nodes are others from now on; none may be armed. */
void tw_nodes(struct timer_wheel *w, struct tw_node *first, size_t stride);

/* (Re)arms node i for deadline_ns; an armed node is moved. A deadline that is past is due at the next tick.
 */
void tw_add(struct timer_wheel *w, uint32_t i, uint64_t deadline_ns);

/* Disarms node i; legal when it is not armed. */
void tw_del(struct timer_wheel *w, uint32_t i);

static inline bool tw_armed(const struct tw_node *n)
{
    return n->prev != 0;
}

/* Fires every timer due at now_ns, in order of tick: disarms the node, then calls fire(arg, i, now_ns), which
 * may add, move, remove and free any timer, also those due now. What is added meanwhile fires in a
 * later call, whatever its deadline. Does nothing within one tick and when time goes back. Cost: the timers
 * fired and moved down, not the ticks passed. */
void tw_advance(struct timer_wheel *w, uint64_t now_ns, void (*fire)(void *arg, uint32_t i, uint64_t now_ns),
                void *arg);

/* A time not later than the earliest deadline (rounded to a slot), or UINT64_MAX when nothing is armed: how
 * long a worker may sleep. */
uint64_t tw_next_ns(const struct timer_wheel *w);

#endif
