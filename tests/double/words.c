/* Rules as they are given, copied. */
#include <errno.h>
#include <string.h>

#include "tests/double/inside.h"

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
        double_complain("an item that is not expected");
        return 0;
    }
}

size_t double_action_size(enum rte_flow_action_type type)
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
        double_complain("an action that is not expected");
        return 0;
    }
}

void double_record_items(struct double_words *w, const struct rte_flow_item in[])
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
    double_complain("the list of items does not end");
}

void double_record_actions(struct double_words *w, const struct rte_flow_action in[])
{
    for (unsigned i = 0; i < DOUBLE_ACTIONS; i++) {
        struct double_action *a = &w->action[i];
        a->type = in[i].type;
        if (in[i].type == RTE_FLOW_ACTION_TYPE_END)
            return;
        if (in[i].type == RTE_FLOW_ACTION_TYPE_INDIRECT)
            a->counter = (struct double_counter *)(uintptr_t)in[i].conf;
        else if (in[i].conf)
            memcpy(a->conf, in[i].conf, double_action_size(in[i].type));
    }
    double_complain("the list of actions does not end");
}

bool double_counters_live(const struct double_words *w)
{
    for (unsigned i = 0; i < DOUBLE_ACTIONS && w->action[i].type != RTE_FLOW_ACTION_TYPE_END; i++)
        if (w->action[i].type == RTE_FLOW_ACTION_TYPE_INDIRECT &&
            (!w->action[i].counter || !w->action[i].counter->used))
            return false;
    return true;
}

int double_judge(const struct double_words *w, struct rte_flow_error *err)
{
    const char *why = "refused";
    if (double_dev->accepts && !double_dev->accepts(w, &why))
        return double_refuse(ENOTSUP, why, err);
    return 0;
}
