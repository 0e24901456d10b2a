/* Jobs in a device's queues; see flow_engine.h. Each worker has a queue of its own on each port.
 *
 * Completions may come late, twice or never: each job carries its tag and a serial number that is used once,
 * and what does not fit the tag's present job is not believed. One that does not come holds a place of the
 * queue until its rule's owner asks again, LOST_NS later. */
#include <errno.h>

#include "accel/flow_engine.h"

#define PULL      32u
#define PULL_NS   50000ull /* between looks for completions */
#define REMOVE    1u       /* bits of a job: */
#define TAG_SHIFT 1u
#define TAG_BITS  20u

_Static_assert(TAGS <= 1u << TAG_BITS, "tags fit a job's number");

static void *job(struct accel_engine *e, uint32_t tag, uint64_t kind)
{
    uint64_t serial = ++e->serial;
    e->entry[tag].serial = serial;
    return (void *)(uintptr_t)(serial << (TAG_SHIFT + TAG_BITS) | (uint64_t)tag << TAG_SHIFT | kind);
}

static void given(struct accel_engine *e, struct flow_entry *x, enum flow_state state, uint64_t now_ns)
{
    x->state = (uint8_t)state;
    x->overdue = false;
    x->job_ns = now_ns;
    e->flying[form_of(e, x)->queue_at]++;
}

/* Half of a queue is left for removals: they are never to wait for insertions. */
int rf_job_create(struct accel_engine *e, uint32_t tag, const struct flow_written *w, uint64_t now_ns)
{
    const struct rte_flow_op_attr attr = {0};
    struct flow_entry *x = &e->entry[tag];
    const struct flow_form *f = form_of(e, x);
    struct rte_flow_error err;
    if (e->flying[f->queue_at] >= f->jobs / 2)
        return -EAGAIN;
    x->rule = e->api->async_create(f->port, e->worker, &attr, f->t.table, w->item, 0, w->action, 0,
                                   job(e, tag, 0), &err);
    if (!x->rule)
        return e->api->last_error() ? -e->api->last_error() : -EAGAIN;
    given(e, x, ADDING, now_ns);
    return 0;
}

int rf_job_destroy(struct accel_engine *e, uint32_t tag, uint64_t now_ns)
{
    const struct rte_flow_op_attr attr = {0};
    struct flow_entry *x = &e->entry[tag];
    const struct flow_form *f = form_of(e, x);
    struct rte_flow_error err;
    if (e->flying[f->queue_at] >= f->jobs)
        return -EAGAIN;
    int rc = e->api->async_destroy(f->port, e->worker, &attr, x->rule, job(e, tag, REMOVE), &err);
    if (rc == 0)
        given(e, x, LEAVING, now_ns);
    return rc;
}

/* One job fewer of those that are, or are not, expected to be answered. */
static void less(struct accel_engine *e, const struct flow_entry *x)
{
    uint32_t *n = (x->overdue ? e->late : e->flying) + form_of(e, x)->queue_at;
    *n -= *n > 0;
}

void rf_job_doubt(struct accel_engine *e, uint32_t tag, uint64_t now_ns)
{
    struct flow_entry *x = &e->entry[tag];
    if ((x->state != ADDING && x->state != LEAVING) || x->overdue || now_ns < x->job_ns + LOST_NS ||
        mutant(flow_place_lost))
        return;
    less(e, x);
    x->overdue = true;
    e->late[form_of(e, x)->queue_at]++;
}

static void completed(struct accel_engine *e, const struct rte_flow_op_result *r, uint64_t now_ns)
{
    uint64_t n = (uintptr_t)r->user_data;
    uint32_t tag = (uint32_t)(n >> TAG_SHIFT) & ((1u << TAG_BITS) - 1);
    bool success = r->status == RTE_FLOW_OP_SUCCESS, removal = n & REMOVE;
    if (tag >= TAGS || e->entry[tag].state != (removal ? LEAVING : ADDING))
        return;
    if (e->entry[tag].serial != n >> (TAG_SHIFT + TAG_BITS) && !mutant(flow_completion_believed))
        return;
    less(e, &e->entry[tag]);
    if (removal)
        rf_removed(e, tag, success);
    else
        rf_added(e, tag, success, now_ns);
}

/* How many there were; negative: the queue does not answer. */
static int pull(struct accel_engine *e, unsigned at, uint64_t now_ns)
{
    struct rte_flow_op_result r[PULL];
    struct rte_flow_error err;
    uint16_t port = e->port[at].id;
    int n = e->api->pull(port, e->worker, r, PULL, &err);
    for (int i = 0; i < n; i++)
        completed(e, &r[i], now_ns);
    if (n < 0)
        rf_went_away(e, port, n);
    return n;
}

void rf_pull_all(struct accel_engine *e, uint64_t now_ns)
{
    for (unsigned i = 0; i < e->nports; i++)
        while ((e->flying[i] || e->late[i]) && pull(e, i, now_ns) == (int)PULL)
            ;
    e->pull_ns = now_ns + PULL_NS;
}

bool rf_flying(const struct accel_engine *e)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < e->nports; i++)
        n += e->flying[i];
    return n;
}

void rf_wait_all(struct accel_engine *e, uint64_t now_ns)
{
    for (unsigned i = 0; i < PATIENCE && rf_flying(e); i++)
        rf_pull_all(e, now_ns);
}
