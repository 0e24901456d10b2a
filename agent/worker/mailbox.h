/* mailbox: how control threads have something done on a worker's thread. Many senders, one receiver. The
 * receiver looks with one load per round and takes the lock only when there is mail.
 *
 * Lives as long as its worker; mailbox_close() is the receiver's last act. */
#ifndef LACON_WORKER_MAILBOX_H
#define LACON_WORKER_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/worker/wake.h"

struct mail;

struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t handled;
    struct mail *first, **last; /* under lock */
    bool closed;                /* under lock */
    bool waiting;               /* senders: set under lock; receiver: cleared under lock, read without */
};

struct engine;
typedef void mail_fn(struct engine *e, void *arg, uint64_t now_ns);

void mailbox_init(struct mailbox *m);
void mailbox_destroy(struct mailbox *m);

/* Has fn(engine, arg, now_ns) run on the receiver's thread with its engine, and wakes it. With
 * `wait`, returns after it has run. 0; -ENOMEM; -ESHUTDOWN when the box is closed and fn was not run. */
int mailbox_send(struct mailbox *m, struct wake *wake, mail_fn *fn, void *arg, bool wait);

static inline bool mailbox_waiting(const struct mailbox *m)
{
    return __atomic_load_n(&m->waiting, __ATOMIC_ACQUIRE);
}

/* Receiver: runs what has arrived, in order. */
void mailbox_run(struct mailbox *m, struct engine *e, uint64_t now_ns);

/* Receiver: refuses what has not run and all that comes later. */
void mailbox_close(struct mailbox *m);

#endif
