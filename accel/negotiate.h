/* Who fills which hook: asked at start, with the reason on record. Main thread, before any other. */
#ifndef LACON_ACCEL_NEGOTIATE_H
#define LACON_ACCEL_NEGOTIATE_H

#include "accel/accel.h"

#define ACCEL_ORDER  8
#define ACCEL_REASON 400

/* What the operator wants; names of providers. */
struct accel_wish {
    unsigned norder;
    const char *order[ACCEL_ORDER];     /* preferred first; soft is always the last */
    const char *hook[ACCEL_HOOK_COUNT]; /* this one and no other (but soft, when it cannot); NULL: by order */
};

struct accel_choice {
    const struct accel_provider *provider; /* NULL: FLOW alone, nobody */
    const struct kernels *kernels;         /* CSUM, SCAN */
    char why[ACCEL_REASON];                /* everybody who was asked, and what came of it */
};

struct accel_choices {
    struct accel_choice hook[ACCEL_HOOK_COUNT]; /* of the process */
    /* Of frames that come in by each port: what its device does itself, the process's choice elsewhere. */
    unsigned nports;
    struct accel_choice port[ACCEL_PORTS][ACCEL_HOOK_COUNT];
};

/* Asks each provider of the order that has the hook, measures those that can with ticks(), and takes the
 * first that is not slower than plain C here. An engine is tried by making one with `trial`, asking it about
 * each of trial's ports, and ending it; the first that serves a port is the process's, and where it does not
 * serve another, that one has none. An emulated or faulty engine costs where silicon saves, and a real one
 * changes what a device does: each is taken only when it is named. */
void accel_negotiate(const struct accel_wish *wish, const struct accel_engine_params *trial,
                     uint64_t (*ticks)(void), struct accel_choices *out);

/* Puts the chosen CSUM and SCAN kernels into use. */
void accel_use(const struct accel_choices *c);

#endif
