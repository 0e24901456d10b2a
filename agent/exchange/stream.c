/* Streams: connections that lacon does not read beyond their beginning. Each is one exchange, and a tunnel as
 * soon as an endpoint is connected (tunnel.c).
 *
 * `protocol: tcp`: the endpoint is chosen when the client is accepted, for it may be the endpoint that speaks
 * first. `protocol: tls`: it is chosen by the name in the ClientHello. What the client sends until the
 * endpoint is connected stays in the hold, judged or not, and is delivered from there: the hello that was
 * judged is the one that arrives (S1). Nothing has gone to any endpoint before, so another may be tried as
 * often as the cluster allows (S7).
 *
 * A client that can't be served gets an alert (tls), or is reset: no reply would be understood in every
 * protocol. Logged with the statuses that nginx gives to streams: 200, 400 for bytes that are no ClientHello,
 * 502 or 503 without an endpoint; and 404 for a name without a route, 408 for a hello that did not come. The
 * worker's thread. */
#include "agent/exchange/internal.h"
#include "agent/tls/hello.h"

void stream_give_up(struct exchanges *w, struct exchange *x, unsigned status, enum reason why)
{
    struct conn *c = x->c;
    x->rec.status = (uint16_t)status;
    exchange_over(w, x, why);
    splice_reset(w->s, c, why);
}

/* NULL: no memory, and the client is gone. */
static struct exchange *stream_new(struct exchanges *w, struct conn *c, const struct tls_hello *h)
{
    struct exchange *x = exchange_new(w, c);
    if (!x) {
        splice_reset(w->s, c, R_CLOSE_NO_MEMORY);
        return NULL;
    }
    x->stream = true;
    record_stream(w, x, listener_of(w, c)->protocol == CFG_TLS ? "TLS" : "TCP",
                  span_of(h ? h->name : NULL, h ? h->name_len : 0));
    return x;
}

static void stream_to(struct exchanges *w, struct exchange *x, uint32_t cluster)
{
    unsigned status;
    x->rec.cluster = x->cluster = cluster;
    x->hash = hash_key_of(w, x, NULL);
    if (upstream_pick(w, x, true, &status)) {
        queue_leave(w, x);
        return;
    }
    if (status == UPSTREAM_FULL && x->queued) {
        x->turn = false;
        return;
    }
    if (status == UPSTREAM_FULL && queue_join(w, x))
        return;
    status = 503;
    stat_add(&w->cnt->connect_failures, 1);
    stream_give_up(w, x, status, R_CLOSE_NO_ENDPOINT);
}

void stream_resume(struct exchanges *w, struct exchange *x)
{
    stream_to(w, x, x->cluster);
}

void stream_start(struct exchanges *w, struct conn *c)
{
    struct exchange *x = stream_new(w, c, NULL);
    if (x)
        stream_to(w, x, listener_of(w, c)->cluster);
}

/* Ends a client that has no endpoint yet in an orderly way. alert 0: without a word. */
static void refuse(struct exchanges *w, struct conn *c, const struct tls_hello *h, unsigned status,
                   unsigned alert, enum reason why)
{
    struct exchange *x = stream_new(w, c, h);
    uint32_t cap;
    if (!x)
        return;
    uint8_t *buf = alert ? splice_buf(w->s, c, TLS_ALERT_BYTES, &cap) : NULL;
    if (buf) {
        tls_write_alert(buf, alert);
        (void)splice_map_kept(w->s, NULL, c, 0, buf, cap, TLS_ALERT_BYTES, EXT_OWNED, false);
    }
    x->rec.status = (uint16_t)status;
    exchange_over(w, x, why);
    splice_push(w->s, c);
    client_close(w, c, why);
}

void stream_hello(struct exchanges *w, struct conn *c, struct span bytes, bool held)
{
    struct tls_hello h;
    if (!held)
        return; /* what is judged must be kept (S1): it is put into the hold, and judged there */
    uint32_t limit = listener_of(w, c)->head_limit;
    int n = tls_hello_due(bytes, limit) ? tls_parse_hello(bytes, limit, &h) : TLS_PARTIAL;
    if (n == TLS_PARTIAL) {
        client_head_waits(w, c);
        return;
    }
    if (n < 0) {
        refuse(w, c, NULL, 400, (unsigned)-n, R_CLOSE_BAD_REQUEST);
        return;
    }
    uint32_t route;
    struct ip_addr source = identity_of(w, c).addr;
    const struct cfg_rule *rule = routing_find_name(w, conn_listener(c), &source, span_of(h.name, h.name_len),
                                                    span_of(h.alpn, h.alpn_len), &route);
    if (!rule) {
        refuse(w, c, &h, 404, TLS_ALERT_NAME, R_NONE);
        return;
    }
    if (rule->action != CFG_TO_CLUSTER) { /* no other answer that it could have */
        refuse(w, c, &h, 403, TLS_ALERT_DENIED, R_NONE);
        return;
    }
    struct exchange *x = stream_new(w, c, &h);
    if (!x)
        return;
    x->rec.route = route;
    stream_to(w, x, action_cluster(w, x, rule, NULL));
}

void stream_hello_timeout(struct exchanges *w, struct conn *c, unsigned status, enum reason why)
{
    refuse(w, c, NULL, status, 0, why);
}

void stream_connected(struct exchanges *w, struct exchange *x)
{
    x->rec.status = 200;
    x->body_out = x->c->out_end;
    x->resp_head = true; /* nothing is waited for any more but the end */
    if (!tunnel_begins(w, x))
        exchange_abort(w, x, R_CLOSE_NO_MEMORY);
}

void stream_refused(struct exchanges *w, struct exchange *x, enum reason why)
{
    struct conn *e = x->e;
    x->e = NULL;
    conn_set_user(e, NULL);
    splice_part(w->s, e);
    splice_reset(w->s, e, why); /* unless it has ended already */
    stream_give_up(w, x, 502, why);
}
