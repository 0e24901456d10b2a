#include "tests/sim/frames.h"

#include <stdlib.h>

struct sim_frame {
    struct frame f;
    struct frames *home;
    struct sim_frame *next;
    uint8_t *block; /* NULL once it was given back */
};

void frames_init(struct frames *fr, struct sim *s)
{
    *fr = (struct frames){.sim = s};
}

void frames_fini(struct frames *fr)
{
    while (fr->all) {
        struct sim_frame *s = fr->all;
        fr->all = s->next;
        free(s->block);
        free(s);
    }
}

static struct frame *make(struct frames *fr)
{
    struct sim_frame *s = xalloc(sizeof *s);
    s->home = fr;
    s->next = fr->all;
    fr->all = s;
    s->block = xrealloc(NULL, FRAME_HEADROOM + FRAME_ROOM);
    memset(s->block, 0xdb, FRAME_HEADROOM + FRAME_ROOM); /* nobody may count on zeros */
    s->f = (struct frame){
        .data = s->block + FRAME_HEADROOM, .headroom = FRAME_HEADROOM, .tailroom = FRAME_ROOM, .owner = s};
    fr->live++;
    return &s->f;
}

static struct frame *op_alloc(void *ctx)
{
    struct frames *fr = ctx;
    /* No draw where nothing fails: how often lacon asks for a frame is to change nothing else (twice.h). */
    return fr->fail_permille && rng_permille(&fr->sim->rng, fr->fail_permille) ? NULL : make(fr);
}

/* True when f is a live frame of ours whose fields still add up. */
static bool sound(struct frames *fr, struct frame *f)
{
    struct sim_frame *s = f->owner;
    if (s->home != fr || &s->f != f)
        sim_fail(fr->sim, "a frame came back that is not the allocator's");
    else if (!s->block)
        sim_fail(fr->sim, "a frame was used after it was given back");
    else if (f->data < s->block || f->data - s->block != f->headroom ||
             f->headroom + f->len + f->tailroom != FRAME_HEADROOM + FRAME_ROOM)
        sim_fail(fr->sim, "a frame's headroom, length and tailroom do not add up");
    else
        return true;
    return false;
}

static void release(struct frames *fr, struct frame *f)
{
    struct sim_frame *s = f->owner;
    free(s->block);
    s->block = NULL;
    fr->live--;
}

static void op_free(void *ctx, struct frame *f)
{
    if (sound(ctx, f))
        release(ctx, f);
}

static void op_send(void *ctx, struct frame *f)
{
    struct frames *fr = ctx;
    if (!sound(fr, f))
        return;
    fr->send(fr->arg, f);
    release(fr, f);
}

struct frame_ops frames_ops(struct frames *fr)
{
    return (struct frame_ops){.alloc = op_alloc, .send = op_send, .free = op_free, .ctx = fr};
}

struct frame *frames_receive(struct frames *fr, uint16_t port, const uint8_t *p, uint32_t n)
{
    struct frame *f = make(fr);
    memcpy(frame_put(f, n), p, n);
    f->port = port;
    return f;
}
