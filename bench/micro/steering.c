/* Two workers, each with an engine and a receive queue, on two cores: what a frame costs when it reaches its
 * owner's queue, and when the device's spreading knows nothing of owners and half of the frames cross from
 * one worker to the other through a ring (agent/worker/handover.c).
 *
 * A model of agent/worker/loop.c and of a NIC: frames are put into queues beforehand, by the hash that such a
 * NIC computes (accel/steer.h), in both cases by the same one. What engines send goes nowhere. Cycles are
 * those of rounds that found something to do, of both workers together, as lacon's own busy_cycles. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/worker/handover.h"
#include "bench/micro/micro.h"
#include "bench/micro/rig.h"

#define SAMPLE  1024u
#define SPLICES 4096u

/* One worker's side of a run. */
struct side {
    struct pair *pair;
    unsigned index;
    uint32_t n, next; /* frames in its queue, and taken */
    struct frame *queue[SAMPLE];
    uint64_t cycles, given;
} __attribute__((aligned(64)));

struct pair {
    struct side side[RIG_WORKERS];
    struct rig *rig;
    struct steer *device;
    struct handover *rings;
    bool steered;
    uint64_t now_ns, seed;
    struct rig_splice *at[SAMPLE];
    uint64_t due; /* frames that both will have sent when a run is over */
    uint64_t frames, given;
    pthread_t thread;
    unsigned turn, done; /* main: turn, other thread: done; counts of runs */
    bool stop;
};

static struct pair *running; /* for give_away(), whose context is the rig's */

static void hand_over(struct side *s, unsigned to, struct frame *f)
{
    while (!handover_give(s->pair->rings, s->index, to, f, HANDOVER_INPUT))
        ; /* as large as a run: never */
    s->given++;
}

static void give_away(void *ctx, unsigned owner, struct frame *f)
{
    unsigned from = ctx == rig_ops_ctx(running->rig, 1);
    if (owner != ENGINE_ALL)
        hand_over(&running->side[from], owner, f);
}

/* ---- a worker's round, as in loop.c ---- */

static unsigned sort_out(struct side *s, struct frame *f[], unsigned n)
{
    unsigned mine = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned owner = engine_owner(rig_engine(s->pair->rig, s->index), f[i]);
        if (owner == s->index)
            f[mine++] = f[i];
        else
            hand_over(s, owner, f[i]);
    }
    return mine;
}

static unsigned receive(struct side *s, struct engine *e)
{
    struct frame *f[ENGINE_BURST];
    unsigned n = s->n - s->next < ENGINE_BURST ? s->n - s->next : ENGINE_BURST;
    memcpy(f, s->queue + s->next, n * sizeof *f);
    s->next += n;
    if (n && s->pair->steered)
        engine_input_mixed(e, f, n, s->pair->now_ns);
    else if (n)
        engine_input(e, f, sort_out(s, f, n), s->pair->now_ns);
    return n;
}

static unsigned take_over(struct side *s, struct engine *e)
{
    struct frame *f[ENGINE_BURST];
    enum handover_kind kind;
    unsigned n = 0;
    while (n < ENGINE_BURST && (f[n] = handover_take(s->pair->rings, !s->index, s->index, &kind)) != NULL)
        n++;
    if (n)
        engine_input(e, f, n, s->pair->now_ns);
    return n;
}

/* Rounds until both have sent what is due. */
static void work(struct side *s)
{
    struct engine *e = rig_engine(s->pair->rig, s->index);
    uint64_t before = rig_sent(s->pair->rig, s->index), *all = &s->pair->frames;
    while (__atomic_load_n(all, __ATOMIC_ACQUIRE) < s->pair->due) {
        uint64_t t = rte_rdtsc();
        unsigned n = receive(s, e);
        n += take_over(s, e);
        if (!n)
            continue;
        s->cycles += rte_rdtsc() - t;
        uint64_t sent = rig_sent(s->pair->rig, s->index);
        __atomic_fetch_add(all, sent - before, __ATOMIC_RELEASE);
        before = sent;
    }
}

/* ---- the second thread ---- */

/* On any CPU but this thread's own. False: there is none. */
static bool pin_elsewhere(void)
{
    int own = sched_getcpu();
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((unsigned)cpu, &set);
        if (cpu != own && sched_setaffinity(0, sizeof set, &set) == 0)
            return true;
    }
    return false;
}

static void *second(void *arg)
{
    struct pair *p = arg;
    bool placed = pin_elsewhere();
    __atomic_store_n(&p->done, placed ? 1 : UINT32_MAX, __ATOMIC_RELEASE);
    for (unsigned turn = 1; placed; turn++) {
        while (__atomic_load_n(&p->turn, __ATOMIC_ACQUIRE) < turn)
            if (__atomic_load_n(&p->stop, __ATOMIC_RELAXED))
                return NULL;
        work(&p->side[1]);
        __atomic_store_n(&p->done, turn + 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void run_both(struct pair *p)
{
    unsigned turn = p->turn + 1;
    __atomic_store_n(&p->turn, turn, __ATOMIC_RELEASE);
    work(&p->side[0]);
    while (__atomic_load_n(&p->done, __ATOMIC_ACQUIRE) <= turn)
        ;
}

/* ---- runs ---- */

/* Into the queue that the device would choose. */
static void queue_up(struct pair *p, struct frame *f)
{
    struct pkt k;
    if (wire_parse(f, 0, &k) != R_NONE)
        abort();
    struct side *s = &p->side[steer_queue(p->device, steer_hash(p->device, &k.key)) % RIG_WORKERS];
    s->queue[s->n++] = f;
}

static void begin(struct pair *p)
{
    for (unsigned w = 0; w < RIG_WORKERS; w++)
        p->side[w].n = p->side[w].next = 0;
    p->now_ns += 1000;
    p->due = p->frames + SAMPLE;
}

static uint64_t busy(const struct pair *p)
{
    return p->side[0].cycles + p->side[1].cycles;
}

/* A data segment for each of many splices, then their acks; both directions are timed. */
static void queue_data(struct pair *p)
{
    uint64_t from = micro_rnd(&p->seed);
    running = p;
    begin(p);
    for (uint32_t i = 0; i < SAMPLE; i++) {
        p->at[i] = rig_splice_at(p->rig, (uint32_t)((from + i * 0x9e3779b1ull) % SPLICES));
        queue_up(p, rig_data(p->rig, p->at[i], RIG_MSS, true));
    }
}

static void queue_acks(struct pair *p)
{
    begin(p);
    for (uint32_t i = 0; i < SAMPLE; i++)
        queue_up(p, rig_ack(p->rig, p->at[i]));
}

static void work_off(struct pair *p)
{
    run_both(p);
    rig_reclaim(p->rig);
}

static void steering_run(void *ctx, struct micro_sample *s)
{
    struct pair *p = ctx;
    uint64_t before = busy(p);
    queue_data(p);
    micro_begin(s);
    work_off(p);
    queue_acks(p);
    work_off(p);
    micro_end(s, 2 * SAMPLE);
    s->ticks = busy(p) - before;
}

/* The question whose a frame is, which every frame is asked where owners are not known from its queue. Of the
 * first worker's queue; all is worked off afterwards. */
static uint64_t ask(struct pair *p)
{
    struct side *s = &p->side[0];
    uint64_t start = rte_rdtsc_precise();
    for (uint32_t i = 0; i < s->n; i++)
        micro_use(engine_owner(rig_engine(p->rig, 0), s->queue[i]));
    return rte_rdtsc_precise() - start;
}

static void owner_asked(void *ctx, struct micro_sample *s)
{
    struct pair *p = ctx;
    micro_begin(s);
    queue_data(p);
    uint64_t asked = p->side[0].n, ticks = ask(p);
    work_off(p);
    queue_acks(p);
    asked += p->side[0].n;
    ticks += ask(p);
    work_off(p);
    micro_end(s, asked);
    s->ticks = ticks;
}

static bool start(struct pair *p, bool steered)
{
    char why[STEER_WHY];
    struct steer_device d = {.v4 = true, .v6 = true, .key_len = 40, .table_len = 128, .queues = RIG_WORKERS};
    uint64_t seed = 1;
    for (unsigned i = 0; i < d.key_len; i++)
        d.key[i] = (uint8_t)micro_rnd(&seed);
    for (unsigned i = 0; i < d.table_len; i++)
        d.table[i] = (uint16_t)(i % RIG_WORKERS);
    memset(p, 0, sizeof *p);
    p->steered = steered;
    p->device = steer_create(&d, RIG_WORKERS, 10000, 65000, why);
    p->rings = handover_create(RIG_WORKERS);
    if (!p->device || !p->rings)
        abort();
    running = p;
    p->rig = rig_create_two(SPLICES, steered ? p->device : NULL, give_away);
    p->now_ns = 100 * 1000000000ull;
    for (unsigned w = 0; w < RIG_WORKERS; w++) {
        p->side[w].pair = p;
        p->side[w].index = w;
    }
    if (pthread_create(&p->thread, NULL, second, p) != 0)
        abort();
    while (__atomic_load_n(&p->done, __ATOMIC_ACQUIRE) == 0)
        ;
    return p->done != UINT32_MAX;
}

static void no_frame(struct frame *f)
{
    (void)f;
}

static void stop(struct pair *p)
{
    __atomic_store_n(&p->stop, true, __ATOMIC_RELAXED);
    pthread_join(p->thread, NULL);
    handover_destroy(p->rings, no_frame);
    rig_destroy(p->rig);
    steer_destroy(p->device);
}

/* ---- the hash alone ---- */

struct tuples {
    const struct steer *device;
    struct flow_key key[SAMPLE];
};

static void owner_run(void *ctx, struct micro_sample *s)
{
    const struct tuples *t = ctx;
    micro_begin(s);
    for (unsigned i = 0; i < SAMPLE; i++)
        micro_use(steer_owner(t->device, &t->key[i]));
    micro_end(s, SAMPLE);
}

/* What a segment of no known flow costs more: a SYN, a stray. */
static void hashes(const struct micro *m, const struct steer *device)
{
    static struct tuples v4, v6;
    uint64_t seed = 3;
    v4.device = v6.device = device;
    for (unsigned i = 0; i < SAMPLE; i++) {
        uint64_t r[5] = {micro_rnd(&seed), micro_rnd(&seed), micro_rnd(&seed), micro_rnd(&seed),
                         micro_rnd(&seed)};
        memcpy(&v6.key[i].remote, &r[0], 16);
        memcpy(&v6.key[i].local, &r[2], 16);
        v6.key[i].remote_port = (uint16_t)r[4];
        v6.key[i].local_port = 80;
        v4.key[i] = v6.key[i];
        v4.key[i].remote = ip_from_v4(v6.key[i].remote.b);
        v4.key[i].local = ip_from_v4(v6.key[i].local.b);
    }
    struct micro_case c[] = {
        {.name = "steering/hash/ipv4", .unit = "op", .run = owner_run, .ctx = &v4},
        {.name = "steering/hash/ipv6", .unit = "op", .run = owner_run, .ctx = &v6},
    };
    micro_run(m, c, 2);
}

/* ---- what a cache line takes from one core to another ---- */

#define CROSSINGS 400u

struct ping {
    unsigned at __attribute__((aligned(64))); /* main makes it odd, the other thread even */
    bool placed __attribute__((aligned(64)));
};

static void *answer(void *arg)
{
    struct ping *p = arg;
    p->placed = pin_elsewhere();
    __atomic_store_n(&p->at, 0, __ATOMIC_RELEASE);
    for (unsigned i = 1; p->placed && i != UINT32_MAX; i += 2) {
        unsigned at;
        while ((at = __atomic_load_n(&p->at, __ATOMIC_ACQUIRE)) != i)
            if (at == UINT32_MAX)
                return NULL;
        __atomic_store_n(&p->at, i + 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void ping_run(void *ctx, struct micro_sample *s)
{
    struct ping *p = ctx;
    unsigned at = p->at;
    micro_begin(s);
    for (unsigned i = 0; i < CROSSINGS; i += 2) {
        __atomic_store_n(&p->at, at + 1, __ATOMIC_RELEASE);
        at += 2;
        while (__atomic_load_n(&p->at, __ATOMIC_ACQUIRE) != at)
            ;
    }
    micro_end(s, CROSSINGS);
}

/* Half of a round trip of one word between two threads. */
static void crossing(const struct micro *m)
{
    static struct ping p;
    pthread_t thread;
    p.at = UINT32_MAX - 1;
    if (pthread_create(&thread, NULL, answer, &p) != 0)
        abort();
    while (__atomic_load_n(&p.at, __ATOMIC_ACQUIRE) != 0)
        ;
    struct micro_case c = {.name = "steering/line_crosses", .unit = "op", .run = ping_run, .ctx = &p};
    if (p.placed)
        micro_run(m, &c, 1);
    __atomic_store_n(&p.at, UINT32_MAX, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
}

void micro_steering(struct micro *m)
{
    static struct pair pair[2];
    crossing(m);
    bool two = start(&pair[0], true);
    two = start(&pair[1], false) && two;
    hashes(m, pair[0].device);
    if (two) {
        struct micro_case c[] = {
            {.name = "steering/steered", .unit = "segment", .run = steering_run, .ctx = &pair[0]},
            {.name = "steering/handed_over", .unit = "segment", .run = steering_run, .ctx = &pair[1]}};
        micro_run_ratio(m, c, 2, "steering/gain");
        struct micro_case asked = {
            .name = "steering/owner_asked", .unit = "op", .run = owner_asked, .ctx = &pair[1]};
        micro_run(m, &asked, 1);
    } else {
        fprintf(stderr, "bench_micro: steering: one CPU alone, nothing to be measured\n");
    }
    for (unsigned i = 0; i < 2; i++) {
        struct pair *p = &pair[i];
        if (p->frames)
            micro_value(i ? "steering/handed_over_share" : "steering/steered_share",
                        100.0 * (double)(p->side[0].given + p->side[1].given) / (double)p->frames, "percent");
        stop(p);
    }
}
