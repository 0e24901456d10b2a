/* Rows about bytes that lacon keeps and repairs: timeouts (RFC 6298), duplicate and partial acks, the flight
 * limit, giving up; zero windows are in zero.c. Adopted responses and own replies toward clients;
 * requests that were acked to their clients toward endpoints. */
#include "tests/sim/rows/all.h"

#define HEAD4000 "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"

/* As open_conn(), by a client `rtt` ms away. */
static void open_far(struct peer *c, unsigned rtt)
{
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA");
    pass_time(c->sc, rtt);
    c->irs = c->got.seq;
    c->snd = c->rcv = 1;
    ack_all(c);
}

/* c gets its adopted response of one segment and acks nothing: e's part is over. Returns when it came. */
static uint64_t unacked(struct peer *c)
{
    say(c, GET0);
    struct peer *e = take_request(c->sc);
    forget(c);
    c->auto_ack = false;
    answer(e, c);
    return c->got_at;
}

/* The same segment again, after lo to hi ms. */
static void again(struct peer *p, uint64_t *since, unsigned lo, unsigned hi, const char *segment)
{
    want(p, segment);
    want_delay(p, *since, lo, hi);
    *since = p->got_at;
}

/* ---- timeouts ---- */

void rto_backoff(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    uint64_t since = unacked(c);
    pass_time(s, 120000);
    for (unsigned ms = 200; ms <= 25600; ms *= 2) /* near: the least timeout, doubled each time */
        again(c, &since, ms, ms + 5, "A seq=1 len=40");
    want(c, "RA");
    want_delay(c, since, 51200, 51205);
    want_counter(s, "close_retransmit", 1);
    want_counter(s, "clients_open", 0);
}

/* RFC 6298 from the handshake: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR = 3 R. */
void rto_far(struct script *s)
{
    struct peer *c = client(s);
    open_far(c, 300);
    uint64_t since = unacked(c);
    again(c, &since, 900, 905, "A seq=1 len=40");
    again(c, &since, 1800, 1810, "A seq=1 len=40");
}

/* A cookie remembers no time: one second (RFC 6298). */
void rto_cookie(struct script *s)
{
    s->config->dpdk.syn_ring = 0;
    struct peer *c = client(s);
    for (unsigned i = 0; i < 8; i++) { /* the ring's one bucket is full */
        struct peer bot = *c;
        bot.lport = (uint16_t)(1000 + i);
        flags(&bot, SEG_SYN, 0, 0);
    }
    pass_time(s, 20);
    open_conn(c);
    want_counter(s, "syn_cookies", 1);
    forget_unclaimed(s);
    uint64_t since = unacked(c);
    again(c, &since, 1000, 1005, "A seq=1 len=40");
}

/* An ack ends the backoff, and the next response has a fresh timer. */
void rto_after_ack(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e;
    open_conn(c);
    uint64_t since = unacked(c);
    again(c, &since, 200, 205, "A seq=1");
    again(c, &since, 400, 405, "A seq=1");
    e = &s->peer[1];
    ack_all(c);
    want_silence(c, 5000);
    say(c, GET0);
    want_head(e);
    answer(e, c);
    since = c->got_at;
    again(c, &since, 200, 205, "A seq=41");
}

/* Our own reply, and the FIN behind it. */
void rto_fin(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    c->auto_ack = false;
    say(c, "GET / HTTP/1.0\r\nHost: nowhere.example\r\n\r\n");
    want_head(c);
    want_fin(c);
    uint64_t since = c->got_at;
    flags(c, SEG_ACK, c->snd, c->rcv - 1); /* all but the FIN */
    again(c, &since, 200, 205, "FA len=0");
    again(c, &since, 400, 405, "FA len=0");
    ack_all(c);
    want_silence(c, 2000);
}

/* A request that was acked to its client is ours to repair. */
void rto_endpoint(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("100000"));
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    uint64_t since = e->got_at;
    again(e, &since, 200, 205, "A seq=1");
    again(e, &since, 400, 405, "A seq=1");
    ack_all(e);
    say(c, "hello");
    e->auto_ack = true;
    want_text(e, "hello");
}

/* Its timeout is three times the round trip of its own handshake. */
void rto_endpoint_far(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("100000"));
    e = take_syn(s);
    pass_time(s, 150); /* before the SYN is repeated */
    accept_syn_of(e);
    e->auto_ack = false;
    want_head(e);
    uint64_t since = e->got_at;
    again(e, &since, 450, 455, "A seq=1");
    again(e, &since, 900, 905, "A seq=1");
}

void rto_endpoint_gives_up(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("100000"));
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    pass_time(s, 110000);
    for (unsigned i = 0; i < 8; i++)
        want(e, "A seq=1");
    want(e, "RA");
    want_text(c, "HTTP/1.1 502 ");
    want_true(s, s->unclaimed.n == 0, "nobody else gets the POST");
    want_counter(s, "close_retransmit", 1);
}

/* A request that only its client repairs: no timer of ours; its copy sends ours again. */
void patched_no_timer(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, GET0);
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    want_silence(e, 5000);
    say_at(c, 1, GET0);
    want(e, "A seq=1");
    want_silence(e, 100);
    want_counter(s, "rto_fired", 0);
}

/* ---- duplicate and partial acks, the flight limit ---- */

/* A head of 20 KiB, more than the initial window of 10 segments. */
static void say_large_head(struct peer *p, const char *start)
{
    say(p, start);
    say_n(p, 'a', 20480);
    say(p, "\r\n\r\n");
}

#define GET_LARGE "GET / HTTP/1.1\r\nHost: c0.example\r\nX-Large: "
#define OK_LARGE  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Large: "

/* How many bytes of its stream p has been sent, without an ack for `from` and above. */
static uint32_t flight(struct peer *p, uint32_t from)
{
    uint32_t end = from;
    pass_time(p->sc, 20);
    while (p->in.n && !p->sc->sim.failed) {
        want(p, "A");
        uint32_t hi = p->got.seq - p->irs + p->got.len;
        end = hi > end ? hi : end;
    }
    return end - from;
}

void large_request_head(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    say_large_head(c, GET_LARGE);
    e = take_syn(s);
    e->mss = 1400;
    accept_syn_of(e);
    want_true(s, flight(e, 1) == 14000, "ten segments are in flight, no more");
    ack_all(e);
    want_head(e);
    want_true(s, e->rcv > 20480, "the head is there");
    answer(e, c);
}

void large_response_head(struct script *s)
{
    struct peer *c = client(s), *e;
    c->mss = 1000;
    e = with_request(c, GET0);
    say_large_head(e, OK_LARGE);
    forget(c);
    want_true(s, flight(c, 1) == 10000, "ten segments are in flight, no more");
    c->rcv = 10001;
    ack_all(c);
    want_head(c);
    want_true(s, c->rcv > 20480, "the head is there");
    pass_time(s, 10);
    want_counter(s, "endpoints_idle", 1);
}

/* The 1st and the 5th of ten segments are lost. */
void two_holes(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    say_large_head(c, GET_LARGE);
    e = take_syn(s);
    e->mss = 1400;
    e->auto_ack = false;
    accept_syn_of(e);
    pass_time(s, 5);
    forget(e);
    e->rcv = 1;
    flags(e, SEG_ACK, 1, 1);
    flags(e, SEG_ACK, 1, 1);
    want_silence(e, 10);
    flags(e, SEG_ACK, 1, 1);
    want(e, "A seq=1 len=1400");
    want_silence(e, 10);
    flags(e, SEG_ACK, 1, 1 + 4 * 1400); /* a partial ack */
    want(e, "A seq=5601 len=1400");
    flags(e, SEG_ACK, 1, 14001);
    e->rcv = 14001;
    e->auto_ack = true;
    want_head(e);
    want_counter(s, "rto_fired", 0);
}

/* Ten segments of 1400 bytes to an endpoint, none of them acked. */
static struct peer *ten_sent(struct peer *c)
{
    open_conn(c);
    say_large_head(c, GET_LARGE);
    struct peer *e = take_syn(c->sc);
    e->mss = 1400;
    e->auto_ack = false;
    accept_syn_of(e);
    pass_time(c->sc, 5);
    forget(e);
    e->rcv = 1;
    return e;
}

#define SEGMENT(i) (1 + 1400 * ((i)-1)) /* where the ith begins */

/* For so long, nothing of the ten comes again; what comes is behind them. */
static void nothing_again(struct peer *e, unsigned ms)
{
    pass_time(e->sc, ms);
    while (e->in.n && !e->sc->sim.failed) {
        want(e, "A");
        want_true(e->sc, e->got.seq - e->irs >= SEGMENT(11), "nothing is sent again");
    }
}

/* The 1st, 3rd and 5th are lost; the blocks say so: they are repaired in one round trip, and nothing else is
 * sent. */
void sack_steers(struct script *s)
{
    static const uint32_t block[3][2] = {
        {SEGMENT(6), SEGMENT(11)}, {SEGMENT(4), SEGMENT(5)}, {SEGMENT(2), SEGMENT(3)}};
    struct peer *c = client(s), *e = ten_sent(c);
    for (unsigned i = 0; i < 2; i++)
        sacks(e, 1, 3, block);
    want_silence(e, 10);
    sacks(e, 1, 3, block);
    want(e, "A seq=1 len=1400");
    want(e, "A seq=2801 len=1400");
    want(e, "A seq=5601 len=1400");
    want_silence(e, 10);
    sacks(e, SEGMENT(3), 2, block); /* the 1st has come: the others are on their way */
    sacks(e, SEGMENT(5), 1, block);
    nothing_again(e, 10);
    flags(e, SEG_ACK, 1, SEGMENT(11));
    nothing_again(e, 10);
    want_counter(s, "rto_fired", 0);
    want_counter(s, "kept_resends", 3);
}

/* The last hole has too little behind it to count as lost: it may be late. */
void sack_reordered(struct script *s)
{
    static const uint32_t block[2][2] = {{SEGMENT(10), SEGMENT(11)}, {SEGMENT(2), SEGMENT(9)}};
    struct peer *c = client(s), *e = ten_sent(c);
    for (unsigned i = 0; i < 3; i++)
        sacks(e, 1, 2, block);
    want(e, "A seq=1 len=1400");
    want_silence(e, 10);
    want_counter(s, "kept_resends", 1);
}

/* What was sent again is lost as well: the timer. */
void sack_resend_lost(struct script *s)
{
    static const uint32_t block[1][2] = {{SEGMENT(3), SEGMENT(11)}};
    struct peer *c = client(s), *e = ten_sent(c);
    for (unsigned i = 0; i < 6; i++)
        sacks(e, 1, 1, block);
    want(e, "A seq=1 len=1400");
    want(e, "A seq=1401 len=1400");
    want_silence(e, 10);
    sacks(e, SEGMENT(2), 1, block);
    nothing_again(e, 150);
    want(e, "A seq=1401 len=1400");
    want_counter(s, "rto_fired", 1);
}

/* After a timeout one segment, then more as acks come: slow start back to ten. */
void rto_slow_start(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    say_large_head(c, GET_LARGE);
    e = take_syn(s);
    e->mss = 1400;
    accept_syn_of(e);
    pass_time(s, 100);
    forget(e);
    want(e, "A seq=1 len=1400");
    want_silence(e, 300);
    flags(e, SEG_ACK, 1, 1401);
    want_true(s, flight(e, 1401) == 2 * 1400, "two segments after the first ack");
    flags(e, SEG_ACK, 1, 4201);
    want_true(s, flight(e, 4201) == 4 * 1400, "four after the next");
}

/* A segment that was too big is cut, on every resend, and so are those behind it. */
void kept_cut_smaller(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    say(e, HEAD4000);
    say_n(e, 'x', 4000);
    pass_time(s, 10);
    forget(c);
    bool v4 = ip_is_v4(&c->local);
    c->rcv = 1;
    icmp(c, v4 ? 3 : 2, v4 ? 4 : 0, v4 ? 800 : 1300);
    uint32_t most = v4 ? 760 : 1240;
    want(c, "A seq=1");
    want_true(s, c->got.len == most, "cut to what the path carries");
    for (pass_time(s, 50); c->in.n && !s->sim.failed;) {
        want(c, "A");
        want_true(s, c->got.len <= most, "those behind it, too");
    }
    for (unsigned i = 0; i < 2; i++) { /* timeouts */
        want(c, "A seq=1");
        want_true(s, c->got.len == most, "the same cut");
    }
    c->rcv = 1;
    c->auto_ack = true;
    while (c->rcv < 4000 && !s->sim.failed) {
        ack_all(c);
        want(c, "A");
        want_true(s, c->got.len <= most, "cut as well");
    }
}
