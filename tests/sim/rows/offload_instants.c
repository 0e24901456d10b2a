/* Rows about the instants between asked for and installed, and between removal and gone: an engine that takes
 * a quarter of a second to insert a rule, half of that to remove one, and tells of either 0.2 s later still.
 *
 *      asked        in effect      told             removal asked    out of effect    told
 *   ─────┬──────────────┬────────────┬─── ... ───────────┬─────────────────┬────────────┬──────
 *      software      engine        engine             engine            software     software
 *
 * What comes meanwhile, on either path and in any order, is carried; in the end every counter is exact. */
#include "tests/sim/rows/all.h"
#include "tests/sim/rows/carried.h"

#define IN_MS   250u
#define OUT_MS  125u
#define TOLD_MS 200u
#define SLOWLY  "emu:1x4x200000"

/* Asked for, a moment ago. */
static struct carried just_asked(struct script *s, const char *engine)
{
    with_engine(s, engine);
    struct carried w = asked(s, LONG_OF);
    for (unsigned i = 0; i < 200 && !counter_of(s, "offload_asked"); i++) {
        body(&w, 2000);
        pass_time(s, 9);
    }
    want_counter(s, "offload_asked", 1);
    want_true(s, !w.by_engine, "until then software sends");
    return w;
}

/* In effect, and nobody knows. */
static void comes_into_effect(struct carried *w)
{
    pass_time(w->c->sc, IN_MS);
    body(w, 2000);
    want_true(w->c->sc, w->by_engine, "the engine has it now");
}

/* The removal of w's rule has been asked for a moment ago: the engine's only entry goes to a faster flow. */
static struct carried just_leaving(struct script *s)
{
    struct carried w = just_asked(s, SLOWLY), fast = asked(s, LONG_OF);
    comes_into_effect(&w);
    pass_time(s, TOLD_MS);
    for (unsigned i = 0; i < 100 && !counter_of(s, "offload_evicted"); i++) {
        body(&w, 2000);
        body(&fast, 12000);
        pass_time(s, 8);
    }
    want_counter(s, "offload_evicted", 1);
    want_true(s, w.by_engine && !fast.by_engine, "until then the engine sends");
    rst(fast.c, fast.c->snd);
    pass_time(s, 5);
    return w;
}

/* Out of effect, and nobody knows. */
static void goes_out_of_effect(struct carried *w)
{
    pass_time(w->c->sc, OUT_MS);
    body(w, 2000);
    want_true(w->c->sc, !w->by_engine, "software has it now");
    want_counter(w->c->sc, "offload_rules", 1);
}

/* The rest of the response; then every frame is in exactly one count, and every byte in the log. */
static void ends_exactly(struct carried *w)
{
    struct script *s = w->c->sc;
    while (w->sent < LONG && !s->sim.failed) {
        forget(w->e);
        body(w, LONG - w->sent < 5000 ? LONG - w->sent : 5000);
        pass_time(s, w->sent < LONG ? 10 : 0);
    }
    pass_time(s, 2 * (OUT_MS + TOLD_MS));
    want_counter(s, "offload_rules", 0);
    want_counter(s, "offload_frames", w->frames);
    want_counter(s, "offload_bytes", w->frames * (14 + 40 + 1000ull));
    want_counter(s, "drop_ack", 0);
    want_true(s, s->lacon.last_log.status == 200 && s->lacon.last_log.bytes_body == LONG,
              "the log has every byte");
}

void offload_asked_until_in(struct script *s)
{
    struct carried w = just_asked(s, "emu:64x4x200000");
    for (unsigned i = 0; i < 20; i++) {
        body(&w, 2000);
        want_true(s, !w.by_engine, "asked for is not in effect: software sends");
        pass_time(s, 9);
    }
    pass_time(s, IN_MS - 200);
    for (unsigned i = 0; i < 40; i++) {
        body(&w, 2000);
        want_true(s, w.by_engine, "in effect, told or not: the engine sends");
        pass_time(s, 9);
    }
    ends_exactly(&w);
}

/* Software passes on what is behind a hole, the engine what fills it, and again what software has sent. */
void offload_asked_any_order(struct script *s)
{
    struct carried w = just_asked(s, "emu:64x4x200000");
    say_n_at(w.e, w.e->snd + 1000, 'x', 1000);
    want_eventually(w.c, "A len=1000");
    want_true(s, w.c->got.seq - w.c->irs == w.c->rcv + 1000, "what is behind the hole, by software");
    pass_time(s, IN_MS);
    uint64_t forwarded = counter_of(s, "forwarded");
    say_n(w.e, 'x', 1000);
    want_bytes(w.c, 1000);
    say_n_at(w.e, w.e->snd, 'x', 1000);
    say_n_at(w.e, w.e->snd - 3000, 'x', 1000);
    want_eventually(w.c, "A len=1000");
    want_eventually(w.c, "A len=1000");
    want_true(s, w.c->got.seq - w.c->irs == w.c->rcv - 4000, "the same numbers by either path");
    want_true(s, counter_of(s, "forwarded") == forwarded, "these were the engine's");
    w.frames += 3;
    w.e->snd += 1000;
    w.sent += 2000;
    pass_time(s, 2);
    forget(w.e);
    ack_all(w.c);
    want_eventually(w.e, "A len=0");
    want_true(s, w.e->got.ack - w.e->iss == w.e->snd, "both are acked");
    ends_exactly(&w);
}

/* The response ends, and the two requests behind it are answered. */
static void ends_and_goes_on(struct carried *w)
{
    forget(w->e);
    ends_exactly(w);
    for (unsigned i = 0; i < 2; i++) {
        want_head(w->e);
        say(w->e, OK2);
        want_text(w->c, OK2);
    }
}

/* The next requests, one before the rule is in effect and one behind, are acked, wait, and are served. */
void offload_asked_pipelined(struct script *s)
{
    struct carried w = just_asked(s, "emu:64x4x200000");
    say(w.c, GET0);
    body(&w, 2000);
    want_true(s, !w.by_engine, "not in effect");
    want_true(s, w.c->got.ack - w.c->iss == 1 + 2 * (sizeof GET0 - 1), "the next request is acked");
    comes_into_effect(&w);
    say(w.c, GET0);
    want_eventually(w.c, "A len=0");
    want_true(s, w.c->got.ack - w.c->iss == 1 + 3 * (sizeof GET0 - 1), "and the one after it");
    body(&w, 2000);
    want_true(s, w.by_engine, "and the engine goes on");
    ends_and_goes_on(&w);
}

void offload_leaving_until_gone(struct script *s)
{
    struct carried w = just_leaving(s);
    for (unsigned i = 0; i < 10; i++) {
        body(&w, 1000);
        want_true(s, w.by_engine, "to be removed is not out of effect: the engine sends");
        pass_time(s, 9);
    }
    goes_out_of_effect(&w);
    for (unsigned i = 0; i < 10; i++) {
        body(&w, 1000);
        want_true(s, !w.by_engine, "out of effect, and nobody was told: software sends");
        want_counter(s, "offload_rules", 1);
        pass_time(s, 2);
    }
    pass_time(s, TOLD_MS);
    want_counter(s, "offload_rules", 0);
    body(&w, 1000);
    want_true(s, !w.by_engine, "gone: software sends");
}

/* The engine sends what is behind a hole, software what fills it; both repeat what the other has sent. */
void offload_leaving_any_order(struct script *s)
{
    struct carried w = just_leaving(s);
    uint64_t forwarded = counter_of(s, "forwarded");
    say_n_at(w.e, w.e->snd + 1000, 'x', 1000);
    want_eventually(w.c, "A len=1000");
    want_true(s, w.c->got.seq - w.c->irs == w.c->rcv + 1000, "what is behind the hole, by the engine");
    want_true(s, counter_of(s, "forwarded") == forwarded, "software has not seen it");
    w.frames++;
    pass_time(s, OUT_MS);
    say_n(w.e, 'x', 1000);
    want_bytes(w.c, 1000);
    want_true(s, counter_of(s, "forwarded") == forwarded + 1, "software fills it");
    say_n_at(w.e, w.e->snd, 'x', 1000);
    want_eventually(w.c, "A len=1000");
    want_true(s, w.c->got.seq - w.c->irs == w.c->rcv - 1000, "what the engine has sent, again by software");
    w.e->snd += 1000;
    w.sent += 2000;
    forget(w.e);
    ack_all(w.c);
    want_eventually(w.e, "A len=0");
    want_true(s, w.e->got.ack - w.e->iss == w.e->snd, "the ack of what software never saw first is believed");
    say_n_at(w.e, w.e->snd - 2000, 'x', 1000);
    want_eventually(w.e, "A len=0");
    want_true(s, w.e->got.ack - w.e->iss == w.e->snd, "what is acked is acked again");
    ends_exactly(&w);
}

/* Requests that come while the rule leaves, and when it has left, wait; the boundary is not passed before it
 * is gone. */
void offload_leaving_pipelined(struct script *s)
{
    struct carried w = just_leaving(s);
    say(w.c, GET0);
    want_eventually(w.c, "A len=0");
    want_true(s, w.c->got.ack - w.c->iss == 1 + 2 * (sizeof GET0 - 1), "the next request is acked");
    body(&w, 2000);
    want_true(s, w.by_engine, "still in effect");
    goes_out_of_effect(&w);
    say(w.c, GET0);
    want_eventually(w.c, "A len=0");
    want_true(s, w.c->got.ack - w.c->iss == 1 + 3 * (sizeof GET0 - 1), "and the one after it");
    ends_and_goes_on(&w);
}
