/* patience: how long an idle worker goes on looking before it sleeps, learnt from how long its latest idle
 * periods lasted.
 *
 * Sleeping has a price: the time of the CPU that going to sleep and being woken take, and the time for which
 * the frame that wakes has to wait. Looking on costs the time until the next frame; looking on in vain costs
 * both. The patience is the one that would have cost least in the periods seen lately: none for a worker
 * whose frames come far apart, as long as an answer takes where that comes soon and the next request does
 * not, and up to PATIENCE_MAX_NS where frames come so close that sleep is not worth it.
 *
 * One thread. Time is an argument. */
#ifndef LACON_WORKER_PATIENCE_H
#define LACON_WORKER_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#define PATIENCE_STEP_NS  4000u
#define PATIENCE_STEPS    16u
#define PATIENCE_MAX_NS   (PATIENCE_STEP_NS * PATIENCE_STEPS)
#define PATIENCE_FIRST_NS 20000u /* before anything was learnt */
#define PATIENCE_LESSON   64u    /* idle periods until it is thought over */

/* The price of a sleep, and how long after its cause a sleep ends; README.md, "Rest", has the measurements.
 */
#define PATIENCE_PRICE_NS 64000u
#define PATIENCE_LATE_NS  20000u

struct patience {
    uint32_t ns; /* what it is at present */
    uint32_t seen;
    uint32_t ended[PATIENCE_STEPS + 1]; /* idle periods by their length in steps; the last: longer */
};

void patience_init(struct patience *p);

/* An idle period has ended after so long; slept: some of it was sleep. */
void patience_note(struct patience *p, uint64_t idle_ns, bool slept);

#endif
