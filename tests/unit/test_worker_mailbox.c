/* mailbox and wake: calls run once, in order, on the receiver's thread; a sleeper never misses one. The
 * receiver here blocks without a timeout, so a lost wake-up is a test that hangs, and fails. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>

#include "agent/worker/mailbox.h"

enum {
    SENDERS = 3,
    CALLS = 2000, /* per sender */
};

struct engine {
    pthread_t thread; /* the receiver's */
    uint64_t ran;     /* plain memory of the receiver's; senders that waited may read what they caused */
    bool stop;
    unsigned wrong_thread;
};

struct bed {
    struct mailbox box;
    struct wake wake;
    struct engine engine;
};

static void bed_open(struct bed *b)
{
    *b = (struct bed){0};
    mailbox_init(&b->box);
    cr_assert_eq(wake_init(&b->wake), 0);
}

static void bed_close(struct bed *b)
{
    wake_destroy(&b->wake);
    mailbox_destroy(&b->box);
}

static void add(struct engine *e, void *arg, uint64_t now_ns)
{
    uint64_t *sum = arg;

    *sum = *sum * 10 + now_ns;
    e->ran++;
}

Test(worker_mailbox, runs_in_order_with_the_receivers_time)
{
    struct bed b;
    uint64_t sum = 0;

    bed_open(&b);
    cr_assert_not(mailbox_waiting(&b.box));
    for (int i = 0; i < 3; i++)
        cr_assert_eq(mailbox_send(&b.box, &b.wake, add, &sum, false), 0);
    cr_assert(mailbox_waiting(&b.box));
    cr_assert_eq(sum, 0, "nothing runs on the sender's thread");
    mailbox_run(&b.box, &b.engine, 7);
    cr_assert_eq(sum, 777);
    cr_assert_not(mailbox_waiting(&b.box));
    mailbox_run(&b.box, &b.engine, 8);
    cr_assert_eq(b.engine.ran, 3, "each call runs once");
    bed_close(&b);
}

Test(worker_mailbox, a_closed_box_refuses)
{
    struct bed b;
    uint64_t sum = 0;

    bed_open(&b);
    cr_assert_eq(mailbox_send(&b.box, &b.wake, add, &sum, false), 0);
    mailbox_close(&b.box);
    cr_assert_eq(mailbox_send(&b.box, &b.wake, add, &sum, false), -ESHUTDOWN);
    cr_assert_eq(mailbox_send(&b.box, &b.wake, add, &sum, true), -ESHUTDOWN);
    mailbox_run(&b.box, &b.engine, 1);
    cr_assert_eq(b.engine.ran, 0);
    bed_close(&b);
}

/* As a worker rests: prepare, second look, block, done. */
static void *receive(void *arg)
{
    struct bed *b = arg;
    struct pollfd pfd = {.fd = b->wake.fd, .events = POLLIN};

    b->engine.thread = pthread_self();
    while (!b->engine.stop) {
        wake_prepare(&b->wake);
        if (mailbox_waiting(&b->box))
            mailbox_run(&b->box, &b->engine, 0);
        else
            poll(&pfd, 1, -1);
        wake_done(&b->wake);
    }
    mailbox_close(&b->box);
    return NULL;
}

static void note(struct engine *e, void *arg, uint64_t now_ns)
{
    uint64_t *calls = arg;

    (void)now_ns;
    ++*calls;
    e->ran++;
    e->wrong_thread += !pthread_equal(e->thread, pthread_self());
}

static void stop(struct engine *e, void *arg, uint64_t now_ns)
{
    (void)arg, (void)now_ns;
    e->stop = true;
}

struct sender {
    struct bed *bed;
    pthread_t thread;
    uint64_t calls; /* written by the receiver, read here after each call */
    unsigned failed;
};

static void *send_all(void *arg)
{
    struct sender *s = arg;

    for (uint64_t i = 1; i <= CALLS; i++) {
        s->failed += mailbox_send(&s->bed->box, &s->bed->wake, note, &s->calls, true) != 0;
        s->failed += s->calls != i; /* has run when send returns */
    }
    return NULL;
}

Test(worker_mailbox, a_sleeping_receiver_serves_many_senders, .timeout = 60)
{
    struct bed b;
    struct sender s[SENDERS];
    pthread_t receiver;

    bed_open(&b);
    cr_assert_eq(pthread_create(&receiver, NULL, receive, &b), 0);
    for (int i = 0; i < SENDERS; i++) {
        s[i] = (struct sender){.bed = &b};
        cr_assert_eq(pthread_create(&s[i].thread, NULL, send_all, &s[i]), 0);
    }
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(s[i].thread, NULL);
        cr_assert_eq(s[i].failed, 0);
    }
    cr_assert_eq(mailbox_send(&b.box, &b.wake, stop, NULL, true), 0);
    pthread_join(receiver, NULL);
    cr_assert_eq(b.engine.ran, (uint64_t)SENDERS * CALLS);
    cr_assert_eq(b.engine.wrong_thread, 0);
    bed_close(&b);
}
