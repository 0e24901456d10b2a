/* Streams: connections of a listener with `protocol: tcp`. Each is one exchange, a tunnel from its first
 * byte: an endpoint is chosen when the client is accepted (it may be the endpoint that speaks first), what
 * the client sends meanwhile is held, and when the endpoint is connected both directions are mapped for good
 * (tunnel.c). Until then nothing has gone to any endpoint, so another may be tried as often as the cluster
 * allows (S7); when none can be had the client is reset: there is no reply that every protocol would
 * understand. Logged with the status that nginx gives to streams: 200, 502 or 503 without an endpoint. The
 * worker's thread. */
#include "agent/exchange/internal.h"

static void give_up(struct exchanges *w, struct exchange *x, unsigned status, enum reason why)
{
    struct conn *c = x->c;
    x->rec.status = (uint16_t)status;
    exchange_over(w, x, why);
    splice_reset(w->s, c, why);
}

void stream_start(struct exchanges *w, struct conn *c)
{
    struct exchange *x = exchange_new(w, c);
    unsigned status;
    if (!x) {
        splice_reset(w->s, c, R_CLOSE_NO_MEMORY);
        return;
    }
    record_stream(w, x);
    x->stream = true;
    x->rec.cluster = x->cluster = listener_of(w, c)->cluster;
    if (upstream_pick(w, x, true, &status))
        return;
    stat_add(&w->cnt->connect_failures, 1);
    give_up(w, x, status, R_CLOSE_NO_ENDPOINT);
}

void stream_connected(struct exchanges *w, struct exchange *x)
{
    x->rec.status = 200;
    x->body_out = x->c->out_end;
    if (!tunnel_begins(w, x))
        exchange_abort(w, x, R_CLOSE_NO_MEMORY);
}

/* The endpoint conn is gone before it was open, and there is no other. */
void stream_refused(struct exchanges *w, struct exchange *x, enum reason why)
{
    struct conn *e = x->e;
    x->e = NULL;
    e->user = NULL;
    splice_part(w->s, e);
    give_up(w, x, 502, why);
}
