/* Rows about endpoints that refuse, die or fall silent (S7): a request is tried again while that is safe. */
#include "tests/sim/rows/all.h"

void s7_refused(struct script *s)
{
    struct peer *c = client(s), *first, *e;
    ask(c, GET0);
    first = take_syn(s);
    refuse_syn_of(first);
    e = serve(s);
    want_true(s, e->host != first->host, "the other endpoint is tried");
    want_head(e);
    answer(e, c);
}

void s7_all_refused(struct script *s)
{
    struct peer *c = client(s);
    ask(c, GET0);
    for (unsigned i = 0; i < 2; i++)
        refuse_syn_of(take_syn(s));
    pass_time(s, 1000);
    while (s->unclaimed.n) { /* a third try is allowed */
        refuse_syn_of(take_syn(s));
        pass_time(s, 1000);
    }
    want_text(c, "HTTP/1.1 50");
}

void s7_get_acked(struct script *s)
{
    struct peer *c = client(s), *e = dies(c, GET0), *f = serve(s);
    want_true(s, f->host != e->host, "the other endpoint is asked");
    want_text(f, "GET / HTTP/1.1\r\n");
    answer(f, c);
    want_counter(s, "retries", 1);
}

void s7_post_acked(struct script *s)
{
    struct peer *c = client(s);
    (void)dies(c, POST_HEAD("2") "hi");
    want_text(c, "HTTP/1.1 502 ");
    want_true(s, s->unclaimed.n == 0, "nobody else gets the request");
    want_counter(s, "retries", 0);
    say(c, GET0); /* the connection stays usable */
    want_head(serve(s));
}

/* By FIN instead of RST. */
void s7_post_acked_fin(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("2") "hi");
    fin(e);
    want_text(c, "HTTP/1.1 502 ");
    want_true(s, s->unclaimed.n == 0, "nobody else gets the request");
}

/* The RST itself says that it had the request. */
void s7_post_acked_by_rst(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("2") "hi");
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    flags(e, SEG_RST | SEG_ACK, e->snd, e->rcv);
    want_text(c, "HTTP/1.1 502 ");
    want_true(s, s->unclaimed.n == 0, "nobody else gets the request");
}

/* Nothing of it was acked: what answered was a closed socket. */
void s7_post_untouched(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c), *f;
    e->auto_ack = false;
    say(c, POST_HEAD("2") "hi");
    want_head(e);
    rst(e, e->snd);
    f = serve(s);
    want_text(f, "POST / HTTP/1.1\r\n");
    answer(f, c);
}

/* What it said before it had the POST ends the conn, by our reset. It may have read the POST since: its ack
 * is on the way. */
void s7_post_crossed(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c);
    e->auto_ack = false;
    uint32_t before = e->rcv;
    say(c, POST_HEAD("2") "hi");
    want_head(e);
    e->rcv = before;
    say(e, "surplus");
    want_text(c, "HTTP/1.1 502 ");
    want_true(s, s->unclaimed.n == 0, "it does not get the request a second time");
    want_counter(s, "retries", 0);
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
    ask(c, GET0);
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

/* A GET's head is retried with its body of before, also when that was acked to the client. */
void s7_put_with_body(struct script *s)
{
    struct peer *c = client(s), *e, *f;
    e = with_request(c, "PUT / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: 2000\r\n\r\n");
    say_n(c, 'x', 2000);
    want_bytes(e, 2000);
    pass_time(s, 10);
    rst(e, e->snd);
    f = take_request(s);
    want_bytes(f, 2000);
    answer(f, c);
}

/* A body larger than the retry buffer is gone when it was acked. */
void s7_put_too_large(struct script *s)
{
    struct peer *c = client(s), *e;
    e = with_request(c, "PUT / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: 100000\r\n\r\n");
    say_n(c, 'x', 20000);
    want_bytes(e, 20000);
    pass_time(s, 10);
    forget(c);
    rst(e, e->snd);
    want_text(c, "HTTP/1.1 502 ");
    want_true(s, s->unclaimed.n == 0, "nobody else is asked");
}

/* ---- chunks ---- */

#define PUT_CHUNKED "PUT / HTTP/1.1\r\nHost: c0.example\r\nTransfer-Encoding: chunked\r\n\r\n"

/* Chunks in pieces, all acked: the endpoint resets in the middle of one, and the next gets them all. */
void s7_put_chunked(struct script *s)
{
    struct peer *c = client(s), *e, *f;
    e = with_request(c, PUT_CHUNKED);
    say(c, "5\r\nhello\r\n7d0\r\n"); /* 2000 bytes */
    say_n(c, 'x', 1500);
    want_text(e, "5\r\nhello\r\n7d0\r\n");
    want_bytes(e, 1500);
    pass_time(s, 10);
    rst(e, e->snd);
    f = take_request(s);
    want_text(f, "5\r\nhello\r\n7d0\r\n");
    want_bytes(f, 1500);
    say_n(c, 'x', 500);
    say(c, "\r\n3\r\nend\r\n0\r\n\r\n");
    want_bytes(f, 500);
    want_text(f, "\r\n3\r\nend\r\n0\r\n\r\n");
    answer(f, c);
    want_counter(s, "retries", 1);
    say(c, GET0);
    want_head(serve(s));
}

/* The same when the whole of it was here before its endpoint's connection stood. */
void s7_put_chunked_held(struct script *s)
{
    struct peer *c = client(s), *e, *f;
    ask(c, PUT_CHUNKED);
    e = take_syn(s);
    say(c, "5\r\nhello\r\n0\r\n\r\n");
    pass_time(s, 10);
    accept_syn_of(e);
    want_head(e);
    want_text(e, "5\r\nhello\r\n0\r\n\r\n");
    pass_time(s, 10);
    rst(e, e->snd);
    f = take_request(s);
    want_text(f, "5\r\nhello\r\n0\r\n\r\n");
    answer(f, c);
}

/* A chunk that is larger than the retry buffer passes through, and is gone when it was acked. */
void s7_put_chunked_too_large(struct script *s)
{
    struct peer *c = client(s), *e;
    e = with_request(c, PUT_CHUNKED);
    say(c, "5\r\nhello\r\n5000\r\n");
    say_n(c, 'x', 1000);
    want_text(e, "5\r\nhello\r\n5000\r\n");
    want_bytes(e, 1000);
    pass_time(s, 10);
    forget(c);
    rst(e, e->snd);
    want_text(c, "HTTP/1.1 502 ");
    want_true(s, s->unclaimed.n == 0, "nobody else is asked");
}

/* While no byte of it is acked it can come again: another endpoint gets it. */
void s7_put_chunked_unacked(struct script *s)
{
    struct peer *c = client(s), *e, *f;
    e = with_request(c, PUT_CHUNKED);
    say(c, "3\r\nabc\r\n");
    want_text(e, "3\r\nabc\r\n");
    e->auto_ack = false;
    uint32_t at = c->snd;
    say(c, "5000\r\n");
    say_n(c, 'x', 1000);
    pass_time(s, 10);
    rst(e, e->snd);
    f = take_request(s);
    want_text(f, "3\r\nabc\r\n5000\r\n");
    say_n_at(c, at + 6, 'x', 1000);
    want_bytes(f, 1000);
}

/* More small chunks than the retry buffer has room for: they are let go, one by one. */
void s7_put_chunked_many(struct script *s)
{
    s->config->cluster[0].retry_buffer = 300;
    struct peer *c = client(s), *e;
    e = with_request(c, PUT_CHUNKED);
    for (unsigned i = 0; i < 40; i++) {
        say(c, "5\r\nhello\r\n");
        want_text(e, "5\r\nhello\r\n");
    }
    pass_time(s, 10);
    want_true(s, lacon_kept(&s->lacon) == 0, "nothing is kept any more");
    rst(e, e->snd);
    forget(c);
    want_text(c, "HTTP/1.1 502 ");
}

/* What comes when the response has begun, be it with "100 Continue", is not kept: it is never run again. */
static void after_continue(struct script *s, const char *framing, const char *part, const char *rest)
{
    char head[160];
    snprintf(head, sizeof head, "PUT / HTTP/1.1\r\nHost: c0.example\r\n%s\r\nExpect: 100-continue\r\n\r\n",
             framing);
    struct peer *c = client(s), *e = with_request(c, head);
    say(e, "HTTP/1.1 100 Continue\r\n\r\n");
    want_text(c, "HTTP/1.1 100 Continue\r\n\r\n");
    say(c, part);
    want_text(e, part);
    pass_time(s, 10);
    want_true(s, lacon_kept(&s->lacon) == 0, "nothing is kept for another try");
    say(c, rest);
    want_text(e, rest);
    answer(e, c);
}

void s7_continue_chunked(struct script *s)
{
    after_continue(s, "Transfer-Encoding: chunked", "a\r\nhello", "world\r\n0\r\n\r\n");
}

void s7_continue_length(struct script *s)
{
    after_continue(s, "Content-Length: 10", "hello", "world");
}

/* The endpoint answers in the middle of a chunk. */
void s7_early_chunked(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, PUT_CHUNKED);
    say(c, "f\r\nhello");
    want_text(e, "f\r\nhello");
    begin_large(e, c);
    say(c, "world");
    want_text(e, "world");
    pass_time(s, 10);
    want_true(s, lacon_kept(&s->lacon) == 0, "nothing is kept for another try");
    say(c, "12345\r\n0\r\n\r\n");
    want_text(e, "12345\r\n0\r\n\r\n");
    say_n(e, 'x', 1000);
    want_bytes(c, 1000);
}

/* A POST is not run again, whatever is kept of it; the rest of the chunk is thrown away, and the connection
 * serves the next request. */
void s7_post_chunked(struct script *s)
{
    struct peer *c = client(s), *e;
    e = with_request(c, CHUNKED_HEAD);
    say(c, "a\r\nhello");
    want_text(e, "a\r\nhello");
    pass_time(s, 10);
    forget(c);
    rst(e, e->snd);
    want_text(c, "HTTP/1.1 502 ");
    say(c, "world\r\n0\r\n\r\n" GET0);
    want_head(serve(s));
    want_counter(s, "retries", 0);
}

/* ---- connections of the pool ---- */

void s7_pool_reset(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c), *f;
    say(c, GET0);
    want_head(e);
    rst(e, e->snd);
    f = take_request(s);
    answer(f, c);
}

void s7_pool_fin(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c);
    fin(e);
    want_eventually(e, "FA");
    ack_all(e);
    say(c, GET0);
    take_request(s);
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
    f = take_request(s);
    answer(f, c);
}

/* ---- silence ---- */

/* It acks the request and is never heard of again. */
static struct peer *silent(struct peer *c, const char *request)
{
    struct peer *e = with_request(c, request);
    pass_time(c->sc, 4900);
    want_true(c->sc, c->sc->unclaimed.n == 0, "nobody else is asked before the time is over");
    return e;
}

void s7_get_silent(struct script *s)
{
    s->config->cluster[0].response_timeout_ns = 5 * SEC;
    struct peer *c = client(s), *e = silent(c, GET0), *f = serve(s);
    want_true(s, f->host != e->host, "the other endpoint is asked");
    want_eventually(e, "RA");
    want_text(f, "GET / HTTP/1.1\r\n");
    answer(f, c);
    say(e, OK2); /* too late */
    want_eventually(e, "R");
    want_silence(c, 50);
}

void s7_post_silent(struct script *s)
{
    s->config->cluster[0].response_timeout_ns = 5 * SEC;
    struct peer *c = client(s), *e = silent(c, POST_HEAD("2") "hi");
    want_text(c, "HTTP/1.1 504 ");
    want_eventually(e, "RA");
    want_true(s, s->unclaimed.n == 0, "nobody else gets the POST");
}

/* It did not even ack the POST: that does not mean that it has not got it. */
void s7_post_unheard(struct script *s)
{
    s->config->cluster[0].response_timeout_ns = 5 * SEC;
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("2") "hi");
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    want_text(c, "HTTP/1.1 504 ");
    want_true(s, s->unclaimed.n == 0, "nobody else gets the POST");
}

/* All of them are silent: 504, and not after more tries than there are endpoints. */
void s7_all_silent(struct script *s)
{
    s->config->cluster[0].response_timeout_ns = 5 * SEC;
    struct peer *c = client(s), *e = silent(c, GET0), *f = serve(s);
    (void)e;
    want_head(f);
    pass_time(s, 5100);
    want_true(s, s->unclaimed.n == 0, "both were asked");
    want_text(c, "HTTP/1.1 504 ");
}
