/* Mirroring: a copy of some requests goes to a second cluster, whose answers nobody reads.
 *
 * A request is copied when all of it stands in kept bytes: what retry_buffer keeps for another try. So a
 * larger one, or one whose body comes in chunks, is not mirrored, and counted. The copy is what the request's
 * own endpoint is sent, with "Connection: close": its connection is opened for it alone, whatever comes back
 * is acknowledged and thrown away as it comes, and when the endpoint closes, or does not in time, it is over.
 * It has no client, no exchange and no second try, no endpoint is marked by it, and the request that it is a
 * copy of waits for nothing. How many there are at a time is bounded, and they are the first that go without
 * when kept bytes run short.
 *
 * The worker's thread. */
#include "agent/exchange/internal.h"

#define MIRRORS_MOST 1024u /* under way, of one worker */

static const char last_field[] = "Connection: close\r\n";

/* The request as its endpoint is sent it: where it begins, and how long it is; 0 when not all of it is kept.
 */
static size_t kept_whole(const struct exchange *x, const struct extent **first)
{
    const struct extent *t = x->e->x_own ? NULL : x->e->x_slab;
    size_t n = 0;
    while (t && t->out < conn_out_msg(x->e))
        t = ext_next(t);
    *first = t;
    for (pos_t at = conn_out_msg(x->e); t; t = ext_next(t)) {
        if (t->out != at || t->kind != EXT_KEPT)
            return 0;
        at += t->n;
        n += t->n;
    }
    return *first && conn_out_msg(x->e) + n == x->e->out_end ? n : 0;
}

/* Bytes that stand before the empty line which ends the head, in the extent that begins the request. */
static size_t fields_of(const struct extent *first)
{
    const uint8_t *end = memmem(first->buf, first->n, "\r\n\r\n", 4);
    return end ? (size_t)(end - first->buf) + 2 : 0;
}

static uint8_t *copy(struct exchanges *w, const struct conn *e, const struct extent *first, size_t n,
                     uint32_t *cap)
{
    size_t fields = fields_of(first), at = 0;
    uint8_t *buf = fields ? splice_buf(w->s, e, n + sizeof last_field - 1, cap) : NULL;
    if (!buf)
        return NULL;
    memcpy(buf, first->buf, fields);
    at = fields;
    memcpy(buf + at, last_field, sizeof last_field - 1);
    at += sizeof last_field - 1;
    memcpy(buf + at, first->buf + fields, first->n - fields);
    at += first->n - fields;
    for (const struct extent *t = ext_next(first); t; at += t->n, t = ext_next(t))
        memcpy(buf + at, t->buf, t->n);
    return buf;
}

/* A conn to whoever's turn it is in the rule's second cluster. */
static struct conn *connect_mirror(struct exchanges *w, struct exchange *x, uint32_t cluster)
{
    struct cluster_state *cs = &x->gen->cluster[cluster];
    uint64_t n = ++w->mirrors;
    struct lb_request q = {.hash = lb_hash(span_of(&n, sizeof n)), .now_ns = splice_now(w->s)};
    uint32_t i = lb_pick(cs->picker, &q);
    enum reason why = R_NONE;
    if (i == LB_NONE)
        return NULL;
    struct conn *e = splice_connect(w->s, cs->endpoint[i].remote, NULL, 0, &why);
    if (!e) {
        count(w->cnt, why);
        return NULL;
    }
    e->user_mirror = true;
    conn_serves(w, e, x->gen, cluster, i);
    w->mirroring++;
    splice_set_timer(w->s, e, splice_now(w->s) + cs->cfg->response_timeout_ns);
    return e;
}

/* How long one of chunks is shows at its end, and may be too long for its listener then (max_body): none is
 * copied. */
static bool may(const struct exchanges *w, const struct exchange *x)
{
    const struct kbuf_pool *pool = splice_pool(w->s);
    return x->minor > 0 && !x->upgrade && x->req_body != HTTP_BODY_CHUNKED && w->mirroring < MIRRORS_MOST &&
           !w->draining && kbuf_used(pool) < kbuf_total(pool) / 2;
}

static bool start(struct exchanges *w, struct exchange *x, const struct cfg_mirror *m)
{
    const struct extent *first;
    uint32_t cap;
    size_t n = may(w, x) ? kept_whole(x, &first) : 0;
    struct conn *e = n && n <= KBUF_MAX - sizeof last_field ? connect_mirror(w, x, m->cluster) : NULL;
    if (!e)
        return false;
    uint8_t *buf = copy(w, e, first, n, &cap);
    enum cfg_proxy proxy = x->gen->cluster[m->cluster].cfg->proxy_protocol;
    if (buf && proxy && !identity_announce(w, x->c, e, proxy)) {
        kbuf_free(splice_pool(w->s), buf, cap);
        buf = NULL;
    }
    if (buf && splice_map_kept(w->s, NULL, e, 0, buf, cap, (uint32_t)(n + sizeof last_field - 1), EXT_OWNED,
                               false) == 0)
        return true;
    conn_end(w->s, e, R_CLOSE_NO_MEMORY);
    return false;
}

void mirror_request(struct exchanges *w, struct exchange *x)
{
    const struct cfg_mirror *m = x->rule ? &x->rule->mirror : NULL;
    if (!m || !m->percent || !x->e)
        return;
    uint64_t n = w->mirror_draws++ + ((uint64_t)w->worker << 48);
    if (lb_hash(span_of(&n, sizeof n)) % 100 >= m->percent)
        return;
    stat_add(start(w, x, m) ? &w->cnt->mirrored : &w->cnt->mirrors_skipped, 1);
}

/* ---- what its conn has to say ---- */

void mirror_connected(struct exchanges *w, struct conn *e)
{
    splice_sink(w->s, e);
}

void mirror_fin(struct exchanges *w, struct conn *e)
{
    splice_take_fin(w->s, e);
    splice_fin(w->s, e, R_CLOSE_MIRROR);
    if (!conn_is_dead(e) && e->pub.state != TCP_TIME_WAIT)
        splice_set_timer(w->s, e, splice_now(w->s) + LINGER_NS);
}

void mirror_timeout(struct exchanges *w, struct conn *e)
{
    splice_reset(w->s, e, R_CLOSE_MIRROR);
}

void mirror_ended(struct exchanges *w, struct conn *e)
{
    e->user_mirror = false;
    w->mirroring--;
}
