/* Rows about acks and SACK blocks: what is translated, passed on, refused (S5). */
#include "tests/sim/rows/all.h"

void s5_ack_above(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    begin_large(e, c);
    pass_time(s, 10);
    forget(e);
    flags(c, SEG_ACK, c->snd, c->rcv + 5000);
    want(c, "A");
    want_silence(e, 50);
}

void s5_old_bytes(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    answer(e, c);
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
    begin_large(e, c);
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
    begin_large(e, c);
    c->auto_ack = false;
    pass_time(s, 10);
    forget(e);
    uint32_t body_c = c->rcv, body_e = e->snd;
    say_n(e, 'x', 3000);
    pass_time(s, 10);
    sack(c, body_c, body_c + 1000, body_c + 3000);
    want_eventually(e, "A");
    want_sack(e, body_e + 1000, body_e + 3000);
}

/* A receiver that lacks bytes and whose buffer grows meanwhile (Linux does that) shows another window in each
 * duplicate ack: the blocks make it one all the same, or the endpoint learns of its loss by a timeout. */
void s5_sack_window_grows(struct script *s)
{
    struct peer *c = client(s), *e;
    c->wnd = 20000; /* from the first byte on: it is to grow */
    e = with_request(c, GET0);
    begin_large(e, c);
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
    begin_large(e, c);
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
    want_sack(e, body_e + 1000, body_e + 2000); /* the block below it, at the endpoint's numbers */
    sack(c, body_c + 3000, body_c - 5, body_c + 1000);
    want_silence(e, 10);
    want_counter(s, "responses", 1);
}

/* Without timestamps four blocks fit, and a client that lost as much sends four. */
void s5_sack_four(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    begin_large(e, c);
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

/* An ack may lag by the largest window shown, also when that was shown in the handshake alone. */
void s5_ack_first_window(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->wnd = 12000;
    begin_large(e, c);
    for (unsigned i = 0; i < 3; i++) {
        say_n(e, 'x', 10000);
        want_bytes(c, 10000);
    }
    say_flags(c, SEG_ACK, c->snd, 1, GET0); /* late, on the way since before the response */
    want(c, "A len=0");
    want_true(s, c->got.ack - c->iss == c->snd + sizeof GET0 - 1, "its bytes are taken");
    want_counter(s, "drop_ack", 0);
}

/* Nothing of a segment beyond the window counts, its ack neither. */
void s5_beyond_window(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    answer(e, c);
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
    want_fin(c);
    pass_time(s, 10);
    forget(e);
    sack(c, body_c, body_c + 1000, body_c + 20001);
    want_eventually(e, "A");
    want_sack(e, body_e + 1000, body_e + 20000); /* the SACK block ends where the body does */
}
