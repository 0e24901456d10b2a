/* Chunked bodies as extents: everything up to the last framing byte in sight is judged and so kept (S1), as
 * one extent; the data of the chunk that reaches beyond is copied. The horizon is the end of that chunk (S2):
 * framing after it is judged when it comes, whether or not the data before it has arrived.
 *
 * A request's chunks are kept with their data while all of it so far fits retry_buffer (S7): a chunk that
 * does is mapped as it comes, piece by piece, and chunk_keep.left is what is to come of it. With the first
 * that does not, no more is kept than framing. */
#include <errno.h>

#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

/* How far framing can be read: bytes to keep, then `data` bytes that pass through; `body` is the data of all
 * chunks that begin here. */
static int read_framing(struct http_chunked *st, struct span bytes, size_t *keep, uint64_t *data,
                        uint64_t *body)
{
    size_t off = 0;
    *keep = 0;
    *data = 0;
    *body = 0;
    while (off < bytes.n && st->state != HTTP_CHUNK_DONE) {
        int64_t n = http_chunked_feed(st, span_from(bytes, off), data);
        if (n < 0)
            return -400;
        off += (size_t)n;
        *keep = off;
        *body += *data;
        if (*data > bytes.n - off)
            return 0;
        off += (size_t)*data;
        *keep = *data && off == bytes.n ? *keep : off;
        if (off == bytes.n)
            return 0;
        *data = 0;
    }
    return 0;
}

static int keep_bytes(struct exchanges *w, struct conn *src, struct conn *dst, struct span bytes, bool held,
                      bool retain)
{
    uint32_t cap;
    uint8_t *buf = splice_buf(w->s, dst, bytes.n, &cap);
    if (!buf)
        return -ENOMEM;
    memcpy(buf, bytes.p, bytes.n);
    return splice_map_kept(w->s, src, dst, bytes.n, buf, cap, (uint32_t)bytes.n,
                           (uint8_t)(EXT_IDENTITY | (held ? EXT_OWNED : 0) | (retain ? EXT_RETAIN : 0)),
                           !held);
}

/* Does the client keep too much already? What is held of a request counts whether it is mapped or not. A
 * response goes on piece by piece, or what its client has sent behind the request could block it for good. */
static bool over_share(const struct exchanges *w, const struct conn *src, const struct conn *dst, bool held)
{
    if (src->pub.side == SIDE_CLIENT)
        return !held && splice_client_full(w->s, src);
    return conn_kept(dst) > 0 && splice_client_full(w->s, dst);
}

/* What to do with the next bytes: keep `keep`, framing at their end but for the rest of a chunk; behind them
 * `data` bytes of a chunk. */
struct pieces {
    struct http_chunked next;
    size_t keep;
    uint64_t data, found;
};

static int read_pieces(const struct http_chunked *st, const struct chunk_keep *k, struct span bytes,
                       struct pieces *p)
{
    *p = (struct pieces){.next = *st, .data = k->left};
    if (k->left && !k->most)
        return 0; /* the rest of this chunk is not kept, after all */
    size_t rest = k->left < bytes.n ? (size_t)k->left : bytes.n;
    p->data -= rest;
    int err = p->data ? 0 : read_framing(&p->next, span_from(bytes, rest), &p->keep, &p->data, &p->found);
    p->keep += rest;
    return err;
}

int map_chunked(struct exchanges *w, struct conn *src, struct conn *dst, struct http_chunked *st,
                struct chunk_keep *k, struct span bytes, bool held, bool *done, uint64_t *body)
{
    struct pieces p;
    int err = read_pieces(st, k, bytes, &p);
    if (err < 0)
        return err;
    bool whole = p.keep + p.data <= k->most;
    uint64_t in_sight = p.data < bytes.n - p.keep ? p.data : bytes.n - p.keep;
    size_t have = whole || held ? (size_t)in_sight : 0, n = p.keep + have;
    if (n + p.data == 0)
        return 0;
    if (!splice_room(w->s, dst, 2) || over_share(w, src, dst, held) ||
        (n && keep_bytes(w, src, dst, span_of(bytes.p, n), held, whole) < 0)) {
        splice_wait_room(w->s, src); /* the bytes wait, or come again */
        return 0;
    }
    *st = p.next;
    *body += p.found;
    k->left = whole && !mutant(chunk_rest_kept_short) ? p.data - have : 0;
    k->most = whole ? k->most - n : 0;
    if (!whole && p.data > have &&
        splice_map_copy(w->s, src, dst, p.data - have + mutant(chunk_horizon_late)) < 0)
        return -ENOMEM; /* room for it was looked for above: cannot happen */
    *done = p.next.state == HTTP_CHUNK_DONE;
    return 0;
}
