/* Rows about FIN: with data, repeated, before its data, crossing a request; on both sides (S10). */
#include <string.h>

#include "tests/sim/rows/all.h"

/* c's FIN, data with it or not, at seq. */
static void fin_at(struct peer *p, uint32_t seq, const char *text)
{
    say_flags(p, SEG_FIN | SEG_ACK, seq, p->rcv, text);
}

/* The client, which has said FIN, gets the response and our FIN, and is gone. */
static void answered_and_gone(struct peer *c, struct peer *e)
{
    struct script *s = c->sc;
    want_true(s, !(e->got.flags & SEG_FIN), "the client's FIN is not passed on");
    say(e, OK2);
    want_text(c, "HTTP/1.1 200 OK\r\n");
    want_fin(c);
    want_true(s, c->got.ack == c->iss + c->snd, "the client's FIN is acked");
    ack_all(c);
    pass_time(s, 50);
    want_counter(s, "clients_open", 0);
}

void fin_with_request(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    fin_at(c, 1, GET0);
    c->snd = 2 + sizeof GET0 - 1;
    e = take_request(s);
    answered_and_gone(c, e);
}

void fin_with_body(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("10"));
    say(c, "hello");
    fin_at(c, c->snd, "world");
    c->snd += 6;
    want_text(e, "helloworld");
    answered_and_gone(c, e);
}

void fin_again(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    fin_at(c, 1, GET0);
    c->snd = 2 + sizeof GET0 - 1;
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    fin_at(c, 1, GET0); /* nothing was acked: all of it again, then the FIN alone */
    want(e, "A seq=1");
    ack_all(e);
    pass_time(s, 5);
    fin_at(c, c->snd - 1, NULL);
    pass_time(s, 5);
    forget(c);
    want_silence(e, 20);
    answered_and_gone(c, e);
}

void fin_first(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    say_n(c, 'x', 50000);
    want_bytes(e, 50000);
    say_n(c, 'x', 40000);
    want_bytes(e, 40000);
    fin_at(c, c->snd + 10000, NULL); /* before the last 10,000 bytes */
    pass_time(s, 10);
    say_n(c, 'x', 10000);
    c->snd++;
    want_bytes(e, 10000);
    answered_and_gone(c, e);
}

void fin_first_with_data(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("10"));
    uint32_t at = c->snd;
    pass_time(s, 5);
    fin_at(c, at + 5, "world");
    pass_time(s, 10);
    say_at(c, at, "hello");
    c->snd = at + 11;
    want_text(e, "helloworld");
    answered_and_gone(c, e);
}

/* FIN in front of a chunk that is still missing: the request may become whole. */
void fin_first_chunked(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, CHUNKED_HEAD);
    uint32_t at = c->snd;
    fin_at(c, at + 10, "0\r\n\r\n");
    pass_time(s, 10);
    say_at(c, at, "5\r\nhello\r\n");
    c->snd = at + 16;
    want_text(e, "5\r\nhello\r\n0\r\n\r\n");
    answered_and_gone(c, e);
}

/* Two pipelined requests and FIN: both are answered, then we close. */
void fin_pipelined(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e;
    open_conn(c);
    say_flags(c, SEG_FIN | SEG_ACK, 1, 1, GET0 GET0);
    c->snd = 2 + 2 * (sizeof GET0 - 1);
    e = take_request(s);
    answer(e, c);
    want_true(s, !(c->got.flags & SEG_FIN), "not before the second");
    want_head(e);
    answered_and_gone(c, e);
}

/* Nobody says anything: our FIN; the client's answer ends it. */
void fin_idle_timeout(struct script *s)
{
    struct peer *c = client(s);
    s->config->listener->idle_timeout_ns = 5 * SEC;
    struct peer *e = with_request(c, GET0);
    answer(e, c);
    uint64_t since = c->got_at;
    want(c, "FA");
    want_delay(c, since, 5000, 5010);
    fin(c);
    want(c, "A len=0");
    want_counter(s, "clients_open", 0);
}

/* Less than was announced: nobody may take it for a whole request. */
void fin_inside_request(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    say(c, "hello");
    want_text(e, "hello");
    fin(c);
    want_eventually(e, "RA");
    want_eventually(c, "RA");
    want_counter(s, "close_truncated", 2);
}

/* ---- the endpoint's ---- */

/* The client has its response and stays; the endpoint's FIN is acked and answered. */
static void endpoint_gone(struct peer *c, struct peer *e)
{
    struct script *s = c->sc;
    want_text(c, "HTTP/1.1 200 OK\r\n");
    want_true(s, !(c->got.flags & SEG_FIN), "the endpoint's FIN is not passed on");
    want_eventually(e, "FA");
    want_true(s, e->got.ack == e->iss + e->snd, "the endpoint's FIN is acked");
    ack_all(e);
    pass_time(s, 20);
    want_counter(s, "endpoints_open", 0);
    forget(c);
    say(c, GET0);
    struct peer *f = take_request(s);
    answer(f, c);
}

void endpoint_fin_with_data(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    fin_at(e, 1, OK2);
    e->snd = 2 + sizeof OK2 - 1;
    endpoint_gone(c, e);
}

void endpoint_fin_again(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    fin_at(e, 1, OK2);
    e->snd = 2 + sizeof OK2 - 1;
    want_eventually(e, "FA");
    e->rcv--; /* it was lost */
    fin_at(e, e->snd - 1, NULL);
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + e->snd, "the FIN is acked again");
    e->rcv++;
    ack_all(e);
    want_text(c, OK2);
    pass_time(s, 20);
    want_counter(s, "endpoints_open", 0);
}

void endpoint_fin_first(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    fin_at(e, 1 + sizeof OK2 - 1, NULL);
    pass_time(s, 10);
    forget(c);
    say(e, OK2);
    e->snd++;
    endpoint_gone(c, e);
}

/* All but the last byte was there before the FIN. */
void endpoint_fin_first_by_one(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
    fin_at(e, e->snd + 1, NULL);
    pass_time(s, 10);
    say(e, "k");
    e->snd++;
    endpoint_gone(c, e);
}

void endpoint_fin_first_with_data(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    fin_at(e, sizeof head, "hello");
    pass_time(s, 10);
    forget(c);
    say(e, head);
    e->snd += 6;
    endpoint_gone(c, e);
}

/* A response that ends with the connection: its tail and FIN come first. */
void endpoint_fin_first_until_close(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\n\r\n");
    want_head(c);
    uint32_t at = c->rcv;
    fin_at(e, e->snd + 5, "world");
    want(c, "A len=5");
    want_true(s, c->got.seq - c->irs == at + 5, "the tail passes");
    say_at(e, e->snd, "hello");
    want_text(c, "hello");
    c->rcv += 5; /* the tail was here before */
    ack_all(c);
    want_true(s, !(c->got.flags & SEG_FIN), "no FIN before the last byte");
    pass_time(s, 10);
    c->rcv = at + 11;
    ack_all(c);
    want_eventually(e, "FA");
    want_true(s, e->got.ack - e->iss == e->snd + 11, "the endpoint's FIN is acked");
}

/* The endpoint closes the idle conn while our request is on its way. */
static void crossing(struct script *s, const char *request, const char *text)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c), *f;
    e->auto_ack = false;
    uint32_t before = e->rcv;
    say(c, request);
    want_head(e);
    e->rcv = before; /* the FIN was sent before it came */
    fin(e);
    f = serve(s);
    want_text(f, text);
    answer(f, c);
    want_counter(s, "retries", 1);
    want_true(s, counter_of(s, "own_replies") == 0, "the client sees nothing of it");
}

void endpoint_fin_crosses_get(struct script *s)
{
    crossing(s, GET0, "GET / ");
}

void endpoint_fin_crosses_post(struct script *s)
{
    crossing(s, POST_HEAD("2") "hi", "POST / ");
}

/* The RST that a closed socket answers the request with, after its FIN. */
void endpoint_fin_then_rst(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c), *f;
    e->auto_ack = false;
    say(c, GET0);
    want_head(e);
    rst(e, e->snd + 1); /* the FIN itself was lost */
    want_eventually(e, "A len=0");
    rst(e, e->snd); /* the answer to the challenge */
    f = take_request(s);
    answer(f, c);
}

/* Both FINs at once. */
void fin_simultaneous(struct script *s)
{
    struct peer *c = client(s);
    c->auto_ack = false;
    ask(c, "GET / HTTP/1.0\r\nHost: nowhere.example\r\n\r\n");
    want_head(c);
    want_fin(c);
    flags(c, SEG_FIN | SEG_ACK, c->snd++, c->rcv - 1); /* sent before ours arrived */
    want(c, "A len=0");
    want_true(s, c->got.ack == c->iss + c->snd, "the FIN is acked");
    ack_all(c);
    pass_time(s, 50);
    want_counter(s, "clients_open", 0);
    fin_at(c, c->snd - 1, NULL); /* its copy is still answered: TIME_WAIT */
    want(c, "A len=0");
}

void s10_client_fin(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, GET0);
    fin(c);
    e = take_request(s);
    want_true(s, !(e->got.flags & SEG_FIN), "the FIN is not passed on");
    say(e, OK2);
    want_text(c, "HTTP/1.1 200 OK\r\n");
    want_fin(c);
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
    want_fin(c);
    ack_all(c);
    want_eventually(e, "FA");
}

/* The whole response and our FIN are acked, and the client does not close: its program may still be reading
 * what its TCP would throw away with a reset. */
static struct peer *reads_late(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\n\r\nuntil the end");
    want_text(c, "HTTP/1.1 200 OK\r\n");
    fin(e);
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
    ack_all(c);
    want_eventually(e, "FA");
    ack_all(e);
    want_counter(s, "clients_open", 1);
    want_silence(c, 20000);
    want_counter(s, "clients_open", 0);
    want_counter(s, "close_linger", 1);
    return c;
}

/* It reads, then it closes. */
void s10_read_late(struct script *s)
{
    struct peer *c = reads_late(s);
    c->wnd = 65535;
    ack_all(c);
    want_silence(c, 1000);
    flags(c, SEG_ACK, c->snd - 1, c->rcv); /* a keep-alive probe of its */
    want(c, "A len=0");
    fin(c);
    want(c, "A len=0");
    want_true(s, c->got.ack - c->iss == c->snd, "its FIN is acked");
    flags(c, SEG_FIN | SEG_ACK, c->snd - 1, c->rcv);
    want(c, "A len=0");
    want_true(s, c->got.ack - c->iss == c->snd, "and again");
    pass_time(s, 16000);
    ack_all(c);
    want(c, "R");
}

/* It says more, which nobody can take. */
void s10_forgotten_says(struct script *s)
{
    struct peer *c = reads_late(s);
    say(c, GET0);
    want(c, "RA");
    say(c, GET0);
    want(c, "R");
}

/* Its FIN came and bytes before it did not: they come when it is forgotten, and nobody can take them. */
void s10_forgotten_gap(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, "GET / HTTP/1.0\r\nHost: c0.example\r\n\r\n");
    say(e, OK2);
    want_head(c);
    want_fin(c);
    ack_all(c);
    flags(c, SEG_FIN | SEG_ACK, c->snd + 4, c->rcv);
    want_counter(s, "clients_open", 1);
    want_silence(c, 20000);
    want_counter(s, "clients_open", 0);
    say(c, "more");
    want(c, "RA");
}

/* It crashes, and comes again from the same port with another number. */
void s10_forgotten_again(struct script *s)
{
    struct peer *c = reads_late(s);
    uint32_t old = c->snd;
    flags(c, SEG_SYN, old - 5, 0);
    want(c, "A len=0");
    want_true(s, c->got.ack - c->iss == old, "an old number is answered with what is expected");
    rst(c, old);
    flags(c, SEG_SYN, old - 5, 0);
    want(c, "SA");
}

/* Somebody guesses, while its program reads: numbers that were never offered, an ack of what was never sent,
 * none, a SYN. */
void s10_forgotten_injected(struct script *s)
{
    struct peer *c = reads_late(s);
    say_flags(c, SEG_ACK, c->snd + 0x20000000, c->rcv, "evil");
    want(c, "A len=0");
    pass_time(s, 1000);
    say_flags(c, SEG_ACK, c->snd, c->rcv + 1000, "evil");
    want(c, "A len=0");
    pass_time(s, 1000);
    say_flags(c, SEG_PSH, c->snd, 0, "evil");
    flags(c, SEG_SYN, c->snd + 100000, 0);
    want(c, "A len=0");
    want_silence(c, 1000);
    want_counter(s, "drop_seq", 1);
    want_counter(s, "drop_ack", 1);
    want_counter(s, "drop_no_ack", 1);
    want_counter(s, "drop_syn_open", 1);
    fin(c);
    want(c, "A len=0");
    want_true(s, c->got.ack - c->iss == c->snd, "its FIN is acked");
}

void s10_truncated(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, LARGE0 "some");
    want_head(c);
    fin(e);
    want_eventually(c, "RA");
}

void s10_drain(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0), *late = client(s);
    lacon_drain(&s->lacon);
    say(e, OK2);
    want_head(c);
    want_true(s, memmem(c->got.data, c->got.len, "onnection: close", 16) != NULL,
              "Connection: close is added");
    want_fin(c);
    flags(late, SEG_SYN, 0, 0);
    want(late, "RA ack=1");
    want_counter(s, "drop_draining", 1);
}
