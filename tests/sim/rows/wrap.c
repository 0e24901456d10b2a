/* Rows about sequence numbers that pass 2^32: each of the four streams of a splice, inside heads, bodies,
 * kept bytes and SACK blocks, and at the edges between them. */
#include "tests/sim/rows/all.h"

#define LARGE0_LEN (sizeof LARGE0 - 1)
#define OK2_LEN    (sizeof OK2 - 1)

/* One exchange with a head in two parts and a chunked response, over numbers that wrap n bytes on, at both
 * peers. */
static void exchange_wrapping(struct script *s, uint32_t n)
{
    struct peer *c = client(s), *e;
    c->iss = WRAP_AFTER(n);
    ask(c, "POST / HTTP/1.1\r\nHost: c0");
    say(c, ".example\r\nContent-Length: 5\r\n\r\n");
    say(c, "hello");
    e = take_syn(s);
    e->iss = WRAP_AFTER(n);
    accept_syn_of(e);
    want_text(e, "POST / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: 5\r\n");
    pass_time(s, 5);
    forget(e);
    ack_all(e);
    say(e, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    say(e, "5\r\nworld\r\n");
    say(e, "0\r\n\r\n");
    want_text(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nworld\r\n0\r\n\r\n");
    pass_time(s, 5);
    rst(e, e->snd);
    rst(c, c->snd);
    pass_time(s, 5);
    want_counter(s, "clients_open", 0);
    want_counter(s, "endpoints_open", 0);
}

/* At every fourth byte of request and response. */
void wrap_peers(struct script *s)
{
    for (uint32_t n = 0; n < 92 && !s->sim.failed; n += 4)
        exchange_wrapping(s, n);
}

void wrap_peers_odd(struct script *s)
{
    for (uint32_t n = 1; n < 92 && !s->sim.failed; n += 4)
        exchange_wrapping(s, n);
}

/* The head, in parts out of order. */
void wrap_request_head_gap(struct script *s)
{
    struct peer *c = client(s), *e;
    c->iss = WRAP_AFTER(15);
    open_conn(c);
    say_at(c, 11, &GET0[10]);
    want(c, "A ack=1 len=0");
    want_sack(c, 11, 37); /* the SACK block passes 2^32 */
    char first[11] = {0};
    for (unsigned i = 0; i < 10; i++)
        first[i] = GET0[i];
    say_at(c, 1, first);
    e = serve(s);
    want_text(e, "GET / HTTP/1.1\r\n");
}

/* Toward the endpoint: an edited head and body. */
void wrap_to_endpoint(struct script *s)
{
    one_endpoint(s);
    one_port(s);
    struct peer *c, *e = syn_wrapping(s, &c, POST_HEAD("100000"), 30);
    accept_syn_of(e);
    want_head(e);
    say_n(c, 'x', 3000);
    want_bytes(e, 3000);
    say(e, OK2);
    want_text(c, "HTTP/1.1 200 OK\r\n");
}

/* Exactly at the end of the edited head: the body's first byte has number 0. */
void wrap_at_head_end(struct script *s)
{
    one_endpoint(s);
    one_port(s);
    struct peer *c = client(s), *first, *e;
    first = with_request(c, POST_HEAD("100000")); /* how long is the edited head? */
    uint32_t head = first->rcv - 1;
    rst(c, c->snd);
    pass_time(s, 10);
    e = syn_wrapping(s, &c, POST_HEAD("100000"), head);
    accept_syn_of(e);
    want_head(e);
    pass_time(s, 5);
    forget(c);
    say(c, "hello");
    want(e, "A len=5");
    want_true(s, e->got.seq == 0, "the body begins at number 0");
    ack_all(e);
    want_eventually(c, "A");
    want_true(s, c->got.ack == c->iss + c->snd, "and its ack is translated");
}

/* From the endpoint and to the client: inside a copied body, and exactly where it begins. */
static void body_wraps(struct script *s, uint32_t endpoint_after, uint32_t client_after)
{
    struct peer *c = client(s), *e;
    open_wrapping(c, client_after);
    say(c, GET0);
    e = take_syn(s);
    e->iss = WRAP_AFTER(endpoint_after);
    accept_syn_of(e);
    want_head(e);
    begin_large(e, c);
    for (unsigned i = 0; i < 3; i++) {
        say_n(e, (char)('a' + i), 2000);
        want_bytes(c, 2000);
        want_eventually(e, "A");
    }
    pass_time(s, 5);
    forget(e);
    want_true(s, e->got.ack == e->iss + e->snd, "the acks follow");
}

void wrap_body_endpoint(struct script *s)
{
    body_wraps(s, LARGE0_LEN + 2500, 1000000);
}

void wrap_body_client(struct script *s)
{
    body_wraps(s, 1000000, LARGE0_LEN + 2500);
}

void wrap_body_both(struct script *s)
{
    body_wraps(s, LARGE0_LEN + 1500, LARGE0_LEN + 2500);
}

void wrap_body_edge(struct script *s)
{
    body_wraps(s, LARGE0_LEN, LARGE0_LEN);
}

/* An adopted response: sent again by duplicate acks and by the timer, acked in parts. */
static void adopted_wraps(struct script *s, uint32_t after)
{
    one_endpoint(s);
    struct peer *c = client(s), *e;
    c->mss = 1000;
    open_wrapping(c, after);
    say(c, GET0);
    e = take_request(s);
    c->auto_ack = false;
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n");
    say_n(e, 'x', 4000);
    pass_time(s, 10);
    forget(c);
    c->rcv = 1;
    for (unsigned i = 0; i < 3; i++)
        ack_all(c);
    want(c, "A seq=1");
    c->rcv = 1001;
    ack_all(c);
    pass_time(s, 1000);
    want_eventually(c, "A seq=1001");
    c->auto_ack = true;
    c->rcv = 1001;
    while (c->rcv < 4041 && !s->sim.failed) {
        ack_all(c);
        want(c, "A");
    }
    pass_time(s, 10);
    ack_all(c);
    pass_time(s, 10);
    forget(c);
    want_true(s, lacon_kept(&s->lacon) == 0, "everything is acked");
    say(c, GET0);
    want_head(e);
    answer(e, c);
}

void wrap_adopted(struct script *s)
{
    adopted_wraps(s, 500);
}

void wrap_adopted_edge(struct script *s)
{
    adopted_wraps(s, 1000);
}

/* A block that lies across the wrap in the client's numbers, then in the endpoint's. */
static void sack_wraps(struct script *s, uint32_t endpoint_after, uint32_t client_after)
{
    struct peer *c = client(s), *e;
    open_wrapping(c, client_after);
    say(c, GET0);
    e = take_syn(s);
    e->iss = WRAP_AFTER(endpoint_after);
    accept_syn_of(e);
    want_head(e);
    begin_large(e, c);
    c->auto_ack = false;
    pass_time(s, 10);
    forget(e);
    uint32_t body_c = c->rcv, body_e = e->snd;
    say_n(e, 'x', 3000);
    pass_time(s, 10);
    sack(c, body_c, body_c + 1000, body_c + 3000);
    want(e, "A");
    want_sack(e, body_e + 1000, body_e + 3000);
}

void wrap_sack_client(struct script *s)
{
    sack_wraps(s, 1000000, LARGE0_LEN + 2000);
}

void wrap_sack_endpoint(struct script *s)
{
    sack_wraps(s, LARGE0_LEN + 2000, 1000000);
}

/* The FIN has number 0: the client's, the endpoint's, ours. */
void wrap_fin(struct script *s)
{
    struct peer *c = client(s), *e;
    c->iss = WRAP_AFTER(sizeof GET0 - 1);
    open_wrapping(c, OK2_LEN + sizeof "Connection: close\r\n" - 1);
    say(c, GET0);
    fin(c);
    e = take_syn(s);
    e->iss = WRAP_AFTER(OK2_LEN);
    accept_syn_of(e);
    want_head(e);
    say_flags(e, SEG_FIN | SEG_ACK, 1, e->rcv, OK2);
    e->snd = 2 + OK2_LEN;
    want_text(c, "HTTP/1.1 200 OK\r\n");
    want_fin(c);
    want_true(s, c->got.seq + c->got.len == 0, "our FIN has number 0");
    want_true(s, c->got.ack == 1, "and acks the client's, which has it, too");
    ack_all(c);
    want_eventually(e, "FA");
    want_true(s, e->got.ack == 1, "the endpoint's FIN of number 0 is acked");
    ack_all(e);
    pass_time(s, 20);
    want_counter(s, "clients_open", 0);
    want_counter(s, "endpoints_open", 0);
}

/* RST with number 0 exactly, and inside a window that passes 2^32. */
void wrap_rst(struct script *s)
{
    struct peer *c = client(s), *e;
    c->iss = WRAP_AFTER(sizeof GET0 - 1);
    e = with_request(c, GET0);
    (void)e;
    pass_time(s, 5);
    forget(c);
    rst(c, c->snd + 1);
    want(c, "A len=0");
    want_true(s, c->got.ack == 0, "the challenge asks for number 0");
    rst(c, c->snd);
    pass_time(s, 5);
    want_counter(s, "clients_open", 0);
}
