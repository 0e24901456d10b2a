/* The device's side of accel/flow_api.h; see double.h. */
#include <errno.h>
#include <string.h>

#include "tests/double/double.h"

static struct flow_double *dev;
static int last_errno;

static void complain(const char *what)
{
    if (!dev->complaint)
        dev->complaint = what;
}

void double_begin(struct flow_double *d)
{
    memset(d, 0, sizeof *d);
    dev = d;
}

/* 0, or the errno of a call that is to fail. */
static int failing(enum double_call c, struct rte_flow_error *err)
{
    unsigned n = dev->calls[c]++;
    int e = dev->fail[c];
    bool due = e && n >= dev->fail_in[c] && (!dev->fail_for[c] || n < dev->fail_in[c] + dev->fail_for[c]);
    if (dev->removed)
        e = EIO, due = true;
    if (!due)
        return 0;
    err->message = "as the test wants it";
    return last_errno = e;
}

static int refuse(int e, const char *why, struct rte_flow_error *err)
{
    err->message = why;
    last_errno = e;
    return -e;
}

/* ---- words ---- */

static size_t item_size(enum rte_flow_item_type type)
{
    switch (type) {
    case RTE_FLOW_ITEM_TYPE_REPRESENTED_PORT:
        return sizeof(struct rte_flow_item_ethdev);
    case RTE_FLOW_ITEM_TYPE_PORT_ID:
        return sizeof(struct rte_flow_item_port_id);
    case RTE_FLOW_ITEM_TYPE_INTEGRITY:
        return sizeof(struct rte_flow_item_integrity);
    case RTE_FLOW_ITEM_TYPE_ETH:
        return sizeof(struct rte_flow_item_eth);
    case RTE_FLOW_ITEM_TYPE_VLAN:
        return sizeof(struct rte_flow_item_vlan);
    case RTE_FLOW_ITEM_TYPE_IPV4:
        return sizeof(struct rte_flow_item_ipv4);
    case RTE_FLOW_ITEM_TYPE_IPV6:
        return sizeof(struct rte_flow_item_ipv6);
    case RTE_FLOW_ITEM_TYPE_TCP:
        return sizeof(struct rte_flow_item_tcp);
    default:
        complain("an item that is not expected");
        return 0;
    }
}

static size_t action_size(enum rte_flow_action_type type)
{
    switch (type) {
    case RTE_FLOW_ACTION_TYPE_MODIFY_FIELD:
        return sizeof(struct rte_flow_action_modify_field);
    case RTE_FLOW_ACTION_TYPE_SET_IPV4_SRC:
    case RTE_FLOW_ACTION_TYPE_SET_IPV4_DST:
        return sizeof(struct rte_flow_action_set_ipv4);
    case RTE_FLOW_ACTION_TYPE_SET_IPV6_SRC:
    case RTE_FLOW_ACTION_TYPE_SET_IPV6_DST:
        return sizeof(struct rte_flow_action_set_ipv6);
    case RTE_FLOW_ACTION_TYPE_SET_MAC_SRC:
    case RTE_FLOW_ACTION_TYPE_SET_MAC_DST:
        return sizeof(struct rte_flow_action_set_mac);
    case RTE_FLOW_ACTION_TYPE_SET_TP_SRC:
    case RTE_FLOW_ACTION_TYPE_SET_TP_DST:
        return sizeof(struct rte_flow_action_set_tp);
    case RTE_FLOW_ACTION_TYPE_SET_TTL:
        return sizeof(struct rte_flow_action_set_ttl);
    case RTE_FLOW_ACTION_TYPE_INC_TCP_SEQ:
    case RTE_FLOW_ACTION_TYPE_DEC_TCP_SEQ:
    case RTE_FLOW_ACTION_TYPE_INC_TCP_ACK:
    case RTE_FLOW_ACTION_TYPE_DEC_TCP_ACK:
        return sizeof(rte_be32_t);
    case RTE_FLOW_ACTION_TYPE_OF_PUSH_VLAN:
        return sizeof(struct rte_flow_action_of_push_vlan);
    case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_VID:
        return sizeof(struct rte_flow_action_of_set_vlan_vid);
    case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_PCP:
        return sizeof(struct rte_flow_action_of_set_vlan_pcp);
    case RTE_FLOW_ACTION_TYPE_COUNT:
        return sizeof(struct rte_flow_action_count);
    case RTE_FLOW_ACTION_TYPE_AGE:
        return sizeof(struct rte_flow_action_age);
    case RTE_FLOW_ACTION_TYPE_JUMP:
        return sizeof(struct rte_flow_action_jump);
    case RTE_FLOW_ACTION_TYPE_REPRESENTED_PORT:
    case RTE_FLOW_ACTION_TYPE_PORT_REPRESENTOR:
        return sizeof(struct rte_flow_action_ethdev);
    case RTE_FLOW_ACTION_TYPE_PORT_ID:
        return sizeof(struct rte_flow_action_port_id);
    case RTE_FLOW_ACTION_TYPE_DEC_TTL:
    case RTE_FLOW_ACTION_TYPE_OF_POP_VLAN:
    case RTE_FLOW_ACTION_TYPE_INDIRECT:
        return 0;
    default:
        complain("an action that is not expected");
        return 0;
    }
}

static void record_items(struct double_words *w, const struct rte_flow_item in[])
{
    for (unsigned i = 0; i < DOUBLE_ITEMS; i++) {
        w->item[i].type = in[i].type;
        if (in[i].type == RTE_FLOW_ITEM_TYPE_END)
            return;
        size_t n = item_size(in[i].type);
        if (in[i].spec)
            memcpy(w->item[i].spec, in[i].spec, n);
        if (in[i].mask)
            memcpy(w->item[i].mask, in[i].mask, n);
    }
    complain("the list of items does not end");
}

static void record_actions(struct double_words *w, const struct rte_flow_action in[])
{
    for (unsigned i = 0; i < DOUBLE_ACTIONS; i++) {
        struct double_action *a = &w->action[i];
        a->type = in[i].type;
        if (in[i].type == RTE_FLOW_ACTION_TYPE_END)
            return;
        if (in[i].type == RTE_FLOW_ACTION_TYPE_INDIRECT)
            a->counter = (struct double_counter *)(uintptr_t)in[i].conf;
        else if (in[i].conf)
            memcpy(a->conf, in[i].conf, action_size(in[i].type));
    }
    complain("the list of actions does not end");
}

static bool counters_live(const struct double_words *w)
{
    for (unsigned i = 0; i < DOUBLE_ACTIONS && w->action[i].type != RTE_FLOW_ACTION_TYPE_END; i++)
        if (w->action[i].type == RTE_FLOW_ACTION_TYPE_INDIRECT &&
            (!w->action[i].counter || !w->action[i].counter->used))
            return false;
    return true;
}

static int judge(const struct double_words *w, struct rte_flow_error *err)
{
    const char *why = "refused";
    if (dev->accepts && !dev->accepts(w, &why))
        return refuse(ENOTSUP, why, err);
    return 0;
}

/* ---- rules by themselves ---- */

static int d_validate(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item items[],
                      const struct rte_flow_action actions[], struct rte_flow_error *err)
{
    struct double_words w = {.attr = *attr};
    (void)port;
    if (failing(DOUBLE_VALIDATE, err))
        return -last_errno;
    record_items(&w, items);
    record_actions(&w, actions);
    if (!counters_live(&w))
        complain("a counter that there is not");
    return judge(&w, err);
}

static struct double_rule *rule_new(uint16_t port, int queue)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        n += dev->rule[i].used;
    for (unsigned i = 0; i < DOUBLE_RULES && (!dev->rules_most || n < dev->rules_most); i++)
        if (!dev->rule[i].used) {
            dev->rule[i] = (struct double_rule){.used = true, .port = port, .queue = queue};
            dev->rule[i].hit_ns = dev->now_ns;
            return &dev->rule[i];
        }
    last_errno = ENOSPC;
    return NULL;
}

static struct rte_flow *d_create(uint16_t port, const struct rte_flow_attr *attr,
                                 const struct rte_flow_item items[], const struct rte_flow_action actions[],
                                 struct rte_flow_error *err)
{
    if (failing(DOUBLE_CREATE, err))
        return NULL;
    struct double_words w = {.attr = *attr};
    record_items(&w, items);
    record_actions(&w, actions);
    if (judge(&w, err))
        return NULL;
    struct double_rule *r = rule_new(port, -1);
    if (r) {
        r->words = w;
        r->live = true;
    }
    return (struct rte_flow *)(void *)r;
}

static struct double_rule *rule_of(struct rte_flow *h, const char *complaint)
{
    struct double_rule *r = (struct double_rule *)(void *)h;
    if (r >= dev->rule && r < dev->rule + DOUBLE_RULES && r->used && !r->leaving)
        return r;
    complain(complaint);
    return NULL;
}

static int d_destroy(uint16_t port, struct rte_flow *h, struct rte_flow_error *err)
{
    if (failing(DOUBLE_DESTROY, err))
        return -last_errno;
    struct double_rule *r = rule_of(h, "a rule is destroyed that there is not");
    if (!r)
        return -EINVAL;
    if (r->port != port || r->queue >= 0)
        complain("a rule is destroyed elsewhere than it was made");
    *r = (struct double_rule){0};
    return 0;
}

static int d_flush(uint16_t port, struct rte_flow_error *err)
{
    if (failing(DOUBLE_FLUSH, err))
        return -last_errno;
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        if (dev->rule[i].used && dev->rule[i].port == port)
            dev->rule[i] = (struct double_rule){0};
    for (unsigned i = 0; i < sizeof dev->table / sizeof *dev->table; i++)
        if (dev->table[i].pattern)
            dev->table[i].users = 0;
    for (unsigned i = 0; i < DOUBLE_QUEUES; i++)
        dev->queue[i].n = 0;
    return 0;
}

static int answer_query(const struct double_counter *c, struct rte_flow_query_count *q)
{
    q->hits_set = q->bytes_set = 1;
    q->hits = c->packets;
    q->bytes = c->bytes;
    return 0;
}

static int d_query(uint16_t port, struct rte_flow *h, const struct rte_flow_action *action, void *data,
                   struct rte_flow_error *err)
{
    (void)port;
    if (failing(DOUBLE_QUERY, err))
        return -last_errno;
    struct double_rule *r = rule_of(h, "a rule is asked that there is not");
    if (!r)
        return -EINVAL;
    if (action->type == RTE_FLOW_ACTION_TYPE_COUNT)
        return answer_query(&r->own, data);
    struct rte_flow_query_age *age = data;
    const struct rte_flow_action_age *conf = action->conf;
    age->aged = r->live && dev->now_ns - r->hit_ns >= conf->timeout * 1000000000ull;
    return 0;
}

static int d_proxy(uint16_t port, uint16_t *proxy, struct rte_flow_error *err)
{
    if (failing(DOUBLE_PROXY, err))
        return -last_errno;
    *proxy = (uint16_t)(port + dev->proxy);
    return 0;
}

/* ---- counters ---- */

static struct rte_flow_action_handle *d_handle_create(uint16_t port,
                                                      const struct rte_flow_indir_action_conf *conf,
                                                      const struct rte_flow_action *action,
                                                      struct rte_flow_error *err)
{
    (void)port;
    if (failing(DOUBLE_HANDLE_CREATE, err))
        return NULL;
    if (action->type != RTE_FLOW_ACTION_TYPE_COUNT || conf->transfer == conf->ingress)
        complain("an indirect action other than a counter");
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        if (!dev->counter[i].used) {
            dev->counter[i] = (struct double_counter){.used = true};
            return (struct rte_flow_action_handle *)(void *)&dev->counter[i];
        }
    last_errno = ENOMEM;
    return NULL;
}

static struct double_counter *counter_of(const struct rte_flow_action_handle *h)
{
    struct double_counter *c = (struct double_counter *)(uintptr_t)h;
    if (c >= dev->counter && c < dev->counter + DOUBLE_RULES && c->used)
        return c;
    complain("a counter that there is not");
    return NULL;
}

static int d_handle_destroy(uint16_t port, struct rte_flow_action_handle *h, struct rte_flow_error *err)
{
    (void)port;
    if (failing(DOUBLE_HANDLE_DESTROY, err))
        return -last_errno;
    struct double_counter *c = counter_of(h);
    if (!c)
        return -EINVAL;
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        for (unsigned k = 0; dev->rule[i].used && k < DOUBLE_ACTIONS; k++)
            if (dev->rule[i].words.action[k].counter == c)
                complain("a counter is given back that a rule uses");
    *c = (struct double_counter){0};
    return 0;
}

static int d_handle_query(uint16_t port, const struct rte_flow_action_handle *h, void *data,
                          struct rte_flow_error *err)
{
    (void)port;
    if (failing(DOUBLE_HANDLE_QUERY, err))
        return -last_errno;
    struct double_counter *c = counter_of(h);
    return c ? answer_query(c, data) : -EINVAL;
}

/* ---- queues ---- */

static int d_info(uint16_t port, struct rte_flow_port_info *info, struct rte_flow_queue_info *queue,
                  struct rte_flow_error *err)
{
    (void)port;
    if (failing(DOUBLE_INFO, err))
        return -last_errno;
    *info = (struct rte_flow_port_info){
        .max_nb_queues = dev->queues, .max_nb_counters = dev->counters, .max_nb_aging_objects = dev->aging};
    *queue = (struct rte_flow_queue_info){.max_size = dev->queue_size};
    return 0;
}

static int d_configure(uint16_t port, const struct rte_flow_port_attr *attr, uint16_t nqueue,
                       const struct rte_flow_queue_attr *queue[], struct rte_flow_error *err)
{
    (void)port;
    if (failing(DOUBLE_CONFIGURE, err))
        return -last_errno;
    if (attr->nb_counters > dev->counters || attr->nb_aging_objects > dev->aging)
        complain("more counters or things that age than the device has");
    dev->prepared = *attr;
    for (unsigned i = 0; i < nqueue; i++)
        if (queue[i]->size > dev->queue_size)
            complain("a queue is longer than the device has them");
    return 0;
}

static struct double_table *table_new(enum double_call c, struct rte_flow_error *err)
{
    if (failing(c, err))
        return NULL;
    for (unsigned i = 0; i < sizeof dev->table / sizeof *dev->table; i++)
        if (!dev->table[i].used) {
            dev->table[i] = (struct double_table){.used = true};
            return &dev->table[i];
        }
    last_errno = ENOMEM;
    return NULL;
}

static int table_end(struct double_table *t)
{
    if (!t->used || t->users)
        complain("a template or table is destroyed that is in use, or none");
    if (t->pattern) {
        t->pattern->users--;
        t->actions->users--;
    }
    *t = (struct double_table){0};
    return 0;
}

static struct rte_flow_pattern_template *d_pattern(uint16_t port,
                                                   const struct rte_flow_pattern_template_attr *attr,
                                                   const struct rte_flow_item items[],
                                                   struct rte_flow_error *err)
{
    struct double_table *t = table_new(DOUBLE_PATTERN, err);
    (void)port;
    (void)attr;
    if (t)
        record_items(&t->words, items);
    return (struct rte_flow_pattern_template *)(void *)t;
}

static struct rte_flow_actions_template *d_actions(uint16_t port,
                                                   const struct rte_flow_actions_template_attr *attr,
                                                   const struct rte_flow_action actions[],
                                                   const struct rte_flow_action masks[],
                                                   struct rte_flow_error *err)
{
    struct double_table *t = table_new(DOUBLE_ACTION_LIST, err);
    (void)port;
    (void)attr;
    if (!t)
        return NULL;
    record_actions(&t->words, actions);
    for (unsigned i = 0; actions[i].type != RTE_FLOW_ACTION_TYPE_END; i++) {
        if (masks[i].type !=
            (actions[i].type == RTE_FLOW_ACTION_TYPE_INDIRECT ? RTE_FLOW_ACTION_TYPE_COUNT : actions[i].type))
            complain("a mask of another action");
        if (masks[i].conf)
            memcpy(t->mask[i], masks[i].conf, action_size(masks[i].type));
    }
    return (struct rte_flow_actions_template *)(void *)t;
}

static struct rte_flow_template_table *d_table(uint16_t port, const struct rte_flow_template_table_attr *attr,
                                               struct rte_flow_pattern_template *pattern[], uint8_t npattern,
                                               struct rte_flow_actions_template *actions[], uint8_t nactions,
                                               struct rte_flow_error *err)
{
    struct double_table *p = (struct double_table *)(void *)pattern[0];
    struct double_table *a = (struct double_table *)(void *)actions[0];
    struct double_words w = a->words;
    (void)port;
    if (npattern != 1 || nactions != 1 || attr->nb_flows == 0)
        complain("a table of other than one template each");
    w.attr = attr->flow_attr;
    memcpy(w.item, p->words.item, sizeof w.item);
    if (judge(&w, err))
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

static int d_pattern_destroy(uint16_t port, struct rte_flow_pattern_template *t, struct rte_flow_error *err)
{
    (void)port;
    (void)err;
    return table_end((struct double_table *)(void *)t);
}

static int d_actions_destroy(uint16_t port, struct rte_flow_actions_template *t, struct rte_flow_error *err)
{
    (void)port;
    (void)err;
    return table_end((struct double_table *)(void *)t);
}

static int d_table_destroy(uint16_t port, struct rte_flow_template_table *t, struct rte_flow_error *err)
{
    (void)port;
    (void)err;
    return table_end((struct double_table *)(void *)t);
}

/* A rule of a table: masks are the template's; of the actions what the template's masks cover is. */
static void fill(struct double_words *w, const struct double_table *t, const struct rte_flow_item items[],
                 const struct rte_flow_action actions[])
{
    *w = t->words;
    record_items(w, items);
    for (unsigned i = 0; i < DOUBLE_ITEMS; i++)
        memcpy(w->item[i].mask, t->pattern->words.item[i].mask, sizeof w->item[i].mask);
    record_actions(w, actions);
    for (unsigned i = 0; actions[i].type != RTE_FLOW_ACTION_TYPE_END; i++) {
        if (w->action[i].type != t->words.action[i].type)
            complain("an action that the template has not");
        for (unsigned k = 0; k < DOUBLE_WORDS; k++) {
            uint8_t same = t->actions->mask[i][k];
            w->action[i].conf[k] =
                (uint8_t)((t->words.action[i].conf[k] & same) | (w->action[i].conf[k] & ~same));
        }
    }
}

static bool enqueue(unsigned queue, struct double_rule *r, bool removal, void *user)
{
    struct double_queue *q = &dev->queue[queue];
    if (q->n >= dev->queue_size || q->n >= DOUBLE_JOBS) {
        last_errno = EAGAIN;
        return false;
    }
    q->job[q->n++] = (struct double_job){.rule = r,
                                         .removal = removal,
                                         .failed = dev->fail_jobs,
                                         .lost = dev->lose_jobs,
                                         .twice = dev->double_jobs,
                                         .effect_ns = dev->now_ns + dev->delay_ns,
                                         .answer_ns = dev->now_ns + 2 * dev->delay_ns,
                                         .user = user};
    return true;
}

static struct rte_flow *d_async_create(uint16_t port, uint32_t queue, const struct rte_flow_op_attr *attr,
                                       struct rte_flow_template_table *table,
                                       const struct rte_flow_item items[], uint8_t ipattern,
                                       const struct rte_flow_action actions[], uint8_t iactions, void *user,
                                       struct rte_flow_error *err)
{
    struct double_table *t = (struct double_table *)(void *)table;
    if (failing(DOUBLE_ASYNC_CREATE, err))
        return NULL;
    if (ipattern || iactions || attr->postpone || !t->used)
        complain("a job of another table");
    struct double_rule *r = rule_new(port, (int)queue);
    bool full = !r && last_errno == ENOSPC && !dev->removed;
    if (full) { /* told when it is answered */
        struct double_rule *any = &dev->rule[DOUBLE_RULES - 1];
        *any = (struct double_rule){.used = true, .port = port, .queue = (int)queue};
        r = any;
    }
    if (!r)
        return NULL;
    if (!enqueue(queue, r, false, user)) {
        *r = (struct double_rule){0};
        return NULL;
    }
    struct double_queue *q = &dev->queue[queue];
    q->job[q->n - 1].failed |= full;
    fill(&r->words, t, items, actions);
    if (!counters_live(&r->words))
        complain("a counter that there is not");
    return (struct rte_flow *)(void *)r;
}

static int d_async_destroy(uint16_t port, uint32_t queue, const struct rte_flow_op_attr *attr,
                           struct rte_flow *h, void *user, struct rte_flow_error *err)
{
    (void)attr;
    if (failing(DOUBLE_ASYNC_DESTROY, err))
        return -last_errno;
    struct double_rule *r = rule_of(h, "a rule is destroyed that there is not");
    if (!r)
        return -EINVAL;
    if (r->port != port || r->queue != (int)queue)
        complain("a rule is destroyed elsewhere than it was made");
    if (!enqueue(queue, r, true, user))
        return -EAGAIN;
    r->leaving = true;
    return 0;
}

static void take_effect(struct double_job *j)
{
    struct double_rule *r = j->rule;
    j->effective = true;
    if (j->removal && !j->failed)
        *r = (struct double_rule){0};
    else if (!j->removal && j->failed)
        *r = (struct double_rule){0};
    else if (!j->removal)
        r->live = true;
}

void double_advance(struct flow_double *d)
{
    for (unsigned i = 0; i < DOUBLE_QUEUES; i++)
        for (unsigned k = 0; k < d->queue[i].n; k++)
            if (!d->queue[i].job[k].effective && d->queue[i].job[k].effect_ns <= d->now_ns)
                take_effect(&d->queue[i].job[k]);
}

static int d_pull(uint16_t port, uint32_t queue, struct rte_flow_op_result res[], uint16_t max,
                  struct rte_flow_error *err)
{
    struct double_queue *q = &dev->queue[queue];
    uint16_t n = 0;
    uint32_t left = 0;
    (void)port;
    if (failing(DOUBLE_PULL, err))
        return -last_errno;
    double_advance(dev);
    for (uint32_t i = 0; i < q->n; i++) {
        struct double_job *j = &q->job[i];
        bool due = j->answer_ns <= dev->now_ns && !j->lost && n < max;
        if (due)
            res[n++] = (struct rte_flow_op_result){
                .status = j->failed ? RTE_FLOW_OP_ERROR : RTE_FLOW_OP_SUCCESS, .user_data = j->user};
        if (due && !j->twice)
            continue;
        j->twice = j->twice && !due;
        q->job[left++] = *j;
    }
    q->n = left;
    return n;
}

/* ---- the rest ---- */

static int d_is_removed(uint16_t port)
{
    (void)port;
    return dev->removed;
}

static int d_last_error(void)
{
    return last_errno;
}

unsigned double_live(const struct flow_double *d)
{
    unsigned n = 0;
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        n += d->rule[i].used && d->rule[i].live;
    return n;
}

unsigned double_left(const struct flow_double *d)
{
    unsigned n = 0;
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        n += (unsigned)d->rule[i].used + d->counter[i].used;
    for (unsigned i = 0; i < sizeof d->table / sizeof *d->table; i++)
        n += d->table[i].used;
    return n;
}

const struct double_rule *double_nth(const struct flow_double *d, unsigned n)
{
    for (unsigned i = 0; i < DOUBLE_RULES; i++)
        if (d->rule[i].used && d->rule[i].live && n-- == 0)
            return &d->rule[i];
    return NULL;
}

const struct flow_api flow_api_double = {
    .validate = d_validate,
    .create = d_create,
    .destroy = d_destroy,
    .flush = d_flush,
    .query = d_query,
    .pick_transfer_proxy = d_proxy,
    .handle_create = d_handle_create,
    .handle_destroy = d_handle_destroy,
    .handle_query = d_handle_query,
    .info_get = d_info,
    .configure = d_configure,
    .pattern_create = d_pattern,
    .pattern_destroy = d_pattern_destroy,
    .actions_create = d_actions,
    .actions_destroy = d_actions_destroy,
    .table_create = d_table,
    .table_destroy = d_table_destroy,
    .async_create = d_async_create,
    .async_destroy = d_async_destroy,
    .pull = d_pull,
    .is_removed = d_is_removed,
    .last_error = d_last_error,
};
