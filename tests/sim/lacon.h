/* lacon: the thing under test inside the model world: one engine per worker, fed with frames in bursts and
 * with virtual time, watched by the oracle. */
#ifndef SIM_LACON_H
#define SIM_LACON_H

#include "agent/worker/engine.h"
#include "tests/sim/frames.h"
#include "tests/sim/lan.h"
#include "tests/sim/measure.h"
#include "tests/sim/oracle.h"
#include "tests/sim/plan.h"
#include "tests/sim/rss.h"

#define LACON_WORKERS 8
#define LACON_PORTS   2
#define LACON_QUEUE   1024

/* What the rings between workers do. */
enum lacon_ring {
    RING_RUNS,  /* its reader looks soon */
    RING_WAITS, /* its reader looks when it has got something itself */
    RING_FULL,  /* takes nothing */
};

/* Frames in order of arrival. */
struct lacon_lane {
    struct frame *f[LACON_QUEUE];
    unsigned n;
};

/* As agent/worker has it: a receive queue, and a ring from each other worker. */
struct lacon_worker {
    struct lacon *lacon;
    unsigned index;
    struct engine *engine;
    struct lacon_lane rx, from[LACON_WORKERS];
    struct sim_timer t_poll, t_tick;
    uint64_t calls; /* of the engine */
    struct measure_calls measured;
};

struct lacon {
    struct sim *sim;
    struct book *book; /* exchanges that the access log must know; may be NULL */
    const struct config *config;
    struct roster *roster; /* all workers' */
    unsigned nworkers, nports;
    struct lacon_worker worker[LACON_WORKERS];
    struct lan_port port[LACON_PORTS];
    struct shared *shared; /* of the workers */
    struct flow_accord *accord;
    struct frames frames;
    struct oracle oracle;
    const struct accel_provider *flow; /* its engine carries large responses; NULL: there is none */
    const char *flow_profile;
    /* What each interface's device spreads frames by; steer is NULL where it cannot be steered. */
    struct {
        struct steer_device device;
        struct steer *steer;
    } rss[LACON_PORTS];
    bool words;          /* devices tell of checksums, and take VLAN tags out (words.h) */
    uint64_t misplaced;  /* TCP segments that reached another worker than their flow's */
    int64_t clock_set_s; /* the wall clock was set by so much since the start */
    bool down;           /* crashed */
    unsigned spray;   /* permille of frames that reach a worker drawn at random, not the one of their flow */
    unsigned reaches; /* all frames reach the worker before this one; 0: as the device spreads them */
    enum lacon_ring ring;
    uint64_t poll_ns;               /* frames wait up to this long, so that bursts form */
    uint64_t logged, logged_before; /* exchanges; of those, before the last crash */
    struct access_record last_log;
};

/* The provider that every lacon of this process uses, from `--provider NAME` or NAME:PROFILE, where a
 * scenario or row names none of its own. False: there is no such provider. */
bool lacon_provider(const char *name);
bool lacon_force(const char *name); /* --provider: what its engine carries is counted in sim_stats */
/* The same for this process's one run, unless --provider names an engine. */
void lacon_provider_here(const char *name);
bool lacon_has_engine(void);
/* From now on engines are offered all that the rules of agent/splice/offload.c allow, at once; without it, as
 * in operation, what is worth it. Where --provider names an engine: rows, and scenarios with odd seeds. */
void lacon_eager(bool on);
/* Flows that are watched for an engine at once (flow_taste.places), until the next lacon_provider(). */
void lacon_places(uint32_t n);
/* Bytes that a response must have left to be carried by an engine. */
#define LACON_FLOW_LEAST 20000u

/* Starts the engines on config; interface i is attached to lan[i]. The config outlives it. `steered`: the
 * devices spread frames by RSS and tell how (rss.h); otherwise by what lacon does not know. */
void lacon_start(struct lacon *l, struct sim *s, const struct config *config, struct lan *const lan[],
                 struct book *book, bool steered);
/* Ends the engines; checks that every frame came back. */
void lacon_stop(struct lacon *l);

/* The process is gone: no segment says so, and nothing of its state is left. Its addresses are free until it
 * is revived with another secret. */
void lacon_crash(struct lacon *l);
void lacon_revive(struct lacon *l);

void lacon_drain(struct lacon *l);
/* Its time of day, in seconds since 1970; and the clock is set, by so many seconds. */
int64_t lacon_wall_s(const struct lacon *l);
void lacon_set_clock(struct lacon *l, int64_t by_s);
/* The workers take what has changed in the roster. */
void lacon_sync(struct lacon *l);
/* Another configuration, of number id, for all engines at once; it outlives them. */
void lacon_reload(struct lacon *l, const struct config *next, uint32_t id);
/* Frees what engines made of configurations that no exchange uses any more; returns how many of them. */
unsigned lacon_collect(struct lacon *l);
bool lacon_idle(const struct lacon *l); /* no client connection, no exchange on any worker */
uint64_t lacon_kept(const struct lacon *l);
/* Sum over all workers of one counter, named by its offset in struct counters. */
uint64_t lacon_count(const struct lacon *l, size_t offset);
void lacon_print_measures(const struct lacon *l);
/* All counters that are not zero, by name. */
void lacon_print_counters(const struct lacon *l);
#define LACON_COUNT(l, field) lacon_count(l, offsetof(struct counters, field))

#endif
