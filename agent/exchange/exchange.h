/* exchange: the HTTP side of one worker: from the first byte of a request's head to the last byte of its
 * response. It tells splice what bytes mean (struct splice_user) and splice does the rest.
 *
 * Rules kept here: one exchange in flight per client conn (S3); retry only while nothing of the response was
 * seen and every request byte can be sent again (S7); small responses are adopted (S8); an early final
 * response ends the client conn (S10). Each exchange is counted and logged exactly once, in exchange_over().
 *
 * One per worker; the worker's thread. */
#ifndef LACON_EXCHANGE_EXCHANGE_H
#define LACON_EXCHANGE_EXCHANGE_H

#include "agent/exchange/access.h"
#include "agent/splice/splice.h"
#include "config/config.h"

struct exchanges;

struct exchanges_params {
    const struct config *config; /* outlives the object */
    unsigned worker;
    struct access_sink log;
    int64_t wall_offset_ns;
};

/* The callbacks for splice_create(); the context is the object itself. */
extern const struct splice_user exchange_user;

/* NULL when memory is short. The splice does not exist yet at that time: exchanges_bind() comes after
 * splice_create(). */
struct exchanges *exchanges_create(const struct exchanges_params *p);
int exchanges_bind(struct exchanges *w, struct splice *s);
void exchanges_destroy(struct exchanges *w);

/* Adds what exchanges take at most. */
void exchanges_memory(const struct exchanges *w, struct memory_list *l);

/* No new requests: idle clients are closed, responses say Connection: close. */
void exchanges_drain(struct exchanges *w);

#endif
