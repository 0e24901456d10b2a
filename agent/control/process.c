/* See process.h. Main and admin thread. */
#include "agent/control/process.h"

#include <stdio.h>
#include <unistd.h>

#include "agent/base/log.h"

/* For what the control threads have for a moment: answers, log lines. */
#define CONTROL_BYTES (8u << 20)

uint64_t process_resident(void)
{
    unsigned long long size, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    if (fscanf(f, "%llu %llu", &size, &resident) != 2)
        resident = 0;
    fclose(f);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct question {
    const struct worker *worker;
    struct memory_list *out;
};

static void ask_worker(struct engine *e, void *arg, uint64_t now_ns)
{
    const struct question *q = arg;
    (void)e;
    (void)now_ns;
    worker_memory(q->worker, q->out);
}

void process_memory(struct workers *ws, uint64_t start, struct memory_list *out)
{
    unsigned n = workers_count(ws);
    struct question q = {workers_at(ws, 0), out};
    *out = (struct memory_list){0};
    (void)workers_call(ws, 0, ask_worker, &q, true); /* a worker that stops has nothing to say */
    for (unsigned i = 0; i < out->n; i++)
        out->part[i].bytes *= n; /* all workers are alike */
    memory_add(out, "packet buffers", workers_config(ws, NULL)->dpdk.memory_bytes);
    memory_add(out, "endpoints", roster_memory(workers_roster(ws)));
    memory_add(out, "answers, logs", CONTROL_BYTES);
    memory_add(out, "program at start", start);
}

void process_log_memory(struct workers *ws, uint64_t start)
{
    struct memory_list l;
    char text[1024];
    size_t at = 0;
    process_memory(ws, start, &l);
    for (unsigned i = 0; i < l.n && at < sizeof text; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s %.1f", i ? ", " : "", l.part[i].name,
                               (double)l.part[i].bytes / (1 << 20));
    log_info("memory: at most %.1f MiB for %u worker%s: %s", (double)memory_total(&l) / (1 << 20),
             workers_count(ws), workers_count(ws) == 1 ? "" : "s", text);
}
