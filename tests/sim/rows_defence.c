/* Rows about hostile clients: slow ones, greedy ones, floods, guesses (RFC 5961), and memory that runs short.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/rows_all.h"

#define BIG_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
#define UPGRADE      "GET / HTTP/1.1\r\nHost: c0.example\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
#define SWITCHING    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"

/* ---- slow clients ---- */

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
    open_conn(c);
    say(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
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
    open_conn(c);
    say(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
    trickle(c, 300, 1000, 60);
    say(c, "\r\n\r\n");
    e = serve(s);
    want_head(e);
    say(e, OK2);
    want_text(c, OK2);
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
    say(e, OK2);
    want_text(c, OK2);
}

/* A client that waits, for a head or for drops of a body, is not slow. */
void d_slow_endpoint(struct script *s)
{
    struct peer *c = hurried(s), *e = with_request(c, GET0);
    pass_time(s, 100000);
    say(e, BIG_RESPONSE);
    want_head(c);
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

/* The edge shown inside a chunked request stands when that ends: of the next one, more arrives than can be
 * held. Its TCP backs off, for up to two minutes, and is not to blame; after them it is. */
void d_refused_backs_off(struct script *s)
{
    struct peer *c, *e;
    one_endpoint(s);
    c = hurried(s);
    e = with_request(c, CHUNKED_HEAD);
    say(c, "5\r\nhello\r\n0\r\n\r\n");
    want_text(e, "5\r\nhello\r\n0\r\n\r\n");
    say(c, POST_HEAD("60000"));
    say_n(c, 'a', 40000);
    pass_time(s, 100);
    want_true(s, counter_of(s, "drop_horizon") > 0, "not all could be held");
    say(e, OK2);
    want_text(c, OK2);
    want_head(e);
    want_bytes(e, 30000);
    pass_time(s, 10);
    drain(e);
    pass_time(s, 100000);
    want_counter(s, "close_slow_request", 0);
    pass_time(s, 60000);
    want_counter(s, "close_slow_request", 1);
    want_text(c, "HTTP/1.1 408 ");
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
    e = serve(s);
    want_head(e);
    pass_time(s, 100000);
    want_counter(s, "close_slow_request", 0);
    pass_time(s, 60000);
    want_counter(s, "close_slow_request", 1);
    want_eventually(c, "PA");
}

void d_slow_reader(struct script *s)
{
    struct peer *c = hurried(s), *e = with_request(c, GET0);
    say(e, BIG_RESPONSE);
    want_head(c);
    c->auto_ack = false;
    for (unsigned i = 0; i < 30 && !counter_of(s, "close_slow_reader"); i++) {
        say_n(e, 'x', 1000); /* it sends while it may, and repeats itself */
        if (i % 2)
            e->snd -= 1000;
        pass_time(s, 1000);
        forget(c);
        c->rcv += 50;
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
    say(e, BIG_RESPONSE);
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

/* ---- shares ---- */

/* The same host under another address, in the same /64. */
static struct peer *neighbour(struct script *s)
{
    struct peer *c = client(s);
    struct ip_addr a = topo_addr(s->client_v6, 0, 101);
    host_add_addr(&s->client_host, &a);
    c->local = a;
    return c;
}

static void open_many(struct script *s, struct peer **c, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        c[i] = client(s);
        open_conn(c[i]);
    }
}

void d_share_conns(struct script *s)
{
    struct peer *c[10], *more, *other;
    s->config->limits.client_connections = 1; /* of 1024 */
    open_many(s, c, 10);
    more = client(s);
    flags(more, SEG_SYN, 0, 0);
    want(more, "RA ack=1");
    want_counter(s, "drop_client_share", 1);
    other = neighbour(s);
    if (s->client_v6) {
        flags(other, SEG_SYN, 0, 0);
        want(other, "RA ack=1"); /* one /64 is one client */
    } else {
        open_conn(other);
    }
    rst(c[0], 1);
    pass_time(s, 10);
    more = client(s);
    open_conn(more);
}

void d_share_trusted(struct script *s)
{
    static struct cfg_prefix all[2] = {{.bits = 0}, {.bits = 0}};
    const uint8_t zero[4] = {0};
    struct peer *c[12];
    all[0].addr = ip_from_v4(zero);
    s->config->limits = (struct cfg_limits){.client_connections = 1, .ntrusted = 2, .trusted = all};
    open_many(s, c, 12);
    pass_time(s, 10);
    want_counter(s, "drop_client_share", 0);
    want_counter(s, "clients_open", 12);
}

/* Beyond its share of kept bytes a client's are dropped and come again; another's are taken. */
void d_share_bytes(struct script *s)
{
    struct peer *c[4], *other, *e;
    families(s, false, false);
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 1;
    open_many(s, c, 4);
    for (unsigned i = 0; i < 4; i++) {
        say(c[i], "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
        say_n(c[i], 'a', 3900);
    }
    pass_time(s, 10);
    want_true(s, counter_of(s, "drop_client_bytes") > 0, "bytes beyond the share were dropped");
    other = neighbour(s);
    open_conn(other);
    say(other, GET0);
    e = serve(s);
    want_head(e);
    say(e, OK2);
    want_text(other, OK2);
    for (unsigned i = 0; i < 3; i++)
        rst(c[i], c[i]->snd);
    pass_time(s, 10);
    forget(c[3]);
    say_at(c[3], c[3]->snd - 100, "");
    c[3]->snd = 1;
    say(c[3], GET0); /* the client's repetition, as far as its head was dropped whole or is the same */
    pass_time(s, 10);
    want_counter(s, "clients_open", 2);
}

/* A head is begun, then its client's share is used up by others, then it is complete: it waits for the
 * response before it to be acked, and is not forgotten. */
void d_share_head_waits(struct script *s)
{
    struct peer *c, *e, *more[3];
    families(s, false, false);
    one_endpoint(s);
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 1;
    c = client(s);
    e = with_request(c, GET0);
    c->auto_ack = false;
    uint32_t acked = c->rcv;
    say(e, OK2);
    want_text(c, OK2);
    uint32_t all = c->rcv;
    c->rcv = acked;
    say(c, "GET /next HTTP/1.1\r\nHost: c0.example\r\nX: ");
    say_n(c, 'a', 300);
    open_many(s, more, 3);
    for (unsigned i = 0; i < 3; i++) {
        say(more[i], "GET / HTTP/1.1\r\nHost: c0.example\r\nX: ");
        say_n(more[i], 'a', 3900);
    }
    pass_time(s, 10);
    want_true(s, counter_of(s, "drop_client_bytes") > 0, "the share is used up");
    forget(e);
    say(c, "\r\n\r\n");
    want_silence(e, 10);
    c->rcv = all;
    ack_all(c);
    want_text(e, "GET /next HTTP/1.1\r\n");
}

/* ---- memory runs short ---- */

#define BOTS 260u

/* Clients beyond the peers of a row. What they are sent is thrown away but for the SYN-ACK. */
static struct peer bots[BOTS];

static void open_bots(struct script *s, const struct peer *like, unsigned from, unsigned n)
{
    for (unsigned i = from; i < from + n && !s->sim.failed; i++) {
        struct peer *b = &bots[i];
        struct seen *m;
        *b = *like;
        b->in.n = 0;
        b->last = NULL;
        b->lport = (uint16_t)(1000 + i);
        b->iss = 77 * i;
        forget_unclaimed(s);
        flags(b, SEG_SYN, 0, 0);
        pass_time(s, 1);
        m = inbox_take(&s->unclaimed);
        if (!m)
            continue; /* not answered */
        b->irs = m->s.seq;
        free(m);
        b->snd = b->rcv = 1;
        ack_all(b);
        pass_time(s, 1);
    }
    forget_unclaimed(s);
}

/* Table of 64: at 52 in use new clients are refused, at 56 idle ones are closed, the oldest first, and what
 * is in flight goes on. */
void d_overload_table(struct script *s)
{
    struct peer *c, *e, *idle;
    s->config->dpdk.connections = 64;
    s->config->limits.client_connections = 0;
    c = client(s);
    e = with_request(c, GET0); /* two entries */
    idle = client(s);
    open_conn(idle); /* the oldest idle client: 3 */
    open_bots(s, c, 0, 49);
    want_counter(s, "clients_open", 51);
    want_counter(s, "drop_overload", 0);
    open_bots(s, c, 49, 1);
    want_counter(s, "drop_overload", 1);
    want_counter(s, "close_shed", 0);
    for (unsigned i = 0; i < 5; i++) { /* the last five bots ask: five more entries */
        say(&bots[44 + i], GET0);
        pass_time(s, 5);
    }
    forget_unclaimed(s);
    want_true(s, counter_of(s, "close_shed") >= 1, "an idle client was closed");
    want_eventually(idle, "RA");
    say(e, OK2);
    want_text(c, OK2);
    want_counter(s, "requests_refused", 0);
}

#define X100                                                                                                 \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG_GET                                                                                             \
    "GET / HTTP/1.1\r\nHost: c0.example\r\nX: " X100 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100  \
    "\r\n\r\n"

/* Kept bytes of 1 MiB, nearly all in use by requests that endpoints do not take: a request that comes then is
 * answered 503; the exchange before it is served. Memory comes back: so does service. */
void d_overload_kept(struct script *s)
{
    struct peer *c, *e;
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 0;
    c = client(s);
    open_bots(s, c, 0, 205);
    e = with_request(c, GET0 GET0);
    for (unsigned i = 0; i < 205; i++) {
        say(&bots[i], LONG_GET);
        pass_time(s, 1);
        forget_unclaimed(s);
    }
    want_true(s, lacon_kept(&s->lacon) >= 800000, "the requests are kept");
    for (unsigned i = 0; i < 205; i++) {
        say(&bots[i], LONG_GET); /* pipelined: held */
        pass_time(s, 1);
        forget_unclaimed(s);
    }
    want_true(s, lacon_kept(&s->lacon) >= (1u << 20) / 20 * 19, "nearly all is in use");
    say(e, OK2);
    want_text(c, OK2);
    want_text(c, "HTTP/1.1 503 ");
    want_counter(s, "requests_refused", 1);
    for (unsigned i = 0; i < 205; i++)
        rst(&bots[i], bots[i].snd);
    pass_time(s, 1000);
    forget_unclaimed(s);
    c = client(s);
    open_conn(c);
    say(c, GET0);
    want_text(e, "GET / HTTP/1.1\r\n"); /* on the conn that served before */
    want_counter(s, "requests_refused", 1);
}

#define LONG_RESPONSE                                                                                        \
    "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nX: " X100 X100 X100 X100 X100 X100 X100 X100 X100 "\r\n\r" \
    "\n"

#define LONG_ERROR                                                                                           \
    "HTTP/1.1 503 No\r\nContent-Length: 100000\r\nX: " X100 X100 X100 X100 X100 X100 X100 X100 X100 "\r\n\r" \
    "\n"

#define LONG_POST                                                                                            \
    "POST / HTTP/1.1\r\nHost: c0.example\r\nTransfer-Encoding: chunked\r\nX: " X100 X100 X100 X100 X100 X100 \
        X100 X100 X100 X100 X100 "\r\n\r\n"
#define CHUNK_LINE "4b0\r\n"

#define THOUSAND X100 X100 X100 X100 X100 X100 X100 X100 X100 X100

/* The pool of 1 MiB filled by the bots' requests and what is held of their bodies, until there is no room for
 * 4 KiB in one piece; and given back. */
static void fill_memory(struct script *s)
{
    static const char *const text[] = {LONG_POST, CHUNK_LINE THOUSAND, THOUSAND, THOUSAND};
    uint32_t at = 1;
    for (unsigned k = 0; k < 4; at += (uint32_t)strlen(text[k++]))
        for (unsigned i = 0; i < 205; i++) {
            say_at(&bots[i], at, text[k]);
            pass_time(s, 1);
            forget_unclaimed(s);
        }
    want_true(s, lacon_kept(&s->lacon) >= 1000000, "nearly all is in use");
}

static void free_memory(struct script *s)
{
    for (unsigned i = 0; i < 205; i++) {
        uint32_t body = 1 + (uint32_t)strlen(LONG_POST), line = (uint32_t)strlen(CHUNK_LINE);
        for (uint32_t k = 0; k <= 3; k++)
            rst(&bots[i], body + (k ? line : 0) + 1000 * k);
    }
    pass_time(s, 200);
    forget_unclaimed(s);
}

/* A response that finds no memory waits for it, and arrives whole. */
void d_response_waits(struct script *s)
{
    struct peer *c, *e;
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 0;
    c = client(s);
    open_bots(s, c, 0, 205);
    e = with_request(c, GET0);
    fill_memory(s);
    say(e, LONG_RESPONSE);
    pass_time(s, 10);
    want_true(s, counter_of(s, "room_waits") > 0, "it has to wait");
    want_counter(s, "close_no_memory", 0);
    free_memory(s);
    e->snd = 1;
    say(e, LONG_RESPONSE); /* its TCP repeats what was not acked */
    want_head(c);
    say_n(e, 'x', 1000);
    want_bytes(c, 1000);
}

/* An error that has to wait is looked at again and again; its endpoint has made it once. */
void d_error_waits(struct script *s)
{
    struct peer *c, *e;
    struct cfg_cluster *k = &s->config->cluster[0];
    k->outlier = (struct cfg_outlier){.errors = 2,
                                      .min_requests = 1,
                                      .window_ns = 60 * SEC,
                                      .base_ns = 20 * SEC,
                                      .max_ns = 50 * SEC,
                                      .max_ejection_percent = 50};
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 0;
    c = client(s);
    open_bots(s, c, 0, 205);
    e = with_request(c, GET0);
    fill_memory(s);
    say(e, LONG_ERROR);
    pass_time(s, 10);
    want_true(s, counter_of(s, "room_waits") > 0, "it has to wait");
    want_head(c);
    want_counter(s, "ejections", 0);
    want_counter(s, "ejections_withheld", 0);
}

/* So does a request's body that is held, though its client sends nothing more. */
void d_body_waits(struct script *s)
{
    struct peer *c, *e;
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 0;
    c = client(s);
    open_bots(s, c, 0, 205);
    open_conn(c);
    say(c, CHUNKED_HEAD);
    e = take_syn(s);
    say(c, "bb8\r\n" THOUSAND);
    say(c, THOUSAND);
    say(c, THOUSAND "\r\n0\r\n\r\n");
    fill_memory(s);
    accept_syn_of(e);
    want_head(e);
    pass_time(s, 100);
    want_true(s, counter_of(s, "room_waits") > 1, "it has to wait");
    free_memory(s);
    want_text(e, "bb8\r\n" THOUSAND THOUSAND THOUSAND "\r\n0\r\n\r\n");
    say(e, OK2);
    want_text(c, OK2);
}

/* ---- floods ---- */

static void stray(struct peer *like, uint16_t lport, uint16_t rport, unsigned n)
{
    struct peer bot = *like;
    bot.rport = rport;
    bot.irs = 1000;
    for (unsigned i = 0; i < n; i++) {
        bot.lport = (uint16_t)(lport + i);
        flags(&bot, SEG_ACK, 5, 5);
    }
}

/* Acks of no conn from one address use up its part of the resets, and no more. */
void d_ack_flood(struct script *s)
{
    struct peer *c, *other;
    families(s, false, false);
    c = client(s);
    other = neighbour(s);
    open_conn(c);
    open_conn(other);
    rst(c, 1);
    rst(other, 1);
    pass_time(s, 100);
    stray(c, 2000, c->rport, 500);
    flags(other, SEG_ACK, 5, 5);
    pass_time(s, 8);
    want(other, "R len=0");
    want_true(s, s->unclaimed.n >= 4 && s->unclaimed.n <= 8, "4 resets in 10 ms to one address");
    want_true(s, counter_of(s, "drop_rate") >= 490, "the others are dropped");
    want_true(s, counter_of(s, "clients_open") == 0, "no connection was made");
}

/* A flood at the listener leaves the endpoints' resets alone. */
void d_ack_flood_endpoint(struct script *s)
{
    struct peer *c, *e;
    one_endpoint(s);
    c = client(s);
    e = with_request(c, GET0);
    restart(s);
    stray(c, 2000, c->rport, 500);
    forget(e);
    say(e, OK2);
    want(e, "R len=0");
    forget_unclaimed(s);
}

/* ---- guesses: RFC 5961 ---- */

/* Data at a good sequence number with an ack that cannot be (section 5): older than any window, or newer than
 * what was sent. */
void d_injected_data(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("1000"));
    pass_time(s, 10);
    forget(c);
    say_flags(c, SEG_ACK, c->snd, c->rcv - 70000, "evil");
    want(c, "A len=0");
    pass_time(s, 1000);
    say_flags(c, SEG_ACK, c->snd, c->rcv + 1000, "evil");
    want(c, "A len=0");
    want_counter(s, "drop_ack", 2);
    want_counter(s, "challenge_acks", 2);
    want_silence(e, 100);
    say(c, "good");
    want_text(e, "good");
}

/* A sequence number older than any window there can have been is no old duplicate. */
void d_injected_old(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say_at(c, 0u - 100000, "evil");
    want(c, "A len=0");
    want_counter(s, "drop_seq", 1);
    want_counter(s, "challenge_acks", 1);
}

void d_challenge_per_conn(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    for (unsigned i = 0; i < 100; i++)
        rst(c, c->snd + 100 + i);
    want(c, "A len=0");
    want_silence(c, 400);
    want_counter(s, "challenge_acks", 1);
    want_counter(s, "drop_rst_seq", 100);
}

/* For all conns together: 64 to 127 in 100 ms. */
void d_challenge_in_all(struct script *s)
{
    struct peer *c = client(s);
    open_bots(s, c, 0, 200);
    want_counter(s, "clients_open", 200);
    pass_time(s, 1000 - (unsigned)(s->sim.now / MS % 100));
    for (unsigned i = 0; i < 200; i++)
        rst(&bots[i], bots[i].snd + 100);
    pass_time(s, 50);
    want_true(s, counter_of(s, "challenge_acks") >= 64 && counter_of(s, "challenge_acks") <= 127,
              "as many as the tick's budget");
    want_true(s, counter_of(s, "clients_open") == 200, "nobody was reset");
    forget_unclaimed(s);
}
