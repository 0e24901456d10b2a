/* A rule from insertion to GONE, and ports that are lost or emptied; see flow_engine.h. */
#include <errno.h>
#include <string.h>

#include "accel/flow_engine.h"

_Static_assert(FLOW_PORTS >= RTE_MAX_ETHPORTS, "any port of DPDK can be agreed on");

/* ---- answers ---- */

static struct flow_answer *tell(struct accel_engine *e, uint32_t tag, enum flow_told what)
{
    struct flow_answer *a = &e->told[(e->told_at + e->ntold++) % (2 * TAGS)];
    *a = (struct flow_answer){.tag = tag, .told = (uint8_t)what};
    return a;
}

static void gone(struct accel_engine *e, uint32_t tag, enum flow_why why, bool counted)
{
    struct flow_entry *x = &e->entry[tag];
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

static void destroyed(struct accel_engine *e, uint32_t tag)
{
    struct flow_entry *x = &e->entry[tag];
    stat_add(&e->stats.removed, x->why == FLOW_WHY_ASKED);
    stat_add(&e->stats.aged, x->why == FLOW_WHY_AGED);
    gone(e, tag, x->why, rf_counter_last(e, x));
}

/* ---- a device that is gone, or empty ---- */

static void drop(struct accel_engine *e, uint32_t tag, bool removed)
{
    struct flow_entry *x = &e->entry[tag];
    stat_add(&e->stats.lost, 1);
    gone(e, tag, FLOW_WHY_LOST, !removed && rf_counter_last(e, x));
}

/* No rule is made on that port any more. */
static void close_port(struct accel_engine *e, uint16_t port)
{
    for (unsigned i = 0; i < NFORM; i++)
        if (e->form[i].can && e->form[i].port == port) {
            e->form[i].can = false;
            e->form[i].lost = true;
        }
}

/* Nothing of ours is on that port any more, and nothing will be made there. Removed: nor is the port. */
static void drop_port(struct accel_engine *e, uint16_t port, bool removed)
{
    for (uint32_t tag = 0; tag < TAGS; tag++) {
        struct flow_entry *x = &e->entry[tag];
        if (x->state != FREE && form_of(e, x)->port == port)
            drop(e, tag, removed);
        if (removed && x->counter && x->counter_port == port)
            x->counter = NULL;
    }
    for (unsigned i = 0; i < e->nports; i++)
        if (e->port[i].id == port) {
            e->removed[i] = removed;
            e->flying[i] = e->late[i] = 0;
        }
    close_port(e, port);
}

bool rf_is_removed(const struct accel_engine *e, uint16_t port)
{
    for (unsigned i = 0; i < e->nports; i++)
        if (e->port[i].id == port)
            return e->removed[i];
    return false;
}

bool rf_went_away(struct accel_engine *e, uint16_t port, int rc)
{
    if ((rc != -EIO && rc != -ENODEV) || !(mutant(flow_error_is_loss) || e->api->is_removed(port)))
        return false;
    drop_port(e, port, true);
    return true;
}

/* All rules of that port were flushed, the way into the group included. */
static void port_is_empty(struct accel_engine *e, uint16_t port)
{
    for (unsigned i = 0; i < e->nports; i++)
        if (e->way[i].port == port)
            memset(e->way[i].rule, 0, sizeof e->way[i].rule);
    drop_port(e, port, false);
}

/* ---- the last resort ---- */

static bool flush(struct accel_engine *e, uint16_t port)
{
    struct rte_flow_error err;
    return e->api->flush(port, &err) == 0;
}

void rf_last_resort(struct accel_engine *e, uint32_t tag)
{
    uint16_t port = form_of(e, &e->entry[tag])->port;
    if (e->api->is_removed(port))
        drop_port(e, port, true);
    else if (e->nworkers > 1 && !mutant(flow_others_flushed)) {
        if (e->accord && port < FLOW_PORTS)
            flow_accord_want(e->accord, port);
    } else if (flush(e, port))
        port_is_empty(e, port);
}

/* Takes this worker's rules away; is there nothing left to wait for? */
static bool leaves(struct accel_engine *e, uint16_t port, uint64_t now_ns)
{
    bool waits = false;
    for (uint32_t tag = 0; tag < e->used; tag++) {
        struct flow_entry *x = &e->entry[tag];
        if (x->state == FREE || form_of(e, x)->port != port)
            continue;
        rf_job_doubt(e, tag, now_ns);
        if (!x->removing || x->state == IN)
            rf_begin_remove(e, tag, FLOW_WHY_LOST, now_ns);
        waits |= x->state == IN || ((x->state == ADDING || x->state == LEAVING) && !x->overdue);
    }
    return !waits || now_ns - e->leave_ns[port] >= LOST_NS;
}

static void heed_port(struct accel_engine *e, uint16_t port, uint64_t now_ns)
{
    uint8_t *at = &e->leave[port];
    if (*at == STAYING) {
        close_port(e, port);
        e->leave_ns[port] = now_ns;
        *at = GOING;
    }
    if (*at == GOING && leaves(e, port, now_ns)) {
        e->empties[port] = flow_accord_join(e->accord, port);
        e->leave_ns[port] = now_ns;
        *at = JOINED;
    }
    if (*at == JOINED && e->empties[port] && now_ns >= e->leave_ns[port]) {
        e->leave_ns[port] = now_ns + SEC;
        if (flush(e, port))
            flow_accord_emptied(e->accord, port);
    }
    if (*at == JOINED && flow_accord_is_emptied(e->accord, port)) {
        port_is_empty(e, port);
        *at = LEFT;
    }
}

void rf_heed(struct accel_engine *e, uint64_t now_ns)
{
    for (uint16_t port = 0; port < FLOW_PORTS; port++)
        if (e->leave[port] != LEFT && flow_accord_wanted(e->accord, port))
            heed_port(e, port, now_ns);
}

bool rf_has_joined(const struct accel_engine *e, uint16_t port)
{
    return port < FLOW_PORTS && e->leave[port] >= JOINED;
}

void rf_end_leaving(struct accel_engine *e)
{
    for (uint16_t port = 0; port < FLOW_PORTS; port++) {
        if (e->leave[port] == JOINED && flow_accord_is_emptied(e->accord, port))
            port_is_empty(e, port);
        e->leave[port] = STAYING;
    }
}

/* ---- removal ---- */

static int destroy_now(struct accel_engine *e, uint32_t tag)
{
    struct flow_entry *x = &e->entry[tag];
    struct rte_flow_error err;
    int rc = e->api->destroy(form_of(e, x)->port, x->rule, &err);
    if (rc && !mutant(flow_gone_early))
        return rc;
    destroyed(e, tag);
    return 0;
}

void rf_begin_remove(struct accel_engine *e, uint32_t tag, enum flow_why why, uint64_t now_ns)
{
    struct flow_entry *x = &e->entry[tag];
    const struct flow_form *f = form_of(e, x);
    if (!x->removing)
        x->why = (uint8_t)why;
    x->removing = true;
    if (x->state != IN || rf_has_joined(e, f->port))
        return; /* when it is; it is under way; or whoever empties the port ends it */
    if (f->d.count == FLOW_COUNT_IN_RULE)
        rf_counter_read(e, x);
    rf_went_away(e, f->port, f->jobs ? rf_job_destroy(e, tag, now_ns) : destroy_now(e, tag));
}

void rf_removed(struct accel_engine *e, uint32_t tag, bool success)
{
    if (success)
        destroyed(e, tag);
    else
        e->entry[tag].state = STUCK;
}

/* ---- insertion ---- */

void rf_added(struct accel_engine *e, uint32_t tag, bool success, uint64_t now_ns)
{
    struct flow_entry *x = &e->entry[tag];
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
        rf_begin_remove(e, tag, x->why, now_ns);
}

static int make_now(struct accel_engine *e, uint32_t tag, const struct flow_written *w, uint64_t now_ns)
{
    struct flow_entry *x = &e->entry[tag];
    uint16_t port = form_of(e, x)->port;
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
    rf_added(e, tag, true, now_ns);
    stat_add(&e->stats.insert_ns, e->clock_ns ? e->clock_ns() - from : 0);
    return 0;
}

static int make_later(struct accel_engine *e, uint32_t tag, const struct flow_written *w, uint64_t now_ns)
{
    int rc = rf_job_create(e, tag, w, now_ns);
    e->held += rc == 0;
    return rc;
}

int rf_make(struct accel_engine *e, uint32_t tag, unsigned form, const struct flow_rule *r, uint64_t now_ns)
{
    const struct flow_form *f = &e->form[form];
    struct flow_entry *x = &e->entry[tag];
    struct flow_written w;
    x->form = (uint16_t)form;
    x->removing = false;
    x->packets = x->bytes = 0;
    x->asked_ns = now_ns;
    if (!rf_counter_get(e, x, f))
        return e->api->last_error() ? -e->api->last_error() : -ENOMEM;
    struct flow_place at = {.in = f->in, .out = f->out, .counter = x->counter};
    flow_write(&w, &f->d, r, &at);
    return f->jobs ? make_later(e, tag, &w, now_ns) : make_now(e, tag, &w, now_ns);
}
