/* See flow_form.h. One whole rule is asked for in each dialect, in order of preference, until the device says
 * yes: that it knows each word does not mean that it takes them together. */
#include "accel/flow_form.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A question under way. */
struct asking {
    const struct flow_asker *a;
    struct flow_form *f;
    struct flow_rule rule;
    struct rte_flow_action_handle *counter[2]; /* by whether it is for transfer rules */
    uint16_t counter_port[2];
    bool no_counter[2];
    unsigned in, tried;
    char no_way[ACCEL_WHY];   /* what came of the first way into a group that was asked for */
    char first[64], last[64]; /* what the device said */
};

/* ---- tables ---- */

void flow_table_close(struct flow_table *t, const struct flow_api *api, uint16_t port)
{
    struct rte_flow_error err;
    if (t->table)
        api->table_destroy(port, t->table, &err);
    if (t->actions)
        api->actions_destroy(port, t->actions, &err);
    if (t->pattern)
        api->pattern_destroy(port, t->pattern, &err);
    *t = (struct flow_table){0};
}

static bool open_templates(struct flow_table *t, const struct flow_api *api, uint16_t port,
                           const struct flow_written *w, struct rte_flow_error *err)
{
    const struct rte_flow_pattern_template_attr pa = {.ingress = w->attr.ingress,
                                                      .transfer = w->attr.transfer};
    const struct rte_flow_actions_template_attr aa = {.ingress = w->attr.ingress,
                                                      .transfer = w->attr.transfer};
    t->pattern = api->pattern_create(port, &pa, w->item, err);
    if (t->pattern)
        t->actions = api->actions_create(port, &aa, w->action, w->mask, err);
    return t->actions;
}

int flow_table_open(struct flow_table *t, const struct flow_api *api, uint16_t port,
                    const struct flow_written *w, uint32_t rules, struct rte_flow_error *err)
{
    const struct rte_flow_template_table_attr ta = {.flow_attr = w->attr, .nb_flows = rules};
    *t = (struct flow_table){0};
    if (open_templates(t, api, port, w, err))
        t->table = api->table_create(port, &ta, &t->pattern, 1, &t->actions, 1, err);
    if (t->table)
        return 0;
    int rc = api->last_error();
    flow_table_close(t, api, port);
    return rc ? -rc : -ENOTSUP;
}

/* ---- one question ---- */

struct rte_flow_action_handle *flow_counter_new(const struct flow_api *api, uint16_t port, bool transfer)
{
    const struct rte_flow_indir_action_conf conf = {.ingress = !transfer, .transfer = transfer};
    const struct rte_flow_action_count count = {0};
    const struct rte_flow_action action = {.type = RTE_FLOW_ACTION_TYPE_COUNT, .conf = &count};
    struct rte_flow_error err;
    return api->handle_create(port, &conf, &action, &err);
}

/* One counter serves all questions about a port. */
static bool has_counter(struct asking *q, uint16_t port, bool transfer)
{
    if (!q->counter[transfer] && !q->no_counter[transfer]) {
        q->counter[transfer] = flow_counter_new(q->a->api, port, transfer);
        q->counter_port[transfer] = port;
        q->no_counter[transfer] = !q->counter[transfer];
    }
    return q->counter[transfer];
}

static uint32_t jobs_of(const struct flow_asker *a, struct flow_form *f)
{
    for (unsigned i = 0; i < a->nports; i++)
        if (a->port[i].id == f->port) {
            f->queue_at = (uint16_t)i;
            return a->port[i].flow_jobs;
        }
    return 0;
}

/* The port that takes the calls. */
static int port_for(struct asking *q, const struct flow_dialect *d, struct rte_flow_error *err)
{
    struct flow_form *f = q->f;
    f->port = f->in;
    return d->where == FLOW_WHERE_INGRESS ? 0 : q->a->api->pick_transfer_proxy(f->in, &f->port, err);
}

static int put_question(struct asking *q, const struct flow_dialect *d, bool by_queue,
                        struct rte_flow_error *err)
{
    struct flow_form *f = q->f;
    bool transfer = d->where != FLOW_WHERE_INGRESS;
    struct flow_place at = {.in = f->in, .out = f->out};
    struct flow_written w;
    int rc = port_for(q, d, err);
    if (rc)
        return rc;
    f->jobs = by_queue ? jobs_of(q->a, f) : 0;
    if ((by_queue && f->jobs == 0) || (d->count == FLOW_COUNT_SHARED && !has_counter(q, f->port, transfer)))
        return -ENOTSUP;
    at.counter = q->counter[transfer];
    flow_write(&w, d, &q->rule, &at);
    q->tried++;
    if (by_queue)
        return flow_table_open(&f->t, q->a->api, f->port, &w, q->a->rules, err);
    return q->a->api->validate(f->port, &w.attr, w.item, w.action, err);
}

/* ---- all of them ---- */

static bool has_way(struct asking *q)
{
    char why[ACCEL_WHY] = "no way into a group is looked for";
    if (q->a->has_way && q->a->has_way(q->a->ctx, q->f, q->in, why))
        return true;
    if (!q->no_way[0])
        snprintf(q->no_way, sizeof q->no_way, "%s", why);
    return false;
}

/* A device that takes the rule in a group must take what leads there as well. */
static int put_whole_question(struct asking *q, const struct flow_dialect *d, bool by_queue,
                              struct rte_flow_error *err)
{
    struct flow_form *f = q->f;
    int rc = put_question(q, d, by_queue, err);
    if (rc)
        return rc;
    f->d = *d;
    if (d->group == 0 || has_way(q))
        return 0;
    flow_table_close(&f->t, q->a->api, f->port);
    err->message = q->no_way;
    return -ENOTSUP;
}

static const char *said(int rc, const struct rte_flow_error *err)
{
    if (rc == -ENOSYS)
        return "its driver takes no flow rules";
    return err->message ? err->message : strerror(-rc);
}

/* Of a device that says no to everything two answers are kept: to what was wanted most, and to the last,
 * which asks the least. */
static bool ask_all(struct asking *q, bool by_queue)
{
    struct flow_dialect d = {0};
    int rc;
    do {
        struct rte_flow_error err = {0};
        rc = put_whole_question(q, &d, by_queue, &err);
        if (rc == 0)
            return true;
        if (!q->first[0] && (q->tried == 1 || rc == -ENOSYS || rc == -ENODEV))
            snprintf(q->first, sizeof q->first, "%.63s", said(rc, &err));
        snprintf(q->last, sizeof q->last, "%.63s", said(rc, &err));
    } while (rc != -ENOSYS && rc != -ENODEV && flow_dialect_next(&d));
    return false;
}

static struct flow_rule sample(const struct asking *q, unsigned in, unsigned out, bool v4)
{
    static const uint8_t v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1}, test_net[4] = {192, 0, 2, 1};
    struct flow_key k = {.remote_port = 80, .local_port = 1024};
    k.remote = k.local = v4 ? ip_from_v4(test_net) : ip_from_v6(v6);
    return (struct flow_rule){.in = k,
                              .out = k,
                              .in_port = (uint16_t)in,
                              .out_port = (uint16_t)out,
                              .in_vlan = q->a->port[in].vlan,
                              .out_vlan = q->a->port[out].vlan,
                              .dmac = {2, [5] = 1},
                              .smac = {2, [5] = 2},
                              .seq_add = 0x89abcdef,
                              .ack_add = 0x01234567};
}

static void end_asking(struct asking *q)
{
    struct rte_flow_error err;
    for (unsigned i = 0; i < 2; i++)
        if (q->counter[i])
            q->a->api->handle_destroy(q->counter_port[i], q->counter[i], &err);
}

void flow_form_ask(struct flow_form *f, const struct flow_asker *a, unsigned in, unsigned out, bool v4)
{
    struct asking q = {.a = a, .f = f, .in = in};
    *f = (struct flow_form){.in = a->port[in].id, .out = a->port[out].id};
    q.rule = sample(&q, in, out, v4);
    f->can = ask_all(&q, true) || ask_all(&q, false);
    end_asking(&q);
    if (f->can) {
        flow_dialect_text(&f->d, f->why, sizeof f->why);
        return;
    }
    if (q.tried > 1 && q.no_way[0])
        snprintf(f->why, sizeof f->why, "asked in %u forms; the first: %s; %.90s", q.tried, q.first,
                 q.no_way);
    else if (q.tried > 1)
        snprintf(f->why, sizeof f->why, "asked in %u forms; the first: %s; the last: %s", q.tried, q.first,
                 q.last);
    else
        snprintf(f->why, sizeof f->why, "%s", q.first);
}

void flow_form_close(struct flow_form *f, const struct flow_api *api)
{
    flow_table_close(&f->t, api, f->port);
    f->can = false;
}
