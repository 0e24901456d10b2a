/* Rows about floods of stray segments, and about guesses (RFC 5961): resets and challenge acks are rationed.
 */
#include "tests/sim/rows/all.h"
#include "tests/sim/rows/crowd.h"

/* ---- floods ---- */

static void stray(struct peer *like, uint16_t lport, uint16_t rport, unsigned n)
{
    struct peer bot = *like;
    bot.rport = rport;
    bot.irs = 1000;
    for (unsigned i = 0; i < n; i++) {
        bot.lport = (uint16_t)(lport + i);
        flags(&bot, SEG_ACK, 5, 5);
    }
}

/* Acks of no conn from one address use up its part of the resets, and no more. */
void d_ack_flood(struct script *s)
{
    struct peer *c, *other;
    families(s, false, false);
    c = client(s);
    other = neighbour(s);
    open_conn(c);
    open_conn(other);
    rst(c, 1);
    rst(other, 1);
    pass_time(s, 100);
    stray(c, 2000, c->rport, 500);
    flags(other, SEG_ACK, 5, 5);
    pass_time(s, 8);
    want(other, "R len=0");
    want_true(s, s->unclaimed.n >= 4 && s->unclaimed.n <= 8, "4 resets in 10 ms to one address");
    want_true(s, counter_of(s, "drop_rate") >= 490, "the others are dropped");
    want_true(s, counter_of(s, "clients_open") == 0, "no connection was made");
}

/* A flood at the listener leaves the endpoints' resets alone. */
void d_ack_flood_endpoint(struct script *s)
{
    struct peer *c, *e;
    one_endpoint(s);
    c = client(s);
    e = with_request(c, GET0);
    restart(s);
    stray(c, 2000, c->rport, 500);
    forget(e);
    say(e, OK2);
    want(e, "R len=0");
    forget_unclaimed(s);
}

/* ---- guesses ---- */

/* Data at a good sequence number with an ack that cannot be (section 5): older than any window, or newer than
 * what was sent. */
void d_injected_data(struct script *s)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("1000"));
    pass_time(s, 10);
    forget(c);
    say_flags(c, SEG_ACK, c->snd, c->rcv - 70000, "evil");
    want(c, "A len=0");
    pass_time(s, 1000);
    say_flags(c, SEG_ACK, c->snd, c->rcv + 1000, "evil");
    want(c, "A len=0");
    want_counter(s, "drop_ack", 2);
    want_counter(s, "challenge_acks", 2);
    want_silence(e, 100);
    say(c, "good");
    want_text(e, "good");
}

/* A sequence number older than any window there can have been is no old duplicate. */
void d_injected_old(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    say_at(c, 0u - 100000, "evil");
    want(c, "A len=0");
    want_counter(s, "drop_seq", 1);
    want_counter(s, "challenge_acks", 1);
}

void d_challenge_per_conn(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    for (unsigned i = 0; i < 100; i++)
        rst(c, c->snd + 100 + i);
    want(c, "A len=0");
    want_silence(c, 400);
    want_counter(s, "challenge_acks", 1);
    want_counter(s, "drop_rst_seq", 100);
}

/* For all conns together: 64 to 127 in 100 ms. */
void d_challenge_in_all(struct script *s)
{
    struct peer *c = client(s);
    open_bots(s, c, 0, 200);
    want_counter(s, "clients_open", 200);
    pass_time(s, 1000 - (unsigned)(s->sim.now / MS % 100));
    for (unsigned i = 0; i < 200; i++)
        rst(&bots[i], bots[i].snd + 100);
    pass_time(s, 50);
    want_true(s, counter_of(s, "challenge_acks") >= 64 && counter_of(s, "challenge_acks") <= 127,
              "as many as the tick's budget");
    want_true(s, counter_of(s, "clients_open") == 200, "nobody was reset");
    forget_unclaimed(s);
}
