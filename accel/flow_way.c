/* The way into a group behind the first, where that is the only place in which a device rewrites; see
 * flow_engine.h. Two rules: one that takes what is left over in the group on to where it would have come
 * without all of this, and the jump into it. Main thread. */
#include <stdio.h>

#include "accel/flow_engine.h"

/* In which words a way was asked for: it knows none of a dialect but `where`. */
static uint8_t words_of(const struct flow_form *f)
{
    return (uint8_t)(1u << (2 * f->d.where + (f->jobs > 0)));
}

static struct rte_flow *make_by_queue(struct accel_engine *e, struct flow_way *y, unsigned i,
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

static bool make(struct accel_engine *e, struct flow_way *y, unsigned i, const struct flow_written *w,
                 struct rte_flow_error *err)
{
    if (y->jobs)
        y->rule[i] = make_by_queue(e, y, i, w, err);
    else if (e->api->validate(y->port, &w->attr, w->item, w->action, err) == 0)
        y->rule[i] = e->api->create(y->port, &w->attr, w->item, w->action, err);
    return y->rule[i];
}

/* The first worker has made it, or will have: would the device have it in these words? */
static bool ask(struct accel_engine *e, struct flow_way *y, unsigned i, const struct flow_written *w,
                struct rte_flow_error *err)
{
    if (!y->jobs)
        return e->api->validate(y->port, &w->attr, w->item, w->action, err) == 0;
    bool yes = flow_table_open(&y->t[i], e->api, y->port, w, 1, err) == 0;
    flow_table_close(&y->t[i], e->api, y->port);
    return yes;
}

static void unmake(struct accel_engine *e, struct flow_way *y, unsigned i)
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
void rf_way_close(struct accel_engine *e, unsigned in)
{
    struct flow_way *y = &e->way[in];
    if (!y->open)
        return;
    unmake(e, y, 1);
    unmake(e, y, 0);
    y->open = false;
}

/* What is left over has its way before anything comes. */
bool rf_way_open(struct accel_engine *e, unsigned in, const struct flow_form *f, char *why)
{
    struct flow_way *y = &e->way[in];
    struct rte_flow_error err = {0};
    struct flow_written w;
    if (y->open)
        return true;
    if (y->refused & words_of(f)) {
        snprintf(why, ACCEL_WHY, "no way into group %u", FLOW_GROUP);
        return false;
    }
    *y = (struct flow_way){.port = f->port, .jobs = f->jobs, .open = true, .refused = y->refused};
    bool (*step)(struct accel_engine *, struct flow_way *, unsigned, const struct flow_written *,
                 struct rte_flow_error *) = e->worker ? ask : make;
    flow_write_rest(&w, &f->d, f->in);
    bool made = step(e, y, 0, &w, &err);
    flow_write_jump(&w, &f->d, f->in);
    if (made && step(e, y, 1, &w, &err))
        return true;
    snprintf(why, ACCEL_WHY, "no way into group %u: %.100s", FLOW_GROUP,
             err.message ? err.message : "refused");
    rf_way_close(e, in);
    y->refused |= words_of(f);
    return false;
}
