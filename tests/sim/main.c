/* sim: runs scenarios with seeds, and the directed rows. Each run is a child process, so that a crash or an
 * endless loop is one failure with a name and not the end of the campaign; a single run named by scenario and
 * seed stays in this process, for a debugger. */
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/mutant.h"
#include "tests/sim/lacon.h"
#include "tests/sim/measure.h"
#include "tests/sim/pcapng.h"
#include "tests/sim/rows.h"
#include "tests/sim/run.h"
#include "tests/sim/twice.h"

#define RUN_SECONDS 600 /* of real time, for one run */
#define JOBS_MOST   64

struct options {
    const char *scenario, *trace;
    uint64_t from, seeds, exchanges;
    unsigned jobs;
    bool one, verbose, rows, list, progress, mutants, first, twice;
};

/* One of a scenario or a row. */
struct job {
    const struct scenario *scenario;
    const struct row *row;
    uint64_t seed;
};

/* A job on its way. */
struct slot {
    struct job job;
    pid_t pid; /* 0: free */
    int fd;
    size_t got;
    struct run_result result;
};

struct campaign {
    const struct options *o;
    struct slot slot[JOBS_MOST];
    unsigned busy;
    uint64_t passed, failed;
    struct sim_stats stats;
    double start, told;
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of this process and the runs it has waited for. */
static double cpu_seconds(void)
{
    struct rusage self, children;
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    long s =
        self.ru_utime.tv_sec + self.ru_stime.tv_sec + children.ru_utime.tv_sec + children.ru_stime.tv_sec;
    long us =
        self.ru_utime.tv_usec + self.ru_stime.tv_usec + children.ru_utime.tv_usec + children.ru_stime.tv_usec;
    return (double)s + (double)us / 1e6;
}

static void add_stats(struct sim_stats *to, const struct sim_stats *s)
{
    const uint64_t *from = (const uint64_t *)(const void *)s;
    uint64_t *sum = (uint64_t *)(void *)to;
    for (size_t i = 0; i < sizeof *s / sizeof *from; i++)
        sum[i] += from[i];
}

static const char *job_name(const struct job *j)
{
    return j->row ? j->row->name : j->scenario->name;
}

/* ---- results ---- */

static void progress(struct campaign *c)
{
    double now = seconds();
    if (!c->o->progress || now - c->told < 10)
        return;
    c->told = now;
    uint64_t n = c->stats.exchanges_ok + c->stats.exchanges_failed;
    fprintf(stderr, "%.0f s: %llu exchanges in %llu runs, %.0f a second, %llu failed\n", now - c->start,
            (unsigned long long)n, (unsigned long long)(c->passed + c->failed), (double)n / (now - c->start),
            (unsigned long long)c->failed);
}

static void book(struct campaign *c, const struct job *j, const struct run_result *r)
{
    add_stats(&c->stats, &r->stats);
    progress(c);
    if (r->ok) {
        c->passed++;
        return;
    }
    c->failed++;
    printf("FAIL %s seed %llu at %.6f s: %s\n     replay: sim --scenario '%s' --seed %llu --verbose --trace "
           "x.pcapng\n",
           job_name(j), (unsigned long long)j->seed, (double)r->failed_at / 1e9, r->why, job_name(j),
           (unsigned long long)j->seed);
}

/* ---- running ---- */

static void run_once(const struct job *j, const struct options *o, struct pcapng *trace, struct run_result *r)
{
    if (j->row)
        run_row(j->row, j->seed, o->verbose, trace, r);
    else
        run_scenario(j->scenario, j->seed, o->verbose, trace, r);
}

/* The two ways ask for frames at other times: where some are refused by chance, it is others. */
static bool can_be_twice(const struct job *j)
{
    for (unsigned i = 0; j->scenario && i < SCENARIO_FAULTS; i++)
        if (j->scenario->fault[i].kind == FAULT_NO_FRAMES)
            return false;
    return true;
}

/* Once with the steady way, once without. */
static void run_twice(const struct job *j, const struct options *o, struct pcapng *trace,
                      struct run_result *r)
{
    struct run_result first;
    twice_first();
    run_once(j, o, NULL, &first);
    *r = first;
    if (!first.ok || !can_be_twice(j))
        return;
    twice_second();
    twice_general();
    run_once(j, o, trace, r);
    if (r->ok && !twice_all()) {
        r->ok = false;
        snprintf(r->why, sizeof r->why,
                 "twice: with the steady way off lacon did not do all that it did with it");
    }
}

static void run_job(const struct job *j, const struct options *o, struct run_result *r)
{
    struct pcapng *trace = o->trace ? pcapng_open(o->trace) : NULL;
    if (o->trace && !trace) {
        perror(o->trace);
        exit(2);
    }
    if (o->twice)
        run_twice(j, o, trace, r);
    else
        run_once(j, o, trace, r);
    if (pcapng_close(trace) < 0)
        fprintf(stderr, "sim: %s is not complete\n", o->trace);
}

static void begin(struct campaign *c, const struct job *j)
{
    struct slot *s = c->slot;
    int fd[2];
    while (s->pid)
        s++;
    if (pipe(fd) != 0) {
        perror("sim: pipe");
        exit(1);
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct run_result r;
        alarm(RUN_SECONDS);
        run_job(j, c->o, &r);
        bool ok = write(fd[1], &r, sizeof r) == (ssize_t)sizeof r;
        fflush(stdout);
        exit(ok ? 0 : 1);
    }
    if (pid < 0) {
        perror("sim: fork");
        exit(1);
    }
    close(fd[1]);
    *s = (struct slot){.job = *j, .pid = pid, .fd = fd[0]};
    c->busy++;
}

static void end(struct campaign *c, struct slot *s)
{
    struct run_result *r = &s->result;
    int status = 0;
    close(s->fd);
    waitpid(s->pid, &status, 0);
    if (s->got != sizeof *r)
        *r = (struct run_result){.why = "the run crashed"};
    if (WIFSIGNALED(status) || WEXITSTATUS(status)) { /* a leak found at exit counts, too */
        if (r->ok || s->got != sizeof *r)
            snprintf(r->why, sizeof r->why, "the run ended with %s %d",
                     WIFSIGNALED(status) ? "signal" : "status",
                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        r->ok = false;
    }
    book(c, &s->job, r);
    s->pid = 0;
    c->busy--;
}

/* Waits until something has come from one of the jobs. */
static void attend(struct campaign *c)
{
    struct pollfd p[JOBS_MOST];
    struct slot *of[JOBS_MOST];
    nfds_t n = 0;
    for (unsigned i = 0; i < c->o->jobs; i++)
        if (c->slot[i].pid) {
            of[n] = &c->slot[i];
            p[n++] = (struct pollfd){.fd = c->slot[i].fd, .events = POLLIN};
        }
    if (poll(p, n, -1) < 0)
        return;
    for (nfds_t i = 0; i < n; i++) {
        struct slot *s = of[i];
        if (!p[i].revents)
            continue;
        ssize_t k = read(s->fd, (char *)&s->result + s->got, sizeof s->result - s->got);
        if (k > 0)
            s->got += (size_t)k;
        if (k <= 0)
            end(c, s);
    }
}

static void submit(struct campaign *c, const struct job *j)
{
    struct run_result r;
    if (c->o->one && c->o->scenario) {
        run_job(j, c->o, &r);
        book(c, j, &r);
        return;
    }
    while (c->busy == c->o->jobs)
        attend(c);
    begin(c, j);
}

static void finish(struct campaign *c)
{
    while (c->busy)
        attend(c);
}

static bool enough(const struct campaign *c)
{
    return c->o->first && c->failed;
}

static void run_rows(struct campaign *c)
{
    const struct options *o = c->o;
    for (unsigned i = 0; i < nrows && !enough(c); i++)
        if (o->scenario ? strcmp(o->scenario, rows[i].name) == 0 : o->rows) {
            uint64_t n = o->one ? 1 : ROW_SEEDS;
            for (uint64_t s = o->from; s < o->from + n; s++) {
                struct job j = {.row = &rows[i], .seed = s};
                submit(c, &j);
            }
        }
    finish(c);
}

/* Seed by seed through all scenarios. A budget of exchanges ends with the round in which it is used up, so
 * that the same seeds run whatever the number of jobs. */
static void run_scenarios(struct campaign *c)
{
    const struct options *o = c->o;
    for (uint64_t s = o->from; o->exchanges ? c->stats.exchanges_ok < o->exchanges : s < o->from + o->seeds;
         s++) {
        uint64_t before = c->passed + c->failed;
        for (unsigned i = 0; scenario_at(i) && !enough(c); i++) {
            struct job j = {.scenario = scenario_at(i), .seed = s};
            if (o->scenario ? strcmp(o->scenario, j.scenario->name) == 0 : !o->rows)
                submit(c, &j);
        }
        if (o->exchanges)
            finish(c);
        if (enough(c) || (o->exchanges && c->passed + c->failed == before))
            break;
    }
    finish(c);
}

static void summary(const struct campaign *c)
{
    const struct sim_stats *s = &c->stats;
    uint64_t n = s->exchanges_ok + s->exchanges_failed;
    double took = seconds() - c->start, cpu = cpu_seconds();
    printf(
        "exchanges: %llu finished, %llu failed as their faults allow, %llu body bytes compared\n"
        "frames: %llu, of them %llu lost, %llu duplicated, %llu reordered, %llu corrupted, %llu too big; "
        "%llu "
        "retransmissions; %llu handed over between workers\n"
        "%.0f exchanges a second, %.0f in a second of CPU time (%.1f s, %.1f s of CPU time, %u at a time)\n",
        (unsigned long long)s->exchanges_ok, (unsigned long long)s->exchanges_failed,
        (unsigned long long)s->bytes, (unsigned long long)s->frames,
        (unsigned long long)(s->lost + s->queue_drops), (unsigned long long)s->duplicated,
        (unsigned long long)s->reordered, (unsigned long long)s->corrupted, (unsigned long long)s->too_big,
        (unsigned long long)s->retransmits, (unsigned long long)s->handed_over, (double)n / took,
        (double)n / cpu, took, cpu, c->o->jobs);
    if (lacon_has_engine())
        printf("flow engines: %llu rules inserted, %llu frames carried, %llu bytes of these\n",
               (unsigned long long)s->rules, (unsigned long long)s->carried,
               (unsigned long long)s->carried_bytes);
}

/* With an engine forced upon all that runs, and more than one run: it has carried something, or what has
 * passed says nothing about it. */
static bool engine_unused(const struct campaign *c)
{
    return lacon_has_engine() && !c->o->scenario && !(c->stats.rules && c->stats.carried);
}

/* ---- arguments ---- */

static int usage(FILE *f, int code)
{
    fputs("usage: sim [--seeds N | --exchanges N] [--from S] [--scenario NAME] [--jobs J] [--progress]\n"
          "       sim --seed S [--scenario NAME [--verbose] [--trace FILE.pcapng]]\n"
          "       sim --rows | --list | --mutants\n"
          "--exchanges: seeds until so many exchanges have finished; --seed without a scenario: all of them\n"
          "--ignore TEXT: pass over failures that say TEXT; --first: stop at the first failure\n"
          "--twice: each seed with and without the steady way, which must come to the same; --general: "
          "without it\n"
          "--sizes N|web|search: of responses, with measures; --conns N: of each client host; --flow-least "
          "BYTES: "
          "left, to be offered to an "
          "engine\n"
          "--provider NAME: device, soft, simd, emu, emu:bluefield2, emu:liquidio, faulty, rte_flow, "
          "rte_flow:sync, "
          "rte_flow:old, rte_flow:faulty\n"
          "--mutant NAME: with that mistake switched on (a build with LACON_MUTANTS)\n",
          f);
    return code;
}

static int list(void)
{
    for (unsigned i = 0; scenario_at(i); i++)
        printf("%-16s %s\n", scenario_at(i)->name, scenario_at(i)->what);
    for (unsigned i = 0; i < nrows; i++)
        printf("row              %s\n", rows[i].name);
    return 0;
}

#ifdef LACON_MUTANTS
static int list_mutants(void)
{
    for (unsigned m = MUTANT_NONE + 1; m < MUTANT_COUNT; m++)
        printf("%-24s %s\n", mutant_name((enum mutant)m), mutant_text((enum mutant)m));
    return 0;
}
#else
static int list_mutants(void)
{
    fputs("sim: this build has no mutants: cmake --preset mutants\n", stderr);
    return 2;
}

static int mutant_select(const char *name)
{
    (void)name;
    return list_mutants();
}
#endif

static bool parse(int argc, char **argv, struct options *o)
{
    static const struct option opts[] = {
        {"seeds", required_argument, NULL, 'n'},
        {"exchanges", required_argument, NULL, 'e'},
        {"from", required_argument, NULL, 'f'},
        {"scenario", required_argument, NULL, 's'},
        {"seed", required_argument, NULL, '1'},
        {"jobs", required_argument, NULL, 'j'},
        {"verbose", no_argument, NULL, 'v'},
        {"trace", required_argument, NULL, 't'},
        {"ignore", required_argument, NULL, 'i'},
        {"progress", no_argument, NULL, 'p'},
        {"rows", no_argument, NULL, 'r'},
        {"list", no_argument, NULL, 'l'},
        {"first", no_argument, NULL, '0'},
        {"provider", required_argument, NULL, 'P'},
        {"sizes", required_argument, NULL, 'z'},
        {"conns", required_argument, NULL, 'c'},
        {"flow-least", required_argument, NULL, 'L'},
        {"mutant", required_argument, NULL, 'm'},
        {"mutants", no_argument, NULL, 'M'},
        {"twice", no_argument, NULL, 'w'},
        {"general", no_argument, NULL, 'g'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    *o = (struct options){.from = 1, .seeds = 10, .jobs = 1};
    for (int c; (c = getopt_long(argc, argv, "", opts, NULL)) != -1;) {
        uint64_t n = optarg ? strtoull(optarg, NULL, 10) : 0;
        o->seeds = c == 'n' ? n : c == '1' ? 1 : o->seeds;
        o->from = c == 'f' || c == '1' ? n : o->from;
        o->exchanges = c == 'e' ? n : o->exchanges;
        o->jobs = c == 'j' ? (unsigned)n : o->jobs;
        o->scenario = c == 's' ? optarg : o->scenario;
        o->trace = c == 't' ? optarg : o->trace;
        sim_ignore = c == 'i' ? optarg : sim_ignore;
        o->one |= c == '1';
        o->verbose |= c == 'v';
        o->progress |= c == 'p';
        o->rows |= c == 'r';
        o->list |= c == 'l';
        o->first |= c == '0';
        o->mutants |= c == 'M';
        o->twice |= c == 'w';
        if ((c == 'g' && !twice_general()) || (c == 'w' && !twice_possible())) {
            fprintf(stderr, "sim: a release build has no switch for the steady way\n");
            return false;
        }
        if (c == 'm' && mutant_select(optarg) != 0) {
            fprintf(stderr, "sim: no mutant \"%s\" (--mutants lists them)\n", optarg);
            return false;
        }
        if (c == 'c')
            measure_conns = (unsigned)n;
        if (c == 'L')
            measure_flow_least = n;
        if (c == 'z' && !measure_sizes(optarg)) {
            fprintf(stderr, "sim: --sizes: a number, web or search\n");
            return false;
        }
        if (c == 'P' && !lacon_force(optarg)) {
            fprintf(stderr, "sim: no provider \"%s\"\n", optarg);
            return false;
        }
        if (c == 'h')
            exit(usage(stdout, 0));
        if (c == '?')
            return false;
    }
    return optind == argc && o->jobs >= 1 && o->jobs <= JOBS_MOST && (!o->trace || (o->one && o->scenario));
}

int main(int argc, char **argv)
{
    static struct options o;
    static struct campaign c;
    if (!parse(argc, argv, &o))
        return usage(stderr, 2);
    if (o.list)
        return list();
    if (o.mutants)
        return list_mutants();
    setvbuf(stdout, NULL, _IOLBF, 0);
    c.o = &o;
    c.start = c.told = seconds();
    run_rows(&c);
    run_scenarios(&c);
    if (c.passed + c.failed == 0) {
        fprintf(stderr, "sim: no scenario or row is named \"%s\"\n", o.scenario ? o.scenario : "");
        return 2;
    }
    summary(&c);
    if (engine_unused(&c)) {
        printf("FAIL the engine that was forced carried nothing\n");
        c.failed++;
    }
    printf("%llu passed, %llu failed\n", (unsigned long long)c.passed, (unsigned long long)c.failed);
    return c.failed ? 1 : 0;
}
