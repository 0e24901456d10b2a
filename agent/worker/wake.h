/* wake: lets one thread sleep until something arrives for it, and other threads wake it for the price of one
 * atomic exchange when it does not sleep.
 *
 * SLEEPER: wake_prepare(); look at every queue once more; then block on wake.fd (with whatever else it waits
 * for); wake_done(). WAKER: make the item visible, then wake_up(). Both sides exchange the same word: of two
 * exchanges one comes second and synchronises with the first, so either the sleeper's second look sees the
 * item, or the waker sees that it must write to the descriptor. */
#ifndef LACON_WORKER_WAKE_H
#define LACON_WORKER_WAKE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct wake {
    int fd;        /* eventfd */
    bool sleeping; /* both sides: rw, by exchange */
};

/* 0 or -errno. */
static inline int wake_init(struct wake *w)
{
    w->sleeping = false;
    w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return w->fd < 0 ? -errno : 0;
}

static inline void wake_destroy(struct wake *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}

static inline void wake_prepare(struct wake *w)
{
    (void)__atomic_exchange_n(&w->sleeping, true, __ATOMIC_ACQ_REL);
}

/* Sleeper: awake again; empties the descriptor. */
static inline void wake_done(struct wake *w)
{
    uint64_t n;

    if (!__atomic_exchange_n(&w->sleeping, false, __ATOMIC_ACQ_REL))
        while (read(w->fd, &n, sizeof n) < 0 && errno == EINTR)
            ;
}

static inline void wake_up(struct wake *w)
{
    const uint64_t one = 1;

    if (__atomic_exchange_n(&w->sleeping, false, __ATOMIC_ACQ_REL))
        while (write(w->fd, &one, sizeof one) < 0 && errno == EINTR)
            ;
}

#endif
