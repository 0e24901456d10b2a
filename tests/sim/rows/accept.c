/* Rows about how clients' connections begin, and late duplicates of such beginnings (S11). */
#include "tests/sim/rows/all.h"

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
    answer(e, c);
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
    answer(e, c);
    pass_time(s, 100); /* the response's ack waits */
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

/* The first SYN was answered with a cookie, its repetition from the ring: the client may ack either, and the
 * response counts from the one that it acked. */
enum acked { ACKED_FIRST, ACKED_SECOND, ACKED_FIRST_AT_ONCE /* in one burst with the repeated SYN */ };

static void two_syn_acks(struct script *s, enum acked which)
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
    c->irs = cookie;
    c->snd = c->rcv = 1;
    if (which == ACKED_FIRST_AT_ONCE)
        say(c, GET0);
    want(c, "SA");
    want_true(s, c->got.seq != cookie, "another number, from the ring");
    forget_unclaimed(s);
    if (which == ACKED_SECOND)
        c->irs = c->got.seq;
    if (which != ACKED_FIRST_AT_ONCE)
        say(c, GET0);
    struct peer *e = take_request(s);
    answer(e, c);
}

void two_syn_acks_first(struct script *s)
{
    two_syn_acks(s, ACKED_FIRST);
}

void two_syn_acks_second(struct script *s)
{
    two_syn_acks(s, ACKED_SECOND);
}

void two_syn_acks_burst(struct script *s)
{
    two_syn_acks(s, ACKED_FIRST_AT_ONCE);
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
    ask(c, GET0);
    want_head(serve(s));
}

/* Our ack of the endpoint's SYN-ACK was lost: it comes again. */
void syn_ack_again(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, GET0);
    e = take_syn(s);
    accept_syn_of(e);
    e->auto_ack = false;
    want_head(e);
    forget(e);
    flags(e, SEG_SYN | SEG_ACK, 0, 1);
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + 1, "acked again");
    answer(e, c);
}

/* A new connection on the four-tuple of one in TIME_WAIT: our numbers go on above. */
void accept_time_wait(struct script *s)
{
    struct peer *c = client(s);
    ask(c, "GET / HTTP/1.0\r\nHost: nowhere.example\r\n\r\n");
    want_head(c);
    want_fin(c);
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
        while (i == 18 && counter_of(s, "offload_rules"))
            pass_time(s, 1); /* a flow engine's rule leaves before the end is let in */
    }
    want_fin(c);
    fin(c);
    pass_time(s, 20);
    want_counter(s, "clients_open", 0);
    uint32_t end = c->irs + c->rcv;
    c->iss += 100000;
    forget(c);
    open_conn(c);
    want_true(s, (int32_t)(c->irs - end) > 0, "the ISN is above the old connection's last number");
}

/* SYNs from ports of the client host that never answer, then an honest client. */
void s11_flood(struct script *s)
{
    s->config->dpdk.syn_ring = 16;
    struct peer *c = client(s);
    struct peer bot = *c;
    flags(&bot, SEG_SYN, 0, 0); /* its neighbour's address is known from here on */
    pass_time(s, 20);
    for (unsigned i = 0; i < 200; i++) {
        bot.lport = (uint16_t)(1000 + i);
        bot.iss = i * 1000;
        flags(&bot, SEG_SYN, 0, 0);
    }
    pass_time(s, 20);
    want_true(s, LACON_COUNT(&s->lacon, syn_cookies) > 0, "cookies were sent");
    want_true(s, LACON_COUNT(&s->lacon, clients_open) == 0, "no connection was made");
    forget_unclaimed(s);
    struct peer *e = with_request(c, GET0);
    answer(e, c);
    want_true(s, LACON_COUNT(&s->lacon, clients_open) == 1, "one client is open");
}

void s11_syn_again(struct script *s)
{
    struct peer *c = client(s);
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA ack=1");
    uint32_t first = c->got.seq;
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA ack=1");
    want_true(s, c->got.seq == first, "the SYN-ACK has the same sequence number");
}

void s11_forged_ack(struct script *s)
{
    struct peer *c = client(s);
    c->irs = 12345;
    flags(c, SEG_ACK, 1, 1);
    want(c, "R len=0");
    want_true(s, LACON_COUNT(&s->lacon, clients_open) == 0, "no connection was made");
}

void s11_no_listener(struct script *s)
{
    struct peer *c = client(s);
    c->rport = 81;
    flags(c, SEG_SYN, 0, 0);
    want(c, "RA ack=1");
}
