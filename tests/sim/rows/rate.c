/* Rows about the rate at which a client's acks may draw bytes from an endpoint (S5; agent/splice/pace.c). */
#include <stdio.h>

#include "agent/splice/internal.h"
#include "tests/sim/rows/all.h"

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

/* The next request does not get a full bucket: on the same endpoint conn, or on another. */
void s5_rate_kept(struct script *s)
{
    one_endpoint(s);
    s->config->listener[0].max_rate = 100000;
    struct peer *c = client(s);
    c->wscale = 7;
    struct peer *e = with_request(c, GET0);
    say(e, LARGE0);
    uint32_t end = e->snd + 100000;
    want_head(c);
    for (unsigned i = 0; i < 500 && e->snd < end; i++) {
        pass_time(s, 1);
        forget(e);
        forget(c);
        uint32_t n = edge_of(e) > end ? end - e->snd : edge_of(e) - e->snd;
        say_n(e, 'x', n);
        ack_all(c);
    }
    want_true(s, e->snd == end, "the first response fits one second's worth");
    pass_time(s, 10);
    forget(c);
    forget(e);
    say(c, GET0);
    want_head(e);
    say(e, BIG);
    want_head(c);
    want_drawn(e, c, 100, 1000, 60000);
}

/* Clients whose rate is measured. */
static void want_measured(struct script *s, unsigned n, const char *when)
{
    char what[100];
    unsigned is = 0;
    for (unsigned w = 0; w < s->lacon.nworkers; w++) {
        const struct splice *sp = engine_splice(s->lacon.worker[w].engine);
        for (uint32_t i = 0; i < ct_capacity(sp->table); i++) {
            const struct conn *c = ct_obj(sp->table, i);
            is += !conn_is_dead(c) && (c->has & USE_PACE);
        }
    }
    snprintf(what, sizeof what, "%s %u clients' rates are measured, not %u", when, n, is);
    want_true(s, is == n, what);
}

/* A client that was accepted under a large rate, and is not measured yet, is bound by the small one that a
 * reload brings when its next response has brought 4 MiB. */
void s5_rate_reload(struct script *s)
{
    one_endpoint(s);
    s->config->listener[0].max_rate = PACE_LAZY;
    struct peer *c = client(s), *e;
    c->wscale = 7;
    c->wnd = UINT16_MAX;
    e = with_request(c, GET0);
    answer(e, c);
    want_measured(s, 0, "at first");
    s->next_config = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    s->next_config->cluster[0].nendpoint = 1;
    s->next_config->listener[0].max_rate = 100000;
    lacon_reload(&s->lacon, s->next_config, 1);
    say(c, GET0);
    want_head(e);
    say(e, BIG);
    want_head(c);
    draw(e, c, 200);
    want_measured(s, 1, "after the reload");
    want_drawn(e, c, 100, 5000, 20000);
}

/* An endpoint that sends beyond what it was shown gains nothing by sending in order. */
void s5_rate_ignored(struct script *s)
{
    struct peer *c, *e = greedy(s, 100000, &c);
    draw(e, c, 100);
    forget(e);
    uint64_t before = counter_of(s, "forwarded");
    uint32_t room = edge_of(e) - e->snd;
    say_n(e, 'x', 300000);
    pass_time(s, 10);
    want_true(s, counter_of(s, "drop_seq") > 200, "what is beyond the window is dropped");
    /* But for the one that begins at the edge; and draw()'s last was under way. */
    want_true(s, counter_of(s, "forwarded") - before <= room / 1000 + 2, "all of it");
    ack_all(c);
    want(e, "A len=0");
    want_true(s, edge_of(e) < e->snd, "and asked for again");
}
