/* engine: everything one worker does with frames, in plain C: parse, look up, splice, exchange, timers. No
 * EAL, no clock, no thread of its own: the worker loop, the simulator and the fuzzers all drive this same
 * object with frames and a time.
 *
 * One thread calls an engine. What other threads may read is said at each function. */
#ifndef LACON_WORKER_ENGINE_H
#define LACON_WORKER_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "accel/accel.h"
#include "agent/base/counters.h"
#include "agent/base/frame.h"
#include "agent/base/memory.h"
#include "agent/base/siphash.h"
#include "agent/exchange/access.h"
#include "agent/exchange/roster.h"
#include "config/config.h"

/* What the driver knows about each of the configuration's interfaces, in the same order; index = frame.port.
 */
struct engine_port {
    uint8_t mac[6];
    uint16_t mtu;
    bool up;
    bool doubt; /* what its device says of checksums is not believed */
    const struct steer
        *steer; /* how its device spreads segments; NULL: it cannot be steered. Outlives the engine */
};

struct engine_params {
    const struct config *config; /* outlives the engine */
    struct shared
        *shared; /* of all workers, outlives the engines; NULL: this one's own (agent/exchange/shared.h) */
    struct roster *roster; /* shared by all workers, outlives the engines; NULL: one of the engine's own */
    const struct engine_port *port; /* config->ninterface of them; copied */
    unsigned worker, nworkers;
    uint8_t secret[32];   /* drawn at boot; the same for all workers: hashing, cookies, ISNs */
    struct frame_ops ops; /* copied */
    /* Gives f, which engine_input_mixed() was given, to the worker that owns it; ENGINE_ALL: gives copies to
     * every other worker, and f stays the engine's. NULL: there is one worker, or no device steers. */
    void (*give)(void *ctx, unsigned owner, struct frame *f); /* ctx: that of ops */
    struct access_sink log;                                   /* where finished exchanges go; copied */
    /* Who carries large responses past the splice; NULL: nobody. Where it cannot be made, the engine does
     * without, and engine_flow_why() says why. */
    const struct accel_provider *flow;
    struct accel_engine_params flow_params; /* copied; ops: where an emulated engine sends */
    uint64_t flow_least;                    /* bytes that such a response must have left */
    bool flow_eager;                        /* for tests: flow_taste.eager */
    uint32_t flow_places;                   /* for tests: flow_taste.places */
    uint64_t (*cycles)(void);               /* for the emulation's own time; NULL: it is not measured */
    uint64_t now_ns;
    int64_t wall_offset_ns; /* wall clock (ns since 1970) minus now_ns, for log times */
};

struct engine;

/* NULL when memory is short. destroy(NULL) is legal; it sends nothing. */
struct engine *engine_create(const struct engine_params *p);
void engine_destroy(struct engine *e);

/* Takes n frames (consumes each: sends, keeps nothing, frees). Frames to send are given to ops.send before
 * this returns. */
#define ENGINE_BURST 32
void engine_input(struct engine *e, struct frame *const f[], unsigned n, uint64_t now_ns);
/* The same from a queue of an interface that engine_steers(): nearly all of them are this worker's. A segment
 * of a flow that this worker has is its own, and nothing more is asked; of the others, each goes to its owner
 * by `give`. */
void engine_input_mixed(struct engine *e, struct frame *const f[], unsigned n, uint64_t now_ns);
bool engine_steers(const struct engine *e, uint16_t port);

/* Fires due timers. */
void engine_tick(struct engine *e, uint64_t now_ns);

/* Not later than the next time at which engine_tick has something to do; UINT64_MAX for never. */
uint64_t engine_next_ns(const struct engine *e);

void engine_set_link(struct engine *e, uint16_t port, bool up, uint64_t now_ns);

/* ---- another configuration (agent/exchange/generation.c says how) ----
 * Of the next configuration only listeners, routes, clusters and admin may differ. The engine's own
 * generation is made by engine_create(). */
struct generation;
int engine_bind(struct engine *e, struct generation *g, uint64_t now_ns); /* 0 or -ENOMEM */
void engine_unbind(struct engine *e, struct generation *g, uint64_t now_ns);
void engine_adopt(struct engine *e, struct generation *g, uint64_t now_ns); /* after engine_bind() */
struct generation *engine_retired(struct engine *e); /* the next one to be destroyed, or NULL */

/* What has changed in the roster is taken now; otherwise before the next burst or tick. */
void engine_sync(struct engine *e, uint64_t now_ns);

/* The wall clock minus now_ns is this from now on: for log times, Date fields, variables. */
void engine_set_wall(struct engine *e, int64_t wall_offset_ns);

/* Drain: accept no new connection, close idle ones, add Connection: close to responses. engine_idle(): no
 * client connection and no exchange is left. */
void engine_drain(struct engine *e, uint64_t now_ns);
bool engine_idle(const struct engine *e);

/* Which worker a frame belongs to (the same answer on every worker), or ENGINE_ALL for ARP and ND and what
 * every worker must see. Pure; any thread. */
#define ENGINE_ALL UINT32_MAX
unsigned engine_owner(const struct engine *e, const struct frame *f);

/* ---- for control threads, at any time ---- */

const struct counters *engine_counters(const struct engine *e); /* read with counter_read() */

/* The flow engine's figures, NULL when there is none (and why); the cycles that its emulation took, and those
 * of the frames that came to the worker. */
struct engine_flow_info {
    const char *provider, *about; /* static strings; provider NULL: none */
    const struct accel_stats *stats;
    uint32_t entries;
    uint64_t misses; /* frames that came to the worker: silicon does not tell of them */
    uint64_t emulation_cycles, worker_cycles;
};
void engine_flow(const struct engine *e, struct engine_flow_info *out);
const char *engine_flow_why(const struct engine *e); /* "" when there is one, or none was asked for */

/* One connection as laconctl shows it. */
struct engine_conn_info {
    struct flow_key key;
    bool client;
    const char *state;          /* static string */
    struct flow_key peer_key;   /* zero when it has no peer */
    uint32_t cluster, endpoint; /* CFG_NONE when none */
    uint8_t generation;         /* low bits of the configuration's number that these are indexes of */
    uint64_t bytes_in, bytes_out;
    uint64_t age_ns; /* since it opened, relative to now_ns given */
};
/* Fills info for slot i < engine_conn_slots(). False when the slot is empty. */
uint32_t engine_conn_slots(const struct engine *e);
bool engine_conn_info(const struct engine *e, uint32_t i, uint64_t now_ns, struct engine_conn_info *info);

/* One client address as laconctl shows it, of those below engine_client_slots(). False: nobody there. */
struct engine_client_info {
    struct ip_addr addr; /* of an IPv6 client its /64 */
    uint32_t conns;
    uint64_t kept; /* bytes */
};
uint32_t engine_client_slots(const struct engine *e);
bool engine_client_info(const struct engine *e, uint32_t i, struct engine_client_info *info);

/* Adds what the engine takes at most, part by part. What depends on the configuration alone (routes,
 * balancing) is left out: traffic cannot make it grow. */
void engine_memory(const struct engine *e, struct memory_list *l);

/* Memory held by kept bytes, and its bound. */
uint64_t engine_kept_bytes(const struct engine *e, uint64_t *total);

/* The TCP side, for tests that look inside. The worker's thread only. */
struct splice;
const struct splice *engine_splice(const struct engine *e);

/* What would become of a request (exchanges_explain()). The worker's thread only. */
struct explain;
void engine_explain(struct engine *e, struct explain *q, uint64_t now_ns);

/* Neighbours for laconctl: net_neighbours() of the engine's net. The worker's thread only (a control thread
 * comes by workers_call()). */
struct net_neigh_info;
void engine_neighbours(const struct engine *e, void (*fn)(void *arg, const struct net_neigh_info *i),
                       void *arg);

#endif
