/* Rows about S9: what one client's path taught the endpoint's TCP is not let loose on another's. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/rows_all.h"

#define BIG     "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"
#define SEGMENT 1440u /* what lacon tells endpoints to send at most */

/* The pooled conn is an endpoint's that scales windows: a field of 65535 would hide what is shown. */
static struct peer *scaled_endpoint(struct script *s)
{
    struct peer *e = take_syn(s);
    e->wscale = 0;
    accept_syn_of(e);
    return e;
}

static struct peer *fast_client(struct script *s)
{
    struct peer *c = client(s);
    c->wscale = 7;
    open_conn(c);
    return c;
}

/* The right edge that the segment e got last shows, relative as sequence numbers are. */
static uint32_t edge_of(const struct peer *e)
{
    return e->got.ack - e->iss + ((uint32_t)e->got.wnd << 7);
}

/* A whole response too large to be adopted, so that the conn is c's until c has it. */
static void large_response(struct peer *c, struct peer *e)
{
    say(e, BIG);
    say_n(e, 'x', 60000);
    want_head(c);
    want_bytes(c, 60000);
    pass_time(c->sc, 10);
    forget(e);
    forget(c);
}

static void want_edge(struct peer *e, uint32_t lo, uint32_t hi, const char *when)
{
    char what[120];
    snprintf(what, sizeof what, "%s the endpoint may send up to %u, not %u", when, hi, edge_of(e));
    want_true(e->sc, edge_of(e) <= hi && edge_of(e) > lo, what);
}

void s9_ramp(struct script *s)
{
    one_endpoint(s);
    struct peer *fast = fast_client(s);
    say(fast, GET0);
    struct peer *e = scaled_endpoint(s);
    want_head(e);
    large_response(fast, e);

    struct peer *slow = fast_client(s); /* its window is as large; only its path is not */
    say(slow, GET0);
    want_head(e);
    uint32_t base = e->snd;
    want_edge(e, base, base + 10 * SEGMENT, "to begin with,");
    say(e, BIG);
    slow->auto_ack = false;
    want_head(slow);
    say_n(e, 'x', 5000);
    want_bytes(slow, 5000);
    pass_time(s, 10);
    forget(e);
    want_edge(e, base, base + 10 * SEGMENT, "while nothing is acked,");
    ack_all(slow);
    pass_time(s, 10);
    forget(e);
    uint32_t acked = e->got.ack - e->iss - base;
    want_true(s, acked > 5000, "what the client acked is acked");
    want_edge(e, base + 10 * SEGMENT + 5000, base + 10 * SEGMENT + 2 * acked + 128, "after an ack");
}

/* The client that taught it may go on as fast as it did. */
void s9_same_client(struct script *s)
{
    one_endpoint(s);
    struct peer *c = fast_client(s);
    say(c, GET0);
    struct peer *e = scaled_endpoint(s);
    want_head(e);
    large_response(c, e);
    say(c, GET0);
    want_head(e);
    want_edge(e, e->snd + 20 * SEGMENT, UINT32_MAX / 2, "as before,");
}

/* Two conns in the pool: each client gets its own back, also the one that went in first. */
void s9_own_conn(struct script *s)
{
    one_endpoint(s);
    struct peer *c1 = fast_client(s), *c2 = fast_client(s);
    say(c1, GET0);
    struct peer *e1 = scaled_endpoint(s);
    want_head(e1);
    say(c2, GET0);
    struct peer *e2 = scaled_endpoint(s);
    want_head(e2);
    large_response(c1, e1);
    large_response(c2, e2);
    say(c1, GET0);
    want_head(e1);
    say(c2, GET0);
    want_head(e2);
}

/* A client of which nothing is known gets the conn of one that was as far away. */
void s9_rtt_class(struct script *s)
{
    one_endpoint(s);
    struct peer *near = fast_client(s), *far = client(s), *far2 = client(s), *e1, *e2;
    far->wscale = far2->wscale = 7;
    open_slowly(far, 300);
    say(far, GET0);
    e2 = scaled_endpoint(s);
    want_head(e2);
    say(near, GET0);
    e1 = scaled_endpoint(s);
    want_head(e1);
    large_response(far, e2);
    large_response(near, e1); /* the newest of the pool */
    open_slowly(far2, 300);
    say(far2, GET0);
    want_head(e2);
}
