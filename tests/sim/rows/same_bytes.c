/* Rows about bytes that come a second time: what was judged is what is delivered (S1). */
#include "tests/sim/rows/all.h"

/* The head of a response that is not adopted stays unacked, and so comparable, until the client acks it. */
void s1_other_bytes(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    begin_large(e, c);
    say_at(e, 1, "HTTP/1.1 404 OK\r\n");
    want_eventually(c, "RA");
    want_eventually(e, "RA");
    want_counter(s, "close_bytes_differ", 1);
}

void s1_other_bytes_request(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, GET0);
    e = serve(s);
    e->auto_ack = false; /* the head stays unacked, and the client may repeat it */
    want_head(e);
    say_at(c, 1, "GET /evil");
    want_eventually(c, "RA");
    want_eventually(e, "RA");
    want_counter(s, "close_bytes_differ", 1);
}

/* A request's head is acked by lacon itself while it connects: what comes later is old, and the first arrival
 * is delivered.
 */
void s1_other_bytes_acked(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("100000"));
    e = take_syn(s);
    want_eventually(c, "A ack=62");
    say_at(c, 1, "POST /evil ");
    accept_syn_of(e);
    want_text(e, "POST / HTTP/1.1\r\n");
}

void s1_other_bytes_held(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say_at(c, 5, "/ HTTP/1.1\r\n");
    pass_time(s, 5);
    say_at(c, 5, "/etc HTTP/1.");
    want_eventually(c, "RA");
}

/* What was missing comes in one segment with what is held behind it, and that is another than before. */
void s1_other_bytes_filled(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say_at(c, 5, "/ HTTP/1.1\r\n");
    pass_time(s, 5);
    say(c, "GET /etc HTTP/1.1\r\nHost: c0.example\r\n\r\n");
    want_eventually(c, "RA");
    want_counter(s, "close_bytes_differ", 1);
    want_counter(s, "requests", 0);
}

/* The endpoint has sent all, the client has acked a part: that is what it got for certain. */
void s1_other_bytes_log(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say_at(c, c->snd + 4, "/ HTTP/1.1\r\n");
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n");
    want_head(c);
    uint32_t body = c->rcv;
    say_n(e, 'x', 20000);
    want_bytes(c, 5000);
    uint32_t acked = c->rcv - body;
    say(c, "GET /etc HTTP/1.1\r\n"); /* over what is held */
    want_eventually(c, "RA");
    want_counter(s, "close_bytes_differ", 1);
    want_true(s, s->lacon.last_log.status == 200, "the status is the one that the client got");
    want_true(s, s->lacon.last_log.reason == R_CLOSE_BYTES_DIFFER, "the log says why it ended");
    want_true(s, s->lacon.last_log.bytes_body == acked, "and what was acked");
}

void s1_kept_head(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("3") "abc");
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    uint32_t head_end = e->rcv;
    e->rcv = 1; /* as if it was lost */
    say_at(c, 1, POST_HEAD("3") "abc");
    want_head(e);
    want_true(s, e->rcv == head_end, "the head comes again as it was");
}

/* There was no frame for the head while a chunk went out in the one that they came in. Both come again, and
 * now there is: one head. */
void s1_kept_unsent(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    s->lacon.frames.fail_permille = 1000;
    say(e, CHUNKED_OK "5\r\nhello\r\n");
    pass_time(s, 5);
    s->lacon.frames.fail_permille = 0;
    want_true(s, counter_of(s, "drop_no_frame") > 0, "there was no frame");
    want_eventually(c, "A len=10");
    forget(c);
    say_at(e, 1, CHUNKED_OK "5\r\nhello\r\n");
    want_head(c);
    want_bytes(c, 10);
    want_silence(c, 20);
}

void s1_chunk_line(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, CHUNKED_HEAD);
    uint32_t at = c->snd;
    e->auto_ack = false;
    say(c, "5\r\nhello\r\n");
    want_bytes(e, 10);
    say_at(c, at, "9\r\nhello\r\n");
    want_eventually(c, "RA");
    want_eventually(e, "RA");
}

/* More than the retry buffer: a smaller body is kept, and so compared. */
void s1_body_free(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    uint32_t at = c->snd;
    s->lacon.oracle.bytes_may_differ = true;
    e->auto_ack = false;
    say(c, "hello");
    want_bytes(e, 5);
    pass_time(s, 10);
    forget(c);
    say_at(c, at, "HELLO");
    want(e, "A len=5");
    want_silence(c, 50);
}

void s1_urg(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("5"));
    c->extra_flags = SEG_URG;
    say(c, "hello");
    want_bytes(e, 5); /* the oracle refuses URG on anything lacon sends */
}

static void both_reset(struct peer *c, struct peer *e)
{
    want_eventually(c, "RA");
    want_eventually(e, "RA");
    want_counter(c->sc, "close_bytes_differ", 1);
}

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
    say(c, "5000\r\n");
    want_text(e, "5000\r\n");
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
