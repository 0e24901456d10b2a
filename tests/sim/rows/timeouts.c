/* Rows about the time that a request may take in all, tries and response included. */
#include "tests/sim/rows/all.h"

/* Retries do not make it longer: 3 s for the first try, and 504 when 5 s are over. */
void time_request(struct script *s)
{
    s->config->listener[0].request_timeout_ns = 5 * SEC;
    s->config->cluster[0].response_timeout_ns = 3 * SEC;
    struct peer *c = client(s), *e = with_request(c, GET0), *f;
    uint64_t since = s->sim.now;
    f = take_request(s);
    want_text(c, "HTTP/1.1 504 ");
    want_delay(c, since, 4900, 5010);
    want_eventually(e, "RA");
    want_eventually(f, "RA");
    want_counter(s, "close_request_timeout", 1);
    say(c, GET0); /* the connection stays usable */
    want_head(serve(s));
}

/* The response has begun and goes on: cut off nevertheless, and not to be taken for whole. */
void time_request_response(struct script *s)
{
    s->config->listener[0].request_timeout_ns = 5 * SEC;
    struct peer *c = client(s), *e = with_request(c, GET0);
    begin_large(e, c);
    uint64_t since = s->sim.now;
    for (unsigned i = 0; i < 9; i++) {
        say_n(e, 'x', 1000);
        want_bytes(c, 1000);
        pass_time(s, 500);
    }
    want_eventually(c, "RA");
    want_delay(c, since, 4900, 5010);
    want_eventually(e, "RA");
}

/* A rule's own times come before the listener's and the cluster's. */
void time_of_rule(struct script *s)
{
    s->config->listener[0].request_timeout_ns = 1 * SEC;
    s->config->cluster[0].response_timeout_ns = 100 * SEC;
    s->config->route[0].rule[0].request_timeout_ns = 9 * SEC;
    s->config->route[0].rule[0].response_timeout_ns = 2 * SEC;
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("2") "hi");
    uint64_t since = s->sim.now;
    want_text(c, "HTTP/1.1 504 ");
    want_delay(c, since, 1900, 2100);
    want_eventually(e, "RA");
}

/* A tunnel has no request that could take too long. */
void time_tunnel(struct script *s)
{
    s->config->listener[0].request_timeout_ns = 5 * SEC;
    struct peer *c = client(s),
                *e = with_request(
                    c, "GET / HTTP/1.1\r\nHost: c0.example\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    say(e, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    want_head(c);
    pass_time(s, 10000);
    say(c, "still here");
    want_text(e, "still here");
}
