/* prices SENDER-CPU TARGET-CPU: what this machine charges for having a program's attention, in nanoseconds,
 * as one JSON object. A proxy that sleeps between requests pays these for each frame, whatever it then does
 * with it, so they bound what "requests per CPU" at moderate load can be. Real-time priority is wanted
 * (root): other work would count as price.
 *
 * One thread burns the target CPU and counts; what it cannot count is what the events cost, as in soak. The
 * main thread is the sender. */
#include <errno.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS   7u
#define ROUND_NS 20000000u /* of measuring, for each price, and as long without events */
#define EVERY_NS 50000u    /* between events */

enum priority { BURNS = 1, WAKES = 2, SENDS = 3 };

static atomic_uint_fast64_t burnt, woken, late_ns, sent_at;
static atomic_bool stop;
static int target, door; /* an eventfd */

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void settle(int cpu, enum priority priority)
{
    struct sched_param p = {.sched_priority = (int)priority};
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    pthread_setschedparam(pthread_self(), SCHED_RR, &p);
}

static void *burn(void *arg)
{
    (void)arg;
    settle(target, BURNS);
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        atomic_fetch_add_explicit(&burnt, 1, memory_order_relaxed);
    return NULL;
}

/* Sleeps until the door is rung. */
static void *sleeper(void *arg)
{
    struct pollfd p = {.fd = door, .events = POLLIN};
    uint64_t n;
    (void)arg;
    settle(target, WAKES);
    while (!atomic_load(&stop)) {
        ppoll(&p, 1, NULL, NULL);
        if (read(door, &n, sizeof n) == sizeof n) {
            atomic_fetch_add(&late_ns, now_ns() - atomic_load(&sent_at));
            atomic_fetch_add(&woken, 1);
        }
    }
    return NULL;
}

/* Sleeps for a while, again and again. */
static void *napper(void *arg)
{
    const struct timespec nap = {.tv_nsec = EVERY_NS};
    (void)arg;
    settle(target, WAKES);
    prctl(PR_SET_TIMERSLACK, 1ul);
    while (!atomic_load(&stop)) {
        clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
        atomic_fetch_add(&woken, 1);
    }
    return NULL;
}

static void ring(void)
{
    const uint64_t one = 1;
    atomic_store(&sent_at, now_ns());
    if (write(door, &one, sizeof one) != sizeof one)
        abort();
}

/* The kernel interrupts each CPU that runs a thread of ours. */
static void interrupt(void)
{
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0)
        abort();
}

/* Of one round; for each event. */
struct result {
    double lost_ns, call_ns, late_ns; /* time of the target, of the sender; until the sleeper ran */
};

/* What the burning thread counted, and how long it had. */
struct count {
    uint64_t at_ns, burnt, events, in_calls_ns;
};

/* Has `event`, where there is one, happen every EVERY_NS. */
static struct count run(void (*event)(void))
{
    struct count c = {.at_ns = now_ns(), .burnt = atomic_load(&burnt)};
    uint64_t due = c.at_ns, now;
    while ((now = now_ns()) < c.at_ns + ROUND_NS) {
        if (!event || now < due)
            continue;
        event();
        c.in_calls_ns += now_ns() - now;
        due += EVERY_NS;
        c.events++;
    }
    c.at_ns = now - c.at_ns;
    c.burnt = atomic_load(&burnt) - c.burnt;
    return c;
}

/* First without events, for what the burning thread counts when nothing happens; then with them, `helper`
 * (NULL: none) being on the target. Where there is no `event`, each time that the helper wakes is one. */
static struct result measure(void (*event)(void), void *(*helper)(void *))
{
    pthread_t burner, other;
    atomic_store(&stop, false);
    pthread_create(&burner, NULL, burn, NULL);
    usleep(2000);
    struct count still = run(NULL);
    if (helper)
        pthread_create(&other, NULL, helper, NULL);
    usleep(2000);
    atomic_store(&woken, 0);
    atomic_store(&late_ns, 0);
    struct count c = run(event);
    double wakes = (double)(atomic_load(&woken) ? atomic_load(&woken) : 1);
    double events = event ? (double)c.events : wakes;
    double rate = (double)still.burnt / (double)still.at_ns;
    struct result r = {.lost_ns = ((double)c.at_ns - (double)c.burnt / rate) / events,
                       .call_ns = (double)c.in_calls_ns / events,
                       .late_ns = (double)atomic_load(&late_ns) / wakes};
    atomic_store(&stop, true);
    ring(); /* whoever sleeps behind the door */
    pthread_join(burner, NULL);
    if (helper)
        pthread_join(other, NULL);
    return r;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double v[ROUNDS])
{
    qsort(v, ROUNDS, sizeof *v, by_size);
    return v[ROUNDS / 2];
}

int main(int argc, char **argv)
{
    double irq[ROUNDS], call[ROUNDS], wake[ROUNDS], late[ROUNDS], nap[ROUNDS];
    if (argc != 3) {
        fprintf(stderr, "usage: prices SENDER-CPU TARGET-CPU\n");
        return 2;
    }
    target = atoi(argv[2]);
    settle(atoi(argv[1]), SENDS);
    door = eventfd(0, EFD_NONBLOCK);
    if (door < 0 || syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0) {
        fprintf(stderr, "prices: %s\n", strerror(errno));
        return 1;
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct result r = measure(interrupt, NULL);
        irq[i] = r.lost_ns;
        call[i] = r.call_ns;
        r = measure(ring, sleeper);
        wake[i] = r.lost_ns;
        late[i] = r.late_ns;
        nap[i] = measure(NULL, napper).lost_ns;
    }
    printf("{\"interrupt_ns\": %.0f, \"interrupt_sender_ns\": %.0f, \"wakeup_ns\": %.0f, "
           "\"wakeup_latency_ns\": %.0f, "
           "\"timer_ns\": %.0f}\n",
           median(irq), median(call), median(wake), median(late), median(nap));
    return 0;
}
