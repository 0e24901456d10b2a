/* Extents of a conn's out-stream (conn.h: I1 to I4): append, retire, and the two questions that every segment
 * asks: what may we acknowledge to the source, and how far may the source send. */
#include <assert.h>
#include <errno.h>

#include "agent/base/mutant.h"
#include "agent/splice/internal.h"

void keep_count(struct conn *c, const struct extent *x, int by)
{
    c->kept_units = (uint16_t)(c->kept_units + by * (int)(ext_cap(x) / KBUF_MIN));
}

struct extent *ext_new(struct splice *s)
{
    struct extent *x = s->x_free;
    if (x)
        s->x_free = ext_next(x);
    else if (s->x_used < s->x_cap)
        x = &s->x_slab[s->x_used++]; /* untouched memory until now */
    if (!x)
        return NULL;
    s->x_live++;
    return x;
}

void ext_free(struct splice *s, struct conn *c, struct extent *x)
{
    if (x->buf) {
        kbuf_free(s->pool, x->buf, ext_cap(x));
        clients_drop(s->clients, x->client, ext_cap(x));
        keep_count(c, x, -1);
    }
    s->x_live--;
    ext_link(x, s->x_free);
    s->x_free = x;
}

void ext_free_all(struct splice *s, struct conn *c)
{
    while (!c->x_own && c->x_slab) {
        struct extent *x = c->x_slab;
        c->x_slab = ext_next(x);
        ext_free(s, c, x);
    }
    c->x_own = 0;
    c->x_slab = NULL;
    c->x_count = 0;
}

struct extent *ext_at(const struct conn *c, pos_t p, struct extent *own)
{
    for (struct extent *x = ext_first(c, own); x; x = ext_next(x))
        if (p >= x->out && p < x->out + x->n)
            return x;
    return NULL;
}

/* x_own is so whenever it can be: a lone copy extent goes from the slab into c ... */
static void fold(struct splice *s, struct conn *c)
{
    struct extent *x = c->x_slab;
    if (c->x_own || c->x_count != 1)
        return;
    assert(x);
    if (x->kind != EXT_COPY)
        return;
    pos_t out = x->out, in = x->in;
    ext_free(s, c, x);
    conn_set_own(c, out, in);
}

/* ... and back, before it has company. False: the slab is full. */
static bool unfold(struct splice *s, struct conn *c)
{
    if (!c->x_own)
        return true;
    struct extent *x = ext_new(s);
    if (!x)
        return false;
    *x = conn_own(c);
    c->x_own = 0;
    c->x_slab = x;
    return true;
}

void ext_append(struct conn *dst, struct extent *x)
{
    x->out = dst->out_end;
    struct extent *last = ext_last(dst);
    if (last)
        ext_link(last, x);
    else
        dst->x_slab = x;
    ext_link(x, NULL);
    dst->x_count++;
    dst->out_end += x->n;
}

/* One more extent in the slab for dst, to be appended; NULL: there is no room. */
static struct extent *one_more(struct splice *s, struct conn *dst)
{
    if (dst->x_count >= SPLICE_MAX_EXTENTS || s->x_cap - s->x_live < 1u + dst->x_own || !unfold(s, dst))
        return NULL;
    return ext_new(s);
}

/* The source's judged position moves; what the hold has of it is used up. */
static void advance(struct splice *s, struct conn *src, uint64_t m)
{
    hold_consume(s, src, m);
    src->in_mapped += m;
}

/* On whose behalf dst's out-stream is kept. */
static uint32_t client_of(const struct conn *dst)
{
    if (dst->pub.side == SIDE_CLIENT)
        return conn_client(dst);
    return conn_peer(dst) ? conn_client(conn_peer(dst)) : CLIENT_NONE;
}

uint8_t *splice_buf(struct splice *s, const struct conn *dst, size_t n, uint32_t *cap)
{
    uint8_t *b = conn_kept(dst) + n > KEPT_MOST ? NULL : kbuf_alloc(s->pool, n, cap);
    if (!b)
        count(s->cnt, R_DROP_NO_BUFFER);
    return b;
}

int splice_map_kept(struct splice *s, struct conn *src, struct conn *dst, uint64_t m, uint8_t *buf,
                    uint32_t cap, uint32_t n, uint8_t flags, bool sent)
{
    assert(m <= EXT_M_MOST && (cap & (cap - 1)) == 0);
    struct extent *x = one_more(s, dst);
    if (!x) {
        kbuf_free(s->pool, buf, cap);
        return -ENOMEM;
    }
    *x = (struct extent){.kind = EXT_KEPT,
                         .flags = flags & 7u,
                         .n = n,
                         .kept_m = m & EXT_M_MOST,
                         .in = src ? src->in_mapped : 0,
                         .buf = buf,
                         .order = cap ? (unsigned)__builtin_ctz(cap) & 31u : 0u,
                         .sent = sent ? n : 0,
                         .client = client_of(dst)};
    clients_keep(s->clients, x->client, cap);
    keep_count(dst, x, 1);
    ext_append(dst, x);
    if (src)
        advance(s, src, m);
    return 0;
}

/* Bytes of the hold that lie inside the next n bytes of src go out as kept extents, and are ours to repair:
 * they are acked, or SACKed. */
static int map_held_part(struct splice *s, struct conn *src, struct conn *dst, uint32_t n)
{
    uint32_t cap;
    const struct hold *h = conn_hold(src);
    uint8_t *buf = splice_buf(s, dst, n, &cap);
    if (!buf)
        return -ENOMEM;
    memcpy(buf, h->buf + h->base, n - mutant(kept_tail_lost));
    return splice_map_kept(s, src, dst, n, buf, cap, n, EXT_IDENTITY | EXT_OWNED, false);
}

static int map_copy_run(struct splice *s, struct conn *src, struct conn *dst, uint64_t n)
{
    struct extent own, *t = dst->x_own ? ext_first(dst, &own) : ext_last(dst);
    if (t && t->kind == EXT_COPY && t->out + t->n == dst->out_end && t->in + t->n == src->in_mapped) {
        t->n += n; /* in the conn it grows by out_end alone */
        dst->out_end += n;
    } else if (!t) {
        conn_set_own(dst, dst->out_end, src->in_mapped);
        dst->x_count = 1;
        dst->out_end += n;
    } else {
        struct extent *x = one_more(s, dst);
        if (!x)
            return -ENOMEM;
        *x = (struct extent){.kind = EXT_COPY, .in = src->in_mapped, .n = n, .client = CLIENT_NONE};
        ext_append(dst, x);
    }
    advance(s, src, n);
    return 0;
}

int splice_map_copy(struct splice *s, struct conn *src, struct conn *dst, uint64_t n)
{
    while (n > 0) {
        const struct hold *h = conn_hold(src);
        uint64_t run = n;
        if (h->nrange && h->range[0].lo < n)
            run = h->range[0].lo ? h->range[0].lo : h->range[0].hi < n ? h->range[0].hi : n;
        bool held = h->nrange && h->range[0].lo == 0;
        /* Held bytes behind a gap were never acked: where there is no room to keep them, they are let go and
         * will come again. */
        bool kept = held && splice_room(s, dst, 3) && map_held_part(s, src, dst, (uint32_t)run) == 0;
        if (!kept && (src->in_mapped < src->in_acked || map_copy_run(s, src, dst, run) < 0))
            return -ENOMEM; /* acked bytes will not come again */
        n -= run;
    }
    return 0;
}

bool splice_append_owned(struct splice *s, struct conn *src, struct conn *dst, struct span bytes)
{
    struct extent *t = ext_last(dst);
    if (!t || t->kind != EXT_KEPT || !(t->flags & EXT_OWNED) || ext_cap(t) - t->n < bytes.n)
        return false;
    memcpy(t->buf + t->n, bytes.p, bytes.n);
    t->n += bytes.n;
    dst->out_end += bytes.n;
    advance(s, src, bytes.n);
    return true;
}

void splice_skip(struct splice *s, struct conn *src, uint64_t n)
{
    advance(s, src, n);
}

static void clear_retain(struct conn *c)
{
    struct extent own; /* never retained */
    for (struct extent *x = ext_first(c, &own); x; x = ext_next(x))
        ext_clear(x, EXT_RETAIN);
}

/* The same for the one in the conn. */
static void retire_own(struct conn *c)
{
    if (c->out_end > c->out_una)
        return;
    c->x_own = 0;
    c->x_slab = NULL;
    c->x_count = 0;
}

void ext_retire(struct splice *s, struct conn *c)
{
    if (c->x_own) {
        retire_own(c);
        return;
    }
    /* Copied bytes that the peer has acked are gone at the source: nothing before them can be sent to another
     * conn. */
    for (struct extent *x = c->x_slab; x && x->out < c->out_una; x = ext_next(x))
        if (x->kind == EXT_COPY) {
            clear_retain(c);
            break;
        }
    while (c->x_slab && c->x_slab->out + c->x_slab->n <= c->out_una &&
           (!(c->x_slab->flags & EXT_RETAIN) || mutant(retained_released))) {
        struct extent *x = c->x_slab;
        c->x_slab = ext_next(x);
        c->x_count--;
        if (!mutant(extent_leak))
            ext_free(s, c, x);
    }
    fold(s, c);
}

void ext_cut(struct conn *a, pos_t in)
{
    struct extent own, *x = a->x_own ? ext_first(a, &own) : ext_last(a);
    x->n = in - x->in;
    a->out_end = x->out + x->n;
}

void splice_release(struct splice *s, struct conn *c)
{
    clear_retain(c);
    ext_retire(s, c);
}

/* Where the byte at a->out_una comes from, when a's out-stream is one copy extent from b: with every segment,
 * so it is not read as an extent. */
static pos_t own_source(const struct conn *a, const struct conn *b)
{
    return pos_unwrap(b->in_acked, a->x_in_seq + (pos_seq(a->out_una) - a->x_out_seq));
}

pos_t conn_ack_pos(const struct conn *b)
{
    const struct conn *a = conn_peer(b);
    if (a && a->x_own && a->out_end > a->out_una)
        return pos_max(own_source(a, b) + mutant(ack_off_by_one), b->in_acked);
    for (const struct extent *x = a && !a->x_own ? a->x_slab : NULL; x; x = ext_next(x)) {
        if ((x->flags & EXT_OWNED) || x->out + x->n <= a->out_una ||
            (x->kind == EXT_KEPT && mutant(patched_acked_early)))
            continue;
        pos_t p = x->in;
        if (ext_same(x) && a->out_una > x->out)
            p += a->out_una - x->out + mutant(ack_off_by_one);
        return pos_max(p, b->in_acked);
    }
    return pos_max(b->in_mapped + splice_held(b).n, b->in_acked);
}

/* How far the receiver's right edge reaches into the mapped part of b's stream. */
static pos_t edge_within(const struct conn *a, const struct conn *b, pos_t none)
{
    if (a->x_own)
        return conn_out_edge(a) >= a->out_end ? none : own_source(a, b) + (conn_out_edge(a) - a->out_una);
    for (const struct extent *x = a->x_slab; x; x = ext_next(x)) {
        if ((x->flags & EXT_OWNED) || conn_out_edge(a) >= x->out + x->n)
            continue;
        return ext_same(x) && conn_out_edge(a) > x->out ? x->in + (conn_out_edge(a) - x->out) : x->in;
    }
    return none;
}

/* What b's receiver takes, and what we can hold beyond it. */
static pos_t offer_of_receiver(const struct conn *b)
{
    const struct conn *a = conn_peer(b);
    pos_t own = b->in_mapped + b->w0;
    if (!a || (b->in_mode == IN_WAIT && b->pub.side == SIDE_CLIENT))
        return own;
    if (b->in_mode == IN_WAIT) {
        /* A head is awaited: what the client can take, and enough to hold a head that grows (S4). */
        uint64_t room = conn_out_edge(a) > a->out_end ? conn_out_edge(a) - a->out_end : 0,
                 head = splice_held(b).n + HEAD_STEP;
        return pos_min(b->in_mapped + (room > head ? room : head), pos_max(own, b->in_mapped + room));
    }
    if (conn_out_edge(a) < a->out_end)
        return pos_min(edge_within(a, b, own), own);
    return b->in_mode == IN_OPEN ? b->in_mapped + (conn_out_edge(a) - a->out_end) : own;
}

pos_t conn_offer(const struct conn *b)
{
    pos_t edge = offer_of_receiver(b);
    uint32_t ramp = b->pub.side == SIDE_ENDPOINT ? b->as_endpoint.ramp : 0;
    return ramp && !mutant(ramp_missing) ? pos_min(edge, conn_ack_pos(b) + ramp) : edge;
}

void sack_translate(const struct conn *a, pos_t lo, pos_t hi, struct sack_fwd *f)
{
    if (lo >= hi || f->n >= TCP_MAX_SACK)
        return;
    struct extent own;
    const struct extent *x = ext_at(a, lo, &own);
    if (!x || !ext_same(x) || (x->flags & EXT_OWNED) || (hi > x->out + x->n && !mutant(sack_unclipped)))
        return;
    pos_t in = mutant(sack_unshifted) ? lo : x->in + (lo - x->out);
    if (f->n && f->block[f->n - 1].hi == in) { /* the extent before: still one block */
        f->block[f->n - 1].hi = in + (hi - lo);
        return;
    }
    f->block[f->n].lo = in;
    f->block[f->n++].hi = in + (hi - lo);
}
