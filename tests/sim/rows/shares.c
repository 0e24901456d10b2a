/* Rows about greedy clients: what one address may have of connections and kept bytes. */
#include "agent/base/kbuf.h"
#include "tests/sim/rows/all.h"
#include "tests/sim/rows/crowd.h"

void d_share_conns(struct script *s)
{
    struct peer *c[10], *more, *other;
    s->config->limits.client_connections = 1; /* of 1024 */
    open_many(s, c, 10);
    more = client(s);
    flags(more, SEG_SYN, 0, 0);
    want(more, "RA ack=1");
    want_counter(s, "drop_client_share", 1);
    other = neighbour(s);
    if (s->client_v6) {
        flags(other, SEG_SYN, 0, 0);
        want(other, "RA ack=1"); /* one /64 is one client */
    } else {
        open_conn(other);
    }
    rst(c[0], 1);
    pass_time(s, 10);
    more = client(s);
    open_conn(more);
}

void d_share_trusted(struct script *s)
{
    static struct cfg_prefix all[2] = {{.bits = 0}, {.bits = 0}};
    const uint8_t zero[4] = {0};
    struct peer *c[12];
    all[0].addr = ip_from_v4(zero);
    s->config->limits = (struct cfg_limits){.client_connections = 1, .ntrusted = 2, .trusted = all};
    open_many(s, c, 12);
    pass_time(s, 10);
    want_counter(s, "drop_client_share", 0);
    want_counter(s, "clients_open", 12);
}

/* Beyond its share of kept bytes a client's are dropped and come again; another's are taken. */
void d_share_bytes(struct script *s)
{
    struct peer *c[5], *other, *e;
    families(s, false, false);
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 1;
    open_many(s, c, 5);
    for (unsigned i = 0; i < 5; i++) {
        say(c[i], "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
        say_n(c[i], 'a', 3900);
    }
    pass_time(s, 10);
    want_true(s, counter_of(s, "drop_client_bytes") > 0, "bytes beyond the share were dropped");
    other = neighbour(s);
    e = with_request(other, GET0);
    answer(e, other);
    for (unsigned i = 0; i < 4; i++)
        rst(c[i], c[i]->snd);
    pass_time(s, 10);
    forget(c[4]);
    say_at(c[4], c[4]->snd - 100, "");
    c[4]->snd = 1;
    say(c[4], GET0); /* the client's repetition, as far as its head was dropped whole or is the same */
    pass_time(s, 10);
    want_counter(s, "clients_open", 2);
}

/* A head is begun, then its client's share is used up by others, then it is complete: it waits for the
 * response before it to be acked, and is not forgotten. */
void d_share_head_waits(struct script *s)
{
    struct peer *c, *e, *more[4];
    families(s, false, false);
    one_endpoint(s);
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 1;
    c = client(s);
    e = with_request(c, GET0);
    c->auto_ack = false;
    uint32_t acked = c->rcv;
    answer(e, c);
    uint32_t all = c->rcv;
    c->rcv = acked;
    say(c, "GET /next HTTP/1.1\r\nHost: c0.example\r\nX: ");
    say_n(c, 'a', 300);
    open_many(s, more, 4);
    for (unsigned i = 0; i < 4; i++) {
        say(more[i], "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
        say_n(more[i], 'a', 3900);
    }
    pass_time(s, 10);
    want_true(s, counter_of(s, "drop_client_bytes") > 0, "the share is used up");
    forget(e);
    say(c, "\r\n\r\n");
    want_silence(e, 10);
    c->rcv = all;
    ack_all(c);
    want_text(e, "GET /next HTTP/1.1\r\n");
}

/* A client whose share is used up by one hold: what fits into the buffer that this has, once the requests
 * before have been taken out of it, is taken. */
void d_share_moves_up(struct script *s)
{
    families(s, false, false);
    one_endpoint(s);
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 1;
    struct peer *c = client(s), *e = with_request(c, GET0);
    for (unsigned i = 0; i < 3; i++) {
        say(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
        say_n(c, 'a', 4200);
        if (i < 2)
            say(c, "\r\n\r\n");
    }
    for (unsigned i = 0; i < 3; i++) {
        answer(e, c);
        if (i < 2)
            want_head(e);
    }
    say_n(c, 'a', 3800);
    say(c, "\r\n\r\n");
    want_head(e);
    want_counter(s, "drop_client_bytes", 0);
}

/* ---- one conn of a client may exceed its share ---- */

/* Clients with 10 KiB of kept bytes each. */
static struct peer *with_short_share(struct script *s)
{
    families(s, false, false);
    one_endpoint(s);
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 1;
    return client(s);
}

static void begin_head(struct peer *c, uint32_t n)
{
    say(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
    say_n(c, 'a', n);
    pass_time(c->sc, 10);
}

static void go_on(struct peer *c, uint32_t n)
{
    say_n(c, 'a', n);
    pass_time(c->sc, 10);
}

/* The last n bytes said come again. */
static void again(struct peer *c, uint32_t n)
{
    say_n_at(c, c->snd - n, 'a', n);
}

static void end_head(struct peer *c)
{
    say(c, "\r\n\r\n");
}

/* Two heads have all of their client's share, and need more of it. One gets what it needs, then the other. */
void d_share_one_exceeds(struct script *s)
{
    struct peer *c[2] = {with_short_share(s), client(s)}, *e;
    open_conn(c[0]);
    open_conn(c[1]);
    begin_head(c[0], 8000);
    begin_head(c[1], 3900);
    go_on(c[0], 20000);
    want_counter(s, "drop_client_bytes", 0);
    go_on(c[1], 1000);
    want_counter(s, "drop_client_bytes", 1);
    end_head(c[0]);
    e = take_request(s);
    answer(e, c[0]);
    again(c[1], 1000);
    go_on(c[1], 20000);
    end_head(c[1]);
    want_head(e);
    answer(e, c[1]);
    want_counter(s, "drop_client_bytes", 1);
    want_counter(s, "own_replies", 0);
}

/* Of two heads that need more of their client's share the first gets it, and its conn is reset; then what was
 * refused of the second comes again. */
static void first_leaves(struct peer *c[2])
{
    open_conn(c[0]);
    open_conn(c[1]);
    begin_head(c[0], 8000);
    begin_head(c[1], 3900);
    go_on(c[0], 1000);
    go_on(c[1], 1000);
    want_counter(c[0]->sc, "drop_client_bytes", 1);
    rst(c[0], c[0]->snd);
    pass_time(c[0]->sc, 10);
    again(c[1], 1000);
}

/* The one that exceeds it is gone, without a request: another may. */
void d_share_exceeder_leaves(struct script *s)
{
    struct peer *c[2] = {with_short_share(s), client(s)};
    first_leaves(c);
    go_on(c[1], 20000);
    end_head(c[1]);
    take_request(s);
    want_counter(s, "drop_client_bytes", 1);
}

/* What exceeds the share stays kept until it is answered: the next ones wait for that, not each adds its own
 * to it. */
void d_share_exceeded_once(struct script *s)
{
    struct peer *c[5] = {with_short_share(s)}, *e[5];
    unsigned n = 0;
    s->config->cluster[0].retry_buffer = 60u << 10;
    for (unsigned i = 0; i < 5; i++) {
        c[i] = i ? client(s) : c[0];
        open_conn(c[i]);
    }
    for (; n < 5; n++) {
        begin_head(c[n], 30000);
        if (counter_of(s, "drop_client_bytes"))
            break;
        end_head(c[n]);
        e[n] = take_request(s);
    }
    want_true(s, n > 1 && n < 5, "one gets there, and not all");
    want_true(s, lacon_kept(&s->lacon) < (10u << 10) + 3 * KBUF_MAX, "what is kept is bounded");
    for (unsigned i = 0; i < n; i++)
        answer(e[i], c[i]);
}

/* A pipelined head waits for the response before it, not for memory: the share is not exceeded for it. */
void d_share_pipelined_waits(struct script *s)
{
    struct peer *c[2] = {with_short_share(s), client(s)}, *e = with_request(c[0], GET0);
    begin_head(c[0], 12000);
    open_conn(c[1]);
    go_on(c[0], 8000);
    uint64_t refused = counter_of(s, "drop_client_bytes");
    want_true(s, refused > 0, "it may not exceed it");
    begin_head(c[1], 12000);
    end_head(c[1]);
    take_request(s);
    want_counter(s, "drop_client_bytes", refused);
    answer(e, c[0]);
}

/* A head is not whole in time because its client has no memory left: 503, where the client that has not sent
 * it is told 408. */
void d_share_head_refused(struct script *s)
{
    struct peer *c[2] = {with_short_share(s), client(s)};
    s->config->listener[0].head_timeout_ns = 10 * SEC;
    open_conn(c[0]);
    open_conn(c[1]);
    begin_head(c[0], 8000);
    begin_head(c[1], 3900);
    go_on(c[0], 1000);
    pass_time(s, 5000);
    go_on(c[1], 1000);
    want_counter(s, "drop_client_bytes", 1);
    want_text(c[0], "HTTP/1.1 408 ");
    want_text(c[1], "HTTP/1.1 503 ");
    want_true(s, s->lacon.last_log.status == 503, "it is logged as 503");
    c[1]->snd -= 1000;
    for (unsigned i = 0; i < 2; i++) {
        want_eventually(c[i], "FA");
        fin(c[i]);
    }
    pass_time(s, 10);
    want_counter(s, "close_head_timeout", 1);
    want_counter(s, "close_overload", 1);
}

/* What found no memory has come again, and found some: if the rest is late it is the client's fault. */
void d_share_head_came(struct script *s)
{
    struct peer *c[2] = {with_short_share(s), client(s)};
    s->config->listener[0].head_timeout_ns = 10 * SEC;
    first_leaves(c);
    want_text(c[1], "HTTP/1.1 408 ");
    want_counter(s, "close_overload", 0);
}

/* Bytes of a pipelined head found no memory while the response before it was waited for, and its client's TCP
 * backs off: that there is room now it learns when it sends again, after head_timeout. */
void d_share_backs_off(struct script *s)
{
    struct peer *c = with_short_share(s), *e = with_request(c, GET0);
    s->config->listener[0].head_timeout_ns = 10 * SEC;
    begin_head(c, 30000);
    want_true(s, counter_of(s, "drop_client_bytes") > 0, "it may not exceed its share yet");
    pass_time(s, 50000);
    answer(e, c);
    pass_time(s, 100000);
    again(c, 30000);
    end_head(c);
    take_request(s);
    want_counter(s, "own_replies", 0);
}

/* What is kept for another try has all of its client's share: a body beside it is passed on without being
 * kept, rather than wait. So it is not tried again. */
static void passed_on(struct script *s, const char *head, const char *body)
{
    struct peer *c[2], *e;
    families(s, false, false);
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 1;
    s->config->cluster[0].retry_buffer = 60u << 10;
    open_many(s, c, 2);
    begin_head(c[0], 20000);
    end_head(c[0]);
    take_request(s);
    say(c[1], head);
    e = take_request(s);
    say(c[1], body);
    want_text(e, body);
    pass_time(s, 10);
    want_counter(s, "drop_client_bytes", 0);
    rst(e, e->snd);
    forget(c[1]);
    want_text(c[1], "HTTP/1.1 502 ");
}

void d_share_passed_on(struct script *s)
{
    passed_on(s, "PUT / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: 100\r\n\r\n", "hello");
}

void d_share_chunks_passed_on(struct script *s)
{
    passed_on(s, "PUT / HTTP/1.1\r\nHost: c0.example\r\nTransfer-Encoding: chunked\r\n\r\n", "a\r\nhello");
}
