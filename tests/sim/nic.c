/* See nic.h. */
#include "tests/sim/nic.h"

#include <string.h>

#include "tests/double/double.h"
#include "tests/sim/rng.h"

#define DELAY_NS 500000u
#define JOBS     64u
#define NEVER    (UINT64_MAX / 2)

static struct flow_double dev;
static struct frame_ops ops; /* where it sends frames */
static struct rng chance;
static bool faulty;

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
    faulty = p->profile && strcmp(p->profile, "faulty") == 0;
    bool queue = !p->profile || faulty;
    memcpy(port, p->port, p->nports * sizeof *port);
    for (unsigned i = 0; i < p->nports; i++) {
        port[i].id = (uint16_t)i;
        port[i].flow_jobs = queue ? JOBS : 0;
    }
    ops = p->ops;
    rng_seed(&chance, p->seed);
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

/* What becomes of jobs that are asked for from now on. */
static void draw_mistakes(void)
{
    dev.fail_jobs = rng_below(&chance, 20) == 0;
    dev.lose_jobs = rng_below(&chance, 40) == 0;
    dev.double_jobs = rng_below(&chance, 8) == 0;
}

static unsigned poll(struct accel_engine *e, uint64_t now_ns, struct flow_answer out[], unsigned max)
{
    dev.now_ns = now_ns;
    if (faulty)
        draw_mistakes();
    return rte_flow_engine.poll(e, now_ns, out, max);
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

/* The provider's own, but for what has to do with the device (nic_begin()). */
static struct accel_engine_class nic_engine;

const struct accel_provider nic_rte_flow = {
    .name = "rte_flow",
    .text = "the provider rte_flow on a device that replays its rules",
    .hooks = 1u << ACCEL_FLOW,
    .engine = &nic_engine,
};

void nic_begin(void)
{
    double_begin(&dev);
    nic_engine = rte_flow_engine;
    nic_engine.create = create;
    nic_engine.destroy = destroy;
    nic_engine.poll = poll;
    nic_engine.pass = pass;
}

void nic_lose(void)
{
    dev.removed = true;
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        dev.rule[i].live = false;
}

const char *nic_complaint(void)
{
    return dev.complaint;
}
