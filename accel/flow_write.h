/* flow_write: a rule of agent/base/flow_rule.h in DPDK's words. Pure; any thread. */
#ifndef LACON_ACCEL_FLOW_WRITE_H
#define LACON_ACCEL_FLOW_WRITE_H

#include <rte_flow.h>

#include "accel/flow_dialect.h"
#include "agent/base/flow_rule.h"

#define FLOW_ITEMS   8u
#define FLOW_ACTIONS 20u
#define FLOW_AGE_S   10u /* a rule without a segment for so many seconds is dropped */
#define FLOW_GROUP   1u  /* where rules are, of devices that rewrite nothing in their first table */

union flow_item_words {
    struct rte_flow_item_ethdev port;
    struct rte_flow_item_port_id port_id;
    struct rte_flow_item_integrity integrity;
    struct rte_flow_item_eth eth;
    struct rte_flow_item_vlan vlan;
    struct rte_flow_item_ipv4 ip4;
    struct rte_flow_item_ipv6 ip6;
    struct rte_flow_item_tcp tcp;
};

union flow_action_words {
    struct rte_flow_action_modify_field modify;
    struct rte_flow_action_set_ipv4 ip4;
    struct rte_flow_action_set_ipv6 ip6;
    struct rte_flow_action_set_mac mac;
    struct rte_flow_action_set_tp port;
    struct rte_flow_action_set_ttl ttl;
    rte_be32_t number;
    struct rte_flow_action_of_push_vlan push;
    struct rte_flow_action_of_set_vlan_vid vid;
    struct rte_flow_action_of_set_vlan_pcp pcp;
    struct rte_flow_action_count count;
    struct rte_flow_action_age age;
    struct rte_flow_action_jump jump;
    struct rte_flow_action_ethdev to;
    struct rte_flow_action_port_id to_id;
};

/* A rule as the API takes it. Points into itself: not to be copied. The lists end with END. */
struct flow_written {
    struct rte_flow_attr attr;
    unsigned nitem, naction;
    struct rte_flow_item item[FLOW_ITEMS];
    struct rte_flow_action action[FLOW_ACTIONS];
    struct rte_flow_action mask[FLOW_ACTIONS]; /* for templates: what is the same in every rule is all ones */
    union flow_item_words spec[FLOW_ITEMS], bits[FLOW_ITEMS];
    union flow_action_words conf[FLOW_ACTIONS], same[FLOW_ACTIONS];
};

/* Where a rule goes: DPDK ports, and the counter of FLOW_COUNT_SHARED. */
struct flow_place {
    uint16_t in, out;
    struct rte_flow_action_handle *counter;
};

/* The whole rule. Both sides are of one address family. */
void flow_write(struct flow_written *w, const struct flow_dialect *d, const struct flow_rule *r,
                const struct flow_place *at);

/* The two rules that make a table behind the first: what comes in by port `in` goes there, and what no rule
 * there takes goes on to the port, as if there were no such table. */
void flow_write_jump(struct flow_written *w, const struct flow_dialect *d, uint16_t in);
void flow_write_rest(struct flow_written *w, const struct flow_dialect *d, uint16_t in);

/* Parts of it. */
void flow_write_attr(struct flow_written *w, const struct flow_dialect *d);
void flow_write_port_item(struct flow_written *w, const struct flow_dialect *d, uint16_t in);
void flow_write_pattern(struct flow_written *w, const struct flow_dialect *d, const struct flow_rule *r,
                        uint16_t in);
void flow_write_actions(struct flow_written *w, const struct flow_dialect *d, const struct flow_rule *r,
                        const struct flow_place *at);
void flow_write_rest_action(struct flow_written *w, const struct flow_dialect *d, uint16_t in);
void flow_write_jump_action(struct flow_written *w);

#endif
