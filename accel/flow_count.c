/* What rules have taken; see flow_engine.h. A counter of its own (an indirect action) is read after its rule
 * is gone, and misses nothing; a counter inside the rule is read just before. */
#include "accel/flow_engine.h"

static void hit(struct accel_engine *e, struct flow_entry *x, uint64_t packets, uint64_t bytes)
{
    if (packets <= x->packets)
        return;
    stat_add(&e->stats.hits, packets - x->packets);
    stat_add(&e->stats.hit_bytes, bytes - x->bytes);
    x->packets = packets;
    x->bytes = bytes;
}

static bool query(struct accel_engine *e, const struct flow_entry *x, struct rte_flow_query_count *c)
{
    const struct flow_form *f = form_of(e, x);
    const struct rte_flow_action_count conf = {0};
    const struct rte_flow_action action[] = {{.type = RTE_FLOW_ACTION_TYPE_COUNT, .conf = &conf},
                                             {.type = RTE_FLOW_ACTION_TYPE_END}};
    struct rte_flow_error err;
    int rc = f->d.count == FLOW_COUNT_SHARED ? e->api->handle_query(f->port, x->counter, c, &err)
                                             : e->api->query(f->port, x->rule, action, c, &err);
    return rc == 0 && c->hits_set && c->bytes_set;
}

bool rf_counter_read(struct accel_engine *e, struct flow_entry *x)
{
    struct rte_flow_query_count c = {0};
    if (!query(e, x, &c) || c.hits < x->before_packets)
        return false;
    hit(e, x, c.hits - x->before_packets, c.bytes - x->before_bytes);
    return true;
}

bool rf_counter_last(struct accel_engine *e, struct flow_entry *x)
{
    if (form_of(e, x)->d.count != FLOW_COUNT_SHARED)
        return x->removing; /* rf_begin_remove() has asked */
    x->unread = !rf_counter_read(e, x);
    x->before_packets += x->packets;
    x->before_bytes += x->bytes;
    return !x->unread;
}

/* No rule uses the tag's counter: where it stands now the next one begins. */
static bool begin_here(struct accel_engine *e, struct flow_entry *x)
{
    struct rte_flow_query_count c = {0};
    if (!query(e, x, &c))
        return false;
    x->before_packets = c.hits;
    x->before_bytes = c.bytes;
    x->unread = false;
    return true;
}

bool rf_counter_get(struct accel_engine *e, struct flow_entry *x, const struct flow_form *f)
{
    struct rte_flow_error err;
    if (f->d.count != FLOW_COUNT_SHARED) {
        x->before_packets = x->before_bytes = 0;
        return true;
    }
    if (x->counter && x->counter_port == f->port)
        return !x->unread || begin_here(e, x);
    if (x->counter)
        e->api->handle_destroy(x->counter_port, x->counter, &err);
    x->counter = flow_counter_new(e->api, f->port, f->d.where != FLOW_WHERE_INGRESS);
    x->counter_port = f->port;
    x->unread = false;
    x->before_packets = x->before_bytes = 0;
    return x->counter;
}

static bool device_says_aged(struct accel_engine *e, struct flow_entry *x)
{
    const struct rte_flow_action_age conf = {.timeout = FLOW_AGE_S};
    const struct rte_flow_action action[] = {{.type = RTE_FLOW_ACTION_TYPE_AGE, .conf = &conf},
                                             {.type = RTE_FLOW_ACTION_TYPE_END}};
    struct rte_flow_query_age age = {0};
    struct rte_flow_error err;
    return e->api->query(form_of(e, x)->port, x->rule, action, &age, &err) == 0 && age.aged;
}

bool rf_aged(struct accel_engine *e, struct flow_entry *x, uint64_t now_ns)
{
    uint64_t before = x->packets;
    rf_counter_read(e, x);
    if (x->packets > before)
        x->hit_ns = now_ns;
    return form_of(e, x)->d.age == FLOW_AGE_DEVICE ? device_says_aged(e, x)
                                                   : now_ns - x->hit_ns >= FLOW_AGE_S * SEC;
}
