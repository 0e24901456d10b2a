/* Rows about flows that an engine carries (agent/splice/offload.c, R1 to R5), against the emulated engine.
 * Segments that software did not forward are the engine's. */
#include "tests/sim/nic.h"
#include "tests/sim/rows/all.h"
#include "tests/sim/rows/carried.h"

#define BODY 200000u
#define HEAD "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"

/* A response under way, by software, that an engine may soon be asked to carry; the client's window is
 * `wnd` at last. */
static struct carried begin(struct script *s, uint16_t wnd)
{
    with_engine(s, "emu:liquidio");
    struct carried w = asked(s, HEAD);
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

/* What ends a connection is software's, whichever side says it. */
void offload_endpoint_rst(struct script *s)
{
    struct carried w = carry(s);
    body(&w, 5000);
    want_true(s, w.by_engine, "the engine sends");
    rst(w.e, w.e->snd);
    want_eventually(w.c, "RA");
    pass_time(s, 20);
    want_counter(s, "offload_rules", 0);
    want_counter(s, "clients_open", 0);
}

void offload_endpoint_fin(struct script *s)
{
    struct carried w = carry(s);
    body(&w, 5000);
    want_true(s, w.by_engine, "the engine sends");
    fin(w.e);
    want_eventually(w.c, "RA"); /* its response was cut short */
    pass_time(s, 20);
    want_counter(s, "offload_rules", 0);
}

void offload_client_fin(struct script *s)
{
    struct carried w = carry(s);
    body(&w, 5000);
    want_true(s, w.by_engine, "the engine sends");
    fin(w.c);
    pass_time(s, 20);
    want_counter(s, "offload_rules", 0);
    while (w.sent < BODY && !s->sim.failed) {
        body(&w, BODY - w.sent < 5000 ? BODY - w.sent : 5000);
        want_true(s, !w.by_engine, "software sends the rest");
    }
    want_fin(w.c);
    want_true(s, s->lacon.last_log.status == 200 && s->lacon.last_log.bytes_body == BODY, "all of it");
}

/* A device is lost with its rules, and says so only when it is asked: software has the segments at once, and
 * the boundary is not waited for. */
void offload_device_lost(struct script *s)
{
    with_engine(s, "rte_flow");
    struct carried w = asked(s, LONG_OF);
    for (unsigned i = 0; i < 30 && !w.by_engine; i++) {
        body(&w, 5000);
        pass_time(s, 20);
    }
    want_true(s, w.by_engine, "the device sends");
    nic_lose();
    while (w.sent < LONG && !s->sim.failed) {
        forget(w.e);
        body(&w, LONG - w.sent < 5000 ? LONG - w.sent : 5000);
        want_true(s, !w.by_engine, "software goes on");
    }
    want_counter(s, "offload_rules", 0);
    want_true(s, s->lacon.last_log.status == 200 && s->lacon.last_log.bytes_body == LONG,
              "not a byte is lost");
    say(w.c, GET0);
    want_head(w.e);
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

/* A client with less room than a unit of the endpoint's window: a unit would be shown to it, and software
 * cuts what is too much. While a rule may exist nothing is. */
void offload_narrow(struct script *s)
{
    with_engine(s, "emu:liquidio");
    struct peer *c = client(s);
    c->wscale = 0;
    c->wnd = 51200;
    struct carried w = asked_by(c, HEAD);
    for (unsigned i = 0; i < 4; i++)
        body(&w, 5000);
    pass_time(s, 20);
    body(&w, 1000);
    want_counter(s, "offload_asked", 1);
    body(&w, 1000);
    want_true(s, w.by_engine, "the engine sends");
    c->wnd = 40;
    forget(w.e);
    say_n(w.e, 'x', 1000);
    want_bytes(c, 1000);
    want(w.e, "A len=0 win=0");
    want_eventually(w.e, "A len=0 win=1");
    want_counter(s, "offload_rules", 0);
    say_n(w.e, 'y', 128);
    want_text(c, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy");
}

/* R5: an endpoint's conn ends, and its rule is not gone yet. The engine takes half a second for it. */
void offload_port_kept(struct script *s)
{
    with_engine(s, "emu:16x4");
    one_port(s);
    struct carried w = asked(s, LONG_OF);
    for (unsigned i = 0; i < 30; i++) {
        body(&w, 5000);
        pass_time(s, 20);
    }
    want_counter(s, "offload_asked", 1);
    rst(w.c, w.c->snd);
    want_eventually(w.e, "RA");
    want_counter(s, "endpoints_open", 0);
    struct peer *c = client(s), *e;
    ask(c, GET0);
    want_text(c, "HTTP/1.1 503 ");
    want_counter(s, "close_no_port", 1);
    pass_time(s, 600);
    want_counter(s, "offload_rules", 0);
    forget(c);
    say(c, GET0);
    e = serve(s);
    want_true(s, e->rport == w.e->rport, "the port that was kept back");
    want_head(e);
    answer(e, c);
}

/* One entry: the slow flow on it gives way to a faster one, and no other does. */
void offload_evicts(struct script *s)
{
    with_engine(s, "emu:1x1000");
    struct carried slow = asked(s, LONG_OF), fast = asked(s, LONG_OF);
    for (unsigned i = 0; i < 6; i++) {
        body(&slow, 4000);
        pass_time(s, 20);
    }
    want_true(s, slow.by_engine, "the table is empty: any flow may have the entry");
    for (unsigned i = 0; i < 20; i++) {
        body(&slow, 4000);
        body(&fast, 6000);
        pass_time(s, 10);
    }
    want_counter(s, "offload_evicted", 0);
    want_true(s, slow.by_engine && !fast.by_engine, "half as fast again is not enough");
    for (unsigned i = 0; i < 20; i++) {
        body(&slow, 2000);
        body(&fast, 12000);
        pass_time(s, 10);
    }
    want_counter(s, "offload_evicted", 1);
    want_true(s, fast.by_engine && !slow.by_engine, "the faster one has it");
}

/* One entry, two places to watch from. One slow flow has the rule, another the second place; the fast one
 * that comes then is tried all the same, takes the place of the one, and the rule of the other. */
void offload_watched(struct script *s)
{
    with_engine(s, "emu:1x1000");
    lacon_places(2);
    struct carried slow[2] = {asked(s, LONG_OF), asked(s, LONG_OF)}, fast = asked(s, LONG_OF);
    for (unsigned i = 0; i < 10; i++) {
        body(&slow[0], 2000);
        body(&slow[1], 2000);
        pass_time(s, 20);
    }
    want_true(s, slow[0].by_engine && !slow[1].by_engine, "one is carried, one watches");
    for (unsigned i = 0; i < 20; i++) {
        body(&slow[0], 1000);
        body(&slow[1], 1000);
        body(&fast, 12000);
        pass_time(s, 10);
    }
    want_counter(s, "offload_evicted", 1);
    want_true(s, fast.by_engine && !slow[0].by_engine, "the fast one has the rule");
    for (unsigned i = 0; i < 40; i++) {
        body(&slow[0], 1000);
        body(&slow[1], 1000);
        body(&fast, 12000);
        pass_time(s, 10);
    }
    want_counter(s, "offload_evicted", 1);
    want_true(s, fast.by_engine, "and keeps it");
}

/* An engine that takes 40 ms to remove a rule, and a flow that moves more than a window meanwhile: the
 * removal is asked for so early that the endpoint never waits for it. */
void offload_ahead(struct script *s)
{
    with_engine(s, "emu:64x50");
    struct carried w = asked(s, LONG_OF);
    bool carried = false;
    while (w.sent + 5000 < LONG && !s->sim.failed) {
        forget(w.e);
        body(&w, 5000);
        carried |= w.by_engine;
        want_true(s, edge_of(&w) - w.sent >= 40000 || edge_of(&w) > LONG - BOUNDARY,
                  "the window is not shut by the boundary");
    }
    want_true(s, carried, "the engine has carried some of it");
}

/* A client that reads slowly once an engine carries its response is too slow all the same. */
void offload_slow_reader(struct script *s)
{
    s->config->listener[0].min_response_rate = 240;
    struct carried w = carry(s);
    body(&w, 5000);
    want_true(s, w.by_engine, "the engine sends");
    w.c->auto_ack = false;
    uint32_t read = w.c->rcv;
    for (unsigned i = 0; i < 60 && !counter_of(s, "close_slow_reader"); i++) {
        say_n(w.e, 'x', 1000);
        w.e->snd -= i % 2 ? 1000 : 0;
        pass_time(s, 1000);
        forget(w.c);
        w.c->rcv = read += 50;
        if (!counter_of(s, "close_slow_reader"))
            ack_all(w.c);
    }
    want_counter(s, "offload_rules", 0);
    want_counter(s, "close_slow_reader", 2); /* both sides */
    want_eventually(w.e, "RA");
}

/* One that has to take 100,000 bytes a second and takes 30,000: more than what an engine is worth, and too
 * little for its listener. Without the engine it would be reset, so it is with it. */
void offload_slow_rate(struct script *s)
{
    s->config->listener[0].min_response_rate = 100000;
    s->config->listener[0].rate_period_ns = 4000 * MS;
    with_engine(s, "emu:liquidio");
    struct carried w = asked(s, LONG_OF);
    w.c->wnd = 4000; /* it is the rate, not the window, that blames it */
    for (unsigned i = 0; i < 30 && !w.by_engine; i++) {
        body(&w, 5000);
        pass_time(s, 10);
    }
    want_true(s, w.by_engine, "the engine sends");
    w.c->auto_ack = false;
    uint32_t read = w.c->rcv;
    say_n(w.e, 'x', 200000); /* so there is always something to take */
    for (unsigned i = 0; i < 1500 && !counter_of(s, "close_slow_reader"); i++) {
        say_one(w.e, 'x', 300);
        pass_time(s, 10);
        forget(w.c);
        forget(w.e);
        w.c->rcv = read += 300;
        if (!counter_of(s, "close_slow_reader"))
            ack_all(w.c);
    }
    want_counter(s, "offload_rules", 0);
    want_counter(s, "close_slow_reader", 2); /* both sides */
}

/* R4: while a rule exists the window that a client sees is the endpoint's field. It does not lose what it was
 * promised: what it sends up to the edge it was shown first is taken. */
void offload_window_kept(struct script *s)
{
    struct carried w = carry(s);
    uint32_t shown = w.c->got.ack - w.c->iss + ((uint32_t)w.c->got.wnd << 7);
    w.e->wnd = 60; /* 7,680 bytes: less than the client was shown */
    body(&w, 5000);
    want_true(s, w.by_engine, "the engine sends");
    uint32_t less = w.c->got.ack - w.c->iss + ((uint32_t)w.c->got.wnd << 7);
    want_true(s, less < shown, "and the edge has gone back");
    uint32_t n = shown - w.c->snd;
    say_n(w.c, 'G', n);
    pass_time(s, 5);
    forget(w.c);
    want_true(s, w.c->got.ack - w.c->iss == w.c->snd, "all of it is acked");
    want_true(s, w.c->got.ack - w.c->iss + ((uint32_t)w.c->got.wnd << 7) >= shown,
              "and software shows no smaller edge");
}
