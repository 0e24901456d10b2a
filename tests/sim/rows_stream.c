/* Rows about listeners of `protocol: tcp`: a tunnel from the first byte. */
#include <string.h>

#include "tests/sim/rows_all.h"

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
