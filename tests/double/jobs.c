/* Rules by queues: jobs that take effect and are answered later. */
#include <errno.h>
#include <string.h>

#include "tests/double/inside.h"

/* A rule of a table: masks are the template's; of the actions what the template's masks cover is. */
static void fill(struct double_words *w, const struct double_table *t, const struct rte_flow_item items[],
                 const struct rte_flow_action actions[])
{
    *w = t->words;
    double_record_items(w, items);
    for (unsigned i = 0; i < DOUBLE_ITEMS; i++)
        memcpy(w->item[i].mask, t->pattern->words.item[i].mask, sizeof w->item[i].mask);
    double_record_actions(w, actions);
    for (unsigned i = 0; actions[i].type != RTE_FLOW_ACTION_TYPE_END; i++) {
        if (w->action[i].type != t->words.action[i].type)
            double_complain("an action that the template has not");
        for (unsigned k = 0; k < DOUBLE_WORDS; k++) {
            uint8_t same = t->actions->mask[i][k];
            w->action[i].conf[k] =
                (uint8_t)((t->words.action[i].conf[k] & same) | (w->action[i].conf[k] & ~same));
        }
    }
}

static uint32_t jobs_of(const struct double_queue *q, uint16_t port)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < q->n; i++)
        n += q->job[i].port == port;
    return n;
}

static bool enqueue(unsigned queue, struct double_rule *r, bool removal, void *user)
{
    struct double_queue *q = &double_dev->queue[queue];
    if (jobs_of(q, r->port) >= double_dev->queue_size || q->n >= DOUBLE_JOBS) {
        double_errno = EAGAIN;
        return false;
    }
    q->job[q->n++] = (struct double_job){.rule = r,
                                         .port = r->port,
                                         .removal = removal,
                                         .failed = double_dev->fail_jobs,
                                         .lost = double_dev->lose_jobs,
                                         .twice = double_dev->double_jobs,
                                         .effect_ns = double_dev->now_ns + double_dev->delay_ns,
                                         .answer_ns = double_dev->now_ns + 2 * double_dev->delay_ns,
                                         .user = user};
    return true;
}

struct rte_flow *d_async_create(uint16_t port, uint32_t queue, const struct rte_flow_op_attr *attr,
                                struct rte_flow_template_table *table, const struct rte_flow_item items[],
                                uint8_t ipattern, const struct rte_flow_action actions[], uint8_t iactions,
                                void *user, struct rte_flow_error *err)
{
    struct double_table *t = (struct double_table *)(void *)table;
    if (double_failing(DOUBLE_ASYNC_CREATE, err))
        return NULL;
    if (ipattern || iactions || attr->postpone || !t->used)
        double_complain("a job of another table");
    struct double_rule *r = double_rule_new(port, (int)queue);
    bool full = !r && double_errno == ENOSPC && !double_dev->removed;
    if (full) { /* told when it is answered */
        struct double_rule *any = &double_dev->rule[DOUBLE_RULES - 1];
        *any = (struct double_rule){.used = true, .port = port, .queue = (int)queue};
        r = any;
    }
    if (!r)
        return NULL;
    if (!enqueue(queue, r, false, user)) {
        *r = (struct double_rule){0};
        return NULL;
    }
    struct double_queue *q = &double_dev->queue[queue];
    q->job[q->n - 1].failed |= full;
    fill(&r->words, t, items, actions);
    if (!double_counters_live(&r->words))
        double_complain("a counter that there is not");
    return (struct rte_flow *)(void *)r;
}

int d_async_destroy(uint16_t port, uint32_t queue, const struct rte_flow_op_attr *attr, struct rte_flow *h,
                    void *user, struct rte_flow_error *err)
{
    (void)attr;
    if (double_failing(DOUBLE_ASYNC_DESTROY, err))
        return -double_errno;
    struct double_rule *r = double_rule_of(h, "a rule is destroyed that there is not");
    if (!r)
        return -EINVAL;
    if (r->port != port || r->queue != (int)queue)
        double_complain("a rule is destroyed elsewhere than it was made");
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

void double_forget_jobs(uint16_t port)
{
    for (unsigned i = 0; i < DOUBLE_QUEUES; i++) {
        struct double_queue *q = &double_dev->queue[i];
        uint32_t left = 0;
        for (uint32_t k = 0; k < q->n; k++)
            if (q->job[k].port != port)
                q->job[left++] = q->job[k];
        q->n = left;
    }
}

int d_pull(uint16_t port, uint32_t queue, struct rte_flow_op_result res[], uint16_t max,
           struct rte_flow_error *err)
{
    struct double_queue *q = &double_dev->queue[queue];
    uint16_t n = 0;
    uint32_t left = 0;
    if (double_failing(DOUBLE_PULL, err))
        return -double_errno;
    double_advance(double_dev);
    for (uint32_t i = 0; i < q->n; i++) {
        struct double_job *j = &q->job[i];
        bool due = j->port == port && j->answer_ns <= double_dev->now_ns && !j->lost && n < max;
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
