/* rate: token buckets, one for each key, of one limit; shared by all workers.
 *
 * A bucket holds `burst` tokens and gets one every `interval`. It is kept as one word, the time at which it
 * will be full (the generic cell rate algorithm's theoretical arrival time): a token may be taken while that
 * is less than burst intervals ahead, and moves it one interval on. So there is nothing to refill, a bucket
 * that is full is the same as none, and workers share it with one compare-and-swap. (DPDK's rte_meter counts
 * bytes in two colours and belongs to one thread.)
 *
 * Buckets lie in a table of fixed size, in sets of eight. A key without a bucket takes the place in its set
 * that is nearest to being full, and takes over what was used up of it: so a key that is pushed out and comes
 * back finds no less used up than when it went, and nobody gets a fresh bucket by making up other keys (the
 * idea of Metwally's "space saving" counters). What is paid: with more keys in use than places, newcomers
 * inherit what others used up. Keys come as hashes; with a secret in them nobody can aim at a set.
 *
 * Settings may change while a bucket is in use (a reload). What is used up stays so, but no more than all of
 * a bucket of the new settings, which may take a second to be seen.
 *
 * Two workers that give one place to two keys at the same time may charge one request to the other's bucket;
 * the same key may for a moment have two places. Both are worth a request at most. */
#ifndef LACON_LB_POLICY_RATE_H
#define LACON_LB_POLICY_RATE_H

#include <stddef.h>
#include <stdint.h>

struct lb_rate;

/* Places for at least `keys` keys (up to twice as many). NULL when memory is short; destroy(NULL) is legal.
 */
struct lb_rate *lb_rate_create(uint32_t keys);
void lb_rate_destroy(struct lb_rate *r);
size_t lb_rate_memory(const struct lb_rate *r);

/* Takes a token from the bucket of the key with this hash: 0, or, where there is none, the ns until there
 * will be. now_ns of all callers is of one clock. Any thread. */
uint64_t lb_rate_take(struct lb_rate *r, uint64_t hash, uint64_t interval_ns, uint32_t burst,
                      uint64_t now_ns);
/* Puts back a token that was taken with the same arguments a moment ago, for something that did not come to
 * pass. Without effect when the key's place was given to another meanwhile. Any thread. */
void lb_rate_give_back(struct lb_rate *r, uint64_t hash, uint64_t interval_ns);

#endif
