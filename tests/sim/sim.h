/* sim: a discrete event loop in virtual nanoseconds, and the place where a run notes that it failed. Single
 * thread; lives for one run of one scenario with one seed. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sim/rng.h"

#define US  1000ull
#define MS  1000000ull
#define SEC 1000000000ull

struct pcapng;
struct sim;

/* Embedded in what waits; zero-initialised is not armed. Events of one instant fire in the order they were
 * armed. */
struct sim_timer {
    uint64_t at, order;
    size_t pos; /* in the heap, from 1; 0: not armed */
    void (*fn)(void *arg);
    void *arg;
};

/* What a run did to its packets and exchanges. */
struct sim_stats {
    uint64_t frames, bytes; /* frames over links; body bytes that arrived and were compared */
    uint64_t lost, duplicated, reordered, corrupted, queue_drops, too_big;
    uint64_t handed_over;                    /* frames from one of lacon's workers to another */
    uint64_t exchanges_ok, exchanges_failed; /* failed: as the scenario's faults allow */
    uint64_t retransmits, events;
    uint64_t rules, carried,
        carried_bytes; /* of flow engines: inserted; frames that these took, bytes of them */
};

struct sim {
    uint64_t now;
    uint64_t order;
    struct sim_timer **heap;
    size_t n, cap;
    struct rng rng;
    struct pcapng *trace;  /* NULL: none */
    uint64_t trace_number; /* of the frame that is on its way just now */
    bool verbose;
    bool failed;
    uint64_t failed_at;
    char why[1000];
    struct sim_stats stats;
};

void sim_init(struct sim *s, uint64_t seed);
void sim_fini(struct sim *s);

/* (Re)arms t for virtual time `at` (not before now). */
void sim_arm(struct sim *s, struct sim_timer *t, uint64_t at);
void sim_disarm(struct sim *s, struct sim_timer *t);
static inline bool sim_armed(const struct sim_timer *t)
{
    return t->pos != 0;
}

/* Fires the next event if it is due until `until`. False when there is none or the run has failed. */
bool sim_step(struct sim *s, uint64_t until);

/* Notes a broken invariant; the first one counts and stops the loop. Those whose text contains sim_ignore
 * (when set) are passed over, to look behind a failure that is known. */
extern const char *sim_ignore;
void sim_fail(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A line of the story, for --verbose and as a comment in the trace. */
void sim_say(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As malloc, but ends the program when memory is short: a simulation has no use for half a world. */
void *xalloc(size_t n);
void *xrealloc(void *p, size_t n);

#endif
