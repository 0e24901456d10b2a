/* Rows about pools that run out: what finds no room waits, and blames nobody. */
#include "tests/sim/rows/all.h"

/* Two slots, six extents: a head and four chunks that the endpoint has not acked take five of them. */
void pool_extents(struct script *s)
{
    s->config->dpdk.connections = 2;
    struct peer *c = client(s), *e;
    ask(c, CHUNKED_HEAD);
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    for (unsigned i = 0; i < 4; i++) {
        say(c, "1\r\nx\r\n");
        want_text(e, "1\r\nx\r\n");
    }
    say(c, "64\r\nlong"); /* its line is kept, its data copied: two more */
    pass_time(s, 10);
    say_n(c, 'g', 96);
    say(c, "\r\n0\r\n\r\n");
    pass_time(s, 10);
    uint32_t before = e->rcv;
    ack_all(e); /* there is room again */
    pass_time(s, 500);
    forget(c);
    say_n_at(c, c->snd - 7 - 96, 'g', 96); /* what was let go comes again */
    say_at(c, c->snd - 7, "\r\n0\r\n\r\n");
    pass_time(s, 10);
    forget(e);
    want_true(s, e->rcv == before + 4 + 100 + 7, "the endpoint has the whole request");
}

/* An answer that has to wait for extents, with a FIN behind it: it is judged when there is room, not taken
 * for one that was cut short. */
void pool_fin_waits(struct script *s)
{
    static const char answer413[] = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
    s->config->dpdk.connections = 2;
    struct peer *c = client(s), *e;
    ask(c, CHUNKED_HEAD);
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    for (unsigned i = 0; i < 4; i++) {
        say(c, "1\r\nx\r\n");
        want_text(e, "1\r\nx\r\n");
    }
    say_flags(e, SEG_ACK, e->snd, 1, answer413);
    flags(e, SEG_FIN | SEG_ACK, e->snd + (uint32_t)sizeof answer413 - 1, 1);
    pass_time(s, 5);
    want_true(s, counter_of(s, "room_waits") > 0, "the answer waits for room");
    e->snd += (uint32_t)sizeof answer413; /* with the FIN */
    ack_all(e);
    want_text(c, "HTTP/1.1 413 Too Large\r\n");
    want_fin(c);
    want_counter(s, "close_truncated", 0);
}

/* A full table: an idle endpoint conn gives its slot to the next request's. Not the one whose segment is
 * being handled, though it has just become idle and is the first in line. */
void pool_evicts(struct script *s)
{
    struct peer *c, *c2, *e, *e2, *other;
    one_endpoint(s);
    s->config->dpdk.connections = 4;
    s->config->limits.client_connections = 0;
    c = client(s);
    e = with_request(c, GET0);
    c2 = client(s);
    e2 = with_request(c2, GET0);
    answer(e, c);
    answer(e2, c2);
    rst(c2, c2->snd);
    pass_time(s, 5);
    open_conn(client(s)); /* the fourth */
    forget(e);
    forget(e2);
    say(c, GET0 "GET /b HTTP/1.1\r\nHost: c1.example\r\n\r\n");
    want_text(e, "GET / HTTP/1.1\r\n");
    say(e, OK2);
    other = serve(s);
    want_text(other, "GET /b HTTP/1.1\r\n");
    want_eventually(e2, "RA");
    want_counter(s, "close_evicted", 1);
    say(other, OK2);
    want_text(c, OK2 OK2);
    say(c, GET0);
    want_text(e, "GET / HTTP/1.1\r\n");
}
