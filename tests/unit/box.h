/* Frames of the heap, for engines under test: each alone, so that a sanitizer sees who reads beyond or late.
 */
#ifndef LACON_TESTS_UNIT_BOX_H
#define LACON_TESTS_UNIT_BOX_H

#include <stdlib.h>

#include "agent/base/frame.h"

#define BOX_ROOM 2048u

struct box {
    struct frame f;
    uint8_t bytes[FRAME_HEADROOM + BOX_ROOM];
};

static inline struct frame *box_alloc(void *ctx)
{
    struct box *b = malloc(sizeof *b);
    (void)ctx;
    b->f = (struct frame){
        .data = b->bytes + FRAME_HEADROOM, .headroom = FRAME_HEADROOM, .tailroom = BOX_ROOM, .owner = b};
    return &b->f;
}

static inline void box_free(void *ctx, struct frame *f)
{
    (void)ctx;
    free(f->owner);
}

#endif
