/* flow_api: the calls of DPDK's flow API (rte_flow.h, 22.11) that the provider rte_flow makes, as a constant
 * table, so that a recording double can stand in (tests/double). Each member means what the function of that
 * name says in rte_flow.h; ports are DPDK's.
 *
 * Threads: as rte_flow.h says. A worker calls with its own queue number; the synchronous calls are serialised
 * by DPDK for drivers that need it. */
#ifndef LACON_ACCEL_FLOW_API_H
#define LACON_ACCEL_FLOW_API_H

#include <rte_flow.h>

struct flow_api {
    /* one rule at a time */
    int (*validate)(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item pattern[],
                    const struct rte_flow_action actions[], struct rte_flow_error *err);
    struct rte_flow *(*create)(uint16_t port, const struct rte_flow_attr *attr,
                               const struct rte_flow_item pattern[], const struct rte_flow_action actions[],
                               struct rte_flow_error *err);
    int (*destroy)(uint16_t port, struct rte_flow *rule, struct rte_flow_error *err);
    int (*flush)(uint16_t port, struct rte_flow_error *err);
    int (*query)(uint16_t port, struct rte_flow *rule, const struct rte_flow_action *action, void *data,
                 struct rte_flow_error *err);
    int (*pick_transfer_proxy)(uint16_t port, uint16_t *proxy, struct rte_flow_error *err);

    /* counters that outlive their rule */
    struct rte_flow_action_handle *(*handle_create)(uint16_t port,
                                                    const struct rte_flow_indir_action_conf *conf,
                                                    const struct rte_flow_action *action,
                                                    struct rte_flow_error *err);
    int (*handle_destroy)(uint16_t port, struct rte_flow_action_handle *h, struct rte_flow_error *err);
    int (*handle_query)(uint16_t port, const struct rte_flow_action_handle *h, void *data,
                        struct rte_flow_error *err);

    /* queues, before the port is started */
    int (*info_get)(uint16_t port, struct rte_flow_port_info *info, struct rte_flow_queue_info *queue,
                    struct rte_flow_error *err);
    int (*configure)(uint16_t port, const struct rte_flow_port_attr *attr, uint16_t nqueue,
                     const struct rte_flow_queue_attr *queue[], struct rte_flow_error *err);

    /* rules by queues */
    struct rte_flow_pattern_template *(*pattern_create)(uint16_t port,
                                                        const struct rte_flow_pattern_template_attr *attr,
                                                        const struct rte_flow_item pattern[],
                                                        struct rte_flow_error *err);
    int (*pattern_destroy)(uint16_t port, struct rte_flow_pattern_template *t, struct rte_flow_error *err);
    struct rte_flow_actions_template *(*actions_create)(uint16_t port,
                                                        const struct rte_flow_actions_template_attr *attr,
                                                        const struct rte_flow_action actions[],
                                                        const struct rte_flow_action masks[],
                                                        struct rte_flow_error *err);
    int (*actions_destroy)(uint16_t port, struct rte_flow_actions_template *t, struct rte_flow_error *err);
    struct rte_flow_template_table *(*table_create)(uint16_t port,
                                                    const struct rte_flow_template_table_attr *attr,
                                                    struct rte_flow_pattern_template *pattern[],
                                                    uint8_t npattern,
                                                    struct rte_flow_actions_template *actions[],
                                                    uint8_t nactions, struct rte_flow_error *err);
    int (*table_destroy)(uint16_t port, struct rte_flow_template_table *t, struct rte_flow_error *err);
    struct rte_flow *(*async_create)(uint16_t port, uint32_t queue, const struct rte_flow_op_attr *attr,
                                     struct rte_flow_template_table *t, const struct rte_flow_item pattern[],
                                     uint8_t ipattern, const struct rte_flow_action actions[],
                                     uint8_t iactions, void *user, struct rte_flow_error *err);
    int (*async_destroy)(uint16_t port, uint32_t queue, const struct rte_flow_op_attr *attr,
                         struct rte_flow *rule, void *user, struct rte_flow_error *err);
    int (*pull)(uint16_t port, uint32_t queue, struct rte_flow_op_result res[], uint16_t n,
                struct rte_flow_error *err);

    /* not of the flow API */
    int (*is_removed)(uint16_t port); /* rte_eth_dev_is_removed() */
    int (*last_error)(void);          /* rte_errno of this thread, positive */
};

extern const struct flow_api flow_api_dpdk; /* accel/dpdk */

#define FLOW_ENTRIES 16384u /* rules of each worker: nobody tells how many a device has room for */
#define FLOW_TAGS    (2 * FLOW_ENTRIES)

/* Asks for a queue of flow jobs for each of nqueue workers, and for counters (each tag keeps its own) and
 * things that age for all of their rules: a device that is configured so has no others. Between the port's
 * rte_eth_dev_configure() and its start, as DPDK wants it. The jobs that each takes; 0, and why (at least
 * ACCEL_WHY bytes): rules on this port are made one by one. Main thread. */
uint32_t flow_prepare(const struct flow_api *api, uint16_t port, unsigned nqueue, char *why);

#endif
