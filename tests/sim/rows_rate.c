/* Rows about the rate at which a client's acks may draw bytes from an endpoint (S5; agent/splice/pace.c). */
#include <stdio.h>
#include <string.h>

#include "tests/sim/rows_all.h"

#define BIG "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n"

/* A client that acks whatever it is sent at once, of an endpoint that sends whatever it is let. */
static struct peer *greedy(struct script *s, uint64_t max_rate, struct peer **c)
{
    s->config->listener[0].max_rate = max_rate;
    *c = client(s);
    (*c)->wscale = 7;
    struct peer *e = with_request(*c, GET0);
    say(e, BIG);
    want_head(*c);
    return e;
}

/* Right edge that lacon last showed e. */
static uint32_t edge_of(const struct peer *e)
{
    return e->got.ack - e->iss + e->got.wnd;
}

/* For so many ms, e sends what it may and c acks it; returns how far e has come. */
static uint32_t draw(struct peer *e, struct peer *c, unsigned ms)
{
    for (unsigned i = 0; i < ms; i++) {
        pass_time(e->sc, 1);
        forget(e);
        forget(c);
        if (edge_of(e) > e->snd)
            say_n(e, 'x', edge_of(e) - e->snd);
        ack_all(c);
    }
    return e->snd;
}

static void want_drawn(struct peer *e, struct peer *c, unsigned ms, uint32_t lo, uint32_t hi)
{
    char what[100];
    uint32_t from = e->snd, n = draw(e, c, ms) - from;
    snprintf(what, sizeof what, "%u to %u bytes in %u ms, not %u", lo, hi, ms, n);
    want_true(e->sc, n >= lo && n <= hi, what);
}

void s5_rate_cap(struct script *s)
{
    struct peer *c, *e = greedy(s, 100000, &c);
    want_drawn(e, c, 100, 100000, 125000); /* one second in advance */
    want_drawn(e, c, 1000, 90000, 110000);
    pass_time(s, 5000); /* of what was not used, one second's worth is left */
    want_drawn(e, c, 100, 100000, 125000);
}

void s5_rate_off(struct script *s)
{
    struct peer *c, *e = greedy(s, 0, &c);
    want_drawn(e, c, 100, 1000000, 9000000);
}
