/* Rules that are made one by one, and counters that outlive them. */
#include <errno.h>

#include "tests/double/inside.h"

int d_validate(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item items[],
               const struct rte_flow_action actions[], struct rte_flow_error *err)
{
    struct double_words w = {.attr = *attr};
    (void)port;
    if (double_failing(DOUBLE_VALIDATE, err))
        return -double_errno;
    double_record_items(&w, items);
    double_record_actions(&w, actions);
    if (!double_counters_live(&w))
        double_complain("a counter that there is not");
    return double_judge(&w, err);
}

struct double_rule *double_rule_new(uint16_t port, int queue)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        n += double_dev->rule[i].used;
    for (unsigned i = 0; i < DOUBLE_RULES && (!double_dev->rules_most || n < double_dev->rules_most); i++)
        if (!double_dev->rule[i].used) {
            double_dev->rule[i] = (struct double_rule){.used = true, .port = port, .queue = queue};
            double_dev->rule[i].hit_ns = double_dev->now_ns;
            return &double_dev->rule[i];
        }
    double_errno = ENOSPC;
    return NULL;
}

struct rte_flow *d_create(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item items[],
                          const struct rte_flow_action actions[], struct rte_flow_error *err)
{
    if (double_failing(DOUBLE_CREATE, err))
        return NULL;
    struct double_words w = {.attr = *attr};
    double_record_items(&w, items);
    double_record_actions(&w, actions);
    if (double_judge(&w, err))
        return NULL;
    struct double_rule *r = double_rule_new(port, -1);
    if (r) {
        r->words = w;
        r->live = true;
    }
    return (struct rte_flow *)(void *)r;
}

struct double_rule *double_rule_of(struct rte_flow *h, const char *complaint)
{
    struct double_rule *r = (struct double_rule *)(void *)h;
    if (r >= double_dev->rule && r < double_dev->rule + DOUBLE_RULES && r->used && !r->leaving)
        return r;
    double_complain(complaint);
    return NULL;
}

int d_destroy(uint16_t port, struct rte_flow *h, struct rte_flow_error *err)
{
    if (double_failing(DOUBLE_DESTROY, err))
        return -double_errno;
    struct double_rule *r = double_rule_of(h, "a rule is destroyed that there is not");
    if (!r)
        return -EINVAL;
    if (r->port != port || r->queue >= 0)
        double_complain("a rule is destroyed elsewhere than it was made");
    *r = (struct double_rule){0};
    return 0;
}

int d_flush(uint16_t port, struct rte_flow_error *err)
{
    if (double_failing(DOUBLE_FLUSH, err))
        return -double_errno;
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        if (double_dev->rule[i].used && double_dev->rule[i].port == port)
            double_dev->rule[i] = (struct double_rule){0};
    for (unsigned i = 0; i < sizeof double_dev->table / sizeof *double_dev->table; i++)
        if (double_dev->table[i].pattern)
            double_dev->table[i].users = 0;
    double_forget_jobs(port);
    return 0;
}

static int answer_query(const struct double_counter *c, struct rte_flow_query_count *q)
{
    q->hits_set = q->bytes_set = 1;
    q->hits = c->packets;
    q->bytes = c->bytes;
    return 0;
}

int d_query(uint16_t port, struct rte_flow *h, const struct rte_flow_action *action, void *data,
            struct rte_flow_error *err)
{
    (void)port;
    if (double_failing(DOUBLE_QUERY, err))
        return -double_errno;
    struct double_rule *r = double_rule_of(h, "a rule is asked that there is not");
    if (!r)
        return -EINVAL;
    if (action->type == RTE_FLOW_ACTION_TYPE_COUNT)
        return answer_query(&r->own, data);
    struct rte_flow_query_age *age = data;
    const struct rte_flow_action_age *conf = action->conf;
    age->aged = r->live && double_dev->now_ns - r->hit_ns >= conf->timeout * 1000000000ull;
    return 0;
}

int d_proxy(uint16_t port, uint16_t *proxy, struct rte_flow_error *err)
{
    if (double_failing(DOUBLE_PROXY, err))
        return -double_errno;
    *proxy = (uint16_t)(port + double_dev->proxy);
    return 0;
}

/* ---- counters ---- */

struct rte_flow_action_handle *d_handle_create(uint16_t port, const struct rte_flow_indir_action_conf *conf,
                                               const struct rte_flow_action *action,
                                               struct rte_flow_error *err)
{
    (void)port;
    if (double_failing(DOUBLE_HANDLE_CREATE, err))
        return NULL;
    if (action->type != RTE_FLOW_ACTION_TYPE_COUNT || conf->transfer == conf->ingress)
        double_complain("an indirect action other than a counter");
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        if (!double_dev->counter[i].used) {
            double_dev->counter[i] = (struct double_counter){.used = true};
            return (struct rte_flow_action_handle *)(void *)&double_dev->counter[i];
        }
    double_errno = ENOMEM;
    return NULL;
}

static struct double_counter *counter_of(const struct rte_flow_action_handle *h)
{
    struct double_counter *c = (struct double_counter *)(uintptr_t)h;
    if (c >= double_dev->counter && c < double_dev->counter + DOUBLE_RULES && c->used)
        return c;
    double_complain("a counter that there is not");
    return NULL;
}

int d_handle_destroy(uint16_t port, struct rte_flow_action_handle *h, struct rte_flow_error *err)
{
    (void)port;
    if (double_failing(DOUBLE_HANDLE_DESTROY, err))
        return -double_errno;
    struct double_counter *c = counter_of(h);
    if (!c)
        return -EINVAL;
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        for (unsigned k = 0; double_dev->rule[i].used && k < DOUBLE_ACTIONS; k++)
            if (double_dev->rule[i].words.action[k].counter == c)
                double_complain("a counter is given back that a rule uses");
    *c = (struct double_counter){0};
    return 0;
}

int d_handle_query(uint16_t port, const struct rte_flow_action_handle *h, void *data,
                   struct rte_flow_error *err)
{
    (void)port;
    if (double_failing(DOUBLE_HANDLE_QUERY, err))
        return -double_errno;
    struct double_counter *c = counter_of(h);
    return c ? answer_query(c, data) : -EINVAL;
}
