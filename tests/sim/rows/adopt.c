/* Rows about small responses, which are taken off the endpoint's hands at once (S8). */
#include "tests/sim/rows/all.h"

void s8_adopted(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    answer(e, c);
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
    begin_large(e, c);
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
        ask(slow, "GET / HTTP/1.1\r\nX: ");
        say_n(slow, 'x', 20000);
    }
    pass_time(s, 10);
    want_true(s, lacon_kept(&s->lacon) >= 128 * 1024, "half of the pool is in use");
    forget(c);
    forget(e);
    c->auto_ack = false;
    answer(e, c);
    want_silence(e, 50);
    want_counter(s, "adopted", 0);
    ack_all(c);
    want(e, "A");
    want_true(s, e->got.ack == e->iss + e->snd, "acked when the client has acked");
}
