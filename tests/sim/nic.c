/* See nic.h. */
#include "tests/sim/nic.h"

#include <string.h>

#include "tests/double/double.h"

#define DELAY_NS 500000u
#define JOBS     64u
#define NEVER    (UINT64_MAX / 2)

static struct flow_double dev;
static struct frame_ops ops; /* where it sends frames */

void nic_begin(void)
{
    double_begin(&dev);
}

const char *nic_complaint(void)
{
    return dev.complaint;
}

/* A NIC of some years ago. */
static bool old_words(const struct double_words *w, const char **why)
{
    *why = "MODIFY_FIELD and indirect counters came later";
    for (unsigned i = 0; w->action[i].type != RTE_FLOW_ACTION_TYPE_END; i++)
        if (w->action[i].type == RTE_FLOW_ACTION_TYPE_MODIFY_FIELD ||
            w->action[i].type == RTE_FLOW_ACTION_TYPE_INDIRECT)
            return false;
    return true;
}

static struct accel_engine *create(const struct accel_engine_params *p, char *why)
{
    struct accel_port port[ACCEL_PORTS];
    struct accel_engine_params q = *p;
    bool queue = !p->profile;
    memcpy(port, p->port, p->nports * sizeof *port);
    for (unsigned i = 0; i < p->nports; i++) {
        port[i].id = (uint16_t)i;
        port[i].flow_jobs = queue ? JOBS : 0;
    }
    ops = p->ops;
    dev.queue_size = JOBS;
    dev.delay_ns = queue ? DELAY_NS : 0;
    dev.accepts = p->profile && strcmp(p->profile, "old") == 0 ? old_words : NULL;
    q.port = port;
    q.api = &flow_api_double;
    return rte_flow_engine.create(&q, why);
}

/* Time goes on meanwhile: all that is under way is answered. */
static void destroy(struct accel_engine *e)
{
    dev.now_ns += NEVER;
    rte_flow_engine.destroy(e);
    dev.now_ns -= NEVER;
}

static struct flow_ops flow_ops_of(struct accel_engine *e)
{
    return rte_flow_engine.ops(e);
}

static unsigned poll(struct accel_engine *e, uint64_t now_ns, struct flow_answer out[], unsigned max)
{
    dev.now_ns = now_ns;
    return rte_flow_engine.poll(e, now_ns, out, max);
}

static uint64_t next_ns(const struct accel_engine *e)
{
    return rte_flow_engine.next_ns(e);
}

static unsigned pass(struct accel_engine *e, struct frame *f[], unsigned n, uint64_t now_ns)
{
    unsigned left = 0;
    uint16_t out;
    (void)e;
    dev.now_ns = now_ns;
    for (unsigned i = 0; i < n; i++) {
        if (!double_carry(&dev, f[i], f[i]->port, &out)) {
            f[left++] = f[i];
            continue;
        }
        f[i]->port = out;
        f[i]->flags &= (uint16_t)~FRAME_L4_CSUM_OK;
        frame_send(&ops, f[i]);
    }
    return left;
}

static bool serves(const struct accel_engine *e, unsigned port, char *why)
{
    return rte_flow_engine.serves(e, port, why);
}

static const struct accel_stats *stats(const struct accel_engine *e)
{
    return rte_flow_engine.stats(e);
}

static size_t memory(const struct accel_engine *e)
{
    return rte_flow_engine.memory(e);
}

static const char *about(const struct accel_engine *e)
{
    return rte_flow_engine.about(e);
}

static const struct accel_engine_class nic_engine = {
    .create = create,
    .destroy = destroy,
    .serves = serves,
    .ops = flow_ops_of,
    .poll = poll,
    .next_ns = next_ns,
    .pass = pass,
    .stats = stats,
    .memory = memory,
    .about = about,
};

const struct accel_provider nic_rte_flow = {
    .name = "rte_flow",
    .text = "the provider rte_flow on a device that replays its rules",
    .hooks = 1u << ACCEL_FLOW,
    .engine = &nic_engine,
};
