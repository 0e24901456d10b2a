/* Rows about heads that grow and shrink on their way, by edits of the configuration's: positions behind them
 * are moved by the difference, what is sent again is what was sent; and about affinity cookies. */
#include "tests/sim/rows/all.h"

#include <stdlib.h>

#include "agent/exchange/internal.h"
#include "agent/http/writer.h"

static struct template_piece pieces[4][TEMPLATE_MAX_PIECES];

static char *literal(const char *text)
{
    return (char *)(uintptr_t)text; /* read only, and never freed */
}

/* Adds a line to what is set by an edit that has none yet. */
static void set_line(struct field_edit *e, struct field_line *line, unsigned i, const char *name,
                     const char *value)
{
    char why[TEMPLATE_WHY];
    int n = template_parse(value, TEMPLATE_RESPONSE, pieces[i], why);
    *line = (struct field_line){literal(name), literal(value), {(uint32_t)n, pieces[i]}};
    *e = (struct field_edit){.nset = 1, .set = line, .names = field_name_bit(span_str(name))};
}

/* A response head of 43 bytes becomes one of 43 + 1300: two segments of 1000. */
#define GROWN 1300u

static void grow(struct script *s, struct field_line *line)
{
    static char value[GROWN - sizeof "X-Large: " + 1 - 2];
    memset(value, 'a', sizeof value - 1);
    memcpy(value, "%{time}", 7); /* 24 bytes, when it is rendered: another time each time */
    value[sizeof value - 17] = 0;
    set_line(&s->config->route[0].rule[0].response_edit, line, 0, "X-Large", value);
}

void edits_response_grows(struct script *s)
{
    static struct field_line line;
    uint8_t first[1000];
    const uint32_t head = sizeof LARGE0 - 1;
    grow(s, &line);
    struct peer *c = client(s), *e;
    c->mss = 1000;
    e = with_request(c, GET0);
    c->auto_ack = false;
    say(e, LARGE0);
    want_eventually(c, "A seq=1 len=1000");
    memcpy(first, c->got.data, sizeof first);
    want(c, "A seq=1001 len=343");
    pass_time(s, 2000); /* lost; the endpoint repeats it, much later by the clock in the head */
    say_at(e, 1, LARGE0);
    want(c, "A seq=1 len=1000");
    want_true(s, memcmp(first, c->got.data, sizeof first) == 0, "sent again is what was sent");
    c->rcv = 1001;
    ack_all(c); /* a partial ack has the rest sent, too */
    want(c, "A seq=1001 len=343");
    forget(e);
    c->rcv = 1 + head + GROWN;
    ack_all(c);
    want(e, "A ack=44");
    say_n(e, 'b', 3000);
    for (unsigned i = 0; i < 3; i++)
        want(c, i == 0 ? "A seq=1344 len=1000" : i == 1 ? "A seq=2344 len=1000" : "A seq=3344 len=1000");
    c->rcv = 1 + head + GROWN + 2000;
    forget(e);
    ack_all(c);
    want(e, "A ack=2044");
}

/* The endpoint acks a request's body: its client gets that as its own positions. */
void edits_request_shrinks(struct script *s)
{
    static char *remove[] = {(char *)(uintptr_t) "x-gone"};
    struct field_edit *edit = &s->config->route[0].rule[0].request_edit;
    *edit = (struct field_edit){.nremove = 1, .remove = remove, .names = field_name_bit(span_str("x-gone"))};
    s->config->listener[0].x_forwarded_for = s->config->listener[0].x_forwarded_proto = CFG_FORWARD_OFF;
    struct peer *c = client(s), *e;
    ask(c, "POST / HTTP/1.1\r\nHost: c0.example\r\nX-Gone: 0123456789\r\nContent-Length: 100000\r\n\r\n");
    e = serve(s);
    want_text(e, POST_HEAD("100000"));
    uint32_t head = e->rcv;
    pass_time(s, 5); /* its window has opened */
    forget(c);
    e->auto_ack = false;
    say_n(c, 'a', 2000);
    want(e, "A len=1000");
    want(e, "A len=1000");
    want_true(s, e->rcv == head + 2000, "the body follows the shorter head");
    e->rcv = head + 1500;
    ack_all(e);
    want(c, "A");
    want_true(s, c->got.ack - c->iss == head + 1500 + 20, "acked is what the client calls it");
}

/* The route is for clients of 192.0.2.0/24, as a trusted proxy tells who they are. */
void edits_forwarded(struct script *s)
{
    static const char *const asks =
        "GET / HTTP/1.1\r\nHost: c0.example\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n";
    static struct cfg_prefix of_clients = {{{[10] = 0xff, 0xff, 192, 0, 2, 0}}, 24}, trusted;
    trusted = (struct cfg_prefix){{{[10] = 0xff, 0xff, 10, 255, 0, 0}}, 16};
    struct cfg_match *m = s->config->route[0].rule[0].match;
    struct cfg_listener *l = s->config->listener;
    m->nsource = 1;
    m->source = &of_clients;
    l->ntrusted_proxy = 1;
    l->trusted_proxy = &trusted;
    struct peer *c = client(s), *e;
    ask(c, asks);
    want_text(c, "HTTP/1.1 404 ");
    trusted = (struct cfg_prefix){c->local, ip_is_v4(&c->local) ? 32 : 128};
    say(c, asks);
    e = serve(s);
    want_text(e, "GET / HTTP/1.1\r\nHost: c0.example\r\nX-Forwarded-For: 192.0.2.7, ");
    answer(e, c);
}

/* Of a request whose head is gone, an edit of its response may ask for its method and its id. */
void edits_without_log(struct script *s)
{
    static struct field_line of_rule, of_listener;
    struct cfg_listener *l = s->config->listener;
    l->x_request_id = CFG_FORWARD_APPEND;
    set_line(&s->config->route[0].rule[0].response_edit, &of_rule, 0, "X-Asked", "%{method} %{request_id}");
    set_line(&l->response_edit, &of_listener, 1, "X-Id", "%{request_id} %{method}");
    free(s->config->logging.access_log);
    s->config->logging.access_log = NULL;
    struct peer *c = client(s), *e;
    ask(c,
        "PURGE /a HTTP/1.1\r\nHost: c0.example\r\nReferer: /b\r\nUser-Agent: u\r\nX-Request-Id: one\r\n\r\n");
    e = serve(s);
    want_head(e);
    say(e, "HTTP/1.1 204 No Content\r\n\r\n");
    want_text(c, "HTTP/1.1 204 No Content\r\nX-Asked: PURGE one\r\nX-Id: one PURGE\r\n\r\n");
    say(c, "GET /a HTTP/1.1\r\nHost: nobody.example\r\nX-Request-Id: two\r\n\r\n"); /* the same slot */
    want_reply(c, "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n",
               "X-Id: two GET\r\n\r\n404 Not Found\n");
}

/* The line that lacon is to send for endpoint i of cluster 0. */
static const char *set_cookie(const struct script *s, uint32_t i)
{
    static char text[256];
    static const struct sip_key unused;
    struct affinity *a = affinity_create(&s->config->cluster[0], &unused);
    struct writer w = writer_on((uint8_t *)text, sizeof text - 1);
    affinity_put(a, i, &w);
    *w.p = 0;
    affinity_destroy(a);
    return text;
}

static void with_cookies(struct script *s)
{
    s->config->cluster[0].affinity.cookie = (struct cfg_cookie){
        .on = true, .name = literal("me"), .path = literal("/"), .key = literal("sixteen bytes or more")};
}

static uint32_t index_of(const struct script *s, const struct peer *e)
{
    return e->host == &s->endpoint_host[0] ? 0 : 1;
}

/* Says a request with the cookie of endpoint i. */
static void say_with_cookie(struct peer *c, uint32_t i)
{
    char text[512];
    const char *value = strchr(set_cookie(c->sc, i), '=') + 1;
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: c0.example\r\nCookie: me=%.16s\r\n\r\n", value);
    say(c, text);
}

static void want_new_cookie(struct peer *c, uint32_t i)
{
    char text[512];
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%s\r\nok", set_cookie(c->sc, i));
    want_text(c, text);
}

void edits_affinity(struct script *s)
{
    with_cookies(s);
    struct peer *c = client(s), *e = with_request(c, GET0);
    uint32_t first = index_of(s, e);
    say(e, OK2);
    want_new_cookie(c, first);
    for (unsigned i = 0; i < 3; i++) { /* round_robin would have gone on to the other */
        say_with_cookie(c, first);
        want_text(e, "GET / HTTP/1.1\r\nHost: c0.example\r\nX-Forwarded-For: ");
        answer(e, c);
    }
}

/* Its endpoint refuses: another one is asked, and the cookie of that one is set. */
void edits_affinity_down(struct script *s)
{
    with_cookies(s);
    struct peer *c = client(s), *e;
    open_conn(c);
    say_with_cookie(c, 1);
    e = take_syn(s);
    want_true(s, index_of(s, e) == 1, "the cookie's endpoint is asked first");
    refuse_syn_of(e);
    e = serve(s);
    want_true(s, index_of(s, e) == 0, "then the other one");
    want_head(e);
    say(e, OK2);
    want_new_cookie(c, 0);
    say_with_cookie(c, 1); /* still down: passed over without a try */
    want_head(e);
    say(e, OK2);
    want_new_cookie(c, 0);
}
