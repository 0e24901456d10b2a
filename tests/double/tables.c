/* Queues as they are asked for before the port is started; templates and tables. */
#include <errno.h>
#include <string.h>

#include "tests/double/inside.h"

int d_info(uint16_t port, struct rte_flow_port_info *info, struct rte_flow_queue_info *queue,
           struct rte_flow_error *err)
{
    (void)port;
    if (double_failing(DOUBLE_INFO, err))
        return -double_errno;
    *info = (struct rte_flow_port_info){.max_nb_queues = double_dev->queues,
                                        .max_nb_counters = double_dev->counters,
                                        .max_nb_aging_objects = double_dev->aging};
    *queue = (struct rte_flow_queue_info){.max_size = double_dev->queue_size};
    return 0;
}

int d_configure(uint16_t port, const struct rte_flow_port_attr *attr, uint16_t nqueue,
                const struct rte_flow_queue_attr *queue[], struct rte_flow_error *err)
{
    (void)port;
    if (double_failing(DOUBLE_CONFIGURE, err))
        return -double_errno;
    if (attr->nb_counters > double_dev->counters || attr->nb_aging_objects > double_dev->aging)
        double_complain("more counters or things that age than the device has");
    double_dev->prepared = *attr;
    for (unsigned i = 0; i < nqueue; i++)
        if (queue[i]->size > double_dev->queue_size)
            double_complain("a queue is longer than the device has them");
    return 0;
}

static struct double_table *table_new(enum double_call c, struct rte_flow_error *err)
{
    if (double_failing(c, err))
        return NULL;
    for (unsigned i = 0; i < sizeof double_dev->table / sizeof *double_dev->table; i++)
        if (!double_dev->table[i].used) {
            double_dev->table[i] = (struct double_table){.used = true};
            return &double_dev->table[i];
        }
    double_errno = ENOMEM;
    return NULL;
}

static int table_end(struct double_table *t)
{
    if (!t->used || t->users)
        double_complain("a template or table is destroyed that is in use, or none");
    if (t->pattern) {
        t->pattern->users--;
        t->actions->users--;
    }
    *t = (struct double_table){0};
    return 0;
}

struct rte_flow_pattern_template *d_pattern(uint16_t port, const struct rte_flow_pattern_template_attr *attr,
                                            const struct rte_flow_item items[], struct rte_flow_error *err)
{
    struct double_table *t = table_new(DOUBLE_PATTERN, err);
    (void)port;
    (void)attr;
    if (t)
        double_record_items(&t->words, items);
    return (struct rte_flow_pattern_template *)(void *)t;
}

struct rte_flow_actions_template *d_actions(uint16_t port, const struct rte_flow_actions_template_attr *attr,
                                            const struct rte_flow_action actions[],
                                            const struct rte_flow_action masks[], struct rte_flow_error *err)
{
    struct double_table *t = table_new(DOUBLE_ACTION_LIST, err);
    (void)port;
    (void)attr;
    if (!t)
        return NULL;
    double_record_actions(&t->words, actions);
    for (unsigned i = 0; actions[i].type != RTE_FLOW_ACTION_TYPE_END; i++) {
        if (masks[i].type !=
            (actions[i].type == RTE_FLOW_ACTION_TYPE_INDIRECT ? RTE_FLOW_ACTION_TYPE_COUNT : actions[i].type))
            double_complain("a mask of another action");
        if (masks[i].conf)
            memcpy(t->mask[i], masks[i].conf, double_action_size(masks[i].type));
    }
    return (struct rte_flow_actions_template *)(void *)t;
}

struct rte_flow_template_table *d_table(uint16_t port, const struct rte_flow_template_table_attr *attr,
                                        struct rte_flow_pattern_template *pattern[], uint8_t npattern,
                                        struct rte_flow_actions_template *actions[], uint8_t nactions,
                                        struct rte_flow_error *err)
{
    struct double_table *p = (struct double_table *)(void *)pattern[0];
    struct double_table *a = (struct double_table *)(void *)actions[0];
    struct double_words w = a->words;
    (void)port;
    if (npattern != 1 || nactions != 1 || attr->nb_flows == 0)
        double_complain("a table of other than one template each");
    w.attr = attr->flow_attr;
    memcpy(w.item, p->words.item, sizeof w.item);
    if (double_judge(&w, err))
        return NULL;
    struct double_table *t = table_new(DOUBLE_TABLE, err);
    if (!t)
        return NULL;
    t->words = w;
    t->pattern = p;
    t->actions = a;
    p->users++;
    a->users++;
    return (struct rte_flow_template_table *)(void *)t;
}

int d_pattern_destroy(uint16_t port, struct rte_flow_pattern_template *t, struct rte_flow_error *err)
{
    (void)port;
    (void)err;
    return table_end((struct double_table *)(void *)t);
}

int d_actions_destroy(uint16_t port, struct rte_flow_actions_template *t, struct rte_flow_error *err)
{
    (void)port;
    (void)err;
    return table_end((struct double_table *)(void *)t);
}

int d_table_destroy(uint16_t port, struct rte_flow_template_table *t, struct rte_flow_error *err)
{
    (void)port;
    (void)err;
    return table_end((struct double_table *)(void *)t);
}
