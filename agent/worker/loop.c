/* The loop of one worker: receive, hand over, engine, timers, transmit, mailbox, quiescent state, and rest
 * when there is nothing to do. One thread per worker runs worker_main() from start to stop. */
#include <poll.h>
#include <rte_cycles.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <urcu-qsbr.h>

#include "agent/base/log.h"
#include "agent/worker/core.h"

#define IDLE_MAX_NS  SEC_NS    /* a bound, for safety's sake */
#define LOOK_MAX_NS  500000ull /* between looks at a queue that cannot wake us */
#define MAX_WAIT_FDS 64u

/* What the round's beginning knew, for accounting. */
struct clock {
    uint64_t ns, cycles, idle_since;
    bool slept; /* since idle_since */
};

uint64_t workers_now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * SEC_NS + (uint64_t)ts.tv_nsec;
}

/* ---- what the engine calls ---- */

/* Gives f to another worker, or drops it when that one is behind. */
static void give(struct worker *w, unsigned to, struct frame *f, enum handover_kind kind)
{
    if (!handover_give(w->handover, w->index, to, f, kind)) {
        count(&w->counters, R_DROP_HANDOVER_FULL);
        io_free(f);
        return;
    }
    w->wake_mask |= 1ull << to;
}

struct frame *worker_frame_alloc(void *ctx)
{
    struct worker *w = ctx;

    return io_alloc(w->lane);
}

void worker_frame_send(void *ctx, struct frame *f)
{
    struct worker *w = ctx;
    unsigned owner = io_tx_owner(w->lane, f->port);

    if (owner == w->index)
        io_tx(w->lane, f, &w->counters);
    else
        give(w, owner, f, HANDOVER_SEND);
}

void worker_frame_free(void *ctx, struct frame *f)
{
    (void)ctx;
    io_free(f);
}

bool worker_log_put(void *ctx, const struct access_record *r)
{
    struct worker *w = ctx;
    uint32_t slot;

    if (!spsc_claim(&w->log_ring, &slot)) {
        stat_add(&w->counters.log_dropped, 1);
        return false;
    }
    w->log[slot] = *r;
    spsc_publish(&w->log_ring);
    return true;
}

/* ---- stages of a round; each returns whether it found something to do ---- */

/* ARP, ND and the like: every worker learns from them. */
static void give_copies(struct worker *w, const struct frame *f)
{
    for (unsigned to = 0; to < w->nworkers; to++) {
        struct frame *c;

        if (to == w->index)
            continue;
        c = io_copy(w->lane, f);
        if (!c) {
            count(&w->counters, R_DROP_NO_FRAME);
            return;
        }
        give(w, to, c, HANDOVER_INPUT);
    }
}

void worker_frame_give(void *ctx, unsigned owner, struct frame *f)
{
    struct worker *w = ctx;

    if (owner == ENGINE_ALL) {
        give_copies(w, f);
        return;
    }
    stat_add(&w->counters.handed_over, 1);
    give(w, owner, f, HANDOVER_INPUT);
}

/* Keeps in f[] what is ours, gives the rest to its owners; returns how many are left. */
static unsigned sort_out(struct worker *w, struct frame *f[], unsigned n)
{
    unsigned mine = 0;

    for (unsigned i = 0; i < n; i++) {
        unsigned owner = engine_owner(w->engine, f[i]);

        if (owner != w->index)
            worker_frame_give(w, owner, f[i]);
        if (owner == ENGINE_ALL || owner == w->index)
            f[mine++] = f[i];
    }
    return mine;
}

/* What a queue of this port had. */
static void take(struct worker *w, uint16_t port, struct frame *f[], unsigned n, uint64_t now_ns)
{
    if (engine_steers(w->engine, port)) {
        engine_input_mixed(w->engine, f, n, now_ns);
        return;
    }
    if (w->nworkers > 1)
        n = sort_out(w, f, n);
    if (n > 0)
        engine_input(w->engine, f, n, now_ns);
}

static bool receive(struct worker *w, uint64_t now_ns)
{
    struct frame *f[ENGINE_BURST];
    bool any = false;

    for (unsigned q = 0; q < io_lane_queues(w->lane); q++) {
        unsigned n = io_rx(w->lane, q, f, ENGINE_BURST);

        any = any || n > 0;
        if (n > 0)
            take(w, io_lane_port(w->lane, q), f, n, now_ns);
    }
    return any;
}

/* What one other worker has given us, at most a burst. */
static bool take_from(struct worker *w, unsigned from, uint64_t now_ns)
{
    struct frame *in[ENGINE_BURST], *f;
    enum handover_kind kind;
    unsigned n = 0, taken;

    for (taken = 0; taken < ENGINE_BURST; taken++) {
        f = handover_take(w->handover, from, w->index, &kind);
        if (!f)
            break;
        if (kind == HANDOVER_SEND)
            io_tx(w->lane, f, &w->counters);
        else
            in[n++] = f;
    }
    if (n > 0)
        engine_input(w->engine, in, n, now_ns);
    return taken > 0;
}

static bool take_over(struct worker *w, uint64_t now_ns)
{
    bool any = false;

    for (unsigned from = 0; from < w->nworkers; from++)
        if (from != w->index)
            any = take_from(w, from, now_ns) || any;
    return any;
}

static void wake_others(struct worker *w)
{
    for (; w->wake_mask; w->wake_mask &= w->wake_mask - 1)
        wake_up(&w->all[__builtin_ctzll(w->wake_mask)]->wake);
}

static bool one_round(struct worker *w, uint64_t now_ns)
{
    bool busy = receive(w, now_ns);

    busy = take_over(w, now_ns) || busy;
    if (mailbox_waiting(&w->mailbox)) {
        mailbox_run(&w->mailbox, w->engine, now_ns);
        busy = true;
    }
    if (now_ns >= w->next_ns) {
        engine_tick(w->engine, now_ns);
        busy = true;
    }
    if (busy) {
        io_flush(w->lane, &w->counters);
        wake_others(w);
        w->next_ns = engine_next_ns(w->engine);
    }
    return busy;
}

/* ---- rest ---- */

/* How long to sleep when some queue has no descriptor to wait for: an eighth of the time since the last
 * frame, so that a busy queue is looked at often and an idle one costs little. */
static uint64_t look_again_ns(uint64_t idle_ns)
{
    return idle_ns / 8 < LOOK_MAX_NS ? idle_ns / 8 : LOOK_MAX_NS;
}

/* Blocks until a frame, another thread or a timer wants us. A round has been run after wake_prepare(). */
static void block(struct worker *w, uint64_t now_ns, uint64_t idle_ns)
{
    struct pollfd pfd[MAX_WAIT_FDS + 1];
    int fds[MAX_WAIT_FDS];
    uint64_t ns = w->next_ns > now_ns ? w->next_ns - now_ns : 0;
    struct timespec ts;
    unsigned n;
    bool all;

    n = io_wait_fds(w->lane, fds, MAX_WAIT_FDS, &all);
    if (!all && ns > look_again_ns(idle_ns))
        ns = look_again_ns(idle_ns);
    if (ns > IDLE_MAX_NS)
        ns = IDLE_MAX_NS;
    for (unsigned i = 0; i < n; i++)
        pfd[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    pfd[n] = (struct pollfd){.fd = w->wake.fd, .events = POLLIN};
    ts = (struct timespec){(time_t)(ns / SEC_NS), (long)(ns % SEC_NS)};
    urcu_qsbr_thread_offline();
    ppoll(pfd, n + 1, &ts, NULL);
    urcu_qsbr_thread_online();
}

static void bump(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* Books the time since the last call to what was done in it. */
static void account(struct worker *w, struct clock *c, uint64_t now_ns, bool busy)
{
    uint64_t cycles = rte_rdtsc();

    bump(&w->info.rounds, 1);
    bump(busy ? &w->info.busy_ns : &w->info.idle_ns, now_ns - c->ns);
    if (busy)
        bump(&w->info.busy_cycles, cycles - c->cycles);
    c->ns = now_ns;
    c->cycles = cycles;
}

/* A round that began at began_ns found something. */
static void end_of_idle(struct worker *w, struct clock *c, uint64_t began_ns)
{
    if (began_ns > c->idle_since)
        patience_note(&w->patience, began_ns - c->idle_since, c->slept);
    c->idle_since = c->ns;
    c->slept = false;
}

/* Looks again at once, as long as it has patience. At a real-time priority a thread that never sleeps keeps
 * the CPU for ever, so others of the same priority, the receive threads of devices above all, get their turn
 * here: without an interrupt, for the price of two thread switches. (Other policies share the CPU among all
 * threads anyway, and giving it up to whoever wants it can take milliseconds.) */
static bool looks_on(const struct worker *w, uint64_t idle_ns)
{
    uint64_t patience_ns = w->can_be_woken ? w->patience.ns : PATIENCE_FIRST_NS;

    if (!w->spin && idle_ns >= patience_ns)
        return false;
    if (w->yields)
        sched_yield();
    return true;
}

/* Sleeps when nothing has happened for a while. The round after wake_prepare() is the second look that
 * wake.h asks for. */
static void rest(struct worker *w, struct clock *c)
{
    uint64_t began_ns = c->ns, idle_ns = began_ns - c->idle_since;
    bool busy;

    if (looks_on(w, idle_ns))
        return;
    wake_prepare(&w->wake);
    busy = one_round(w, began_ns);
    if (!busy && !__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
        block(w, began_ns, idle_ns);
        c->slept = true;
        bump(&w->info.sleeps, 1);
    }
    wake_done(&w->wake);
    account(w, c, workers_now_ns(), busy);
    if (busy)
        end_of_idle(w, c, began_ns);
}

static void run(struct worker *w)
{
    struct clock c = {.ns = workers_now_ns(), .cycles = rte_rdtsc()};

    c.idle_since = c.ns;
    while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
        uint64_t began_ns = c.ns;
        bool busy = one_round(w, began_ns);

        account(w, &c, workers_now_ns(), busy);
        if (busy)
            end_of_idle(w, &c, began_ns);
        else
            rest(w, &c);
        urcu_qsbr_quiescent_state();
    }
}

/* How this thread can rest. */
static void settle_rest(struct worker *w)
{
    int fds[MAX_WAIT_FDS], policy = sched_getscheduler(0);

    w->yields = policy == SCHED_FIFO || policy == SCHED_RR;
    io_wait_fds(w->lane, fds, MAX_WAIT_FDS, &w->can_be_woken);
    patience_init(&w->patience);
}

void *worker_main(void *arg)
{
    struct worker *w = arg;
    char name[16];

    snprintf(name, sizeof name, "worker-%u", w->index);
    prctl(PR_SET_NAME, name);
    __atomic_store_n(&w->info.tid, (int)syscall(SYS_gettid), __ATOMIC_RELAXED);
    if (io_thread_enter() != 0)
        log_warning("worker %u: no buffer cache of its own; it works, but slower", w->index);
    settle_rest(w);
    urcu_qsbr_register_thread();
    run(w);
    urcu_qsbr_unregister_thread();
    mailbox_close(&w->mailbox);
    io_thread_leave();
    return NULL;
}
