/* Starting control threads and waking them; see thread.h. */
#include "agent/control/thread.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>

int thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *arg)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        pthread_setname_np(*thread, name);
    return -rc;
}

/* The counter can neither overflow nor fail in another way that matters: a bell already rung is rung. */
void thread_bell_ring(int bell)
{
    (void)eventfd_write(bell, 1);
}

void thread_bell_clear(int bell)
{
    eventfd_t n;
    (void)eventfd_read(bell, &n);
}

uint64_t thread_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
