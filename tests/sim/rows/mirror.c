/* Rows about mirroring: cluster 0's requests are copied to cluster 1. */
#include <string.h>

#include "tests/sim/rows/all.h"

static void mirrored(struct script *s)
{
    one_endpoint(s);
    s->config->route[0].rule[0].mirror = (struct cfg_mirror){.cluster = 1, .percent = 100};
}

/* The endpoint of cluster `which` has lacon's SYN. */
static bool of_cluster(const struct peer *e, unsigned which)
{
    const struct script *s = e->sc;
    return e->host == &s->endpoint_host[2 * which] || e->host == &s->endpoint_host[2 * which + 1];
}

/* Both have the SYN: the request's own endpoint, and the mirror. */
static void take_both(struct script *s, struct peer **e, struct peer **m)
{
    *e = take_syn(s);
    *m = take_syn(s);
    want_true(s, of_cluster(*e, 0) && of_cluster(*m, 1), "one is of each cluster");
    accept_syn_of(*e);
    accept_syn_of(*m);
}

static void want_nothing_left(struct script *s)
{
    pass_time(s, 100);
    want_true(s, lacon_kept(&s->lacon) == 0, "nothing is kept");
    want_true(s, LACON_COUNT(&s->lacon, exchanges_open) == 0, "no exchange is left");
}

/* The copy is closed behind its answer, however long that is; the client sees its own answer alone. */
void mirror_get(struct script *s)
{
    mirrored(s);
    struct peer *c = client(s), *e, *m;
    ask(c, GET0);
    take_both(s, &e, &m);
    want_head(e);
    want_text(m, "GET / HTTP/1.1\r\nHost: c0.example\r\n");
    want_true(s, memmem(m->got.data, m->got.len, "\r\nConnection: close\r\n\r\n", 23) != NULL,
              "it is told to close");
    say(m, "HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\n");
    say_n(m, 'x', 30000);
    answer(e, c);
    want_eventually(m, "A"); /* what it says is acked */
    fin(m);
    want_eventually(m, "FA");
    ack_all(m);
    say(c, GET0); /* and again on the same connections */
    want_head(e);
    answer(e, c);
    want_counter(s, "mirrored", 2);
}

void mirror_body(struct script *s)
{
    mirrored(s);
    struct peer *c = client(s), *e, *m;
    ask(c, POST_HEAD("3000"));
    e = take_syn(s);
    accept_syn_of(e);
    want_head(e);
    say_n(c, 'b', 3000);
    want_bytes(e, 3000);
    m = take_syn(s);
    want_true(s, of_cluster(m, 1), "it is the mirror's");
    accept_syn_of(m);
    want_bytes(m, e->rcv - 1 + (uint32_t)strlen("Connection: close\r\n"));
    fin(m);
    answer(e, c);
    want_eventually(m, "FA");
    ack_all(m);
    want_nothing_left(s);
}

/* It refuses, resets, falls silent: nobody notices. */
void mirror_dead(struct script *s)
{
    mirrored(s);
    s->config->cluster[1].response_timeout_ns = 2 * SEC;
    struct peer *c = client(s), *e, *m;
    ask(c, GET0);
    e = take_syn(s);
    m = take_syn(s);
    accept_syn_of(e);
    refuse_syn_of(m);
    want_head(e);
    answer(e, c);
    say(c, GET0);
    want_head(e);
    m = serve(s);
    rst(m, m->snd);
    answer(e, c);
    say(c, GET0);
    want_head(e);
    m = take_request(s);
    answer(e, c);
    want_eventually(m, "RA");
    want_counter(s, "mirrored", 3);
    want_counter(s, "close_mirror", 1);
    want_nothing_left(s);
}

/* The SYN and the copy are lost: they are repaired as an endpoint's are. */
void mirror_lost(struct script *s)
{
    mirrored(s);
    struct peer *c = client(s), *e, *m;
    ask(c, GET0);
    take_both(s, &e, &m);
    pass_time(s, 20);
    lose(m);
    want_head(e);
    answer(e, c);
    want_eventually(m, "A seq=1");
    want_true(s, m->got.len > 16, "it comes again");
    ack_all(m);
    fin(m);
    want_eventually(m, "FA");
    ack_all(m);
    want_nothing_left(s);
}

/* Too large, or in chunks: the request goes its way alone. */
void mirror_skipped(struct script *s)
{
    mirrored(s);
    s->config->cluster[0].retry_buffer = 1000;
    struct peer *c = client(s), *e;
    e = with_request(c, POST_HEAD("3000"));
    say_n(c, 'b', 3000);
    want_bytes(e, 3000);
    ack_all(e);
    pass_time(s, 10);
    answer(e, c);
    pass_time(s, 10);
    say(c, CHUNKED_HEAD "3\r\nabc\r\n0\r\n\r\n");
    want_head(e);
    want_text(e, "3\r\nabc\r\n0\r\n\r\n");
    pass_time(s, 10);
    answer(e, c);
    want_counter(s, "mirrored", 0);
    want_counter(s, "mirrors_skipped", 2);
}

/* The client goes away before it has its answer: the copy is delivered. */
void mirror_client_gone(struct script *s)
{
    mirrored(s);
    struct peer *c = client(s), *e, *m;
    ask(c, GET0);
    e = take_syn(s);
    m = take_syn(s);
    accept_syn_of(e);
    rst(c, c->snd);
    accept_syn_of(m);
    want_head(m);
    fin(m);
    want_eventually(m, "FA");
    ack_all(m);
    want_nothing_left(s);
}
