/* core: one worker from the inside. Internal to agent/worker: the object (worker.c) and its loop (loop.c). */
#ifndef LACON_WORKER_CORE_H
#define LACON_WORKER_CORE_H

#include <pthread.h>

#include "agent/base/timer.h"
#include "agent/worker/handover.h"
#include "agent/worker/mailbox.h"
#include "agent/worker/patience.h"
#include "agent/worker/spsc.h"
#include "agent/worker/wake.h"
#include "agent/worker/worker.h"

#define WORKER_LOG_RING 8192u

struct worker {
    /* set before the thread starts, read-only afterwards */
    unsigned index, nworkers;
    int core;  /* -1: floats */
    bool spin; /* idle: poll */
    struct engine *engine;
    struct io_lane *lane;
    struct handover *handover;
    struct worker *const *all; /* nworkers of them, to wake */
    pthread_t thread;
    bool running; /* main thread's: `thread` is to be joined */

    /* the worker's own */
    uint64_t next_ns;   /* when engine_tick is due */
    uint64_t wake_mask; /* workers given frames in this round */
    struct patience patience;
    bool yields;       /* it has a real-time priority */
    bool can_be_woken; /* by each of its receive queues */
    struct counters counters __attribute__((aligned(64)));
    struct worker_info info; /* worker: rw, others: ro, by relaxed loads */

    /* shared */
    bool stop __attribute__((aligned(64))); /* main: wo, worker: ro */
    struct wake wake;
    struct mailbox mailbox;
    struct spsc log_ring; /* producer: worker, consumer: control */
    struct access_record *log;
} __attribute__((aligned(64)));

void *worker_main(void *worker);

/* The engine's frame_ops and access_sink, ctx being the worker. */
struct frame *worker_frame_alloc(void *ctx);
void worker_frame_send(void *ctx, struct frame *f);
void worker_frame_free(void *ctx, struct frame *f);
void worker_frame_give(void *ctx, unsigned owner, struct frame *f); /* engine_params.give */
bool worker_log_put(void *ctx, const struct access_record *r);

#endif
