/* How frames reach an engine: by a device's queue, and by the rings between workers. */
#include "tests/sim/lacon_internal.h"

#include <string.h>

#include "tests/sim/words.h"

#define HANDOVER_NS (100 * US) /* until a worker looks at what another has given it, at most */

static bool put(struct lacon_lane *lane, struct frame *f)
{
    if (lane->n == LACON_QUEUE)
        return false;
    lane->f[lane->n++] = f;
    return true;
}

/* Up to a burst off the front. */
static unsigned take(struct lacon_lane *lane, struct frame *burst[ENGINE_BURST])
{
    unsigned n = lane->n < ENGINE_BURST ? lane->n : ENGINE_BURST;
    memcpy(burst, lane->f, n * sizeof *burst);
    lane->n -= n;
    memmove(lane->f, lane->f + n, lane->n * sizeof *lane->f);
    return n;
}

static void look_within(struct lacon_worker *w, uint64_t ns)
{
    struct sim *s = w->lacon->sim;
    if (!sim_armed(&w->t_poll))
        sim_arm(s, &w->t_poll, s->now + rng_below(&s->rng, ns + 1));
}

static void told(struct lacon *l, const struct frame *f)
{
    oracle_ingress(&l->oracle, f->data, f->len);
}

static void input(struct lacon_worker *w, struct frame *burst[], unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        told(w->lacon, burst[i]);
    if (!n)
        return;
    oracle_call(&w->lacon->oracle, n);
    lacon_calling(w);
    engine_input(w->engine, burst, n, w->lacon->sim->now);
    lacon_called(w);
}

static void give(struct lacon_worker *from, unsigned to, struct frame *f)
{
    struct lacon *l = from->lacon;
    struct frame_ops ops = frames_ops(&l->frames);
    l->sim->stats.handed_over++;
    if (l->ring != RING_FULL && put(&l->worker[to].from[from->index], f)) {
        if (l->ring == RING_RUNS)
            look_within(&l->worker[to], HANDOVER_NS);
    } else {
        l->sim->stats.queue_drops++;
        frame_free(&ops, f);
    }
}

static void give_copies(struct lacon_worker *w, const struct frame *f)
{
    struct lacon *l = w->lacon;
    for (unsigned to = 0; to < l->nworkers; to++) {
        if (to == w->index)
            continue;
        struct frame *copy = frames_receive(&l->frames, f->port, f->data, f->len);
        copy->flags = f->flags;
        give(w, to, copy);
    }
}

/* The engine gives away what is not its worker's; the ops' context does not say which engine it is. */
static struct lacon_worker *giving;

void lacon_give(void *ctx, unsigned owner, struct frame *f)
{
    struct lacon_worker *w = giving;
    (void)ctx;
    if (owner == ENGINE_ALL) {
        give_copies(w, f);
        return;
    }
    if (owner >= w->lacon->nworkers || owner == w->index || owner != engine_owner(w->engine, f)) {
        sim_fail(w->lacon->sim, "worker %u gives a frame to worker %u", w->index, owner);
        owner = (w->index + 1) % w->lacon->nworkers;
    }
    w->lacon->misplaced++;
    give(w, owner, f);
}

/* From a queue of a device that can be steered. */
static void input_mixed(struct lacon_worker *w, struct frame *burst[], unsigned n)
{
    struct lacon *l = w->lacon;
    for (unsigned i = 0; i < n; i++) {
        unsigned owner = engine_owner(w->engine, burst[i]);
        if (owner == ENGINE_ALL || owner == w->index)
            told(l, burst[i]);
    }
    if (!n)
        return;
    giving = w;
    oracle_call(&l->oracle, n);
    lacon_calling(w);
    engine_input_mixed(w->engine, burst, n, l->sim->now);
    lacon_called(w);
}

/* Keeps in f[] what is the worker's own, gives the rest to its owners; returns how many are left. */
static unsigned sort_out(struct lacon_worker *w, struct frame *f[], unsigned n)
{
    struct lacon *l = w->lacon;
    unsigned mine = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned owner = engine_owner(w->engine, f[i]);
        if (owner != ENGINE_ALL && owner >= l->nworkers) {
            sim_fail(l->sim, "engine_owner names worker %u of %u", owner, l->nworkers);
            owner = w->index;
        }
        if (owner == ENGINE_ALL)
            give_copies(w, f[i]);
        if (owner == ENGINE_ALL || owner == w->index)
            f[mine++] = f[i];
        else
            give(w, owner, f[i]);
    }
    return mine;
}

/* One round of a worker's loop: its queue, then what each other worker has given it. */
void lacon_poll(void *arg)
{
    struct lacon_worker *w = arg;
    struct frame *burst[ENGINE_BURST];
    unsigned n = take(&w->rx, burst), left = w->rx.n;
    if (engine_steers(w->engine, 0) && engine_steers(w->engine, (uint16_t)(w->lacon->nports - 1)))
        input_mixed(w, burst, n);
    else
        input(w, burst, sort_out(w, burst, n));
    for (unsigned from = 0; from < w->lacon->nworkers; from++) {
        n = take(&w->from[from], burst);
        input(w, burst, n);
        left += w->from[from].n;
    }
    if (left)
        look_within(w, 0);
}

/* The device's own idea of which queue a flow belongs to; it knows nothing of engine_owner(). */
static unsigned queue_of(const struct lacon *l, uint16_t port, const uint8_t *p, uint32_t n)
{
    uint32_t h = 0;
    if (l->nworkers == 1)
        return 0;
    if (l->reaches)
        return l->reaches - 1;
    if (rng_permille(&l->sim->rng, l->spray))
        return (unsigned)rng_below(&l->sim->rng, l->nworkers);
    if (l->rss[port].steer)
        return rss_queue(&l->rss[port].device, p, n) % l->nworkers;
    for (uint32_t i = 26; i < 38 && i < n; i++)
        h = h * 31 + p[i];
    return h % l->nworkers;
}

static void on_frame(struct lacon *l, uint16_t port, const uint8_t *p, uint32_t n)
{
    if (l->down)
        return;
    struct lacon_worker *w = &l->worker[queue_of(l, port, p, n)];
    if (w->rx.n == LACON_QUEUE) {
        l->sim->stats.queue_drops++;
        return;
    }
    struct frame *f = frames_receive(&l->frames, port, p, n);
    if (l->words)
        words_describe(f);
    put(&w->rx, f);
    look_within(w, l->poll_ns);
}

static void on_frame0(void *arg, const uint8_t *p, uint32_t n)
{
    on_frame(arg, 0, p, n);
}

static void on_frame1(void *arg, const uint8_t *p, uint32_t n)
{
    on_frame(arg, 1, p, n);
}

void lacon_attach(struct lacon *l, struct lan *const lan[])
{
    static void (*const input_of[LACON_PORTS])(void *, const uint8_t *, uint32_t) = {on_frame0, on_frame1};
    static const char *const name[LACON_PORTS] = {"lacon if0", "lacon if1"};
    struct link_cfg cable = {.delay_ns = 1 * US};
    for (unsigned i = 0; i < l->nports; i++) {
        uint8_t mac[6] = {2, 0xaa, 0, 0, 0, (uint8_t)(i + 1)};
        lan_attach(lan[i], &l->port[i], name[i], mac, &cable, input_of[i], l);
    }
}
