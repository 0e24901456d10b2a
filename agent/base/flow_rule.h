/* flow_rule: what a flow engine (a NIC's, or one that is emulated) is asked to do with one direction of one
 * splice, and how it is asked. The words are those of agent/splice, which writes rules, and of accel/, which
 * has engines; neither knows the other.
 *
 * A rule takes every TCP segment of one four-tuple that is plain, and sends it on with other addresses,
 * ports, MAC addresses, VLAN tag, TTL (WIRE_TTL), and with constants added to its sequence and
 * acknowledgement numbers. It changes nothing else: no window, no option, no payload; it knows no ranges of
 * sequence numbers.
 *
 * Plain is: IPv4 without options, with DF, no fragment, TOS 0, or IPv6 without extension headers, traffic
 * class 0; TCP without options; ACK set, SYN, FIN, RST, URG, ECE and CWR not; right checksums. Everything
 * else of the flow misses, and comes to the worker.
 *
 * Ownership and answers
 *  1. insert() that returns 0 gives the tag to the engine. From that instant segments may be taken by the
 *     rule, before FLOW_IN tells so; and others may still miss, in any order.
 *  2. The tag is the caller's again when FLOW_GONE is told, once, whatever came before: the rule was refused
 *     (no FLOW_IN then), removed as asked, aged, or lost with its engine. After FLOW_GONE no segment is taken
 *     by it any more; those that were may still be under way to their receiver.
 *  3. remove() may be called at any time in between, also before FLOW_IN, and again: it asks, nothing more.
 *     Until FLOW_GONE the rule may take segments.
 *  4. Answers come from the engine's poll() alone, never from within insert(), remove() or flush().
 *  5. flush() is the last resort, and synchronous: when it returns no rule of this caller takes segments, and
 *     FLOW_GONE is told of each by the next poll(). A rule that the device will not let go of even
 *     then is not told of: it keeps its tag, and flush() may be called again.
 *  6. Counters count what the rule took, repetitions included. FLOW_GONE carries the last ones (`counted`),
 *     where the engine still had them; of one whose counters end with their rules, without the last segments.
 *  One thread, the worker's, calls all of it; `now_ns` is its clock. */
#ifndef LACON_BASE_FLOW_RULE_H
#define LACON_BASE_FLOW_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/addr.h"

struct flow_rule {
    struct flow_key in; /* as the segments come: remote sends them, local is ours */
    uint16_t in_port, in_vlan;
    struct flow_key out; /* as they leave: to remote, from local; of the same family */
    uint16_t out_port, out_vlan;
    uint8_t dmac[6], smac[6];
    uint32_t seq_add, ack_add; /* modulo 2^32 */
};

enum flow_told {
    FLOW_IN,
    FLOW_GONE,
};

#define FLOW_WHYS(X)                                                                                         \
    X(ASKED, "removed as asked")                                                                             \
    X(FULL, "the table is full")                                                                             \
    X(REFUSED, "the engine cannot do it")                                                                    \
    X(AGED, "no segment for too long")                                                                       \
    X(LOST, "the engine is gone")

enum flow_why {
#define X(id, text) FLOW_WHY_##id,
    FLOW_WHYS(X)
#undef X
        FLOW_WHY_COUNT
};

struct flow_answer {
    uint32_t tag;
    uint8_t told;            /* enum flow_told */
    uint8_t why;             /* enum flow_why, of FLOW_GONE */
    bool counted;            /* FLOW_GONE: packets and bytes are what the rule took */
    uint64_t packets, bytes; /* bytes of whole frames, Ethernet header included */
};

struct flow_ops {
    /* 0, or -errno and the tag stays the caller's: -EAGAIN (too many requests are under way), -ENODEV (the
     * engine is gone), -ENOTSUP (never). */
    int (*insert)(void *ctx, uint32_t tag, const struct flow_rule *r, uint64_t now_ns);
    void (*remove)(void *ctx, uint32_t tag, uint64_t now_ns);
    void (*flush)(void *ctx, uint64_t now_ns);
    void *ctx;
    uint32_t entries; /* rules that it has room for; 0: there is no engine. Tags are below flow_tags() */
    uint32_t rate;    /* insertions a second that it says to be capable of; 0: it says nothing */
};

/* More than there is room for, so that it is the engine which finds out that it is full. */
static inline uint32_t flow_tags(uint32_t entries)
{
    return 2 * entries;
}

#endif
