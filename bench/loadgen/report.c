/* JSON by printf: all names and values are our own, nothing needs quoting. */
#include "bench/loadgen/report.h"

#include <stdio.h>

static struct counts sum_of(const struct client *k, const struct endpoint *e, const struct counts *before)
{
    const struct counts *a = &k->side.count, *b = &e->side.count;
    struct counts c;

#define ADD(name, text) c.name = a->name + b->name - before->name;
    LOADGEN_ERRORS(ADD)
    LOADGEN_EVENTS(ADD)
#undef ADD
    return c;
}

static void print_latency(const struct hist *h)
{
    printf("\"latency_us\":{\"mean\":%.2f,\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"p99.9\":%.2f,"
           "\"max\":%.2f},",
           h->n ? (double)h->sum / (double)h->n / 1e3 : 0, (double)hist_percentile(h, 0.5) / 1e3,
           (double)hist_percentile(h, 0.9) / 1e3, (double)hist_percentile(h, 0.99) / 1e3,
           (double)hist_percentile(h, 0.999) / 1e3, (double)h->max / 1e3);
}

static void print_counts(const struct counts *c)
{
    const char *comma = "";

    printf("\"errors\":{");
#define PRINT(name, text)                                                                                    \
    if (c->name) {                                                                                           \
        printf("%s\"" #name "\":%llu", comma, (unsigned long long)c->name);                                  \
        comma = ",";                                                                                         \
    }
    LOADGEN_ERRORS(PRINT)
    comma = "";
    printf("},\"events\":{");
    LOADGEN_EVENTS(PRINT)
#undef PRINT
    printf("}");
}

/* Speed is there only when there are no errors. */
static void print_speed(const struct result *r)
{
    double s = (double)(r->end - r->start) / 1e9;

    printf("\"seconds\":%.4f,\"requests_per_second\":%.1f,\"body_bytes_per_second\":%.0f,"
           "\"received_bytes_per_second\":%.0f,",
           s, (double)r->requests / s, (double)r->body_bytes / s, (double)r->received_bytes / s);
    print_latency(&r->latency);
}

bool report(const struct client *k, const struct endpoint *e, const struct counts *before,
            const struct effort *effort)
{
    struct counts c = sum_of(k, e, before);
    uint64_t errors = client_errors(&c);
    const struct result *r = &k->result;
    uint32_t late = k->backlog_tail - k->backlog_head;

    printf("{\"ok\":%s,\"requests\":%llu,", errors == 0 && r->requests > 0 ? "true" : "false",
           (unsigned long long)r->requests);
    if (errors == 0 && r->requests > 0)
        print_speed(r);
    printf("\"connected_seconds\":%.4f,\"not_begun\":%u,\"generator_busy\":%.3f,",
           (double)r->connected_ns / 1e9, late,
           effort->cycles ? (double)effort->busy_cycles / (double)effort->cycles : 0);
    print_counts(&c);
    printf("}\n");
    fflush(stdout);
    return errors == 0 && r->requests > 0;
}
