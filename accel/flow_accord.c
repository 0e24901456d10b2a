/* See flow_accord.h. Each atomic is a flag or a count that only grows while workers run; what a worker did to
 * the device before it joined happens before the flush (join: acq_rel with itself), and the flush before what
 * others do when they see it (emptied: release, is_emptied: acquire). */
#include "accel/flow_accord.h"

#include <stdlib.h>

#include "agent/base/mutant.h"

struct flow_accord {
    unsigned parties;
    bool any; /* written by want(), read by any() */
    struct {
        bool wanted, emptied;
        unsigned joined;
    } port[FLOW_PORTS];
};

struct flow_accord *flow_accord_create(unsigned nworkers)
{
    struct flow_accord *a = calloc(1, sizeof *a);
    if (a)
        a->parties = nworkers;
    return a;
}

void flow_accord_destroy(struct flow_accord *a)
{
    free(a);
}

unsigned flow_accord_leave(struct flow_accord *a)
{
    return --a->parties;
}

void flow_accord_want(struct flow_accord *a, uint16_t port)
{
    __atomic_store_n(&a->port[port].wanted, true, __ATOMIC_RELAXED);
    __atomic_store_n(&a->any, true, __ATOMIC_RELEASE); /* with any() */
}

bool flow_accord_any(const struct flow_accord *a)
{
    return __atomic_load_n(&a->any, __ATOMIC_ACQUIRE); /* with want() */
}

bool flow_accord_wanted(const struct flow_accord *a, uint16_t port)
{
    return __atomic_load_n(&a->port[port].wanted, __ATOMIC_RELAXED); /* any() has been asked */
}

bool flow_accord_join(struct flow_accord *a, uint16_t port)
{
    return __atomic_add_fetch(&a->port[port].joined, 1, __ATOMIC_ACQ_REL) == a->parties ||
           mutant(flow_port_taken);
}

void flow_accord_emptied(struct flow_accord *a, uint16_t port)
{
    __atomic_store_n(&a->port[port].emptied, true, __ATOMIC_RELEASE); /* with is_emptied() */
}

bool flow_accord_is_emptied(const struct flow_accord *a, uint16_t port)
{
    return __atomic_load_n(&a->port[port].emptied, __ATOMIC_ACQUIRE); /* with emptied() */
}
