/* answers: what the admin socket says: a view of the running workers for each request, as JSON. Each has its
 * file here, as agent/laconctl has one for what is made of it.
 *
 *   status                            version, process, workers, interfaces, access log
 *   counters                          every counter, summed over the workers
 *   connections SIDE WORKER SLOT      a page of connections; SIDE is all, client or endpoint; WORKER and SLOT
 *                                     say where to go on: 0 0, then what "next" of the page before says
 *   clients                           the ANSWERS_CLIENTS addresses with the most connections, by worker
 *   memory                            what each part takes at most, and what the process has
 *   accel                             who fills the accelerator hooks, why, and each worker's flow engine
 *   neighbours                        each worker's view of ARP and ND
 *   explain LISTENER PROTOCOL PORT SOURCE SUBJECT   what would become of a request (explain.h)
 *   endpoints                         each endpoint's state, and what it was used for
 *   drain, enable WHICH               an endpoint takes no new requests; it does so again (endpoints.h)
 *   weight WHICH N                    an endpoint has this weight; "file": that of the file
 *   reload                            reads the configuration file again; answers when it is in use, or why
 * not
 *
 * Everything is read while the workers run: figures are of one instant apart, a connection is shown as it was
 * at one instant. */
#ifndef LACON_CONTROL_ANSWERS_H
#define LACON_CONTROL_ANSWERS_H

#include <stdint.h>

#include "agent/control/access_log.h"
#include "agent/control/reload_desk.h"
#include "agent/worker/worker.h"

/* A page holds at most this many connections, and costs at most the look at this many slots. */
#define ANSWERS_PAGE       256
#define ANSWERS_PAGE_SLOTS 65536

#define ANSWERS_CLIENTS 100

/* All borrowed. */
struct answers {
    struct workers *workers;
    const struct access_log *log; /* NULL: off */
    struct reload_desk *desk;
    struct reload_desk *refresh_desk; /* for what takes the configuration to be derived again */
    void (*ask_refresh)(void);
    uint64_t start_ns;    /* workers_now_ns() */
    uint64_t start_bytes; /* resident before the first packet */
};

/* An admin_answer (admin.h); ctx is a struct answers. Admin thread. */
char *answers_get(void *ctx, unsigned nword, char *const word[]);

#endif
