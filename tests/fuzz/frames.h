/* Frames for the packet fuzz targets. A received frame ends where its memory ends, so that the address
 * sanitizer sees a read of one byte too many; what leaves is shown to the target and freed. */
#ifndef LACON_TESTS_FUZZ_FRAMES_H
#define LACON_TESTS_FUZZ_FRAMES_H

#include "agent/base/frame.h"
#include "tests/fuzz/property.h"

struct frame_box {
    unsigned live, sent;
    unsigned refuse; /* so many allocations find no frame */
    void (*see)(void *arg, const struct frame *f);
    void *arg;
};

static inline struct frame *frame_make(struct frame_box *box, uint32_t room)
{
    struct frame *f = calloc(1, sizeof *f);
    uint8_t *block = malloc(FRAME_HEADROOM + room + 1u);
    PROPERTY(f && block);
    memset(block, 0xdb, FRAME_HEADROOM + room); /* nobody may count on zeros */
    *f = (struct frame){
        .data = block + FRAME_HEADROOM, .headroom = FRAME_HEADROOM, .tailroom = room, .owner = block};
    box->live++;
    return f;
}

static inline struct frame *frame_receive(struct frame_box *box, const uint8_t *p, uint32_t n, uint16_t port)
{
    struct frame *f = calloc(1, sizeof *f);
    uint8_t *block = malloc(FRAME_HEADROOM + n);
    PROPERTY(f && block);
    memcpy(block + FRAME_HEADROOM, p, n);
    *f = (struct frame){
        .data = block + FRAME_HEADROOM, .len = n, .headroom = FRAME_HEADROOM, .port = port, .owner = block};
    box->live++;
    return f;
}

static inline struct frame *frame_box_alloc(void *ctx)
{
    struct frame_box *box = ctx;
    if (box->refuse) {
        box->refuse--;
        return NULL;
    }
    return frame_make(box, FRAME_ROOM);
}

static inline void frame_box_free(void *ctx, struct frame *f)
{
    struct frame_box *box = ctx;
    PROPERTY(f->data == (uint8_t *)f->owner + f->headroom); /* a second free is the sanitizer's to find */
    free(f->owner);
    free(f);
    box->live--;
}

static inline void frame_box_send(void *ctx, struct frame *f)
{
    struct frame_box *box = ctx;
    box->sent++;
    box->see(box->arg, f);
    frame_box_free(ctx, f);
}

static inline struct frame_ops frame_box_ops(struct frame_box *box)
{
    return (struct frame_ops){
        .alloc = frame_box_alloc, .send = frame_box_send, .free = frame_box_free, .ctx = box};
}

#endif
