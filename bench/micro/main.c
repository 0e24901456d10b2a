/* bench_micro: runs the micro benchmarks and prints results for bench/micro/run (micro.h tells the form). */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/micro/micro.h"

static const struct {
    const char *name; /* first part of its results' names */
    void (*run)(struct micro *m);
} benchmarks[] = {
    {"lists", micro_lists}, /* first: it forks before anybody starts an EAL */
    {"state", micro_state},       {"table", micro_table},       {"forward", micro_forward},
    {"heads", micro_heads},       {"segments", micro_segments}, {"routes", micro_routes},
    {"policies", micro_policies}, {"timers", micro_timers},     {"kernels", micro_kernels},
    {"steering", micro_steering}, {"exchange", micro_exchange}, {"memory", micro_memory},
};

static void usage(FILE *to)
{
    fputs("usage: bench_micro [--smoke | --quick] [--only NAME] [--cpu N] [--rounds N] [--meet]\n"
          "  --smoke     tiny sizes, one round, nothing to be learned: does it run?\n"
          "  --quick     fewer sizes and rounds\n"
          "  --only N    results whose names begin with N; the first part is one of:",
          to);
    for (unsigned i = 0; i < sizeof benchmarks / sizeof *benchmarks; i++)
        fprintf(to, " %s", benchmarks[i].name);
    fputs("\n  --cpu N     pin to this CPU (default: the last that the process may use)\n"
          "  --rounds N  of each measurement\n"
          "  --meet      say \"ready\" and wait for a line before forward and memory are measured\n",
          to);
}

static int last_cpu(void)
{
    cpu_set_t set;
    int last = -1;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        for (unsigned i = 0; i < CPU_SETSIZE; i++)
            last = CPU_ISSET(i, &set) ? (int)i : last;
    return last;
}

static void pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (cpu < 0 || cpu >= CPU_SETSIZE)
        return;
    CPU_SET((unsigned)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        fprintf(stderr, "bench_micro: not pinned to CPU %d\n", cpu);
}

int main(int argc, char **argv)
{
    enum micro_scale scale = MICRO_FULL;
    struct micro m = {0};
    int cpu = last_cpu(), rounds = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--smoke") == 0) {
            scale = MICRO_SMOKE;
        } else if (strcmp(argv[i], "--quick") == 0) {
            scale = MICRO_QUICK;
        } else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            m.only = argv[++i];
        } else if (strcmp(argv[i], "--cpu") == 0 && i + 1 < argc) {
            cpu = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            rounds = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--meet") == 0) {
            m.meet = true;
        } else {
            bool help = strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
            usage(help ? stdout : stderr);
            return help ? 0 : 2;
        }
    }
    pin(cpu);
    if (scale != MICRO_SMOKE) /* where we may: fewer samples are disturbed */
        (void)setpriority(PRIO_PROCESS, 0, -20);
    micro_open(&m, scale);
    if (rounds > 0)
        m.rounds = (unsigned)rounds;
    for (unsigned i = 0; i < sizeof benchmarks / sizeof *benchmarks; i++)
        if (micro_wanted(&m, benchmarks[i].name))
            benchmarks[i].run(&m);
    micro_close(&m);
    return 0;
}
