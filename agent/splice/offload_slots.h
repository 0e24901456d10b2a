/* offload_slots: where flows are kept while they are watched for a flow engine, and while it carries them.
 * Internal to offload.c, which says what happens to them. The worker's thread.
 *
 * There are more slots than rules, and flows that are only watched can have taken all of them. Then one flow
 * at a time is on trial beside them. Once its rate is known, one that is only watched and is stuck or slower
 * gives way to it (flow_policy.h, 6), or it is turned away and the next that comes is tried. Who acks often
 * comes often, so fast flows are tried soon. A tag is had with a rule alone. */
#ifndef LACON_SPLICE_OFFLOAD_SLOTS_H
#define LACON_SPLICE_OFFLOAD_SLOTS_H

#include "agent/splice/internal.h"

enum offload_state {
    WATCH, /* no rule exists: its rate is being learned, or it was found unfit, or its rule is gone */
    ASKED,
    IN,
    LEAVING,
};

struct offload {
    struct conn *e; /* NULL: LEAVING, and its conn has ended; or the slot is free */
    struct conn *c; /* its client; NULL: they have parted */
    uint8_t state, tries;
    bool unfit;   /* WATCH: it could not have a rule when it was last looked at */
    uint32_t tag; /* not WATCH */
    struct flow_rule rule;
    struct offload *next, **pprev; /* of the look list, or the free list */
    pos_t until;                   /* R1 */
    pos_t delta;                   /* out position = in position + delta, modulo 2^64 */
    uint64_t look_ns, asked_ns;
    uint64_t left_ns; /* its removal was asked for, first */
    struct flow_gauge gauge;
    struct splice_remote *remote; /* e NULL: whose port is kept back */
    uint32_t last_seq;
};

/* e's, or NULL. */
static inline struct offload *slot_of(const struct conn *e)
{
    return e->has & USE_OFFLOAD ? e->extra->off : NULL;
}

/* e is watched from now on, in a slot or on trial. Nothing happens when there is no place. */
void slot_open(struct splice *s, struct conn *e);
/* f, which has no rule, is not watched any more. */
void slot_close(struct splice *s, struct offload *f);
/* f, in WATCH, has just been looked at. Where it stays: f; of a flow on trial the slot that it has now; NULL:
 * it may not ask for a rule, because its trial goes on or it was turned away (f is not to be used then). */
struct offload *slot_settle(struct splice *s, struct offload *f);

/* f->tag, the engine's from now on. There is one: no more rules may exist than the engine has room for. */
void tag_take(struct offloads *o, struct offload *f);
/* The engine has given it back. */
void tag_back(struct offloads *o, const struct offload *f);

/* The list of looks: each is at its end, due LOOK_NS after it was added. */
void look_add(struct splice *s, struct offload *f);
void look_remove(struct splice *s, struct offload *f);

#endif
