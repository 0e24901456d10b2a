/* Rows about messages: S2, S3, S6, S7, S8, S10, and HTTP as such. */
#include <string.h>

#include "tests/sim/rows_all.h"

#define LARGE "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"

/* ---- S2 ---- */

void s2_chunk_horizon(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, CHUNKED_HEAD);
    uint32_t at = c->snd;
    say_at(c, at + 10, "6\r\nworld!\r\n"); /* behind "5\r\nhello\r\n", which is missing */
    want_silence(e, 50);
    say_at(c, at, "5\r\nhello\r\n");
    c->snd = at + 21;
    want_text(e, "5\r\nhello\r\n6\r\nworld!\r\n");
}

void s2_length_ooo(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    uint32_t at = c->snd;
    forget(e);
    say_at(c, at + 5, "world");
    want(e, "A len=5");
    say_at(c, at, "hello");
    want(e, "A len=5");
}

void s2_beyond_response(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, OK2 "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    want_text(c, OK2);
    want_eventually(e, "RA");
    want_silence(c, 100);
}

/* Behind a response that the client has not acked yet. */
void s2_beyond_large(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n");
    want_head(c);
    c->auto_ack = false;
    say_n(e, 'x', 20000);
    want_bytes(c, 20000);
    say(e, "evil");
    pass_time(s, 10);
    want_silence(c, 10);
    ack_all(c);
    want_eventually(e, "RA");
    want_counter(s, "endpoints_idle", 0);
}

/* ---- S3 ---- */

void s3_pipelined(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e;
    open_conn(c);
    say(c, GET0 "GET /second HTTP/1.1\r\nHost: c0.example\r\n\r\n");
    e = serve(s);
    want_text(e, "GET / HTTP/1.1\r\n");
    want_silence(e, 100);
    want_true(s, s->unclaimed.n == 0, "no second connection is opened");
    say(e, OK2);
    want_text(c, OK2);
    want_text(e, "GET /second HTTP/1.1\r\n");
}

void s3_other_cluster(struct script *s)
{
    struct peer *c = client(s), *e, *f;
    open_conn(c);
    say(c, GET0 "GET /b HTTP/1.1\r\nHost: c1.example\r\n\r\n");
    e = serve(s);
    want_text(e, "GET / HTTP/1.1\r\n");
    say(e, OK2);
    want_text(c, OK2);
    f = serve(s);
    want_text(f, "GET /b HTTP/1.1\r\n");
    want_true(s, f->host != e->host, "another endpoint");
    say(f, "HTTP/1.1 204 No Content\r\n\r\n");
    want_text(c, "HTTP/1.1 204 No Content\r\n");
}

/* ---- S6 ---- */

void s6_head_in_two(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    say(c, "GET / HTTP/1.1\r\nHost: c0");
    want(c, "A ack=25 len=0");
    say(c, ".example\r\n\r\n");
    e = serve(s);
    want_text(e, "GET / HTTP/1.1\r\n");
}

void s6_head_bytes(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    for (const char *p = GET0; *p; p++) {
        char one[2] = {*p, 0};
        say(c, one);
        pass_time(s, 1);
    }
    e = serve(s);
    want_head(e);
    say(e, OK2);
    want_text(c, OK2);
}

void s6_out_of_order(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    say_at(c, 11, &GET0[10]);
    want(c, "A ack=1 len=0");
    want_true(s, c->got.nsack == 1 && c->got.sack[0].lo == c->iss + 11, "the duplicate ack carries SACK");
    char first[11] = {0};
    memcpy(first, GET0, 10);
    say_at(c, 1, first);
    e = serve(s);
    want_head(e);
}

/* ---- S7 ---- */

void s7_refused(struct script *s)
{
    struct peer *c = client(s), *first, *e;
    open_conn(c);
    say(c, GET0);
    first = take_syn(s);
    refuse_syn_of(first);
    e = serve(s);
    want_true(s, e->host != first->host, "the other endpoint is tried");
    want_head(e);
    say(e, OK2);
    want_text(c, OK2);
}

void s7_all_refused(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say(c, GET0);
    for (unsigned i = 0; i < 2; i++)
        refuse_syn_of(take_syn(s));
    pass_time(s, 1000);
    while (s->unclaimed.n) { /* a third try is allowed */
        refuse_syn_of(take_syn(s));
        pass_time(s, 1000);
    }
    want_text(c, "HTTP/1.1 50");
}

void s7_pool_reset(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c), *f;
    say(c, GET0);
    want_head(e);
    rst(e, e->snd);
    f = serve(s);
    want_head(f);
    say(f, OK2);
    want_text(c, OK2);
}

void s7_pool_fin(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c), *f;
    fin(e);
    want_eventually(e, "FA");
    ack_all(e);
    say(c, GET0);
    f = serve(s);
    want_head(f);
}

void s7_post_not_twice(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("2") "hi");
    say(e, "HTTP/1.1 2");
    pass_time(s, 10);
    rst(e, e->snd);
    pass_time(s, 2000);
    want_true(s, s->unclaimed.n == 0, "no other endpoint gets the request");
}

void s7_post_repeated(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c);
    e->auto_ack = false; /* its ack and its reset with it are lost */
    say(c, POST_HEAD("100000"));
    want_head(e);
    uint32_t at = c->snd;
    say(c, "hello");
    pass_time(s, 5);
    say_at(c, at, "hello");
    pass_time(s, 5);
    rst(e, e->snd);
    want_text(c, "HTTP/1.1 502");
}

/* The request was not acked, so its bytes are all there: but a response has begun. */
void s7_get_begun(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    say(c, GET0);
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    say_flags(e, SEG_ACK, e->snd, 1, "HTTP/1.1 2");
    e->snd += 10;
    pass_time(s, 10);
    rst(e, e->snd);
    want_text(c, "HTTP/1.1 502 ");
    want_true(s, s->unclaimed.n == 0, "no other endpoint gets the request");
}

/* It left the endpoint before the request came there: nobody asked for it. */
void s7_pool_early(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c), *f;
    say(c, GET0);
    pass_time(s, 1);
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"); /* acks what came before */
    want_eventually(e, "RA");
    f = serve(s);
    want_head(f);
    say(f, OK2);
    want_text(c, OK2);
}

/* ---- S8 ---- */

void s8_adopted(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    say(e, OK2);
    want_text(c, OK2);
    want_eventually(e, "A"); /* although the client acked nothing */
    want_true(s, e->got.ack == e->iss + e->snd, "the endpoint's bytes are acked at once");
    want_true(s, LACON_COUNT(&s->lacon, adopted) == 1, "adopted");
    c->rcv = 1; /* as if it was lost */
    want_text(c, OK2);
    ack_all(c);
    want_silence(e, 50);
}

void s8_dup_acks(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n");
    say_n(e, 'x', 4000);
    want_head(c);
    want_bytes(c, 2000);
    pass_time(s, 20);
    forget(c);
    c->rcv = 1;
    for (unsigned i = 0; i < 3; i++)
        ack_all(c);
    want(c, "A seq=1");
    want_true(s, c->got.len > 0 && LACON_COUNT(&s->lacon, rto_fired) == 0, "sent again before any timeout");
}

void s8_pieces(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n");
    want_head(c);
    for (unsigned i = 0; i < 30; i++) {
        say(e, "x");
        want_bytes(c, 1);
        pass_time(s, 50);
    }
    forget(e);
    want_true(s, LACON_COUNT(&s->lacon, endpoints_idle) == 1, "the endpoint conn is pooled");
}

void s8_large(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    pass_time(s, 10);
    forget(e);
    say(e, LARGE);
    want_head(c);
    want_silence(e, 100);
    ack_all(c);
    want(e, "A");
    want_true(s, e->got.ack == e->iss + e->snd, "the head is acked when the client acked it");
}

/* Half of the pool is in use: a small response presses back on the endpoint like a large one. */
void s8_pool_short(struct script *s)
{
    s->config->dpdk.buffers_bytes = 256 * 1024;
    struct peer *c = client(s), *e = with_request(c, GET0);
    for (unsigned i = 0; i < 5; i++) { /* heads in the making */
        struct peer *slow = client(s);
        open_conn(slow);
        say(slow, "GET / HTTP/1.1\r\nX: ");
        say_n(slow, 'x', 20000);
    }
    pass_time(s, 10);
    want_true(s, lacon_kept(&s->lacon) >= 128 * 1024, "half of the pool is in use");
    forget(c);
    forget(e);
    c->auto_ack = false;
    say(e, OK2);
    want_text(c, OK2);
    want_silence(e, 50);
    want_counter(s, "adopted", 0);
    ack_all(c);
    want(e, "A");
    want_true(s, e->got.ack == e->iss + e->snd, "acked when the client has acked");
}

/* ---- S10 ---- */

void s10_413_early(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    say_n(c, 'x', 3000);
    want_bytes(e, 3000);
    say(e, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    want_text(c, "HTTP/1.1 413 Too Large\r\n");
    want_true(s, memmem(c->got.data, c->got.len, "onnection: close", 16) != NULL,
              "Connection: close is added");
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
    ack_all(c);
    say_n(c, 'x', 3000); /* the rest is acked and thrown away */
    pass_time(s, 50);
    forget(c);
    want_true(s, c->got.flags == SEG_ACK && c->got.ack == c->iss + c->snd, "all that was sent is acked");
}

void s10_client_fin(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    say(c, GET0);
    fin(c);
    e = serve(s);
    want_head(e);
    want_true(s, !(e->got.flags & SEG_FIN), "the FIN is not passed on");
    say(e, OK2);
    want_text(c, "HTTP/1.1 200 OK\r\n");
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
    ack_all(c);
    pass_time(s, 100);
    want_true(s, LACON_COUNT(&s->lacon, clients_open) == 0, "the client is gone");
}

void s10_client_fin_idle(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    fin(c);
    want_eventually(c, "FA ack=2");
    ack_all(c);
    pass_time(s, 100);
    want_true(s, LACON_COUNT(&s->lacon, clients_open) == 0, "the client is gone");
}

void s10_until_close(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\n\r\nuntil the end");
    want_text(c, "HTTP/1.1 200 OK\r\n");
    fin(e);
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
    ack_all(c);
    want_eventually(e, "FA");
}

void s10_truncated(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, LARGE "some");
    want_head(c);
    fin(e);
    want_eventually(c, "RA");
}

void s10_endpoint_rst(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, LARGE "some");
    want_head(c);
    rst(e, e->snd);
    want_eventually(c, "RA");
}

void s10_client_rst(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, LARGE "some");
    want_head(c);
    pass_time(s, 10);
    rst(c, c->snd);
    want_eventually(e, "RA");
}

/* Of what is in flight the client may have nothing: it believes only the number that it expects. */
void s10_reset_in_flight(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    say(e, LARGE0 "some");
    want_head(c);
    rst(e, e->snd);
    want_eventually(c, "RA seq=1");
}

void s10_drain(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0), *late = client(s);
    lacon_drain(&s->lacon);
    say(e, OK2);
    want_head(c);
    want_true(s, memmem(c->got.data, c->got.len, "onnection: close", 16) != NULL,
              "Connection: close is added");
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
    flags(late, SEG_SYN, 0, 0);
    want(late, "RA ack=1");
    want_counter(s, "drop_draining", 1);
}

/* ---- HTTP ---- */

void http_two_lengths(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say(c, "POST / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
    want_text(c, "HTTP/1.1 400 ");
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
}

void http_404(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say(c, "GET / HTTP/1.1\r\nHost: nowhere.example\r\n\r\n");
    want_text(c, "HTTP/1.1 404 ");
}

void http_100(struct script *s)
{
    struct peer *c = client(s), *e;
    e = with_request(
        c, "POST / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    say(e, "HTTP/1.1 100 Continue\r\n\r\n");
    want_text(c, "HTTP/1.1 100 Continue\r\n\r\n");
    say(c, "hi");
    want_text(e, "hi");
    say(e, OK2);
    want_text(c, OK2);
}

void http_upgrade(struct script *s)
{
    struct peer *c = client(s), *e;
    e = with_request(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    say(e, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    want_text(c, "HTTP/1.1 101 Switching Protocols\r\n");
    say(c, "ping");
    want_text(e, "ping");
    say(e, "pong");
    want_text(c, "pong");
    fin(c);
    want_eventually(e, "FA");
    say(e, "more");
    want_text(c, "more");
}

void http_unasked(struct script *s)
{
    struct peer *c = client(s), *e = pooled(c);
    say(e, "HTTP/1.1 408 Timeout\r\n\r\n");
    want_eventually(e, "RA");
    want_silence(c, 50);
}

void http_unasked_gap(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c);
    say_at(e, e->snd + 20,
           "HTTP/1.1 200 OK\r\n"); /* what stands before it would come after the next request */
    want_eventually(e, "RA");
}

void http_max_body(struct script *s)
{
    s->config->listener[0].max_body = 1000;
    struct peer *c = client(s);
    open_conn(c);
    say(c, POST_HEAD("1001"));
    want_text(c, "HTTP/1.1 413 ");
    want_true(s, s->unclaimed.n == 0, "no endpoint is asked");
}

void http_max_body_chunked(struct script *s)
{
    s->config->listener[0].max_body = 1000;
    struct peer *c = client(s), *e = with_request(c, CHUNKED_HEAD);
    say(c, "3e8\r\n");
    want_text(e, "3e8\r\n");
    say_n(c, 'x', 1000);
    want_bytes(e, 1000);
    say(c, "\r\n1\r\n");
    want_text(c, "HTTP/1.1 413 ");
    want_eventually(e, "RA");
}

/* What an exchange held is there for the next. */
void http_many(struct script *s)
{
    s->config->dpdk.connections = 64;
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c);
    for (unsigned i = 0; i < 100 && !s->sim.failed; i++) {
        say(c, GET0);
        want_head(e);
        say(e, OK2);
        want_text(c, OK2);
    }
    want_counter(s, "exchanges", 101);
}

/* Large enough not to be adopted, all of it passed on, and then the endpoint resets. */
static struct peer *reset_behind(struct script *s, struct peer **c)
{
    *c = client(s);
    struct peer *e = with_request(*c, GET0);
    (*c)->auto_ack = false;
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n");
    say_n(e, 'x', 20000);
    want_head(*c);
    want_bytes(*c, 20000);
    rst(e, e->snd);
    return e;
}

void s10_rst_behind(struct script *s)
{
    struct peer *c;
    reset_behind(s, &c);
    want(c, "A len=0"); /* lacon asks what the client has */
    ack_all(c);
    say(c, GET0);
    struct peer *e = serve(s);
    want_head(e);
    say(e, OK2);
    want_text(c, OK2);
}

void s10_rst_behind_lost(struct script *s)
{
    struct peer *c;
    reset_behind(s, &c);
    pass_time(s, 4000);
    forget(c);
    want_eventually(c, "RA");
}

/* Behind an early response, too: what the client has not sent yet of its request is not acked for it. */
void s10_rst_behind_early(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    say_n(c, 'x', 3000);
    want_bytes(e, 3000);
    pass_time(s, 5);
    forget(c);
    c->auto_ack = false;
    say(e, "HTTP/1.1 413 Too Large\r\nContent-Length: 20000\r\n\r\n");
    say_n(e, 'y', 20000);
    want_head(c);
    want_bytes(c, 20000);
    rst(e, e->snd);
    want_eventually(c, "A len=0"); /* lacon asks what the client has */
    want_true(s, c->got.ack == c->iss + c->snd, "what was sent is acked, and no more");
    say_n(c, 'x', 3000); /* acks the response; the rest is acked and thrown away */
    pass_time(s, 5);
    forget(c);
    want_true(s, c->got.ack == c->iss + c->snd, "the rest is acked");
    fin(c);
    pass_time(s, 5);
    want_counter(s, "clients_open", 0);
    want_counter(s, "exchanges", 1);
}

void http_bad_head(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say(c, "HEAD / HTTP/1.1\r\nHost: c0.example\r\nbroken\r\n\r\n");
    want_text(c, "HTTP/1.1 400 Bad Request\r\n");
    uint32_t head = c->got.len;
    want_true(s, head > 4 && memcmp(c->got.data + head - 4, "\r\n\r\n", 4) == 0, "the head is all of it");
    want_eventually(c, "FA");
}

void s6_first_of_many(struct script *s)
{
    static const char head[] = GET0;
    struct peer *c = client(s), *e;
    char one[2] = "";
    open_conn(c);
    for (uint32_t i = 2; i < sizeof head - 1;
         i += 2) { /* every other byte: four ranges, the rest is dropped */
        one[0] = head[i];
        say_at(c, 1 + i, one);
    }
    one[0] = head[0];
    say_at(c, 1, one);
    want_eventually(c, "A ack=2");
    say_at(c, 1, head);
    e = serve(s);
    want_head(e);
}
