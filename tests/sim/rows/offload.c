/* Rows about flows that an engine carries (agent/splice/offload.c, R1 to R5), against the emulated engine.
 * Segments that software did not forward are the engine's. */
#include "tests/sim/rows/all.h"

#define BODY     200000u
#define HEAD     "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"
#define FIELD    502 /* the endpoint's window field */
#define BOUNDARY 2920u

struct carried {
    struct peer *c, *e;
    uint32_t base;  /* where the body begins in the endpoint's stream */
    uint32_t sent;  /* bytes of it */
    bool by_engine; /* software forwarded none of the last ones */
};

/* n more bytes of the body arrive. */
static void body(struct carried *w, uint32_t n)
{
    uint64_t before = counter_of(w->c->sc, "forwarded");
    say_n(w->e, 'x', n);
    want_bytes(w->c, n);
    w->sent += n;
    w->by_engine = counter_of(w->c->sc, "forwarded") == before;
    pass_time(w->c->sc, 1);
}

/* A response under way, by software, that an engine may soon be asked to carry; the client's window is
 * `wnd` at last. */
static struct carried begin(struct script *s, uint16_t wnd)
{
    families(s, false, false);
    lacon_provider("emu:liquidio"); /* whatever --provider says */
    one_endpoint(s);
    struct carried w = {.c = client(s)};
    w.c->wscale = 7;
    w.c->wnd = 400;
    open_conn(w.c);
    say(w.c, GET0);
    w.e = take_syn(s);
    w.e->wscale = 7;
    accept_syn_of(w.e);
    w.e->wnd = FIELD;
    want_head(w.e);
    say(w.e, HEAD);
    want_head(w.c);
    w.base = w.e->snd;
    for (unsigned i = 0; i < 3; i++)
        body(&w, 5000);
    w.c->wnd = wnd;
    body(&w, 5000);
    pass_time(s, 20);
    return w;
}

/* The next segment will be the engine's. */
static struct carried carry(struct script *s)
{
    struct carried w = begin(s, 400);
    body(&w, 1000);
    want_true(s, !w.by_engine, "until then software sends");
    want_counter(s, "offload_asked", 1);
    return w;
}

/* The right edge that e may send to, in bytes of the body. */
static uint32_t edge_of(struct carried *w)
{
    return w->e->got.ack - w->e->iss + ((uint32_t)w->e->got.wnd << 7) - w->base;
}

void offload_boundary(struct script *s)
{
    struct carried w = carry(s);
    body(&w, 5000);
    want_true(s, w.by_engine, "the engine sends");
    want_counter(s, "offload_rules", 1);
    while (w.sent + 5000 < BODY - BOUNDARY && counter_of(s, "offload_rules")) {
        body(&w, 5000);
        forget(w.e);
        want_true(s, !counter_of(s, "offload_rules") || edge_of(&w) <= BODY - BOUNDARY + 128,
                  "while a rule may exist the endpoint is not let beyond the boundary");
    }
    want_counter(s, "offload_rules", 0);
    while (w.sent + 5000 < BODY - BOUNDARY)
        body(&w, 5000);
    forget(w.e);
    want_true(s, edge_of(&w) > BODY - BOUNDARY, "the window opens when the rule is gone");
    body(&w, BODY - w.sent);
    want_true(s, !w.by_engine, "the boundary is software's");
    want_true(s, counter_of(s, "offload_frames") > 0, "what the engine carried is counted");
    say(w.c, GET0);
    want_head(w.e);
}

void offload_pipelined(struct script *s)
{
    struct carried w = carry(s);
    body(&w, 5000);
    want_true(s, w.by_engine, "the engine sends");
    say(w.c, GET0);
    want_eventually(w.c, "A len=0");
    want_true(s, w.c->got.ack - w.c->iss == 1 + 2 * (sizeof GET0 - 1), "the next request is acked meanwhile");
    body(&w, 5000);
    want_true(s, w.by_engine, "and the engine goes on");
    while (w.sent < BODY)
        body(&w, BODY - w.sent < 5000 ? BODY - w.sent : 5000);
    want_head(w.e);
    want_counter(s, "offload_rules", 0);
}

void offload_reset(struct script *s)
{
    struct carried w = carry(s);
    body(&w, 5000);
    want_true(s, w.by_engine, "the engine sends");
    rst(w.c, w.c->snd);
    want_eventually(w.e, "RA");
    pass_time(s, 20);
    want_counter(s, "offload_rules", 0);
    want_counter(s, "endpoints_open", 0);
}

void offload_hole(struct script *s)
{
    struct carried w = carry(s);
    body(&w, 5000);
    want_true(s, w.by_engine, "the engine sends");
    say_n_at(w.e, w.e->snd + 1000, 'x', 5000); /* the segment before them was lost on its way to lacon */
    pass_time(s, 700);                         /* the rule goes: nothing is acked */
    want_counter(s, "offload_rules", 0);
    forget(w.c);
    forget(w.e);
    body(&w, 1000);
    want_true(s, !w.by_engine, "software fills the hole");
    w.c->rcv += 5000;
    ack_all(w.c);
    w.e->snd += 5000;
    pass_time(s, 1);
    forget(w.e);
    want_true(s, w.e->got.ack - w.e->iss == w.e->snd, "the client's ack of what the engine sent is believed");
    want_counter(s, "drop_ack", 0);
}

void offload_no_room(struct script *s)
{
    struct carried w = begin(s, 100); /* the client takes back what the endpoint was let send */
    body(&w, 1000);
    pass_time(s, 20);
    body(&w, 1000);
    pass_time(s, 20);
    want_counter(s, "offload_asked", 0);
    w.c->wnd = 1000;
    body(&w, 1000);
    pass_time(s, 20);
    body(&w, 1000);
    want_counter(s, "offload_asked", 1);
}
