/* Rows about zero windows in front of bytes that lacon keeps: probes, resuming, giving up. */
#include "tests/sim/rows/all.h"

/* The same segment again, after lo to hi ms. */
static void again(struct peer *p, uint64_t *since, unsigned lo, unsigned hi, const char *segment)
{
    want(p, segment);
    want_delay(p, *since, lo, hi);
    *since = p->got_at;
}

/* A client that has room for nothing, and an adopted response for it. */
static uint64_t no_room(struct peer *c)
{
    struct script *s = c->sc;
    struct peer *e = with_request(c, GET0);
    pass_time(s, 5);
    c->wnd = 0;
    c->auto_ack = false;
    forget(c);
    ack_all(c);
    say(e, OK2);
    pass_time(s, 5);
    return s->sim.now;
}

void zero_window_never(struct script *s)
{
    struct peer *c = client(s);
    c->wnd = 0; /* from the start; lacon may not send into a window that it was not shown */
    uint64_t since = no_room(c);
    want(c, "A seq=1 len=1");
    want_delay(c, since, 190, 205);
}

/* Probes are answered, for ever so long: never given up. Then the window opens. */
void zero_window_answered(struct script *s)
{
    struct peer *c = client(s);
    c->wnd = 0;
    (void)no_room(c);
    for (unsigned i = 0; i < 20; i++) {
        pass_time(s, 60000);
        want(c, "A seq=1 len=1");
        forget(c);
        c->rcv = 1;
        ack_all(c);
    }
    c->wnd = 1000;
    uint64_t since = s->sim.now;
    ack_all(c);
    want(c, "A seq=1 len=40"); /* all of it, the probe's byte as well, and now */
    want_delay(c, since, 0, 5);
}

/* The probe's byte was taken: what follows it goes on. */
void zero_window_byte_taken(struct script *s)
{
    struct peer *c = client(s);
    c->wnd = 0;
    (void)no_room(c);
    want(c, "A seq=1 len=1");
    c->wnd = 1000;
    uint64_t since = s->sim.now;
    ack_all(c);
    want(c, "A seq=2 len=39");
    want_delay(c, since, 0, 5);
}

void zero_window_unanswered(struct script *s)
{
    struct peer *c = client(s);
    c->wnd = 0;
    uint64_t since = no_room(c);
    pass_time(s, 200000);
    for (unsigned ms = 200; ms <= 25600; ms *= 2)
        again(c, &since, ms - 10, ms + 5, "A seq=1 len=1");
    want(c, "RA");
    want_counter(s, "close_retransmit", 1);
    want_counter(s, "clients_open", 0);
}

/* The endpoint's side: its window is closed when the request is ready. */
void zero_window_endpoint(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("100000"));
    e = take_syn(s);
    e->wnd = 0;
    accept_syn_of(e);
    for (unsigned i = 0; i < 12; i++) {
        pass_time(s, 60000);
        want_eventually(e, "A seq=1 len=1");
        forget(e);
        e->rcv = 1;
        ack_all(e);
    }
    e->wnd = 60000;
    ack_all(e);
    want_head(e);
    say(c, "hello");
    want_text(e, "hello");
}
