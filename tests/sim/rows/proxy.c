/* Rows about PROXY headers: those that clients' proxies send, on listeners of each protocol, and those that
 * endpoints get. The names in them are of either family, whatever the connections are. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/rows/all.h"

#define V1 "PROXY TCP4 203.0.113.7 203.0.113.80 4711 80\r\n"
#define V6 "PROXY TCP6 2001:db8::7 2001:db8::80 4711 80\r\n"

static struct cfg_prefix proxies[2];

/* Clients are proxies; the headers they send are due within two seconds. */
static void behind_proxies(struct script *s, enum cfg_proxy accept)
{
    struct cfg_listener *l = &s->config->listener[0];
    proxies[0] = (struct cfg_prefix){topo_addr(false, 0, 0), 16};
    proxies[1] = (struct cfg_prefix){topo_addr(true, 0, 0), 64};
    l->proxy = (struct cfg_proxy_in){accept, 2, proxies};
    l->head_timeout_ns = 2 * SEC;
}

static struct peer *proxy(struct script *s, enum cfg_proxy accept)
{
    behind_proxies(s, accept);
    struct peer *c = client(s);
    open_conn(c);
    return c;
}

/* An endpoint gets GET0 in the name of `address`, and the client its answer. */
static void want_served(struct peer *c, const char *address)
{
    char head[256];
    struct peer *e = serve(c->sc);
    snprintf(head, sizeof head,
             "GET / HTTP/1.1\r\nHost: c0.example\r\nX-Forwarded-For: %s\r\nX-Forwarded-Proto: http\r\n\r\n",
             address);
    want_text(e, head);
    answer(e, c);
}

static const char *own_address(const struct peer *c)
{
    static char text[IP_STRLEN];
    return ip_str(&c->local, text);
}

static void want_reset(struct peer *c, const char *reason)
{
    want_eventually(c, "RA");
    want_counter(c->sc, reason, 1);
    want_counter(c->sc, "connects", 0);
    want_true(c->sc, lacon_kept(&c->sc->lacon) == 0, "nothing is kept");
}

/* ---- in: http ---- */

void proxy_with_request(struct script *s)
{
    one_endpoint(s);
    struct peer *c = proxy(s, CFG_PROXY_ANY);
    say(c, V1 GET0);
    want_served(c, "203.0.113.7");
    say(c, GET0); /* the name holds for the next request, too */
    struct peer *e = &s->peer[1];
    want_text(e, "GET / HTTP/1.1\r\nHost: c0.example\r\nX-Forwarded-For: 203.0.113.7\r\n");
    char ip[IP_STRLEN];
    want_true(s, strcmp(ip_str(&s->lacon.last_log.client.addr, ip), "203.0.113.7") == 0, "it is in the log");
    want_true(s, s->lacon.last_log.client.port == 4711, "with its port");
}

void proxy_single_bytes(struct script *s)
{
    static const char text[] = V6 GET0;
    struct peer *c = proxy(s, CFG_PROXY_V1);
    for (size_t i = 0; i + 1 < sizeof text; i++)
        say(c, (char[]){text[i], 0});
    want_served(c, "2001:db8::7");
}

void proxy_cut_in_both(struct script *s)
{
    struct peer *c = proxy(s, CFG_PROXY_ANY);
    say(c, "PROXY TCP4 203.0.1");
    say(c, "13.7 203.0.113.80 4711 80\r\nGET / HTTP/1.1\r\nHo");
    say(c, "st: c0.example\r\n\r\n");
    want_served(c, "203.0.113.7");
}

void proxy_reordered(struct script *s)
{
    static const char text[] = V1 GET0;
    struct peer *c = proxy(s, CFG_PROXY_ANY);
    say_at(c, 1 + 50, text + 50);
    say_bytes_at(c, 1 + 20, text + 20, 30);
    pass_time(s, 10);
    say_bytes_at(c, 1, text, 20);
    c->snd += sizeof text - 1;
    want_served(c, "203.0.113.7");
}

/* What was acknowledged is settled, whatever comes again. */
void proxy_other_bytes_acked(struct script *s)
{
    struct peer *c = proxy(s, CFG_PROXY_ANY);
    say(c, "PROXY TCP4 203.0.113.7 ");
    pass_time(s, 300);
    say_at(c, 1, "PROXY TCP4 198.51.100.9");
    say(c, "203.0.113.80 4711 80\r\n" GET0);
    want_served(c, "203.0.113.7");
    say_at(c, 1, "PROXY TCP4 198.51.100.9 203.0.113.80 4711 80\r\n");
    pass_time(s, 10);
    want_counter(s, "close_bytes_differ", 0);
}

/* What was not, but is held, must come again as it was. */
void proxy_other_bytes_held(struct script *s)
{
    struct peer *c = proxy(s, CFG_PROXY_ANY);
    say_at(c, 1 + 11, "203.0.113.7 203.0.113.80 4711 80\r\n");
    say_at(c, 1, "PROXY TCP4 203.0.113.9 203.0.113.80 4711 80\r\n");
    want_reset(c, "close_bytes_differ");
}

void proxy_lost(struct script *s)
{
    static const char text[] = V1 GET0;
    struct peer *c = proxy(s, CFG_PROXY_ANY);
    c->snd += sizeof V1 - 1; /* lost */
    say(c, GET0);
    want_eventually(c, "A ack=1");
    say_bytes_at(c, 1, text, sizeof V1 - 1);
    want_served(c, "203.0.113.7");
}

void proxy_never_complete(struct script *s)
{
    struct peer *c = proxy(s, CFG_PROXY_ANY);
    for (unsigned i = 0; i < 3; i++) { /* who goes on speaking wins no time */
        say(c, &"PROXY TCP4 "[4 * i]);
        pass_time(s, 600);
    }
    want_counter(s, "close_proxy_header", 0);
    want_reset(c, "close_proxy_header");
}

void proxy_missing(struct script *s)
{
    struct peer *c = proxy(s, CFG_PROXY_ANY);
    say(c, GET0);
    want_reset(c, "close_proxy_header");
}

void proxy_too_long(struct script *s)
{
    struct peer *c = proxy(s, CFG_PROXY_ANY);
    say(c, "PROXY UNKNOWN ");
    say_n(c, 'x', 93);
    want_reset(c, "close_proxy_header");
}

void proxy_closed_before(struct script *s)
{
    struct peer *c = proxy(s, CFG_PROXY_ANY);
    say(c, "PROXY ");
    fin(c);
    want_eventually(c, "FA");
    ack_all(c);
    pass_time(s, 10);
    want_counter(s, "requests", 0);
    want_true(s, LACON_COUNT(&s->lacon, clients_open) == 0, "the client is gone");
}

/* From anybody else it is no header. */
void proxy_untrusted(struct script *s)
{
    behind_proxies(s, CFG_PROXY_ANY);
    proxies[0].addr = topo_addr(false, 1, 0);
    proxies[1].addr = topo_addr(true, 1, 0);
    struct peer *c = client(s);
    ask(c, V1 GET0);
    want_text(c, "HTTP/1.1 400 ");
}

/* The proxy's own check: its own address. */
void proxy_local(struct script *s)
{
    static const char local[] = "\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00";
    struct peer *c = proxy(s, CFG_PROXY_V2);
    say_bytes_at(c, 1, local, 16);
    c->snd += 16;
    say(c, GET0);
    want_served(c, own_address(c));
}

void proxy_not_accepted(struct script *s)
{
    struct peer *c = proxy(s, CFG_PROXY_V2);
    say(c, V1 GET0);
    want_reset(c, "close_proxy_header");
}

/* ---- in: tcp, tls ---- */

#define V2_FOUR "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x07\xcb\0\x71\x50\x12\x67\0\x50"

void proxy_tcp(struct script *s)
{
    s->config->listener[0].protocol = CFG_TCP;
    s->config->listener[0].cluster = 0;
    struct peer *c = proxy(s, CFG_PROXY_ANY);
    pass_time(s, 100);
    want_counter(s, "connects", 0); /* nobody is asked before it is there */
    say_bytes_at(c, 1, V2_FOUR, 20);
    say_bytes_at(c, 21, &V2_FOUR "hello"[20], 13);
    c->snd += 33;
    struct peer *e = serve(s);
    say(e, "220 ready\r\n");
    want_text(c, "220 ready\r\n");
    want_text(e, "hello");
    say(c, "more");
    want_text(e, "more");
    fin(c);
    want_eventually(e, "FA");
    fin(e);
    want_eventually(c, "FA");
    ack_all(c);
    pass_time(s, 10);
    char ip[IP_STRLEN];
    want_true(s, strcmp(ip_str(&s->lacon.last_log.client.addr, ip), "203.0.113.7") == 0, "it is in the log");
}

static const char hello[] = "\x16\x03\x01\0\x42\x01\0\0\x3e\x03\x03"
                            "0123456789abcdef0123456789abcdef\0\0\x02\0\x2f\x01\0\0\x13"
                            "\0\0\0\x0f\0\x0d\0\0\x0a"
                            "c1.example";

void proxy_tls(struct script *s)
{
    s->config->listener[0].protocol = CFG_TLS;
    struct peer *c = proxy(s, CFG_PROXY_ANY);
    char text[sizeof V2_FOUR - 1 + sizeof hello - 1];
    memcpy(text, V2_FOUR, sizeof V2_FOUR - 1);
    memcpy(text + sizeof V2_FOUR - 1, hello, sizeof hello - 1);
    say_bytes_at(c, 1 + 40, text + 40, sizeof text - 40); /* the hello's second part first */
    say_bytes_at(c, 1, text, 40);
    c->snd += sizeof text;
    struct peer *e = take_syn(s);
    want_true(s, e->host == &s->endpoint_host[2] || e->host == &s->endpoint_host[3], "it is cluster 1's");
    accept_syn_of(e);
    want_eventually(e, "A");
    want_true(s, e->got.len == sizeof hello - 1 && memcmp(e->got.data, hello, e->got.len) == 0,
              "the hello comes as it was, and nothing before it");
}

/* ---- out ---- */

/* The line that an endpoint of version 1 gets for client c. */
static const char *line_for(const struct peer *c)
{
    static char line[128];
    char a[IP_STRLEN], b[IP_STRLEN];
    snprintf(line, sizeof line, "PROXY TCP%c %s %s %u %u\r\n", ip_is_v4(&c->local) ? '4' : '6',
             ip_str(&c->local, a), ip_str(&c->remote, b), c->lport, c->rport);
    return line;
}

static struct peer *announced(struct script *s)
{
    s->config->cluster[0].proxy_protocol = CFG_PROXY_V1;
    struct peer *c = client(s);
    open_conn(c);
    return c;
}

void proxy_out_per_client(struct script *s)
{
    one_endpoint(s);
    struct peer *c = announced(s), *other = client(s);
    say(c, GET0);
    struct peer *e = serve(s);
    want_text(e, line_for(c));
    want_text(e, "GET / HTTP/1.1\r\n");
    answer(e, c);
    pass_time(s, 10);
    open_conn(other);
    say(other, GET0); /* the idle conn bears c's name */
    struct peer *f = serve(s);
    want_text(f, line_for(other));
    want_head(f);
    answer(f, other);
    pass_time(s, 10);
    say(c, GET0); /* its own, without another header */
    want_text(e, "GET / HTTP/1.1\r\n");
    answer(e, c);
    pass_time(s, 100); /* acks of responses wait */
    want_counter(s, "connects", 2);
    want_true(s, LACON_COUNT(&s->lacon, endpoints_idle) == 2, "both conns are kept");
    forget(f);
    rst(c, c->snd);
    want_eventually(e, "FA"); /* with its client it goes */
    want_silence(f, 100);
}

/* A full pool: who has asked last keeps his connection, and who has been silent longest loses his. */
void proxy_out_pool_full(struct script *s)
{
    one_endpoint(s);
    s->config->cluster[0].pool_size = 2;
    s->config->cluster[0].proxy_protocol = CFG_PROXY_V1;
    struct peer *c[3], *e[3];
    for (unsigned i = 0; i < 3; i++) {
        c[i] = client(s);
        ask(c[i], GET0);
        e[i] = take_syn(s);
        accept_syn_of(e[i]);
        want_text(e[i], line_for(c[i]));
        want_head(e[i]);
        answer(e[i], c[i]);
        pass_time(s, 10);
    }
    want_eventually(e[0], "FA");
    fin(e[0]);
    pass_time(s, 10);
    want_counter(s, "close_pool_full", 1);
    for (unsigned i = 1; i < 3; i++) {
        say(c[i], GET0);
        want_text(e[i], "GET / HTTP/1.1\r\n");
        answer(e[i], c[i]);
    }
    want_counter(s, "connects", 3);
}

void proxy_out_lost(struct script *s)
{
    struct peer *c = announced(s);
    say(c, GET0);
    struct peer *e = take_syn(s);
    accept_syn_of(e);
    pass_time(s, 20);
    lose(e); /* header and request */
    want_eventually(e, "A seq=1");
    want_true(s, e->got.len >= 6 && memcmp(e->got.data, "PROXY ", 6) == 0, "the header comes again");
    ack_all(e);
    want_head(e);
    answer(e, c);
}

/* The endpoint has taken the header, and resets before it has any of the request: another one gets its own
 * header, and the request once. */
void proxy_out_retry(struct script *s)
{
    struct peer *c = announced(s);
    say(c, POST_HEAD("4") "body");
    struct peer *e = take_syn(s);
    e->auto_ack = false;
    accept_syn_of(e);
    want_eventually(e, "A seq=1");
    flags(e, SEG_ACK, e->snd, 1 + (uint32_t)strlen(line_for(c)));
    pass_time(s, 5);
    rst(e, e->snd);
    struct peer *f = serve(s);
    want_text(f, line_for(c));
    want_text(f, "POST / HTTP/1.1\r\n");
    answer(f, c);
    want_counter(s, "retries", 1);
}

void proxy_out_refused(struct script *s)
{
    struct peer *c = announced(s);
    say(c, GET0);
    refuse_syn_of(take_syn(s));
    struct peer *f = serve(s);
    want_text(f, line_for(c));
    want_text(f, "GET / HTTP/1.1\r\n");
    answer(f, c);
}

/* In and out: the endpoint is told what the proxy told, then the tunnel's bytes. */
void proxy_out_tcp(struct script *s)
{
    s->config->listener[0].protocol = CFG_TCP;
    s->config->listener[0].cluster = 0;
    s->config->cluster[0].proxy_protocol = CFG_PROXY_V1;
    struct peer *c = proxy(s, CFG_PROXY_ANY);
    say(c, V6 "early");
    refuse_syn_of(take_syn(s));
    struct peer *e = serve(s);
    want_text(e, V6 "early");
    say_n(e, 'a', 3000);
    want_bytes(c, 3000);
    say_n(c, 'b', 3000);
    want_bytes(e, 3000);
    fin(c);
    want_eventually(e, "FA");
    fin(e);
    want_eventually(c, "FA");
}
