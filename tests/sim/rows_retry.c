/* Rows about endpoints that fail (S7) and answers before the request is over (S10). */
#include <string.h>

#include "tests/sim/rows_all.h"

/* ---- S7 ---- */

/* The endpoint acks the request and dies without a response byte. */
static struct peer *dies(struct peer *c, const char *request)
{
    struct peer *e = with_request(c, request);
    pass_time(c->sc, 10);
    rst(e, e->snd);
    return e;
}

void s7_get_acked(struct script *s)
{
    struct peer *c = client(s), *e = dies(c, GET0), *f = serve(s);
    want_true(s, f->host != e->host, "the other endpoint is asked");
    want_text(f, "GET / HTTP/1.1\r\n");
    say(f, OK2);
    want_text(c, OK2);
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
    open_conn(c);
    say(c, POST_HEAD("2") "hi");
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
    say(f, OK2);
    want_text(c, OK2);
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
    f = serve(s);
    want_head(f);
    want_bytes(f, 2000);
    say(f, OK2);
    want_text(c, OK2);
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
    say(f, OK2);
    want_text(c, OK2);
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
    open_conn(c);
    say(c, POST_HEAD("2") "hi");
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

/* ---- S10: 413 while a gigabyte is on its way ---- */

void s10_413_gigabyte(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("1073741824"));
    for (unsigned i = 0; i < 10; i++) {
        say_n(c, 'x', 10000);
        want_bytes(e, 10000);
    }
    pass_time(s, 10);
    forget(c);
    forget(e);
    say(e, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    want_eventually(e, "RA"); /* it had half a request */
    uint32_t at = c->snd;
    want_text(c, "HTTP/1.1 413 Too Large\r\n");
    want_true(s, memmem(c->got.data, c->got.len, "onnection: close", 16) != NULL,
              "Connection: close is said");
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
    ack_all(c);
    uint64_t since = s->sim.now;
    for (unsigned i = 0; i < 100; i++) { /* four seconds of it, and the client will not stop */
        say_n(c, 'x', 10000);
        pass_time(s, 40);
        forget(c);
        want_true(s, c->got.flags == SEG_ACK && c->got.ack == c->iss + c->snd, "what comes is acked");
        want_true(s, lacon_kept(&s->lacon) == 0, "and not kept");
    }
    want_true(s, c->snd - at == 1000000, "a megabyte was thrown away");
    want_silence(e, 1);
    want_counter(s, "endpoints_open", 0);
    pass_time(s, 3000);
    forget(c);
    want_true(s, c->got.flags == (SEG_RST | SEG_ACK), "the linger timeout ends it");
    want_delay(c, since, 4900, 5200);
    want_counter(s, "clients_open", 0);
}

/* The client that reads its 413 and closes is not reset. */
void s10_413_polite(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("1073741824"));
    say(e, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    say_n(c, 'x', 5000);
    want_text(c, "HTTP/1.1 413 Too Large\r\n");
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
    fin(c);
    pass_time(s, 50);
    forget(c);
    want_true(s, c->got.flags == SEG_ACK && c->got.ack == c->iss + c->snd, "its FIN is acked");
    want_counter(s, "clients_open", 0);
}
