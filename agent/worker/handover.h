/* handover: the rings by which workers give each other frames: one per ordered pair of workers, so each has
 * one producer and one consumer. A frame crosses once: to the worker that owns its flow, or to the worker
 * whose queue it is to leave by. */
#ifndef LACON_WORKER_HANDOVER_H
#define LACON_WORKER_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/frame.h"

#define HANDOVER_RING 1024u

enum handover_kind {
    HANDOVER_INPUT, /* for the engine */
    HANDOVER_SEND,  /* for the device */
};

struct handover;

/* Rings between n workers (none when n is 1). NULL when memory is short. destroy(NULL) is legal; frames that
 * are still inside are given to drop(). */
struct handover *handover_create(unsigned n);
/* Bytes of all rings between n workers. */
size_t handover_memory(unsigned n);
void handover_destroy(struct handover *h, void (*drop)(struct frame *f));

/* From worker `from`'s thread. False: the ring is full, f stays the caller's. */
bool handover_give(struct handover *h, unsigned from, unsigned to, struct frame *f, enum handover_kind kind);

/* On worker `to`'s thread: the oldest frame from `from`, or NULL. */
struct frame *handover_take(struct handover *h, unsigned from, unsigned to, enum handover_kind *kind);

#endif
