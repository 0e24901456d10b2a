/* Rows about slow clients: minimum rates of requests and of reading, judged only while it is the client who
 * is waited for. */
#include "tests/sim/rows/all.h"
#include "tests/sim/rows/crowd.h"

#define UPGRADE   "GET / HTTP/1.1\r\nHost: c0.example\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"

/* ---- requests ---- */

/* 240 bytes a second over 20 s. */
static struct peer *hurried(struct script *s)
{
    s->config->listener[0].min_request_rate = s->config->listener[0].min_response_rate = 240;
    return client(s);
}

/* n bytes every `ms`, as often as `times`. */
static void trickle(struct peer *p, uint32_t n, unsigned ms, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        say_n(p, 'a', n);
        pass_time(p->sc, ms);
    }
}

void d_slow_head(struct script *s)
{
    struct peer *c = hurried(s);
    ask(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
    trickle(c, 100, 1000, 26); /* 100 B/s */
    want_text(c, "HTTP/1.1 408 ");
    want_eventually(c, "FA");
    fin(c);
    pass_time(s, 10);
    want_counter(s, "close_slow_request", 1);
}

void d_head_fast_enough(struct script *s)
{
    struct peer *c = hurried(s), *e;
    ask(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
    trickle(c, 300, 1000, 60);
    say(c, "\r\n\r\n");
    e = take_request(s);
    answer(e, c);
    want_counter(s, "close_slow_request", 0);
}

/* Takes what comes, so that it is acked and the window stays open. */
static void drain(struct peer *p)
{
    while (p->in.n && !p->sc->sim.failed)
        want_eventually(p, "A");
    ack_all(p);
}

void d_slow_body(struct script *s)
{
    struct peer *c = hurried(s), *e = with_request(c, POST_HEAD("100000"));
    for (unsigned i = 0; i < 30 && !counter_of(s, "close_slow_request"); i++) {
        say_n(c, 'a', 100);
        pass_time(s, 1000);
        if (!counter_of(s, "close_slow_request"))
            drain(e);
    }
    want_counter(s, "close_slow_request", 1);
    want_text(c, "HTTP/1.1 408 ");
    want_eventually(e, "RA");
}

/* The end of the body sent ahead, the rest in drops: nobody is waited for but the client. */
void d_slow_body_gap(struct script *s)
{
    struct peer *c = hurried(s), *e = with_request(c, POST_HEAD("10000"));
    e->sack = false;
    say_at(c, c->snd + 9999, "z");
    for (unsigned i = 0; i < 40 && !counter_of(s, "close_slow_request"); i++) {
        say_n(c, 'a', 20);
        pass_time(s, 1000);
        if (!counter_of(s, "close_slow_request"))
            drain(e);
    }
    want_counter(s, "close_slow_request", 1);
}

/* An endpoint that takes nothing presses back on the client: it is not the client who is slow. */
void d_body_pressed_back(struct script *s)
{
    struct peer *c = hurried(s), *e = with_request(c, POST_HEAD("3000"));
    e->wnd = 0;
    say_n(c, 'a', 1000);
    want_bytes(e, 1000);
    pass_time(s, 100000);
    want_counter(s, "close_slow_request", 0);
    e->wnd = 65535;
    ack_all(e);
    pass_time(s, 10);
    say_n(c, 'a', 2000);
    want_bytes(e, 2000);
    answer(e, c);
}

/* A client that waits, for a head or for drops of a body, is not slow. */
void d_slow_endpoint(struct script *s)
{
    struct peer *c = hurried(s), *e = with_request(c, GET0);
    pass_time(s, 100000);
    begin_large(e, c);
    for (unsigned i = 0; i < 60; i++) {
        say_n(e, 'x', 10);
        want_bytes(c, 10);
        pass_time(s, 1000);
    }
    want_counter(s, "close_slow_reader", 0);
    want_counter(s, "close_slow_request", 0);
    say_n(e, 'x', 1000);
    want_bytes(c, 1000);
}

/* c is silent, without blame for so many ms, and is told that it is slow before so many more are over. */
static void want_blame(struct peer *c, unsigned none_ms, unsigned more_ms)
{
    pass_time(c->sc, none_ms);
    want_counter(c->sc, "close_slow_request", 0);
    pass_time(c->sc, more_ms);
    want_counter(c->sc, "close_slow_request", 1);
    want_text(c, "HTTP/1.1 408 ");
}

/* The edge shown inside a chunked request stands when that ends: of the next one, more arrives than can be
 * held. *refused: where what is dropped begins, or a little before. The endpoint that the first one is at. */
static struct peer *behind_chunks(struct peer *c, uint32_t *refused)
{
    struct peer *e = with_request(c, CHUNKED_HEAD);
    say(c, "5\r\nhello\r\n0\r\n\r\n");
    want_text(e, "5\r\nhello\r\n0\r\n\r\n");
    say(c, POST_HEAD("60000"));
    *refused = c->snd + 30000;
    say_n(c, 'a', 40000);
    pass_time(c->sc, 100);
    want_true(c->sc, counter_of(c->sc, "drop_horizon") > 0, "not all could be held");
    return e;
}

static void serve_first(struct peer *c, struct peer *e)
{
    answer(e, c);
    want_head(e);
    want_bytes(e, 30000);
}

/* Its TCP backs off, for up to two minutes, and is not to blame; after them it is. */
void d_refused_backs_off(struct script *s)
{
    uint32_t refused;
    one_endpoint(s);
    struct peer *c = hurried(s), *e = behind_chunks(c, &refused);
    serve_first(c, e);
    pass_time(s, 10);
    drain(e);
    want_blame(c, 100000, 60000);
}

/* The response before takes minutes, and what comes again meanwhile is refused again. That is no time of the
 * client's, who looks for room once more within the time that its TCP may back off. */
void d_refused_while_waiting(struct script *s)
{
    uint32_t refused;
    one_endpoint(s);
    s->config->listener[0].stall_timeout_ns = s->config->cluster[0].response_timeout_ns = 3600 * SEC;
    struct peer *c = hurried(s), *e = behind_chunks(c, &refused);
    for (unsigned i = 0; i < 5; i++) {
        pass_time(s, 60000);
        say_n_at(c, refused, 'a', 5000);
    }
    serve_first(c, e);
    pass_time(s, 10);
    drain(e);
    pass_time(s, 55000);
    want_counter(s, "own_replies", 0);
    say_n_at(c, refused, 'a', 5000);
    want_bytes(e, 2000);
}

/* When what was refused has come again nothing is excused any more. */
void d_refused_came(struct script *s)
{
    uint32_t refused;
    one_endpoint(s);
    struct peer *c = hurried(s), *e = behind_chunks(c, &refused);
    serve_first(c, e);
    pass_time(s, 3000);
    c->snd = refused;
    say_n(c, 'a', 5000);
    drain(e);
    for (unsigned i = 0; i < 45 && !counter_of(s, "close_slow_request"); i++) {
        drain(e);
        trickle(c, 10, 1000, 1);
    }
    want_counter(s, "close_slow_request", 1); /* at the end of the first whole period */
}

/* What was refused comes again after so long, and is acked, once. The endpoint. */
static struct peer *came_after(struct peer *c, unsigned ms)
{
    uint32_t refused;
    struct peer *e = behind_chunks(c, &refused);
    serve_first(c, e);
    pass_time(c->sc, 10);
    drain(e);
    pass_time(c->sc, ms);
    e->auto_ack = false;
    say_n_at(c, refused, 'a', 5000);
    pass_time(c->sc, 10);
    want_true(c->sc, e->in.n > 1, "some of it is taken");
    drain(e);
    return e;
}

/* The client has not got the ack of what it has sent again, and its TCP is silent for twice as long as
 * before, without blame. After that it is to blame. */
void d_refused_ack_lost(struct script *s)
{
    one_endpoint(s);
    struct peer *c = hurried(s);
    (void)came_after(c, 40000);
    lose(c);
    want_blame(c, 80000, 30000);
}

/* It has got that ack: it sends what is behind those bytes. From then on it has to be fast enough. */
void d_refused_beyond(struct script *s)
{
    one_endpoint(s);
    struct peer *c = hurried(s), *e = came_after(c, 50000);
    say_n_at(c, c->snd - 6000, 'a', 6000);
    drain(e);
    for (unsigned i = 0; i < 50 && !counter_of(s, "close_slow_request"); i++) {
        drain(e);
        trickle(c, 10, 1000, 1);
    }
    want_counter(s, "close_slow_request", 1); /* the first period had the 6000 bytes */
}

/* What a client was shown before it had an endpoint stands: more of its body comes than the endpoint has room
 * for. What lacon drops of that is for the client's TCP to send again in its own time, as before. */
static struct peer *beyond_window(struct peer *c)
{
    struct peer *e = with_request(c, POST_HEAD("60000"));
    say_n(c, 'a', 1000);
    e->wnd = 2000;
    want_bytes(e, 1000);
    pass_time(c->sc, 10);
    say_n(c, 'a', 20000);
    pass_time(c->sc, 10);
    want_true(c->sc, counter_of(c->sc, "drop_window") > 0, "the endpoint had not room for all");
    return e;
}

void d_window_backs_off(struct script *s)
{
    struct peer *c = hurried(s), *e = beyond_window(c);
    e->wnd = 65535;
    want_bytes(e, 2000);
    drain(e);
    want_blame(c, 100000, 60000);
}

/* The endpoint takes minutes to make room, and what comes again meanwhile is refused again. That is no time
 * of the client's. */
void d_window_again(struct script *s)
{
    struct peer *c, *e;
    s->config->listener[0].stall_timeout_ns = s->config->cluster[0].response_timeout_ns = 3600 * SEC;
    c = hurried(s);
    e = beyond_window(c);
    e->wnd = 0;
    want_bytes(e, 2000);
    for (unsigned i = 0; i < 3; i++) {
        pass_time(s, 100000);
        say_n_at(c, c->snd - 18000, 'a', 1000);
    }
    e->wnd = 65535;
    ack_all(e);
    pass_time(s, 100000);
    want_counter(s, "close_slow_request", 0);
    want_counter(s, "close_overload", 0);
    say_n_at(c, c->snd - 18000, 'a', 1000);
    want_bytes(e, 1000);
    for (unsigned i = 0; i < 45 && !counter_of(s, "close_slow_request"); i++) {
        drain(e);
        say_n_at(c, c->snd - 17000 + 10 * i, 'a', 10);
        pass_time(s, 1000);
    }
    want_counter(s, "close_slow_request", 1); /* what was refused has come */
}

static void large_head(struct peer *c, uint32_t n)
{
    say(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
    say_n(c, 'a', n - 38);
}

/* A head fills its buffer, and the pool is short of a larger one. What comes next has no room, and reaches
 * beyond what could be held besides, as the client was shown more before: these are the same bytes each time.
 */
void d_refused_across(struct script *s)
{
    struct peer *big[6], *c, *e;
    families(s, false, false);
    one_endpoint(s);
    s->config->dpdk.buffers_bytes = 1u << 18;
    s->config->limits.client_buffers = 0;
    s->config->cluster[0].retry_buffer = 60u << 10;
    s->config->listener[0].head_limit = 33000;
    c = hurried(s);
    e = with_request(c, CHUNKED_HEAD);
    say(c, "5\r\nhello\r\n0\r\n\r\n");
    want_text(e, "5\r\nhello\r\n0\r\n\r\n");
    answer(e, c);
    large_head(c, 32768);
    for (unsigned i = 0; i < 6; i++) { /* kept until they are answered: three quarters, and a little */
        big[i] = client(s);
        open_conn(big[i]);
        large_head(big[i], i < 5 ? 31000 : 200);
        say(big[i], "\r\n\r\n");
        if (i > 0)
            e = serve(s);
        want_head(e);
    }
    for (unsigned i = 0; i < 60 && !counter_of(s, "own_replies"); i++) {
        say_one(c, 'a', 1000);
        c->snd -= 1000;
        pass_time(s, 5000);
    }
    want_text(c, "HTTP/1.1 503 ");
    want_fin(c);
    fin(c);
    pass_time(s, 10);
    want_counter(s, "close_overload", 1);
}

/* Two clients' heads in pieces need more of a pool that is short of memory for large ones: each waits for the
 * other, and what is missing comes again for ever. One is told that memory is short, and the other is served
 * when there is room. */
void d_refused_again(struct script *s)
{
    struct peer *big[6], *at[6], *c[2];
    families(s, false, false);
    one_endpoint(s);
    s->config->dpdk.buffers_bytes = 1u << 18;
    s->config->limits.client_buffers = 0;
    s->config->cluster[0].retry_buffer = 60u << 10;
    c[0] = hurried(s);
    c[1] = neighbour(s);
    open_conn(c[1]);
    for (unsigned i = 0; i < 6; i++) { /* 32 KiB each are kept until it is answered */
        big[i] = client(s);
        ask(big[i], "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
        say_n(big[i], 'a', 31000);
        say(big[i], "\r\n\r\n");
        at[i] = take_request(s);
    }
    open_conn(c[0]);
    for (unsigned i = 0; i < 2; i++) {
        say(c[i], "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
        say_n(c[i], 'a', 3900);
    }
    say_n(c[0], 'a', 1000);
    pass_time(s, 10000);
    say_n(c[1], 'a', 1000);
    for (unsigned i = 0; i < 60 && !counter_of(s, "own_replies"); i++) {
        pass_time(s, 5000);
        for (unsigned k = 0; k < 2; k++)
            say_n_at(c[k], c[k]->snd - 1000, 'a', 1000);
    }
    want_text(c[0], "HTTP/1.1 503 ");
    want_fin(c[0]);
    fin(c[0]);
    answer(at[0], big[0]);
    pass_time(s, 10);
    say_n_at(c[1], c[1]->snd - 1000, 'a', 1000); /* there is room */
    say(c[1], "\r\n\r\n");
    want_head(at[0]);
    answer(at[0], c[1]);
    want_counter(s, "close_overload", 1);
    want_counter(s, "close_slow_request", 0);
}

/* What was passed on to an endpoint that died has to come again, when the client's timer says so. */
void d_moved_backs_off(struct script *s)
{
    struct peer *c = hurried(s), *e;
    e = with_request(c, "PUT / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: 100000\r\n\r\n");
    e->auto_ack = false;
    say_n(c, 'a', 20000);
    pass_time(s, 10);
    rst(e, e->snd);
    e = take_request(s);
    pass_time(s, 100000);
    want_counter(s, "close_slow_request", 0);
    pass_time(s, 60000);
    want_counter(s, "close_slow_request", 1);
    want_eventually(c, "PA");
}

/* ---- responses ---- */

void d_slow_reader(struct script *s)
{
    struct peer *c = hurried(s), *e = with_request(c, GET0);
    begin_large(e, c);
    c->auto_ack = false;
    uint32_t read = c->rcv;
    for (unsigned i = 0; i < 30 && !counter_of(s, "close_slow_reader"); i++) {
        say_n(e, 'x', 1000); /* it sends while it may, and repeats itself */
        if (i % 2)
            e->snd -= 1000;
        pass_time(s, 1000);
        forget(c);
        c->rcv = read += 50;
        if (!counter_of(s, "close_slow_reader"))
            ack_all(c);
    }
    want_counter(s, "close_slow_reader", 2); /* both sides */
    want_eventually(e, "RA");
    want_counter(s, "clients_open", 0);
}

/* A window that stays shut, with nothing in flight. */
void d_shut_window(struct script *s)
{
    struct peer *c = hurried(s), *e = with_request(c, GET0);
    say(e, LARGE0);
    c->wnd = 0;
    want_head(c);
    pass_time(s, 30000);
    want_counter(s, "close_slow_reader", 2); /* both sides */
    want_eventually(e, "RA");
}

/* An adopted response is the endpoint's no more, and counts until it is acked. */
void d_slow_adopted(struct script *s)
{
    struct peer *c = hurried(s), *e = with_request(c, GET0);
    c->wnd = 0;
    ack_all(c);
    say(e, OK2);
    pass_time(s, 100);
    want_counter(s, "exchanges", 1);
    pass_time(s, 30000);
    want_counter(s, "close_slow_reader", 1);
    want_counter(s, "clients_open", 0);
}

/* Silence belongs to tunnels, until the tunnel timeout. */
void d_tunnel(struct script *s)
{
    struct peer *c, *e;
    s->config->listener[0].tunnel_timeout_ns = 100 * SEC;
    c = hurried(s);
    e = with_request(c, UPGRADE);
    say(e, SWITCHING);
    want_head(c);
    pass_time(s, 90000);
    say(c, "ping");
    want_text(e, "ping");
    pass_time(s, 90000);
    say(e, "pong");
    want_text(c, "pong");
    want_counter(s, "close_slow_request", 0);
    want_counter(s, "close_slow_reader", 0);
    pass_time(s, 210000);
    want_counter(s, "close_stall", 2);
    want_counter(s, "clients_open", 0);
}
