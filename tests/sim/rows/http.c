/* Rows about messages: pipelining (S3), and HTTP as such. */
#include <string.h>

#include "tests/sim/rows/all.h"

void s3_pipelined(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e;
    ask(c, GET0 "GET /second HTTP/1.1\r\nHost: c0.example\r\n\r\n");
    e = serve(s);
    want_text(e, "GET / HTTP/1.1\r\n");
    want_silence(e, 100);
    want_true(s, s->unclaimed.n == 0, "no second connection is opened");
    answer(e, c);
    want_text(e, "GET /second HTTP/1.1\r\n");
}

void s3_other_cluster(struct script *s)
{
    struct peer *c = client(s), *e, *f;
    ask(c, GET0 "GET /b HTTP/1.1\r\nHost: c1.example\r\n\r\n");
    e = serve(s);
    want_text(e, "GET / HTTP/1.1\r\n");
    answer(e, c);
    f = serve(s);
    want_text(f, "GET /b HTTP/1.1\r\n");
    want_true(s, f->host != e->host, "another endpoint");
    say(f, "HTTP/1.1 204 No Content\r\n\r\n");
    want_text(c, "HTTP/1.1 204 No Content\r\n");
}

void http_two_lengths(struct script *s)
{
    struct peer *c = client(s);
    ask(c, "POST / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
    want_text(c, "HTTP/1.1 400 ");
    want_fin(c);
}

void http_404(struct script *s)
{
    struct peer *c = client(s);
    ask(c, "GET / HTTP/1.1\r\nHost: nowhere.example\r\n\r\n");
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
    answer(e, c);
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
    ask(c, POST_HEAD("1001"));
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
        answer(e, c);
    }
    want_counter(s, "exchanges", 101);
}

void http_bad_head(struct script *s)
{
    struct peer *c = client(s);
    ask(c, "HEAD / HTTP/1.1\r\nHost: c0.example\r\nbroken\r\n\r\n");
    want_text(c, "HTTP/1.1 400 Bad Request\r\n");
    uint32_t head = c->got.len;
    want_true(s, head > 4 && memcmp(c->got.data + head - 4, "\r\n\r\n", 4) == 0, "the head is all of it");
    want_eventually(c, "FA");
}
