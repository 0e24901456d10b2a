/* engine_own: what the files of the engine share. See engine.h.
 *
 *   engine.c       net, splice and exchange made one object; the stages of a burst; timers, configurations
 *   engine_flow.c  the flow engine in front of it
 *   engine_view.c  what control threads look at */
#ifndef LACON_WORKER_ENGINE_OWN_H
#define LACON_WORKER_ENGINE_OWN_H

#include "agent/exchange/exchange.h"
#include "agent/net/net.h"
#include "agent/splice/splice.h"
#include "agent/worker/engine.h"
#include "agent/worker/steering.h"

#define TRUSTED_MAX 64u /* as many as the configuration takes */

struct engine {
    struct counters cnt;
    struct frame_ops ops;
    struct net *net;
    struct splice *splice;
    struct exchanges *exchanges;
    struct roster *roster; /* its own; NULL: it shares one */
    struct steering steering;
    bool doubt[NET_MAX_IF]; /* by port: what its device says of checksums is not believed */
    uint32_t believed;      /* words since the last one that was verified */
    void (*give)(void *ctx, unsigned owner, struct frame *f);
    unsigned nworkers;
    uint32_t ntrusted;
    struct splice_network trusted[TRUSTED_MAX];
    /* the flow engine; all of it zero when there is none */
    const struct accel_provider *flow_provider;
    const struct accel_engine_class *flow_class;
    struct accel_engine *flow;
    struct flow_ops flow_ops;
    uint64_t (*cycles)(void);
    uint64_t emulation_cycles, worker_cycles;
    char flow_why[ACCEL_WHY];
};

/* ---- engine.c ---- */
/* n frames, at most ENGINE_BURST, through all stages; consumes them. mixed: engine_input_mixed(). */
void engine_take_burst(struct engine *e, struct frame *const f[], unsigned n, bool mixed, uint64_t now_ns);

/* ---- engine_flow.c; of all but the first, only where there is a flow engine ---- */
void engine_flow_start(struct engine *e, const struct engine_params *p);
/* A burst: first what emulated silicon would do before the worker sees it. */
void engine_flow_burst(struct engine *e, struct frame *const f[], unsigned n, bool mixed, uint64_t now_ns);
void engine_flow_answers(struct engine *e, uint64_t now_ns);

#endif
