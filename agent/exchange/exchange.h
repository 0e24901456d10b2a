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
#include "agent/exchange/roster.h"
#include "agent/exchange/shared.h"
#include "agent/splice/splice.h"
#include "config/config.h"

struct exchanges;

struct exchanges_params {
    const struct config *config; /* outlives the object, as does the roster */
    struct roster *roster;
    struct shared *shared;   /* outlives it, too; NULL: one of its own (one worker alone) */
    struct sip_key rate_key; /* the same for all workers */
    unsigned worker;
    struct access_sink log;
    int64_t wall_offset_ns;
    const uint8_t *secret; /* 32 bytes, drawn at boot, the same for all workers */
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

/* ---- another configuration ----
 * A generation is what one worker makes of a configuration, which must outlive it. The first is made by
 * exchanges_create(), with id 0. */
struct generation;

/* Any thread that may wait, as generation_destroy(). NULL when memory is short. */
struct generation *generation_create(const struct config *cfg, struct roster *roster, unsigned worker,
                                     uint32_t id);
/* Any thread; of one that was not bound, or was unbound, or has retired. NULL is legal. */
void generation_destroy(struct generation *g);
const struct config *generation_config(const struct generation *g);

/* The worker's thread, as all below. Binds g to this worker: 0 or -ENOMEM. Then it is adopted, or unbound. */
int generation_bind(struct exchanges *w, struct generation *g);
void generation_unbind(struct exchanges *w, struct generation *g);
/* What begins from now on begins under g. Exchanges in flight end under their own generation, or after its
 * drain_timeout. Client conns live on when g has their listener (same address and protocol), else they end
 * with their exchange. */
void exchanges_adopt(struct exchanges *w, struct generation *g);
/* A generation that nobody uses any more, the caller's to destroy; NULL when there is none. */
struct generation *exchanges_retired(struct exchanges *w);

/* Takes what has changed in the roster; costs a look when nothing has. */
void exchanges_sync(struct exchanges *w);

/* Makes the checks that are due, ends what outlived a drain_timeout; when there is something to do next. */
void exchanges_tick(struct exchanges *w);
/* At the end of each burst and tick: what waits for room is given some. */
void exchanges_settle(struct exchanges *w);
uint64_t exchanges_next_ns(const struct exchanges *w);

/* No new requests: idle clients are closed, responses say Connection: close. */
/* The wall clock has been set: it minus now_ns is this from now on. */
void exchanges_set_wall(struct exchanges *w, int64_t wall_offset_ns);
void exchanges_drain(struct exchanges *w);

#endif
