#include "tests/sim/invariants.h"

#include <stdarg.h>
#include <stdio.h>

#include "agent/exchange/internal.h"
#include "agent/exchange/shared.h"
#include "agent/splice/remote.h"

#define FULL_EVERY 512 /* engine calls */

static void fail(struct lacon_worker *w, const struct conn *c, const char *fmt, ...)
{
    char what[300], ip[48];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    sim_fail(w->lacon->sim, "worker %u, %s conn %s:%u port %u: %s", w->index,
             c->pub.side == SIDE_CLIENT ? "client" : "endpoint",
             sim_ip(conn_remote(engine_splice(w->engine), c), ip),
             conn_key(engine_splice(w->engine), c).remote_port,
             conn_key(engine_splice(w->engine), c).local_port, what);
}

/* ---- one conn ---- */

/* The out-stream is a list of extents without holes, from what the peer has not acked to out_end; what is
 * kept is there. */
static void check_extents(struct lacon_worker *w, const struct conn *c)
{
    struct extent own;
    const struct extent *first = ext_first(c, &own);
    pos_t at = first ? first->out : c->out_end;
    uint32_t n = 0;
    if (at > c->out_una && c->out_una < c->out_end)
        fail(w, c, "unacked bytes lie in no extent (%llu, extents from %llu)", (unsigned long long)c->out_una,
             (unsigned long long)at);
    if (!c->x_own && first && !first->step && first->kind == EXT_COPY)
        fail(w, c, "its one extent, a copy extent, lies not in it");
    for (const struct extent *x = first; x; x = ext_next(x), n++) {
        if (x->out != at)
            fail(w, c, "a hole between extents");
        at += x->n;
        if (x->kind == EXT_KEPT && (!x->buf || ext_cap(x) < x->n || x->sent > x->n))
            fail(w, c, "a kept extent without its bytes");
        if (x->kind == EXT_COPY && (x->n != ext_m(x) || x->flags & EXT_OWNED))
            fail(w, c, "a copy extent of unequal sides, or owned");
    }
    if (at != c->out_end || n != c->x_count)
        fail(w, c, "extents end at %llu, not at %llu (%u of %u)", (unsigned long long)at,
             (unsigned long long)c->out_end, n, c->x_count);
    if (c->out_una > conn_out_max(c) || conn_out_max(c) > c->out_end + (c->fin_sent ? 1 : 0))
        fail(w, c, "out_una %llu, out_max %llu, out_end %llu", (unsigned long long)c->out_una,
             (unsigned long long)conn_out_max(c), (unsigned long long)c->out_end);
}

/* I1: what c's peer gets of c's stream is in order, and mapped. */
static void check_sources(struct lacon_worker *w, const struct conn *c)
{
    pos_t at = 0;
    struct extent own;
    for (const struct extent *x = conn_peer(c) ? ext_first(conn_peer(c), &own) : NULL; x; x = ext_next(x)) {
        if (x->flags & EXT_OWNED)
            continue;
        if (x->in < at)
            fail(w, c, "bytes from %llu are mapped twice", (unsigned long long)x->in);
        at = x->in + ext_m(x);
    }
    if (at > c->in_mapped)
        fail(w, c, "bytes up to %llu are mapped, in_mapped is %llu", (unsigned long long)at,
             (unsigned long long)c->in_mapped);
}

/* I3: the first byte of c's stream that neither its receiver has acked nor lacon holds. */
static pos_t ack_limit(const struct conn *c)
{
    const struct conn *a = conn_peer(c);
    struct extent own;
    for (const struct extent *x = a ? ext_first(a, &own) : NULL; x; x = ext_next(x)) {
        bool same = x->kind == EXT_COPY || x->flags & EXT_IDENTITY;
        if (x->flags & EXT_OWNED || x->out + x->n <= a->out_una)
            continue;
        return same && a->out_una > x->out ? x->in + (a->out_una - x->out) : x->in;
    }
    const struct hold *h = conn_hold(c);
    return c->in_mapped + (h->nrange && h->range[0].lo == 0 ? h->range[0].hi : 0);
}

static void check_acks(struct lacon_worker *w, const struct conn *c)
{
    uint32_t ack, edge;
    if (c->in_acked > ack_limit(c))
        fail(w, c, "acked %llu bytes that neither their receiver has acked nor lacon holds (I3)",
             (unsigned long long)(c->in_acked - ack_limit(c)));
    if (conn_in_edge(c) > conn_in_edge_high(c))
        fail(w, c, "in_edge lies beyond in_edge_high");
    struct flow_key k = conn_key(engine_splice(w->engine), c);
    if (!oracle_acked(&w->lacon->oracle, &k, &ack, &edge))
        return;
    if ((int32_t)(pos_seq(c->out_una) - ack) > 0)
        fail(w, c, "out_una is ahead of every ack that came");
    if ((int32_t)(pos_seq(conn_out_edge(c)) - edge) > 0)
        fail(w, c, "out_edge is beyond every window that was shown");
}

static void check_hold(struct lacon_worker *w, const struct conn *c)
{
    const struct hold *h = conn_hold(c);
    uint32_t at = 0;
    if ((c->has != 0) != (c->extra != NULL) || conn_holds(c) != (h->nrange != 0))
        fail(w, c, "a side block that is not used, or a use without it");
    for (uint32_t i = 0; i < h->nrange; i++) {
        if (h->range[i].lo >= h->range[i].hi || (i && h->range[i].lo <= at))
            fail(w, c, "ranges of the hold touch or are empty");
        at = h->range[i].hi;
    }
    if (h->nrange && (!h->buf || h->base + at > h->cap || at > c->w0))
        fail(w, c, "the hold is larger than its buffer, or than w0");
}

static bool owes(const struct conn *c)
{
    if (c->fin_queued && c->out_una <= c->out_end)
        return true;
    struct extent own;
    for (const struct extent *x = ext_first(c, &own); x; x = ext_next(x))
        if (x->flags & EXT_OWNED && x->out + x->n > c->out_una)
            return true;
    return false;
}

/* Is t known to the wheel, or the conn in the queue, which it leaves before t? */
static bool covered(const struct splice *s, const struct conn *c, ms_t t)
{
    if (tw_armed(&c->timer) && !ms_before(t, c->timer.tick))
        return true;
    for (uint32_t i = s->put_off.begin; c->put_off && i != s->put_off.end; i++) {
        const struct put_off_entry *e = &s->put_off.entry[i % PUT_OFF_MOST];
        if (e->conn == conn_idx(s, c) && ms_before(e->since + PUT_OFF_MS, t))
            return true;
    }
    return false;
}

/* What only lacon can repair has a timer; each client conn has one that ends it when nothing happens,
 * or its peer has. */
static void check_timers(struct lacon_worker *w, const struct conn *c)
{
    ms_t t = ms_earlier(c->t_rto, ms_earlier(c->t_phase, c->t_flush));
    const struct splice *s = engine_splice(w->engine);
    if (t && !covered(s, c, t))
        fail(w, c, "a deadline without an armed timer");
    if (t && splice_next_ns(s) > s->now && splice_next_ns(s) > ms_ns(s, t))
        fail(w, c, "a deadline that the worker would sleep over");
    if (c->pub.state != TCP_SYN_SENT && c->pub.state != TCP_TIME_WAIT && owes(c) && !c->t_rto)
        fail(w, c, "owned bytes or a FIN without a retransmission timer");
    if (c->pub.side == SIDE_CLIENT && !c->t_phase && !(conn_peer(c) && conn_peer(c)->t_phase))
        fail(w, c, "a client conn without a phase timer");
}

static void check_conn(struct lacon_worker *w, const struct conn *c)
{
    if (conn_is_dead(c))
        return;
    if (conn_peer(c) && (conn_is_dead(conn_peer(c)) || conn_peer(conn_peer(c)) != c))
        fail(w, c, "joined to a conn that is dead, or not joined to it");
    check_extents(w, c);
    check_sources(w, c);
    check_acks(w, c);
    check_hold(w, c);
    check_timers(w, c);
    if (c->pub.idle && (conn_peer(c) || c->x_count || conn_user(c) || conn_holds(c)))
        fail(w, c, "an idle conn in the pool has a peer, a user or bytes");
}

/* ---- all of a worker ---- */

struct census {
    uint64_t conns, extras, extents, kept, timers, waiting, idle;
};

static void count_conn(struct census *n, const struct conn *c)
{
    n->conns++;
    n->waiting += c->pub.state == TCP_TIME_WAIT;
    n->idle += c->pub.idle;
    n->timers += tw_armed(&c->timer);
    n->kept += conn_hold(c)->cap;
    n->extras += c->has != 0;
    for (const struct extent *x = c->x_own ? NULL : c->x_slab; x; x = ext_next(x)) {
        n->extents++;
        n->kept += x->buf ? ext_cap(x) : 0;
    }
}

static uint64_t extents_in_use(const struct splice *s)
{
    uint64_t n = s->x_used;
    for (const struct extent *x = s->x_free; x; x = ext_next(x))
        n--;
    return n;
}

static uint64_t exchanges_in_use(const struct splice *s)
{
    const struct exchanges *all = s->ux;
    uint64_t n = all->used;
    for (const struct exchange *x = all->free; x; x = x->next_free)
        n--;
    return n;
}

static void compare(struct lacon_worker *w, const char *what, uint64_t counted, uint64_t said)
{
    if (counted != said)
        sim_fail(w->lacon->sim, "worker %u: %llu %s are in use, %llu are accounted for", w->index,
                 (unsigned long long)counted, what, (unsigned long long)said);
}

/* Remotes with idle conns come first; they count all that are idle. */
static void check_remotes(struct lacon_worker *w, const struct splice *s)
{
    uint64_t idle = 0;
    bool none = false;
    for (const struct splice_remote *r = s->remotes.first; r; r = r->next) {
        if (none && r->idle_count)
            sim_fail(w->lacon->sim, "worker %u: a remote with idle conns is behind one without", w->index);
        none |= !r->idle_count;
        idle += r->idle_count;
    }
    compare(w, "idle conns of remotes", idle, s->cnt->endpoints_idle);
}

static struct census check_all(struct lacon_worker *w)
{
    const struct splice *s = engine_splice(w->engine);
    struct census n = {0};
    check_remotes(w, s);
    for (uint32_t i = 0; i < ct_capacity(s->table); i++) {
        const struct conn *c = ct_obj(s->table, i);
        if (conn_is_dead(c))
            continue;
        check_conn(w, c);
        count_conn(&n, c);
    }
    compare(w, "table slots", n.conns, ct_count(s->table));
    compare(w, "conns", n.conns - n.waiting, s->cnt->clients_open + s->cnt->endpoints_open);
    compare(w, "idle conns", n.idle, s->cnt->endpoints_idle);
    compare(w, "side blocks", n.extras, s->extras.live);
    compare(w, "extents", n.extents, extents_in_use(s));
    compare(w, "exchanges", exchanges_in_use(s), s->cnt->exchanges_open);
    compare(w, "kept bytes", n.kept, kbuf_used(s->pool));
    compare(w, "timers", n.timers, s->wheel.armed);
    return n;
}

void invariants_step(struct lacon_worker *w)
{
    struct oracle *o = &w->lacon->oracle;
    const struct splice *s = engine_splice(w->engine);
    if (w->calls++ % FULL_EVERY == 0 || o->ntouched > ORACLE_TOUCHED)
        check_all(w);
    for (unsigned i = 0; i < o->ntouched && i < ORACLE_TOUCHED; i++) {
        uint32_t idx = ct_lookup(s->table, &o->touched[i]);
        const struct conn *c = idx == CT_NONE ? NULL : ct_obj(s->table, idx);
        if (!c)
            continue;
        check_conn(w, c);
        if (conn_peer(c))
            check_conn(w, conn_peer(c));
    }
    o->ntouched = 0;
}

static void check_shared(struct lacon *l)
{
    unsigned busy = shared_busy(l->shared);
    if (busy)
        sim_fail(l->sim, "left after everything ended: %u breakers and clients count something", busy);
}

void invariants_rest(struct lacon_worker *w)
{
    struct sim *sim = w->lacon->sim;
    struct census n = check_all(w);
    uint32_t ports = splice_ports_taken(engine_splice(w->engine));
    uint64_t exchanges = exchanges_in_use(engine_splice(w->engine));
    if (n.conns || exchanges || n.extents || n.kept || n.timers || ports)
        sim_fail(sim,
                 "worker %u: left after everything ended: %llu conns, %llu exchanges, %llu extents, %llu "
                 "kept bytes, "
                 "%llu timers, %u local ports",
                 w->index, (unsigned long long)n.conns, (unsigned long long)exchanges,
                 (unsigned long long)n.extents, (unsigned long long)n.kept, (unsigned long long)n.timers,
                 ports);
    else if (w->index + 1 == w->lacon->nworkers)
        check_shared(w->lacon);
}
