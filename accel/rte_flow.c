/* rte_flow: flows carried by a real NIC, through DPDK's flow API (flow_api.h). What is asked of it, and what
 * it answers, is agent/base/flow_rule.h; in which words, flow_dialect.h; how a rule lives, and what else is
 * in which file, flow_engine.h.
 *
 * Threads: create(), serves() and destroy() on the main thread, the rest on the worker's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accel/flow_engine.h"

#define LOOK_NS  1000000ull /* between looks at two rules, at least */
#define LOOK_FAR 64u        /* tags gone over in search of a rule to look at */
#define OFTEN    32u        /* removals between two looks for completions */
#define HEED_NS  SEC        /* of a worker without rules: no other wakes it when it wants a port to be left */

static unsigned form_at(const struct accel_engine *e, unsigned in, unsigned out, bool v4)
{
    return 2 * (in * e->nports + out) + v4;
}

/* ---- what the splice calls ---- */

/* What insert() says of a call that failed. Nothing was made then. */
static int refusal(struct accel_engine *e, uint16_t port, int rc)
{
    if (rc == -ENOMEM || rc == -ENOSPC)
        stat_add(&e->stats.full, 1);
    else
        stat_add(&e->stats.refused, 1);
    if (rf_went_away(e, port, rc))
        return -ENODEV;
    return rc == -ENOTSUP || rc == -ENOSYS || rc == -EINVAL ? -ENOTSUP : -EAGAIN;
}

/* A rule that was asked for otherwise than by its interfaces' addresses and tags has not been asked for. */
static bool as_asked(const struct accel_engine *e, const struct flow_rule *r)
{
    return r->in_port < e->nports && r->out_port < e->nports &&
           ip_is_v4(&r->in.remote) == ip_is_v4(&r->out.remote) && r->in_vlan == e->port[r->in_port].vlan &&
           r->out_vlan == e->port[r->out_port].vlan;
}

static int rf_insert(void *ctx, uint32_t tag, const struct flow_rule *r, uint64_t now_ns)
{
    struct accel_engine *e = ctx;
    if (!as_asked(e, r)) {
        stat_add(&e->stats.refused, 1);
        return -ENOTSUP;
    }
    unsigned form = form_at(e, r->in_port, r->out_port, ip_is_v4(&r->in.remote));
    if (!e->form[form].can) {
        stat_add(&e->stats.refused, 1);
        return e->form[form].lost ? -ENODEV : -ENOTSUP;
    }
    if (e->held >= ENTRIES) {
        stat_add(&e->stats.full, 1);
        return -EAGAIN;
    }
    e->used = tag < e->used ? e->used : tag + 1;
    int rc = rf_make(e, tag, form, r, now_ns);
    return rc ? refusal(e, e->form[form].port, rc) : 0;
}

static void rf_remove(void *ctx, uint32_t tag, uint64_t now_ns)
{
    struct accel_engine *e = ctx;
    if (e->entry[tag].state == FREE)
        return;
    rf_job_doubt(e, tag, now_ns);
    rf_begin_remove(e, tag, FLOW_WHY_ASKED, now_ns);
}

/* Of an insertion whose completion does not come the handle may be good or not, so it is not given back: what
 * ends it is the port's flush. */
static void rf_flush(void *ctx, uint64_t now_ns)
{
    struct accel_engine *e = ctx;
    for (uint32_t tag = 0; tag < e->used; tag++) {
        rf_job_doubt(e, tag, now_ns);
        if (e->entry[tag].state != FREE)
            rf_begin_remove(e, tag, FLOW_WHY_LOST, now_ns);
        if (tag % OFTEN == 0)
            rf_pull_all(e, now_ns);
    }
    rf_wait_all(e, now_ns);
    for (uint32_t tag = 0; tag < e->used && e->held; tag++)
        if (e->entry[tag].state == IN) /* in since, or the queue was full */
            rf_begin_remove(e, tag, FLOW_WHY_LOST, now_ns);
    rf_wait_all(e, now_ns);
    for (uint32_t tag = 0; tag < e->used && e->held; tag++)
        if (e->entry[tag].state != FREE)
            rf_last_resort(e, tag);
}

/* ---- what the worker calls ---- */

static void look_at(struct accel_engine *e, uint32_t tag, uint64_t now_ns)
{
    struct flow_entry *x = &e->entry[tag];
    if (rf_aged(e, x, now_ns) || x->removing) /* again, where the device did not take it the first time */
        rf_begin_remove(e, tag, FLOW_WHY_AGED, now_ns);
}

/* One rule at a time, each about once a second. */
static void look(struct accel_engine *e, uint64_t now_ns)
{
    if (now_ns < e->look_ns || e->held == 0)
        return;
    uint64_t each = SEC / e->held;
    e->look_ns = now_ns + LOOK_NS;
    for (unsigned i = 0; i < LOOK_FAR; i++) {
        uint32_t tag = e->hand++ % e->used;
        if (e->entry[tag].state != IN || rf_has_joined(e, form_of(e, &e->entry[tag])->port))
            continue;
        e->look_ns = now_ns + (each > LOOK_NS ? each : LOOK_NS);
        look_at(e, tag, now_ns);
        return;
    }
}

static unsigned rf_poll(struct accel_engine *e, uint64_t now_ns, struct flow_answer out[], unsigned max)
{
    unsigned n = 0;
    if (now_ns >= e->pull_ns)
        rf_pull_all(e, now_ns);
    if (e->accord && flow_accord_any(e->accord))
        rf_heed(e, now_ns);
    e->heed_ns = now_ns + HEED_NS;
    look(e, now_ns);
    for (; n < max && e->ntold; e->ntold--) {
        out[n++] = e->told[e->told_at];
        e->told_at = (e->told_at + 1) % (2 * TAGS);
    }
    return n;
}

static uint64_t rf_next_ns(const struct accel_engine *e)
{
    if (e->ntold)
        return 0;
    if (rf_flying(e))
        return e->pull_ns;
    if (e->held)
        return e->look_ns;
    return e->nworkers > 1 ? e->heed_ns : UINT64_MAX;
}

/* ---- start and end ---- */

static bool has_way(void *ctx, const struct flow_form *f, unsigned in, char *why)
{
    return rf_way_open(ctx, in, f, why);
}

static void ask_forms(struct accel_engine *e, bool v6)
{
    const struct flow_asker a = {
        .api = e->api, .port = e->port, .nports = e->nports, .rules = ENTRIES, .has_way = has_way, .ctx = e};
    for (unsigned in = 0; in < e->nports; in++)
        for (unsigned out = 0; out < e->nports; out++)
            for (unsigned six = 0; six <= v6; six++)
                flow_form_ask(&e->form[form_at(e, in, out, !six)], &a, in, out, !six);
}

static void rf_destroy(struct accel_engine *e)
{
    struct rte_flow_error err;
    if (!e)
        return;
    rf_end_leaving(e);
    if (e->accord && flow_accord_leave(e->accord) == 0)
        e->nworkers = 1; /* the others are gone: nobody is left to be asked */
    if (e->entry && e->told && e->held)
        rf_flush(e, 0);
    for (uint32_t tag = 0; e->entry && tag < TAGS; tag++)
        if (e->entry[tag].counter)
            e->api->handle_destroy(e->entry[tag].counter_port, e->entry[tag].counter, &err);
    for (unsigned i = 0; i < e->nports; i++)
        if (!rf_is_removed(e, e->way[i].port))
            rf_way_close(e, i);
    for (unsigned i = 0; i < NFORM; i++)
        if (!rf_is_removed(e, e->form[i].port))
            flow_form_close(&e->form[i], e->api);
    free(e->entry);
    free(e->told);
    free(e);
}

static struct accel_engine *rf_create(const struct accel_engine_params *p, char *why)
{
    struct accel_engine *e = p->api ? calloc(1, sizeof *e) : NULL;
    if (!e) {
        snprintf(why, ACCEL_WHY, p->api ? "out of memory" : "there is no DPDK here");
        return NULL;
    }
    e->api = p->api;
    e->accord = p->accord;
    e->clock_ns = p->clock_ns;
    e->worker = p->worker;
    e->nworkers = p->nworkers ? p->nworkers : 1;
    e->nports = p->nports < ACCEL_PORTS ? p->nports : ACCEL_PORTS;
    if (e->nports)
        memcpy(e->port, p->port, e->nports * sizeof *e->port);
    e->entry = calloc(TAGS, sizeof *e->entry);
    e->told = calloc(2 * (size_t)TAGS, sizeof *e->told);
    if (!e->entry || !e->told) {
        snprintf(why, ACCEL_WHY, "out of memory");
        rf_destroy(e);
        return NULL;
    }
    ask_forms(e, p->v6);
    return e;
}

/* The way out by each interface, IPv4 and IPv6; told of is the first that there is. */
static bool rf_serves(const struct accel_engine *e, unsigned in, char *why)
{
    for (unsigned out = 0; out < e->nports; out++) {
        const struct flow_form *four = &e->form[form_at(e, in, out, true)];
        const struct flow_form *six = &e->form[form_at(e, in, out, false)];
        const struct flow_form *f = four->can ? four : six;
        if (!f->can)
            continue;
        snprintf(why, ACCEL_WHY, "%s out by %s: %.120s%s",
                 four->can && six->can ? "IPv4 and IPv6"
                 : four->can           ? "IPv4"
                                       : "IPv6",
                 e->port[out].name, f->why, f->jobs ? ", by a queue" : ", one by one");
        return true;
    }
    snprintf(why, ACCEL_WHY, "%s", e->form[form_at(e, in, 0, true)].why);
    return false;
}

static struct flow_ops rf_ops(struct accel_engine *e)
{
    return (struct flow_ops){
        .insert = rf_insert, .remove = rf_remove, .flush = rf_flush, .ctx = e, .entries = ENTRIES};
}

static const struct accel_stats *rf_stats(const struct accel_engine *e)
{
    return &e->stats;
}

static size_t rf_memory(const struct accel_engine *e)
{
    return sizeof *e + TAGS * (sizeof *e->entry + 2 * sizeof *e->told);
}

static const char *rf_about(const struct accel_engine *e)
{
    (void)e;
    return "a real NIC by DPDK's flow API; how many rules it has room for, and how many a second it takes, "
           "it "
           "does not tell: 16384 a worker are tried";
}

const struct accel_engine_class rte_flow_engine = {
    .create = rf_create,
    .destroy = rf_destroy,
    .serves = rf_serves,
    .ops = rf_ops,
    .poll = rf_poll,
    .next_ns = rf_next_ns,
    .stats = rf_stats,
    .memory = rf_memory,
    .about = rf_about,
};

const struct accel_provider accel_rte_flow = {
    .name = "rte_flow",
    .text = "a real NIC, by DPDK's flow API",
    .hooks = 1u << ACCEL_FLOW,
    .engine = &rte_flow_engine,
};
