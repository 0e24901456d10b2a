/* Counts of what is in use, taken by several threads at once: never more than the limit, and nothing is left
 * in the end. Few places and several keys in one set make them meet at free places. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "lb-policy/in_use.h"

#define THREADS 4
#define ROUNDS  20000
#define KEYS    6u
#define MOST    2u

struct job {
    struct lb_in_use *t;
    unsigned caller;
    uint32_t *held; /* by key: how many are held by all threads, counted apart */
    bool exceeded;
};

static void *take_and_give(void *arg)
{
    struct job *j = arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned k = (i * 7 + j->caller) % KEYS;
        uint32_t place = lb_in_use_take(j->t, j->caller, (uint64_t)(k + 1) << 32, MOST);
        if (place >= LB_IN_USE_UNCOUNTED)
            continue;
        if (__atomic_add_fetch(&j->held[k], 1, __ATOMIC_RELAXED) > MOST)
            j->exceeded = true;
        (void)__atomic_sub_fetch(&j->held[k], 1, __ATOMIC_RELAXED);
        lb_in_use_give(j->t, place);
    }
    return NULL;
}

Test(lb_in_use_threads, never_more_than_may_be)
{
    uint32_t held[KEYS] = {0};
    struct job job[THREADS];
    pthread_t thread[THREADS];
    struct lb_in_use *t = lb_in_use_create(1);
    for (unsigned i = 0; i < THREADS; i++) {
        job[i] = (struct job){t, i, held, false};
        cr_assert_eq(pthread_create(&thread[i], NULL, take_and_give, &job[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        cr_expect_not(job[i].exceeded);
    }
    for (unsigned k = 0; k < KEYS; k++)
        cr_expect_eq(lb_in_use_count(t, (uint64_t)(k + 1) << 32), 0);
    lb_in_use_destroy(t);
}
