#include "tests/sim/lacon_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "accel/flow_accord.h"
#include "agent/exchange/exchange.h"
#include "agent/exchange/shared.h"
#include "tests/sim/invariants.h"
#include "tests/sim/measure.h"
#include "tests/sim/nic.h"
#include "tests/sim/twice.h"

static const struct accel_provider *provider; /* set once, before any run */
static char profile[32];
static bool eager, forced;
static uint32_t places;

/* ---- the engines' surroundings ---- */

static void rearm_tick(struct lacon_worker *w)
{
    uint64_t next = engine_next_ns(w->engine);
    if (next == UINT64_MAX) {
        sim_disarm(w->lacon->sim, &w->t_tick);
        return;
    }
    /* A worker's loop is not infinitely fast either. */
    uint64_t soonest = w->lacon->sim->now + 100 * US;
    sim_arm(w->lacon->sim, &w->t_tick, next > soonest ? next : soonest);
}

static uint64_t emulation_of(const struct lacon_worker *w)
{
    struct engine_flow_info f;
    engine_flow(w->engine, &f);
    return f.emulation_cycles;
}

void lacon_calling(struct lacon_worker *w)
{
    if (measure_on())
        measure_begin(&w->measured, emulation_of(w));
}

/* After each call of an engine: what must hold at every step. */
void lacon_called(struct lacon_worker *w)
{
    if (measure_on())
        measure_end(&w->measured, emulation_of(w));
    else
        invariants_step(w);
    oracle_call(&w->lacon->oracle, 1); /* the next one, unless it is given frames */
    rearm_tick(w);
}

static void on_tick(void *arg)
{
    struct lacon_worker *w = arg;
    lacon_calling(w);
    engine_tick(w->engine, w->lacon->sim->now);
    lacon_called(w);
}

bool lacon_provider(const char *name)
{
    char bare[32];
    const char *colon = strchr(name, ':');
    snprintf(bare, sizeof bare, "%.*s", (int)(colon ? colon - name : (ptrdiff_t)strlen(name)), name);
    snprintf(profile, sizeof profile, "%s", colon ? colon + 1 : "");
    provider = accel_find(bare);
    if (provider == &accel_rte_flow)
        provider = &nic_rte_flow;
    eager = forced = false;
    places = 0;
    if (provider && provider->kernels) {
        char why[ACCEL_WHY];
        const struct kernels *k = provider->kernels(&name, why);
        if (k)
            kernels_use(k);
        return k;
    }
    return provider;
}

static void on_send(void *arg, const struct frame *f)
{
    struct lacon *l = arg;
    if (f->port >= l->nports) {
        sim_fail(l->sim, "lacon sent a frame to interface %u", f->port);
        return;
    }
    twice_frame(l, f->port, f->data, f->len);
    lan_send(&l->port[f->port], f->data, f->len);
    oracle_egress(&l->oracle, l->port[f->port].mac, f->data, f->len);
}

/* ---- life ---- */

bool lacon_has_engine(void)
{
    return provider && provider->engine;
}

bool lacon_force(const char *name)
{
    bool there = lacon_provider(name);
    forced = there && lacon_has_engine();
    return there;
}

void lacon_places(uint32_t n)
{
    places = n;
}

void lacon_eager(bool on)
{
    eager = on && forced;
}

void lacon_provider_here(const char *name)
{
    if (name && !lacon_has_engine() && !lacon_provider(name))
        abort();
}

/* What an emulated engine sends goes the same way; the oracle is told. */
static void device_send(void *ctx, struct frame *f)
{
    struct lacon *l = ctx;
    struct frame_ops ops = frames_ops(&l->frames);
    measure_stop();
    l->oracle.by_device = true;
    frame_send(&ops, f);
    l->oracle.by_device = false;
    measure_go();
}

static void with_engine(struct lacon *l, struct engine_params *p)
{
    p->flow = l->flow;
    l->oracle.engine = l->flow != NULL;
    p->flow_least = measure_flow_least ? measure_flow_least : eager ? 1 : LACON_FLOW_LEAST;
    p->flow_eager = eager;
    p->flow_places = places;
    p->cycles = measure_on() ? measure_cycles : NULL;
    static struct accel_port port[LACON_PORTS];
    for (unsigned i = 0; i < l->nports; i++)
        port[i] =
            (struct accel_port){.name = l->config->interface[i].name, .vlan = l->config->interface[i].vlan};
    p->flow_params = (struct accel_engine_params){.profile = l->flow_profile,
                                                  .port = port,
                                                  .nports = l->nports,
                                                  .worker = p->worker,
                                                  .nworkers = p->nworkers,
                                                  .accord = l->accord,
                                                  .ops = {.send = device_send, .ctx = l},
                                                  .seed = measure_on() ? 1 : rng_next(&l->sim->rng),
                                                  .v6 = true};
}

/* The same frames; what the simulator takes for them is not lacon's time. */
static struct frame *timed_alloc(void *ctx)
{
    struct frame_ops ops = frames_ops(ctx);
    measure_stop();
    struct frame *f = frame_alloc(&ops);
    measure_go();
    return f;
}

static void timed_send(void *ctx, struct frame *f)
{
    struct frame_ops ops = frames_ops(ctx);
    measure_stop();
    frame_send(&ops, f);
    measure_go();
}

static void timed_free(void *ctx, struct frame *f)
{
    struct frame_ops ops = frames_ops(ctx);
    measure_stop();
    frame_free(&ops, f);
    measure_go();
}

static struct frame_ops ops_of(struct lacon *l)
{
    struct frame_ops timed = {timed_alloc, timed_send, timed_free, &l->frames};
    return measure_on() ? timed : frames_ops(&l->frames);
}

/* One line for bench/offload. */
void lacon_print_measures(const struct lacon *l)
{
    uint64_t hits = 0, bytes = 0, worker = 0, emulation = 0, inserted = 0, ns = 0, n = 0;
    uint64_t longest = 0;
    for (unsigned i = 0; i < l->nworkers; i++) {
        struct engine_flow_info f;
        worker += measure_sum(&l->worker[i].measured);
        engine_flow(l->worker[i].engine, &f);
        if (!f.provider)
            continue;
        hits += f.stats->hits;
        bytes += f.stats->hit_bytes;
        inserted += f.stats->inserted;
        emulation += f.emulation_cycles;
    }
    for (uint32_t i = 0; l->book && i < l->book->n; i++)
        if (l->book->p[i]->got_ns) {
            uint64_t took = l->book->p[i]->got_ns - l->book->p[i]->sent_ns;
            longest = took > longest ? took : longest;
            ns += took;
            n++;
        }
    printf(
        "measure requests=%llu worker_frames=%llu worker_bytes=%llu engine_frames=%llu engine_bytes=%llu "
        "inserted=%llu refused=%llu worker_cycles=%llu emulation_cycles=%llu took_us=%llu longest_us=%llu\n",
        (unsigned long long)LACON_COUNT(l, exchanges), (unsigned long long)LACON_COUNT(l, rx_frames),
        (unsigned long long)LACON_COUNT(l, rx_bytes), (unsigned long long)hits, (unsigned long long)bytes,
        (unsigned long long)inserted, (unsigned long long)LACON_COUNT(l, offload_refused),
        (unsigned long long)worker, (unsigned long long)emulation,
        (unsigned long long)(n ? ns / n / 1000 : 0), (unsigned long long)longest / 1000);
}

/* Does a cluster limit what is sent to it, or one of its endpoints? */
static bool limits(const struct config *cfg)
{
    for (uint32_t i = 0; i < cfg->ncluster; i++) {
        const struct cfg_cluster *c = &cfg->cluster[i];
        if (c->max_requests || c->max_connections)
            return true;
        for (uint32_t k = 0; k < c->nendpoint; k++)
            if (c->endpoint[k].max_requests || c->endpoint[k].max_connections)
                return true;
    }
    return false;
}

static void start_engines(struct lacon *l)
{
    l->oracle.others = l->nworkers > 1 && limits(l->config);
    struct engine_port port[LACON_PORTS];
    for (unsigned i = 0; i < l->nports; i++) {
        port[i] = (struct engine_port){.mtu = SEG_MTU, .up = true, .steer = l->rss[i].steer};
        memcpy(port[i].mac, l->port[i].mac, 6);
    }
    l->shared = shared_create();
    l->accord = flow_accord_create(l->nworkers);
    l->roster = roster_create(l->nworkers);
    if (!l->roster)
        sim_fail(l->sim, "roster_create failed");
    struct engine_params p = {.config = l->config,
                              .shared = l->shared,
                              .roster = l->roster,
                              .port = port,
                              .nworkers = l->nworkers,
                              .ops = ops_of(l),
                              .give = lacon_give,
                              .log = {.put = l->config->logging.access_log ? lacon_log : NULL, .ctx = l},
                              .now_ns = l->sim->now,
                              .wall_offset_ns = WALL_OFFSET};
    for (unsigned i = 0; i < sizeof p.secret; i++)
        p.secret[i] = (uint8_t)rng_next(&l->sim->rng);
    for (unsigned i = 0; i < l->nworkers; i++) {
        struct lacon_worker *w = &l->worker[i];
        p.worker = i;
        if (l->flow)
            with_engine(l, &p);
        w->engine = engine_create(&p);
        if (l->flow && *engine_flow_why(w->engine))
            sim_fail(l->sim, "no flow engine: %s", engine_flow_why(w->engine));
        if (!w->engine)
            sim_fail(l->sim, "engine_create failed");
    }
    for (unsigned i = 0; i < l->nworkers && !l->sim->failed; i++)
        rearm_tick(&l->worker[i]);
}

#define DRAWS 50u

static struct steer *draw_device(struct lacon *l, struct steer_device *out)
{
    const struct cfg_dpdk *d = &l->config->dpdk;
    char why[STEER_WHY];
    rss_draw(out, &l->sim->rng, l->nworkers * (1 + (unsigned)rng_below(&l->sim->rng, 2)));
    struct steer *s = steer_create(out, l->nworkers, d->port_lo, d->port_hi, why);
    if (s && steer_does(s, true) && steer_does(s, false))
        return s;
    steer_destroy(s);
    return NULL;
}

/* Devices whose keys and tables happen to suit: accel/steer.c refuses few, but all where there are next to no
 * local ports. */
static void draw_devices(struct lacon *l)
{
    for (unsigned i = 0; i < l->nports; i++)
        for (unsigned tries = 0; !l->rss[i].steer && tries < DRAWS; tries++)
            l->rss[i].steer = draw_device(l, &l->rss[i].device);
}

void lacon_start(struct lacon *l, struct sim *s, const struct config *config, struct lan *const lan[],
                 struct book *book, bool steered)
{
    memset(l, 0, sizeof *l);
    l->sim = s;
    l->book = book;
    l->config = config;
    l->nworkers = config->dpdk.workers;
    l->nports = config->ninterface;
    l->poll_ns = 20 * US;
    l->flow = provider && provider->engine ? provider : NULL;
    if (l->flow == &nic_rte_flow)
        nic_begin();
    l->flow_profile = *profile ? profile : l->flow == &accel_emu ? "liquidio" : NULL;
    for (unsigned i = 0; i < l->nworkers; i++) {
        struct lacon_worker *w = &l->worker[i];
        w->lacon = l;
        w->index = i;
        w->t_poll = (struct sim_timer){.fn = lacon_poll, .arg = w};
        w->t_tick = (struct sim_timer){.fn = on_tick, .arg = w};
    }
    oracle_init(&l->oracle, s);
    frames_init(&l->frames, s);
    l->frames.send = on_send;
    l->frames.arg = l;
    lacon_attach(l, lan);
    l->words = steered || provider == &accel_device;
    if (l->words && l->nworkers > 1)
        draw_devices(l);
    if (steered && !l->rss[0].steer)
        sim_fail(s, "no device suits");
    start_engines(l);
}

static void empty(struct lacon *l, struct lacon_lane *lane)
{
    struct frame_ops ops = frames_ops(&l->frames);
    for (unsigned i = 0; i < lane->n; i++)
        frame_free(&ops, lane->f[i]);
    lane->n = 0;
}

/* What an engine has done is told before it goes. */
static void book_engine(struct sim_stats *to, const struct engine *e)
{
    struct engine_flow_info f;
    engine_flow(e, &f);
    if (!f.provider || !forced)
        return;
    to->rules += f.stats->inserted;
    to->carried += f.stats->hits;
    to->carried_bytes += f.stats->hit_bytes;
}

void lacon_crash(struct lacon *l)
{
    if (!l->down)
        twice_counters(l);
    for (unsigned i = 0; i < l->nworkers; i++) {
        struct lacon_worker *w = &l->worker[i];
        if (w->engine)
            book_engine(&l->sim->stats, w->engine);
        sim_disarm(l->sim, &w->t_poll);
        sim_disarm(l->sim, &w->t_tick);
        engine_destroy(w->engine);
        w->engine = NULL;
        empty(l, &w->rx);
        for (unsigned k = 0; k < l->nworkers; k++)
            empty(l, &w->from[k]);
    }
    flow_accord_destroy(l->accord);
    l->accord = NULL;
    shared_destroy(l->shared);
    l->shared = NULL;
    roster_destroy(l->roster);
    l->roster = NULL;
    if (l->frames.live)
        sim_fail(l->sim, "%llu frames leaked", (unsigned long long)l->frames.live);
    oracle_forget(&l->oracle);
    l->logged_before = l->logged;
    l->down = true;
}

void lacon_revive(struct lacon *l)
{
    l->down = false;
    start_engines(l);
}

void lacon_stop(struct lacon *l)
{
    lacon_crash(l);
    frames_fini(&l->frames);
    oracle_fini(&l->oracle);
    for (unsigned i = 0; i < l->nports; i++) {
        lan_detach(&l->port[i]);
        steer_destroy(l->rss[i].steer);
    }
}

void lacon_reload(struct lacon *l, const struct config *next, uint32_t id)
{
    for (unsigned i = 0; i < l->nworkers; i++) {
        struct generation *g = generation_create(next, l->roster, i, id);
        struct lacon_worker *w = &l->worker[i];
        if (!g || engine_bind(w->engine, g, l->sim->now) < 0)
            abort();
        engine_adopt(w->engine, g, l->sim->now);
        lacon_called(w);
    }
    l->config = next;
}

unsigned lacon_collect(struct lacon *l)
{
    unsigned n = 0;
    for (unsigned i = 0; i < l->nworkers; i++)
        for (struct generation *g; (g = engine_retired(l->worker[i].engine)); n++)
            generation_destroy(g);
    return n;
}

void lacon_sync(struct lacon *l)
{
    for (unsigned i = 0; i < l->nworkers && !l->down; i++) {
        engine_sync(l->worker[i].engine, l->sim->now);
        lacon_called(&l->worker[i]);
    }
}

void lacon_drain(struct lacon *l)
{
    for (unsigned i = 0; i < l->nworkers && !l->down; i++) {
        engine_drain(l->worker[i].engine, l->sim->now);
        lacon_called(&l->worker[i]);
    }
}

bool lacon_idle(const struct lacon *l)
{
    for (unsigned i = 0; i < l->nworkers; i++)
        if (!engine_idle(l->worker[i].engine))
            return false;
    return true;
}

uint64_t lacon_kept(const struct lacon *l)
{
    uint64_t sum = 0, total;
    for (unsigned i = 0; i < l->nworkers; i++)
        sum += engine_kept_bytes(l->worker[i].engine, &total);
    return sum;
}

uint64_t lacon_count(const struct lacon *l, size_t offset)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < l->nworkers; i++)
        sum += counter_read(
            (const uint64_t *)(const void *)((const char *)engine_counters(l->worker[i].engine) + offset));
    return sum;
}

static void print_engine(const struct lacon *l, unsigned worker)
{
    struct engine_flow_info i;
    engine_flow(l->worker[worker].engine, &i);
    if (!i.provider)
        return;
#define X(field, text) printf("engine %u: %-16s %llu\n", worker, #field, (unsigned long long)i.stats->field);
    ACCEL_STATS(X)
#undef X
}

void lacon_print_counters(const struct lacon *l)
{
    static const struct {
        const char *name;
        size_t offset;
    } stat[] = {
#define X(field, name, text) {name, offsetof(struct counters, field)},
        STATS(X)
#undef X
    };
    for (unsigned i = 0; i < sizeof stat / sizeof *stat; i++)
        if (lacon_count(l, stat[i].offset))
            printf("%-20s %llu\n", stat[i].name, (unsigned long long)lacon_count(l, stat[i].offset));
    for (unsigned r = 0; r < R_MAX; r++)
        if (lacon_count(l, offsetof(struct counters, reason) + r * sizeof(uint64_t)))
            printf(
                "%-20s %llu\n", reason_name((enum reason)r),
                (unsigned long long)lacon_count(l, offsetof(struct counters, reason) + r * sizeof(uint64_t)));
    for (unsigned i = 0; i < l->nworkers; i++)
        print_engine(l, i);
}

int64_t lacon_wall_s(const struct lacon *l)
{
    return ((int64_t)l->sim->now + WALL_OFFSET) / (int64_t)SEC + l->clock_set_s;
}

void lacon_set_clock(struct lacon *l, int64_t by_s)
{
    l->clock_set_s += by_s;
    for (unsigned i = 0; i < l->nworkers; i++)
        engine_set_wall(l->worker[i].engine, WALL_OFFSET + l->clock_set_s * (int64_t)SEC);
}
