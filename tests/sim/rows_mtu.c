/* Rows about S13: "packet too big" from either side's path. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/rows_all.h"

#define BIG "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"

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

/* 1000 bytes of e's stream at `at`, which c gets in pieces of `most` at most. */
static void in_pieces(struct peer *e, uint32_t at, struct peer *c, uint32_t most)
{
    uint32_t snd = e->snd, from = c->rcv;
    char what[80];
    e->snd = at;
    say_n(e, 'x', 1000);
    e->snd = snd > at + 1000 ? snd : at + 1000;
    while (c->rcv < from + 1000 && !c->sc->sim.failed) {
        want_eventually(c, "A");
        snprintf(what, sizeof what, "%s got %u bytes in a segment, not %u at most", c->host->name, c->got.len,
                 most);
        want_true(c->sc, c->got.len <= most, what);
    }
}

void s13_client(struct script *s)
{
    struct peer *c1 = client(s), *c2 = client(s), *e1 = downloading(c1), *e2 = downloading(c2);
    uint32_t at = e1->snd, lost = c1->rcv;
    say_n(e1, 'x', 1000);
    pass_time(s, 10);
    icmp_too_big(c1, lost, 800);
    pass_time(s, 10);
    lose(c1);
    in_pieces(e1, at, c1, 760);
    in_pieces(e2, e2->snd, c2, 1000);
    want_true(s, c2->got.len == 1000, "the other client gets whole segments");
    want_no_error(s, 50);
}

/* The next conn of that client is spared the loss; another address is not its business. */
void s13_remembered(struct script *s)
{
    struct peer *c = client(s), *e = downloading(c);
    uint32_t lost = c->rcv;
    say_n(e, 'x', 1000);
    pass_time(s, 10);
    icmp_too_big(c, lost, 800);
    struct peer *again = client(s), *e2 = downloading(again);
    in_pieces(e2, e2->snd, again, 760);
}

void s13_not_in_flight(struct script *s)
{
    struct peer *c = client(s), *e = downloading(c);
    icmp_too_big(c, c->rcv + 50000, 800); /* never sent */
    icmp_too_big(c, 1, 800);              /* acked long ago */
    in_pieces(e, e->snd, c, 1000);
    want_true(s, c->got.len == 1000, "segments are as they were");
}

void s13_endpoint(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    uint32_t at = c->snd, lost = e->rcv;
    pass_time(s, 10);
    forget(e);
    say_n(c, 'x', 1000);
    pass_time(s, 10);
    lose(e);
    icmp_too_big(e, lost, 800);
    want_too_big(c, at, 800);
    in_pieces(c, at, e, 760);
    icmp_too_big(e, e->rcv - 1, 800); /* said already, in effect */
    want_no_error(s, 50);
}

/* A head that we keep: sent again at once, and cut in the same way each time. */
void s13_kept(struct script *s)
{
    struct peer *c = client(s), *e;
    char head[1400];
    int n = snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: c0.example\r\nX-Long: ");
    memset(head + n, 'a', 1200 - (size_t)n);
    memcpy(head + 1200, "\r\n\r\n", 5);
    open_conn(c);
    say_at(c, 1, head);
    c->snd += 1204;
    e = serve(s);
    e->auto_ack = false;
    want_eventually(e, "A seq=1");
    uint32_t whole = e->got.len;
    want_true(s, whole > 1204, "the head comes in one segment");
    icmp_too_big(e, 1, 800);
    want_no_error(s, 5);
    e->rcv = 1;
    want(e, "A seq=1 len=760");
    want(e, "A seq=761");
    say_at(c, 1, head); /* the client has no ack of it, and repeats it */
    want(e, "A seq=1 len=760");
}
