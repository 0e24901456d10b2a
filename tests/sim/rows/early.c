/* Rows about answers before the request is over (S10): 413 while a body is on its way. */
#include <string.h>

#include "tests/sim/rows/all.h"

void s10_413_early(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("100000"));
    say_n(c, 'x', 3000);
    want_bytes(e, 3000);
    say(e, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    want_text(c, "HTTP/1.1 413 Too Large\r\n");
    want_true(s, memmem(c->got.data, c->got.len, "onnection: close", 16) != NULL,
              "Connection: close is added");
    want_fin(c);
    ack_all(c);
    say_n(c, 'x', 3000); /* the rest is acked and thrown away */
    pass_time(s, 50);
    forget(c);
    want_true(s, c->got.flags == SEG_ACK && c->got.ack == c->iss + c->snd, "all that was sent is acked");
}

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
    want_fin(c);
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
    want_fin(c);
    fin(c);
    pass_time(s, 50);
    forget(c);
    want_true(s, c->got.flags == SEG_ACK && c->got.ack == c->iss + c->snd, "its FIN is acked");
    want_counter(s, "clients_open", 0);
}
