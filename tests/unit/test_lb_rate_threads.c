/* What workers count together, from several threads at once: neither a token nor a place too many. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "agent/base/tally.h"
#include "lb-policy/rate.h"

#define THREADS 4
#define ROUNDS  20000
#define BURST   7000
#define PLACES  3u

struct job {
    struct lb_rate *rate;
    uint32_t *count, *most;
    unsigned granted;
};

static void *take_tokens(void *arg)
{
    struct job *j = arg;
    for (unsigned i = 0; i < ROUNDS; i++)
        j->granted += lb_rate_take(j->rate, 42, 1000000, BURST, UINT64_C(1000000000000)) == 0;
    return NULL;
}

/* Notes how many there were at one time. */
static void *take_places(void *arg)
{
    struct job *j = arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (!tally_take(j->count, PLACES))
            continue;
        uint32_t now = tally_read(j->count);
        if (now > __atomic_load_n(j->most, __ATOMIC_RELAXED))
            __atomic_store_n(j->most, now, __ATOMIC_RELAXED);
        tally_give(j->count);
    }
    return NULL;
}

static void run(void *(*fn)(void *), struct job job[THREADS])
{
    pthread_t thread[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&thread[i], NULL, fn, &job[i]), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
}

Test(lb_rate_threads, no_token_is_given_twice)
{
    struct lb_rate *r = lb_rate_create(64);
    struct job job[THREADS];
    unsigned sum = 0;
    lb_rate_take(r, 42, 1000000, BURST, UINT64_C(1000000000000)); /* the key has its place (rate.h) */
    for (unsigned i = 0; i < THREADS; i++)
        job[i] = (struct job){.rate = r};
    run(take_tokens, job);
    for (unsigned i = 0; i < THREADS; i++)
        sum += job[i].granted;
    cr_expect_eq(sum, BURST - 1);
    lb_rate_destroy(r);
}

Test(lb_rate_threads, no_more_than_there_are_places)
{
    uint32_t count = 0, most = 0;
    struct job job[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        job[i] = (struct job){.count = &count, .most = &most};
    run(take_places, job);
    cr_expect_eq(count, 0);
    cr_expect(most >= 1 && most <= PLACES, "%u", most);
}
