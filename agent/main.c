/* lacon: arguments, start, signals, stop. The main thread lives here: it handles signals and looks after
 * links and draining; packets are the workers' business. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/log.h"
#include "agent/control/control.h"
#include "agent/control/endpoints.h"
#include "agent/control/resolver.h"
#include "agent/worker/worker.h"
#include "config/config.h"

#define EXIT_OK    0
#define EXIT_FAIL  1 /* configuration or run time */
#define EXIT_USAGE 2

#define HOUSEKEEPING_MS 200
#define RESOLVE_MS      3000 /* that the start waits for names at most */
#define DEFAULT_FILE    LACON_SYSCONFDIR "/lacon/lacon.yaml"

static const char usage_text[] =
    "usage: lacon [-c FILE] [-t | -T]\n"
    "       lacon -v | -V | -h\n"
    "\n"
    "  -c FILE  the configuration file (default " DEFAULT_FILE ")\n"
    "  -t       test the configuration and exit\n"
    "  -T       test the configuration, print it with all defaults, and exit\n"
    "  -v       print the version and exit\n"
    "  -V       print the version and how it was built, and exit\n"
    "  -h       print this help and exit\n"
    "\n"
    "Runs in the foreground; log lines go to standard error. Signals: TERM and INT stop at once,\n"
    "QUIT drains and stops, HUP reads the configuration again, USR1 opens the log files again.\n"
    "Exit status: 0 fine, 1 a fault in the configuration or at run time, 2 wrong usage.\n";

enum mode {
    MODE_RUN,
    MODE_TEST,
    MODE_PRINT,
};

/* What is running. */
struct process {
    const char *file;
    struct config *base;    /* as it was read; what is in use is derived from it */
    struct config *started; /* derived at the start; workers borrow it until they end */
    struct resolver *resolver;
    struct io *io;
    struct workers *workers;
    struct control *control;
    int signals; /* signalfd */
    struct endpoints_watch watch;
    bool draining, stop;
};

/* Another thread wants the configuration to be derived again. */
static int refresh_wanted = -1; /* eventfd */

static void ask_refresh(void)
{
    uint64_t one = 1;

    if (write(refresh_wanted, &one, sizeof one) != (ssize_t)sizeof one)
        log_error("eventfd: %s", strerror(errno));
}

static void print_version(bool details)
{
    printf("lacon %s\n", LACON_VERSION);
    if (details)
        printf("built with: %s, DPDK %s\n"
               "flags: %s\n"
               "XDP program: %s\n",
               LACON_COMPILER, LACON_DPDK_VERSION, LACON_BUILD_FLAGS, LACON_XDP_PROGRAM);
}

static int usage(void)
{
    fputs(usage_text, stderr);
    return EXIT_USAGE;
}

/* ---- running ---- */

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

/* The complaints about a file as one text, on the heap. */
static char *complaints(const struct cfg_errors *errs)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    if (!f)
        return NULL;
    cfg_errors_print(errs, f);
    return fclose(f) == 0 ? text : (free(text), NULL);
}

static void log_complaints(const struct cfg_errors *errs)
{
    for (size_t i = 0; i < errs->n; i++)
        log_error("%s:%u:%u: %s", errs->file, errs->e[i].line, errs->e[i].column, errs->e[i].message);
}

/* ---- what is in use: names resolved, weights as ordered ---- */

static uint32_t addresses_of(void *ctx, const char *host, const struct ip_addr **addr)
{
    const struct process *p = ctx;

    return resolver_addresses(p->resolver, host, addr);
}

static uint32_t weight_of(void *ctx, const char *cluster, const struct ip_port *at, uint32_t of_file)
{
    const struct process *p = ctx;
    struct roster *r = p->workers ? workers_roster(p->workers) : NULL;
    const struct roster_entry *e;
    uint32_t weight;

    if (!r)
        return of_file;
    roster_lock(r);
    e = roster_find(r, cluster, at);
    weight = e ? roster_weight(e, of_file) : of_file;
    roster_unlock(r);
    return weight;
}

static struct config *derived(struct process *p, struct config *base)
{
    return config_derive(base, &(struct cfg_lookup){p, addresses_of, weight_of});
}

/* The workers get what base has become. 0 or -ENOMEM: nothing has changed. */
static int use(struct process *p, struct config *base)
{
    struct config *next = derived(p, base);
    int rc = next ? workers_reload(p->workers, next) : -ENOMEM;

    if (rc)
        config_free(next);
    return rc;
}

/* The same file, with other addresses or weights. */
static void refresh(struct process *p)
{
    uint64_t n;

    (void)!read(refresh_wanted, &n, sizeof n);
    control_refresh_begins(p->control);
    int rc = use(p, p->base);
    if (rc)
        log_error("not enough memory; the endpoints stay as they are");
    control_refresh_done(p->control, rc ? "not enough memory" : NULL);
}

/* NULL after what is wrong has been logged; *why is then the text for who asked (the caller's). */
static struct config *load_again(const struct process *p, char **why)
{
    struct cfg_errors errs;
    struct config *next = config_load(p->file, &errs);
    const char *section = next ? config_needs_restart(workers_config(p->workers, NULL), next) : NULL;

    if (!next) {
        log_complaints(&errs);
        *why = complaints(&errs);
    } else if (section) {
        if (asprintf(why, "%s: section %s has changed, and takes a restart", p->file, section) < 0)
            *why = NULL;
        log_error("%s: section %s has changed, and takes a restart", p->file, section);
        config_free(next);
        next = NULL;
    }
    cfg_errors_free(&errs);
    return next;
}

static int64_t wall_ns(void);

/* The log's new level and place, when the workers have the rest. */
static void use_logging(const struct process *p, const struct config *c)
{
    int rc = log_open((enum log_level)c->logging.level, c->logging.error_log, wall_ns);

    if (rc)
        log_error("logging.error_log: cannot open %s: %s", c->logging.error_log, strerror(-rc));
    control_reconfigure(p->control, c);
}

/* One wait for whatever comes first; true: addresses of names have changed. */
static bool wait_for_names(struct process *p, struct pollfd own[2], int most_ms)
{
    struct pollfd fds[2 + RESOLVER_FDS] = {own[0], own[1]};
    int timeout;
    unsigned n = resolver_poll(p->resolver, fds + 2, workers_now_ns(), most_ms, &timeout);

    if (poll(fds, 2 + n, timeout) < 0)
        n = 0;
    own[0].revents = fds[0].revents;
    own[1].revents = fds[1].revents;
    return resolver_process(p->resolver, fds + 2, n, workers_now_ns());
}

/* The names of c are asked for; returns when each was answered or has failed, or when the time is over. 0 or
 * -errno. */
static int resolve(struct process *p, const struct config *c)
{
    struct pollfd own[2] = {{.fd = -1}, {.fd = -1}};
    uint64_t until = workers_now_ns() + RESOLVE_MS * 1000000ull;
    int rc = resolver_configure(p->resolver, c, workers_now_ns());

    while (rc == 0 && !resolver_settled(p->resolver) && workers_now_ns() < until)
        wait_for_names(p, own, HOUSEKEEPING_MS);
    return rc;
}

static void reload(struct process *p)
{
    char *why = NULL;
    control_reload_begins(p->control);
    struct config *next = load_again(p, &why);
    int rc = next ? resolve(p, next) : -EINVAL;

    if (rc == 0 && (rc = use(p, next)) != 0)
        (void)resolve(p, p->base);

    if (rc == 0) {
        use_logging(p, next);
        config_free(p->base);
        p->base = next;
        log_info("reload: %s is in use", next->file);
    } else if (next) {
        log_error("reload: not enough memory; the configuration stays as it is");
        config_free(next);
        why = strdup("not enough memory; the configuration stays as it is");
    } else {
        log_error("reload: the configuration stays as it is");
    }
    control_reload_done(p->control, rc == 0 ? NULL : why ? why : "not enough memory");
    free(why);
}

static void on_signal(struct process *p, uint32_t signo)
{
    switch (signo) {
    case SIGUSR1:
        control_reopen_logs(p->control);
        break;
    case SIGHUP:
        reload(p);
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

static void serve(struct process *p)
{
    struct pollfd own[2] = {{.fd = p->signals, .events = POLLIN}, {.fd = refresh_wanted, .events = POLLIN}};

    while (!p->stop) {
        bool other_names = wait_for_names(p, own, HOUSEKEEPING_MS);

        if (own[0].revents)
            read_signals(p);
        if (own[1].revents || other_names)
            refresh(p);
        workers_check_links(p->workers);
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
        rc = resolve(p, p->base);
    if (rc == 0)
        rc = (p->started = derived(p, p->base)) ? 0 : -ENOMEM;
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

static int64_t wall_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Takes c over. */
static int run(struct config *c)
{
    struct process p = {.file = c->file, .base = c, .signals = -1};
    int rc = log_open((enum log_level)c->logging.level, c->logging.error_log, wall_ns);

    if (rc) {
        log_error("logging.error_log: cannot open %s: %s", c->logging.error_log, strerror(-rc));
        config_free(c);
        return EXIT_FAIL;
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
    return rc ? EXIT_FAIL : EXIT_OK;
}

/* ---- the command line ---- */

static int with_file(const char *file, enum mode mode)
{
    struct cfg_errors errs;
    struct config *c = config_load(file, &errs);
    int rc = EXIT_OK;

    if (!c) {
        cfg_errors_print(&errs, stderr);
        rc = EXIT_FAIL;
    } else if (mode == MODE_TEST) {
        printf("%s: the configuration is good\n", file);
    } else if (mode == MODE_PRINT) {
        config_print(c, stdout);
    } else {
        rc = run(c);
        c = NULL;
    }
    cfg_errors_free(&errs);
    config_free(c);
    return fflush(stdout) == 0 ? rc : EXIT_FAIL;
}

int main(int argc, char **argv)
{
    const char *file = DEFAULT_FILE;
    enum mode mode = MODE_RUN;
    int opt;

    while ((opt = getopt(argc, argv, "c:tTvVh")) != -1) {
        switch (opt) {
        case 'c':
            file = optarg;
            break;
        case 't':
            mode = MODE_TEST;
            break;
        case 'T':
            mode = MODE_PRINT;
            break;
        case 'v':
        case 'V':
            print_version(opt == 'V');
            return EXIT_OK;
        case 'h':
            fputs(usage_text, stdout);
            return EXIT_OK;
        default:
            return usage();
        }
    }
    if (optind < argc) {
        fprintf(stderr, "lacon: unexpected argument \"%s\"\n", argv[optind]);
        return usage();
    }
    return with_file(file, mode);
}
