/* What several workers agree on, by several threads at once: the last to join sees what all did to the port
 * before, once; and everybody sees what it did. The plain fields are the device's, for the thread sanitizer
 * to watch. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>

#include "accel/flow_accord.h"

#define WORKERS 4u
#define ROUNDS  300u
#define PORT    3u

struct device {
    unsigned rules[WORKERS]; /* of each worker; plain */
    unsigned flushes;        /* plain */
};

struct job {
    struct flow_accord *accord;
    struct device *dev;
    unsigned worker, left; /* rules that were there when this worker flushed */
};

static void *work(void *arg)
{
    struct job *j = arg;
    j->dev->rules[j->worker] = 1 + j->worker;
    if (j->worker == 1)
        flow_accord_want(j->accord, PORT);
    while (!flow_accord_any(j->accord) || !flow_accord_wanted(j->accord, PORT))
        sched_yield();
    j->dev->rules[j->worker] = 0;
    if (flow_accord_join(j->accord, PORT)) {
        for (unsigned i = 0; i < WORKERS; i++)
            j->left += j->dev->rules[i];
        j->dev->flushes++;
        flow_accord_emptied(j->accord, PORT);
    }
    while (!flow_accord_is_emptied(j->accord, PORT))
        sched_yield();
    j->left += j->dev->flushes != 1;
    return NULL;
}

Test(accel_accord_threads, the_last_empties_what_all_have_left, .timeout = 120)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct device dev = {0};
        struct job job[WORKERS];
        pthread_t thread[WORKERS];
        struct flow_accord *a = flow_accord_create(WORKERS);
        for (unsigned i = 0; i < WORKERS; i++) {
            job[i] = (struct job){a, &dev, i, 0};
            cr_assert_eq(pthread_create(&thread[i], NULL, work, &job[i]), 0);
        }
        for (unsigned i = 0; i < WORKERS; i++) {
            pthread_join(thread[i], NULL);
            cr_expect_eq(job[i].left, 0, "round %u, worker %u", round, i);
        }
        cr_expect_eq(dev.flushes, 1);
        cr_expect_not(flow_accord_wanted(a, PORT + 1));
        flow_accord_destroy(a);
    }
}
