/* The rest of a request that lacon has answered itself: it still comes, and nobody wants it. A short one is
 * thrown away as it comes, so that the connection serves the next request: closing costs a client a
 * handshake, and one that sends and does not read loses the answer. Short is what ends within DISCARD_MAX
 * bytes; of chunks that is only known at their end. What is longer is cut off: the connection is closed as
 * behind an early answer (S10). And so is one that does not come: the timeouts and the minimum rate of
 * requests hold as before.
 *
 * Who waits for "100 Continue" is told a final status instead and may send the body or leave it out: what
 * comes next would be anybody's guess, so its connection is closed.
 *
 * The exchange is answered, logged, and counts for nothing any more (exchange_settle); it only knows how much
 * of the request is to come. The worker's thread. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

#define DISCARD_MAX 65536u

bool discard_may(const struct exchange *x)
{
    if (x->client_close || (x->expects && !mutant(discard_unasked)) || x->req_mapped)
        return false;
    struct extent own;
    for (const struct extent *t = x->e ? ext_first(x->e, &own) : NULL; t; t = ext_next(t))
        if (t->kind == EXT_COPY && t->out + t->n > x->e->out_una)
            return false; /* bytes before the rest that the endpoint was to have: where does the rest begin?
                           */
    return x->req_body == HTTP_BODY_CHUNKED || x->req_left <= DISCARD_MAX || mutant(discard_endless);
}

void discard_stop(struct exchanges *w, struct exchange *x, enum reason why)
{
    struct conn *c = x->c;
    splice_sink(w->s, c);
    exchange_over(w, x, why);
    client_close(w, c, why);
}

static void done(struct exchanges *w, struct exchange *x)
{
    struct conn *c = x->c;
    exchange_over(w, x, R_NONE);
    if (client_leaves(w, c))
        client_close(w, c, R_CLOSE_DRAIN);
    else
        client_next(w, c);
}

void discard_begin(struct exchanges *w, struct exchange *x, enum reason why)
{
    struct conn *c = x->c;
    x->discards = true;
    exchange_settle(w, x, why);
    c->in_mode = IN_WAIT;
    splice_touch(w->s, c);
    client_watch(w, x, splice_now(w->s) + x->listener->stall_timeout_ns);
    if (w->judging != c) /* else the loop that judges goes on by itself */
        splice_rejudge(w->s, c);
}

/* How many of these bytes are the body's; -1: it is malformed. Bytes of the chunk whose end is not here are
 * left in req_left. */
static int64_t body_bytes(struct exchange *x, struct span bytes, bool *whole)
{
    size_t at = 0;
    bool chunked = x->req_body == HTTP_BODY_CHUNKED;
    for (;;) {
        size_t n = bytes.n - at < x->req_left ? bytes.n - at : (size_t)x->req_left;
        at += n;
        x->req_left -= n;
        *whole = !x->req_left && (!chunked || x->req_chunked.state == HTTP_CHUNK_DONE);
        if (*whole || at == bytes.n)
            return (int64_t)at;
        int64_t framing = http_chunked_feed(&x->req_chunked, span_from(bytes, at), &x->req_left);
        if (framing < 0)
            return -1;
        at += (size_t)framing;
    }
}

void discard_body(struct exchanges *w, struct exchange *x, struct span bytes)
{
    bool whole;
    int64_t n = body_bytes(x, bytes, &whole);
    if (n < 0) {
        discard_stop(w, x, R_CLOSE_BAD_REQUEST);
        return;
    }
    splice_skip(w->s, x->c, (uint64_t)n);
    splice_touch(w->s, x->c);
    x->discarded += (uint32_t)n;
    if (whole)
        done(w, x);
    else if (x->discarded + x->req_left > DISCARD_MAX && !mutant(discard_endless))
        discard_stop(w, x, R_CLOSE_EARLY);
}
