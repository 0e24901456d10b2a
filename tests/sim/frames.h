/* frames: the frame_ops that the engine gets. Each frame is a heap block of its own of the exact size, so
 * that the address sanitizer sees every overrun; frames given back are remembered, so a second free, a send
 * after a free and a leak are found without it too. Lives for one run. */
#ifndef SIM_FRAMES_H
#define SIM_FRAMES_H

#include "agent/base/frame.h"
#include "tests/sim/sim.h"

struct sim_frame;

struct frames {
    struct sim *sim;
    struct sim_frame *all;
    uint64_t live;
    unsigned fail_permille;                         /* allocations that find no frame */
    void (*send)(void *arg, const struct frame *f); /* looks; the frame is released afterwards */
    void *arg;
};

void frames_init(struct frames *fr, struct sim *s);
void frames_fini(struct frames *fr); /* also frees what leaked */
struct frame_ops frames_ops(struct frames *fr);

/* A received frame with these bytes. */
struct frame *frames_receive(struct frames *fr, uint16_t port, const uint8_t *p, uint32_t n);

#endif
