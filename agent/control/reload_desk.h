/* reload_desk: where the admin thread waits for a reload that the main thread does. Asking is sending SIGHUP
 * to our own process, so there is one way in which a reload happens. */
#ifndef LACON_CONTROL_RELOAD_DESK_H
#define LACON_CONTROL_RELOAD_DESK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct reload_desk {
    pthread_mutex_t lock;
    pthread_cond_t news;
    uint64_t begun, answered; /* reloads are numbered from 1: the last one begun, the last one answered */
    char *complaints;         /* of the last one answered; NULL: none */
    bool closed;
};

void reload_desk_init(struct reload_desk *d);
void reload_desk_destroy(struct reload_desk *d);

/* Has `ask` called, waits for a reload that begins later, and returns its complaints on the heap (the
 * caller's), NULL when it went well. *rc: 0; -ESHUTDOWN: there was none, lacon is stopping; -ENOMEM. */
char *reload_desk_wait(struct reload_desk *d, void (*ask)(void), int *rc);

/* Main thread: a reload begins; the file has not been read yet. */
void reload_desk_begin(struct reload_desk *d);
/* Main thread: it has ended; complaints as in control_reload_done(). */
void reload_desk_answer(struct reload_desk *d, const char *complaints);
/* Main thread: there will be none any more; who waits is sent away. */
void reload_desk_close(struct reload_desk *d);

#endif
