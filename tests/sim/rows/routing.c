/* Rows about what a rule does beside sending a request to a cluster. */
#include <string.h>

#include "tests/sim/rows/all.h"

/* The rule of c0.example. */
static struct cfg_rule *rule_of_c0(struct script *s)
{
    return &s->config->route[0].rule[0];
}

static char *literal(const char *text)
{
    return (char *)(uintptr_t)text; /* read only, and never freed */
}

void routing_reply_pipelined(struct script *s)
{
    struct cfg_rule *r = rule_of_c0(s);
    r->action = CFG_REPLY;
    r->reply = (struct cfg_reply){200, literal("fine"), literal("text/plain")};
    struct peer *c = client(s), *e;
    ask(c, GET0 "GET /b HTTP/1.1\r\nHost: c1.example\r\n\r\n" GET0);
    want_reply(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n", "\r\nfine");
    e = serve(s);
    want_text(e, "GET /b HTTP/1.1\r\n");
    answer(e, c);
    want_reply(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n", "\r\nfine");
}

void routing_redirect(struct script *s)
{
    struct cfg_rule *r = rule_of_c0(s);
    r->action = CFG_REDIRECT;
    r->redirect = (struct cfg_redirect){.scheme = CFG_SCHEME_HTTPS, .prefix = literal("/new"), .status = 308};
    struct peer *c = client(s);
    ask(c, "GET /a?q HTTP/1.1\r\nHost: c0.exa");
    say(c, "mple\r\n\r\n"); /* in two: what was held is read, too */
    want_reply(
        c, "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://c0.example/new/a?q\r\nContent-Length: 0\r\n",
        "\r\n");
    say(c, POST_HEAD("100000"));
    want_reply(
        c, "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://c0.example/new/\r\nContent-Length: 0\r\n",
        "Connection: close\r\n\r\n"); /* the body will not be waited for */
}

static void want_moved(struct peer *c, bool closes)
{
    want_reply(c, "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://c0.example/n\r\nContent-Length: 0\r\n",
               closes ? "Connection: close\r\n\r\n" : "\r\n");
}

static void redirect_all(struct script *s)
{
    struct cfg_rule *r = rule_of_c0(s);
    r->action = CFG_REDIRECT;
    r->redirect = (struct cfg_redirect){.path = literal("/n"), .status = 307};
    s->config->cluster[1].nendpoint = 1;
}

/* The Date of a reply follows the wall clock, also when that is set. */
void reply_date(struct script *s)
{
    redirect_all(s);
    struct peer *c = client(s);
    ask(c, GET0);
    want_moved(c, false);
    pass_time(s, 3000);
    say(c, GET0);
    want_moved(c, false);
    lacon_set_clock(&s->lacon, -86400);
    say(c, GET0);
    want_moved(c, false);
}

#define GET1 "GET /b HTTP/1.1\r\nHost: c1.example\r\n\r\n"

/* A request to the other cluster is served: the connection stayed, at the right byte. */
static void want_served(struct peer *c, struct peer **e)
{
    if (!*e)
        *e = serve(c->sc);
    want_text(*e, "GET /b HTTP/1.1\r\n");
    answer(*e, c);
}

/* Requests with a body that no endpoint gets: it is thrown away, whether it is here, or half of it is held,
 * or it comes later, and the connection goes on. */
void discard_length(struct script *s)
{
    redirect_all(s);
    struct peer *c = client(s), *e = NULL;
    ask(c, POST_HEAD("9") "GET / HTT" GET0);
    want_moved(c, false);
    want_moved(c, false);
    say(c, "POST / HTTP/1.1\r\nHost: c0.example\r\nContent-");
    say(c, "Length: 3\r\n\r\nabc" GET1); /* from the hold */
    want_moved(c, false);
    want_served(c, &e);
    say(c, POST_HEAD("3") "ab");
    want_moved(c, false);
    say(c, "c" GET1);
    want_served(c, &e);
    say(c, POST_HEAD("65536"));
    want_moved(c, false);
    say_n(c, 'x', 65536);
    say(c, GET1);
    want_served(c, &e);
    want_counter(s, "requests", 8);
    want_counter(s, "exchanges_open", 0);
}

/* The same with chunks, which are cut anywhere. */
void discard_chunked(struct script *s)
{
    redirect_all(s);
    struct peer *c = client(s), *e = NULL;
    ask(c, CHUNKED_HEAD "3\r\nabc\r\n0\r\n\r\n" GET1);
    want_moved(c, false);
    want_served(c, &e);
    say(c, CHUNKED_HEAD);
    want_moved(c, false);
    say(c, "1");
    say(c, "0\r");
    say(c, "\n01234567");
    say(c, "89abcdef\r\n5;x=y\r\nabcde\r");
    say(c, "\n0\r\nTrailer: x\r\n\r\n" GET1);
    want_served(c, &e);
}

/* Segments of the rest that are lost and late. */
void discard_reordered(struct script *s)
{
    redirect_all(s);
    struct peer *c = client(s), *e = NULL;
    ask(c, POST_HEAD("2000"));
    want_moved(c, false);
    say_n_at(c, c->snd + 1000, 'y', 1000);
    say_at(c, c->snd + 2000, GET1);
    say_n_at(c, c->snd, 'x', 1000);
    c->snd += 2000 + (uint32_t)strlen(GET1);
    want_served(c, &e);
}

/* More than is thrown away: the connection ends behind the answer, at once where the length is told. */
void discard_long(struct script *s)
{
    redirect_all(s);
    struct peer *c = client(s), *d = client(s), *b = client(s);
    ask(c, POST_HEAD("65537"));
    want_moved(c, true);
    want_eventually(c, "FA");
    ask(d, CHUNKED_HEAD "fff0\r\n");
    want_moved(d, false);
    say_n(d, 'x', 0xfff0);
    say(d, "\r\n10\r\n");
    want_eventually(d, "FA");
    ask(b, CHUNKED_HEAD);
    want_moved(b, false);
    say(b, "10000\r\n"); /* one that is told to be too long is not waited for */
    want_eventually(b, "FA");
    want_counter(s, "exchanges_open", 0);
}

/* The rest is malformed, ends too soon, or does not come. */
void discard_broken(struct script *s)
{
    s->config->listener[0].min_request_rate = 240;
    redirect_all(s);
    struct peer *c = client(s), *d = client(s), *b = client(s);
    ask(c, CHUNKED_HEAD "3\r\nabc");
    want_moved(c, false);
    say(c, "GET"); /* no CR LF behind the chunk */
    want_eventually(c, "FA");
    ask(d, POST_HEAD("10") "abc");
    want_moved(d, false);
    fin(d);
    want_eventually(d, "FA");
    ask(b, POST_HEAD("10") "abc");
    want_moved(b, false);
    pass_time(s, 15000); /* not as much as min_request_rate asks for */
    want_eventually(b, "FA");
    want_counter(s, "exchanges_open", 0);
}

/* Who was to be told "100 Continue" may send the body or not: it is not waited for. */
void discard_expected(struct script *s)
{
    redirect_all(s);
    struct peer *c = client(s);
    ask(c, "POST / HTTP/1.1\r\nHost: c0.example\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    want_moved(c, true);
    want_eventually(c, "FA");
}

/* lacon is told to drain while the rest comes: then the connection ends behind it. */
void discard_drain(struct script *s)
{
    redirect_all(s);
    struct peer *c = client(s);
    ask(c, POST_HEAD("3") "ab");
    want_moved(c, false);
    lacon_drain(&s->lacon);
    say(c, "c");
    want_eventually(c, "FA");
}

/* No endpoint can be connected to: what is held of the body is thrown away, and the rest. */
void discard_refused(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("10") "abc");
    say(c, "def");
    e = take_syn(s);
    refuse_syn_of(e);
    want_reply(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: 16\r\n",
               "\r\n502 Bad Gateway\n");
    say(c, "ghij" GET1);
    e = NULL;
    want_served(c, &e);
}

void routing_split(struct script *s)
{
    struct cfg_rule *r = rule_of_c0(s);
    struct cfg_split split[] = {{0, 0}, {1, 5}};
    r->nsplit = 2;
    r->split = split;
    struct peer *c = client(s), *e = with_request(c, GET0);
    want_true(s, e->host == &s->endpoint_host[2] || e->host == &s->endpoint_host[3],
              "the cluster that has a weight");
    answer(e, c);
    r->nsplit = 0;
}
