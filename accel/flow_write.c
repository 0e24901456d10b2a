/* See flow_write.h: whole rules of the parts in flow_pattern.c and flow_actions.c. */
#include "accel/flow_write.h"

void flow_write(struct flow_written *w, const struct flow_dialect *d, const struct flow_rule *r,
                const struct flow_place *at)
{
    flow_write_attr(w, d);
    flow_write_pattern(w, d, r, at->in);
    flow_write_actions(w, d, r, at);
}

static void only_port(struct flow_written *w, const struct flow_dialect *d, uint16_t in)
{
    flow_write_attr(w, d);
    flow_write_port_item(w, d, in);
    w->item[w->nitem++] = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_ETH};
    w->item[w->nitem] = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_END};
}

void flow_write_jump(struct flow_written *w, const struct flow_dialect *d, uint16_t in)
{
    only_port(w, d, in);
    w->attr.group = 0;
    flow_write_jump_action(w);
}

void flow_write_rest(struct flow_written *w, const struct flow_dialect *d, uint16_t in)
{
    only_port(w, d, in);
    w->attr.priority = 1;
    flow_write_rest_action(w, d, in);
}
