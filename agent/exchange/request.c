/* A request from its head on: route it, edit the head, give it and its body to an endpoint's conn. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

/* Up to `n` body bytes that stand behind the head in the same span. */
static size_t body_in_sight(const struct exchange *x, size_t n)
{
    return x->req_body == HTTP_BODY_LENGTH && x->req_left < n ? (size_t)x->req_left
           : x->req_body == HTTP_BODY_LENGTH                  ? n
                                                              : 0;
}

static uint8_t kept_flags(const struct exchange *x, bool held)
{
    return (uint8_t)((held ? EXT_OWNED : 0) | (x->keep_copy ? EXT_RETAIN : 0));
}

/* May the client ask the endpoint to change protocols? Not to one whose requests would pass by routing,
 * limits and log. */
static bool may_upgrade(const struct http_head *h)
{
    return h->upgrade && !http_upgrades_to_http(h);
}

/* Writes the edited head and `tail` body bytes, and the source's bytes behind them, as one kept extent. */
static int map_head(struct exchanges *w, struct exchange *x, const struct http_head *h, struct span bytes,
                    size_t tail, const struct http_request_edit *edit, bool held)
{
    struct conn *c = x->c;
    size_t raw = h->bytes + tail;
    uint32_t cap;
    uint8_t *buf = splice_buf(w->s, x->e, http_request_room(h, edit) + tail + (held ? 0 : raw), &cap);
    if (!buf)
        return -1;
    int n = http_write_request(h, edit, buf, cap);
    if (n < 0 || (size_t)n + tail + (held ? 0 : raw) > cap) {
        kbuf_free(splice_pool(w->s), buf, cap);
        return -1;
    }
    if (tail)
        memcpy(buf + n, bytes.p + h->bytes, tail);
    if (!held)
        memcpy(buf + n + tail, bytes.p, raw);
    x->req_kept = (uint64_t)n + tail;
    x->keep_copy = x->req_kept <= cluster_of(x)->cfg->retry_buffer;
    return splice_map_kept(w->s, c, x->e, raw, buf, cap, (uint32_t)((size_t)n + tail), kept_flags(x, held),
                           false);
}

static void request_complete(struct exchanges *w, struct exchange *x)
{
    x->req_mapped = true;
    x->c->in_mode = IN_DONE;
    mirror_request(w, x);
}

/* A body that fits retry_buffer with its head is kept whole, so that the request can be run again after its
 * bytes are acked (S7). */
static bool keeps_body(const struct exchange *x)
{
    return x->req_body == HTTP_BODY_LENGTH && x->keep_copy &&
           x->req_kept + x->req_left <= cluster_of(x)->cfg->retry_buffer;
}

void request_go_on(struct exchanges *w, struct exchange *x)
{
    struct conn *c = x->c, *e = x->e;
    if (x->req_mapped || !e || e->pub.state == TCP_SYN_SENT)
        return;
    if (x->req_body == HTTP_BODY_CHUNKED || keeps_body(x)) {
        c->in_mode = IN_OPEN;
    } else if (x->req_left && !splice_held(c).n) {
        pos_t before = c->in_mapped;
        (void)splice_map_copy(w->s, c, e,
                              x->req_left); /* what finds no room is mapped at the next occasion */
        x->req_left -= c->in_mapped - before;
        if (!x->req_left)
            request_complete(w, x);
    }
}

/* Body bytes become kept ones: held ones because they are here only once, others for S7. */
static void keep_body(struct exchanges *w, struct exchange *x, struct span bytes, bool held)
{
    size_t n = bytes.n < x->req_left ? bytes.n : (size_t)x->req_left;
    uint32_t cap;
    bool may = splice_room(w->s, x->e, 1) && (held || !splice_client_full(w->s, x->c));
    uint8_t *buf = may ? splice_buf(w->s, x->e, n, &cap) : NULL;
    if (!buf) {
        splice_wait_room(w->s, x->c);
        return;
    }
    memcpy(buf, bytes.p, n);
    x->req_kept += n;
    if (x->req_kept > cluster_of(x)->cfg->retry_buffer)
        x->keep_copy = false;
    if (splice_map_kept(w->s, x->c, x->e, n, buf, cap, (uint32_t)n, EXT_IDENTITY | kept_flags(x, held),
                        !held) < 0) {
        splice_wait_room(w->s, x->c);
        return;
    }
    x->req_left -= n;
    if (!x->req_left)
        request_complete(w, x);
}

/* Maps chunks, and keeps them for S7 while they fit. When one does not, what was kept before it stays until a
 * byte is acked that is not (ext_retire()): until then all of the request is still there. */
static int map_request_chunks(struct exchanges *w, struct exchange *x, struct span bytes, bool held,
                              bool *done)
{
    uint64_t most =
        x->keep_copy && !mutant(chunks_not_kept) ? cluster_of(x)->cfg->retry_buffer - x->req_kept : 0;
    struct chunk_keep k = {.most = most, .left = x->req_left};
    int err = map_chunked(w, x->c, x->e, &x->req_chunked, &k, bytes, held, done, &x->rec.bytes_request);
    x->req_left = k.left;
    x->req_kept += most - k.most;
    if (x->keep_copy && !k.most) {
        const struct extent *last = ext_last(x->e);
        x->keep_copy = false;
        if (!last || last->kind != EXT_COPY)
            splice_release(w->s, x->e); /* nothing but what is kept would ever be acked */
    }
    return err;
}

/* Chunks go to the endpoint as they come. False: they were the last of this exchange. */
static bool take_chunks(struct exchanges *w, struct exchange *x, struct span bytes, bool held)
{
    const struct cfg_listener *l = x->listener;
    bool done = false;
    if (map_request_chunks(w, x, bytes, held, &done) < 0) {
        x->client_close = true; /* where it ends nobody knows */
        if (x->resp_head)
            exchange_abort(w, x, R_CLOSE_BAD_REQUEST);
        else
            reply_own(w, x, 400, R_CLOSE_BAD_REQUEST);
        return false;
    }
    if (done)
        request_complete(w, x);
    if (l->max_body && x->rec.bytes_request > l->max_body && !x->resp_head && !mutant(max_body_ignored)) {
        reply_own(w, x, 413, R_NONE);
        return false;
    }
    return true;
}

/* Are these too many pieces to keep them all, or too many bytes for their client? That a request can be tried
 * again is not worth waiting for. */
static bool too_much(const struct exchanges *w, const struct exchange *x)
{
    return x->e->x_count >= splice_extent_limit(w->s) / 2 ||
           (splice_client_full(w->s, x->c) && !mutant(retry_before_room));
}

void request_body(struct exchanges *w, struct exchange *x, struct span bytes, bool held)
{
    struct conn *c = x->c, *e = x->e;
    if (x->discards) {
        discard_body(w, x, bytes);
        return;
    }
    if (x->req_mapped || !e || e->pub.state == TCP_SYN_SENT)
        return; /* it waits in the hold: the next request, or body while the endpoint is being connected */
    if (x->keep_copy && too_much(w, x)) {
        x->keep_copy = false;
        splice_release(w->s, e);
    }
    if (x->req_body == HTTP_BODY_LENGTH && (held || keeps_body(x))) {
        keep_body(w, x, bytes, held);
    } else if (x->req_body == HTTP_BODY_CHUNKED && !take_chunks(w, x, bytes, held)) {
        return;
    }
    request_go_on(w, x);
    if (x->client_fin)
        client_fin(w, c);
}

/* Is there a reason not to ask any endpoint? 0: no. */
static unsigned refusal(struct exchange *x, const struct http_head *h)
{
    const struct cfg_listener *l = x->listener;
    if (h->method == HTTP_CONNECT) { /* who is eager sends the tunnel's bytes behind it: no requests */
        x->client_close = true;
        return 405;
    }
    if (l->max_body && h->body == HTTP_BODY_LENGTH && h->length > l->max_body && !mutant(max_body_ignored))
        return 413;
    routing_find(x, h);
    return x->rule ? 0 : 404;
}

/* Makes the head's edit for its cluster and chooses the endpoint. 0, or what to answer instead, or
 * UPSTREAM_FULL. */
static unsigned send_to_cluster(struct exchanges *w, struct exchange *x, const struct http_head *h,
                                struct request_edit *edit)
{
    unsigned status;
    if (!edits_of_request(w, x, h, edit)) {
        stat_add(&w->cnt->edits_refused, 1);
        return 431;
    }
    x->hash = hash_key_of(w, x, h);
    x->affine = affinity_find(cluster_of(x)->affinity, h);
    if (!upstream_pick(w, x, false, &status) && status != UPSTREAM_FULL)
        stat_add(&w->cnt->connect_failures, 1);
    return status;
}

static void take_head(struct exchange *x, const struct http_head *h)
{
    x->method = h->method;
    x->minor = h->minor;
    x->upgrade = may_upgrade(h);
    x->req_body = h->body;
    x->req_left = h->length;
    x->expects = h->expect_continue;
    x->want_keep = !h->close;
    x->rec.bytes_request = h->length;
}

/* How many bytes are passed over when no endpoint is asked: the head, and the body when all of it is here.
 * Otherwise discard.c sees to the rest. */
static size_t passed_over(struct exchange *x, const struct http_head *h, struct span bytes)
{
    size_t body = body_in_sight(x, bytes.n - h->bytes);
    x->req_mapped = x->req_body == HTTP_BODY_NONE || (x->req_body == HTTP_BODY_LENGTH && body == x->req_left);
    return h->bytes + (x->req_mapped ? body : 0);
}

/* Answers without asking an endpoint; the request is passed over. */
static void answer(struct exchanges *w, struct exchange *x, const struct http_head *h, struct span bytes,
                   unsigned status, enum reason why)
{
    splice_skip(w->s, x->c, passed_over(x, h, bytes));
    reply_own(w, x, status, why);
}

/* Memory runs short: no new work (overload.c). */
static void turn_away(struct exchanges *w, struct exchange *x, const struct http_head *h, struct span bytes)
{
    x->client_close = true;
    stat_add(&w->cnt->requests_refused, 1);
    answer(w, x, h, bytes, 503, R_CLOSE_OVERLOAD);
}

static uint64_t deadline_of(const struct exchanges *w, const struct exchange *x)
{
    uint64_t limit = x->rule && x->rule->request_timeout_ns ? x->rule->request_timeout_ns
                                                            : x->listener->request_timeout_ns;
    return limit ? splice_now(w->s) + limit : 0;
}

/* Is it beyond what is taken of its listener's clients, or of its rule's? Answered then, and true. */
static bool limited(struct exchanges *w, struct exchange *x, const struct http_head *h, struct span bytes)
{
    uint64_t wait = client_limits_begin(w, x) ? 0 : SEC_NS;
    if (!wait)
        wait = limits_wait(w, x, x->listener, h);
    if (!wait)
        return false;
    splice_skip(w->s, x->c, passed_over(x, h, bytes));
    reply_limited(w, x, wait);
    return true;
}

/* An endpoint is chosen: the head and what is here of the body go to it. */
static void send_request(struct exchanges *w, struct exchange *x, const struct http_head *h,
                         struct span bytes, bool held, const struct request_edit *edit)
{
    struct conn *c = x->c;
    size_t tail = body_in_sight(x, bytes.n - h->bytes), room = http_request_room(h, &edit->e);
    if (held && room + tail > KBUF_MAX) /* what is held stays held */
        tail = KBUF_MAX - room;
    uint64_t left = x->req_left - tail;
    /* When body follows, the head is acked at once: a client that waits for the ack (Nagle) would meet an
     * endpoint that waits for the body. */
    bool more = left || x->req_body == HTTP_BODY_CHUNKED;
    x->timed = !more;
    if (map_head(w, x, h, bytes, tail, &edit->e, held || more) < 0) {
        turn_away(w, x, h, bytes);
        return;
    }
    x->req_left = left;
    client_watch(w, x, splice_now(w->s) + x->listener->stall_timeout_ns);
    if (x->req_body != HTTP_BODY_CHUNKED && !x->req_left)
        request_complete(w, x);
    request_go_on(w, x);
    if (c->fin_told)
        client_fin(w, c);
    if (!conn_is_dead(c) && x->e && conn_user(c) == x)
        splice_push(w->s, x->e);
}

/* It stays in the hold until there is room for it; or is refused. */
static void wait_room(struct exchanges *w, struct exchange *x, const struct http_head *h, struct span bytes)
{
    if (!queue_join(w, x)) {
        answer(w, x, h, bytes, 503, R_CLOSE_QUEUE);
        return;
    }
    x->head_bytes = h->bytes;
    x->head_print = siphash(&w->rate_key, bytes.p, h->bytes);
}

void request_start(struct exchanges *w, struct exchange *x, const struct http_head *h, struct span bytes,
                   bool held)
{
    struct conn *c = x->c;
    struct request_edit edit;
    forwarded_read(x, h);
    record_request(w, x, h);
    take_head(x, h);
    splice_touch(w->s, c);
    if (splice_load(w->s) >= LOAD_REFUSE) {
        turn_away(w, x, h, bytes);
        return;
    }
    unsigned status = refusal(x, h);
    x->deadline_ns = deadline_of(w, x);
    if (limited(w, x, h, bytes))
        return;
    if (!status && x->rule->action != CFG_TO_CLUSTER) {
        action_reply(w, x, x->rule, h, passed_over(x, h, bytes));
        return;
    }
    if (!status) {
        x->rec.cluster = x->cluster = action_cluster(w, x, x->rule, h);
        status = send_to_cluster(w, x, h, &edit);
    }
    if (status == UPSTREAM_FULL)
        wait_room(w, x, h, bytes);
    else if (status)
        answer(w, x, h, bytes, status, R_NONE);
    else
        send_request(w, x, h, bytes, held, &edit);
}

void request_resume(struct exchanges *w, struct exchange *x, struct span bytes, bool held)
{
    struct request_edit edit;
    if (bytes.n < x->head_bytes)
        return; /* they found no room in the hold when they came first */
    int n = http_parse_request(bytes, x->listener->head_limit, &w->head);
    if (n != (int)x->head_bytes || siphash(&w->rate_key, bytes.p, (size_t)n) != x->head_print) {
        exchange_abort(w, x, R_CLOSE_BYTES_DIFFER);
        return;
    }
    unsigned status = send_to_cluster(w, x, &w->head, &edit);
    if (status == UPSTREAM_FULL) {
        x->turn = false;
        return;
    }
    queue_leave(w, x);
    if (status)
        answer(w, x, &w->head, bytes, status, R_NONE);
    else
        send_request(w, x, &w->head, bytes, held, &edit);
}
