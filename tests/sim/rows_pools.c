/* Rows about pools that run out: what finds no room waits, and blames nobody. */
#include "tests/sim/rows_all.h"

/* Two slots, six extents: a head and four chunks that the endpoint has not acked take five of them. */
void pool_extents(struct script *s)
{
    s->config->dpdk.connections = 2;
    struct peer *c = client(s), *e;
    open_conn(c);
    say(c, CHUNKED_HEAD);
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
