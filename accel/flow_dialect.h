/* flow_dialect: in which of its words a device is told a rule. The flow API has two generations of actions,
 * three ways to name a port, and devices that know some of them; a dialect picks one for each. Which one a
 * device understands is found by asking it, in order of preference: what is exact before what is nearly so.
 *
 * Each word but three means the same to a segment. The three, and what a rule then does besides, which is no
 * harm to what is carried:
 *   DF ANY         it takes segments without DF too; they leave without
 *   TTL DEC        the TTL goes down by one, instead of becoming ours
 *   COUNT IN RULE  the counter ends with its rule: what was taken after the last question is not counted */
#ifndef LACON_ACCEL_FLOW_DIALECT_H
#define LACON_ACCEL_FLOW_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most significant first: the last field is the first to be tried otherwise. */
#define FLOW_DIALECT(X)                                                                                      \
    X(df, 2)                                                                                                 \
    X(ttl, 2)                                                                                                \
    X(count, 2)                                                                                              \
    X(age, 2)                                                                                                \
    X(where, 3)                                                                                              \
    X(group, 2)                                                                                              \
    X(untagged, 2)                                                                                           \
    X(adds, 4)                                                                                               \
    X(sets, 2)

struct flow_dialect {
#define X(field, n) uint8_t field;
    FLOW_DIALECT(X)
#undef X
};

enum { FLOW_DF_SET, FLOW_DF_ANY };              /* df: matched, or only that it is no fragment */
enum { FLOW_TTL_SET, FLOW_TTL_DEC };            /* ttl */
enum { FLOW_COUNT_SHARED, FLOW_COUNT_IN_RULE }; /* count: an indirect action, or an action */
enum { FLOW_AGE_DEVICE, FLOW_AGE_BY_COUNTER };  /* age: who notices that nothing comes */
enum { FLOW_UNTAGGED_BIT, FLOW_UNTAGGED_TYPE }; /* untagged: has_vlan and EtherType, or EtherType alone */
enum { FLOW_SETS_MODIFY, FLOW_SETS_OLD };       /* sets: MODIFY_FIELD, or SET_IPV4_SRC and the like */
enum {
    FLOW_WHERE_REPRESENTED, /* transfer rules, items and actions REPRESENTED_PORT */
    FLOW_WHERE_PORT_ID,     /* transfer rules, items and actions PORT_ID, which that replaced */
    FLOW_WHERE_INGRESS,     /* ingress rules, action PORT_ID */
};
/* adds: constants on 32-bit numbers, which wrap: less x is the same as plus 2^32 - x. */
enum { FLOW_ADDS_ADD, FLOW_ADDS_SUB, FLOW_ADDS_INC, FLOW_ADDS_DEC };

/* The next one in order of preference. False: there is none. The first is all zero. */
bool flow_dialect_next(struct flow_dialect *d);

/* In words, at most size bytes with the end. */
void flow_dialect_text(const struct flow_dialect *d, char *out, size_t size);

#endif
