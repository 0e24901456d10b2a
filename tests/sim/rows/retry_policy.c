/* Rows about retries as the configuration has them: conditions, statuses, methods, budget, backoff. */
#include "tests/sim/rows/all.h"

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
    answer(f, c);
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
    answer(f, c);
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
    answer(f, c);
}

/* The second one refuses, too: there is nobody else, so its response is the client's. */
void retry_status_all(struct script *s)
{
    retry_on(s, 503, false);
    struct peer *c = client(s), *e = with_request(c, GET0), *f;
    say(e, E503 "0123456789");
    f = take_request(s);
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
    answer(f, c);
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
    f = take_request(s);
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
    f = take_request(s);
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
    f = take_request(s);
    answer(f, c);
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
    answer(f, c);
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
    f = take_request(s);
    (void)dies(d, GET0);
    want_text(d, "HTTP/1.1 502 ");
    want_counter(s, "retries_refused", 1);
    answer(f, c);
    pass_time(s, 10);
    say(d, "GET / HTTP/1.1\r\nHost: c0.example\r\n\r\n");
    want_head(f);
    pass_time(s, 10);
    rst(f, f->snd);
    want_head(serve(s));
    want_counter(s, "retries", 2);
    want_counter(s, "retries_refused", 1);
}
