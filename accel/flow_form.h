/* flow_form: how rules from one interface to another, of one address family, are made on the device at hand:
 * in which dialect, on which DPDK port, one by one or by a queue. Found by asking. Main thread. */
#ifndef LACON_ACCEL_FLOW_FORM_H
#define LACON_ACCEL_FLOW_FORM_H

#include "accel/accel.h"
#include "accel/flow_api.h"
#include "accel/flow_write.h"

/* What rules of one shape are made by where there is a queue; all NULL where there is none. */
struct flow_table {
    struct rte_flow_pattern_template *pattern;
    struct rte_flow_actions_template *actions;
    struct rte_flow_template_table *table;
};

struct flow_form {
    bool can;
    bool lost; /* it could: the device is gone, or its rules were flushed */
    struct flow_dialect d;
    uint16_t port;       /* DPDK's: takes the calls; the interface's own or its proxy for transfer rules */
    uint16_t in, out;    /* DPDK's: where segments come in and leave */
    uint32_t jobs;       /* that a worker's queue on `port` takes; 0: rules are made one by one */
    uint16_t queue_at;   /* jobs > 0: the interface whose DPDK port `port` is */
    struct flow_table t; /* jobs > 0 */
    char why[ACCEL_WHY]; /* can: the dialect in words; else what the device said */
};

struct flow_asker {
    const struct flow_api *api;
    const struct accel_port *port; /* the interfaces */
    unsigned nports;
    uint32_t rules; /* of each form, at most */
    /* Is there a way into the group that this form's rules are in, from interface `in`? why (ACCEL_WHY): why
     * not. NULL: groups are not asked for. */
    bool (*has_way)(void *ctx, const struct flow_form *f, unsigned in, char *why);
    void *ctx; /* of has_way */
};

/* Asks for rules from interface `in` to interface `out`: by rte_flow_validate(), or, where the port has
 * queues, by making the templates of such rules. What it made is taken apart by flow_form_close(). */
void flow_form_ask(struct flow_form *f, const struct flow_asker *a, unsigned in, unsigned out, bool v4);
void flow_form_close(struct flow_form *f, const struct flow_api *api);

/* 0, or -errno and nothing is left of it. */
int flow_table_open(struct flow_table *t, const struct flow_api *api, uint16_t port,
                    const struct flow_written *w, uint32_t rules, struct rte_flow_error *err);
void flow_table_close(struct flow_table *t, const struct flow_api *api, uint16_t port);

/* A counter that outlives its rules, on a DPDK port; NULL: -api->last_error(). */
struct rte_flow_action_handle *flow_counter_new(const struct flow_api *api, uint16_t port, bool transfer);

#endif
