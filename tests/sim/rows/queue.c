/* Rows about circuit breakers and the queue before them (agent/exchange/breaker.c, queue.c). */
#include <string.h>

#include "tests/sim/rows/all.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: c0.example\r\n\r\n"

/* One request at a time at the cluster's one endpoint; two may wait, for five seconds. */
static struct cfg_cluster *one_at_a_time(struct script *s)
{
    struct cfg_cluster *c = &s->config->cluster[0];
    one_endpoint(s);
    c->max_requests = 1;
    c->max_pending = 2;
    c->queue_timeout_ns = 5 * SEC;
    return c;
}

static struct peer *asks(struct script *s, const char *request)
{
    struct peer *c = client(s);
    ask(c, request);
    pass_time(s, 10);
    forget(c);
    return c;
}

/* The endpoint conn e answers, which gives the next one room there. */
static void next_of(struct peer *e, struct peer *done, const char *expected)
{
    answer(e, done);
    want_text(e, expected);
}

/* First come, first served, on the one connection; each client's head is acked while it waits. */
void queue_fifo(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, GET("/b")),
                *c = asks(s, GET("/c"));
    want_true(s, b->got.ack == b->iss + b->snd, "what waits is acked");
    want_true(s, s->unclaimed.n == 0, "no connection is opened for it");
    next_of(e, a, "GET /b ");
    next_of(e, b, "GET /c ");
    answer(e, c);
    want_counter(s, "queued", 2);
    want_counter(s, "queue_full", 0);
}

/* A third one that would wait is told at once; its connection stays. */
void queue_full(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *d;
    (void)asks(s, GET("/b"));
    (void)asks(s, GET("/c"));
    d = client(s);
    ask(d, GET("/d"));
    want_text(d, "HTTP/1.1 503 ");
    want_counter(s, "queue_full", 1);
    next_of(e, a, "GET /b ");
    say(d, GET("/d"));
    pass_time(s, 10);
    want_counter(s, "queued", 3);
}

/* Who waits for too long gets 503, the others' order stays. */
void queue_patience(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, GET("/b")), *c;
    uint64_t since = s->sim.now - 10 * MS;
    pass_time(s, 3000);
    c = asks(s, GET("/c"));
    want_text(b, "HTTP/1.1 503 ");
    want_delay(b, since, 4900, 5100);
    want_counter(s, "queue_timeouts", 1);
    next_of(e, a, "GET /c ");
    answer(e, c);
    say(b, GET("/b")); /* its connection is as good as before */
    want_text(e, "GET /b ");
}

/* The request's own time is over first: 504. */
void queue_deadline(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *b;
    (void)with_request(a, GET("/a"));
    s->config->listener[0].request_timeout_ns = 2 * SEC;
    b = asks(s, GET("/b"));
    want_text(b, "HTTP/1.1 504 ");
    want_true(s, s->lacon.last_log.reason == R_CLOSE_REQUEST_TIMEOUT, "the log says why");
}

/* Clients that wait go, by RST and by FIN before their time has come: nobody asks for them, and their places
 * are free. */
void queue_client_gone(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, GET("/b")),
                *c = asks(s, GET("/c")), *d;
    rst(b, b->snd);
    pass_time(s, 10);
    d = asks(s, GET("/d"));
    want_counter(s, "queue_full", 0);
    fin(c); /* it still wants its answer */
    next_of(e, a, "GET /c ");
    say(e, OK2);
    want_text(c, "HTTP/1.1 200 OK\r\n");
    want_text(e, "GET /d ");
    answer(e, d);
}

/* One that can no longer become whole does not wait for its turn, and no endpoint sees it. */
void queue_truncated(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, POST_HEAD("10") "abc"),
                *c = asks(s, POST_HEAD("3") "abc");
    fin(b);
    fin(c);
    want_eventually(b, "RA");
    want_true(s, s->lacon.last_log.status == 400, "it is logged as a bad one");
    want_counter(s, "waiting", 1);
    next_of(e, a, "POST / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: 3\r\n");
    say(e, OK2);
    want_text(c, "HTTP/1.1 200 OK\r\n");
}

/* The first in the queue goes in the very moment in which room is made for it. */
void queue_head_gone(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, GET("/b")),
                *c = asks(s, GET("/c"));
    want_counter(s, "waiting", 2);
    say(e, OK2);
    rst(b, b->snd);
    want_text(a, OK2);
    pass_time(s, 10);
    want_counter(s, "waiting", 0);
    forget_unclaimed(s);
    want_counter(s, "clients_open", 2);
    (void)c;
}

/* The one who has the room is reset, not answered: its endpoint conn is gone, the next one gets a new one. */
void queue_holder_reset(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, GET("/b")), *f;
    rst(a, a->snd);
    want_eventually(e, "RA");
    f = serve(s);
    want_text(f, "GET /b ");
    answer(f, b);
}

/* The endpoint dies under the one who has the room: it gets its 502, the next one its turn. */
void queue_endpoint_dies(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, GET("/b")), *f;
    pass_time(s, 10);
    rst(e, e->snd);
    want_text(a, "HTTP/1.1 502 ");
    f = serve(s);
    want_text(f, "GET /b ");
    answer(f, b);
}

/* A body that goes on arriving while its request waits: as much as the window allows, then it shuts; all of
 * it gets to the endpoint. */
void queue_body(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, POST_HEAD("60000"));
    uint32_t head = b->snd;
    while (b->got.wnd >= 1000 && b->snd < 60000) {
        say_n(b, 'x', 1000);
        pass_time(s, 10);
        forget(b);
    }
    want_true(s, b->snd > 20000 && b->snd < 40000, "the window shuts");
    b->snd = b->got.ack - b->iss; /* what was beyond the window comes again */
    answer(e, a);
    want_head(e);
    const uint8_t *end = memmem(e->got.data, e->got.len, "\r\n\r\n", 4);
    uint32_t here =
        end ? e->got.len - (uint32_t)(end + 4 - e->got.data) : 0; /* of the body, behind the head */
    want_bytes(e, b->snd - head - here);
    pass_time(s, 50);
    forget(b);
    uint32_t rest = 60000 - (b->snd - head);
    say_n(b, 'x', rest);
    want_bytes(e, rest);
}

/* Two pipelined requests: the second one queues up for itself, behind another client. */
void queue_pipelined(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *e = with_request(a, GET("/a") GET("/a2")), *b = asks(s, GET("/b"));
    answer(e, a);
    want_text(e, "GET /b ");
    answer(e, b);
    want_text(e, "GET /a2 ");
    answer(e, a);
}

/* What comes again with other bytes while it waits is too late: the first that came is what is asked (S1). */
void queue_other_bytes(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, GET("/b"));
    say_at(b, 1, GET("/x"));
    next_of(e, a, "GET /b ");
    say(e, OK2);
    want_eventually(b, "A len=40");
}

/* An endpoint's own limit: the other one is asked; then there is nobody. */
void breaker_of_endpoint(struct script *s)
{
    struct cfg_cluster *k = &s->config->cluster[0];
    k->endpoint[0].max_requests = k->endpoint[1].max_requests = 1;
    k->max_pending = 1;
    k->queue_timeout_ns = 5 * SEC;
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = client(s),
                *f = with_request(b, GET("/b")), *c;
    want_true(s, e->host != f->host, "each has one");
    c = asks(s, GET("/c"));
    want_true(s, s->unclaimed.n == 0, "nobody has room");
    answer(f, b);
    want_text(f, "GET /c ");
    answer(f, c);
}

/* Full is no reason to ask one that is down. */
void breaker_down_not_asked(struct script *s)
{
    struct cfg_cluster *k = &s->config->cluster[0];
    k->endpoint[0].max_requests = k->endpoint[1].max_requests = 1;
    k->max_pending = 1;
    k->queue_timeout_ns = 5 * SEC;
    struct peer *a = client(s), *e, *f;
    ask(a, GET("/a"));
    e = take_syn(s);
    refuse_syn_of(e);
    f = serve(s);
    want_text(f, "GET /a ");
    (void)asks(s, GET("/b"));
    want_true(s, s->unclaimed.n == 0, "the one that refused is left alone");
    want_counter(s, "queued", 1);
}

/* Who waits gets the endpoint that is not down any more, though nothing else happens. */
void queue_forgiven(struct script *s)
{
    struct cfg_cluster *k = &s->config->cluster[0];
    k->endpoint[0].max_requests = k->endpoint[1].max_requests = 1;
    k->max_pending = 1;
    k->queue_timeout_ns = 30 * SEC;
    struct peer *a = client(s), *b, *e, *f;
    ask(a, GET("/a"));
    e = take_syn(s);
    refuse_syn_of(e);
    want_text(serve(s), "GET /a ");
    uint64_t since = s->sim.now;
    b = asks(s, GET("/b"));
    f = take_syn(s);
    want_true(s, f->host == e->host, "the one that refused before");
    want_true(s, s->sim.now - since > 4900 * MS && s->sim.now - since < 5200 * MS,
              "as soon as it may be asked");
    accept_syn_of(f);
    want_text(f, "GET /b ");
    answer(f, b);
}

/* Connections count while they are idle: a client of another kind (another profile) gets one when the idle
 * one has been closed for it. */
void breaker_connections(struct script *s)
{
    struct cfg_cluster *k = &s->config->cluster[0];
    one_endpoint(s);
    k->endpoint[0].max_connections = 1;
    k->max_pending = 1;
    k->queue_timeout_ns = 5 * SEC;
    struct peer *a = client(s), *e = pooled(a), *b = client(s), *f, *c;
    b->mss = 800;
    ask(b, GET("/b"));
    want_eventually(e, "RA");
    f = serve(s);
    want_text(f, "GET /b ");
    c = asks(s, GET("/c"));
    want_counter(s, "endpoints_open", 1);
    answer(f, b);
    f = serve(s); /* of c's kind again */
    want_text(f, "GET /c ");
    answer(f, c);
    pass_time(s, 10);
    want_counter(s, "endpoints_open", 1);
}

/* The cluster's connections, over both endpoints. */
void breaker_cluster_connections(struct script *s)
{
    struct cfg_cluster *k = &s->config->cluster[0];
    k->max_connections = 1;
    k->max_pending = 1;
    k->queue_timeout_ns = 5 * SEC;
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, GET("/b"));
    want_true(s, s->unclaimed.n == 0, "no second connection");
    answer(e, a);
    want_eventually(e, "FA"); /* none is kept idle: the share of each endpoint is none */
    fin(e);
    want_text(serve(s), "GET /b ");
    (void)b;
}

/* Nothing is tried again when so many retries are in flight. */
void breaker_retries(struct script *s)
{
    s->config->cluster[0].max_retries = 1;
    struct peer *a = client(s), *b = client(s), *e = with_request(a, GET("/a"));
    pass_time(s, 10);
    rst(e, e->snd);
    take_request(s);
    e = with_request(b, GET("/b"));
    pass_time(s, 10);
    rst(e, e->snd);
    want_text(b, "HTTP/1.1 502 ");
    want_counter(s, "retries_refused", 1);
}

/* A connection of protocol tcp waits like a request; one that has waited too long is reset. */
void queue_tcp(struct script *s)
{
    struct cfg_cluster *k = one_at_a_time(s);
    s->config->listener[0].protocol = CFG_TCP;
    s->config->listener[0].cluster = 0;
    k->max_pending = 2;
    struct peer *a = client(s), *b = client(s), *c = client(s), *e, *f;
    open_conn(a);
    e = serve(s);
    say(a, "hello");
    want_text(e, "hello");
    ask(b, "second");
    pass_time(s, 3000);
    open_conn(c);
    pass_time(s, 10);
    want_true(s, s->unclaimed.n == 0, "one at a time");
    forget(b);
    want_eventually(b, "RA");
    want_counter(s, "queue_timeouts", 1);
    rst(a, a->snd);
    f = serve(s);
    say(c, "third");
    want_text(f, "third");
}

/* A reload while somebody waits: he waits under the configuration that he began under. */
void queue_reload(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, GET("/b")), *c;
    s->next_config = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    s->config->admin.drain_timeout_ns = s->next_config->admin.drain_timeout_ns = 3600 * SEC;
    struct cfg_cluster *k = &s->next_config->cluster[0];
    k->nendpoint = 1;
    k->max_requests = 1;
    k->max_pending = 2;
    k->queue_timeout_ns = 5 * SEC;
    lacon_reload(&s->lacon, s->next_config, 1);
    c = asks(s, GET("/c"));
    want_true(s, s->unclaimed.n == 0, "what was in use before counts");
    next_of(e, a, "GET /b ");
    next_of(e, b, "GET /c ");
    answer(e, c);
    pass_time(s, 10);
    want_true(s, lacon_collect(&s->lacon) == 1, "the old generation is free");
}

/* A configuration that raises what the cluster, or its endpoint, may have: who waits is let in at once, also
 * when he waits under the one before, and when there are no limits any more. */
struct most {
    uint32_t of_cluster, of_endpoint; /* requests; 0: any */
};

static void raised(struct script *s, struct most before, struct most after)
{
    one_at_a_time(s)->max_requests = before.of_cluster;
    s->config->cluster[0].endpoint[0].max_requests = before.of_endpoint;
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, GET("/b")), *f;
    want_counter(s, "waiting", 1);
    s->next_config = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    struct cfg_cluster *k = &s->next_config->cluster[0];
    k->nendpoint = 1;
    k->max_requests = after.of_cluster;
    k->endpoint[0].max_requests = after.of_endpoint;
    lacon_reload(&s->lacon, s->next_config, 1);
    f = serve(s);
    want_text(f, "GET /b ");
    want_counter(s, "waiting", 0);
    answer(f, b);
    answer(e, a);
    pass_time(s, 10);
    want_true(s, lacon_collect(&s->lacon) == 1, "the old generation is free");
}

void queue_reload_raised(struct script *s)
{
    raised(s, (struct most){1, 9}, (struct most){2, 9});
}

void queue_reload_raised_endpoint(struct script *s)
{
    raised(s, (struct most){9, 1}, (struct most){9, 2});
}

void queue_reload_unlimited(struct script *s)
{
    raised(s, (struct most){1, 1}, (struct most){0, 0});
}

/* All of an old configuration is cut off at once, who waits under it too: nothing of it is asked for room
 * afterwards. */
void queue_reload_patience(struct script *s)
{
    one_at_a_time(s)->queue_timeout_ns = 60 * SEC;
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, GET("/b"));
    s->next_config = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    s->next_config->admin.drain_timeout_ns = 5 * SEC;
    s->next_config->cluster[0].max_requests = 1;
    lacon_reload(&s->lacon, s->next_config, 1);
    want_eventually(a, "RA");
    want_eventually(b, "RA");
    want_eventually(e, "RA");
    pass_time(s, 10);
    want_true(s, lacon_collect(&s->lacon) == 1, "the old generation is free");
    want_counter(s, "waiting", 0);
    say(e = with_request(client(s), GET0), OK2);
}

/* A client that has said FIN while it waits, and is answered by lacon itself when its turn comes, is closed
 * behind the answer. */
void queue_fin_answered(struct script *s)
{
    one_at_a_time(s);
    struct peer *a = client(s), *e = with_request(a, GET("/a")), *b = asks(s, GET("/b"));
    struct cfg_cluster *k = &s->config->cluster[0];
    fin(b);
    pass_time(s, 10);
    roster_lock(s->lacon.roster);
    struct roster_entry *at = roster_find(s->lacon.roster, k->name, &k->endpoint[0].at);
    roster_unlock(s->lacon.roster);
    roster_set_drained(s->lacon.roster, at, true, s->sim.now);
    answer(e, a);
    want_text(b, "HTTP/1.1 503 ");
    uint64_t since = s->sim.now;
    want_eventually(b, "FA");
    want_delay(b, since, 0, 100);
}
