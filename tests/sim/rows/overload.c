/* Rows about memory that runs short: new work is shed first, what is in flight waits. */
#include <string.h>

#include "tests/sim/rows/all.h"
#include "tests/sim/rows/crowd.h"

/* ---- the table ---- */

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
    answer(e, c);
    want_counter(s, "requests_refused", 0);
}

/* ---- kept bytes ---- */

#define X100                                                                                                 \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG_GET                                                                                             \
    "GET / HTTP/1.1\r\nHost: c0.example\r\nX: " X100 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100  \
    "\r\n\r\n"

#define CROWD 205u

/* A pool of kept bytes of 1 MiB, and a crowd that can fill it beside the client that is returned. */
static struct peer *crowded(struct script *s)
{
    s->config->dpdk.buffers_bytes = 1u << 20;
    s->config->limits.client_buffers = 0;
    struct peer *c = client(s);
    open_bots(s, c, 0, CROWD);
    return c;
}

/* Kept bytes of 1 MiB, nearly all in use by requests that endpoints do not take: a request that comes then is
 * answered 503; the exchange before it is served. Memory comes back: so does service. */
void d_overload_kept(struct script *s)
{
    struct peer *c, *e;
    c = crowded(s);
    e = with_request(c, GET0 GET0);
    for (unsigned i = 0; i < CROWD; i++) {
        say(&bots[i], LONG_GET);
        pass_time(s, 1);
        forget_unclaimed(s);
    }
    want_true(s, lacon_kept(&s->lacon) >= 800000, "the requests are kept");
    for (unsigned i = 0; i < CROWD; i++) {
        say(&bots[i], LONG_GET); /* pipelined: held */
        pass_time(s, 1);
        forget_unclaimed(s);
    }
    want_true(s, lacon_kept(&s->lacon) >= (1u << 20) / 20 * 19, "nearly all is in use");
    answer(e, c);
    want_text(c, "HTTP/1.1 503 ");
    want_counter(s, "requests_refused", 1);
    for (unsigned i = 0; i < CROWD; i++)
        rst(&bots[i], bots[i].snd);
    pass_time(s, 1000);
    forget_unclaimed(s);
    c = client(s);
    ask(c, GET0);
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
        for (unsigned i = 0; i < CROWD; i++) {
            say_at(&bots[i], at, text[k]);
            pass_time(s, 1);
            forget_unclaimed(s);
        }
    want_true(s, lacon_kept(&s->lacon) >= 1000000, "nearly all is in use");
}

static void free_memory(struct script *s)
{
    for (unsigned i = 0; i < CROWD; i++) {
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
    c = crowded(s);
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
    c = crowded(s);
    e = with_request(c, GET0);
    fill_memory(s);
    say(e, LONG_ERROR);
    pass_time(s, 10);
    want_true(s, counter_of(s, "room_waits") > 0, "it has to wait");
    want_head(c);
    want_counter(s, "ejections", 0);
    want_counter(s, "ejections_withheld", 0);
}

/* So does a request's body that is held, though its client sends nothing more. Nor is that client slow. */
void d_body_waits(struct script *s)
{
    struct cfg_listener *l = s->config->listener;
    struct peer *c, *e;
    l->min_request_rate = 240;
    l->rate_period_ns = 400 * MS;
    c = crowded(s);
    ask(c, CHUNKED_HEAD);
    e = take_syn(s);
    say(c, "bb8\r\n" THOUSAND);
    say(c, THOUSAND);
    say(c, THOUSAND "\r\n0\r\n\r\n");
    fill_memory(s);
    accept_syn_of(e);
    want_head(e);
    pass_time(s, 1500);
    want_true(s, counter_of(s, "room_waits") > 1, "it has to wait");
    want_counter(s, "close_slow_request", 0);
    free_memory(s);
    want_text(e, "bb8\r\n" THOUSAND THOUSAND THOUSAND "\r\n0\r\n\r\n");
    answer(e, c);
}
