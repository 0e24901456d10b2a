/* The EAL's arguments and its log; see eal.h. State: one argument vector (the EAL keeps pointers into it) and
 * the first complaint, for the life of the process. */
#include "agent/io/eal.h"

#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/log.h"

#define MAX_ARGS 64

static struct {
    char *v[MAX_ARGS + 1];
    int n;
    bool overflow;
} args;
static FILE *log_stream;
static char complaint[256];

#ifdef __SANITIZE_ADDRESS__
/* The AF_XDP driver of DPDK 22.11 never gives back its umem and its BPF object; everything else counts. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libxdp.so\nleak:libbpf.so\n";
}
#endif

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    if (args.n == MAX_ARGS || vasprintf(&args.v[args.n], format, ap) < 0)
        args.overflow = true;
    else
        args.n++;
    va_end(ap);
}

static void drop_args(void)
{
    while (args.n > 0)
        free(args.v[--args.n]);
    memset(&args, 0, sizeof args);
}

const char *eal_complaint(void)
{
    return complaint;
}

void eal_forget_complaint(void)
{
    complaint[0] = '\0';
}

/* Each line of DPDK's becomes a debug line of ours. */
static ssize_t take_log(void *cookie, const char *buf, size_t n)
{
    size_t len = n;

    (void)cookie;
    while (len > 0 && (buf[len - 1] == '\n' || buf[len - 1] == ' '))
        len--;
    if (len == 0)
        return (ssize_t)n;
    if (!complaint[0] && rte_log_cur_msg_loglevel() <= (int)RTE_LOG_WARNING)
        snprintf(complaint, sizeof complaint, "%.*s", (int)len, buf);
    log_debug("dpdk: %.*s", (int)len, buf);
    return (ssize_t)n;
}

static int open_log(void)
{
    cookie_io_functions_t io = {.write = take_log};

    log_stream = fopencookie(NULL, "w", io);
    if (!log_stream)
        return -errno;
    setvbuf(log_stream, NULL, _IOLBF, 0);
    return rte_openlog_stream(log_stream);
}

static int quiet_bpf(enum libbpf_print_level level, const char *format, va_list ap)
{
    char line[256];

    if (level == LIBBPF_DEBUG)
        return 0;
    vsnprintf(line, sizeof line, format, ap);
    line[strcspn(line, "\n")] = '\0';
    log_debug("bpf: %s", line);
    return 0;
}

/* Free bytes of 2 MiB hugepages, from /proc/meminfo. */
static uint64_t free_huge_bytes(void)
{
    FILE *f = fopen("/proc/meminfo", "re");
    unsigned long long pages = 0, kib = 0;
    char line[128];

    if (!f)
        return 0;
    while (fgets(line, sizeof line, f)) {
        sscanf(line, "HugePages_Free: %llu", &pages);
        sscanf(line, "Hugepagesize: %llu", &kib);
    }
    fclose(f);
    return pages * kib * 1024;
}

static bool want_huge(const struct cfg_dpdk *c)
{
    bool enough = free_huge_bytes() >= c->memory_bytes;

    if (c->hugepages == CFG_HUGE_ON && !enough)
        log_warning("dpdk.hugepages is on, but %llu MiB are free of the %llu MiB of dpdk.memory",
                    (unsigned long long)(free_huge_bytes() >> 20),
                    (unsigned long long)(c->memory_bytes >> 20));
    return c->hugepages == CFG_HUGE_ON || (c->hugepages == CFG_HUGE_AUTO && enough);
}

/* The EAL pins its main thread; ours is to float, so its one lcore spans every CPU we may use. Workers are
 * threads of our own that register themselves. */
static void add_cpus(void)
{
    char list[1024];
    size_t n = 0;
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return;
    for (unsigned i = 0; i < CPU_SETSIZE && n < sizeof list - 8; i++)
        if (CPU_ISSET(i, &set))
            n += (size_t)snprintf(list + n, sizeof list - n, "%s%u", n ? "," : "", i);
    add("--lcores=0@(%s)", list);
}

static void build_args(const struct config *c)
{
    bool pci = false;

    for (uint32_t i = 0; i < c->ninterface; i++)
        pci = pci || c->interface[i].kind == CFG_IF_PCI;
    add("lacon");
    add_cpus();
    add("-m");
    add("%llu", (unsigned long long)((c->dpdk.memory_bytes + (1 << 20) - 1) >> 20));
    if (want_huge(&c->dpdk)) {
        add("--in-memory");
    } else {
        add("--no-huge");
        add("--no-shconf");
    }
    add("--file-prefix=lacon-%d", (int)getpid());
    add("--no-telemetry");
    if (pci) {
        /* Names a device that cannot be: nothing is taken at start, io_start() asks for each by name. */
        add("-a");
        add("0000:00:00.0");
    } else {
        add("--no-pci");
        add("--iova-mode=va");
    }
    for (uint32_t i = 0; i < c->dpdk.neal_args; i++)
        add("%s", c->dpdk.eal_args[i]);
}

/* A lacon that was killed leaves an empty folder beside ours, named by its process id: those of the dead go.
 */
static void remove_leftovers(const char *own)
{
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", own);
    char *slash = strrchr(parent, '/');
    if (!slash)
        return;
    *slash = 0;
    DIR *d = opendir(parent);
    for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        long pid = strncmp(e->d_name, "lacon-", 6) == 0 ? strtol(e->d_name + 6, NULL, 10) : 0;
        if (pid > 0 && kill((pid_t)pid, 0) < 0 && errno == ESRCH)
            unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR); /* refused unless it is empty */
    }
    if (d)
        closedir(d);
}

/* What eal_start() made and DPDK does not take down itself. */
static void clean_up(void)
{
    const char *dir = rte_eal_get_runtime_dir();

    if (dir[0]) {
        rmdir(dir); /* empty by now */
        remove_leftovers(dir);
    }
    rte_openlog_stream(NULL);
    if (log_stream)
        fclose(log_stream);
    log_stream = NULL;
    drop_args();
}

int eal_start(const struct config *c)
{
    char *argv[MAX_ARGS + 1];
    int rc = 0;

    libbpf_set_print(quiet_bpf);
    build_args(c);
    if (args.overflow || open_log() != 0) {
        log_error("dpdk: out of memory, or too many arguments in dpdk.eal");
        rc = -ENOMEM;
    }
    for (int i = 0; i < args.n; i++)
        log_debug("dpdk argument: %s", args.v[i]);
    memcpy(argv, args.v, sizeof argv); /* the EAL reorders it */
    if (rc == 0 && rte_eal_init(args.n, argv) < 0) {
        log_error("DPDK does not start: %s (dpdk.memory, dpdk.hugepages, dpdk.eal)",
                  complaint[0] ? complaint : rte_strerror(rte_errno));
        rc = -EIO;
    }
    if (rc)
        clean_up();
    return rc;
}

void eal_stop(void)
{
    rte_eal_cleanup();
    clean_up();
}
