/* Rows about old four-tuples: endpoints in TIME_WAIT, our own crash and restart (S12); and local ports that
 * run out. */
#include "tests/sim/rows/all.h"

/* ---- S12 ---- */

/* One exchange, after which the endpoint closes first: it is the one in TIME_WAIT. */
static struct peer *one_closed(struct peer *c)
{
    struct peer *e = with_request(c, GET0);
    say_flags(e, SEG_FIN | SEG_ACK, 1, e->rcv, OK2);
    e->snd = 2 + sizeof OK2 - 1;
    want_text(c, OK2);
    want_eventually(e, "FA");
    ack_all(e);
    pass_time(c->sc, 20);
    want_counter(c->sc, "endpoints_open", 0);
    return e;
}

/* At once again on the only local port: segments of the old conn that are still under way fit nowhere. */
void connect_isn(struct script *s)
{
    one_endpoint(s);
    one_port(s);
    struct peer *c = client(s), *old = pooled(c), *e;
    uint32_t end = old->irs + old->rcv;
    rst(old, old->snd);
    pass_time(s, 1);
    say(c, GET0);
    e = take_syn(s);
    want_true(s, e->rport == old->rport, "the same port");
    want_true(s, (int32_t)(e->irs - end) >= 65536 - 1, "the ISN is 64 Ki above the last number used");
}

void connect_time_wait(struct script *s)
{
    one_endpoint(s);
    one_port(s);
    struct peer *c = client(s), *old = one_closed(c), *e;
    forget(c);
    say(c, GET0);
    e = take_syn(s);
    want_true(s, e->rport == old->rport, "the same four-tuple");
    want_true(s, (int32_t)(e->irs - (old->irs + old->rcv)) > 0,
              "the SYN's number is above the old connection's, so TIME_WAIT lets it in");
    accept_syn_of(e);
    want_head(e);
    answer(e, c);
}

/* An endpoint that does not let it in answers for the old connection: reset, and at once again. */
void connect_time_wait_challenged(struct script *s)
{
    one_endpoint(s);
    one_port(s);
    struct peer *c = client(s), *old = one_closed(c), *e;
    forget(c);
    say(c, GET0);
    e = take_syn(s);
    uint64_t at = s->sim.now;
    uint32_t iss = e->iss;
    e->iss = old->iss; /* its numbers are the old ones, as is what it acks */
    flags(e, SEG_ACK, old->snd, old->irs + old->rcv - e->irs);
    want(e, "R");
    want_true(s, e->got.seq == old->irs + old->rcv, "the RST has the number that was acked");
    want(e, "S seq=0");
    want_delay(e, at, 0, 5);
    e->iss = iss;
    accept_syn_of(e);
    want_head(e);
    answer(e, c);
}

/* ---- our own crash and restart ---- */

void restart_client(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, LARGE0 "some");
    want_head(c);
    pass_time(s, 10);
    restart(s);
    forget(c);
    uint32_t acked = c->rcv;
    ack_all(c);
    want_eventually(c, "R");
    want_true(s, c->got.seq - c->irs == acked, "the RST has the number that the client expects");
    say(c, GET0);
    want(c, "R");
    want_counter(s, "clients_accepted", 0);
}

void restart_endpoint(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, LARGE0 "some");
    want_head(c);
    pass_time(s, 10);
    restart(s);
    forget(e);
    forget(c);
    say(e, "more");
    want(e, "R");
    want_true(s, e->got.seq - e->irs == e->rcv, "the RST has the number that the endpoint expects");
    want_silence(c, 50);
    fin(e);
    want(e, "R");
}

/* The first connect after it takes the port that the old connection had: the endpoint challenges. */
void restart_same_port(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *old = with_request(c, GET0), *d, *e;
    restart(s);
    d = client(s);
    ask(d, GET0);
    e = take_syn(s);
    want_true(s, e->rport == old->rport, "the same four-tuple");
    uint32_t iss = e->iss;
    e->iss = old->iss;
    flags(e, SEG_ACK, old->snd, old->irs + old->rcv - e->irs); /* an open connection's challenge ack */
    want(e, "R");
    want_true(s, e->got.seq == old->irs + old->rcv, "the old connection is reset with its number");
    want(e, "S seq=0");
    e->iss = iss;
    accept_syn_of(e);
    want_head(e);
    answer(e, d);
    say(old, "stale"); /* its bytes are the new connection's to refuse */
    pass_time(s, 20);
    forget(d);
    say(d, GET0);
    want_head(e);
}

/* A client comes back on the four-tuple that it had. */
void restart_same_client(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    (void)e;
    restart(s);
    c->iss += 5000;
    forget(c);
    ask(c, GET0);
    want_head(serve(s));
}

/* ---- local ports ---- */

void ports_exhausted(struct script *s)
{
    one_endpoint(s);
    s->config->dpdk.port_hi = (uint16_t)(s->config->dpdk.port_lo + 1);
    struct peer *a = client(s), *ea = with_request(a, GET0), *b = client(s), *c = client(s), *e;
    (void)with_request(b, GET0);
    ask(c, GET0);
    want_text(c, "HTTP/1.1 503 ");
    want_counter(s, "close_no_port", 1);
    pass_time(s, 10);
    rst(ea, ea->snd); /* a port is free again */
    want_text(a, "HTTP/1.1 50");
    pass_time(s, 10);
    forget(c);
    say(c, GET0);
    e = serve(s);
    want_true(s, e->rport == ea->rport, "the port that was given back");
    want_head(e);
    answer(e, c);
    want_counter(s, "close_no_port", 1);
}

/* No port toward one endpoint: the other one is asked. */
void ports_other_endpoint(struct script *s)
{
    one_port(s);
    struct peer *a = client(s), *b = client(s), *c = client(s), *ea, *eb;
    ea = with_request(a, GET0);
    eb = with_request(b, GET0);
    want_true(s, ea->host != eb->host, "one connection to each");
    ask(c, GET0);
    want_text(c, "HTTP/1.1 503 ");
    want_counter(s, "close_no_port", 2);
    want_counter(s, "connect_failures", 1);
}

/* We closed first and wait for late segments: that is nothing to refuse a request for. */
void ports_time_wait(struct script *s)
{
    one_endpoint(s);
    one_port(s);
    struct peer *c = client(s), *old = with_request(c, GET0), *e;
    say(old, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    want_text(c, OK2);
    want_eventually(old, "FA");
    ack_all(old);
    fin(old);
    want(old, "A");
    want_counter(s, "endpoints_open", 0);
    say(c, GET0);
    e = serve(s);
    want_true(s, e->rport == old->rport, "the same port");
    want_true(s, (int32_t)(e->irs - (old->irs + old->rcv)) > 0, "numbers above those of the old connection");
    want_head(e);
    answer(e, c);
    want_counter(s, "close_no_port", 0);
    want_counter(s, "close_evicted", 1);
}

/* The only port belongs to an idle conn that the client cannot have, for its segments would be too long. */
void ports_idle(struct script *s)
{
    one_endpoint(s);
    one_port(s);
    struct peer *a = client(s), *old = pooled(a), *b = client(s), *e;
    b->mss = 536;
    ask(b, GET0);
    want_eventually(old, "RA");
    e = serve(s);
    want_true(s, e->rport == old->rport, "the same port");
    want_head(e);
    answer(e, b);
    want_counter(s, "close_no_port", 0);
    want_counter(s, "close_evicted", 1);
}

void s12_bare_ack(struct script *s)
{
    struct peer *c = client(s);
    ask(c, GET0);
    struct peer *old = take_syn(s);
    flags(old, SEG_ACK, 70000, 50000); /* an old incarnation's answer */
    want(old, "R");
    want_true(s, old->got.seq == old->irs + 50000, "the RST has the number that the ack asked for");
    struct peer *e;
    pass_time(s, 1);
    if (s->unclaimed.n) { /* tried again with a new number, or from another port */
        e = take_syn(s);
    } else {
        want(old, "S");
        e = old;
    }
    accept_syn_of(e);
    want_head(e);
    answer(e, c);
}

/* The time in which endpoints are connected to is not the client's to be judged by. */
void s12_connect_longer_than_stall(struct script *s)
{
    one_endpoint(s);
    s->config->listener[0].stall_timeout_ns = 2 * SEC;
    s->config->cluster[0].connect_timeout_ns = 6 * SEC;
    s->config->cluster[0].tries = 1;
    struct peer *c = client(s);
    ask(c, GET0);
    take_syn(s);
    pass_time(s, 5000);
    want_text(c, "HTTP/1.1 504 ");
}

void s12_syn_lost(struct script *s)
{
    struct peer *c = client(s);
    ask(c, GET0);
    struct peer *e = take_syn(s);
    want(e, "S"); /* the same again */
    accept_syn_of(e);
    want_head(e);
}
