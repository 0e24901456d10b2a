/* Rows about TCP: S1, S4, S5, S11, S12, S14. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/rows_all.h"

/* ---- S1 ---- */

/* The head of a response that is not adopted stays unacked, and so comparable, until the client acks it. */
void s1_other_bytes(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    want_head(c);
    say_at(e, 1, "HTTP/1.1 404 OK\r\n");
    want_eventually(c, "RA");
    want_eventually(e, "RA");
    want_counter(s, "close_bytes_differ", 1);
}

void s1_other_bytes_request(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    say(c, GET0);
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
    open_conn(c);
    say(c, POST_HEAD("100000"));
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

void s1_kept_head(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    say(c, POST_HEAD("3") "abc");
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    uint32_t head_end = e->rcv;
    e->rcv = 1; /* as if it was lost */
    say_at(c, 1, POST_HEAD("3") "abc");
    want_head(e);
    want_true(s, e->rcv == head_end, "the head comes again as it was");
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

/* ---- S4 ---- */

void s4_small_window(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    say(c, POST_HEAD("9000"));
    e = take_syn(s);
    e->wnd = 300;
    accept_syn_of(e);
    want_head(e);
    say_n(c, 'x', 9000); /* the oracle sees to both edges */
    for (unsigned i = 0; i < 20; i++) {
        pass_time(s, 10);
        forget(e);
        ack_all(e);
    }
    forget(c);
    want_silence(c, 20);
}

void s4_endpoint_sees_client(struct script *s)
{
    struct peer *c = client(s), *e;
    c->wnd = 2000;
    open_conn(c);
    say(c, GET0);
    e = serve(s);
    want_head(e);
    char what[80]; /* 4096 is what lacon holds of a head itself; without window scale the field is bytes */
    snprintf(what, sizeof what, "the request's segment shows the client's window, not %u", e->got.wnd);
    want_true(s, e->got.wnd <= 4096, what);
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    want_head(c);
}

void s4_zero_window(struct script *s)
{
    struct peer *c = client(s), *e;
    c->wnd = 3000;
    e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    c->wnd = (uint16_t)(3000 - (e->snd - 1));
    want_head(c);
    c->auto_ack = false;
    say_n(e, 'x', c->wnd);
    want_bytes(c, c->wnd);
    c->wnd = 0;
    ack_all(c);
    want_eventually(e, "A win=0");
    flags(e, SEG_ACK, e->snd - 1, e->rcv); /* a probe of the byte before */
    want_eventually(c, "A");
    pass_time(s, 10);
    forget(e);
    c->wnd = 5000;
    ack_all(c);
    want(e, "A");
    want_true(s, e->got.wnd > 0, "the window opens again");
}

/* ---- S5 ---- */

void s5_ack_above(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    want_head(c);
    pass_time(s, 10);
    forget(e);
    flags(c, SEG_ACK, c->snd, c->rcv + 5000);
    want(c, "A");
    want_silence(e, 50);
}

void s5_old_bytes(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, OK2);
    want_text(c, OK2);
    pass_time(s, 100); /* the response's ack waits */
    forget(e);
    forget(c);
    say_at(c, 1, GET0);
    want(c, "A len=0");
    want_silence(e, 50);
}

void s5_dup_acks(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    want_head(c);
    say_n(e, 'x', 5000);
    c->auto_ack = false;
    want_bytes(c, 1000);
    pass_time(s, 10);
    ack_all(c);
    pass_time(s, 10);
    forget(e);
    uint32_t acked = e->got.ack;
    ack_all(c);
    want(e, "A");
    want_true(s, e->got.ack == acked, "a duplicate ack stays a duplicate");
    ack_all(c);
    want(e, "A");
}

/* The client SACKs its second kilobyte; the endpoint sees the block at its own numbers. */
void s5_sack_shifted(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    want_head(c);
    c->auto_ack = false;
    pass_time(s, 10);
    forget(e);
    uint32_t body_c = c->rcv, body_e = e->snd;
    say_n(e, 'x', 3000);
    pass_time(s, 10);
    sack(c, body_c, body_c + 1000, body_c + 3000);
    want_eventually(e, "A");
    want_true(s,
              e->got.nsack == 1 && e->got.sack[0].lo == e->iss + body_e + 1000 &&
                  e->got.sack[0].hi == e->iss + body_e + 3000,
              "the SACK block arrives at the endpoint's numbers");
}

/* A receiver that lacks bytes and whose buffer grows meanwhile (Linux does that) shows another window in each
 * duplicate ack: the blocks make it one all the same, or the endpoint learns of its loss by a timeout. */
void s5_sack_window_grows(struct script *s)
{
    struct peer *c = client(s), *e;
    c->wnd = 20000; /* from the first byte on: it is to grow */
    e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    want_head(c);
    c->auto_ack = false;
    pass_time(s, 10);
    forget(e);
    uint32_t body_c = c->rcv, body_e = e->snd;
    say_n(e, 'x', 5000);
    pass_time(s, 10);
    forget(e);
    for (uint32_t i = 2; i <= 5; i++) {
        c->wnd = (uint16_t)(c->wnd + 3);
        sack(c, body_c, body_c + 1000, body_c + i * 1000);
        want(e, "A len=0");
        want_true(s, e->got.ack == e->iss + body_e, "nothing new is acked");
        want_true(s, e->got.nsack == 1 && e->got.sack[0].hi == e->iss + body_e + i * 1000,
                  "each block is passed on");
    }
}

/* What the client got twice, the endpoint is told: it takes its mistaken retransmission back (RFC 2883). */
void s5_dsack(struct script *s)
{
    struct peer *c = client(s), *e;
    c->wnd = 20000; /* from the first byte on: it is to grow */
    e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    want_head(c);
    c->auto_ack = false;
    uint32_t body_c = c->rcv, body_e = e->snd;
    say_n(e, 'x', 3000);
    want_bytes(c, 3000);
    ack_all(c);
    pass_time(s, 10);
    forget(e);
    c->wnd = (uint16_t)(c->wnd + 3);
    sack(c, body_c + 3000, body_c + 1000, body_c + 2000);
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + body_e + 3000, "a duplicate");
    want_true(s,
              e->got.nsack == 1 && e->got.sack[0].lo == e->iss + body_e + 1000 &&
                  e->got.sack[0].hi == e->iss + body_e + 2000,
              "the block below it, at the endpoint's numbers");
    sack(c, body_c + 3000, body_c - 5, body_c + 1000);
    want_silence(e, 10);
    want_counter(s, "responses", 1);
}

/* Without timestamps four blocks fit, and a client that lost as much sends four. */
void s5_sack_four(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    want_head(c);
    c->auto_ack = false;
    uint32_t at = c->rcv;
    say_n(e, 'x', 9000);
    pass_time(s, 10);
    forget(e);
    sacks(
        c, at, 4,
        (const uint32_t[][2]){
            {at + 7000, at + 8000}, {at + 5000, at + 6000}, {at + 3000, at + 4000}, {at + 1000, at + 2000}});
    want_eventually(e, "A len=0");
    want_true(s, e->got.nsack == 4, "all four reach the endpoint");
}

/* Blind data (RFC 5961 section 5): its ack lies far below what was ever in flight. */
void s5_ack_ancient(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say_flags(c, SEG_ACK, c->snd, c->rcv - 0x50000000, GET0);
    want(c, "A ack=1 len=0");
    want_counter(s, "drop_ack", 1);
    want_counter(s, "requests", 0);
}

/* Nothing of a segment beyond the window counts, its ack neither. */
void s5_beyond_window(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    say(e, OK2);
    want_text(c, OK2);
    flags(c, SEG_ACK, c->snd + 1000000, c->rcv);
    want(c, "A len=0");
    want_counter(s, "drop_seq", 1);
    want_eventually(c, "A seq=1"); /* not acked: it comes again */
}

/* A client that lacks a part of the body SACKs the rest, and our FIN behind it, which the endpoint knows
 * nothing of. */
void s5_sack_with_fin(struct script *s)
{
    struct peer *c = client(s), *e;
    e = with_request(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nConnection: close\r\n\r\n");
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n");
    want_head(c);
    c->auto_ack = false;
    uint32_t body_c = c->rcv, body_e = e->snd;
    say_n(e, 'x', 20000);
    want_bytes(c, 20000);
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
    pass_time(s, 10);
    forget(e);
    sack(c, body_c, body_c + 1000, body_c + 20001);
    want_eventually(e, "A");
    want_true(s,
              e->got.nsack == 1 && e->got.sack[0].lo == e->iss + body_e + 1000 &&
                  e->got.sack[0].hi == e->iss + body_e + 20000,
              "the SACK block ends where the body does");
}

/* ---- RST and SYN on open connections ---- */

void s10_rst_blind(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    pass_time(s, 10);
    rst(c, c->snd + 100);
    want(c, "A len=0");
    say(c, GET0);
    struct peer *e = serve(s);
    want_head(e);
}

void s10_rst_outside(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    rst(c, c->snd + 1000000);
    rst(c, c->snd - 1000);
    want_silence(c, 50);
    say(c, GET0);
    struct peer *e = serve(s);
    want_head(e);
}

void s10_syn_open(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    pass_time(s, 600);
    flags(c, SEG_SYN, 5000, 0);
    want(c, "A len=0");
    say(c, GET0);
    struct peer *e = serve(s);
    want_head(e);
}

/* ---- S11 ---- */

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
    open_conn(c);
    say(c, GET0);
    struct peer *e = serve(s);
    want_head(e);
    say(e, OK2);
    want_text(c, OK2);
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

/* ---- S12 ---- */

void s12_bare_ack(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say(c, GET0);
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
    say(e, OK2);
    want_text(c, OK2);
}

void s12_syn_lost(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say(c, GET0);
    struct peer *e = take_syn(s);
    want(e, "S"); /* the same again */
    accept_syn_of(e);
    want_head(e);
}

/* ---- S14 ---- */

void s14_options(struct script *s)
{
    struct peer *c = client(s);
    c->wscale = 7;
    c->timestamps = true;
    flags(c, SEG_SYN | SEG_ECE | SEG_CWR, 0, 0);
    want(c, "SA ack=1"); /* the oracle refuses other options and ECE */
    want_true(s, c->got.mss && c->got.wscale >= 0 && c->got.sack_ok, "MSS, window scale and SACK are there");
}

void s14_no_wscale(struct script *s)
{
    struct peer *c = client(s);
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA ack=1");
    want_true(s, c->got.wscale < 0, "no window scale option");
}

void s14_no_sack(struct script *s)
{
    struct peer *c = client(s);
    c->sack = false;
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA ack=1");
    want_true(s, !c->got.sack_ok, "no SACK-permitted option");
    c->irs = c->got.seq;
    c->snd = c->rcv = 1;
    ack_all(c);
    say(c, GET0);
    struct peer *e = take_syn(s);
    want_true(s, !e->got.sack_ok, "none toward the endpoint");
}

void s14_profile(struct script *s)
{
    static const struct {
        uint16_t client, endpoint;
    } row[] = {{1460, 1440}, {1440, 1440}, {1400, 1360}, {1300, 1220}, {1000, 536}, {536, 536}};
    for (unsigned i = 0; i < sizeof row / sizeof *row && s->npeer + 2 <= ROW_PEERS; i++) {
        char what[60];
        struct peer *c = client(s);
        c->mss = row[i].client;
        open_conn(c);
        say(c, GET0);
        struct peer *e = take_syn(s);
        snprintf(what, sizeof what, "a client's MSS of %u becomes %u, not %u", row[i].client, row[i].endpoint,
                 e->got.mss);
        want_true(s, e->got.mss == row[i].endpoint, what);
    }
}
