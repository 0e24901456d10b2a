/* Replies of our own: owned extents with no source. */
#include <stdio.h>

#include "agent/exchange/internal.h"

/* Are there request bytes that have not come, or that only the endpoint had? */
static bool request_pending(const struct exchange *x)
{
    if (!x->req_mapped)
        return true;
    struct extent own;
    for (const struct extent *t = x->e ? ext_first(x->e, &own) : NULL; t; t = ext_next(t))
        if (t->kind == EXT_COPY && t->out + t->n > x->e->out_una)
            return true;
    return false;
}

/* The time of day, written once a second. */
static struct span date_now(struct exchanges *w)
{
    int64_t wall_s = ((int64_t)splice_now(w->s) + w->wall_offset_ns) / (int64_t)SEC_NS;
    if (w->date_s != wall_s || !w->date[0])
        (void)utc_http(wall_s, w->date);
    w->date_s = wall_s;
    return span_str(w->date);
}

/* Into a buffer of the pool. Bytes, or -1. */
static int write_reply(struct exchanges *w, struct exchange *x, const struct http_reply *made, uint8_t **buf,
                       uint32_t *cap)
{
    struct http_reply r = *made;
    r.lines = edits_of_reply(w, x);
    r.date = date_now(w);
    size_t room = HTTP_REPLY_ROOM + r.location.n + (r.type ? strlen(r.type) : 0) + r.lines.n + r.body.n;
    r.close = x->client_close;
    r.keep_10 = x->minor == 0 && !x->client_close;
    r.head_only = x->method == HTTP_HEAD;
    *buf = splice_buf(w->s, x->c, room, cap);
    int n = *buf ? http_write_reply(&r, *buf, *cap) : -1;
    if (*buf && n < 0)
        kbuf_free(splice_pool(w->s), *buf, *cap);
    return n;
}

void reply_own(struct exchanges *w, struct exchange *x, unsigned status, enum reason why)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%u %s\n", status, http_status_text(status));
    struct http_reply r = {.status = status, .type = "text/plain", .body = span_of(text, (size_t)n)};
    reply_made(w, x, &r, why);
}

void reply_limited(struct exchanges *w, struct exchange *x, uint64_t wait_ns)
{
    static const char text[] = "429 Too Many Requests\n";
    stat_add(&w->cnt->requests_limited, 1);
    reply_made(w, x,
               &(struct http_reply){.status = 429,
                                    .retry_after = (uint32_t)((wait_ns + SEC_NS - 1) / SEC_NS),
                                    .type = "text/plain",
                                    .body = span_of(text, sizeof text - 1)},
               R_NONE);
}

void reply_made(struct exchanges *w, struct exchange *x, const struct http_reply *r, enum reason why)
{
    struct conn *c = x->c, *e = x->e;
    if (!x->want_keep || client_leaves(w, c))
        x->client_close = true;
    bool pending = request_pending(x), discard = pending && discard_may(x);
    if (pending && !discard) {
        x->client_close = true;
        splice_sink(w->s, c);
    }
    x->req_mapped = !discard;
    if (e) {
        x->e = NULL;
        conn_set_user(e, NULL);
        splice_part(w->s, e);
        if (!conn_is_dead(e))
            splice_reset(w->s, e, why);
    }
    uint32_t cap;
    uint8_t *buf;
    int n = write_reply(w, x, r, &buf, &cap);
    x->rec.status = (uint16_t)r->status;
    if (n > 0) {
        const uint8_t *end = memmem(buf, (size_t)n, "\r\n\r\n", 4);
        x->body_out = c->out_end + (pos_t)(end + 4 - buf);
        x->adopted = true;
    }
    if (n < 0 || splice_map_kept(w->s, NULL, c, 0, buf, cap, (uint32_t)n, EXT_OWNED, false) < 0) {
        exchange_abort(w, x, R_CLOSE_NO_MEMORY);
        return;
    }
    stat_add(&w->cnt->own_replies, 1);
    bool close = x->client_close;
    if (discard) {
        splice_push(w->s, c);
        discard_begin(w, x, why);
        return;
    }
    exchange_over(w, x, why);
    splice_push(w->s, c);
    if (close)
        client_close(w, c, why);
    else
        client_next(w, c);
}
