/* accel: the accelerator hooks, and who may fill them.
 *
 * A hook is one thing that hardware may do for lacon. A provider is a constant table that fills some of them:
 *
 *   hook    what it does                                            filled by
 *   CSUM    the sum over a payload's bytes                          soft, simd
 *   SCAN    head end and delimiters in message heads                soft, simd
 *   FLOW    carries plain segments of one direction of a splice     emu, faulty, rte_flow; without one every
 *           past the worker                                         frame takes the worker's own path
 *   PARSE   what a device tells about a frame with it: that its     soft, device
 *           TCP checksum was verified
 *   STEER   frames reach the worker that owns their flow            soft, device
 *
 * `soft` is the meaning of each hook; every other provider is tested against it. Software is always the last
 * choice, so nothing depends on hardware. accel/README.md walks through writing a provider.
 *
 * Threads: providers are constant. CSUM and SCAN are pure. An engine belongs to one worker's thread from
 * create() to destroy(); only `stats` may be read elsewhere (counter_read()).
 *
 * An engine's rules of ownership and completion are those of agent/base/flow_rule.h. Of engines that sit in
 * silicon only requests and answers come by here; of one that is emulated also the frames, by pass(). */
#ifndef LACON_ACCEL_ACCEL_H
#define LACON_ACCEL_ACCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/flow_rule.h"
#include "agent/base/frame.h"
#include "agent/base/kernels.h"

#define ACCEL_HOOKS(X)                                                                                       \
    X(CSUM, "checksum")                                                                                      \
    X(SCAN, "head-scan")                                                                                     \
    X(FLOW, "flow")                                                                                          \
    X(PARSE, "parse")                                                                                        \
    X(STEER, "steer")

enum accel_hook {
#define X(id, name) ACCEL_##id,
    ACCEL_HOOKS(X)
#undef X
        ACCEL_HOOK_COUNT
};

/* What happens in an engine. One writer; others read with counter_read(). */
#define ACCEL_STATS(X)                                                                                       \
    X(hits, "frames that rules took")                                                                        \
    X(hit_bytes, "bytes of these")                                                                           \
    X(misses, "frames that went on to the worker")                                                           \
    X(rules, "rules in the table now")                                                                       \
    X(inserted, "rules inserted")                                                                            \
    X(removed, "rules removed as asked")                                                                     \
    X(full, "insertions refused: the table is full")                                                         \
    X(refused, "requests refused: too many are under way, or it cannot")                                     \
    X(aged, "rules that saw no segment for too long")                                                        \
    X(lost, "rules lost with the engine")                                                                    \
    X(insert_ns, "sum of the times from request to effect of insertions, nanoseconds")

struct accel_stats {
#define X(field, text) uint64_t field;
    ACCEL_STATS(X)
#undef X
};

/* One of the configuration's interfaces (index: frame.port), as its driver tells of it. */
struct accel_port {
    const char *name; /* in the file */
    uint16_t id;      /* DPDK's number */
    uint16_t vlan;    /* 0: untagged */
    bool checks_sums; /* the device checks the TCP sums of what it receives */
    bool steers;      /* frames can be steered to workers (steer.h) */
    const char *steer_why;
    uint32_t flow_jobs; /* that each worker's queue for flow rules takes (flow_prepare()); 0: it has none */
};
#define ACCEL_PORTS 16u

/* Of the frames whose checksum a device says is right, one in so many is verified by the worker as well. */
#define ACCEL_SPOT_CHECK 1024u

struct flow_api;
struct flow_accord;

struct accel_engine_params {
    const char *profile;           /* of an emulated engine; NULL: the provider's first */
    struct frame_ops ops;          /* where emulated silicon sends frames; copied */
    uint64_t seed;                 /* for providers that draw */
    const struct accel_port *port; /* nports <= ACCEL_PORTS of them; copied */
    unsigned nports;
    const struct flow_api *api; /* how real NICs are asked; NULL: there is no DPDK here */
    unsigned worker, nworkers;
    struct flow_accord *accord; /* of the workers' engines on real NICs, outlives them; NULL: none is needed,
                                 * for there is one, or it is a trial */
    uint64_t (*clock_ns)(void); /* to tell how long calls take; NULL: it is not told */
    bool v6;                    /* must be able to carry IPv6 */
};

struct accel_engine;

struct accel_engine_class {
    /* NULL: it cannot; why (at least ACCEL_WHY bytes) says so, in words. */
    struct accel_engine *(*create)(const struct accel_engine_params *p, char *why);
    void (*destroy)(struct accel_engine *e); /* NULL is legal; rules are gone afterwards */
    /* Does it serve frames that come in by that port? why (at least ACCEL_WHY bytes) says how, or why not.
     * Not on the worker's fast path. NULL: it serves every port alike. */
    bool (*serves)(const struct accel_engine *e, unsigned port, char *why);
    struct flow_ops (*ops)(struct accel_engine *e);
    /* Fills at most max answers, oldest first. */
    unsigned (*poll)(struct accel_engine *e, uint64_t now_ns, struct flow_answer out[], unsigned max);
    /* When poll() will have something, as far as is known now; UINT64_MAX: only an event will tell. */
    uint64_t (*next_ns)(const struct accel_engine *e);
    /* Emulation alone, NULL elsewhere: the silicon's way for a burst from the wire. Frames that a rule takes
     * are rewritten and sent; the others stay in f[] in their order, and their number is returned. */
    unsigned (*pass)(struct accel_engine *e, struct frame *f[], unsigned n, uint64_t now_ns);
    const struct accel_stats *(*stats)(const struct accel_engine *e);
    size_t (*memory)(const struct accel_engine *e); /* bytes of ours that it takes at most */
    /* Where numbers come from, in words. */
    const char *(*about)(const struct accel_engine *e);
};

#define ACCEL_WHY 200

struct accel_provider {
    const char *name, *text;
    uint32_t hooks; /* bits 1u << enum accel_hook */
    /* CSUM, SCAN: the set for this CPU; NULL with why when it has none. */
    const struct kernels *(*kernels)(const char **name, char *why);
    const struct accel_engine_class *engine; /* FLOW */
};

/* Ends with NULL; soft is the last. */
extern const struct accel_provider *const accel_providers[];
const struct accel_provider *accel_find(const char *name); /* NULL: there is none */
const char *accel_hook_name(enum accel_hook h);

extern const struct accel_provider accel_soft, accel_simd, accel_device, accel_rte_flow, accel_emu,
    accel_faulty;
extern const struct accel_engine_class rte_flow_engine;

#endif
