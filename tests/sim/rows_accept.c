/* Rows about how connections begin: late duplicates (S11), old four-tuples and our own restart (S12), local
 * ports. */
#include "tests/sim/rows_all.h"

/* ---- S11 ---- */

/* SYNs from ports that never answer, until cookies are made. */
static void flood(struct script *s, struct peer *like)
{
    struct peer bot = *like;
    flags(&bot, SEG_SYN, 0, 0);
    pass_time(s, 20);
    for (unsigned i = 0; i < 200; i++) {
        bot.lport = (uint16_t)(1000 + i);
        flags(&bot, SEG_SYN, 0, 0);
    }
    pass_time(s, 20);
    want_true(s, counter_of(s, "syn_cookies") > 0, "cookies are sent");
    forget_unclaimed(s);
    forget(like);
}

#define POST2 POST_HEAD("2") "hi"

/* A POST is answered and the client closes. */
static void posted(struct peer *c)
{
    struct script *s = c->sc;
    struct peer *e = with_request(c, POST2);
    say(e, OK2);
    want_text(c, OK2);
    fin(c);
    want_eventually(c, "FA");
    ack_all(c);
    pass_time(s, 20);
    want_counter(s, "clients_open", 0);
    want_counter(s, "requests", 1);
}

/* The handshake's last ack and the POST again, in one segment, from somewhere in the network. */
static void late_duplicate(struct peer *c)
{
    c->rcv = 1;
    say_at(c, 1, POST2);
    pass_time(c->sc, 20);
    want_counter(c->sc, "requests", 1);
    want_counter(c->sc, "clients_open", 0);
}

void late_post(struct script *s)
{
    struct peer *c = client(s);
    posted(c);
    late_duplicate(c);
    want_eventually(c, "R");
    pass_time(s, 30000);
    late_duplicate(c);
    want_eventually(c, "R");
}

/* Cookies being made for others must not open it either. */
void late_post_flood(struct script *s)
{
    s->config->dpdk.syn_ring = 16;
    struct peer *c = client(s);
    posted(c);
    struct peer *like = client(s);
    flood(s, like);
    late_duplicate(c);
    want_eventually(c, "R");
}

/* The SYN comes again as well, so that there is a half-open entry: of another number. */
void late_syn_and_post(struct script *s)
{
    struct peer *c = client(s);
    posted(c);
    pass_time(s, 1000);
    flags(c, SEG_SYN, 0, 0);
    want_eventually(c, "SA");
    late_duplicate(c);
}

void late_post_cookie(struct script *s)
{
    s->config->dpdk.syn_ring = 16;
    struct peer *c = client(s), *like = client(s);
    flood(s, like);
    posted(c);
    want_true(s, counter_of(s, "drop_tombstone") == 0, "no tombstone was met yet");
    for (unsigned i = 0; i < 7; i++) { /* as long as the cookie could be believed, and longer */
        late_duplicate(c);
        pass_time(s, 10000);
        flood(s, like);
    }
    want_true(s, counter_of(s, "drop_tombstone") >= 2, "a tombstone kept it out");
}

/* While its connection lives it is a duplicate like any other. */
void late_post_open(struct script *s)
{
    s->config->dpdk.syn_ring = 16;
    struct peer *c = client(s), *like = client(s), *e;
    flood(s, like);
    e = with_request(c, POST2);
    say(e, OK2);
    want_text(c, OK2);
    pass_time(s, 20);
    forget(e);
    say_at(c, 1, POST2);
    want_silence(e, 50);
    want_counter(s, "requests", 1);
}

/* The handshake's ack was lost: the POST alone completes it. */
void ack_lost(struct script *s)
{
    struct peer *c = client(s), *e;
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA");
    c->irs = c->got.seq;
    c->snd = c->rcv = 1;
    say(c, POST2);
    e = serve(s);
    want_text(e, "POST / ");
}

/* The same, and the first part of the head as well: the second part opens the connection and waits. */
void ack_and_data_lost(struct script *s)
{
    struct peer *c = client(s), *e;
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA");
    c->irs = c->got.seq;
    c->snd = c->rcv = 1;
    say_at(c, 11, &GET0[10]);
    want(c, "A ack=1 len=0");
    say(c, GET0);
    e = serve(s);
    want_text(e, "GET / ");
}

/* The first SYN was answered with a cookie, its repetition from the ring: the client may ack either. */
static void two_syn_acks(struct script *s, bool first)
{
    s->config->dpdk.syn_ring = 0; /* one bucket */
    struct peer *c = client(s);
    struct peer bot = *c;
    flags(&bot, SEG_SYN, 0, 0);
    pass_time(s, 20);
    for (unsigned i = 0; i < 8; i++) {
        bot.lport = (uint16_t)(1000 + i);
        flags(&bot, SEG_SYN, 0, 0);
    }
    pass_time(s, 20);
    forget(c);
    rst(c, 1);
    c->iss += 1000;
    bot.lport = 2000; /* takes the place */
    flags(&bot, SEG_SYN, 0, 0);
    pass_time(s, 20);
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA");
    uint32_t cookie = c->got.seq;
    want_true(s, counter_of(s, "syn_cookies") > 0, "a cookie");
    pass_time(s, 11000); /* the ring has room again */
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA");
    want_true(s, c->got.seq != cookie, "another number, from the ring");
    forget_unclaimed(s);
    c->irs = first ? cookie : c->got.seq;
    c->snd = c->rcv = 1;
    say(c, GET0);
    want_head(serve(s));
}

void two_syn_acks_first(struct script *s)
{
    two_syn_acks(s, true);
}

void two_syn_acks_second(struct script *s)
{
    two_syn_acks(s, false);
}

/* An old SYN-ACK's ack, and an ack with data far from the window. */
void ack_wrong(struct script *s)
{
    struct peer *c = client(s);
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA");
    c->irs = c->got.seq;
    flags(c, SEG_ACK, 1, 2);
    want(c, "R seq=2");
    flags(c, SEG_ACK, 100000, 1);
    want(c, "R seq=1");
    want_counter(s, "clients_accepted", 0);
    c->snd = c->rcv = 1;
    ack_all(c); /* the right one still counts */
    say(c, GET0);
    want_head(serve(s));
}

/* Data in a SYN is not taken (no Fast Open): it comes again. */
void syn_with_data(struct script *s)
{
    struct peer *c = client(s);
    say_flags(c, SEG_SYN, 0, 0, GET0);
    want(c, "SA ack=1");
    c->irs = c->got.seq;
    c->snd = c->rcv = 1;
    say(c, GET0);
    want_head(serve(s));
}

/* A client that crashed comes back on the same four-tuple: challenged, it resets the old one and gets in. */
void client_reboots(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    pass_time(s, 5);
    forget(c);
    uint32_t old = c->iss;
    c->iss += 1000000;
    flags(c, SEG_SYN, 0, 0);
    want(c, "A");
    want_true(s, c->got.ack == old + c->snd, "a challenge ack of the old connection");
    rst(c, c->got.ack - c->iss);
    want_eventually(e, "RA");
    open_conn(c);
    say(c, GET0);
    want_head(serve(s));
}

/* Our ack of the endpoint's SYN-ACK was lost: it comes again. */
void syn_ack_again(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    say(c, GET0);
    e = take_syn(s);
    accept_syn_of(e);
    e->auto_ack = false;
    want_head(e);
    forget(e);
    flags(e, SEG_SYN | SEG_ACK, 0, 1);
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + 1, "acked again");
    say(e, OK2);
    want_text(c, OK2);
}

/* A new connection on the four-tuple of one in TIME_WAIT: our numbers go on above. */
void accept_time_wait(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say(c, "GET / HTTP/1.0\r\nHost: nowhere.example\r\n\r\n");
    want_head(c);
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
    fin(c);
    pass_time(s, 20);
    want_counter(s, "clients_open", 0);
    uint32_t end = c->irs + c->rcv;
    c->iss += 100000;
    forget(c);
    open_conn(c);
    want_true(s, (int32_t)(c->irs - end) > 0, "the ISN is above the old connection's last number");
    say(c, GET0);
    want_head(serve(s));
}

/* More was sent than the clock of our numbers has moved since. */
void accept_time_wait_above(struct script *s)
{
    struct peer *c = client(s), *e;
    e = with_request(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nConnection: close\r\n\r\n");
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n");
    want_head(c);
    for (unsigned i = 0; i < 20; i++) {
        say_n(e, 'x', 15000);
        want_bytes(c, 15000);
        forget(e);
    }
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
    fin(c);
    pass_time(s, 20);
    want_counter(s, "clients_open", 0);
    uint32_t end = c->irs + c->rcv;
    c->iss += 100000;
    forget(c);
    open_conn(c);
    want_true(s, (int32_t)(c->irs - end) > 0, "the ISN is above the old connection's last number");
}

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
    say(e, OK2);
    want_text(c, OK2);
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
    say(e, OK2);
    want_text(c, OK2);
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
    open_conn(d);
    say(d, GET0);
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
    say(e, OK2);
    want_text(d, OK2);
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
    open_conn(c);
    say(c, GET0);
    want_head(serve(s));
}

/* ---- local ports ---- */

void ports_exhausted(struct script *s)
{
    one_endpoint(s);
    s->config->dpdk.port_hi = (uint16_t)(s->config->dpdk.port_lo + 1);
    struct peer *a = client(s), *ea = with_request(a, GET0), *b = client(s), *c = client(s), *e;
    (void)with_request(b, GET0);
    open_conn(c);
    say(c, GET0);
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
    say(e, OK2);
    want_text(c, OK2);
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
    open_conn(c);
    say(c, GET0);
    want_text(c, "HTTP/1.1 503 ");
    want_counter(s, "close_no_port", 2);
    want_counter(s, "connect_failures", 1);
}
