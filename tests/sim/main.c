/* sim: runs scenarios with seeds, and the directed rows. Each run is a child process, so that a crash or an
 * endless loop is one failure with a name and not the end of the campaign. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/mutant.h"
#include "tests/sim/rows.h"
#include "tests/sim/run.h"

#define RUN_SECONDS 300 /* of real time, for one run */

struct options {
    const char *scenario, *trace;
    uint64_t from, seeds;
    bool one, verbose, rows, list, mutants, first;
};

struct totals {
    uint64_t passed, failed;
    struct sim_stats stats;
};

static void add_stats(struct sim_stats *to, const struct sim_stats *s)
{
    const uint64_t *from = (const uint64_t *)(const void *)s;
    uint64_t *sum = (uint64_t *)(void *)to;
    for (size_t i = 0; i < sizeof *s / sizeof *from; i++)
        sum[i] += from[i];
}

/* One of a scenario or a row. */
struct job {
    const struct scenario *scenario;
    const struct row *row;
    uint64_t seed;
};

static void run_job(const struct job *j, const struct options *o, struct run_result *r)
{
    if (j->row)
        run_row(j->row, j->seed, o->verbose, o->trace, r);
    else
        run_scenario(j->scenario, j->seed, o->verbose, o->trace, r);
}

static void in_child(const struct job *j, const struct options *o, struct run_result *r)
{
    int fd[2];
    *r = (struct run_result){.why = "the run crashed"};
    if (pipe(fd) != 0)
        return;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(RUN_SECONDS);
        run_job(j, o, r);
        bool ok = write(fd[1], r, sizeof *r) == (ssize_t)sizeof *r;
        fflush(stdout);
        exit(ok ? 0 : 1);
    }
    close(fd[1]);
    struct run_result got;
    size_t n = 0;
    for (ssize_t k; n < sizeof got && (k = read(fd[0], (char *)&got + n, sizeof got - n)) > 0; n += (size_t)k)
        ;
    close(fd[0]);
    int status = 0;
    waitpid(pid, &status, 0);
    if (n == sizeof got)
        *r = got;
    if (WIFSIGNALED(status) || WEXITSTATUS(status)) { /* a leak found at exit counts, too */
        if (r->ok || n != sizeof got)
            snprintf(r->why, sizeof r->why, "the run ended with %s %d",
                     WIFSIGNALED(status) ? "signal" : "status",
                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        r->ok = false;
    }
}

static void one_run(const struct job *j, const struct options *o, struct totals *t)
{
    struct run_result r;
    const char *name = j->row ? j->row->name : j->scenario->name;
    if (o->one)
        run_job(j, o, &r);
    else
        in_child(j, o, &r);
    add_stats(&t->stats, &r.stats);
    if (r.ok) {
        t->passed++;
        return;
    }
    t->failed++;
    printf("FAIL %s seed %llu at %.6f s: %s\n     replay: sim --scenario '%s' --seed %llu --verbose --trace "
           "x.pcap\n",
           name, (unsigned long long)j->seed, (double)r.failed_at / 1e9, r.why, name,
           (unsigned long long)j->seed);
}

static bool enough(const struct options *o, const struct totals *t)
{
    return o->first && t->failed;
}

static void run_all(const struct options *o, struct totals *t)
{
    for (unsigned i = 0; i < nrows && !enough(o, t); i++)
        if (o->scenario ? strcmp(o->scenario, rows[i].name) == 0 : o->rows) {
            uint64_t n = o->one ? 1 : ROW_SEEDS;
            for (uint64_t s = o->from; s < o->from + n; s++) {
                struct job j = {.row = &rows[i], .seed = s};
                one_run(&j, o, t);
            }
        }
    for (unsigned i = 0; i < nscenarios; i++) {
        if (o->scenario ? strcmp(o->scenario, scenarios[i].name) != 0 : o->rows)
            continue;
        for (uint64_t s = o->from; s < o->from + o->seeds && !enough(o, t); s++) {
            struct job j = {.scenario = &scenarios[i], .seed = s};
            one_run(&j, o, t);
        }
    }
}

static int usage(FILE *f, int code)
{
    fputs("usage: sim [--seeds N] [--from S] [--scenario NAME] [--seed S] [--verbose] [--trace FILE.pcap]\n"
          "           [--ignore TEXT]  (pass over failures that say TEXT)\n"
          "           [--first]        (stop at the first failure)\n"
          "           [--mutant NAME]  (with that mistake switched on; a build with LACON_MUTANTS)\n"
          "       sim --rows | --list | --mutants\n",
          f);
    return code;
}

static int list(void)
{
    for (unsigned i = 0; i < nscenarios; i++)
        printf("%-16s %s\n", scenarios[i].name, scenarios[i].what);
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

static int parse(int argc, char **argv, struct options *o)
{
    static const struct option opts[] = {
        {"seeds", required_argument, NULL, 'n'},    {"from", required_argument, NULL, 'f'},
        {"scenario", required_argument, NULL, 's'}, {"seed", required_argument, NULL, '1'},
        {"verbose", no_argument, NULL, 'v'},        {"trace", required_argument, NULL, 't'},
        {"ignore", required_argument, NULL, 'i'},   {"first", no_argument, NULL, '0'},
        {"mutant", required_argument, NULL, 'm'},   {"mutants", no_argument, NULL, 'M'},
        {"rows", no_argument, NULL, 'r'},           {"list", no_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},           {0},
    };
    *o = (struct options){.from = 1, .seeds = 10};
    for (int c; (c = getopt_long(argc, argv, "", opts, NULL)) != -1;) {
        switch (c) {
        case 'n':
            o->seeds = strtoull(optarg, NULL, 10);
            break;
        case '1':
            o->one = true;
            o->seeds = 1;
            __attribute__((fallthrough));
        case 'f':
            o->from = strtoull(optarg, NULL, 10);
            break;
        case 's':
            o->scenario = optarg;
            break;
        case 'v':
            o->verbose = true;
            break;
        case 't':
            o->trace = optarg;
            break;
        case 'i':
            sim_ignore = optarg;
            break;
        case '0':
            o->first = true;
            break;
        case 'm':
            if (mutant_select(optarg) != 0) {
                fprintf(stderr, "sim: no mutant \"%s\" (--mutants lists them)\n", optarg);
                return -1;
            }
            break;
        case 'M':
            o->mutants = true;
            break;
        case 'r':
            o->rows = true;
            break;
        case 'l':
            o->list = true;
            break;
        case 'h':
            exit(usage(stdout, 0));
        default:
            return -1;
        }
    }
    return optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct options o;
    struct totals t = {0};
    if (parse(argc, argv, &o) < 0)
        return usage(stderr, 2);
    if (o.list)
        return list();
    if (o.mutants)
        return list_mutants();
    setvbuf(stdout, NULL, _IOLBF, 0);
    run_all(&o, &t);
    if (t.passed + t.failed == 0) {
        fprintf(stderr, "sim: no scenario or row is named \"%s\"\n", o.scenario ? o.scenario : "");
        return 2;
    }
    const struct sim_stats *s = &t.stats;
    printf("%llu exchanges finished, %llu failed as planned, %llu body bytes compared; %llu frames: %llu "
           "lost, %llu "
           "duplicated, %llu reordered, %llu corrupted; %llu retransmissions\n",
           (unsigned long long)s->exchanges_ok, (unsigned long long)s->exchanges_failed,
           (unsigned long long)s->bytes, (unsigned long long)s->frames,
           (unsigned long long)(s->lost + s->queue_drops), (unsigned long long)s->duplicated,
           (unsigned long long)s->reordered, (unsigned long long)s->corrupted,
           (unsigned long long)s->retransmits);
    printf("%llu passed, %llu failed\n", (unsigned long long)t.passed, (unsigned long long)t.failed);
    return t.failed ? 1 : 0;
}
