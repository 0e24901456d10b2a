/* Rows about acks to endpoints that wait (agent/splice/late.c): of what we hold for a client, an endpoint is
 * not told sooner than that client could have told it, and where a request comes first, by that. */
#include "tests/sim/rows/all.h"

#define HEAD_OF_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

/* A client `ms` away and the endpoint that has its request. */
static struct peer *asked(struct peer *c, unsigned ms)
{
    open_slowly(c, ms);
    say(c, GET0);
    struct peer *e = take_request(c->sc);
    pass_time(c->sc, 5);
    forget(e);
    return e;
}

/* In one segment that does not say that it is the last. */
static void say_more(struct peer *p, const char *text, uint32_t n)
{
    say_flags(p, SEG_ACK, p->snd, p->rcv, text);
    p->snd += n;
}

void s8_ack_waits(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 0);
    uint64_t since = s->sim.now;
    answer(e, c);
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + e->snd, "the response is acked");
    want_delay(e, since, 40, 43);
    want_silence(e, 300);
}

/* The next request comes first: there is no ack of its own. */
void s8_ack_rides(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 0);
    answer(e, c);
    pass_time(s, 5);
    say(c, GET0);
    want(e, "A");
    want_true(s, e->got.len > 0 && e->got.ack == e->iss + e->snd, "the request's segment acks the response");
    ack_all(e);
    want_silence(e, 100);
}

/* An endpoint that sends again is answered at once: the ack is late, or was lost. */
void s8_ack_again(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 0);
    uint32_t at = e->snd;
    answer(e, c);
    want_silence(e, 10);
    uint64_t since = s->sim.now;
    say_at(e, at, OK2);
    want(e, "A len=0");
    want_delay(e, since, 0, 2);
    want_true(s, e->got.ack == e->iss + e->snd, "the response is acked");
    want_silence(e, 100);
    since = s->sim.now;
    say_at(e, at, OK2); /* that ack was lost */
    want(e, "A len=0");
    want_delay(e, since, 0, 2);
}

/* One response; the endpoint sends it again `ms` later. */
static void repeated(struct peer *c, struct peer *e, unsigned ms)
{
    uint32_t at = e->snd;
    answer(e, c);
    want_silence(e, ms);
    say_at(e, at, OK2);
    want(e, "A len=0");
    say(c, GET0);
    want_head(e);
    pass_time(c->sc, 5);
    forget(e);
}

/* An endpoint's timeouts may be set shorter than these waits. One that sends again each time is answered at
 * once from then on. */
void s8_ack_hasty(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 0);
    for (unsigned i = 0; i < 3; i++)
        repeated(c, e, 15);
    uint64_t since = s->sim.now;
    say(e, OK2);
    want(e, "A len=0");
    want_delay(e, since, 0, 2);
    want_true(s, e->got.ack == e->iss + e->snd, "the response is acked");
}

/* One that does so now and then may have been sent twice by the network. */
void s8_ack_hasty_seldom(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 0);
    for (unsigned i = 0; i < 5; i++) {
        repeated(c, e, 15);
        uint64_t since = s->sim.now;
        answer(e, c);
        want(e, "A len=0");
        want_delay(e, since, 40, 43);
        say(c, GET0);
        want_head(e);
        pass_time(s, 5);
        forget(e);
    }
}

/* Its head alone, and no more to send: it may wait for the ack (Nagle). */
void s8_ack_nagle(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 0);
    uint64_t since = s->sim.now;
    say(e, HEAD_OF_2);
    want(e, "A len=0");
    want_delay(e, since, 0, 2);
    say(e, "ok");
    want_head(c);
    want_text(c, "ok");
}

/* Toward a far client head and body that come apart are acked together ... */
void s8_ack_apart(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 20);
    uint64_t since = s->sim.now;
    say(e, HEAD_OF_2);
    say(e, "ok");
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + e->snd, "all of it");
    want_delay(e, since, 20, 24);
}

/* The head alone is acked after `lo` to `hi` ms; its body comes `ms` later. */
static void head_alone(struct peer *c, struct peer *e, unsigned lo, unsigned hi, unsigned ms)
{
    uint64_t since = c->sc->sim.now;
    say(e, HEAD_OF_2);
    want(e, "A len=0");
    want_delay(e, since, lo, hi);
    pass_time(c->sc, ms);
    say(e, "ok");
    want_head(c);
    want_text(c, "ok");
    say(c, GET0);
    want_head(e);
    pass_time(c->sc, 5);
    forget(e);
}

/* ... but one that sends its body as soon as the head is acked has waited for that: once, and never again. */
void s8_ack_apart_waits(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 20);
    head_alone(c, e, 20, 23, 0);
    head_alone(c, e, 0, 2, 0);
    head_alone(c, e, 0, 2, 0);
}

/* One whose body takes its time has not. */
void s8_ack_apart_slow(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 20);
    head_alone(c, e, 20, 23, 50);
    head_alone(c, e, 20, 23, 50);
}

/* Segments behind which more is coming: one ack, after the client's round trip. */
void s8_ack_more(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 20);
    uint64_t since = s->sim.now;
    say_more(e, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", 38);
    say_more(e, "abc", 3);
    say(e, "def");
    want_head(c);
    want_text(c, "abcdef");
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + e->snd, "all of it");
    want_delay(e, since, 20, 24);
    want_silence(e, 300);
}

/* Near, several segments: a tail loss probe would come soon. */
void s8_ack_more_near(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 0);
    uint64_t since = s->sim.now;
    say_more(e, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", 38);
    say(e, "abc");
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + e->snd, "all of it");
    want_delay(e, since, 1, 4);
}

/* As late as a client may be and still near, that probe would be there sooner: it comes after two round trips
 * to us, and two ticks of the endpoint's clock. */
void s8_ack_more_next(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 4);
    uint64_t since = s->sim.now;
    say_more(e, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", 38);
    say(e, "abc");
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + e->snd, "all of it");
    want_delay(e, since, 1, 2);
}

/* A response that never comes whole: what there is of it is acked all the same. */
void s8_ack_more_stalls(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 0);
    say_more(e, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 38);
    say_more(e, "abc", 3);
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + e->snd, "what there is");
}

/* The round trip of a very far client would meet the endpoint's timeout. */
void s8_ack_far(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 400);
    uint64_t since = s->sim.now;
    say(e, OK2);
    want(e, "A len=0");
    want_delay(e, since, 120, 123);
}

/* The endpoint closes the idle conn: one segment acks response and FIN. */
void s8_ack_fin(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 0);
    answer(e, c);
    uint64_t since = s->sim.now;
    fin(e);
    want_eventually(e, "FA");
    want_delay(e, since, 0, 2);
    want_true(s, e->got.ack == e->iss + e->snd, "response and FIN are acked");
}

/* A deadline that an ack has overtaken is not that of the next response. */
void s8_ack_deadline(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = asked(c, 0);
    answer(e, c);
    pass_time(s, 30);
    say(c, GET0);
    want_head(e);
    uint64_t since = s->sim.now;
    answer(e, c);
    want(e, "A len=0");
    want_delay(e, since, 40, 43);
}

/* Of two idle conns another far client gets the one whose ack is out. */
void s8_ack_rested(struct script *s)
{
    one_endpoint(s);
    struct peer *c1 = client(s), *c2 = client(s), *c3 = client(s), *e1 = asked(c1, 20), *e2;
    open_slowly(c2, 20);
    open_slowly(c3, 20);
    say(c2, GET0);
    e2 = take_request(s);
    answer(e1, c1);
    pass_time(s, 100);
    answer(e2, c2);
    forget(e1);
    say(c3, GET0);
    want_head(e1);
}
