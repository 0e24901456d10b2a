/* Rows about S13: "packet too big" from either side's path. Segments carry LONG bytes; the path in question
 * takes FITS, which IPv6 takes everywhere. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/rows/all.h"

#define BIG  "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"
#define LONG 1400u
#define FITS 1220u

static uint16_t mtu_for(const struct peer *p)
{
    return (uint16_t)(FITS + (ip_is_v4(&p->local) ? 40 : 60));
}

/* Both are open and c waits for a body of which nothing was sent yet. */
static struct peer *downloading(struct peer *c)
{
    struct peer *e = with_request(c, GET0);
    say(e, BIG);
    want_head(c);
    pass_time(c->sc, 10);
    forget(e);
    return e;
}

/* One long segment of p's stream at `at`. */
static void send_long(struct peer *p, uint32_t at)
{
    char text[LONG + 1];
    memset(text, 'x', LONG);
    text[LONG] = 0;
    say_at(p, at, text);
    if (p->snd < at + LONG)
        p->snd = at + LONG;
}

/* A long segment of `from`, which `to` gets in pieces of `most` at most. */
static void in_pieces(struct peer *from, uint32_t at, struct peer *to, uint32_t most)
{
    uint32_t first = to->rcv;
    char what[80];
    send_long(from, at);
    while (to->rcv < first + LONG && !to->sc->sim.failed) {
        want_eventually(to, "A");
        snprintf(what, sizeof what, "%s got %u bytes in a segment, not %u at most", to->host->name,
                 to->got.len, most);
        want_true(to->sc, to->got.len <= most, what);
    }
}

void s13_client(struct script *s)
{
    struct peer *c1 = client(s), *c2 = client(s), *e1 = downloading(c1), *e2 = downloading(c2);
    uint32_t at = e1->snd, lost = c1->rcv;
    send_long(e1, at);
    pass_time(s, 10);
    icmp_too_big(c1, lost, mtu_for(c1));
    pass_time(s, 10);
    lose(c1);
    in_pieces(e1, at, c1, FITS);
    in_pieces(e2, e2->snd, c2, LONG);
    want_true(s, c2->got.len == LONG, "the other client gets whole segments");
    want_no_error(s, 50);
}

/* The next conn of that client is spared the loss; another address is not its business. */
void s13_remembered(struct script *s)
{
    struct peer *c = client(s), *e = downloading(c);
    uint32_t lost = c->rcv;
    send_long(e, e->snd);
    pass_time(s, 10);
    icmp_too_big(c, lost, mtu_for(c));
    struct peer *again = client(s), *e2 = downloading(again);
    in_pieces(e2, e2->snd, again, FITS);
}

void s13_not_in_flight(struct script *s)
{
    struct peer *c = client(s), *e = downloading(c);
    icmp_too_big(c, c->rcv + 50000, mtu_for(c)); /* never sent */
    icmp_too_big(c, 1, mtu_for(c));              /* acked long ago */
    in_pieces(e, e->snd, c, LONG);
    want_true(s, c->got.len == LONG, "segments are as they were");
}

void s13_endpoint(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    uint32_t at = c->snd, lost = e->rcv;
    pass_time(s, 10);
    forget(e);
    send_long(c, at);
    pass_time(s, 10);
    lose(e);
    icmp_too_big(e, lost, mtu_for(e));
    want_too_big(c, at, mtu_for(c));
    in_pieces(c, at, e, FITS);
    icmp_too_big(e, e->rcv - 1, mtu_for(e)); /* said already */
    want_no_error(s, 50);
}

/* A head that we keep: sent again at once, and cut in the same way each time. */
void s13_kept(struct script *s)
{
    struct peer *c = client(s), *e;
    char head[LONG], first[40];
    int n = snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: c0.example\r\nX-Long: ");
    memset(head + n, 'a', 1300 - (size_t)n);
    memcpy(head + 1300, "\r\n\r\n", 5);
    snprintf(first, sizeof first, "A seq=1 len=%u", FITS);
    ask(c, head);
    e = serve(s);
    e->auto_ack = false;
    want_eventually(e, "A seq=1");
    want_true(s, e->got.len > 1300, "the head comes in one segment");
    icmp_too_big(e, 1, mtu_for(e));
    want_no_error(s, 5);
    e->rcv = 1;
    want(e, first);
    want(e, "A seq=1221");
    say_at(c, 1, head); /* the client has no ack of it, and repeats it */
    want(e, first);
}

/* The path to p swallows what is too big: what p gets of the segments at `at` must be no larger than this. */
static uint32_t hole_fits(const struct peer *p)
{
    return ip_is_v4(&p->local) ? 1024 : 1220;
}

void s13_hole_copied(struct script *s)
{
    struct peer *c = client(s), *e = downloading(c);
    uint32_t at = e->snd, lost = c->rcv;
    for (unsigned i = 0; i < 3; i++) {
        send_long(e, at);
        want(c, "A len=1400");
        c->rcv = lost;
        pass_time(s, 250);
    }
    in_pieces(e, at, c, hole_fits(c)); /* the third repetition */
    ack_all(c);
    pass_time(s, 10);
    in_pieces(e, e->snd, c, hole_fits(c)); /* and what comes after it */
    want_no_error(s, 50);
}

/* Nobody can have an endpoint's segments cut for others by repeating his own in a burst. */
void s13_hole_burst(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    uint32_t at = c->snd, lost = e->rcv;
    pass_time(s, 10);
    forget(e);
    e->auto_ack = false;
    for (unsigned i = 0; i < 10; i++) {
        send_long(c, at);
        want_eventually(e, "A len=1400");
        e->rcv = lost;
    }
}

void s13_hole_kept(struct script *s)
{
    struct peer *c = client(s), *e;
    char head[LONG], cut[40];
    int n = snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: c0.example\r\nX-Long: ");
    memset(head + n, 'a', 1300 - (size_t)n);
    memcpy(head + 1300, "\r\n\r\n", 5);
    ask(c, head);
    e = serve(s);
    e->auto_ack = false;
    want_eventually(e, "A seq=1");
    for (unsigned i = 0; i < 2; i++) {
        e->rcv = 1;
        say_at(c, 1, head); /* the client has no ack of it, and repeats it */
        want(e, "A seq=1");
        want_true(s, e->got.len > 1300, "it is repeated whole");
        pass_time(s, 250);
    }
    e->rcv = 1;
    say_at(c, 1, head);
    snprintf(cut, sizeof cut, "A seq=1 len=%u", hole_fits(e));
    want(e, cut);
}
