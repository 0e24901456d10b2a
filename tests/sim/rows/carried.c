/* See carried.h. */
#include "tests/sim/rows/carried.h"

#define SEGMENT 1000u /* of say_n() */

void with_engine(struct script *s, const char *engine)
{
    families(s, false, false);
    lacon_provider(engine);
    one_endpoint(s);
}

struct carried asked(struct script *s, const char *head)
{
    struct peer *c = client(s);
    c->wscale = 7;
    c->wnd = 400;
    return asked_by(c, head);
}

struct carried asked_by(struct peer *c, const char *head)
{
    struct carried w = {.c = c};
    open_conn(w.c);
    say(w.c, GET0);
    w.e = take_syn(c->sc);
    w.e->wscale = 7;
    accept_syn_of(w.e);
    w.e->wnd = FIELD;
    want_head(w.e);
    say(w.e, head);
    want_head(w.c);
    w.base = w.e->snd;
    return w;
}

void body(struct carried *w, uint32_t n)
{
    uint64_t before = counter_of(w->c->sc, "forwarded");
    say_n(w->e, 'x', n);
    want_bytes(w->c, n);
    w->sent += n;
    w->by_engine = counter_of(w->c->sc, "forwarded") == before;
    if (w->by_engine)
        w->frames += (n + SEGMENT - 1) / SEGMENT;
    pass_time(w->c->sc, 1);
}

uint32_t edge_of(const struct carried *w)
{
    return w->e->got.ack - w->e->iss + ((uint32_t)w->e->got.wnd << 7) - w->base;
}
