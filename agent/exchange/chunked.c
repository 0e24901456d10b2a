/* Chunked bodies as extents: everything up to the last framing byte in sight is judged and so kept (S1), as
 * one extent; the data of the chunk that reaches beyond is copied. The horizon is the end of that chunk (S2):
 * framing after it is judged when it comes, whether or not the data before it has arrived. */
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

static int keep_bytes(struct exchanges *w, struct conn *src, struct conn *dst, struct span bytes, bool held)
{
    uint32_t cap;
    uint8_t *buf = splice_buf(w->s, dst, bytes.n, &cap);
    if (!buf)
        return -ENOMEM;
    memcpy(buf, bytes.p, bytes.n);
    return splice_map_kept(w->s, src, dst, bytes.n, buf, cap, (uint32_t)bytes.n,
                           (uint8_t)(EXT_IDENTITY | (held ? EXT_OWNED : 0)), !held);
}

/* Does the client keep too much already? What is held of a request counts whether it is mapped or not. A
 * response goes on piece by piece, or what its client has sent behind the request could block it for good. */
static bool over_share(const struct exchanges *w, const struct conn *src, const struct conn *dst, bool held)
{
    if (src->pub.side == SIDE_CLIENT)
        return !held && splice_client_full(w->s, src);
    return dst->kept > 0 && splice_client_full(w->s, dst);
}

int map_chunked(struct exchanges *w, struct conn *src, struct conn *dst, struct http_chunked *st,
                struct span bytes, bool held, bool *done, uint64_t *body)
{
    struct http_chunked next = *st;
    size_t keep;
    uint64_t data, found;
    int err = read_framing(&next, bytes, &keep, &data, &found);
    if (err < 0)
        return err;
    size_t have = held ? (size_t)(data < bytes.n - keep ? data : bytes.n - keep) : 0;
    if (keep + have == 0)
        return 0;
    if (!splice_room(w->s, dst, 2) || over_share(w, src, dst, held) ||
        keep_bytes(w, src, dst, span_of(bytes.p, keep + have), held) < 0) {
        splice_wait_room(w->s, src); /* the bytes wait, or come again */
        return 0;
    }
    *st = next;
    *body += found;
    if (data > have && splice_map_copy(w->s, src, dst, data - have + mutant(chunk_horizon_late)) < 0)
        return -ENOMEM; /* room for it was looked for above: cannot happen */
    *done = next.state == HTTP_CHUNK_DONE;
    return 0;
}
