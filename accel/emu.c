/* See emu.h. One FIFO of requests, each taking effect when those before it have and its own share of the
 * insertion (removal) rate has passed; told `delay_ns` after that, in batches. So between request and effect,
 * and between effect and answer, there is time in which frames meet the rule, or do not, without its owner
 * knowing: what agent/splice/offload.c has to live with.
 *
 * Enforced, by having nothing else: no change of payload, window or options; no reassembly; no ranges of
 * sequence numbers; a parser that sees the first PLAIN_DEPTH bytes and no option (plain.h).
 *
 *   tag ->  struct entry, in a slab;  four-tuple, port, VLAN -> tag by a table of chains */
#include "accel/emu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accel/plain.h"
#include "agent/base/counters.h"
#include "agent/base/flow_hash.h"

#define NONE        UINT32_MAX
#define SEC         1000000000ull
#define AGE_AT_ONCE 8u /* entries looked at for age in one poll */

/* Every number is an assumption: no such card was at hand, and no source gives them for these cards. What is
 * published of their like, and what each number was taken for, is in README.md. */
const struct emu_profile emu_profiles[] = {
    {.name = "bluefield2",
     .about = "assumed: 64 Ki rules, 20,000 insertions/s and 40,000 removals/s by one core, answers 0.5 ms "
              "later in batches of 0.25 ms (accel/README.md)",
     .entries = 65536,
     .queue = 1024,
     .insert_rate = 20000,
     .remove_rate = 40000,
     .delay_ns = 500000,
     .batch_ns = 250000,
     .age_ns = 10 * SEC,
     .v6 = true},
    {.name = "liquidio",
     .about =
         "assumed: 8 Ki rules, 100,000 insertions/s and removals/s by the card's own cores, answers 50 us "
         "later, IPv4 alone (accel/README.md)",
     .entries = 8192,
     .queue = 256,
     .insert_rate = 100000,
     .remove_rate = 100000,
     .delay_ns = 50000,
     .batch_ns = 10000,
     .age_ns = 10 * SEC,
     .v6 = false},
    {0},
};

enum entry_state {
    FREE,    /* the tag is its owner's */
    WAITING, /* the insertion has not taken effect */
    LIVE,
};

struct entry {
    uint8_t state;
    bool removing; /* a removal is under way */
    uint32_t next; /* chain */
    uint64_t asked_ns, hit_ns, packets, bytes;
    struct flow_rule rule;
};

struct request {
    uint32_t tag;
    bool insert;
    uint64_t effect_ns;
};

struct told {
    struct flow_answer a;
    uint64_t tell_ns;
};

/* A FIFO whose capacity bounds what can ever be in it. */
struct ring {
    uint32_t head, n, cap;
};

struct accel_engine {
    struct accel_stats stats;
    struct emu_profile p;
    struct frame_ops ops;
    struct sip_key key;
    uint32_t tags, buckets, live, hand;
    uint32_t inserting; /* requests for insertion in the queue */
    uint64_t busy_ns;   /* the last request's effect */
    struct entry *entry;
    uint32_t *bucket;
    struct ring queue_at, told_at;
    struct request *queue;
    struct told *told;
};

static uint32_t ring_put(struct ring *r)
{
    return (r->head + r->n++) % r->cap;
}

static uint32_t ring_take(struct ring *r)
{
    uint32_t at = r->head;
    r->head = (r->head + 1) % r->cap;
    r->n--;
    return at;
}

static void emu_destroy(struct accel_engine *e)
{
    if (!e)
        return;
    free(e->entry);
    free(e->bucket);
    free(e->queue);
    free(e->told);
    free(e);
}

struct accel_engine *emu_create(const struct emu_profile *p, const struct frame_ops *ops)
{
    struct accel_engine *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->p = *p;
    e->ops = *ops;
    e->tags = flow_tags(p->entries);
    e->key = (struct sip_key){0x6c61636f6e20656dull, 0x756c617465642121ull};
    for (e->buckets = 64; e->buckets < p->entries; e->buckets *= 2)
        ;
    /* For each tag at most an insertion, a removal, and two answers are under way. */
    e->queue_at.cap = e->told_at.cap = 2 * e->tags;
    e->entry = calloc(e->tags, sizeof *e->entry);
    e->bucket = malloc(e->buckets * sizeof *e->bucket);
    e->queue = calloc(e->queue_at.cap, sizeof *e->queue);
    e->told = calloc(e->told_at.cap, sizeof *e->told);
    if (!e->entry || !e->bucket || !e->queue || !e->told) {
        emu_destroy(e);
        return NULL;
    }
    memset(e->bucket, 0xff, e->buckets * sizeof *e->bucket);
    return e;
}

/* ENTRIESxRATE, or ENTRIESxRATExMICROSECONDS until an answer: the first profile with these, for benches and
 * tests. */
static bool made_up(const char *text, struct emu_profile *p)
{
    unsigned entries, rate, us = (unsigned)(emu_profiles[0].delay_ns / 1000);
    char end;
    int n = text ? sscanf(text, "%ux%ux%u%c", &entries, &rate, &us, &end) : 0;
    if ((n != 2 && n != 3) || entries == 0 || entries > 1u << 20 || rate == 0)
        return false;
    *p = emu_profiles[0];
    p->name = "made up";
    p->entries = entries;
    p->insert_rate = rate;
    p->remove_rate = 2 * rate;
    p->delay_ns = us * 1000ull;
    return true;
}

static struct accel_engine *create(const struct accel_engine_params *p, char *why)
{
    struct emu_profile custom;
    if (made_up(p->profile, &custom))
        return emu_create(&custom, &p->ops);
    for (const struct emu_profile *f = emu_profiles; f->name; f++)
        if (!p->profile || strcmp(f->name, p->profile) == 0) {
            struct accel_engine *e = emu_create(f, &p->ops);
            if (!e)
                snprintf(why, ACCEL_WHY, "out of memory");
            return e;
        }
    snprintf(why, ACCEL_WHY, "there is no profile \"%s\"", p->profile);
    return NULL;
}

/* ---- the table ---- */

static uint32_t *chain_of(struct accel_engine *e, const struct flow_key *k)
{
    return &e->bucket[flow_hash(&e->key, k) & (e->buckets - 1)];
}

static void link_in(struct accel_engine *e, uint32_t tag)
{
    struct entry *x = &e->entry[tag];
    uint32_t *chain = chain_of(e, &x->rule.in);
    x->next = *chain;
    *chain = tag;
    x->state = LIVE;
    e->live++;
    stat_add(&e->stats.rules, 1);
}

static void unlink_out(struct accel_engine *e, uint32_t tag)
{
    uint32_t *at = chain_of(e, &e->entry[tag].rule.in);
    while (*at != tag)
        at = &e->entry[*at].next;
    *at = e->entry[tag].next;
    e->live--;
    stat_add(&e->stats.rules, (uint64_t)-1);
}

/* ---- requests and answers ---- */

static void tell(struct accel_engine *e, uint32_t tag, enum flow_told what, enum flow_why why, uint64_t at_ns)
{
    struct entry *x = &e->entry[tag];
    uint64_t ns = at_ns + e->p.delay_ns;
    if (e->p.batch_ns)
        ns = (ns + e->p.batch_ns - 1) / e->p.batch_ns * e->p.batch_ns;
    if (e->told_at.n) { /* in order */
        uint64_t last = e->told[(e->told_at.head + e->told_at.n - 1) % e->told_at.cap].tell_ns;
        ns = ns < last ? last : ns;
    }
    struct told *t = &e->told[ring_put(&e->told_at)];
    *t = (struct told){{.tag = tag, .told = (uint8_t)what, .why = (uint8_t)why}, ns};
    if (what != FLOW_GONE)
        return;
    t->a.counted = true;
    t->a.packets = x->packets;
    t->a.bytes = x->bytes;
    x->state = FREE;
}

static int emu_insert(void *ctx, uint32_t tag, const struct flow_rule *r, uint64_t now_ns)
{
    struct accel_engine *e = ctx;
    struct entry *x = &e->entry[tag];
    bool v4 = ip_is_v4(&r->in.remote);
    if (v4 != ip_is_v4(&r->out.remote) || (!v4 && !e->p.v6)) {
        stat_add(&e->stats.refused, 1);
        return -ENOTSUP;
    }
    if (e->inserting >= e->p.queue) {
        stat_add(&e->stats.refused, 1);
        return -EAGAIN;
    }
    *x = (struct entry){.state = WAITING, .asked_ns = now_ns, .rule = *r};
    e->busy_ns = (e->busy_ns > now_ns ? e->busy_ns : now_ns) + SEC / e->p.insert_rate;
    e->queue[ring_put(&e->queue_at)] = (struct request){tag, true, e->busy_ns};
    e->inserting++;
    return 0;
}

static void emu_remove(void *ctx, uint32_t tag, uint64_t now_ns)
{
    struct accel_engine *e = ctx;
    struct entry *x = &e->entry[tag];
    if (x->state == FREE || x->removing)
        return; /* told already, or soon */
    x->removing = true;
    e->busy_ns = (e->busy_ns > now_ns ? e->busy_ns : now_ns) + SEC / e->p.remove_rate;
    e->queue[ring_put(&e->queue_at)] = (struct request){tag, false, e->busy_ns};
}

static void take_effect(struct accel_engine *e, const struct request *q)
{
    struct entry *x = &e->entry[q->tag];
    if (q->insert) {
        e->inserting--;
        if (e->live >= e->p.entries) {
            stat_add(&e->stats.full, 1);
            tell(e, q->tag, FLOW_GONE, FLOW_WHY_FULL, q->effect_ns);
            return;
        }
        x->hit_ns = q->effect_ns;
        stat_add(&e->stats.inserted, 1);
        stat_add(&e->stats.insert_ns, q->effect_ns - x->asked_ns);
        link_in(e, q->tag);
        tell(e, q->tag, FLOW_IN, FLOW_WHY_ASKED, q->effect_ns);
    } else if (x->state == LIVE && x->removing) {
        unlink_out(e, q->tag);
        stat_add(&e->stats.removed, 1);
        tell(e, q->tag, FLOW_GONE, FLOW_WHY_ASKED, q->effect_ns);
    }
}

static void advance(struct accel_engine *e, uint64_t now_ns)
{
    while (e->queue_at.n && e->queue[e->queue_at.head].effect_ns <= now_ns) {
        struct request q = e->queue[ring_take(&e->queue_at)];
        take_effect(e, &q);
    }
}

static void age(struct accel_engine *e, uint64_t now_ns)
{
    for (unsigned i = 0; i < AGE_AT_ONCE && e->live; i++) {
        struct entry *x = &e->entry[e->hand];
        if (x->state == LIVE && !x->removing && x->hit_ns + e->p.age_ns <= now_ns) {
            unlink_out(e, e->hand);
            stat_add(&e->stats.aged, 1);
            tell(e, e->hand, FLOW_GONE, FLOW_WHY_AGED, now_ns);
        }
        e->hand = (e->hand + 1) % e->tags;
    }
}

/* All at once, what is in the queue included. */
static void emu_flush(void *ctx, uint64_t now_ns)
{
    struct accel_engine *e = ctx;
    for (uint32_t tag = 0; tag < e->tags; tag++) {
        struct entry *x = &e->entry[tag];
        if (x->state == LIVE)
            unlink_out(e, tag);
        if (x->state == FREE)
            continue;
        stat_add(&e->stats.lost, 1);
        tell(e, tag, FLOW_GONE, FLOW_WHY_LOST, now_ns);
    }
    e->queue_at.n = e->inserting = 0;
    e->busy_ns = now_ns;
}

static unsigned emu_poll(struct accel_engine *e, uint64_t now_ns, struct flow_answer out[], unsigned max)
{
    unsigned n = 0;
    advance(e, now_ns);
    age(e, now_ns);
    while (n < max && e->told_at.n && e->told[e->told_at.head].tell_ns <= now_ns)
        out[n++] = e->told[ring_take(&e->told_at)].a;
    return n;
}

static uint64_t emu_next_ns(const struct accel_engine *e)
{
    uint64_t effect = e->queue_at.n ? e->queue[e->queue_at.head].effect_ns : UINT64_MAX;
    uint64_t told = e->told_at.n ? e->told[e->told_at.head].tell_ns : UINT64_MAX;
    return effect < told ? effect : told;
}

/* ---- frames ---- */

static struct entry *look_up(struct accel_engine *e, const struct plain *p, uint16_t port)
{
    for (uint32_t t = *chain_of(e, &p->key); t != NONE; t = e->entry[t].next) {
        const struct flow_rule *r = &e->entry[t].rule;
        if (flow_key_eq(&r->in, &p->key) && r->in_vlan == p->vlan && r->in_port == port)
            return &e->entry[t];
    }
    return NULL;
}

static bool take_frame(struct accel_engine *e, struct frame *f, uint64_t now_ns)
{
    struct plain p;
    struct entry *x = plain_parse(f, &p) ? look_up(e, &p, f->port) : NULL;
    if (!x)
        return false;
    x->hit_ns = now_ns;
    x->packets++;
    x->bytes += f->len;
    stat_add(&e->stats.hits, 1);
    stat_add(&e->stats.hit_bytes, f->len);
    plain_rewrite(f, &p, &x->rule);
    frame_send(&e->ops, f);
    return true;
}

static unsigned emu_pass(struct accel_engine *e, struct frame *f[], unsigned n, uint64_t now_ns)
{
    unsigned left = 0;
    advance(e, now_ns);
    if (e->live == 0)
        left = n;
    else
        for (unsigned i = 0; i < n; i++)
            if (!take_frame(e, f[i], now_ns))
                f[left++] = f[i];
    stat_add(&e->stats.misses, left);
    return left;
}

static struct flow_ops emu_ops(struct accel_engine *e)
{
    return (struct flow_ops){.insert = emu_insert,
                             .remove = emu_remove,
                             .flush = emu_flush,
                             .ctx = e,
                             .entries = e->p.entries,
                             .rate = e->p.insert_rate};
}

static const struct accel_stats *emu_stats(const struct accel_engine *e)
{
    return &e->stats;
}

static size_t emu_memory(const struct accel_engine *e)
{
    return sizeof *e + e->tags * sizeof *e->entry + e->buckets * sizeof *e->bucket +
           e->queue_at.cap * sizeof *e->queue + e->told_at.cap * sizeof *e->told;
}

static const char *emu_about(const struct accel_engine *e)
{
    return e->p.about;
}

const struct accel_engine_class emu_engine = {
    .create = create,
    .destroy = emu_destroy,
    .ops = emu_ops,
    .poll = emu_poll,
    .next_ns = emu_next_ns,
    .pass = emu_pass,
    .stats = emu_stats,
    .memory = emu_memory,
    .about = emu_about,
};

const struct accel_provider accel_emu = {
    .name = "emu",
    .text = "a SmartNIC's flow engine, emulated in front of the worker",
    .hooks = 1u << ACCEL_FLOW,
    .engine = &emu_engine,
};
