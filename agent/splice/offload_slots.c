/* See offload_slots.h. */
#include "agent/splice/offload_slots.h"

#include <errno.h>

#include "agent/base/bigmem.h"
#include "agent/base/mutant.h"

#define LOOK_NS  (16 * MS_NS)  /* between looks at a rule */
#define TRIAL_NS (100 * MS_NS) /* of one that acks nothing: then another is tried */
#define LOOKED   64u           /* slots gone over in search of one that gives way */

int offload_init(struct splice *s, const struct flow_ops *ops, const struct flow_taste *t)
{
    struct offloads *o = &s->off;
    o->look_last = &o->look_first;
    o->least = UINT64_MAX;
    if (!ops || !ops->entries)
        return 0;
    o->ops = *ops;
    flow_policy_init(&o->policy, t, ops->entries, ops->rate);
    o->slots = flow_policy_places(&o->policy);
    o->slab = bigmem_alloc(o->slots + 1, sizeof *o->slab);
    o->of_tag = bigmem_alloc(flow_tags(ops->entries), sizeof *o->of_tag);
    o->free_tag = bigmem_alloc(flow_tags(ops->entries), sizeof *o->free_tag);
    if (!o->slab || !o->of_tag || !o->free_tag)
        return -ENOMEM; /* offload_fini() gives back what there is */
    for (uint32_t tag = flow_tags(ops->entries); tag-- > 0;)
        o->free_tag[o->ntag++] = tag;
    o->least = t->least;
    return 0;
}

void offload_fini(struct splice *s)
{
    struct offloads *o = &s->off;
    bigmem_free(o->slab, o->slots + 1, sizeof *o->slab);
    bigmem_free(o->of_tag, flow_tags(o->ops.entries), sizeof *o->of_tag);
    bigmem_free(o->free_tag, flow_tags(o->ops.entries), sizeof *o->free_tag);
}

size_t offload_memory(const struct splice *s)
{
    const struct offloads *o = &s->off;
    size_t tag = sizeof *o->of_tag + sizeof *o->free_tag;
    return o->slab ? (o->slots + 1) * sizeof *o->slab + flow_tags(o->ops.entries) * tag : 0;
}

/* ---- tags ---- */

void tag_take(struct offloads *o, struct offload *f)
{
    f->tag = o->free_tag[--o->ntag];
    o->of_tag[f->tag] = f;
}

void tag_back(struct offloads *o, const struct offload *f)
{
    o->free_tag[o->ntag++] = f->tag;
}

/* ---- slots ---- */

static struct offload *on_trial(const struct offloads *o)
{
    return &o->slab[o->slots];
}

static struct offload *take(struct offloads *o)
{
    struct offload *f = o->free;
    if (f)
        o->free = f->next;
    else if (o->used < o->slots)
        f = &o->slab[o->used++];
    return f;
}

void slot_close(struct splice *s, struct offload *f)
{
    struct offloads *o = &s->off;
    if (f->e)
        extra_close(s, f->e, USE_OFFLOAD);
    f->e = NULL;
    if (f == on_trial(o))
        return;
    f->next = o->free;
    o->free = f;
}

static struct offload *take_trial(struct splice *s)
{
    struct offload *f = on_trial(&s->off);
    if (mutant(offload_watchers_stay) || (f->e && s->now - f->gauge.begun_ns < TRIAL_NS))
        return NULL;
    if (f->e)
        slot_close(s, f);
    return f;
}

static uint64_t least_rate(struct splice *s, const struct conn *e)
{
    const struct conn *c = conn_peer(e);
    return c ? s->user->least_rate(s->ux, c) : 0;
}

void slot_open(struct splice *s, struct conn *e)
{
    struct offload *f = take(&s->off);
    if (!f)
        f = take_trial(s);
    if (!f)
        return;
    *f = (struct offload){.e = e};
    extra_open(s, e, USE_OFFLOAD)->off = f;
    flow_gauge_begin(&s->off.policy, &f->gauge, least_rate(s, e), e->in_acked, s->now);
}

/* ---- who gives way ---- */

static uint64_t worth(const struct offload *f)
{
    return f->unfit || f->gauge.slow || f->gauge.look_ns == UINT64_MAX ? 0 : f->gauge.rate;
}

/* The least worthy of those looked at that only watch; all slots are in use. Their rates are of when they
 * last acked, so they are looked at now. */
static struct offload *worst_watcher(struct splice *s)
{
    struct offloads *o = &s->off;
    struct offload *worst = NULL;
    assert(o->slab);
    for (uint32_t i = 0; i < LOOKED && i < o->slots; i++) {
        struct offload *f = &o->slab[o->hand++ % o->slots];
        if (f->state != WATCH || !f->e)
            continue;
        flow_gauge_look(&f->gauge, f->e->in_acked, s->now);
        worst = !worst || worth(f) < worth(worst) ? f : worst;
    }
    return worst;
}

static struct offload *make_way(struct splice *s, const struct offload *f)
{
    struct offload *on = worst_watcher(s);
    if (!on || !(on->unfit || flow_policy_displaces(&on->gauge, &f->gauge)))
        return NULL;
    slot_close(s, on);
    return take(&s->off);
}

struct offload *slot_settle(struct splice *s, struct offload *f)
{
    struct offload *to;
    if (f != on_trial(&s->off))
        return f;
    if (f->gauge.known_ms < FLOW_KNOWN_MS)
        return NULL;
    to = f->unfit ? NULL : take(&s->off);
    if (!to && !f->unfit)
        to = make_way(s, f);
    if (!to) {
        slot_close(s, f);
        return NULL;
    }
    *to = *f;
    to->e->extra->off = to;
    f->e = NULL;
    return to;
}

/* ---- the list of looks ---- */

void look_add(struct splice *s, struct offload *f)
{
    struct offloads *o = &s->off;
    f->look_ns = s->now + LOOK_NS;
    f->next = NULL;
    f->pprev = o->look_last;
    *o->look_last = f;
    o->look_last = &f->next;
}

void look_remove(struct splice *s, struct offload *f)
{
    *f->pprev = f->next;
    if (f->next)
        f->next->pprev = f->pprev;
    else
        s->off.look_last = f->pprev;
}
