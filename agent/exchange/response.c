/* A response from its head to its last byte, as the endpoint sends it. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

/* The endpoint broke the protocol. A client that has nothing of it yet gets a 502, any other is reset: never
 * a clean end. */
static void bad_response(struct exchanges *w, struct exchange *x)
{
    if (x->resp_head)
        exchange_abort(w, x, R_CLOSE_BAD_RESPONSE);
    else
        reply_own(w, x, 502, R_CLOSE_BAD_RESPONSE);
}

static size_t body_in_sight(const struct http_head *h, size_t n)
{
    if (h->body != HTTP_BODY_LENGTH)
        return 0;
    return h->length < n ? (size_t)h->length : n;
}

/* Small enough to be taken off the endpoint's hands (S8)? */
static bool adoptable(const struct exchanges *w, const struct exchange *x, const struct http_head *h,
                      size_t room)
{
    const struct conn *c = x->c;
    const struct kbuf_pool *pool = splice_pool(w->s);
    if (h->body != HTTP_BODY_NONE && h->body != HTTP_BODY_LENGTH)
        return false;
    return (room + h->length <= ADOPT_MAX || mutant(adopted_too_large)) &&
           c->out_end - c->out_una < ADOPT_QUEUE && kbuf_used(pool) < kbuf_total(pool) / 2 &&
           !splice_client_full(w->s, c);
}

/* No memory for what stands at the endpoint's in_mapped: it stays in the hold, or with the endpoint, until
 * there is. */
static void wait_room(struct exchanges *w, const struct exchange *x)
{
    splice_wait_room(w->s, x->e);
}

/* Writes the edited head and the body bytes that came with it as a kept extent of the client's stream. */
static int map_head(struct exchanges *w, struct exchange *x, const struct http_head *h, struct span bytes,
                    size_t tail, const struct http_response_edit *edit, bool owned)
{
    size_t raw = h->bytes + tail, later = x->adopted ? (size_t)h->length - tail : owned ? 0 : raw;
    uint32_t cap;
    uint8_t *buf = splice_buf(w->s, x->c, http_response_room(h, edit) + tail + later, &cap);
    if (!buf)
        return -1;
    int n = http_write_response(h, edit, buf, cap);
    if (n < 0 || (size_t)n + tail + later > cap) {
        kbuf_free(splice_pool(w->s), buf, cap);
        return -1;
    }
    memcpy(buf + n, bytes.p + h->bytes, tail);
    if (!owned)
        memcpy(buf + n + tail, bytes.p, raw);
    if (h->status >= 200 || h->status == 101)
        x->body_out = x->c->out_end + (uint32_t)n;
    return splice_map_kept(w->s, x->e, x->c, raw, buf, cap, (uint32_t)((size_t)n + tail),
                           owned ? EXT_OWNED : 0, false);
}

static void response_complete(struct exchange *x)
{
    x->resp_mapped = true;
    x->resp_end = x->c->out_end;
    x->e->in_mode = IN_DONE;
}

static bool body_begins(struct exchanges *w, struct exchange *x)
{
    struct conn *c = x->c, *e = x->e;
    switch (x->resp_body) {
    case HTTP_BODY_CHUNKED:
        e->in_mode = IN_OPEN;
        return true;
    case HTTP_BODY_CLOSE:
        e->in_mode = IN_OPEN;
        return splice_map_copy(w->s, e, c, FOREVER) == 0;
    case HTTP_BODY_TUNNEL:
        return tunnel_begins(w, x);
    default:
        if (x->resp_left && !x->adopted) {
            if (splice_map_copy(w->s, e, c, x->resp_left + mutant(length_horizon_late)) < 0)
                return false;
            x->resp_left = 0;
        }
        if (!x->resp_left)
            response_complete(x);
        return true;
    }
}

/* 1xx other than 101: passed on as it is, except to HTTP/1.0. */
static void interim(struct exchanges *w, struct exchange *x, const struct http_head *h, struct span bytes,
                    bool held)
{
    struct http_response_edit edit = {.client_close = false};
    if (x->minor == 0)
        splice_skip(w->s, x->e, h->bytes);
    else if (map_head(w, x, h, bytes, 0, &edit, held) < 0)
        wait_room(w, x);
}

/* Which of the two conns goes on behind this response. `early`: it comes before the request is over. */
static void decide_ends(struct exchanges *w, struct exchange *x, const struct http_head *h, bool early)
{
    /* An HTTP/1.0 request that did not ask for it is not kept alive for, whatever the response says (RFC 9112
     * section 9.3). */
    x->e_reusable = !h->close && (h->minor || h->keep_alive) && (x->minor || x->want_keep) &&
                    h->body != HTTP_BODY_CLOSE && h->body != HTTP_BODY_TUNNEL;
    x->client_close =
        h->body != HTTP_BODY_TUNNEL &&
        (x->client_close || (!x->want_keep && !mutant(close_forgotten)) || client_leaves(w, x->c) ||
         h->body == HTTP_BODY_CLOSE || (early && !mutant(early_not_closed)));
}

static void final_head(struct exchanges *w, struct exchange *x, const struct http_head *h, struct span bytes,
                       bool held)
{
    size_t tail = body_in_sight(h, bytes.n - h->bytes), room;
    struct response_edit edit;
    bool fits = edits_of_response(w, x, &edit);
    room = http_response_room(h, &edit.e);
    if (!fits || room + tail > KBUF_MAX) {
        stat_add(&w->cnt->edits_refused, 1);
        bad_response(w, x);
        return;
    }
    x->resp_body = h->body;
    x->rec.status = x->rec.endpoint_status = h->status;
    x->rec.ttfb_ns = splice_now(w->s) - x->start_ns;
    decide_ends(w, x, h, !x->req_mapped || x->e->out_una < x->e->out_end);
    edit.e.client_close = x->client_close;
    edit.e.client_keep_10 = x->minor == 0 && !x->client_close;
    x->adopted = adoptable(w, x, h, room);
    x->resp_left = h->length - tail;
    /* Room for the head and what follows it: one copy extent, in a tunnel one each way. */
    if (!splice_room(w->s, x->c, 3) || !splice_room(w->s, x->e, 1) ||
        map_head(w, x, h, bytes, tail, &edit.e, held || x->adopted) < 0) {
        wait_room(w, x);
        return;
    }
    upstream_answered(w, x); /* once: a head that waits for room comes by here again */
    x->resp_head = true;
    stat_add(&w->cnt->responses, 1);
    stat_add(&w->cnt->adopted, x->adopted);
    if (x->resp_left || !x->adopted) /* else it is over */
        client_watch(w, x, splice_now(w->s) + x->listener->stall_timeout_ns);
    if (!body_begins(w, x))
        exchange_abort(w, x, R_CLOSE_NO_MEMORY);
}

/* From here on the response is the client's: no retry any more (S7), so nothing more of the request is kept
 * for one: a body that waited for "100 Continue", or that its endpoint answers early. */
static void begun(struct exchanges *w, struct exchange *x)
{
    if (x->resp_begun)
        return;
    x->resp_begun = true;
    x->keep_copy &= mutant(kept_when_begun);
    splice_release(w->s, x->e);
}

static void response_head(struct exchanges *w, struct exchange *x, struct span bytes, bool held)
{
    struct conn *e = x->e;
    if (x->e_pooled && !x->resp_begun && e->out_una <= conn_out_msg(e) && !mutant(response_unasked)) {
        /* It answers before it can have seen a byte of the request: what stood on an idle conn is nobody's
         * response. */
        splice_reset(w->s, e, R_CLOSE_POOL_DATA);
        return;
    }
    /* While the request may still be tried elsewhere, it stays kept, and nothing is passed on. */
    bool undecided = upstream_may_refuse(x);
    if (!undecided)
        begun(w, x);
    if (!http_head_due(bytes, RESPONSE_LIMIT, &e->user_scan))
        return;
    int n = http_parse_response(bytes, RESPONSE_LIMIT, (enum http_method)x->method, x->upgrade, &w->head);
    if (n == HTTP_PARTIAL)
        return;
    e->user_scan = 0;
    /* A chunked answer to HTTP/1.0 is one that the client could not read. */
    bool bad = n < 0 || (x->minor == 0 && w->head.body == HTTP_BODY_CHUNKED);
    if (undecided && upstream_refuse(w, x, bad ? 502 : w->head.status))
        return;
    begun(w, x);
    if (bad)
        bad_response(w, x);
    else if (w->head.status < 200 && w->head.status != 101)
        interim(w, x, &w->head, bytes, held);
    else
        final_head(w, x, &w->head, bytes, held);
}

/* The extent before may be acked and gone already: then the rest gets one of its own. */
static bool own_more(struct exchanges *w, struct exchange *x, struct span bytes)
{
    uint32_t cap;
    if (splice_append_owned(w->s, x->e, x->c, bytes))
        return true;
    uint8_t *buf = splice_buf(w->s, x->c, (size_t)x->resp_left, &cap);
    if (!buf)
        return false;
    memcpy(buf, bytes.p, bytes.n);
    return splice_map_kept(w->s, x->e, x->c, bytes.n, buf, cap, (uint32_t)bytes.n, EXT_OWNED, false) == 0;
}

static void adopt_more(struct exchanges *w, struct exchange *x, struct span bytes)
{
    size_t n = bytes.n < x->resp_left ? bytes.n : (size_t)x->resp_left;
    if (!own_more(w, x, span_of(bytes.p, n))) {
        wait_room(w, x);
        return;
    }
    x->resp_left -= n;
    if (!x->resp_left)
        response_complete(x);
}

static void response_chunks(struct exchanges *w, struct exchange *x, struct span bytes, bool held)
{
    bool done = false;
    uint64_t body = 0; /* what the client gets is counted, framing included */
    struct chunk_keep none = {0};
    if (map_chunked(w, x->e, x->c, &x->resp_chunked, &none, bytes, held, &done, &body) < 0)
        bad_response(w, x);
    else if (done)
        response_complete(x);
}

void response_judge(struct exchanges *w, struct conn *e, struct span bytes, bool held)
{
    struct exchange *x = conn_user(e);
    if (!x) {
        splice_reset(w->s, e, R_CLOSE_POOL_DATA);
        return;
    }
    struct conn *c = x->c;
    if (x->resp_mapped) {
        x->e_extra = !mutant(extra_pooled); /* more than was announced: nothing of it is passed on, the conn
                                               is not used again */
        splice_skip(w->s, e, bytes.n);
        return;
    }
    if (!x->resp_head)
        response_head(w, x, bytes, held);
    else if (x->adopted)
        adopt_more(w, x, bytes);
    else if (x->resp_body == HTTP_BODY_CHUNKED)
        response_chunks(w, x, bytes, held);
    /* x may be over, and c closing */
    if (conn_user(c) != x || conn_is_dead(c))
        return;
    splice_push(w->s, c);
    if (conn_user(c) == x && x->resp_mapped && x->adopted)
        exchange_check(w, x);
}
