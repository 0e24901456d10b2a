/* inside: what the files of the double share. See double.h.
 *
 *   device.c   the device, calls that are to fail, complaints
 *   words.c    rules as they are given, copied
 *   rules.c    rules one by one, counters
 *   tables.c   queues as they are asked for, templates, tables
 *   jobs.c     rules by queues
 *   replay.c   frames carried by recorded rules
 *   text.c     rules as text */
#ifndef LACON_TESTS_DOUBLE_INSIDE_H
#define LACON_TESTS_DOUBLE_INSIDE_H

#include "tests/double/double.h"

extern struct flow_double *double_dev; /* the one in use */
extern int double_errno;               /* of the last call that failed */

/* ---- device.c ---- */
/* What is not to be asked so; the first is kept. */
void double_complain(const char *what);
/* 0, or the errno of a call that is to fail. */
int double_failing(enum double_call c, struct rte_flow_error *err);
/* -e, with the reason; e is the last error now. */
int double_refuse(int e, const char *why, struct rte_flow_error *err);

/* ---- words.c ---- */
/* Bytes of an action's configuration. */
size_t double_action_size(enum rte_flow_action_type type);
/* Copies, up to END. */
void double_record_items(struct double_words *w, const struct rte_flow_item in[]);
void double_record_actions(struct double_words *w, const struct rte_flow_action in[]);
/* Is there each counter that these name? */
bool double_counters_live(const struct double_words *w);
/* Does the device take it? 0 or -errno. */
int double_judge(const struct double_words *w, struct rte_flow_error *err);

/* ---- rules.c ---- */
int d_validate(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item items[],
               const struct rte_flow_action actions[], struct rte_flow_error *err);
/* queue: -1 is none. NULL: there is no room. */
struct double_rule *double_rule_new(uint16_t port, int queue);
struct rte_flow *d_create(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item items[],
                          const struct rte_flow_action actions[], struct rte_flow_error *err);
/* A handle's rule, or NULL and the complaint. */
struct double_rule *double_rule_of(struct rte_flow *h, const char *complaint);
int d_destroy(uint16_t port, struct rte_flow *h, struct rte_flow_error *err);
int d_flush(uint16_t port, struct rte_flow_error *err);
int d_query(uint16_t port, struct rte_flow *h, const struct rte_flow_action *action, void *data,
            struct rte_flow_error *err);
int d_proxy(uint16_t port, uint16_t *proxy, struct rte_flow_error *err);
struct rte_flow_action_handle *d_handle_create(uint16_t port, const struct rte_flow_indir_action_conf *conf,
                                               const struct rte_flow_action *action,
                                               struct rte_flow_error *err);
int d_handle_destroy(uint16_t port, struct rte_flow_action_handle *h, struct rte_flow_error *err);
int d_handle_query(uint16_t port, const struct rte_flow_action_handle *h, void *data,
                   struct rte_flow_error *err);

/* ---- tables.c ---- */
int d_info(uint16_t port, struct rte_flow_port_info *info, struct rte_flow_queue_info *queue,
           struct rte_flow_error *err);
int d_configure(uint16_t port, const struct rte_flow_port_attr *attr, uint16_t nqueue,
                const struct rte_flow_queue_attr *queue[], struct rte_flow_error *err);
struct rte_flow_pattern_template *d_pattern(uint16_t port, const struct rte_flow_pattern_template_attr *attr,
                                            const struct rte_flow_item items[], struct rte_flow_error *err);
struct rte_flow_actions_template *d_actions(uint16_t port, const struct rte_flow_actions_template_attr *attr,
                                            const struct rte_flow_action actions[],
                                            const struct rte_flow_action masks[], struct rte_flow_error *err);
struct rte_flow_template_table *d_table(uint16_t port, const struct rte_flow_template_table_attr *attr,
                                        struct rte_flow_pattern_template *pattern[], uint8_t npattern,
                                        struct rte_flow_actions_template *actions[], uint8_t nactions,
                                        struct rte_flow_error *err);
int d_pattern_destroy(uint16_t port, struct rte_flow_pattern_template *t, struct rte_flow_error *err);
int d_actions_destroy(uint16_t port, struct rte_flow_actions_template *t, struct rte_flow_error *err);
int d_table_destroy(uint16_t port, struct rte_flow_template_table *t, struct rte_flow_error *err);

/* ---- jobs.c ---- */
struct rte_flow *d_async_create(uint16_t port, uint32_t queue, const struct rte_flow_op_attr *attr,
                                struct rte_flow_template_table *table, const struct rte_flow_item items[],
                                uint8_t ipattern, const struct rte_flow_action actions[], uint8_t iactions,
                                void *user, struct rte_flow_error *err);
int d_async_destroy(uint16_t port, uint32_t queue, const struct rte_flow_op_attr *attr, struct rte_flow *h,
                    void *user, struct rte_flow_error *err);
/* What a flush of that port ends: its jobs are never answered. */
void double_forget_jobs(uint16_t port);
int d_pull(uint16_t port, uint32_t queue, struct rte_flow_op_result res[], uint16_t max,
           struct rte_flow_error *err);

#endif
