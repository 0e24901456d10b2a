/* roster: what is known of each endpoint of each cluster, for all workers of a process and for whoever asks
 * by the admin socket: what checks say, whether it is ejected, what the operator has ordered, and what it was
 * used for.
 *
 * An entry belongs to the name of a cluster and an address, and lives as long as a generation of any worker
 * has it: so a reload leaves an endpoint as it was, and one that left its cluster is forgotten.
 *
 *   entries         found, made and given back under a lock, by control threads (generation_create() and
 *                   generation_destroy()); a worker has pointers and never takes the lock
 *   states          one 64-bit word each, written whole (the word says by whom), read by anybody
 *   version         goes up after each change of a state: a worker that has seen another one than the last
 *                   time takes all states into its pickers (endpoints.c), so a pick asks nobody
 *   use             a part for each worker, which alone writes it
 *
 * Words are stored relaxed and `version` is then raised with release; who reads the version with acquire sees
 * them. What is told beside a state (since when, and why) is for people: two of these may be of two moments.
 */
#ifndef LACON_EXCHANGE_ROSTER_H
#define LACON_EXCHANGE_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/addr.h"

/* What a check has found, or why an endpoint was ejected. X(id, "text") */
#define FINDINGS(X)                                                                                          \
    X(NONE, "not checked yet")                                                                               \
    X(PASSED, "passes its checks")                                                                           \
    X(REFUSED, "refuses connections")                                                                        \
    X(NO_ANSWER, "does not answer the handshake")                                                            \
    X(UNREACHABLE, "is unreachable, says a router")                                                          \
    X(RESET, "resets the connection")                                                                        \
    X(CLOSED, "closes the connection too early")                                                             \
    X(TIMEOUT, "does not answer in time")                                                                    \
    X(BAD_ANSWER, "does not answer in HTTP")                                                                 \
    X(STATUS, "answers with status")                                                                         \
    X(BODY, "answers with another body")                                                                     \
    X(FAILURES, "failed too many requests in a row")                                                         \
    X(ERRORS, "answered too many requests in a row with 5xx")                                                \
    X(ERROR_RATE, "failed too many of its requests, or answered them with 5xx")

enum finding {
#define X(id, text) FINDING_##id,
    FINDINGS(X)
#undef X
        FINDING_MAX
};

const char *finding_text(enum finding f);

enum roster_health {
    ROSTER_UNKNOWN, /* not checked yet, or not to be checked */
    ROSTER_UP,
    ROSTER_DOWN,
};

/* What checks say. */
struct roster_check {
    enum roster_health health;
    enum finding why;
    uint16_t status; /* of FINDING_STATUS */
};

/* What one worker has done with an endpoint; written by it alone. */
struct roster_use {
    uint64_t requests, failures;
    uint64_t active;        /* requests now there */
    uint64_t down_until_ns; /* it could not connect, and passes the endpoint over until then; 0: no */
} __attribute__((aligned(64)));

struct roster_entry {
    struct roster_entry *next; /* with the same hash; this line under the lock */
    char *cluster;
    struct ip_port at;
    uint32_t refs;
    const char *reported; /* the state at the log's last look, static; NULL: none yet. The main thread's */

    uint64_t check;              /* struct roster_check; written by the worker that checks it */
    uint64_t check_since_ns;     /* likewise */
    uint64_t ejected;            /* until_ms << 16 | times in a row; written by who is ejecting */
    uint64_t ejected_since_ns;   /* likewise */
    uint64_t ejected_why;        /* enum finding; likewise */
    uint64_t drained;            /* 1: takes no new requests; written by the admin thread */
    uint64_t weight;             /* the operator's, and 1; 0: the file's. Written by the admin thread */
    uint64_t drained_since_ns;   /* likewise */
    struct {                     /* that worker's own */
        uint32_t passed, failed; /* checks in a row */
        uint64_t due_ns;         /* the next check; 0: none was made yet */
    } run;
    struct roster_use use[]; /* one for each worker */
};

struct roster;

/* NULL when memory is short; destroy(NULL) is legal. */
struct roster *roster_create(unsigned nworkers);
void roster_destroy(struct roster *r);

/* The entry of an endpoint, made when there is none; NULL when memory is short. Each get is followed by a
 * put. Any thread that may wait. */
struct roster_entry *roster_get(struct roster *r, const char *cluster, const struct ip_port *at);
void roster_put(struct roster *r, struct roster_entry *e);

/* Between lock and unlock entries stay; the one of an endpoint, or NULL. Any thread that may wait. */
void roster_lock(struct roster *r);
void roster_unlock(struct roster *r);
struct roster_entry *roster_find(struct roster *r, const char *cluster, const struct ip_port *at);

/* Bytes that it takes now. */
size_t roster_memory(struct roster *r);

/* ---- any thread, without waiting ---- */

static inline uint64_t roster_word(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

uint64_t roster_version(const struct roster *r);
struct roster_check roster_check_of(const struct roster_entry *e);

/* By the worker that checks e. */
void roster_set_check(struct roster *r, struct roster_entry *e, struct roster_check c, uint64_t now_ns);
/* By the admin thread. */
void roster_set_drained(struct roster *r, struct roster_entry *e, bool drained, uint64_t now_ns);

/* By the admin thread; taken when the next configuration is derived. */
#define ROSTER_NO_WEIGHT UINT32_MAX
void roster_set_weight(struct roster_entry *e, uint32_t weight); /* ROSTER_NO_WEIGHT: as the file says */
uint32_t roster_weight(const struct roster_entry *e, uint32_t of_file);

/* Ejecting is done by one worker at a time: whoever finds another one at it gets false, and goes on without.
 */
bool roster_begin_ejecting(struct roster *r);
void roster_end_ejecting(struct roster *r);
/* Between these: e is ejected for base_ns times how often it was in a row, at most max_ns. False: it is
 * already. */
bool roster_eject(struct roster *r, struct roster_entry *e, enum finding why, uint64_t base_ns,
                  uint64_t max_ns, uint64_t now_ns);
/* 0, or a time that may be past: it is ejected no more. */
uint64_t roster_ejected_until(const struct roster_entry *e);
/* How often in a row it was ejected, when last. */
unsigned roster_ejections(const struct roster_entry *e);

/* Sum over all workers. */
struct roster_use roster_use_of(const struct roster *r, const struct roster_entry *e);

#endif
