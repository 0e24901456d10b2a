/* Rows about what a rule does beside sending a request to a cluster. */
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
    want_text(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nfine");
    e = serve(s);
    want_text(e, "GET /b HTTP/1.1\r\n");
    answer(e, c);
    want_text(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nfine");
}

void routing_redirect(struct script *s)
{
    struct cfg_rule *r = rule_of_c0(s);
    r->action = CFG_REDIRECT;
    r->redirect = (struct cfg_redirect){.scheme = CFG_SCHEME_HTTPS, .prefix = literal("/new"), .status = 308};
    struct peer *c = client(s);
    ask(c, "GET /a?q HTTP/1.1\r\nHost: c0.exa");
    say(c, "mple\r\n\r\n"); /* in two: what was held is read, too */
    want_text(c, "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://c0.example/new/a?q\r\nContent-Length: "
                 "0\r\n\r\n");
    say(c, POST_HEAD("100000"));
    want_text(c,
              "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://c0.example/new/\r\nContent-Length: 0\r\n"
              "Connection: close\r\n\r\n"); /* the body will not be waited for */
}

/* A request with a body that no endpoint gets: the connection goes on when all of it came with its head. */
void routing_redirect_body(struct script *s)
{
#define MOVED "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://c0.example/n\r\nContent-Length: 0\r\n"
    struct cfg_rule *r = rule_of_c0(s);
    r->action = CFG_REDIRECT;
    r->redirect = (struct cfg_redirect){.path = literal("/n"), .status = 307};
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("9") "GET / HTT" GET0);
    want_text(c, MOVED "\r\n");
    want_text(c, MOVED "\r\n");
    say(c, "POST / HTTP/1.1\r\nHost: c0.example\r\nContent-");
    say(c, "Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: c1.example\r\n\r\n"); /* from the hold */
    want_text(c, MOVED "\r\n");
    e = serve(s);
    want_text(e, "GET /b HTTP/1.1\r\n");
    answer(e, c);
    say(c, POST_HEAD("3") "ab");
    want_text(c, MOVED "Connection: close\r\n\r\n");
    say(c, "c" GET0); /* nobody's request any more */
    want_counter(s, "requests", 5);
#undef MOVED
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
