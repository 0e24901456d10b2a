/* Rows about bytes that are judged: what differs the second time (S1), framing behind a gap (S2), heads and
 * bodies that come in parts (S6). */
#include <string.h>

#include "tests/sim/rows_all.h"

/* ---- S1: other bytes the second time, while the first are not acked ---- */

static void both_reset(struct peer *c, struct peer *e)
{
    want_eventually(c, "RA");
    want_eventually(e, "RA");
    want_counter(c->sc, "close_bytes_differ", 1);
}

#define CHUNKED_OK "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

/* A chunked response whose head the client has; from then on the client acks nothing. */
static struct peer *chunked_response(struct peer *c)
{
    struct peer *e = with_request(c, GET0);
    say(e, CHUNKED_OK);
    want_head(c);
    pass_time(c->sc, 10);
    forget(e);
    c->auto_ack = false;
    return e;
}

void s1_chunk_line_response(struct script *s)
{
    struct peer *c = client(s), *e = chunked_response(c);
    uint32_t at = e->snd;
    say(e, "5\r\nhello\r\n");
    want_bytes(c, 10);
    say_at(e, at, "9\r\nhello\r\n");
    both_reset(c, e);
}

void s1_trailer_response(struct script *s)
{
    struct peer *c = client(s), *e = chunked_response(c);
    uint32_t at = e->snd;
    say(e, "0\r\nX-Sum: 1234\r\n\r\n");
    want_bytes(c, 18);
    say_at(e, at, "0\r\nX-Sum: 4321\r\n\r\n");
    both_reset(c, e);
}

void s1_trailer_request(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, CHUNKED_HEAD);
    uint32_t at = c->snd;
    e->auto_ack = false;
    say(c, "0\r\nX-Sum: 1234\r\n\r\n");
    want_bytes(e, 18);
    say_at(c, at, "0\r\nX-Sum: 4321\r\n\r\n");
    both_reset(c, e);
}

/* Repeated as it was, and cut elsewhere: the same bytes go out again. */
void s1_same_bytes(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, CHUNKED_HEAD);
    uint32_t at = c->snd;
    e->auto_ack = false;
    say(c, "5\r\nhello\r\n0\r\nX-Sum: 1234\r\n\r\n");
    want_bytes(e, 28);
    say_at(c, at + 3, "hello\r\n0\r\nX-S");
    want(e, "A len=13");
    say_at(c, at, "5\r\nhello\r\n0\r\nX-Sum: 1234\r\n\r\n");
    want(e, "A len=28");
    want_counter(s, "close_bytes_differ", 0);
}

/* Other data bytes beside the same framing: the endpoint may get either, framing stays. */
void s1_chunk_data_free(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, CHUNKED_HEAD);
    uint32_t at = c->snd;
    s->lacon.oracle.bytes_may_differ = true;
    say(c, "1000\r\n");
    want_text(e, "1000\r\n");
    e->auto_ack = false;
    say(c, "hello");
    want_bytes(e, 5);
    say_at(c, at + 6, "HELLO");
    want(e, "A len=5");
    want_counter(s, "close_bytes_differ", 0);
}

/* Overlapping: an honest tail behind other bytes that were judged. */
void s1_overlap_differs(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, CHUNKED_HEAD);
    uint32_t at = c->snd;
    e->auto_ack = false;
    say(c, "5\r\nhello\r\n");
    want_bytes(e, 10);
    say_at(c, at, "5\r\nhello\n\r3\r\nbye\r\n");
    both_reset(c, e);
}

void s1_urg_head(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    c->extra_flags = SEG_URG;
    say(c, "GET / HTTP/1.1\r\n");
    say(c, "Host: c0.example\r\n\r\n");
    e = serve(s); /* the oracle refuses URG on anything lacon sends */
    want_text(e, "GET / HTTP/1.1\r\nHost: c0.example\r\n");
}

void s1_urg_response(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    e->extra_flags = SEG_URG;
    say(e, LARGE0);
    want_text(c, "HTTP/1.1 200 OK\r\n");
    say(e, "body");
    want_text(c, "body");
}

/* ---- S2 ---- */

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
    say(e, OK2);
    want_text(c, OK2);
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
    say(e, OK2);
    want_text(c, OK2);
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

/* ---- S6 ---- */

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
    open_conn(c);
    say(c, POST_HEAD("100000"));
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
    open_conn(c);
    say(c, POST_HEAD("10"));
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
