/* shared: what workers have together beside the configuration: the buckets of rate limits, and what of a
 * cluster or an endpoint, or by a client, is in use, where that is limited. One object for a process.
 *
 * Things are found by name and live while somebody holds them, so what is called the same before and after a
 * reload goes on as it was. Finding and giving back takes a lock and is done when a generation is bound and
 * unbound; what is found is used without. What nobody holds any more is freed by shared_sweep(), off the
 * workers' threads: it can be large. */
#ifndef LACON_EXCHANGE_SHARED_H
#define LACON_EXCHANGE_SHARED_H

#include <stddef.h>
#include <stdint.h>

#include "agent/base/tally.h"
#include "config/config.h"
#include "lb-policy/in_use.h"
#include "lb-policy/rate.h"

struct shared;

/* What is in use of a cluster (or an endpoint: requests and conns); see tally.h. */
struct breaker {
    uint32_t requests;                 /* at endpoints */
    uint32_t retries;                  /* of these, those that were begun because a try had failed */
    uint32_t conns;                    /* open, idle ones among them */
    uint32_t pending;                  /* requests that wait for room (queue.c) */
    uint64_t head_ns[CFG_MAX_WORKERS]; /* since when each worker's first one waits; 0: nobody */
} __attribute__((aligned(64)));

/* NULL when memory is short; destroy(NULL) is legal. */
struct shared *shared_create(void);
void shared_destroy(struct shared *s);
/* Frees what nobody holds. Any thread. */
void shared_sweep(struct shared *s);
/* How many breakers and clients count something. For tests. */
unsigned shared_busy(struct shared *s);
/* Bytes that it takes now. Any thread. */
size_t shared_memory(struct shared *s);

/* The buckets of that name and number of keys, made when there are none; NULL when memory is short. Each get
 * is followed by a put (NULL is legal there). Any thread. */
struct lb_rate *shared_rate_get(struct shared *s, const char *name, uint32_t keys);
void shared_rate_put(struct shared *s, const char *name, struct lb_rate *r);

/* What clients have in use, of all workers, for so many at a time, made when it is asked for first; it lives
 * as long as s. NULL when memory is short. Any thread. */
struct lb_in_use *shared_in_use(struct shared *s, uint64_t keys);

/* The counts of that name; likewise. They outlive their last put while they are not all zero. */
struct breaker *shared_breaker_get(struct shared *s, const char *name);
void shared_breaker_put(struct shared *s, const char *name, struct breaker *b);

#endif
