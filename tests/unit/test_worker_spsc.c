/* spsc: a ring's indexes alone, and two threads through it. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>

#include "agent/worker/spsc.h"

enum {
    SIZE = 4,
    ITEMS = 100000,
};

Test(worker_spsc, fills_and_empties_in_order)
{
    struct spsc r;
    uint32_t slot, value[SIZE] = {0};

    spsc_init(&r, SIZE);
    cr_assert_not(spsc_peek(&r, &slot));
    for (uint32_t i = 0; i < SIZE; i++) {
        cr_assert(spsc_claim(&r, &slot));
        value[slot] = 100 + i;
        spsc_publish(&r);
    }
    cr_assert_not(spsc_claim(&r, &slot), "full");
    for (uint32_t i = 0; i < SIZE; i++) {
        cr_assert(spsc_peek(&r, &slot));
        cr_assert_eq(value[slot], 100 + i);
        spsc_release(&r);
    }
    cr_assert_not(spsc_peek(&r, &slot), "empty again");
    cr_assert(spsc_claim(&r, &slot), "room again");
}

Test(worker_spsc, claimed_but_not_published_is_invisible)
{
    struct spsc r;
    uint32_t slot;

    spsc_init(&r, SIZE);
    cr_assert(spsc_claim(&r, &slot));
    cr_assert_not(spsc_peek(&r, &slot));
}

Test(worker_spsc, indexes_wrap)
{
    struct spsc r;
    uint32_t in, out;

    spsc_init(&r, SIZE);
    r.head = r.tail = r.head_seen = r.tail_seen = UINT32_MAX - 1;
    for (int i = 0; i < 10; i++) {
        for (int k = 0; k < SIZE; k++) {
            cr_assert(spsc_claim(&r, &in));
            spsc_publish(&r);
        }
        cr_assert_not(spsc_claim(&r, &in));
        for (int k = 0; k < SIZE; k++) {
            cr_assert(spsc_peek(&r, &out));
            cr_assert_lt(out, (uint32_t)SIZE);
            spsc_release(&r);
        }
        cr_assert_not(spsc_peek(&r, &out));
    }
}

struct bed {
    struct spsc ring;
    uint64_t value[SIZE]; /* plain memory: only the ring's order makes this race-free */
};

static void *produce(void *arg)
{
    struct bed *b = arg;
    uint32_t slot;

    for (uint64_t i = 0; i < ITEMS; i++) {
        while (!spsc_claim(&b->ring, &slot))
            sched_yield();
        b->value[slot] = i * 3;
        spsc_publish(&b->ring);
    }
    return NULL;
}

Test(worker_spsc, two_threads_lose_nothing, .timeout = 300)
{
    static struct bed b;
    pthread_t producer;
    uint32_t slot;

    spsc_init(&b.ring, SIZE);
    cr_assert_eq(pthread_create(&producer, NULL, produce, &b), 0);
    for (uint64_t i = 0; i < ITEMS; i++) {
        while (!spsc_peek(&b.ring, &slot))
            sched_yield();
        cr_assert_eq(b.value[slot], i * 3);
        spsc_release(&b.ring);
    }
    pthread_join(producer, NULL);
    cr_assert_not(spsc_peek(&b.ring, &slot));
}
