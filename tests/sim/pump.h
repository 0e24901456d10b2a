/* pump: writes prepared bytes to a connection as applications do: at once, or in pieces with pauses. */
#ifndef SIM_PUMP_H
#define SIM_PUMP_H

#include "tests/sim/buf.h"
#include "tests/sim/tcb.h"

struct pump {
    struct tcb *tcb;
    struct buf bytes;
    size_t off;
    size_t stop;    /* pause for good at this offset; SIZE_MAX: none */
    uint32_t piece; /* largest piece; 0: all at once */
    uint64_t gap_ns;
    struct sim_timer timer;
    void (*done)(void *arg); /* everything was handed to TCP (or `stop` reached) */
    void *arg;
};

void pump_init(struct pump *p, void (*done)(void *arg), void *arg);
void pump_free(struct pump *p, struct sim *s);
/* Chooses pieces and pauses for what was appended to p->bytes, and starts. */
void pump_start(struct pump *p, struct tcb *c, unsigned cut_permille);
static inline bool pump_busy(const struct pump *p)
{
    return p->off < p->bytes.n;
}

#endif
