/* Rows about windows (S4) and acks (S5) where extents meet: closed at an edge with the update lost, smaller
 * after larger, blocks and acks across edges. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/rows/all.h"

/* The right edge, relative, that p was shown with the segment it got last. */
static uint32_t edge_shown(const struct peer *p)
{
    return p->got.ack - p->iss + ((uint32_t)p->got.wnd << (p->wscale >= 0 ? 7 : 0));
}

/* A pipelined upload fills what lacon can hold. What it shows it has room for, also when acks fall between
 * the units of its scale: rounded up each time, the edge would move with each of them. */
void s4_no_creep(struct script *s)
{
    struct peer *c = client(s);
    c->wscale = 7;
    with_request(c, GET0);
    pass_time(s, 5);
    forget(c);
    uint32_t begin = c->snd;
    say(c, POST_HEAD("100000"));
    want(c, "A");
    for (unsigned i = 0; i < 200 && edge_shown(c) > c->snd && !s->sim.failed; i++) {
        uint32_t room = edge_shown(c) - c->snd;
        say_one(c, 'x', room < 1000 ? room : 1000);
        want(c, "A");
        want_true(s, c->got.ack == c->iss + c->snd, "what fits the window is taken");
    }
    want_true(s, edge_shown(c) == c->snd, "the window closes");
    want_true(s, c->snd - begin > 32768 - 128, "not before all but a unit of it is used");
}

/* The client has no room behind the response's head, and its window update is lost. */
static struct peer *closed_behind_head(struct peer *c, const char *head)
{
    struct script *s = c->sc;
    c->wnd = (uint16_t)strlen(head);
    struct peer *e = with_request(c, GET0);
    pass_time(s, 5);
    forget(e);
    say(e, head);
    c->wnd = 0;
    want_head(c);
    want_eventually(e, "A win=0");
    want_true(s, e->got.ack == e->iss + e->snd, "the head is acked");
    forget(c);
    c->wnd = 5000; /* nobody hears of it */
    return e;
}

/* The endpoint's probe, of no byte or of the next one, passes; the answer opens its window again. */
static void probed(struct peer *c, struct peer *e, bool with_byte)
{
    struct script *s = c->sc;
    want_silence(e, 1000); /* asking is the endpoint's part */
    if (with_byte)
        say_at(e, e->snd, "x");
    else
        say_flags(e, SEG_ACK, e->snd - 1, e->rcv, NULL);
    want(c, "A");
    want_true(s, c->got.len == with_byte && c->got.seq - c->irs == c->rcv - 1, "the probe passes");
    ack_all(c);
    want_eventually(e, "A");
    pass_time(s, 5);
    forget(e);
    want_true(s, e->got.wnd > 0, "the endpoint's window opens");
    e->snd += with_byte;
    say(e, "yyyy");
    want_text(c, "yyyy");
}

void s4_edge_head(struct script *s)
{
    struct peer *c = client(s);
    probed(c, closed_behind_head(c, LARGE0), false);
}

void s4_edge_head_byte(struct script *s)
{
    struct peer *c = client(s);
    probed(c, closed_behind_head(c, LARGE0), true);
}

/* The edge is the end of a chunk's data: framing is next, which must be kept. */
static void edge_chunk(struct script *s, bool with_byte)
{
    struct peer *c = client(s), *e;
    static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    c->wnd = sizeof head - 1 + 8;
    e = with_request(c, GET0);
    pass_time(s, 5);
    forget(e);
    say(e, head);
    want_head(c);
    c->wnd = 0;
    say(e, "5\r\nhello");
    want_text(c, "5\r\nhello");
    want_eventually(e, "A win=0");
    c->wnd = 5000;
    pass_time(s, 5);
    forget(e);
    if (with_byte)
        say(e, "\r");
    else
        say_flags(e, SEG_ACK, e->snd - 1, e->rcv, NULL);
    want(c, "A");
    want_true(s, c->got.len == with_byte, "the probe passes");
    ack_all(c);
    pass_time(s, 5);
    forget(e);
    want_true(s, e->got.wnd > 0, "the endpoint's window opens");
    say(e, with_byte ? "\n0\r\n\r\n" : "\r\n0\r\n\r\n");
    want_text(c, with_byte ? "\n0\r\n\r\n" : "\r\n0\r\n\r\n");
}

void s4_edge_chunk(struct script *s)
{
    edge_chunk(s, false);
}

void s4_edge_chunk_byte(struct script *s)
{
    edge_chunk(s, true);
}

/* A response of ours: the probe is ours as well. */
void s4_edge_adopted(struct script *s)
{
    struct peer *c = client(s), *e;
    c->wnd = 20; /* half of it */
    e = with_request(c, GET0);
    c->auto_ack = false;
    say(e, OK2);
    want_bytes(c, 20);
    c->wnd = 0;
    ack_all(c);
    c->wnd = 5000; /* this update is lost */
    want(c, "A len=1");
    ack_all(c);
    want(c, "A len=19");
}

/* The endpoint has no room behind the request's head. */
void s4_edge_request(struct script *s)
{
    struct peer *c = client(s), *first, *e;
    one_endpoint(s);
    first = with_request(c, POST_HEAD("100000"));
    uint32_t head = first->rcv - 1;
    rst(c, c->snd);
    c = client(s);
    ask(c, POST_HEAD("100000"));
    e = take_syn(s);
    e->wnd = (uint16_t)head;
    accept_syn_of(e);
    e->wnd = 0;
    want_head(e);
    pass_time(s, 5);
    forget(e);
    e->wnd = 5000; /* nobody hears of it */
    forget(c);
    say_flags(c, SEG_ACK, c->snd - 1, c->rcv, NULL);
    want(e, "A len=0");
    ack_all(e);
    pass_time(s, 5);
    say(c, "hello");
    want_text(e, "hello");
}

/* Inside an upload, whose first bytes are `begin`: the endpoint takes 50,000 bytes and has no room for more.
 * The client's probe passes, and it learns of the window by the answer. */
static void upload_closed(struct script *s, const char *head, const char *begin, bool with_byte)
{
    struct peer *c = client(s), *e = with_request(c, head);
    if (*begin) {
        say(c, begin);
        want_text(e, begin);
    }
    uint32_t edge = e->rcv + 65535;
    while (e->rcv < edge && !s->sim.failed) {
        uint32_t n = edge - e->rcv < 1000 ? edge - e->rcv : 1000;
        e->wnd = (uint16_t)(edge - e->rcv - n);
        say_n(c, 'x', n);
        want_bytes(e, n);
    }
    pass_time(s, 5);
    forget(e);
    forget(c);
    want_true(s, c->got.wnd == 0 && c->got.ack == c->iss + c->snd, "the client's window closes");
    e->wnd = 5000; /* nobody hears of it */
    if (with_byte)
        say(c, "x");
    else
        say_flags(c, SEG_ACK, c->snd - 1, c->rcv, NULL);
    want(e, "A");
    want_true(s, e->got.len == with_byte, "the probe passes");
    ack_all(e);
    pass_time(s, 5);
    forget(c);
    want_true(s, c->got.wnd > 0 && c->got.ack == c->iss + c->snd, "the client's window opens");
}

void s4_upload_probe(struct script *s)
{
    upload_closed(s, POST_HEAD("100000"), "", false);
}

void s4_upload_probe_byte(struct script *s)
{
    upload_closed(s, POST_HEAD("100000"), "", true);
}

void s4_upload_probe_chunked(struct script *s)
{
    upload_closed(s, CHUNKED_HEAD, "20000\r\n", true);
}

/* A body that is kept for a retry is cut by the endpoint's window: it comes again from its client. */
void s4_kept_cut(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("2000"));
    uint32_t at = c->snd;
    e->wnd = 700;
    ack_all(e);
    pass_time(s, 5);
    say_n(c, 'x', 1000);
    say_n(c, 'x', 1000);
    for (unsigned i = 0; i < 4; i++) {
        pass_time(s, 5);
        forget(e);
        ack_all(e);
        pass_time(s, 5);
        say_n_at(c, at, 'x', 2000);
    }
    pass_time(s, 5);
    forget(e);
    ack_all(e);
    answer(e, c);
    want_true(s, c->got.ack == c->iss + c->snd, "all of it was taken");
}

/* A window update, then an older segment with a smaller window, which came late. */
void s4_old_window(struct script *s)
{
    struct peer *c = client(s), *e;
    c->wnd = 2000;
    e = with_request(c, GET0);
    begin_large(e, c);
    c->wnd = 5000;
    ack_all(c);
    c->wnd = 500;
    flags(c, SEG_ACK, c->snd - 1, c->rcv);
    c->wnd = 5000;
    pass_time(s, 10);
    say_n(e, 'x', 3000);
    want_bytes(c, 3000);
    want_counter(s, "drop_window", 0);
}

/* ---- a smaller window after a larger ---- */

/* All of n bytes from c reach e, whose window is small: c repeats what was not acked, as TCP does. */
static void push_through(struct peer *c, struct peer *e, uint32_t n)
{
    uint32_t base_c = c->snd, base_e = e->rcv;
    c->snd += n; /* all of it is sent at once into the edge that was shown */
    say_n_at(c, base_c, 'x', n);
    for (unsigned i = 0; e->rcv < base_e + n && i < 500 && !c->sc->sim.failed; i++) {
        pass_time(c->sc, 5);
        forget(e);
        ack_all(e);
        pass_time(c->sc, 5);
        forget(c);
        uint32_t done = e->rcv - base_e;
        say_n_at(c, base_c + done, 'x', n - done < 3000 ? n - done : 3000);
    }
    want_true(c->sc, e->rcv == base_e + n, "all bytes arrive");
}

void s4_smaller_after_larger(struct script *s)
{
    struct peer *c = client(s), *e, *f;
    e = with_request(c, POST_HEAD("50000"));
    push_through(c, e, 50000);
    answer(e, c);
    pass_time(s, 5);
    say(c, "POST / HTTP/1.1\r\nHost: c1.example\r\nContent-Length: 20000\r\n\r\n");
    f = take_syn(s);
    f->wnd = 700;
    accept_syn_of(f);
    want_head(f);
    push_through(c, f, 20000); /* the oracle sees that no edge retreats and none is overrun */
}

/* Pipelined: the second request and its body stand in the window that the first was given. */
void s4_pipelined_smaller(struct script *s)
{
    struct peer *c = client(s), *e, *f;
    e = with_request(c, POST_HEAD("5"));
    uint32_t at = c->snd;
    say(c, "hello"
           "POST / HTTP/1.1\r\nHost: c1.example\r\nContent-Length: 9000\r\n\r\n");
    uint32_t body = c->snd;
    say_n(c, 'x', 9000);
    want_text(e, "hello");
    want_silence(e, 20);
    (void)at;
    answer(e, c);
    f = take_syn(s);
    f->wnd = 500;
    accept_syn_of(f);
    want_head(f);
    for (unsigned i = 0; f->rcv < 9000 && i < 100; i++) {
        pass_time(s, 250); /* those held are ours to repair, should the window cut them */
        forget(f);
        ack_all(f);
    }
    pass_time(s, 50);
    forget(f);
    ack_all(f);
    answer(f, c);
    want_true(s, c->got.ack == c->iss + body + 9000, "all of it was taken, without the client's help");
}

/* ---- S5 ---- */

/* No segment draws more than one ack each way. */
void s5_one_ack_each(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    say_n(c, 'x', 5000);
    want_bytes(e, 5000);
    pass_time(s, 10);
    forget(c);
    forget(e);
    for (unsigned i = 0; i < 20; i++)
        say_n_at(c, 1, 'x', 1000); /* old bytes, whatever they are */
    pass_time(s, 10);
    want_true(s, c->in.n <= 20, "at most one ack for each");
    want_true(s, e->in.n == 0, "nothing to the endpoint");
}

/* A segment that ends one exchange, and so begins the next whose request was held, and repeats bytes of that
 * request: it is acked once. */
void s5_one_ack_held(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    say(c, "GET /next HTTP/1.1\r\nHost: c0.example\r\nX: ");
    say_n(c, 'a', 6000);
    say(c, "\r\n\r\n");
    pass_time(s, 10);
    forget(c);
    say(e, CHUNKED_OK "5\r\nhello\r\n0\r\n\r\n");
    want_head(c);
    want_text(c, "5\r\nhello\r\n0\r\n\r\n");
    say_n_at(c, c->snd - 1004, 'a', 1000);
    want_text(e, "GET /next HTTP/1.1\r\n");
    want(c, "A len=0");
    want_silence(c, 10);
}

/* One segment of an endpoint acks a request, and is its answer: so what is held behind it is acked, the next
 * request is begun, and the client's window opens by that. All of it is told at once, by the answer itself.
 */
void s5_one_ack_next(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e;
    ask(c, GET0);
    e = serve(s);
    e->auto_ack = c->auto_ack = false;
    want_head(e);
    say(c, "GET /next HTTP/1.1\r\nHost: c0.example\r\nX: ");
    say_n(c, 'a', 6000);
    say(c, "\r\n\r\n");
    pass_time(s, 10);
    forget(c);
    say(e, OK2);
    want(c, "A seq=1 len=40");
    want_true(s, c->got.ack == c->iss + c->snd, "the answer acks what is held");
    want_silence(c, 10);
}

/* A client whose window is shut has asked for two things: one whose endpoint's SYN is out, and behind it one
 * that nobody serves. */
static struct peer *two_unanswered(struct script *s, struct peer **c)
{
    one_endpoint(s);
    *c = client(s);
    (*c)->wnd = 0;
    ask(*c, GET0);
    struct peer *e = take_syn(s);
    say(*c, "GET /next HTTP/1.1\r\nHost: nowhere.example\r\nX: ");
    say_n(*c, 'a', 6000);
    say(*c, "\r\n\r\n");
    pass_time(s, 10);
    forget(*c);
    return e;
}

/* Both have their answers with the endpoint's: of them the client can be told no more than that they are
 * acked, and how far its window has opened; once. */
static void both_answered(struct script *s, struct peer *c)
{
    want(c, "A seq=1 len=0");
    want_true(s, c->got.ack == c->iss + c->snd, "all is acked");
    want_silence(c, 10);
    c->wnd = 65535;
    ack_all(c);
    want_text(c, "HTTP/1.1 502 ");
    want_counter(s, "own_replies", 2);
}

void s5_one_ack_refused(struct script *s)
{
    struct peer *c, *e = two_unanswered(s, &c);
    refuse_syn_of(e);
    both_answered(s, c);
}

void s5_one_ack_unreachable(struct script *s)
{
    struct peer *c, *e = two_unanswered(s, &c);
    unreachable(e, 3);
    both_answered(s, c);
}

/* An ack that falls on the edge between head and body belongs to both. */
void s5_ack_on_edge(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    say(e, LARGE0);
    say(e, "hello");
    want_head(c);
    uint32_t edge = c->rcv;
    pass_time(s, 5);
    forget(c);
    forget(e);
    flags(c, SEG_ACK, c->snd, edge);
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + 1 + sizeof LARGE0 - 1, "the head's end, at the endpoint's numbers");
    flags(c, SEG_ACK, c->snd, edge + 2);
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + 1 + sizeof LARGE0 - 1 + 2, "two bytes of body");
}

/* A block from one chunk into the next, over framing that we keep: one block for the endpoint as well. */
void s5_sack_across_edge(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    want_head(c);
    c->auto_ack = false;
    pass_time(s, 5);
    forget(e);
    uint32_t body = c->rcv, body_e = e->snd;
    say(e, "3e8\r\n");
    for (unsigned i = 0; i < 3; i++) {
        say_n(e, 'x', 1000);
        say(e, i < 2 ? "\r\n3e8\r\n" : "\r\n0\r\n\r\n");
    }
    pass_time(s, 5);
    forget(e);
    forget(c);
    flags(c, SEG_ACK, c->snd, body + 500); /* inside the first chunk's data */
    want(e, "A");
    sack(c, body + 500, body + 800, body + 2500);
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + body_e + 500, "a duplicate");
    want_sack(e, body_e + 800, body_e + 2500);
}

/* Of a head that is lost while the body is here, nothing is told the endpoint: we send it again. */
void s5_sack_behind_head(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    pass_time(s, 5);
    begin_large(e, c);
    uint32_t body = c->rcv;
    say_n(e, 'x', 3000);
    pass_time(s, 5);
    forget(e);
    forget(c);
    for (uint32_t i = 1; i <= 3; i++)
        sack(c, 1, body, body + i * 1000);
    want(c, "A seq=1");
    want_true(s, c->got.len == body - 1, "the third duplicate ack draws the head");
    want_silence(e, 20);
    flags(c, SEG_ACK, c->snd, body + 3000);
    want(e, "A len=0");
    want_true(s, e->got.ack == e->iss + e->snd, "then all of it is acked");
}

/* Blocks about what was never sent, or upside down, are not passed on. */
void s5_sack_nonsense(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, GET0);
    c->auto_ack = false;
    begin_large(e, c);
    uint32_t body = c->rcv;
    ack_all(c);
    say_n(e, 'x', 2000);
    pass_time(s, 5);
    forget(e);
    sack(c, body, body + 1000, body + 90000);
    want(e, "A len=0");
    want_true(s, e->got.nsack == 0, "a block beyond what was sent");
    sack(c, body, body + 1500, body + 500);
    want(e, "A len=0");
    want_true(s, e->got.nsack == 0, "a block that ends before it begins");
}

void s4_small_window(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("9000"));
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
    e = with_request(c, GET0);
    char what[80]; /* 4096 is what lacon holds of a head itself; without window scale the field is bytes */
    snprintf(what, sizeof what, "the request's segment shows the client's window, not %u", e->got.wnd);
    want_true(s, e->got.wnd <= 4096, what);
    begin_large(e, c);
}

void s4_zero_window(struct script *s)
{
    struct peer *c = client(s), *e;
    c->wnd = 3000;
    e = with_request(c, GET0);
    say(e, LARGE0);
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
