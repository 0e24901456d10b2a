/* twice: one seed is run once as ever, and once with the steady way (agent/splice/steady.c) switched off.
 * Whatever lacon sends must be the same then, frame by frame and at the same virtual times, and so must be
 * all it counts: what the short way does is nothing but what the long one would have done. One process makes
 * one such pair of runs. */
#ifndef SIM_TWICE_H
#define SIM_TWICE_H

#include <stdbool.h>
#include <stdint.h>

struct lacon;

/* False: a release build has no switch. */
bool twice_possible(void);
/* Switches the steady way off for all runs of this process, if it can be. */
bool twice_general(void);

/* The next run is written down; the one after it is compared with that. */
void twice_first(void);
void twice_second(void);

/* lacon sends a frame. The first that differs fails the second run. */
void twice_frame(struct lacon *l, unsigned port, const uint8_t *p, uint32_t n);
/* lacon ends, or crashes, with these counters. */
void twice_counters(struct lacon *l);
/* After the second run: has it done all that the first one did? */
bool twice_all(void);

#endif
