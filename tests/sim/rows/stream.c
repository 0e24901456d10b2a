/* Rows about listeners of `protocol: tcp`, a tunnel from the first byte, and `tls`, after the ClientHello. */
#include <string.h>

#include "tests/sim/rows/all.h"

static struct peer *tcp_client(struct script *s)
{
    struct cfg_listener *l = &s->config->listener[0];
    l->protocol = CFG_TCP;
    l->cluster = 0;
    struct peer *c = client(s);
    open_conn(c);
    return c;
}

static void want_over(struct script *s)
{
    pass_time(s, 10);
    want_true(s, LACON_COUNT(&s->lacon, exchanges_open) == 0, "the exchange is over");
    want_counter(s, "exchanges", 1);
    want_true(s, lacon_kept(&s->lacon) == 0, "nothing is kept");
}

void tcp_tunnel(struct script *s)
{
    struct peer *c = tcp_client(s), *e = serve(s);
    say(c, "\x01hello \r\n\r\n");
    want_text(e, "\x01hello \r\n\r\n");
    say(e, "HTTP/9.9 not at all\r\n");
    want_text(c, "HTTP/9.9 not at all\r\n");
    fin(c);
    want_eventually(e, "FA");
    ack_all(e);
    say(e, "still here");
    want_text(c, "still here");
    fin(e);
    want_eventually(c, "FA");
    ack_all(c);
    want_over(s);
    want_counter(s, "requests", 0);
}

/* The endpoint is asked before the client has said anything but its handshake's ACK. */
void tcp_large_segments(struct script *s)
{
    struct peer *c = tcp_client(s), *e = take_syn(s);
    want_true(s, e->got.mss == 1440, "the endpoint may send as large segments as the client takes");
    accept_syn_of(e);
    say_one(e, 'x', 1440);
    want_eventually(c, "A len=1440");
}

void tcp_endpoint_first(struct script *s)
{
    struct peer *c = tcp_client(s), *e = serve(s);
    say(e, "220 ready\r\n");
    want_text(c, "220 ready\r\n");
    say(c, "QUIT\r\n");
    want_text(e, "QUIT\r\n");
}

void tcp_early_bytes(struct script *s)
{
    struct peer *c = tcp_client(s), *e = take_syn(s);
    say_n(c, 'a', 3000);
    say(c, "end");
    fin(c);
    pass_time(s, 50);
    accept_syn_of(e);
    want_bytes(e, 3003);
    want_eventually(e, "FA");
    ack_all(e);
    say(e, "answer");
    want_text(c, "answer");
    fin(e);
    want_eventually(c, "FA");
    ack_all(c);
    want_over(s);
}

void tcp_refused(struct script *s)
{
    struct peer *c = tcp_client(s), *e = take_syn(s);
    say(c, "early");
    refuse_syn_of(e);
    e = serve(s);
    want_text(e, "early");
    say(e, "yes");
    want_text(c, "yes");
}

void tcp_all_refuse(struct script *s)
{
    struct peer *c = tcp_client(s);
    say(c, "early");
    refuse_syn_of(take_syn(s));
    refuse_syn_of(take_syn(s));
    want_eventually(c, "RA");
    want_over(s);
    want_true(s, s->lacon.last_log.status == 502, "it is logged as 502");
}

void tcp_reset(struct script *s)
{
    struct peer *c = tcp_client(s), *e = serve(s);
    say(c, "hello");
    want_text(e, "hello");
    rst(e, e->snd);
    want_eventually(c, "RA");
    want_over(s);
}

void tcp_idle(struct script *s)
{
    s->config->listener[0].tunnel_timeout_ns = 2 * SEC;
    s->config->cluster[0].response_timeout_ns = SEC; /* none is waited for */
    struct peer *c = tcp_client(s), *e = serve(s);
    for (unsigned i = 0; i < 4; i++) { /* one direction is enough to keep it */
        say(e, "tick");
        want_text(c, "tick");
        pass_time(s, 1500);
    }
    forget(e);
    want_eventually(c, "RA");
    want_eventually(e, "RA");
    want_over(s);
}

/* ---- tls ---- */

/* A ClientHello of TLS 1.2 with one cipher suite and the server name cN.example. */
static const char *hello_for(char n, uint32_t *len)
{
    static char h[] = "\x16\x03\x01\0\x42\x01\0\0\x3e\x03\x03"
                      "0123456789abcdef0123456789abcdef\0\0\x02\0\x2f\x01\0\0\x13"
                      "\0\0\0\x0f\0\x0d\0\0\x0a"
                      "cX.example";
    h[sizeof h - 10] = n;
    *len = sizeof h - 1;
    return h;
}

static struct peer *tls_client(struct script *s)
{
    s->config->listener[0].protocol = CFG_TLS;
    struct peer *c = client(s);
    open_conn(c);
    return c;
}

static void want_alert(struct peer *c, char what)
{
    char alert[] = "\x15\x03\x03\0\x02\x02?";
    alert[6] = what;
    want_eventually(c, "A len=7");
    want_true(c->sc, memcmp(c->got.data, alert, 7) == 0, "it is the alert in question");
    ack_all(c);
    want_eventually(c, "FA");
    fin(c);
    want_over(c->sc);
}

void tls_by_name(struct script *s)
{
    uint32_t n;
    const char *h = hello_for('1', &n);
    struct peer *c = tls_client(s), *e;
    say_bytes_at(c, 1 + 60, h + 60, n - 60);
    say_bytes_at(c, 1, h, 60);
    c->snd += n;
    e = take_syn(s);
    want_true(s, e->host == &s->endpoint_host[2] || e->host == &s->endpoint_host[3], "it is cluster 1's");
    accept_syn_of(e);
    want_eventually(e, "A");
    want_true(s, e->got.len == n && memcmp(e->got.data, h, n) == 0, "the hello comes as it was");
    ack_all(e);
    say(e, "server hello");
    want_text(c, "server hello");
    say(c, "finished");
    want_text(e, "finished");
}

void tls_no_route(struct script *s)
{
    uint32_t n;
    const char *h = hello_for('?' + 20, &n);
    struct peer *c = tls_client(s);
    say_bytes_at(c, 1, h, n);
    c->snd += n;
    want_alert(c, 112);
    want_true(s, s->lacon.last_log.status == 404, "it is logged as 404");
}

void tls_no_hello(struct script *s)
{
    struct peer *c = tls_client(s);
    say(c, "GET / HTTP/1.1\r\n\r\n");
    want_alert(c, 10);
    want_true(s, s->lacon.last_log.status == 400, "it is logged as 400");
}

void tls_silent(struct script *s)
{
    uint32_t n;
    s->config->listener[0].head_timeout_ns = 2 * SEC;
    const char *h = hello_for('0', &n);
    struct peer *c = tls_client(s);
    say_bytes_at(c, 1, h, n - 1);
    c->snd += n - 1;
    want_eventually(c, "FA");
    fin(c);
    want_over(s);
    want_true(s, s->lacon.last_log.status == 408, "it is logged as 408");
}
