/* What a flow engine's parser sees of a frame: enough to match a rule (agent/base/flow_rule.h, "plain"), and
 * no more than the first bytes, as silicon has it. */
#ifndef LACON_ACCEL_PLAIN_H
#define LACON_ACCEL_PLAIN_H

#include <stdbool.h>

#include "agent/base/flow_rule.h"
#include "agent/base/frame.h"

#define PLAIN_DEPTH 128u /* bytes that the parser can look at */

struct plain {
    struct flow_key key; /* remote: source */
    uint16_t vlan;       /* 0: untagged */
    uint16_t l3, l4;     /* offsets */
    uint32_t l4_len;     /* TCP header and payload, without Ethernet padding */
};

/* False: not plain. Checks lengths and both checksums; the TCP one over the payload too. */
bool plain_parse(const struct frame *f, struct plain *out);

/* Rewrites the frame that plain_parse() has seen, as the rule says; checksums are brought up to date from
 * what is changed alone, so that damage on the way stays visible to the receiver. */
void plain_rewrite(struct frame *f, const struct plain *p, const struct flow_rule *r);

#endif
