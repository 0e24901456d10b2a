#include "tests/sim/lacon.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the engines' surroundings ---- */

static void rearm_tick(struct lacon *l)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < l->nworkers; i++) {
        uint64_t n = engine_next_ns(l->engine[i]);
        next = n < next ? n : next;
    }
    if (next == UINT64_MAX) {
        sim_disarm(l->sim, &l->t_tick);
        return;
    }
    /* A worker's loop is not infinitely fast either. */
    uint64_t soonest = l->sim->now + 100 * US;
    sim_arm(l->sim, &l->t_tick, next > soonest ? next : soonest);
}

static void on_tick(void *arg)
{
    struct lacon *l = arg;
    for (unsigned i = 0; i < l->nworkers; i++)
        engine_tick(l->engine[i], l->sim->now);
    rearm_tick(l);
}

static void on_send(void *arg, const struct frame *f)
{
    struct lacon *l = arg;
    if (f->port >= l->nports) {
        sim_fail(l->sim, "lacon sent a frame to interface %u", f->port);
        return;
    }
    lan_send(&l->port[f->port], f->data, f->len);
    oracle_egress(&l->oracle, l->port[f->port].mac, f->data, f->len);
}

/* The id is the last number of the request line's path. */
static struct plan *logged_plan(struct lacon *l, const struct access_record *r)
{
    const char *end = r->text + r->request_line, *p = memchr(r->text, '/', r->request_line), *id = NULL;
    for (; p && p < end && *p != ' ' && *p != '?'; p++)
        if (*p == '/')
            id = p + 1;
    return id && isdigit((unsigned char)*id) ? book_find(l->book, (uint32_t)strtoul(id, NULL, 10)) : NULL;
}

static bool on_log(void *ctx, const struct access_record *r)
{
    struct lacon *l = ctx;
    l->logged++;
    l->last_log = *r;
    if (!l->book)
        return true;
    struct plan *p = logged_plan(l, r);
    if (!p) {
        sim_fail(l->sim, "access log names no exchange of ours: \"%.*s\"", r->request_line, r->text);
        return true;
    }
    p->log_status = r->status;
    p->log_request = r->bytes_request;
    p->log_body = r->bytes_body;
    sim_say(l->sim, "log %u: status %u, reason %s", p->id, r->status, reason_name(r->reason));
    if (++p->logged > 1)
        sim_fail(l->sim, "exchange %u was logged twice", p->id);
    return true;
}

/* ---- frames in ---- */

static void to_all(struct lacon *l, struct frame *f)
{
    for (unsigned w = 1; w < l->nworkers; w++) {
        struct frame *copy = frames_receive(&l->frames, f->port, f->data, f->len);
        engine_input(l->engine[w], &copy, 1, l->sim->now);
    }
    engine_input(l->engine[0], &f, 1, l->sim->now);
}

static void on_poll(void *arg)
{
    struct lacon *l = arg;
    struct frame *burst[LACON_WORKERS][ENGINE_BURST];
    unsigned n[LACON_WORKERS] = {0}, take = l->nqueue < ENGINE_BURST ? l->nqueue : ENGINE_BURST;
    for (unsigned i = 0; i < take; i++) {
        struct frame *f = l->queue[i];
        unsigned owner = engine_owner(l->engine[0], f);
        oracle_ingress(&l->oracle, f->data, f->len);
        if (owner == ENGINE_ALL)
            to_all(l, f);
        else if (owner < l->nworkers)
            burst[owner][n[owner]++] = f;
        else
            sim_fail(l->sim, "engine_owner names worker %u of %u", owner, l->nworkers);
    }
    for (unsigned w = 0; w < l->nworkers; w++)
        if (n[w])
            engine_input(l->engine[w], burst[w], n[w], l->sim->now);
    l->nqueue -= take;
    memmove(l->queue, l->queue + take, l->nqueue * sizeof *l->queue);
    if (l->nqueue)
        sim_arm(l->sim, &l->t_poll, l->sim->now);
    rearm_tick(l);
}

static void on_frame(struct lacon *l, uint16_t port, const uint8_t *p, uint32_t n)
{
    if (l->nqueue == LACON_QUEUE) {
        l->sim->stats.queue_drops++;
        return;
    }
    l->queue[l->nqueue++] = frames_receive(&l->frames, port, p, n);
    if (!sim_armed(&l->t_poll))
        sim_arm(l->sim, &l->t_poll, l->sim->now + rng_below(&l->sim->rng, l->poll_ns + 1));
}

static void on_frame0(void *arg, const uint8_t *p, uint32_t n)
{
    on_frame(arg, 0, p, n);
}

static void on_frame1(void *arg, const uint8_t *p, uint32_t n)
{
    on_frame(arg, 1, p, n);
}

/* ---- life ---- */

void lacon_start(struct lacon *l, struct sim *s, const struct config *config, struct lan *const lan[],
                 struct book *book)
{
    static void (*const input[LACON_PORTS])(void *, const uint8_t *, uint32_t) = {on_frame0, on_frame1};
    struct engine_port port[LACON_PORTS];
    struct link_cfg cable = {.delay_ns = 1 * US};
    memset(l, 0, sizeof *l);
    l->sim = s;
    l->book = book;
    l->config = config;
    l->nworkers = config->dpdk.workers;
    l->nports = config->ninterface;
    l->poll_ns = 20 * US;
    l->t_poll = (struct sim_timer){.fn = on_poll, .arg = l};
    l->t_tick = (struct sim_timer){.fn = on_tick, .arg = l};
    oracle_init(&l->oracle, s);
    frames_init(&l->frames, s);
    l->frames.send = on_send;
    l->frames.arg = l;
    for (unsigned i = 0; i < l->nports; i++) {
        uint8_t mac[6] = {2, 0xaa, 0, 0, 0, (uint8_t)(i + 1)};
        lan_attach(lan[i], &l->port[i], mac, &cable, input[i], l);
        memcpy(port[i].mac, mac, 6);
        port[i].mtu = SEG_MTU;
        port[i].up = true;
    }
    struct engine_params p = {.config = config,
                              .port = port,
                              .nworkers = l->nworkers,
                              .ops = frames_ops(&l->frames),
                              .log = {.put = on_log, .ctx = l},
                              .now_ns = s->now,
                              .wall_offset_ns = 1700000000ll * (int64_t)SEC};
    for (unsigned i = 0; i < sizeof p.secret; i++)
        p.secret[i] = (uint8_t)rng_next(&s->rng);
    for (unsigned i = 0; i < l->nworkers; i++) {
        p.worker = i;
        l->engine[i] = engine_create(&p);
        if (!l->engine[i])
            sim_fail(s, "engine_create failed");
    }
    if (!s->failed)
        rearm_tick(l);
}

void lacon_stop(struct lacon *l)
{
    sim_disarm(l->sim, &l->t_poll);
    sim_disarm(l->sim, &l->t_tick);
    for (unsigned i = 0; i < l->nworkers; i++)
        engine_destroy(l->engine[i]);
    if (l->frames.live != l->nqueue)
        sim_fail(l->sim, "%llu frames leaked", (unsigned long long)(l->frames.live - l->nqueue));
    frames_fini(&l->frames);
    oracle_fini(&l->oracle);
    for (unsigned i = 0; i < l->nports; i++)
        lan_detach(&l->port[i]);
}

void lacon_drain(struct lacon *l)
{
    for (unsigned i = 0; i < l->nworkers; i++)
        engine_drain(l->engine[i], l->sim->now);
    rearm_tick(l);
}

bool lacon_idle(const struct lacon *l)
{
    for (unsigned i = 0; i < l->nworkers; i++)
        if (!engine_idle(l->engine[i]))
            return false;
    return true;
}

uint64_t lacon_kept(const struct lacon *l)
{
    uint64_t sum = 0, total;
    for (unsigned i = 0; i < l->nworkers; i++)
        sum += engine_kept_bytes(l->engine[i], &total);
    return sum;
}

uint64_t lacon_count(const struct lacon *l, size_t offset)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < l->nworkers; i++)
        sum += counter_read(
            (const uint64_t *)(const void *)((const char *)engine_counters(l->engine[i]) + offset));
    return sum;
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
}
