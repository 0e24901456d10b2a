/* The next generation becomes the present one (generation.c says what they are): clients are moved to its
 * listeners, what was learned of endpoints goes over, and what is in flight stays with its own generation,
 * within drain_timeout. The worker's thread, between two bursts. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

static bool same_listener(const struct cfg_listener *a, const struct cfg_listener *b)
{
    return a->at.port == b->at.port && ip_eq(&a->at.addr, &b->at.addr) && a->any4 == b->any4 &&
           a->any6 == b->any6 && a->protocol == b->protocol;
}

static uint32_t listener_in(const struct config *cfg, const struct cfg_listener *l)
{
    for (uint32_t i = 0; i < cfg->nlistener; i++)
        if (same_listener(&cfg->listener[i], l))
            return i;
    return LISTENER_GONE;
}

uint32_t endpoint_in(const struct cluster_state *cs, const struct roster_entry *entry, uint32_t near)
{
    uint32_t n = cs->cfg->nendpoint;
    for (uint32_t k = 0; k < n || k <= near; k++)
        for (unsigned side = 0; side < 2; side++) {
            uint32_t i = side ? near - k : near + k; /* below 0 is above n */
            if (i < n && cs->endpoint[i].entry == entry)
                return cs->cfg->endpoint[i].weight ? i : LB_NONE;
        }
    return LB_NONE;
}

/* Can what counts x be given back in cs, at endpoint i? An endpoint that two names lead to has the limits of
 * the first: when that goes, another's. */
static bool counts_there(const struct exchange *x, const struct cluster_state *cs, uint32_t i)
{
    return (cs->breaker || !(x->tallied || x->retrying)) && (cs->endpoint[i].breaker || !x->at_endpoint);
}

/* Where only endpoints have changed (names' addresses, weights), an exchange that is tried nowhere else any
 * more goes on under the present generation: or each such change would cut off tunnels, and keep all of a
 * generation for them until then. What limits it counts it as before, by the same names. */
static void carry_exchange(struct exchanges *w, struct exchange *x)
{
    struct generation *from = x->gen, *to = w->gen;
    if (from == to || !x->resp_head || x->cluster == LB_NONE || !config_same_file(from->cfg, to->cfg))
        return;
    struct cluster_state *cs = &to->cluster[x->cluster];
    uint32_t i = endpoint_in(cs, cluster_of(x)->endpoint[x->endpoint].entry, x->endpoint);
    if (i == LB_NONE || !counts_there(x, cs, i) || mutant(reload_carries_none))
        return;
    if (x->counted) {
        lb_end(cluster_of(x)->picker, x->endpoint);
        lb_begin(cs->picker, i);
    }
    x->gen = to;
    x->endpoint = i;
    x->rec.generation = to->id;
    to->users++;
    for (struct conn *c = x->c; c; c = c == x->c ? x->e : NULL) {
        conn_serves(w, c, to, x->cluster, i);
    }
    generation_leave(w, from);
}

struct adoption {
    struct exchanges *w;
    const uint32_t *map; /* from the old generation's listeners to the new one's */
};

/* A client of a listener that is no more, or keeps it out now, may finish its exchange, and no other. */
static void move_client(void *arg, struct conn *c)
{
    const struct adoption *a = arg;
    if (conn_listener(c) != LISTENER_GONE)
        conn_as_client(c)->listener = a->map[conn_listener(c)];
    if (conn_listener(c) != LISTENER_GONE &&
        listener_denies(&a->w->gen->cfg->listener[conn_listener(c)], splice_remote_addr(a->w->s, c)))
        conn_as_client(c)->listener = LISTENER_GONE;
    if (mutant(reload_listener_kept) && conn_listener(c) == LISTENER_GONE)
        conn_as_client(c)->listener = 0;
    if (conn_listener(c) != LISTENER_GONE && !mutant(reload_hold_fixed))
        splice_hold_more(c, listener_hold(&a->w->gen->cfg->listener[conn_listener(c)]));
    if (conn_listener(c) != LISTENER_GONE)
        client_limits_adopt(a->w, c);
    if (conn_listener(c) == LISTENER_GONE && !conn_user(c) && !c->user_doom)
        client_close(a->w, c, R_CLOSE_DRAIN);
    if (conn_user(c))
        carry_exchange(a->w, conn_user(c));
    else if (!conn_is_dead(c) && conn_holds(c) && !c->sink && !c->user_mark && !mutant(reload_head_asleep))
        client_wake(a->w, c); /* its head waited for its client's share, which may have grown */
}

/* What this worker has learned of an endpoint holds as well under another configuration. */
static void carry_marks(const struct exchanges *w, const struct cluster_state *from, struct cluster_state *to)
{
    uint64_t now = splice_now(w->s);
    for (uint32_t i = 0; i < from->cfg->nendpoint; i++) {
        uint64_t until = from->endpoint[i].down_until_ns;
        for (uint32_t j = 0; until > now && !mutant(reload_marks_forgotten) && j < to->cfg->nendpoint; j++)
            if (to->endpoint[j].entry == from->endpoint[i].entry) {
                to->endpoint[j].down_until_ns = until;
                to->endpoint[j].marked_ns = from->endpoint[i].marked_ns;
            }
    }
}

static bool has_marks(const struct exchanges *w, const struct cluster_state *cs)
{
    for (uint32_t i = 0; i < cs->cfg->nendpoint; i++)
        if (cs->endpoint[i].down_until_ns > splice_now(w->s))
            return true;
    return false;
}

static void carry_all_marks(const struct exchanges *w, const struct generation *from, struct generation *to)
{
    for (uint32_t i = 0; i < from->cfg->ncluster; i++) {
        const struct cluster_state *cs = &from->cluster[i];
        for (uint32_t j = 0, n = has_marks(w, cs) ? to->cfg->ncluster : 0; j < n; j++)
            if (strcmp(cs->cfg->name, to->cluster[j].cfg->name) == 0)
                carry_marks(w, cs, &to->cluster[j]);
    }
}

static void carry_picker(const struct cluster_state *from, struct cluster_state *to)
{
    for (uint32_t j = 0; j < from->cfg->nendpoint; j++) {
        uint32_t i = endpoint_in(to, from->endpoint[j].entry, j);
        if (i != LB_NONE)
            lb_carry(to->picker, i, from->picker, j);
    }
}

/* What pickers have learned of endpoints that stay; after their marks are set. */
static void carry_pickers(const struct generation *from, struct generation *to)
{
    for (uint32_t i = 0; i < from->cfg->ncluster; i++)
        for (uint32_t j = 0, n = lb_has_learned(from->cluster[i].picker) ? to->cfg->ncluster : 0; j < n; j++)
            if (strcmp(from->cluster[i].cfg->name, to->cluster[j].cfg->name) == 0)
                carry_picker(&from->cluster[i], &to->cluster[j]);
}

void exchanges_adopt(struct exchanges *w, struct generation *g)
{
    struct generation *old = w->gen;
    uint32_t map[CFG_MAX_LISTENERS];
    struct adoption a = {w, map};
    for (uint32_t i = 0; i < old->cfg->nlistener; i++)
        map[i] = listener_in(g->cfg, &old->cfg->listener[i]);
    carry_all_marks(w, old, g);
    endpoints_settle(w, g);
    carry_pickers(old, g);
    checks_end(w, old, g);
    g->users = 1;
    w->gen = g;
    checks_begin(w, g);
    uint64_t until = splice_now(w->s) + g->cfg->admin.drain_timeout_ns;
    if (w->draining && !mutant(reload_drain_put_off))
        g->expire_ns = old->expire_ns; /* a reload does not put off the end of a drain */
    if (!mutant(reload_forever))
        old->expire_ns = until < old->expire_ns ? until : old->expire_ns;
    old->next = w->former;
    w->former = old;
    splice_each_client(w->s, move_client, &a);
    queues_adopt(w, g);
    generation_leave(w, old);
}
