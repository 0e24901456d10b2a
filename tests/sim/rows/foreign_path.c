/* Rows about S9: what one client's path taught the endpoint's TCP is not let loose on another's. */
#include <stdio.h>

#include "tests/sim/rows/all.h"

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

/* A large response of which the endpoint sends a part twice, as after a loss. */
static void lossy_response(struct peer *c, struct peer *e)
{
    say(e, BIG);
    say_n(e, 'x', 30000);
    say_n_at(e, e->snd - 1000, 'x', 1000);
    say_n(e, 'x', 30000);
    want_head(c);
    want_bytes(c, 60000);
    pass_time(c->sc, 10);
    forget(e);
    forget(c);
    want_counter(c->sc, "endpoints_idle", 1);
}

static struct peer *lossy_conn(struct peer *c)
{
    say(c, GET0);
    struct peer *e = scaled_endpoint(c->sc);
    want_head(e);
    lossy_response(c, e);
    return e;
}

/* A congestion window that one client's losses have made small is nobody else's: its own client goes on with
 * it, another gets a new conn. */
void s9_lossy(struct script *s)
{
    one_endpoint(s);
    struct peer *c1 = fast_client(s), *c2 = fast_client(s), *e1 = lossy_conn(c1), *e2;
    say(c2, GET0);
    e2 = scaled_endpoint(s);
    want_head(e2);
    say(c1, GET0);
    want_head(e1);
}

/* Whoever can make an endpoint send again, and any client can, does not fill the pool with what nobody else
 * may use. */
void s9_lossy_share(struct script *s)
{
    one_endpoint(s);
    s->config->cluster[0].pool_size = 2;
    struct peer *c1 = fast_client(s), *c2 = fast_client(s), *c3 = fast_client(s), *e2, *e3;
    (void)lossy_conn(c1);
    e2 = lossy_conn(c2);
    say(c3, GET0);
    e3 = scaled_endpoint(s);
    want_head(e3);
    large_response(c3, e3);
    want_counter(s, "endpoints_idle", 2);
    say(c3, GET0);
    want_head(e3);
    want_counter(s, "pool_hits", 1);
    ack_all(e2);
}

/* When its client ends, so does it. */
void s9_lossy_ends(struct script *s)
{
    one_endpoint(s);
    struct peer *c = fast_client(s), *e = lossy_conn(c);
    want_silence(e, 100);
    fin(c);
    want_eventually(c, "FA");
    ack_all(c);
    want(e, "FA");
    want_counter(s, "endpoints_idle", 0);
}

/* Likewise when its client is given another conn. */
void s9_lossy_left(struct script *s)
{
    one_endpoint(s);
    struct peer *c = fast_client(s), *e = lossy_conn(c);
    say(c, "GET / HTTP/1.1\r\nHost: c1.example\r\n\r\n");
    want(e, "FA");
    want_head(scaled_endpoint(s));
    want_counter(s, "endpoints_idle", 0);
}

/* Its client went while the response was on its way: nobody can want the conn. */
void s9_lossy_late(struct script *s)
{
    one_endpoint(s);
    struct peer *c = fast_client(s), *e;
    say(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nConnection: close\r\n\r\n");
    e = scaled_endpoint(s);
    want_head(e);
    say(e, BIG);
    say_n(e, 'x', 30000);
    say_n_at(e, e->snd - 1000, 'x', 1000);
    say_n(e, 'x', 30000);
    want_head(c);
    want_bytes(c, 60000);
    want_eventually(e, "FA");
    want_counter(s, "endpoints_idle", 0);
}

/* What a near client taught the endpoint is wrong for a far one: it gets a new conn. */
void s9_not_nearer(struct script *s)
{
    one_endpoint(s);
    struct peer *near = fast_client(s), *far = client(s), *e;
    say(near, GET0);
    e = scaled_endpoint(s);
    want_head(e);
    large_response(near, e);
    open_slowly(far, 20);
    say(far, GET0);
    want_head(serve(s));
    say(near, GET0);
    want_head(e);
}

/* Toward a far client an endpoint is to take no round-trip time from our handshake: it sends its SYN-ACK
 * twice (Karn). The second is not answered; a third, whose sender has not heard our ack, is. */
void s9_syn_twin(struct script *s)
{
    struct peer *c = client(s), *e;
    open_slowly(c, 20);
    say(c, GET0);
    e = take_syn(s);
    want(e, "S seq=0");
    want_silence(e, 50);
    accept_syn_of(e);
    accept_syn_of(e);
    want_head(e);
    want_silence(e, 50);
    accept_syn_of(e);
    want(e, "A len=0");
}

void s9_syn_single(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, GET0);
    e = take_syn(s);
    want_silence(e, 50);
    accept_syn_of(e);
    want_head(e);
    pass_time(s, 600);
    accept_syn_of(e);
    want(e, "A len=0");
}

/* One of the two SYNs was lost: the next SYN-ACK is from an endpoint that has not heard our ack. */
void s9_syn_twin_lost(struct script *s)
{
    struct peer *c = client(s), *e;
    open_slowly(c, 20);
    say(c, GET0);
    e = take_syn(s);
    want(e, "S seq=0");
    accept_syn_of(e);
    want_head(e);
    pass_time(s, 1000);
    forget(e);
    accept_syn_of(e);
    want(e, "A len=0");
}
