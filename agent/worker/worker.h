/* worker: the per-core threads that move frames between the devices and an engine each, and what other
 * threads may ask of them.
 *
 * Life: io_start() -> workers_start() -> ... -> workers_stop() -> io_stop(). Workers share nothing but the
 * rings declared here; a worker's engine is touched by its own thread only, except for the functions that
 * engine.h lists as being for control threads. Everything below may be called from any thread that is not a
 * worker, at any time between start and stop, unless a function says otherwise. */
#ifndef LACON_WORKER_WORKER_H
#define LACON_WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "accel/negotiate.h"
#include "accel/steer.h"
#include "agent/base/counters.h"
#include "agent/exchange/access.h"
#include "agent/io/io.h"
#include "agent/worker/engine.h"
#include "config/config.h"

struct workers;
struct worker;

/* Starts config->dpdk.workers threads on the queues of `io`; `config` and `io` are borrowed until
 * workers_stop(), also after a reload. 0 or -errno, the reason is logged. On return frames are being taken.
 */
int workers_start(const struct config *config, struct io *io, struct workers **out);

/* Stops and joins all threads, then frees engines, rings and the object itself; nothing is sent to peers.
 * NULL is legal. No other thread may be inside a function of this header. */
void workers_stop(struct workers *ws);

/* Asks every engine to drain; workers_idle() is true once all of them are idle. */
void workers_drain(struct workers *ws);
bool workers_idle(struct workers *ws);

/* Looks at the link of every port and tells the engines what has changed (logged). One thread calls it, a few
 * times a second. */
void workers_check_links(struct workers *ws);

/* Looks whether the wall clock was set, and tells the engines. Likewise. */
void workers_check_clock(struct workers *ws);

/* Another configuration for all workers: what begins after this returns begins under it, what is in flight
 * ends under its own. `next` differs from the present one only where config_needs_restart() lets it; it is
 * taken over. 0; -ENOMEM: nothing has changed, and next is the caller's still. Main thread. */
int workers_reload(struct workers *ws, struct config *next);
/* Frees the configurations that are no longer in use. Main thread, a few times a second. */
void workers_collect(struct workers *ws);

/* Between hold and release no configuration is freed; any thread but main, for no longer than an answer
 * takes. */
void workers_hold_configs(struct workers *ws);
void workers_release_configs(struct workers *ws);
/* While held, or on the main thread: the newest one, with its number (NULL: not asked for), and that of a
 * given number, NULL when it is gone. */
const struct config *workers_config(const struct workers *ws, uint32_t *id);
const struct config *workers_config_of(const struct workers *ws, uint32_t id);
/* What is known of the endpoints; lives as long as the workers. */
struct roster *workers_roster(const struct workers *ws);
/* Has every worker take what has changed in it, and waits for that. */
void workers_sync(struct workers *ws);
unsigned workers_count(const struct workers *ws);
struct worker *workers_at(const struct workers *ws, unsigned i);

/* Ports in the order of config->interface. The strings live as long as the workers. */
unsigned workers_port_count(const struct workers *ws);
void workers_port(const struct workers *ws, unsigned i, struct io_port_info *out);

/* Who was chosen for each accelerator hook, and why. */
const struct accel_choices *workers_accel(const struct workers *ws);

/* The clock that engines are driven by: CLOCK_MONOTONIC in nanoseconds. */
uint64_t workers_now_ns(void);

/* Runs fn(engine, arg, now_ns) on worker i's thread, between two bursts: with `wait`, returns after it has
 * run; without, at once (arg must outlive the call). A worker that sleeps is woken. fn must be short: it
 * holds up traffic. 0; -ENOMEM; -ESHUTDOWN once workers_stop() has begun (fn is not run). */
typedef void worker_fn(struct engine *e, void *arg, uint64_t now_ns);
int workers_call(struct workers *ws, unsigned i, worker_fn *fn, void *arg, bool wait);

struct engine *worker_engine(const struct worker *w);

/* What the loop counts itself: handed_over, log_dropped, drop_tx_full, drop_handover_full. Everything else is
 * in engine_counters(). The two add up to a worker's figures. Read with counter_read(). */
const struct counters *worker_counters(const struct worker *w);

/* Adds what this worker takes at most: its engine, its rings (a worker's part of those between workers). */
void worker_memory(const struct worker *w, struct memory_list *l);

/* Takes the oldest access-log record. False: none. At most one thread at a time per worker. */
bool worker_log_take(struct worker *w, struct access_record *out);

/* Records ever put into the log ring and ever taken out of it, modulo 2^32. */
uint32_t worker_log_written(const struct worker *w);
uint32_t worker_log_taken(const struct worker *w);

/* A moment's picture. Times count from the worker's start; idle_ns + busy_ns is its age. */
struct worker_info {
    int core;         /* CPU it is pinned to, -1: floats */
    int tid;          /* Linux thread id */
    uint64_t busy_ns; /* rounds that found something to do */
    uint64_t idle_ns; /* rounds that found nothing, and sleep */
    uint64_t busy_cycles;
    uint64_t rounds; /* of the loop */
    uint64_t sleeps; /* times it blocked */
    unsigned queues; /* receive queues it polls */
};
void worker_info(const struct worker *w, struct worker_info *out);

#endif
