#include "agent/lacon/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/log.h"
#include "agent/lacon/in_use.h"

#define HOUSEKEEPING_MS 200

/* Another thread wants the configuration to be derived again. */
static int refresh_wanted = -1; /* eventfd */

static void ask_refresh(void)
{
    uint64_t one = 1;

    if (write(refresh_wanted, &one, sizeof one) != (ssize_t)sizeof one)
        log_error("eventfd: %s", strerror(errno));
}

static void log_ready(const struct config *c)
{
    log_info("ready: %u interface%s, %u listener%s, %u worker%s, pid %d", c->ninterface,
             c->ninterface == 1 ? "" : "s", c->nlistener, c->nlistener == 1 ? "" : "s", c->dpdk.workers,
             c->dpdk.workers == 1 ? "" : "s", (int)getpid());
}

/* All signals of ours come through a descriptor; threads started later inherit the mask. 0 or -errno. */
static int open_signals(struct process *p)
{
    static const int ours[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        sigaddset(&set, ours[i]);
    signal(SIGPIPE, SIG_IGN);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return -EINVAL;
    p->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return p->signals < 0 ? -errno : 0;
}

static void on_signal(struct process *p, uint32_t signo)
{
    switch (signo) {
    case SIGUSR1:
        control_reopen_logs(p->control);
        break;
    case SIGHUP:
        in_use_reload(p);
        break;
    case SIGQUIT:
        if (!p->draining) {
            workers_drain(p->workers);
            /* Said when it is true of every worker: an answer that begins later has Connection: close. */
            log_info("SIGQUIT: draining; a second SIGQUIT or SIGTERM stops at once");
            p->draining = true;
            break;
        }
        p->stop = true;
        break;
    default: /* TERM, INT */
        p->stop = true;
    }
}

static void read_signals(struct process *p)
{
    struct signalfd_siginfo si;

    while (read(p->signals, &si, sizeof si) == (ssize_t)sizeof si)
        on_signal(p, si.ssi_signo);
}

/* The same file, with other addresses or weights. */
static void refresh(struct process *p)
{
    uint64_t n;

    (void)!read(refresh_wanted, &n, sizeof n);
    in_use_refresh(p);
}

static void serve(struct process *p)
{
    struct pollfd own[2] = {{.fd = p->signals, .events = POLLIN}, {.fd = refresh_wanted, .events = POLLIN}};

    while (!p->stop) {
        bool other_names = in_use_wait(p, own, HOUSEKEEPING_MS);

        if (own[0].revents)
            read_signals(p);
        if (own[1].revents || other_names)
            refresh(p);
        workers_check_links(p->workers);
        workers_check_clock(p->workers);
        workers_collect(p->workers);
        endpoints_report(p->workers, &p->watch);
        if (p->draining && workers_idle(p->workers)) {
            log_info("drained");
            p->stop = true;
        }
    }
}

/* Brings everything up in order. Whoever fails has logged why. */
static int start(struct process *p)
{
    int rc = open_signals(p);

    refresh_wanted = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (rc == 0 && refresh_wanted < 0)
        rc = -errno;
    if (rc == 0)
        rc = resolver_create(&p->resolver);
    if (rc == 0)
        rc = in_use_resolve(p, p->base);
    if (rc == 0)
        rc = (p->started = in_use_derive(p, p->base)) ? 0 : -ENOMEM;
    if (rc == 0)
        rc = io_start(p->started, &p->io);
    if (rc == 0)
        rc = workers_start(p->started, p->io, &p->workers);
    if (rc == 0)
        rc = control_start(p->started, p->workers, ask_refresh, &p->control);
    return rc;
}

static void stop(struct process *p)
{
    control_stop(p->control);
    workers_stop(p->workers);
    io_stop(p->io);
    resolver_destroy(p->resolver);
    config_free(p->started);
    config_free(p->base);
    if (refresh_wanted >= 0)
        close(refresh_wanted);
    if (p->signals >= 0)
        close(p->signals);
}

int64_t process_wall_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

bool process_run(struct config *c)
{
    struct process p = {.file = c->file, .base = c, .signals = -1};
    int rc = log_open((enum log_level)c->logging.level, c->logging.error_log, process_wall_ns);

    if (rc) {
        log_error("logging.error_log: cannot open %s: %s", c->logging.error_log, strerror(-rc));
        config_free(c);
        return false;
    }
    log_info("lacon %s starts with %s", LACON_VERSION, c->file);
    rc = start(&p);
    if (rc == 0) {
        log_ready(c);
        serve(&p);
        log_info("stopping");
    }
    stop(&p);
    log_close();
    return rc == 0;
}
