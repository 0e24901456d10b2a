/* The splice of one worker: what it is made of, where a segment goes first, and joining and parting. */
#include "agent/splice/splice.h"

#include <stddef.h>
#include <stdlib.h>

#include "agent/base/bigmem.h"
#include "agent/base/mutant.h"
#include "agent/splice/internal.h"

#define EACH_AHEAD 8u /* slots: what a line from memory takes */

struct splice *splice_create(const struct splice_params *p)
{
    struct splice *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    struct sip_key table = sip_key_for(p->secret, "connections"), half = sip_key_for(p->secret, "half-open"),
                   clients = sip_key_for(p->secret, "clients");
    splice_set_now(s, p->now_ns);
    s->net = p->net;
    s->ops = p->ops;
    s->cnt = p->counters;
    s->user = p->user;
    s->ux = p->user_ctx;
    s->isn_key = sip_key_for(p->secret, "isn");
    s->limit_key = sip_key_for(p->secret, "limits");
    s->port_lo = p->port_lo;
    s->port_hi = p->port_hi;
    s->worker = p->worker;
    s->nworkers = p->nworkers;
    s->mine = p->mine;
    s->mine_ctx = p->mine_ctx;
    s->most_ports = p->most_ports;
    for (unsigned i = 0; i < 2; i++)
        s->tw[i] = LIST_EMPTY;
    s->dead = LIST_EMPTY;
    remotes_init(s);
    s->x_cap = (size_t)p->connections * 3;
    s->table = ct_create(p->connections, sizeof(struct conn), sizeof(struct conn_cold), &table);
    s->conns = s->table ? ct_obj(s->table, 0) : NULL;
    s->pool = kbuf_create(p->buffers);
    s->half = halfopen_create(p->syn_ring, &half);
    s->clients = clients_create(p->connections, p->shares.conns, p->shares.bytes, &clients);
    s->trusted = p->shares.trusted;
    s->ntrusted = p->shares.ntrusted;
    s->x_slab = bigmem_alloc(s->x_cap, sizeof *s->x_slab);
    if (extras_init(s, p->connections) < 0 || !s->table || !s->pool || !s->half || !s->clients ||
        !s->x_slab || timers_init(s, p->now_ns) < 0 || offload_init(s, p->flow, &p->flow_taste) < 0) {
        splice_destroy(s);
        return NULL;
    }
    load_init(s);
    return s;
}

void splice_share(struct splice *s, const struct splice_shares *sh)
{
    clients_limit(s->clients, sh->conns, sh->bytes);
    s->trusted = sh->trusted;
    s->ntrusted = sh->ntrusted;
}

void splice_destroy(struct splice *s)
{
    if (!s)
        return;
    remotes_free(s);
    offload_fini(s);
    halfopen_destroy(s->half);
    clients_destroy(s->clients);
    kbuf_destroy(s->pool);
    ct_destroy(s->table);
    bigmem_free(s->x_slab, s->x_cap, sizeof *s->x_slab);
    extras_fini(s);
    timers_fini(s);
    free(s);
}

void splice_memory(const struct splice *s, struct memory_list *l)
{
    size_t tombs, half = halfopen_memory(s->half, &tombs);
    memory_add(l, "connections",
               ct_bytes(ct_capacity(s->table), sizeof(struct conn), sizeof(struct conn_cold)));
    memory_add(l, "extents", s->x_cap * sizeof *s->x_slab);
    memory_add(l, "side blocks", extras_memory(s));
    memory_add(l, "kept bytes", kbuf_memory(s->pool));
    memory_add(l, "half-open", half);
    memory_add(l, "tombstones", tombs);
    memory_add(l, "clients", clients_memory(s->clients));
    memory_add(l, "local ports", remotes_memory(s));
    memory_add(l, "offloaded flows", offload_memory(s));
    memory_add(l, "deadlines", timers_memory());
    memory_add(l, "splice", sizeof *s);
}

uint64_t splice_now(const struct splice *s)
{
    return s->now;
}

void splice_set_now(struct splice *s, uint64_t now_ns)
{
    s->now = now_ns;
    s->now_ms = now_ns / MS_NS;
    s->now_up_ms = (ms_t)((now_ns + MS_NS - 1) / MS_NS);
}

struct flow_key splice_key(const struct splice *s, const struct conn *c)
{
    return conn_key(s, c);
}

struct conn_cold *splice_cold(const struct splice *s, const struct conn *c)
{
    return conn_cold(s, c);
}

uint32_t splice_index(const struct splice *s, const struct conn *c)
{
    return conn_idx(s, c);
}

const struct ip_addr *splice_remote_addr(const struct splice *s, const struct conn *c)
{
    return conn_remote(s, c);
}

struct conntable *splice_table(const struct splice *s)
{
    return s->table;
}

struct kbuf_pool *splice_pool(const struct splice *s)
{
    return s->pool;
}

struct counters *splice_counters(const struct splice *s)
{
    return s->cnt;
}

const struct clients *splice_clients(const struct splice *s)
{
    return s->clients;
}

bool splice_client_full(const struct splice *s, const struct conn *c)
{
    return clients_full(s->clients, conn_client(c));
}

void splice_drain(struct splice *s)
{
    s->draining = true;
    for (uint32_t i = 0; i < ct_capacity(s->table); i++) {
        struct conn *e = ct_obj(s->table, i);
        if (conn_is_dead(e) || !e->pub.idle)
            continue;
        splice_pool_remove(s, e);
        splice_fin(s, e, R_CLOSE_DRAIN);
    }
}

/* RFC 6528: a keyed hash of the four-tuple plus a clock of 4 microseconds. */
uint32_t isn_make(const struct splice *s, const struct flow_key *k)
{
    return (uint32_t)siphash(&s->isn_key, k, sizeof *k) + (uint32_t)(s->now / 4000);
}

uint16_t path_mss(const struct splice *s, const struct net_path *p, const struct ip_addr *a)
{
    uint16_t mtu = net_if_mtu(s->net, p->ifidx), headers = ip_is_v4(a) ? 40 : 60;
    uint16_t room = (uint16_t)(FRAME_ROOM > UINT16_MAX ? UINT16_MAX : FRAME_ROOM);
    if (mtu > room)
        mtu = room;
    return (uint16_t)(mtu > headers + 64 ? mtu - headers : 64);
}

void splice_touch(const struct splice *s, struct conn *c)
{
    c->progress = s->now_up_ms;
}

uint64_t splice_progress_ns(const struct splice *s, const struct conn *c)
{
    uint64_t ns = ms_ns(s, c->progress);
    return ns < s->now ? ns : s->now;
}

struct conn *conn_new(struct splice *s, const struct flow_key *k, enum conn_side side)
{
    uint32_t idx = ct_insert(s->table, k);
    if (idx == CT_NONE && (tw_evict(s) || pool_evict(s)))
        idx = ct_insert(s->table, k);
    if (idx == CT_NONE)
        return NULL;
    struct conn *c = ct_obj(s->table, idx);
    c->pub.side = side & 1;
    c->last_idx = CT_NONE;
    *conn_cold(s, c) = (struct conn_cold){(uint32_t)(s->now / SEC_NS), UINT32_MAX, UINT32_MAX};
    if (side == SIDE_CLIENT)
        c->as_client.counted_as = CLIENT_NONE;
    splice_touch(s, c);
    return c;
}

static void tombstone(struct splice *s, const struct conn *c)
{
    struct flow_key k = conn_key(s, c);
    halfopen_tombstone(s->half, &k, s->now);
}

void conn_reap_last(struct splice *s)
{
    struct conn *c = list_first(s, &s->dead);
    list_remove(s, &s->dead, c);
    if (c->pub.side == SIDE_ENDPOINT)
        remote_left(s, c);
    else if (c->by_cookie && !mutant(tombstone_missing))
        tombstone(s, c);
    extra_close(s, c, USE_ALL);
    ct_remove(s->table, conn_idx(s, c));
}

void splice_reap(struct splice *s)
{
    while (s->dead.first != CT_NONE)
        conn_reap_last(s);
}

/* ---- segments ---- */

/* A segment of no conn. */
/* What has neither SYN nor ACK nor RST is dropped by who listens, and where a handshake is under way (RFC
 * 9293 sections 3.10.7.2 and 3.10.7.4). */
static bool says_nothing(const struct splice *s, const struct pkt *p)
{
    struct splice_listener l;
    return !(p->flags & (TCP_SYN | TCP_ACK | TCP_RST)) && s->user->listens(s->ux, &p->key, &l) &&
           !mutant(no_ack_reset);
}

static void stray_segment(struct splice *s, struct frame *f, const struct pkt *p)
{
    uint8_t kind = p->flags & (TCP_SYN | TCP_ACK | TCP_RST);
    if (kind & TCP_RST) {
        halfopen_rst(s->half, &p->key, p->seq);
        count(s->cnt, R_DROP_NO_CONN);
    } else if (kind == TCP_SYN) {
        accept_syn(s, f, p, 0, false);
    } else {
        enum reason why = R_DROP_NO_CONN;
        struct conn *c = kind == TCP_ACK ? accept_ack(s, f, p, &why) : NULL;
        if (c && !conn_is_dead(c)) {
            conn_segments(s, c, &f, p, 1);
            return;
        }
        count(s->cnt, c ? R_CONSUMED : why);
        if (!c && why != R_DROP_DENIED && !says_nothing(s, p))
            seg_rst_reply(s, f, p);
    }
    frame_free(&s->ops, f);
}

/* One stage for each step of the way that forward() will take: conn, its peer, the peer's first extent. A
 * slot's memory stays a conn when the conn has ended, so a pointer that went stale costs a prefetch. */
void splice_prefetch(const struct splice *s, const uint32_t idx[], unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (idx[i] != CT_NONE)
            prefetch_hot(ct_obj(s->table, idx[i]));
    for (unsigned i = 0; i < n; i++) {
        const struct conn *c = idx[i] == CT_NONE ? NULL : ct_obj(s->table, idx[i]);
        if (!c || !conn_peer(c))
            continue;
        prefetch_hot(conn_peer(c));
        __builtin_prefetch(conn_remote(s, conn_peer(c)));
        if (!c->x_own)
            __builtin_prefetch(c->x_slab, 1);
        for (unsigned k = 0; k < 3; k++)
            __builtin_prefetch((const char *)conn_user(c) + k * CONN_LINE, 1);
    }
    for (unsigned i = 0; i < n; i++) {
        const struct conn *c = idx[i] == CT_NONE ? NULL : ct_obj(s->table, idx[i]);
        const struct conn *a = c ? conn_peer(c) : NULL;
        if (a && !a->x_own)
            __builtin_prefetch(a->x_slab, 1);
    }
}

unsigned splice_input(struct splice *s, struct frame *const f[], const struct pkt p[], unsigned n,
                      uint32_t idx)
{
    splice_reap(s);
    struct conn *c = idx == CT_NONE ? NULL : ct_obj(s->table, idx);
    /* The lookup was made for the whole burst: an earlier frame of it may have opened or ended the conn. */
    if (!c || conn_is_dead(c) || !ct_is(s->table, idx, &p->key)) {
        idx = ct_lookup(s->table, &p->key);
        c = idx == CT_NONE ? NULL : ct_obj(s->table, idx);
    }
    if (!c)
        stray_segment(s, f[0], p);
    else if (c->pub.state == TCP_SYN_SENT)
        connect_answer(s, c, f[0], p);
    else if (c->pub.state == TCP_TIME_WAIT)
        time_wait_segment(s, c, f[0], p);
    else
        return conn_segments(s, c, f, p, n);
    return 1;
}

void splice_unreachable(struct splice *s, const struct net_unreach *u)
{
    uint32_t idx = u->valid ? ct_lookup(s->table, &u->key) : CT_NONE;
    struct conn *c = idx == CT_NONE ? NULL : ct_obj(s->table, idx);
    if (c && u->mtu)
        mtu_too_big(s, c, u);
    /* Only for a SYN of ours that is under way; open connections have their own timers (RFC 5927). */
    if (!c || !u->hard || c->pub.state != TCP_SYN_SENT || u->seq != pos_seq(c->out_una - 1))
        return;
    s->flush.open = true;
    conn_end(s, c, R_CLOSE_UNREACHABLE);
    seg_push_owed(s, NULL);
}

void splice_each_client(struct splice *s, void (*fn)(void *arg, struct conn *c), void *arg)
{
    for (uint32_t i = 0, end = ct_used_end(s->table); i < end; i++) {
        struct conn *c = ct_obj(s->table, i);
        __builtin_prefetch(i + EACH_AHEAD < end ? ct_obj(s->table, i + EACH_AHEAD) : c);
        if (!conn_is_dead(c) && c->pub.state != TCP_TIME_WAIT && c->pub.side == SIDE_CLIENT)
            fn(arg, c);
    }
}

/* ---- joining and parting ---- */

void splice_join(struct conn *c, struct conn *e)
{
    c->pub.peer = (int32_t)(e - c);
    e->pub.peer = -c->pub.peer;
}

static void own_kept(struct splice *s, struct conn *c)
{
    for (struct extent *x = c->x_own ? NULL : c->x_slab; x; x = ext_next(x))
        if (x->kind == EXT_KEPT) {
            ext_set(x, EXT_OWNED);
            ext_clear(x, EXT_RETAIN);
        }
    ext_retire(s, c);
    rto_arm(s, c, false);
}

void splice_part(struct splice *s, struct conn *c)
{
    struct conn *e = conn_peer(c);
    if (!e)
        return;
    pace_leave(c->pub.side == SIDE_CLIENT ? c : e, c->pub.side == SIDE_CLIENT ? e : c);
    offload_part(s, c->pub.side == SIDE_CLIENT ? e : c);
    c->pub.peer = e->pub.peer = 0;
    if (!conn_is_dead(c))
        own_kept(s, c);
    if (!conn_is_dead(e))
        own_kept(s, e);
}

void splice_sink(struct splice *s, struct conn *c)
{
    c->in_mapped = conn_ack_pos(c);
    hold_free(s, c);
    c->sink = true;
    c->pub.sank = 0;
    c->in_mode = IN_WAIT;
}

void splice_rejudge(struct splice *s, struct conn *c)
{
    judge_held(s, c);
    fin_check(s, c);
    if (!conn_is_dead(c))
        splice_push(s, c);
}

void splice_wake(struct splice *s, struct conn *c)
{
    s->current = c;
    splice_rejudge(s, c);
    if (!conn_is_dead(c) && conn_peer(c))
        splice_push(s, conn_peer(c));
    s->current = NULL;
}

/* The first extent of the present message, and the one before it (NULL: none). A message that can be moved
 * begins with kept bytes: not where one copy extent is all there is. */
static struct extent *message_start(const struct conn *e, struct extent **before)
{
    struct extent *x = e->x_own ? NULL : e->x_slab;
    for (*before = NULL; x && x->out < conn_out_msg(e); x = ext_next(x))
        *before = x;
    return x;
}

bool splice_can_move(const struct conn *e)
{
    struct extent *before;
    const struct extent *x = message_start(e, &before);
    return x && x->out == conn_out_msg(e) && x->kind == EXT_KEPT;
}

/* Takes the extents of the message off e. */
static struct extent *take_message(struct conn *e)
{
    struct extent *before, *first = message_start(e, &before);
    if (before)
        ext_link(before, NULL);
    else if (first)
        e->x_slab = NULL;
    return first;
}

static void append_again(struct conn *e, struct conn *to, struct extent *x)
{
    x->sent = 0;
    if (x->kind == EXT_KEPT) {
        ext_set(x, EXT_OWNED); /* the source may have been acked: it will not send them again */
        keep_count(e, x, -1);
        keep_count(to, x, 1);
    }
    e->x_count--;
    ext_append(to, x);
}

/* Where the bytes begin, in the stream of e's peer, that were passed on to e, and not kept, and that it has
 * not acked; 0: there are none. */
static pos_t passed_unacked(const struct conn *e)
{
    struct extent own;
    for (const struct extent *x = ext_first(e, &own); x; x = ext_next(x))
        if (x->kind == EXT_COPY && x->out < conn_out_max(e))
            return pos_max(x->in, conn_peer(e)->in_acked);
    return 0;
}

void splice_move(struct splice *s, struct conn *e, struct conn *to)
{
    struct conn *c = conn_peer(e);
    pace_leave(c, e);
    pos_t lost = passed_unacked(e);
    if (lost)
        conn_refused(s, c, lost); /* it has to send that again */
    conn_begin_msg(to);
    for (struct extent *x = take_message(e), *next; x; x = next) {
        next = ext_next(x);
        append_again(e, to, x);
    }
    e->pub.peer = 0;
    splice_join(c, to);
    splice_push(s, to);
}
