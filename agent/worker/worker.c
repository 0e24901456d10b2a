/* The workers as one object: start, stop, and what other threads may ask; see worker.h. Runs on the threads
 * of main and control; the loop itself is in loop.c. */
#include "agent/worker/worker.h"

#include <errno.h>
#include <rte_cycles.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "accel/flow_accord.h"
#include "accel/flow_api.h"
#include "agent/base/log.h"
#include "agent/exchange/shared.h"
#include "agent/worker/core.h"
#include "agent/worker/reload.h"

struct workers {
    const struct config *config; /* the first one, borrowed: threads, memory and ports are as it says */
    struct snapshots snapshots;
    int64_t wall_offset_ns; /* as the engines know it; main's */
    struct shared *shared;
    struct roster *roster;
    struct io *io; /* borrowed */
    unsigned n;
    struct worker *worker[CFG_MAX_WORKERS];
    struct handover *handover;
    struct accel_port accel_port[ACCEL_PORTS]; /* by interface */
    struct accel_choices accel;                /* made at start, read-only afterwards */
    struct flow_accord *accord;                /* of the flow engines; NULL: there is one worker */
    struct steer *steer[ACCEL_PORTS];       /* how each device spreads frames; NULL: it cannot be steered */
    char steer_why[ACCEL_PORTS][STEER_WHY]; /* what came of it */
    bool *link_up; /* per port, as the engines were last told; the thread of workers_check_links() */
};

/* ---- start ---- */

static bool of_device(const struct workers *ws, unsigned port, enum accel_hook h)
{
    return ws->accel.port[port][h].provider == &accel_device;
}

static struct engine_port *engine_ports(const struct workers *ws)
{
    struct engine_port *p = calloc(io_port_count(ws->io), sizeof *p);
    struct io_port_info info;

    for (unsigned i = 0; p && i < io_port_count(ws->io); i++) {
        io_port(ws->io, i, &info);
        memcpy(p[i].mac, info.mac, sizeof p[i].mac);
        p[i].mtu = info.mtu;
        p[i].up = ws->link_up[i] = info.up;
        p[i].steer = of_device(ws, i, ACCEL_STEER) ? ws->steer[i] : NULL;
        p[i].doubt = !of_device(ws, i, ACCEL_PARSE);
    }
    return p;
}

static int64_t wall_offset(uint64_t now_ns)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * (int64_t)SEC_NS + ts.tv_nsec - (int64_t)now_ns;
}

/* Without dpdk.cores each worker gets a CPU of its own among those that the process may use, the last ones
 * first: interrupts and other work tend to the first. -1, floating, where there are fewer CPUs than workers.
 */
static int free_core(unsigned worker, unsigned nworkers)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0 || (unsigned)CPU_COUNT(&set) < nworkers)
        return -1;
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
        if (CPU_ISSET((unsigned)cpu, &set) && worker-- == 0)
            return cpu;
    return -1;
}

/* Everything of worker i but its thread. */
static int worker_create(struct workers *ws, unsigned i, struct engine_params *params)
{
    const struct cfg_dpdk *c = &ws->config->dpdk;
    struct worker *w = aligned_alloc(64, sizeof *w);

    if (!w)
        return -ENOMEM;
    memset(w, 0, sizeof *w);
    ws->worker[i] = w;
    w->wake.fd = -1;
    w->index = i;
    w->nworkers = ws->n;
    w->core = w->info.core = c->ncores ? (int)c->cores[i] : free_core(i, ws->n);
    w->spin = c->idle == CFG_IDLE_POLL;
    w->lane = io_lane(ws->io, i);
    w->info.queues = io_lane_queues(w->lane);
    w->handover = ws->handover;
    w->all = ws->worker;
    mailbox_init(&w->mailbox);
    spsc_init(&w->log_ring, WORKER_LOG_RING);
    params->worker = i;
    params->ops = (struct frame_ops){worker_frame_alloc, worker_frame_send, worker_frame_free, w};
    params->give = worker_frame_give;
    params->log = (struct access_sink){NULL, w};
    params->flow_params.ops = params->ops;
    params->flow_params.worker = i;
    if (ws->config->logging.access_log) {
        params->log.put = worker_log_put;
        w->log = malloc(WORKER_LOG_RING * sizeof *w->log);
        if (!w->log)
            return -ENOMEM;
    }
    w->engine = engine_create(params);
    if (!w->engine) {
        log_error("worker %u: not enough memory (dpdk.connections, dpdk.buffers, dpdk.syn_ring)", i);
        return -ENOMEM;
    }
    if (*engine_flow_why(w->engine))
        log_warning("worker %u: no flow engine: %s; every frame takes the worker's own path", i,
                    engine_flow_why(w->engine));
    return wake_init(&w->wake);
}

static uint64_t ticks(void)
{
    return rte_rdtsc();
}

static const char *hook_name(uint32_t choice)
{
    return choice ? cfg_accel_names[choice - 1] : NULL;
}

/* What drivers tell of the interfaces. */
static void accel_ports(struct workers *ws)
{
    struct io_port_info info;

    for (unsigned i = 0; i < io_port_count(ws->io); i++) {
        io_port(ws->io, i, &info);
        ws->accel_port[i] = (struct accel_port){.name = info.name,
                                                .id = info.id,
                                                .vlan = ws->config->interface[i].vlan,
                                                .checks_sums = info.checks_sums,
                                                .steers = ws->steer[i],
                                                .steer_why = ws->steer_why[i],
                                                .flow_jobs = info.flow_jobs};
    }
}

static void log_choices(const struct workers *ws)
{
    const struct accel_choices *c = &ws->accel;

    for (enum accel_hook h = 0; h < ACCEL_HOOK_COUNT; h++)
        log_info("accel: %s: %s", accel_hook_name(h), c->hook[h].why);
    for (unsigned i = 0; i < c->nports; i++)
        for (enum accel_hook h = 0; h < ACCEL_HOOK_COUNT; h++)
            log_info("accel: interface %s: %s: %s", ws->accel_port[i].name, accel_hook_name(h),
                     c->port[i][h].why);
}

/* Who fills the accelerator hooks: asked once, before any thread. */
static void accelerate(struct workers *ws, struct engine_params *params)
{
    static const char *const profiles[] = {"bluefield2", "liquidio"};
    const struct cfg_accels *a = &ws->config->accel;
    struct accel_wish wish = {.norder = a->norder,
                              .order = {"device", "simd"},
                              .hook = {[ACCEL_CSUM] = hook_name(a->checksum),
                                       [ACCEL_SCAN] = hook_name(a->head_scan),
                                       [ACCEL_FLOW] = hook_name(a->flow),
                                       [ACCEL_PARSE] = hook_name(a->parse),
                                       [ACCEL_STEER] = hook_name(a->steer)}};

    for (unsigned i = 0; i < a->norder; i++)
        wish.order[i] = cfg_accel_names[a->order[i]];
    wish.norder = a->norder ? a->norder : 2;
    params->flow_params = (struct accel_engine_params){.profile = profiles[a->flow_profile],
                                                       .seed = params->now_ns,
                                                       .port = ws->accel_port,
                                                       .nports = io_port_count(ws->io),
                                                       .api = &flow_api_dpdk,
                                                       .nworkers = ws->n,
                                                       .clock_ns = workers_now_ns,
                                                       .v6 = true};
    accel_ports(ws);
    accel_negotiate(&wish, &params->flow_params, ticks, &ws->accel);
    accel_use(&ws->accel);
    params->flow = ws->accel.hook[ACCEL_FLOW].provider;
    params->flow_params.accord = ws->accord = ws->n > 1 ? flow_accord_create(ws->n) : NULL;
    params->flow_least = a->flow_least;
    params->cycles = ticks;
    log_choices(ws);
}

const struct accel_choices *workers_accel(const struct workers *ws)
{
    return &ws->accel;
}

/* How each port's device spreads frames over its queues, and so over the workers: asked once, before any
 * thread. */
static int ask_steering(struct workers *ws)
{
    const struct cfg_dpdk *c = &ws->config->dpdk;
    struct steer_device *d = calloc(1, sizeof *d);

    for (unsigned i = 0; d && i < io_port_count(ws->io); i++) {
        io_steering(ws->io, i, d);
        ws->steer[i] = steer_create(d, ws->n, c->port_lo, c->port_hi, ws->steer_why[i]);
    }
    free(d);
    return d ? 0 : -ENOMEM;
}

static int create_all(struct workers *ws)
{
    struct engine_params params = {
        .config = ws->config, .shared = ws->shared, .roster = ws->roster, .nworkers = ws->n};
    struct engine_port *ports;
    int rc = ask_steering(ws);

    if (rc)
        return rc;
    params.now_ns = workers_now_ns();
    params.wall_offset_ns = ws->wall_offset_ns = wall_offset(params.now_ns);
    accelerate(ws, &params);
    ports = engine_ports(ws);
    if (!ports)
        return -ENOMEM;
    if (getrandom(params.secret, sizeof params.secret, 0) != (ssize_t)sizeof params.secret)
        rc = -EIO;
    params.port = ports;
    for (unsigned i = 0; i < ws->n && rc == 0; i++)
        rc = worker_create(ws, i, &params);
    explicit_bzero(params.secret, sizeof params.secret);
    free(ports);
    return rc;
}

static int start_thread(struct worker *w)
{
    pthread_attr_t attr;
    cpu_set_t set;
    int rc;

    pthread_attr_init(&attr);
    if (w->core >= 0) {
        CPU_ZERO(&set);
        CPU_SET((unsigned)w->core, &set);
        pthread_attr_setaffinity_np(&attr, sizeof set, &set);
    }
    rc = pthread_create(&w->thread, &attr, worker_main, w);
    pthread_attr_destroy(&attr);
    if (rc == EINVAL && w->core >= 0)
        log_error("dpdk.cores: there is no CPU %d for worker %u", w->core, w->index);
    else if (rc)
        log_error("worker %u: cannot start a thread: %s", w->index, strerror(rc));
    w->running = rc == 0;
    return -rc;
}

int workers_start(const struct config *config, struct io *io, struct workers **out)
{
    struct workers *ws = calloc(1, sizeof *ws);
    int rc;

    *out = NULL;
    if (!ws)
        return -ENOMEM;
    ws->config = config;
    ws->io = io;
    ws->n = config->dpdk.workers;
    ws->handover = handover_create(ws->n);
    ws->link_up = calloc(io_port_count(io), sizeof *ws->link_up);
    ws->shared = shared_create();
    ws->roster = roster_create(ws->n);
    bool made = ws->handover && ws->link_up && ws->shared && ws->roster;
    rc = made ? snapshots_init(&ws->snapshots, config, ws->n) : -ENOMEM;
    if (rc == 0)
        rc = create_all(ws);
    for (unsigned i = 0; i < ws->n && rc == 0; i++)
        rc = start_thread(ws->worker[i]);
    if (rc) {
        workers_stop(ws);
        return rc;
    }
    *out = ws;
    return 0;
}

/* ---- stop ---- */

static void worker_join(struct worker *w)
{
    if (!w || !w->running)
        return;
    __atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
    wake_up(&w->wake);
    pthread_join(w->thread, NULL);
    w->running = false;
}

static void worker_destroy(struct worker *w)
{
    if (!w)
        return;
    engine_destroy(w->engine);
    mailbox_destroy(&w->mailbox);
    wake_destroy(&w->wake);
    free(w->log);
    free(w);
}

void workers_stop(struct workers *ws)
{
    if (!ws)
        return;
    for (unsigned i = 0; i < ws->n; i++)
        worker_join(ws->worker[i]);
    handover_destroy(ws->handover, io_free);
    for (unsigned i = 0; i < ws->n; i++)
        worker_destroy(ws->worker[i]);
    flow_accord_destroy(ws->accord);
    snapshots_destroy(&ws->snapshots);
    shared_destroy(ws->shared);
    roster_destroy(ws->roster);
    for (unsigned i = 0; i < ACCEL_PORTS; i++)
        steer_destroy(ws->steer[i]);
    free(ws->link_up);
    free(ws);
}

/* ---- what control threads ask ---- */

int workers_call(struct workers *ws, unsigned i, worker_fn *fn, void *arg, bool wait)
{
    struct worker *w = ws->worker[i];

    return mailbox_send(&w->mailbox, &w->wake, fn, arg, wait);
}

static void drain(struct engine *e, void *arg, uint64_t now_ns)
{
    (void)arg;
    engine_drain(e, now_ns);
}

void workers_drain(struct workers *ws)
{
    for (unsigned i = 0; i < ws->n; i++)
        workers_call(ws, i, drain, NULL, true);
}

/* Less may come of reading two clocks one after the other. */
#define CLOCK_STEP_NS (5 * (int64_t)MS_NS)

static void set_wall(struct engine *e, void *arg, uint64_t now_ns)
{
    (void)now_ns;
    engine_set_wall(e, *(const int64_t *)arg);
}

void workers_check_clock(struct workers *ws)
{
    int64_t offset = wall_offset(workers_now_ns()), moved = offset - ws->wall_offset_ns;

    if (moved > -CLOCK_STEP_NS && moved < CLOCK_STEP_NS)
        return;
    ws->wall_offset_ns = offset;
    for (unsigned i = 0; i < ws->n; i++)
        workers_call(ws, i, set_wall, &offset, true);
}

static void sync_one(struct engine *e, void *arg, uint64_t now_ns)
{
    (void)arg;
    engine_sync(e, now_ns);
}

void workers_sync(struct workers *ws)
{
    for (unsigned i = 0; i < ws->n; i++)
        workers_call(ws, i, sync_one, NULL, true);
}

struct roster *workers_roster(const struct workers *ws)
{
    return ws->roster;
}

static void ask_idle(struct engine *e, void *arg, uint64_t now_ns)
{
    bool *idle = arg;

    (void)now_ns;
    *idle = engine_idle(e);
}

bool workers_idle(struct workers *ws)
{
    bool idle = true;

    for (unsigned i = 0; i < ws->n && idle; i++)
        workers_call(ws, i, ask_idle, &idle, true);
    return idle;
}

struct link_change {
    uint16_t port;
    bool up;
};

static void set_link(struct engine *e, void *arg, uint64_t now_ns)
{
    const struct link_change *c = arg;

    engine_set_link(e, c->port, c->up, now_ns);
}

/* A device that comes back may have been told something else meanwhile. Who owns a flow stays as it was. */
static void check_steering(const struct workers *ws, unsigned i, const char *name)
{
    struct steer_device *d = of_device(ws, i, ACCEL_STEER) ? calloc(1, sizeof *d) : NULL;

    if (!d)
        return;
    io_steering(ws->io, i, d);
    if (!steer_same(ws->steer[i], d))
        log_warning("interface %s: its device spreads frames otherwise than when lacon started: workers hand "
                    "them over until lacon is started again",
                    name);
    free(d);
}

void workers_check_links(struct workers *ws)
{
    struct io_port_info info;

    for (unsigned i = 0; i < io_port_count(ws->io); i++) {
        struct link_change change = {(uint16_t)i, io_link(ws->io, i)};

        if (change.up == ws->link_up[i])
            continue;
        ws->link_up[i] = change.up;
        io_port(ws->io, i, &info);
        log_write(change.up ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "interface %s: link of %s is %s", info.name,
                  info.target, change.up ? "up" : "down");
        if (change.up)
            check_steering(ws, i, info.name);
        for (unsigned w = 0; w < ws->n; w++)
            workers_call(ws, w, set_link, &change, true);
    }
}

int workers_reload(struct workers *ws, struct config *next)
{
    return snapshots_reload(&ws->snapshots, ws, next);
}

void workers_collect(struct workers *ws)
{
    snapshots_collect(&ws->snapshots, ws);
}

void workers_hold_configs(struct workers *ws)
{
    (void)ws;
    snapshots_hold();
}

void workers_release_configs(struct workers *ws)
{
    (void)ws;
    snapshots_release();
}

const struct config *workers_config(const struct workers *ws, uint32_t *id)
{
    return snapshots_newest(&ws->snapshots, id);
}

const struct config *workers_config_of(const struct workers *ws, uint32_t id)
{
    return snapshots_find(&ws->snapshots, id);
}

unsigned workers_count(const struct workers *ws)
{
    return ws->n;
}

struct worker *workers_at(const struct workers *ws, unsigned i)
{
    return ws->worker[i];
}

unsigned workers_port_count(const struct workers *ws)
{
    return io_port_count(ws->io);
}

void workers_port(const struct workers *ws, unsigned i, struct io_port_info *out)
{
    io_port(ws->io, i, out);
}

struct engine *worker_engine(const struct worker *w)
{
    return w->engine;
}

const struct counters *worker_counters(const struct worker *w)
{
    return &w->counters;
}

bool worker_log_take(struct worker *w, struct access_record *out)
{
    uint32_t slot;

    if (!w->log || !spsc_peek(&w->log_ring, &slot))
        return false;
    *out = w->log[slot];
    spsc_release(&w->log_ring);
    return true;
}

void worker_memory(const struct worker *w, struct memory_list *l)
{
    engine_memory(w->engine, l);
    memory_add(l, "log ring", sizeof *w + (w->log ? WORKER_LOG_RING * sizeof *w->log : 0));
    memory_add(l, "hand-over rings", handover_memory(w->nworkers) / w->nworkers + sizeof *w);
}

uint32_t worker_log_written(const struct worker *w)
{
    return spsc_written(&w->log_ring);
}

uint32_t worker_log_taken(const struct worker *w)
{
    return spsc_taken(&w->log_ring);
}

void worker_info(const struct worker *w, struct worker_info *out)
{
    *out = (struct worker_info){
        .core = w->info.core,
        .queues = w->info.queues,
        .tid = __atomic_load_n(&w->info.tid, __ATOMIC_RELAXED),
        .busy_ns = counter_read(&w->info.busy_ns),
        .idle_ns = counter_read(&w->info.idle_ns),
        .busy_cycles = counter_read(&w->info.busy_cycles),
        .rounds = counter_read(&w->info.rounds),
        .sleeps = counter_read(&w->info.sleeps),
    };
}
