/* The flow engine in front of a worker: made at start, polled for answers, its cycles kept apart. See
 * engine.h; what is asked of it is agent/splice/offload.c. */
#include "agent/worker/engine_own.h"

/* What was asked at start was another one: that of this worker may have found no room beside it. */
static bool flow_serves(const struct engine *e, unsigned nports)
{
    char why[ACCEL_WHY] = "";
    bool any = nports == 0 || !e->flow_class->serves;
    for (unsigned i = 0; i < nports && !any; i++)
        any = e->flow_class->serves(e->flow, i, why);
    return any;
}

void engine_flow_start(struct engine *e, const struct engine_params *p)
{
    if (!p->flow || !p->flow->engine)
        return;
    e->flow_class = p->flow->engine;
    e->flow = e->flow_class->create(&p->flow_params, e->flow_why);
    if (!e->flow)
        return;
    if (!flow_serves(e, p->flow_params.nports)) {
        e->flow_class->serves(e->flow, 0, e->flow_why);
        e->flow_class->destroy(e->flow);
        e->flow = NULL;
        return;
    }
    e->flow_provider = p->flow;
    e->flow_ops = e->flow_class->ops(e->flow);
    e->cycles = p->cycles;
}

static uint64_t clock_of(const struct engine *e)
{
    return e->cycles ? e->cycles() : 0;
}

/* What silicon would do by itself is the emulation's; asking a real NIC is neither, and nothing of a frame.
 */
static unsigned poll_answers(struct engine *e, uint64_t now_ns, struct flow_answer a[])
{
    uint64_t t0 = clock_of(e);
    unsigned n = e->flow_class->poll(e->flow, now_ns, a, ENGINE_BURST);
    if (e->flow_class->pass)
        stat_add(&e->emulation_cycles, clock_of(e) - t0);
    return n;
}

void engine_flow_answers(struct engine *e, uint64_t now_ns)
{
    struct flow_answer a[ENGINE_BURST];
    unsigned n;
    do {
        n = poll_answers(e, now_ns, a);
        splice_flow_answers(e->splice, a, n);
    } while (n == ENGINE_BURST);
    splice_reap(e->splice);
}

void engine_flow_burst(struct engine *e, struct frame *const f[], unsigned n, bool mixed, uint64_t now_ns)
{
    struct frame *left[ENGINE_BURST];
    uint64_t t0 = clock_of(e), t1;
    memcpy(left, f, n * sizeof *left);
    if (e->flow_class->pass)
        n = e->flow_class->pass(e->flow, left, n, now_ns);
    t1 = clock_of(e);
    engine_take_burst(e, left, n, mixed, now_ns);
    stat_add(&e->worker_cycles, clock_of(e) - t1);
    if (e->flow_class->pass)
        stat_add(&e->emulation_cycles, t1 - t0);
    engine_flow_answers(e, now_ns);
}

void engine_flow(const struct engine *e, struct engine_flow_info *out)
{
    *out = (struct engine_flow_info){0};
    if (!e->flow)
        return;
    *out = (struct engine_flow_info){.provider = e->flow_provider->name,
                                     .about = e->flow_class->about(e->flow),
                                     .stats = e->flow_class->stats(e->flow),
                                     .entries = e->flow_ops.entries,
                                     .misses = counter_read(&e->cnt.rx_frames),
                                     .emulation_cycles = counter_read(&e->emulation_cycles),
                                     .worker_cycles = counter_read(&e->worker_cycles)};
}

const char *engine_flow_why(const struct engine *e)
{
    return e->flow_why;
}
