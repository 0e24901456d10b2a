/* handover: frames between workers keep their order, kind and number; each pair has a ring of its own. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "agent/worker/handover.h"

enum {
    WORKERS = 3,
    FRAMES = 50000, /* per ordered pair */
};

static unsigned dropped;

static void drop(struct frame *f)
{
    (void)f;
    dropped++;
}

Test(worker_handover, kind_and_order_are_kept)
{
    struct handover *h = handover_create(2);
    struct frame f[4];
    enum handover_kind kind;

    for (int i = 0; i < 4; i++)
        cr_assert(handover_give(h, 0, 1, &f[i], i % 2 ? HANDOVER_SEND : HANDOVER_INPUT));
    cr_assert_null(handover_take(h, 1, 0, &kind), "the other direction is another ring");
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(handover_take(h, 0, 1, &kind), &f[i]);
        cr_assert_eq(kind, i % 2 ? HANDOVER_SEND : HANDOVER_INPUT);
    }
    cr_assert_null(handover_take(h, 0, 1, &kind));
    handover_destroy(h, drop);
}

Test(worker_handover, full_ring_refuses_and_destroy_drops_the_rest)
{
    struct handover *h = handover_create(WORKERS);
    struct frame f;
    unsigned n = 0;

    while (handover_give(h, 2, 0, &f, HANDOVER_INPUT))
        n++;
    cr_assert_eq(n, HANDOVER_RING);
    cr_assert(handover_give(h, 2, 1, &f, HANDOVER_INPUT), "a neighbour's full ring is not ours");
    dropped = 0;
    handover_destroy(h, drop);
    cr_assert_eq(dropped, HANDOVER_RING + 1);
}

Test(worker_handover, one_worker_has_no_rings)
{
    handover_destroy(handover_create(1), drop);
    handover_destroy(NULL, drop);
}

struct side {
    struct handover *h;
    struct frame *frame; /* FRAMES per destination */
    unsigned index;
    unsigned given[WORKERS], taken[WORKERS], wrong;
};

/* frame.len is its number in the pair's order, frame.port its sender: plain memory that the ring hands on. */
static void give_one(struct side *s, unsigned to)
{
    struct frame *f = &s->frame[to * FRAMES + s->given[to]];

    f->len = s->given[to];
    f->port = (uint16_t)s->index;
    if (handover_give(s->h, s->index, to, f, f->len % 2 ? HANDOVER_SEND : HANDOVER_INPUT))
        s->given[to]++;
}

static void take_one(struct side *s, unsigned from)
{
    enum handover_kind kind;
    const struct frame *f = handover_take(s->h, from, s->index, &kind);

    if (!f)
        return;
    s->wrong += f->len != s->taken[from] || f->port != from || kind != (enum handover_kind)(f->len % 2);
    s->taken[from]++;
}

static void *serve(void *arg)
{
    struct side *s = arg;
    unsigned done = 0;

    while (done < WORKERS - 1) {
        done = 0;
        for (unsigned o = 0; o < WORKERS; o++) {
            if (o == s->index)
                continue;
            if (s->given[o] < FRAMES)
                give_one(s, o);
            take_one(s, o);
            done += s->given[o] == FRAMES && s->taken[o] == FRAMES;
        }
        if (s->given[(s->index + 1) % WORKERS] % 512 == 0)
            sched_yield();
    }
    return NULL;
}

Test(worker_handover, every_pair_at_once, .timeout = 60)
{
    struct handover *h = handover_create(WORKERS);
    struct side s[WORKERS] = {0};
    pthread_t t[WORKERS];

    for (unsigned i = 0; i < WORKERS; i++) {
        s[i] = (struct side){.h = h, .index = i, .frame = calloc(WORKERS * FRAMES, sizeof(struct frame))};
        cr_assert_not_null(s[i].frame);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        cr_assert_eq(pthread_create(&t[i], NULL, serve, &s[i]), 0);
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(t[i], NULL);
    dropped = 0;
    handover_destroy(h, drop);
    cr_assert_eq(dropped, 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        cr_assert_eq(s[i].wrong, 0);
        free(s[i].frame);
    }
}
