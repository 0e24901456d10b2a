/* Rows about RST (RFC 5961) and keep-alive probes, on both sides, idle and busy. */
#include "tests/sim/rows/all.h"

/* ---- RST ---- */

/* Both sides of a large response, of which the client has the head. */
static struct peer *busy(struct peer *c)
{
    struct peer *e = with_request(c, GET0);
    begin_large(e, c);
    pass_time(c->sc, 10);
    forget(e);
    return e;
}

static void goes_on(struct peer *c, struct peer *e)
{
    say(e, "more");
    want_text(c, "more");
}

void rst_endpoint_inside(struct script *s)
{
    struct peer *c = client(s), *e = busy(c);
    rst(e, e->snd + 100);
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + e->snd, "a challenge ack");
    goes_on(c, e);
}

void rst_endpoint_outside(struct script *s)
{
    struct peer *c = client(s), *e = busy(c);
    rst(e, e->snd + 10000000);
    rst(e, e->snd - 1);
    want_silence(e, 50);
    want_counter(s, "drop_rst_seq", 2);
    goes_on(c, e);
}

/* What a real peer says to the challenge: the RST again, with the number asked for. */
void rst_after_challenge(struct script *s)
{
    struct peer *c = client(s), *e = busy(c);
    rst(c, c->snd + 100);
    want(c, "A len=0");
    rst(c, c->got.ack - c->iss);
    want_eventually(e, "RA");
    want_counter(s, "close_peer_reset", 1);
}

/* Challenges are limited, so that blind RSTs cannot make us talk. */
void rst_challenge_rate(struct script *s)
{
    struct peer *c = client(s);
    (void)busy(c);
    for (unsigned i = 0; i < 20; i++)
        rst(c, c->snd + 100 + i);
    pass_time(s, 100);
    want_counter(s, "challenge_acks", 1);
    want_counter(s, "drop_rate", 19);
}

void rst_pool_exact(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c);
    rst(e, e->snd);
    pass_time(s, 10);
    want_counter(s, "endpoints_idle", 0);
    say(c, GET0);
    take_request(s);
}

void rst_pool_inside(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c);
    rst(e, e->snd + 5);
    want(e, "A len=0");
    want_counter(s, "endpoints_idle", 1);
    say(c, GET0);
    want_head(e);
}

/* A RST for our SYN must ack it; a blind one does not. */
void rst_connecting(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, GET0);
    e = take_syn(s);
    flags(e, SEG_RST | SEG_ACK, 0, 2);
    flags(e, SEG_RST, 0, 0);
    pass_time(s, 20);
    want_counter(s, "drop_rst_seq", 2);
    want_true(s, s->unclaimed.n == 0, "nobody else is asked");
    accept_syn_of(e);
    want_head(e);
}

void rst_half_open(struct script *s)
{
    struct peer *c = client(s);
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA");
    rst(c, 2); /* not the number that is next: the handshake goes on */
    pass_time(s, 5);
    c->irs = c->got.seq;
    c->snd = c->rcv = 1;
    ack_all(c);
    say(c, GET0);
    take_request(s);
}

/* A segment that acks nothing is no answer to a SYN-ACK, nor one of an open connection: it is dropped. A
 * reset for it would ack what may not have come. */
void rst_half_open_no_ack(struct script *s)
{
    struct peer *c = client(s);
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA");
    c->irs = c->got.seq;
    flags(c, SEG_FIN, 1000, 0);
    want_silence(c, 10);
    c->snd = c->rcv = 1;
    ack_all(c);
    say(c, GET0);
    take_request(s);
}

void rst_half_open_exact(struct script *s)
{
    struct peer *c = client(s);
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA");
    c->irs = c->got.seq;
    rst(c, 1);
    pass_time(s, 5);
    flags(c, SEG_ACK, 1, 1);
    want(c, "R");
    want_counter(s, "clients_accepted", 0);
}

/* ---- keep-alive probes: one before the next number, with no byte or a byte of garbage ---- */

static void probe(struct peer *p, const char *garbage)
{
    say_flags(p, SEG_ACK, p->snd - 1, p->rcv, garbage);
    want_eventually(p, "A len=0");
    want_true(p->sc, p->got.ack == p->iss + p->snd, "the probe is answered with what is acked");
}

void probe_client_idle(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    probe(c, NULL);
    probe(c, "?");
    say(c, GET0);
    e = serve(s);
    want_text(e, "GET / ");
    answer(e, c);
    pass_time(s, 10);
    forget(e);
    probe(c, "?");
    want_silence(e, 20);
}

void probe_client_busy(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    pass_time(s, 10);
    forget(c);
    probe(c, NULL);
    probe(c, "?");
    answer(e, c);
}

void probe_endpoint_idle(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c);
    probe(e, NULL);
    probe(e, "?");
    want_counter(s, "endpoints_idle", 1);
    say(c, GET0);
    want_head(e);
    answer(e, c);
}

void probe_endpoint_waiting(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    forget(e);
    probe(e, NULL);
    probe(e, "?");
    say(c, "hello");
    want_text(e, "hello");
}

void probe_endpoint_busy(struct script *s)
{
    struct peer *c = client(s), *e = busy(c);
    probe(e, NULL);
    probe(e, "?");
    forget(c);
    goes_on(c, e);
}

void s10_endpoint_rst(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, LARGE0 "some");
    want_head(c);
    rst(e, e->snd);
    want_eventually(c, "RA");
}

void s10_client_rst(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, LARGE0 "some");
    want_head(c);
    pass_time(s, 10);
    rst(c, c->snd);
    want_eventually(e, "RA");
}

/* Of what is in flight the client may have nothing: it believes only the number that it expects. */
void s10_reset_in_flight(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    say(e, LARGE0 "some");
    want_head(c);
    rst(e, e->snd);
    want_eventually(c, "RA seq=1");
}

/* Large enough not to be adopted, all of it passed on, and then the endpoint resets. */
static struct peer *reset_behind(struct script *s, struct peer **c)
{
    *c = client(s);
    struct peer *e = with_request(*c, GET0);
    (*c)->auto_ack = false;
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n");
    say_n(e, 'x', 20000);
    want_head(*c);
    want_bytes(*c, 20000);
    rst(e, e->snd);
    return e;
}

void s10_rst_behind(struct script *s)
{
    struct peer *c;
    reset_behind(s, &c);
    want(c, "A len=0"); /* lacon asks what the client has */
    ack_all(c);
    say(c, GET0);
    struct peer *e = take_request(s);
    answer(e, c);
}

void s10_rst_behind_lost(struct script *s)
{
    struct peer *c;
    reset_behind(s, &c);
    pass_time(s, 4000);
    forget(c);
    want_eventually(c, "RA");
}

/* Behind an early response, too: what the client has not sent yet of its request is not acked for it. */
void s10_rst_behind_early(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    say_n(c, 'x', 3000);
    want_bytes(e, 3000);
    pass_time(s, 5);
    forget(c);
    c->auto_ack = false;
    say(e, "HTTP/1.1 413 Too Large\r\nContent-Length: 20000\r\n\r\n");
    say_n(e, 'y', 20000);
    want_head(c);
    want_bytes(c, 20000);
    rst(e, e->snd);
    want_eventually(c, "A len=0"); /* lacon asks what the client has */
    want_true(s, c->got.ack == c->iss + c->snd, "what was sent is acked, and no more");
    say_n(c, 'x', 3000); /* acks the response; the rest is acked and thrown away */
    pass_time(s, 5);
    forget(c);
    want_true(s, c->got.ack == c->iss + c->snd, "the rest is acked");
    fin(c);
    pass_time(s, 5);
    want_counter(s, "clients_open", 0);
    want_counter(s, "exchanges", 1);
}

void s10_rst_blind(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    pass_time(s, 10);
    rst(c, c->snd + 100);
    want(c, "A len=0");
    say(c, GET0);
    take_request(s);
}

void s10_rst_outside(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    rst(c, c->snd + 1000000);
    rst(c, c->snd - 1000);
    want_silence(c, 50);
    say(c, GET0);
    take_request(s);
}

void s10_syn_open(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    pass_time(s, 600);
    flags(c, SEG_SYN, 5000, 0);
    want(c, "A len=0");
    say(c, GET0);
    take_request(s);
}
