/* Rows about endpoints that fail (S7) and answers before the request is over (S10). */
#include <string.h>

#include "tests/sim/rows_all.h"

/* ---- S7 ---- */

/* The endpoint acks the request and dies without a response byte. */
static struct peer *dies(struct peer *c, const char *request)
{
    struct peer *e = with_request(c, request);
    pass_time(c->sc, 10);
    rst(e, e->snd);
    return e;
}

void s7_get_acked(struct script *s)
{
    struct peer *c = client(s), *e = dies(c, GET0), *f = serve(s);
    want_true(s, f->host != e->host, "the other endpoint is asked");
    want_text(f, "GET / HTTP/1.1\r\n");
    say(f, OK2);
    want_text(c, OK2);
    want_counter(s, "retries", 1);
}

void s7_post_acked(struct script *s)
{
    struct peer *c = client(s);
    (void)dies(c, POST_HEAD("2") "hi");
    want_text(c, "HTTP/1.1 502 ");
    want_true(s, s->unclaimed.n == 0, "nobody else gets the request");
    want_counter(s, "retries", 0);
    say(c, GET0); /* the connection stays usable */
    want_head(serve(s));
}

/* By FIN instead of RST. */
void s7_post_acked_fin(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("2") "hi");
    fin(e);
    want_text(c, "HTTP/1.1 502 ");
    want_true(s, s->unclaimed.n == 0, "nobody else gets the request");
}

/* The RST itself says that it had the request. */
void s7_post_acked_by_rst(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    say(c, POST_HEAD("2") "hi");
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    flags(e, SEG_RST | SEG_ACK, e->snd, e->rcv);
    want_text(c, "HTTP/1.1 502 ");
    want_true(s, s->unclaimed.n == 0, "nobody else gets the request");
}

/* Nothing of it was acked: what answered was a closed socket. */
void s7_post_untouched(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c), *f;
    e->auto_ack = false;
    say(c, POST_HEAD("2") "hi");
    want_head(e);
    rst(e, e->snd);
    f = serve(s);
    want_text(f, "POST / HTTP/1.1\r\n");
    say(f, OK2);
    want_text(c, OK2);
}

/* A GET's head is retried with its body of before, also when that was acked to the client. */
void s7_put_with_body(struct script *s)
{
    struct peer *c = client(s), *e, *f;
    e = with_request(c, "PUT / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: 2000\r\n\r\n");
    say_n(c, 'x', 2000);
    want_bytes(e, 2000);
    pass_time(s, 10);
    rst(e, e->snd);
    f = serve(s);
    want_head(f);
    want_bytes(f, 2000);
    say(f, OK2);
    want_text(c, OK2);
}

/* A body larger than the retry buffer is gone when it was acked. */
void s7_put_too_large(struct script *s)
{
    struct peer *c = client(s), *e;
    e = with_request(c, "PUT / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: 100000\r\n\r\n");
    say_n(c, 'x', 20000);
    want_bytes(e, 20000);
    pass_time(s, 10);
    forget(c);
    rst(e, e->snd);
    want_text(c, "HTTP/1.1 502 ");
    want_true(s, s->unclaimed.n == 0, "nobody else is asked");
}

/* It acks the request and is never heard of again. */
static struct peer *silent(struct peer *c, const char *request)
{
    struct peer *e = with_request(c, request);
    pass_time(c->sc, 4900);
    want_true(c->sc, c->sc->unclaimed.n == 0, "nobody else is asked before the time is over");
    return e;
}

void s7_get_silent(struct script *s)
{
    s->config->cluster[0].response_timeout_ns = 5 * SEC;
    struct peer *c = client(s), *e = silent(c, GET0), *f = serve(s);
    want_true(s, f->host != e->host, "the other endpoint is asked");
    want_eventually(e, "RA");
    want_text(f, "GET / HTTP/1.1\r\n");
    say(f, OK2);
    want_text(c, OK2);
    say(e, OK2); /* too late */
    want_eventually(e, "R");
    want_silence(c, 50);
}

void s7_post_silent(struct script *s)
{
    s->config->cluster[0].response_timeout_ns = 5 * SEC;
    struct peer *c = client(s), *e = silent(c, POST_HEAD("2") "hi");
    want_text(c, "HTTP/1.1 504 ");
    want_eventually(e, "RA");
    want_true(s, s->unclaimed.n == 0, "nobody else gets the POST");
}

/* It did not even ack the POST: that does not mean that it has not got it. */
void s7_post_unheard(struct script *s)
{
    s->config->cluster[0].response_timeout_ns = 5 * SEC;
    struct peer *c = client(s), *e;
    open_conn(c);
    say(c, POST_HEAD("2") "hi");
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    want_text(c, "HTTP/1.1 504 ");
    want_true(s, s->unclaimed.n == 0, "nobody else gets the POST");
}

/* All of them are silent: 504, and not after more tries than there are endpoints. */
void s7_all_silent(struct script *s)
{
    s->config->cluster[0].response_timeout_ns = 5 * SEC;
    struct peer *c = client(s), *e = silent(c, GET0), *f = serve(s);
    (void)e;
    want_head(f);
    pass_time(s, 5100);
    want_true(s, s->unclaimed.n == 0, "both were asked");
    want_text(c, "HTTP/1.1 504 ");
}

/* ---- S10: 413 while a gigabyte is on its way ---- */

void s10_413_gigabyte(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("1073741824"));
    for (unsigned i = 0; i < 10; i++) {
        say_n(c, 'x', 10000);
        want_bytes(e, 10000);
    }
    pass_time(s, 10);
    forget(c);
    forget(e);
    say(e, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    want_eventually(e, "RA"); /* it had half a request */
    uint32_t at = c->snd;
    want_text(c, "HTTP/1.1 413 Too Large\r\n");
    want_true(s, memmem(c->got.data, c->got.len, "onnection: close", 16) != NULL,
              "Connection: close is said");
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
    ack_all(c);
    uint64_t since = s->sim.now;
    for (unsigned i = 0; i < 100; i++) { /* four seconds of it, and the client will not stop */
        say_n(c, 'x', 10000);
        pass_time(s, 40);
        forget(c);
        want_true(s, c->got.flags == SEG_ACK && c->got.ack == c->iss + c->snd, "what comes is acked");
        want_true(s, lacon_kept(&s->lacon) == 0, "and not kept");
    }
    want_true(s, c->snd - at == 1000000, "a megabyte was thrown away");
    want_silence(e, 1);
    want_counter(s, "endpoints_open", 0);
    pass_time(s, 3000);
    forget(c);
    want_true(s, c->got.flags == (SEG_RST | SEG_ACK), "the linger timeout ends it");
    want_delay(c, since, 4900, 5200);
    want_counter(s, "clients_open", 0);
}

/* The client that reads its 413 and closes is not reset. */
void s10_413_polite(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("1073741824"));
    say(e, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    say_n(c, 'x', 5000);
    want_text(c, "HTTP/1.1 413 Too Large\r\n");
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
    fin(c);
    pass_time(s, 50);
    forget(c);
    want_true(s, c->got.flags == SEG_ACK && c->got.ack == c->iss + c->snd, "its FIN is acked");
    want_counter(s, "clients_open", 0);
}

/* ---- retries as the configuration has them ---- */

#define E503 "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 10\r\n\r\n"

/* Cluster 0 retries on connect failures, resets, and this status; also POST when told so. */
static struct cfg_retry *retry_on(struct script *s, uint16_t status, bool post)
{
    static uint16_t on[3], method[3] = {CFG_GET, CFG_PUT, CFG_POST};
    struct cfg_retry *r = &s->config->cluster[0].retry;
    on[0] = CFG_RETRY_CONNECT;
    on[1] = CFG_RETRY_RESET;
    on[2] = status;
    r->on = on;
    r->non = status ? 3 : 2;
    r->method = method;
    r->nmethod = post ? 3 : 2;
    return r;
}

/* Part of the refusal's body has come: the endpoint is reset, the client sees nothing of it. */
void retry_status(struct script *s)
{
    retry_on(s, 503, false);
    struct peer *c = client(s), *e = with_request(c, GET0), *f;
    say(e, E503 "some");
    f = serve(s);
    want_true(s, f->host != e->host, "the other endpoint is asked");
    want_eventually(e, "RA");
    want_text(f, "GET / HTTP/1.1\r\n");
    say(e, "times");
    say(f, OK2);
    want_text(c, OK2);
    want_counter(s, "retries", 1);
    want_counter(s, "close_retry", 1);
}

/* In pieces; the last of them behind the first byte of the next message's. */
void retry_status_in_pieces(struct script *s)
{
    retry_on(s, 503, false);
    struct peer *c = client(s), *e = with_request(c, GET0), *f;
    say(e, "HTTP/1.1 5");
    pass_time(s, 100);
    forget(c);
    want_true(s, c->rcv == 1, "the client gets nothing of it");
    say(e, "03 No\r\nContent-Length: 0\r\n\r\nX");
    f = serve(s);
    want_text(f, "GET / HTTP/1.1\r\n");
    say(f, OK2);
    want_text(c, OK2);
}

/* The endpoint ends in the middle of a head that might have been a refusal. */
void retry_status_cut(struct script *s)
{
    retry_on(s, 503, false);
    struct peer *c = client(s), *e = with_request(c, GET0), *f;
    say(e, "HTTP/1.1 5");
    fin(e);
    f = serve(s);
    want_text(f, "GET / HTTP/1.1\r\n");
    say(f, OK2);
    want_text(c, OK2);
}

/* The second one refuses, too: there is nobody else, so its response is the client's. */
void retry_status_all(struct script *s)
{
    retry_on(s, 503, false);
    struct peer *c = client(s), *e = with_request(c, GET0), *f;
    say(e, E503 "0123456789");
    f = serve(s);
    want_head(f);
    say(f, E503 "abcdefghij");
    want_text(c, E503 "abcdefghij");
    pass_time(s, 10);
    want_counter(s, "endpoints_idle", 1);
}

/* Refused on a connection of the pool: its endpoint has been asked too, though lb_policy would say it again.
 */
void retry_status_pooled(struct script *s)
{
    retry_on(s, 503, false);
    s->config->cluster[0].lb_policy = CFG_LB_SOURCE_HASH;
    struct peer *c = client(s), *e = pooled(c), *f;
    say(c, GET0);
    want_head(e);
    say(e, E503 "0123456789");
    f = serve(s);
    want_true(s, f->host != e->host, "the other endpoint is asked");
    want_head(f);
    say(f, E503 "abcdefghij");
    want_text(c, E503 "abcdefghij");
}

/* No answer on a connection of the pool, likewise. */
void retry_timeout_pooled(struct script *s)
{
    s->config->cluster[0].lb_policy = CFG_LB_SOURCE_HASH;
    s->config->cluster[0].response_timeout_ns = 2 * SEC;
    struct peer *c = client(s), *e = pooled(c), *f;
    say(c, GET0);
    want_head(e);
    want_eventually(e, "RA");
    f = serve(s);
    want_true(s, f->host != e->host, "the other endpoint is asked");
    want_head(f);
    say(f, OK2);
    want_text(c, OK2);
}

static uint64_t active_at(struct script *s, const struct peer *e)
{
    struct roster *r = s->lacon.roster;
    uint64_t n = 0;
    roster_lock(r);
    for (uint32_t i = 0; i < s->config->cluster[0].nendpoint; i++) {
        const struct ip_port *at = &s->config->cluster[0].endpoint[i].at;
        if (ip_eq(&at->addr, &e->local))
            n += roster_use_of(r, roster_find(r, s->config->cluster[0].name, at)).active;
    }
    roster_unlock(r);
    return n;
}

/* The refusal that is the client's after all is a large one: until it has it, its request counts at the
 * endpoint that sends it. */
void retry_status_counted(struct script *s)
{
    retry_on(s, 503, false);
    struct peer *c = client(s), *e = with_request(c, GET0), *f;
    say(e, E503 "0123456789");
    f = serve(s);
    want_head(f);
    say(f, "HTTP/1.1 503 No\r\nContent-Length: 100000\r\n\r\n");
    want_head(c);
    want_true(s, active_at(s, f) == 1 && active_at(s, e) == 0, "it is at the second endpoint");
    rst(c, c->snd);
    pass_time(s, 10);
    want_true(s, active_at(s, f) == 0, "it is nowhere any more");
}

void retry_status_other(struct script *s)
{
    retry_on(s, 500, false);
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, E503 "0123456789");
    want_text(c, E503 "0123456789");
    want_counter(s, "retries", 0);
}

void retry_status_post(struct script *s)
{
    retry_on(s, 503, false);
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("2") "hi");
    say(e, E503 "0123456789");
    want_text(c, E503 "0123456789");
    want_counter(s, "retries", 0);
}

/* When the configuration says so, a POST is run twice, with its body, which was acked. */
void retry_post_listed(struct script *s)
{
    retry_on(s, 503, true);
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("2") "hi"), *f;
    pass_time(s, 10);
    say(e, E503 "0123456789");
    f = serve(s);
    want_head(f);
    pass_time(s, 10);
    forget(f);
    rst(f, f->snd); /* both were tried */
    want_text(c, "HTTP/1.1 502 ");
    want_counter(s, "retries", 1);
}

/* What the client has seen cannot be taken back: an interim response is a beginning. */
void retry_status_after_103(struct script *s)
{
    retry_on(s, 503, false);
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, "HTTP/1.1 103 Early Hints\r\n\r\n");
    want_text(c, "HTTP/1.1 103 Early Hints\r\n\r\n");
    say(e, E503 "0123456789");
    want_text(c, E503 "0123456789");
    want_counter(s, "retries", 0);
}

/* An answer that is not HTTP counts as 502. */
void retry_bad_response(struct script *s)
{
    retry_on(s, 502, false);
    struct peer *c = client(s), *e = with_request(c, GET0), *f;
    say(e, "what?\r\n\r\n");
    f = serve(s);
    want_head(f);
    say(f, OK2);
    want_text(c, OK2);
}

/* A condition that is not listed. */
void retry_not_on_reset(struct script *s)
{
    struct cfg_retry *r = retry_on(s, 0, false);
    r->non = 1;
    struct peer *c = client(s);
    (void)dies(c, GET0);
    want_text(c, "HTTP/1.1 502 ");
    want_counter(s, "retries", 0);
}

/* The second try waits half a second to a second, and is refused; no third for want of endpoints. */
void retry_backoff(struct script *s)
{
    retry_on(s, 0, false)->backoff_ns = SEC;
    struct peer *c = client(s), *e = with_request(c, GET0), *f;
    pass_time(s, 10);
    uint64_t since = s->sim.now;
    rst(e, e->snd);
    f = take_syn(s);
    want_delay(f, since, 500, 1010);
    accept_syn_of(f);
    want_head(f);
    say(f, OK2);
    want_text(c, OK2);
}

/* The client goes while its request waits for the second try: nobody is asked. */
void retry_backoff_client_gone(struct script *s)
{
    retry_on(s, 0, false)->backoff_ns = SEC;
    struct peer *c = client(s), *e = with_request(c, GET0);
    pass_time(s, 10);
    rst(e, e->snd);
    pass_time(s, 100);
    rst(c, c->snd);
    pass_time(s, 3000);
    want_true(s, s->unclaimed.n == 0, "nobody is asked");
    want_counter(s, "exchanges_open", 0);
    want_counter(s, "endpoints_open", 0);
}

/* One retry may be in flight: the second failing request gets its 502, and after the first has its answer the
 * next one is tried again. */
void retry_budget(struct script *s)
{
    struct cfg_retry *r = retry_on(s, 0, false);
    r->budget = 1;
    r->min_concurrency = 1;
    struct peer *c = client(s), *d = client(s), *f;
    (void)dies(c, GET0);
    f = serve(s);
    want_head(f);
    (void)dies(d, GET0);
    want_text(d, "HTTP/1.1 502 ");
    want_counter(s, "retries_refused", 1);
    say(f, OK2);
    want_text(c, OK2);
    pass_time(s, 10);
    say(d, "GET / HTTP/1.1\r\nHost: c0.example\r\n\r\n");
    want_head(f);
    pass_time(s, 10);
    rst(f, f->snd);
    want_head(serve(s));
    want_counter(s, "retries", 2);
    want_counter(s, "retries_refused", 1);
}

/* ---- request_timeout ---- */

/* Retries do not make it longer: 3 s for the first try, and 504 when 5 s are over. */
void time_request(struct script *s)
{
    s->config->listener[0].request_timeout_ns = 5 * SEC;
    s->config->cluster[0].response_timeout_ns = 3 * SEC;
    struct peer *c = client(s), *e = with_request(c, GET0), *f;
    uint64_t since = s->sim.now;
    f = serve(s);
    want_head(f);
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
    say(e, LARGE0);
    want_head(c);
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

void s7_refused(struct script *s)
{
    struct peer *c = client(s), *first, *e;
    open_conn(c);
    say(c, GET0);
    first = take_syn(s);
    refuse_syn_of(first);
    e = serve(s);
    want_true(s, e->host != first->host, "the other endpoint is tried");
    want_head(e);
    say(e, OK2);
    want_text(c, OK2);
}

void s7_all_refused(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say(c, GET0);
    for (unsigned i = 0; i < 2; i++)
        refuse_syn_of(take_syn(s));
    pass_time(s, 1000);
    while (s->unclaimed.n) { /* a third try is allowed */
        refuse_syn_of(take_syn(s));
        pass_time(s, 1000);
    }
    want_text(c, "HTTP/1.1 50");
}

void s7_pool_reset(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c), *f;
    say(c, GET0);
    want_head(e);
    rst(e, e->snd);
    f = serve(s);
    want_head(f);
    say(f, OK2);
    want_text(c, OK2);
}

void s7_pool_fin(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c), *f;
    fin(e);
    want_eventually(e, "FA");
    ack_all(e);
    say(c, GET0);
    f = serve(s);
    want_head(f);
}

void s7_post_not_twice(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("2") "hi");
    say(e, "HTTP/1.1 2");
    pass_time(s, 10);
    rst(e, e->snd);
    pass_time(s, 2000);
    want_true(s, s->unclaimed.n == 0, "no other endpoint gets the request");
}

void s7_post_repeated(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c);
    e->auto_ack = false; /* its ack and its reset with it are lost */
    say(c, POST_HEAD("100000"));
    want_head(e);
    uint32_t at = c->snd;
    say(c, "hello");
    pass_time(s, 5);
    say_at(c, at, "hello");
    pass_time(s, 5);
    rst(e, e->snd);
    want_text(c, "HTTP/1.1 502");
}

/* The request was not acked, so its bytes are all there: but a response has begun. */
void s7_get_begun(struct script *s)
{
    struct peer *c = client(s), *e;
    open_conn(c);
    say(c, GET0);
    e = serve(s);
    e->auto_ack = false;
    want_head(e);
    say_flags(e, SEG_ACK, e->snd, 1, "HTTP/1.1 2");
    e->snd += 10;
    pass_time(s, 10);
    rst(e, e->snd);
    want_text(c, "HTTP/1.1 502 ");
    want_true(s, s->unclaimed.n == 0, "no other endpoint gets the request");
}

/* It left the endpoint before the request came there: nobody asked for it. */
void s7_pool_early(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e = pooled(c), *f;
    say(c, GET0);
    pass_time(s, 1);
    say(e, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"); /* acks what came before */
    want_eventually(e, "RA");
    f = serve(s);
    want_head(f);
    say(f, OK2);
    want_text(c, OK2);
}

void s10_413_early(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    say_n(c, 'x', 3000);
    want_bytes(e, 3000);
    say(e, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    want_text(c, "HTTP/1.1 413 Too Large\r\n");
    want_true(s, memmem(c->got.data, c->got.len, "onnection: close", 16) != NULL,
              "Connection: close is added");
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
    ack_all(c);
    say_n(c, 'x', 3000); /* the rest is acked and thrown away */
    pass_time(s, 50);
    forget(c);
    want_true(s, c->got.flags == SEG_ACK && c->got.ack == c->iss + c->snd, "all that was sent is acked");
}
