/* rte_flow: flows carried by a real NIC, through DPDK's flow API (flow_api.h). What is asked of it, and what
 * it answers, is agent/base/flow_rule.h; in which words, flow_dialect.h.
 *
 *   FREE ──insert()──> ADDING ──completion──> IN ──remove(), age──> LEAVING ──completion──> FREE
 *     └── rules made one by one: insert() ─────^                     (at once, one by one)
 *
 * A tag is told GONE when the device has said that its rule is destroyed, or that it is itself removed;
 * nothing else ends it. A device that will not destroy a rule keeps it, and its flow stays without a window,
 * until a later remove() or flush() is heard. STUCK is a rule whose destruction was refused after its handle
 * was given away: only a flush of the whole port helps, which is done where no other worker has rules there.
 *
 * Completions may come late, twice or never: each job carries its tag and a serial number that is used once,
 * and what does not fit the tag's present job is not believed.
 *
 * Counts: a counter of its own (an indirect action) is read after its rule is gone, and misses nothing; a
 * counter inside the rule is read just before.
 *
 * Threads: create(), serves() and destroy() on the main thread, the rest on the worker's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accel/flow_form.h"
#include "agent/base/counters.h"
#include "agent/base/mutant.h"

#define ENTRIES   FLOW_ENTRIES
#define TAGS      FLOW_TAGS
#define SEC       1000000000ull
#define LOOK_NS   1000000ull /* between looks at two rules, at least */
#define PULL_NS   50000ull   /* between looks for completions */
#define LOOK_FAR  64u        /* tags gone over in search of a rule to look at */
#define PULL      32u
#define PATIENCE  10000u /* pulls that something synchronous waits for its completion */
#define NFORM     (2 * ACCEL_PORTS * ACCEL_PORTS)
#define REMOVE    1u /* bits of a job: */
#define TAG_SHIFT 1u
#define TAG_BITS  20u

_Static_assert(TAGS <= 1u << TAG_BITS, "tags fit a job's number");

enum state { FREE, ADDING, IN, LEAVING, STUCK };

struct entry {
    uint8_t state;
    uint8_t why;   /* enum flow_why, of the removal */
    bool removing; /* asked for */
    uint16_t form;
    uint16_t counter_port;
    uint64_t serial; /* of the job under way */
    struct rte_flow *rule;
    struct rte_flow_action_handle *counter; /* kept for the tag's next rule */
    uint64_t before_packets, before_bytes;  /* what the counter showed before this rule */
    uint64_t packets, bytes;                /* of this rule, as far as is known */
    uint64_t asked_ns, hit_ns;
};

/* The way into group FLOW_GROUP, of one interface: rules that are there as long as the engine. */
struct way {
    bool open;
    uint16_t port;
    uint32_t jobs;
    uint16_t queue_at;
    struct flow_table t[2];
    struct rte_flow *rule[2]; /* what is left over, and the jump */
};

struct accel_engine {
    struct accel_stats stats;
    const struct flow_api *api;
    uint64_t (*clock_ns)(void);
    unsigned worker, nworkers, nports;
    struct accel_port port[ACCEL_PORTS];
    struct flow_form form[NFORM]; /* of (in, out, is IPv4) */
    struct way way[ACCEL_PORTS];
    bool removed[ACCEL_PORTS];    /* the device is */
    uint32_t flying[ACCEL_PORTS]; /* jobs in this worker's queue */
    uint32_t held, used;          /* tags that are not FREE; that have ever been in use */
    uint32_t hand;                /* the next to look at */
    uint32_t ntold, told_at;
    uint64_t serial, look_ns, pull_ns;
    struct entry *entry;      /* TAGS */
    struct flow_answer *told; /* a ring of 2 * TAGS */
};

static unsigned form_at(const struct accel_engine *e, unsigned in, unsigned out, bool v4)
{
    return 2 * (in * e->nports + out) + v4;
}

/* ---- answers ---- */

static struct flow_answer *tell(struct accel_engine *e, uint32_t tag, enum flow_told what)
{
    struct flow_answer *a = &e->told[(e->told_at + e->ntold++) % (2 * TAGS)];
    *a = (struct flow_answer){.tag = tag, .told = (uint8_t)what};
    return a;
}

static void hit(struct accel_engine *e, struct entry *x, uint64_t packets, uint64_t bytes)
{
    if (packets <= x->packets)
        return;
    stat_add(&e->stats.hits, packets - x->packets);
    stat_add(&e->stats.hit_bytes, bytes - x->bytes);
    x->packets = packets;
    x->bytes = bytes;
}

static void gone(struct accel_engine *e, uint32_t tag, enum flow_why why, bool counted)
{
    struct entry *x = &e->entry[tag];
    struct flow_answer *a = tell(e, tag, FLOW_GONE);
    a->why = (uint8_t)why;
    a->counted = counted || x->packets > 0;
    a->packets = x->packets;
    a->bytes = x->bytes;
    if (x->state != ADDING)
        stat_add(&e->stats.rules, (uint64_t)-1);
    x->state = FREE;
    x->rule = NULL;
    e->held--;
}

/* ---- counters ---- */

static bool read_counter(struct accel_engine *e, struct entry *x)
{
    const struct flow_form *f = &e->form[x->form];
    const struct rte_flow_action_count conf = {0};
    const struct rte_flow_action action[] = {{.type = RTE_FLOW_ACTION_TYPE_COUNT, .conf = &conf},
                                             {.type = RTE_FLOW_ACTION_TYPE_END}};
    struct rte_flow_query_count c = {0};
    struct rte_flow_error err;
    int rc = f->d.count == FLOW_COUNT_SHARED ? e->api->handle_query(f->port, x->counter, &c, &err)
                                             : e->api->query(f->port, x->rule, action, &c, &err);
    if (rc || !c.hits_set || !c.bytes_set || c.hits < x->before_packets)
        return false;
    hit(e, x, c.hits - x->before_packets, c.bytes - x->before_bytes);
    return true;
}

static bool aged_by_device(struct accel_engine *e, struct entry *x)
{
    const struct flow_form *f = &e->form[x->form];
    const struct rte_flow_action_age conf = {.timeout = FLOW_AGE_S};
    const struct rte_flow_action action[] = {{.type = RTE_FLOW_ACTION_TYPE_AGE, .conf = &conf},
                                             {.type = RTE_FLOW_ACTION_TYPE_END}};
    struct rte_flow_query_age age = {0};
    struct rte_flow_error err;
    return e->api->query(f->port, x->rule, action, &age, &err) == 0 && age.aged;
}

/* The tag's next rule begins where this one has ended. */
static bool last_count(struct accel_engine *e, struct entry *x)
{
    if (e->form[x->form].d.count != FLOW_COUNT_SHARED)
        return x->removing; /* begin_remove() has asked */
    bool known = read_counter(e, x);
    x->before_packets += x->packets;
    x->before_bytes += x->bytes;
    return known;
}

static bool get_counter(struct accel_engine *e, struct entry *x, const struct flow_form *f)
{
    struct rte_flow_error err;
    if (f->d.count != FLOW_COUNT_SHARED) {
        x->before_packets = x->before_bytes = 0;
        return true;
    }
    if (x->counter && x->counter_port == f->port)
        return true;
    if (x->counter)
        e->api->handle_destroy(x->counter_port, x->counter, &err);
    x->counter = flow_counter_new(e->api, f->port, f->d.where != FLOW_WHERE_INGRESS);
    x->counter_port = f->port;
    x->before_packets = x->before_bytes = 0;
    return x->counter;
}

/* ---- a device that is gone, or empty ---- */

static void drop(struct accel_engine *e, uint32_t tag, bool removed)
{
    struct entry *x = &e->entry[tag];
    stat_add(&e->stats.lost, 1);
    gone(e, tag, FLOW_WHY_LOST, !removed && last_count(e, x));
}

/* Nothing of ours is on that port any more, and nothing will be made there. Removed: nor is the port. */
static void drop_port(struct accel_engine *e, uint16_t port, bool removed)
{
    for (uint32_t tag = 0; tag < TAGS; tag++) {
        struct entry *x = &e->entry[tag];
        if (x->state != FREE && e->form[x->form].port == port)
            drop(e, tag, removed);
        if (removed && x->counter && x->counter_port == port)
            x->counter = NULL;
    }
    for (unsigned i = 0; i < e->nports; i++)
        if (e->port[i].id == port) {
            e->removed[i] = removed;
            e->flying[i] = 0;
        }
    for (unsigned i = 0; i < NFORM; i++)
        if (e->form[i].can && e->form[i].port == port) {
            e->form[i].can = false;
            e->form[i].lost = true;
        }
}

static bool is_removed(const struct accel_engine *e, uint16_t port)
{
    for (unsigned i = 0; i < e->nports; i++)
        if (e->port[i].id == port)
            return e->removed[i];
    return false;
}

/* After an error: was it since the device is not there any more? Then neither are its rules. A driver's word
 * alone (-EIO) is not believed: its firmware may just have failed. */
static bool went_away(struct accel_engine *e, uint16_t port, int rc)
{
    if ((rc != -EIO && rc != -ENODEV) || !(mutant(flow_error_is_loss) || e->api->is_removed(port)))
        return false;
    drop_port(e, port, true);
    return true;
}

/* What insert() says of a call that failed. Nothing was made then. */
static int refusal(struct accel_engine *e, uint16_t port, int rc)
{
    if (rc == -ENOMEM || rc == -ENOSPC)
        stat_add(&e->stats.full, 1);
    else
        stat_add(&e->stats.refused, 1);
    if (went_away(e, port, rc))
        return -ENODEV;
    return rc == -ENOTSUP || rc == -ENOSYS || rc == -EINVAL ? -ENOTSUP : -EAGAIN;
}

/* ---- removal ---- */

static void *job(struct accel_engine *e, uint32_t tag, uint64_t kind)
{
    struct entry *x = &e->entry[tag];
    x->serial = ++e->serial;
    return (void *)(uintptr_t)(x->serial << (TAG_SHIFT + TAG_BITS) | (uint64_t)tag << TAG_SHIFT | kind);
}

static int destroy_now(struct accel_engine *e, uint32_t tag)
{
    struct entry *x = &e->entry[tag];
    struct rte_flow_error err;
    int rc = e->api->destroy(e->form[x->form].port, x->rule, &err);
    if (rc && !mutant(flow_gone_early))
        return rc;
    stat_add(&e->stats.removed, x->why == FLOW_WHY_ASKED);
    stat_add(&e->stats.aged, x->why == FLOW_WHY_AGED);
    gone(e, tag, x->why, last_count(e, x));
    return 0;
}

static int destroy_later(struct accel_engine *e, uint32_t tag)
{
    const struct rte_flow_op_attr attr = {0};
    struct entry *x = &e->entry[tag];
    const struct flow_form *f = &e->form[x->form];
    struct rte_flow_error err;
    if (e->flying[f->queue_at] >= f->jobs)
        return -EAGAIN;
    int rc = e->api->async_destroy(f->port, e->worker, &attr, x->rule, job(e, tag, REMOVE), &err);
    if (rc)
        return rc;
    x->state = LEAVING;
    e->flying[f->queue_at]++;
    return 0;
}

/* Where the device does not take it the rule stays, and is asked for again by its owner. */
static void begin_remove(struct accel_engine *e, uint32_t tag, enum flow_why why)
{
    struct entry *x = &e->entry[tag];
    const struct flow_form *f = &e->form[x->form];
    if (!x->removing)
        x->why = (uint8_t)why;
    x->removing = true;
    if (x->state != IN)
        return; /* when it is; or it is under way */
    if (f->d.count == FLOW_COUNT_IN_RULE)
        read_counter(e, x);
    went_away(e, f->port, f->jobs ? destroy_later(e, tag) : destroy_now(e, tag));
}

/* ---- completions ---- */

static void added(struct accel_engine *e, uint32_t tag, bool success, uint64_t now_ns)
{
    struct entry *x = &e->entry[tag];
    if (!success) {
        /* Templates and tables said yes to what it is; then there is no room for it. */
        stat_add(&e->stats.full, 1);
        gone(e, tag, FLOW_WHY_FULL, true);
        return;
    }
    x->state = IN;
    x->hit_ns = now_ns;
    stat_add(&e->stats.rules, 1);
    stat_add(&e->stats.inserted, 1);
    stat_add(&e->stats.insert_ns, now_ns - x->asked_ns);
    tell(e, tag, FLOW_IN);
    if (x->removing)
        begin_remove(e, tag, x->why);
}

static void removed(struct accel_engine *e, uint32_t tag, bool success)
{
    struct entry *x = &e->entry[tag];
    if (!success) {
        x->state = STUCK;
        return;
    }
    stat_add(&e->stats.removed, x->why == FLOW_WHY_ASKED);
    stat_add(&e->stats.aged, x->why == FLOW_WHY_AGED);
    gone(e, tag, x->why, last_count(e, x));
}

static void completed(struct accel_engine *e, unsigned at, const struct rte_flow_op_result *r,
                      uint64_t now_ns)
{
    uint64_t n = (uintptr_t)r->user_data;
    uint32_t tag = (uint32_t)(n >> TAG_SHIFT) & ((1u << TAG_BITS) - 1);
    bool success = r->status == RTE_FLOW_OP_SUCCESS, removal = n & REMOVE;
    if (tag >= TAGS || e->entry[tag].state != (removal ? LEAVING : ADDING))
        return;
    if (e->entry[tag].serial != n >> (TAG_SHIFT + TAG_BITS) && !mutant(flow_completion_believed))
        return;
    e->flying[at] -= e->flying[at] > 0;
    if (removal)
        removed(e, tag, success);
    else
        added(e, tag, success, now_ns);
}

/* How many there were; negative: the queue does not answer. */
static int pull(struct accel_engine *e, unsigned at, uint64_t now_ns)
{
    struct rte_flow_op_result r[PULL];
    struct rte_flow_error err;
    uint16_t port = e->port[at].id;
    int n = e->api->pull(port, e->worker, r, PULL, &err);
    for (int i = 0; i < n; i++)
        completed(e, at, &r[i], now_ns);
    if (n < 0)
        went_away(e, port, n);
    return n;
}

static void pull_all(struct accel_engine *e, uint64_t now_ns)
{
    for (unsigned i = 0; i < e->nports; i++)
        while (e->flying[i] && pull(e, i, now_ns) == PULL)
            ;
    e->pull_ns = now_ns + PULL_NS;
}

static bool flying(const struct accel_engine *e)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < e->nports; i++)
        n += e->flying[i];
    return n;
}

/* Until nothing is under way, or patience ends. */
static void wait_all(struct accel_engine *e, uint64_t now_ns)
{
    for (unsigned i = 0; i < PATIENCE && flying(e); i++)
        pull_all(e, now_ns);
}

/* ---- what the splice calls ---- */

static int make_now(struct accel_engine *e, uint32_t tag, const struct flow_written *w, uint64_t now_ns)
{
    struct entry *x = &e->entry[tag];
    uint16_t port = e->form[x->form].port;
    struct rte_flow_error err;
    uint64_t from = e->clock_ns ? e->clock_ns() : 0;
    int rc = e->api->validate(port, &w->attr, w->item, w->action, &err);
    if (rc)
        return rc;
    x->rule = e->api->create(port, &w->attr, w->item, w->action, &err);
    if (!x->rule)
        return e->api->last_error() ? -e->api->last_error() : -EAGAIN;
    x->state = ADDING;
    e->held++;
    added(e, tag, true, now_ns);
    stat_add(&e->stats.insert_ns, e->clock_ns ? e->clock_ns() - from : 0);
    return 0;
}

/* Half of a queue is left for removals: they are never to wait for insertions. */
static int make_later(struct accel_engine *e, uint32_t tag, const struct flow_written *w)
{
    const struct rte_flow_op_attr attr = {0};
    struct entry *x = &e->entry[tag];
    const struct flow_form *f = &e->form[x->form];
    struct rte_flow_error err;
    if (e->flying[f->queue_at] >= f->jobs / 2)
        return -EAGAIN;
    x->rule = e->api->async_create(f->port, e->worker, &attr, f->t.table, w->item, 0, w->action, 0,
                                   job(e, tag, 0), &err);
    if (!x->rule)
        return e->api->last_error() ? -e->api->last_error() : -EAGAIN;
    x->state = ADDING;
    e->held++;
    e->flying[f->queue_at]++;
    return 0;
}

/* In a form that there is; x is its tag's entry, FREE. */
static int make(struct accel_engine *e, uint32_t tag, unsigned form, const struct flow_rule *r,
                uint64_t now_ns)
{
    const struct flow_form *f = &e->form[form];
    struct entry *x = &e->entry[tag];
    struct flow_written w;
    x->form = (uint16_t)form;
    x->removing = false;
    x->packets = x->bytes = 0;
    x->asked_ns = now_ns;
    if (!get_counter(e, x, f))
        return e->api->last_error() ? -e->api->last_error() : -ENOMEM;
    struct flow_place at = {.in = f->in, .out = f->out, .counter = x->counter};
    flow_write(&w, &f->d, r, &at);
    return f->jobs ? make_later(e, tag, &w) : make_now(e, tag, &w, now_ns);
}

/* A rule that was asked for otherwise than by its interfaces' addresses and tags has not been asked for. */
static bool as_asked(const struct accel_engine *e, const struct flow_rule *r)
{
    return r->in_port < e->nports && r->out_port < e->nports &&
           ip_is_v4(&r->in.remote) == ip_is_v4(&r->out.remote) && r->in_vlan == e->port[r->in_port].vlan &&
           r->out_vlan == e->port[r->out_port].vlan;
}

static int rf_insert(void *ctx, uint32_t tag, const struct flow_rule *r, uint64_t now_ns)
{
    struct accel_engine *e = ctx;
    if (!as_asked(e, r)) {
        stat_add(&e->stats.refused, 1);
        return -ENOTSUP;
    }
    unsigned form = form_at(e, r->in_port, r->out_port, ip_is_v4(&r->in.remote));
    if (!e->form[form].can) {
        stat_add(&e->stats.refused, 1);
        return e->form[form].lost ? -ENODEV : -ENOTSUP;
    }
    if (e->held >= ENTRIES) {
        stat_add(&e->stats.full, 1);
        return -EAGAIN;
    }
    e->used = tag < e->used ? e->used : tag + 1;
    int rc = make(e, tag, form, r, now_ns);
    return rc ? refusal(e, e->form[form].port, rc) : 0;
}

static void rf_remove(void *ctx, uint32_t tag, uint64_t now_ns)
{
    struct accel_engine *e = ctx;
    (void)now_ns;
    if (e->entry[tag].state != FREE)
        begin_remove(e, tag, FLOW_WHY_ASKED);
}

/* Whatever of this worker's is left on that port goes with everything else there, the way into the group
 * included; so nothing is made there any more. */
static void flush_port(struct accel_engine *e, uint16_t port)
{
    struct rte_flow_error err;
    if ((e->nworkers > 1 && !mutant(flow_others_flushed)) || e->api->flush(port, &err))
        return;
    for (unsigned i = 0; i < e->nports; i++)
        if (e->way[i].port == port)
            memset(e->way[i].rule, 0, sizeof e->way[i].rule);
    drop_port(e, port, false);
}

/* What the device did not let go of. */
static void last_resort(struct accel_engine *e, uint32_t tag)
{
    uint16_t port = e->form[e->entry[tag].form].port;
    if (e->api->is_removed(port))
        drop_port(e, port, true);
    else
        flush_port(e, port);
}

/* Of an insertion whose completion does not come the handle may be good or not, so it is not given back: what
 * ends it is the port's flush. */
static void rf_flush(void *ctx, uint64_t now_ns)
{
    struct accel_engine *e = ctx;
    for (uint32_t tag = 0; tag < e->used; tag++) {
        if (e->entry[tag].state != FREE)
            begin_remove(e, tag, FLOW_WHY_LOST);
        if (tag % PULL == 0)
            pull_all(e, now_ns);
    }
    wait_all(e, now_ns);
    for (uint32_t tag = 0; tag < e->used && e->held; tag++)
        if (e->entry[tag].state == IN) /* in since, or the queue was full */
            begin_remove(e, tag, FLOW_WHY_LOST);
    wait_all(e, now_ns);
    for (uint32_t tag = 0; tag < e->used && e->held; tag++)
        if (e->entry[tag].state != FREE)
            last_resort(e, tag);
}

/* ---- what the worker calls ---- */

static void look_at(struct accel_engine *e, uint32_t tag, uint64_t now_ns)
{
    struct entry *x = &e->entry[tag];
    uint64_t before = x->packets;
    read_counter(e, x);
    if (x->packets > before)
        x->hit_ns = now_ns;
    bool aged = e->form[x->form].d.age == FLOW_AGE_DEVICE ? aged_by_device(e, x)
                                                          : now_ns - x->hit_ns >= FLOW_AGE_S * SEC;
    if (aged || x->removing) /* again, where the device did not take it the first time */
        begin_remove(e, tag, FLOW_WHY_AGED);
}

/* One rule at a time, each about once a second. */
static void look(struct accel_engine *e, uint64_t now_ns)
{
    if (now_ns < e->look_ns || e->held == 0)
        return;
    uint64_t each = SEC / e->held;
    e->look_ns = now_ns + LOOK_NS;
    for (unsigned i = 0; i < LOOK_FAR; i++) {
        uint32_t tag = e->hand++ % e->used;
        if (e->entry[tag].state != IN)
            continue;
        e->look_ns = now_ns + (each > LOOK_NS ? each : LOOK_NS);
        look_at(e, tag, now_ns);
        return;
    }
}

static unsigned rf_poll(struct accel_engine *e, uint64_t now_ns, struct flow_answer out[], unsigned max)
{
    unsigned n = 0;
    if (now_ns >= e->pull_ns && flying(e))
        pull_all(e, now_ns);
    look(e, now_ns);
    for (; n < max && e->ntold; e->ntold--) {
        out[n++] = e->told[e->told_at];
        e->told_at = (e->told_at + 1) % (2 * TAGS);
    }
    return n;
}

static uint64_t rf_next_ns(const struct accel_engine *e)
{
    if (e->ntold)
        return 0;
    if (flying(e))
        return e->pull_ns;
    return e->held ? e->look_ns : UINT64_MAX;
}

/* ---- the way into a group ---- */

static struct rte_flow *fixed_by_queue(struct accel_engine *e, struct way *y, unsigned i,
                                       const struct flow_written *w, struct rte_flow_error *err)
{
    const struct rte_flow_op_attr attr = {0};
    struct rte_flow_op_result r = {.status = RTE_FLOW_OP_ERROR};
    if (flow_table_open(&y->t[i], e->api, y->port, w, 1, err))
        return NULL;
    struct rte_flow *rule =
        e->api->async_create(y->port, e->worker, &attr, y->t[i].table, w->item, 0, w->action, 0, NULL, err);
    int n = 0;
    for (unsigned k = 0; rule && n == 0 && k < PATIENCE; k++)
        n = e->api->pull(y->port, e->worker, &r, 1, err);
    return n == 1 && r.status == RTE_FLOW_OP_SUCCESS ? rule : NULL;
}

static bool fix(struct accel_engine *e, struct way *y, unsigned i, const struct flow_written *w,
                struct rte_flow_error *err)
{
    if (y->jobs)
        y->rule[i] = fixed_by_queue(e, y, i, w, err);
    else if (e->api->validate(y->port, &w->attr, w->item, w->action, err) == 0)
        y->rule[i] = e->api->create(y->port, &w->attr, w->item, w->action, err);
    return y->rule[i];
}

static void unfix(struct accel_engine *e, struct way *y, unsigned i)
{
    const struct rte_flow_op_attr attr = {0};
    struct rte_flow_op_result r;
    struct rte_flow_error err;
    if (y->rule[i] && !y->jobs)
        e->api->destroy(y->port, y->rule[i], &err);
    else if (y->rule[i] && e->api->async_destroy(y->port, e->worker, &attr, y->rule[i], NULL, &err) == 0)
        for (unsigned k = 0; k < PATIENCE && e->api->pull(y->port, e->worker, &r, 1, &err) == 0; k++)
            ;
    y->rule[i] = NULL;
    flow_table_close(&y->t[i], e->api, y->port);
}

/* The jump goes first: nothing is in the group then that has no way on. */
static void close_way(struct accel_engine *e, struct way *y)
{
    unfix(e, y, 1);
    unfix(e, y, 0);
    y->open = false;
}

/* What is left over has its way before anything comes. The first worker's is everybody's. */
static bool open_way(struct accel_engine *e, struct way *y, const struct flow_form *f, char *why)
{
    struct flow_written w;
    struct rte_flow_error err = {0};
    *y = (struct way){.port = f->port, .jobs = f->jobs, .queue_at = f->queue_at, .open = true};
    if (e->worker)
        return true;
    flow_write_rest(&w, &f->d, f->in);
    bool made = fix(e, y, 0, &w, &err);
    flow_write_jump(&w, &f->d, f->in);
    if (made && fix(e, y, 1, &w, &err))
        return true;
    snprintf(why, ACCEL_WHY, "no way into group %u: %.100s", FLOW_GROUP,
             err.message ? err.message : "refused");
    close_way(e, y);
    return false;
}

/* ---- start and end ---- */

static void ask_form(struct accel_engine *e, const struct flow_asker *a, unsigned in, unsigned out, bool v4)
{
    struct flow_form *f = &e->form[form_at(e, in, out, v4)];
    flow_form_ask(f, a, in, out, v4);
    if (!f->can || f->d.group == 0 || e->way[in].open || open_way(e, &e->way[in], f, f->why))
        return;
    flow_form_close(f, e->api);
}

static void ask_forms(struct accel_engine *e, bool v6)
{
    const struct flow_asker a = {.api = e->api, .port = e->port, .nports = e->nports, .rules = ENTRIES};
    for (unsigned in = 0; in < e->nports; in++)
        for (unsigned out = 0; out < e->nports; out++) {
            ask_form(e, &a, in, out, true);
            if (v6)
                ask_form(e, &a, in, out, false);
        }
}

static void rf_destroy(struct accel_engine *e)
{
    struct rte_flow_error err;
    if (!e)
        return;
    if (e->entry && e->told && e->held)
        rf_flush(e, 0);
    for (uint32_t tag = 0; e->entry && tag < TAGS; tag++)
        if (e->entry[tag].counter)
            e->api->handle_destroy(e->entry[tag].counter_port, e->entry[tag].counter, &err);
    for (unsigned i = 0; i < e->nports; i++)
        if (e->way[i].open && !is_removed(e, e->way[i].port))
            close_way(e, &e->way[i]);
    for (unsigned i = 0; i < NFORM; i++)
        if (!is_removed(e, e->form[i].port))
            flow_form_close(&e->form[i], e->api);
    free(e->entry);
    free(e->told);
    free(e);
}

static struct accel_engine *rf_create(const struct accel_engine_params *p, char *why)
{
    struct accel_engine *e = p->api ? calloc(1, sizeof *e) : NULL;
    if (!e) {
        snprintf(why, ACCEL_WHY, p->api ? "out of memory" : "there is no DPDK here");
        return NULL;
    }
    e->api = p->api;
    e->clock_ns = p->clock_ns;
    e->worker = p->worker;
    e->nworkers = p->nworkers ? p->nworkers : 1;
    e->nports = p->nports < ACCEL_PORTS ? p->nports : ACCEL_PORTS;
    if (e->nports)
        memcpy(e->port, p->port, e->nports * sizeof *e->port);
    e->entry = calloc(TAGS, sizeof *e->entry);
    e->told = calloc(2 * (size_t)TAGS, sizeof *e->told);
    if (!e->entry || !e->told) {
        snprintf(why, ACCEL_WHY, "out of memory");
        rf_destroy(e);
        return NULL;
    }
    ask_forms(e, p->v6);
    return e;
}

/* The way out by each interface, IPv4 and IPv6; told of is the first that there is. */
static bool rf_serves(const struct accel_engine *e, unsigned in, char *why)
{
    for (unsigned out = 0; out < e->nports; out++) {
        const struct flow_form *four = &e->form[form_at(e, in, out, true)];
        const struct flow_form *six = &e->form[form_at(e, in, out, false)];
        const struct flow_form *f = four->can ? four : six;
        if (!f->can)
            continue;
        snprintf(why, ACCEL_WHY, "%s out by %s: %.120s%s",
                 four->can && six->can ? "IPv4 and IPv6"
                 : four->can           ? "IPv4"
                                       : "IPv6",
                 e->port[out].name, f->why, f->jobs ? ", by a queue" : ", one by one");
        return true;
    }
    snprintf(why, ACCEL_WHY, "%s", e->form[form_at(e, in, 0, true)].why);
    return false;
}

static struct flow_ops rf_ops(struct accel_engine *e)
{
    return (struct flow_ops){
        .insert = rf_insert, .remove = rf_remove, .flush = rf_flush, .ctx = e, .entries = ENTRIES};
}

static const struct accel_stats *rf_stats(const struct accel_engine *e)
{
    return &e->stats;
}

static size_t rf_memory(const struct accel_engine *e)
{
    return sizeof *e + TAGS * (sizeof *e->entry + 2 * sizeof *e->told);
}

static const char *rf_about(const struct accel_engine *e)
{
    (void)e;
    return "a real NIC by DPDK's flow API; how many rules it has room for, and how many a second it takes, "
           "it "
           "does not tell: 16384 a worker are tried";
}

const struct accel_engine_class rte_flow_engine = {
    .create = rf_create,
    .destroy = rf_destroy,
    .serves = rf_serves,
    .ops = rf_ops,
    .poll = rf_poll,
    .next_ns = rf_next_ns,
    .stats = rf_stats,
    .memory = rf_memory,
    .about = rf_about,
};

const struct accel_provider accel_rte_flow = {
    .name = "rte_flow",
    .text = "a real NIC, by DPDK's flow API",
    .hooks = 1u << ACCEL_FLOW,
    .engine = &rte_flow_engine,
};
