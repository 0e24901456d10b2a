/* offload: which endpoint-to-client flows a flow engine carries, and what must hold while it may. Internal to
 * splice; see offload.c. */
#ifndef LACON_SPLICE_OFFLOAD_H
#define LACON_SPLICE_OFFLOAD_H

#include "agent/base/flow_rule.h"
#include "agent/splice/flow_policy.h"
#include "agent/splice/splice.h"

struct offload;

/* One worker's. Part of struct splice. */
struct offloads {
    struct flow_ops ops;
    struct flow_policy policy;
    struct offload *slab, *free; /* `slots` of them, and one on trial (offload_slots.h) */
    uint32_t slots, used, hand;
    struct offload **of_tag; /* whose rule a tag is */
    uint32_t *free_tag;      /* tags that are ours, ntag of flow_tags(ops.entries) */
    uint32_t ntag;
    uint32_t rules;                          /* that may exist */
    struct offload *look_first, **look_last; /* rules, in the order in which they are looked at */
    uint64_t least;                          /* bytes left of a flow that is looked at: flow_taste.least */
    struct offload *slowest;                 /* its rule moved least at its last look; NULL: none is known */
};

/* 0 or -ENOMEM. */
int offload_init(struct splice *s, const struct flow_ops *ops, const struct flow_taste *t);
void offload_fini(struct splice *s);

/* A segment of e, an endpoint's, has gone to its client: is this a flow for the engine? Called when at least
 * offloads.least bytes are mapped and not acked. */
void offload_consider(struct splice *s, struct conn *e);

/* The right edge that e may be shown while a rule may exist, at most `edge`. */
pos_t offload_edge(struct splice *s, struct conn *e, pos_t edge);
/* e has been shown in_edge_high: the engine may have sent that far. */
void offload_shown(struct conn *e);

/* The rule of e has to go. Nothing happens when it has none. */
void offload_leave(struct splice *s, struct conn *e);
/* e and its client are taken apart. */
void offload_part(struct splice *s, struct conn *e);
/* e's slot is given back. True: its port is kept back until its rule is gone, and given then. */
bool offload_holds_port(struct splice *s, struct conn *e);

void offload_tick(struct splice *s);
uint64_t offload_next_ns(const struct splice *s);
size_t offload_memory(const struct splice *s);

#endif
