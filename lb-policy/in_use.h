/* in_use: how many of something each key has in use now (open connections of a client, its requests in
 * flight), counted by all workers together, so that a limit on it is exact.
 *
 * READERS AND WRITERS are workers; there is no lock. A place is one word: 32 bits of the key's hash and a
 * count. It is a key's while the count is above zero; a key may have it in any of the 16 places of its set.
 * That no key ever has two is the invariant that makes a limit exact. Counting on and giving back are one
 * compare-and-swap of the place. Only to take a free place takes more: the word is written as tentative, with
 * a number that nobody else uses, the other places of the set are looked at once more, and then it is made to
 * stand, by another swap. Who meets a tentative word of his own key breaks it, and its owner begins again; so
 * of two that begin at the same time, with two free places in sight, the one who looks last sees the other
 * and one of them is broken or gives way, whatever the order. Nobody waits for anybody. All operations are
 * sequentially consistent: "written, then looked" must hold for both (the partner of each is its like).
 *
 * BOUNDED: there are four places for each key that can be in use at a time, so a set is full only by an
 * accident of the hash (with a million keys in use about once in a million sets); a secret in the hash keeps
 * anybody from arranging it. Who finds it full is let pass uncounted.
 *
 * Two keys with the same 32 bits in one set share a count: their owners would be held to one limit together,
 * about once in 2^28 pairs that meet in a set. */
#ifndef LACON_LB_POLICY_IN_USE_H
#define LACON_LB_POLICY_IN_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lb_in_use;

#define LB_IN_USE_CALLERS   64u        /* threads that may take, each with a number of its own below this */
#define LB_IN_USE_REFUSED   UINT32_MAX /* there are as many as may be */
#define LB_IN_USE_UNCOUNTED (UINT32_MAX - 1)
#define LB_IN_USE_MOST      0x7ffffffeu /* the highest limit */

/* For at most so many keys in use at a time. NULL when memory is short; destroy(NULL) is legal. */
struct lb_in_use *lb_in_use_create(uint64_t keys);
void lb_in_use_destroy(struct lb_in_use *t);
size_t lb_in_use_memory(const struct lb_in_use *t);

/* One more in use of the key with this hash, unless there are `most` (at least 1): its place, for
 * lb_in_use_give(), or LB_IN_USE_REFUSED. `caller`: the number of the calling thread. */
uint32_t lb_in_use_take(struct lb_in_use *t, unsigned caller, uint64_t hash, uint32_t most);
/* One less. LB_IN_USE_UNCOUNTED and _REFUSED: nothing was taken. Any thread. */
void lb_in_use_give(struct lb_in_use *t, uint32_t place);
/* How many are in use of the key at this moment; of how many keys some are. Any thread. */
uint32_t lb_in_use_count(const struct lb_in_use *t, uint64_t hash);
uint64_t lb_in_use_busy(const struct lb_in_use *t); /* for tests */

#endif
