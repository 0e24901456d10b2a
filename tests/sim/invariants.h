/* invariants: what must hold inside lacon after every call of an engine. It looks at the splice's own
 * structures (agent/splice/conn.h states the four invariants I1 to I4) and at what the oracle saw on the
 * wire. */
#ifndef SIM_INVARIANTS_H
#define SIM_INVARIANTS_H

#include "tests/sim/lacon.h"

/* The flows whose segments went in or out since the last call, and their peers; now and then, and when there
 * were many, everything. */
void invariants_step(struct lacon_worker *w);

/* Nothing may be left of anything: connections, extents, kept bytes, timers, local ports. */
void invariants_rest(struct lacon_worker *w);

#endif
