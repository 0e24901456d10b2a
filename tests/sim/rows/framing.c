/* Rows about what is judged before it is passed on: framing behind a gap and more than was announced (S2),
 * heads and bodies that come in parts (S6). */
#include <string.h>

#include "tests/sim/rows/all.h"

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

void s6_head_in_two(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, "GET / HTTP/1.1\r\nHost: c0");
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
    e = take_request(s);
    answer(e, c);
}

void s6_out_of_order(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say_at(c, 11, &GET0[10]);
    want(c, "A ack=1 len=0");
    want_true(s, c->got.nsack == 1 && c->got.sack[0].lo == c->iss + 11, "the duplicate ack carries SACK");
    char first[11] = {0};
    memcpy(first, GET0, 10);
    say_at(c, 1, first);
    take_request(s);
}

void s6_first_of_many(struct script *s)
{
    static const char head[] = GET0;
    struct peer *c = client(s);
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
    take_request(s);
}

/* The last chunk header is lost; behind it stands the next request. */
void s2_chunk_lost_pipelined(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = with_request(c, CHUNKED_HEAD);
    uint32_t at = c->snd;
    say(c, "5\r\nhello\r\n");
    want_text(e, "5\r\nhello\r\n");
    pass_time(s, 5);
    forget(c);
    say_at(c, at + 15, "GET /second HTTP/1.1\r\nHost: c0.example\r\n\r\n");
    want(c, "A len=0");
    want_true(s, c->got.ack == c->iss + at + 10, "a duplicate ack asks for what is missing");
    want_silence(e, 50);
    say_at(c, at + 10, "0\r\n\r\n");
    c->snd = at + 15 + 42;
    want_text(e, "0\r\n\r\n");
    want_silence(e, 50);
    answer(e, c);
    want_text(e, "GET /second HTTP/1.1\r\n");
}

/* A chunk header is lost and what stands behind looks like a whole request: it is data. */
void s2_chunk_lost_smuggle(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = with_request(c, CHUNKED_HEAD);
    uint32_t at = c->snd;
    say_at(c, at + 4, GET0); /* 36 bytes: the data of a chunk of 0x24 whose line is lost */
    want_silence(e, 50);
    say_at(c, at, "24\r\n");
    want_text(e, "24\r\n" GET0);
    c->snd = at + 40;
    say(c, "\r\n0\r\n\r\n");
    want_text(e, "\r\n0\r\n\r\n");
    answer(e, c);
    want_counter(s, "requests", 1);
}

/* The same for a response: the line of a chunk is missing. */
void s2_chunk_lost_response(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, CHUNKED_OK);
    want_head(c);
    uint32_t at = e->snd;
    say_at(e, at + 3, "hello\r\n0\r\n\r\n");
    want_silence(c, 50);
    say_at(e, at, "5\r\n");
    want_text(c, "5\r\nhello\r\n0\r\n\r\n");
}

void s6_response_head_first_lost(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    pass_time(s, 5);
    forget(e);
    forget(c);
    say_at(e, 17, "\nContent-Length: 2\r\n\r\nok");
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + 1 && e->got.nsack == 1, "a duplicate ack with SACK");
    want_silence(c, 50);
    say_at(e, 1, "HTTP/1.1 200 OK\r");
    want_text(c, OK2);
}

/* The first part of a head is lost, the second comes twice, then the first. */
void s6_head_first_lost(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    for (unsigned i = 0; i < 2; i++) {
        say_at(c, 11, &GET0[10]);
        want(c, "A ack=1 len=0");
        want_true(s, c->got.nsack == 1 && c->got.sack[0].lo == c->iss + 11, "SACK says what is here");
    }
    want_true(s, s->unclaimed.n == 0, "no endpoint is asked");
    char first[11] = {0};
    memcpy(first, GET0, 10);
    say_at(c, 1, first);
    e = serve(s);
    want_text(e, "GET / HTTP/1.1\r\nHost: c0.example\r\n");
}

/* Body while the endpoint's SYN is out: held up to W0, acked, delivered in order. */
void s6_body_while_connecting(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("100000"));
    e = take_syn(s);
    uint32_t head = c->snd;
    say_n(c, 'x', 60000);
    pass_time(s, 20);
    forget(c);
    uint32_t held = c->got.ack - c->iss - head;
    want_true(s, held >= 30000 && held <= 32768, "about W0 is held and acked");
    want_true(s, lacon_kept(&s->lacon) <= 2 * 65536, "and no more memory taken than that needs");
    accept_syn_of(e);
    want_head(e);
    want_bytes(e, held);
    c->snd = head + held;
    say_n(c, 'x', 60000 - held);
    want_bytes(e, 60000 - held);
}

/* The same with the first body segment lost until the endpoint is there. */
void s6_body_gap_while_connecting(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("10"));
    e = take_syn(s);
    pass_time(s, 5);
    forget(c);
    uint32_t at = c->snd;
    say_at(c, at + 5, "world");
    want(c, "A len=0");
    want_true(s, c->got.ack == c->iss + at && c->got.nsack == 1, "a duplicate ack with SACK");
    accept_syn_of(e);
    want_head(e);
    say_at(c, at, "hello");
    want_text(e, "helloworld");
}
