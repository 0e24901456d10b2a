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
