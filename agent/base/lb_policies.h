/* The balancing algorithms, once: config takes their names from this list, lb-policy their tables, so that
 * neither can know one that the other lacks. A line here, a file in lb-policy, its tests: that is all of a
 * new one (lb-policy/README.md).
 *
 *   X(enum suffix, name in the configuration and of the table lb_NAME, decides by a hash of the request?) */
#ifndef LACON_BASE_LB_POLICIES_H
#define LACON_BASE_LB_POLICIES_H

#define LB_POLICIES(X)                                                                                       \
    X(ROUND_ROBIN, round_robin, false)                                                                       \
    X(LEAST_CONN, least_conn, false)                                                                         \
    X(RANDOM, random, false)                                                                                 \
    X(EWMA, ewma, false)                                                                                     \
    X(SOURCE_HASH, source_hash, true)                                                                        \
    X(RING_HASH, ring_hash, true)                                                                            \
    X(MAGLEV, maglev, true)

#endif
