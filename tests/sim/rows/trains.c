/* Rows about trains: what a segment leads to holds for those right behind it that say nothing new
 * (agent/splice/steady.c), and for no other. What is said without time passing arrives as one burst. */
#include "tests/sim/rows/all.h"

/* An upload under way: its head and first bytes are acked on both sides. */
static struct peer *uploading(struct script *s, struct peer **c)
{
    *c = client(s);
    struct peer *e = with_request(*c, POST_HEAD("100000"));
    say_n(*c, 'x', 2000);
    want_bytes(e, 2000);
    pass_time(s, 5);
    forget(*c);
    forget(e);
    return e;
}

/* A response under way: its head and first bytes are acked on both sides; what comes is not acked. */
static struct peer *downloading(struct script *s, struct peer **c)
{
    *c = client(s);
    struct peer *e = with_request(*c, GET0);
    begin_large(e, *c);
    say_n(e, 'y', 2000);
    want_bytes(*c, 2000);
    pass_time(s, 5);
    forget(*c);
    forget(e);
    (*c)->auto_ack = false;
    return e;
}

/* The sender's window changes in the middle: the receiver is shown the one that each segment told. */
void train_window(struct script *s)
{
    struct peer *c, *e = uploading(s, &c);
    static const uint16_t wnd[] = {30000, 30000, 20000, 20000, 40000};
    for (unsigned i = 0; i < 5; i++) {
        c->wnd = wnd[i];
        say_one(c, 'x', 100);
    }
    for (unsigned i = 0; i < 5; i++) {
        want(e, "A len=100");
        want_true(s, e->got.wnd == wnd[i], "each segment shows the window that it told");
    }
}

/* An ack in the middle has a block: it is passed on. */
void train_blocks(struct script *s)
{
    struct peer *c, *e = downloading(s, &c);
    uint32_t una = c->rcv;
    say_n(e, 'y', 6000);
    pass_time(s, 5);
    forget(e);
    flags(c, SEG_ACK, c->snd, una + 1000);
    flags(c, SEG_ACK, c->snd, una + 2000);
    sack(c, una + 3000, una + 4000, una + 5000);
    want(e, "A len=0");
    want(e, "A len=0");
    want(e, "A len=0");
    want_sack(e, e->snd - 2000, e->snd - 1000);
}

/* Its last segment passes the receiver's window: what fits goes out. (Of an upload, which no engine carries:
 * one does not look at windows.) */
void train_window_end(struct script *s)
{
    struct peer *c, *e = uploading(s, &c);
    e->wnd = 2500;
    say_n(c, 'x', 1000);
    want_bytes(e, 1000);
    pass_time(s, 5);
    say_n(c, 'x', 3000);
    want(e, "A len=1000");
    want(e, "A len=1000");
    want(e, "A len=500");
}

/* It goes on behind the message: none of that reaches the client. */
void train_message_end(struct script *s)
{
    struct peer *c, *e = downloading(s, &c);
    c->auto_ack = true;
    say_n(e, 'y', 40000);
    want_bytes(c, 40000);
    say_n(e, 'y', 40000);
    want_bytes(c, 40000);
    say_n(e, 'y', 16000);
    want_bytes(c, 16000);
    pass_time(s, 5);
    forget(e);
    say_one(e, 'y', 1000);
    say_one(e, 'y', 999);
    say_one(e, 'z', 2);
    want_bytes(c, 2000);
    want_eventually(e, "RA");
    want_silence(c, 100);
}

/* One of it arrives damaged: those behind the gap keep their places. */
static uint32_t damage(uint8_t *frame, uint32_t n)
{
    frame[n - 1] ^= 1;
    return n;
}

void train_damaged(struct script *s)
{
    struct peer *c, *e = downloading(s, &c);
    uint32_t begin = c->rcv, from = e->snd;
    say_n(e, 'y', 2000);
    e->mangle = damage;
    say_n(e, 'y', 1000);
    say_n(e, 'y', 2000);
    static const uint32_t at[] = {0, 1000, 3000, 4000};
    for (unsigned i = 0; i < 4; i++) {
        want(c, "A len=1000");
        want_true(s, c->got.seq - c->irs == begin + at[i], "what is behind the gap keeps its place");
    }
    say_n_at(e, from + 2000, 'y', 1000);
    want(c, "A len=1000");
    want_true(s, c->got.seq - c->irs == begin + 2000, "and the gap is filled");
}

/* The sender's numbers pass 2^32 in the middle. */
void train_wraps(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, GET0);
    e = take_syn(s);
    e->iss = WRAP_AFTER(sizeof LARGE0 - 1 + 2000 + 3500);
    accept_syn_of(e);
    want_head(e);
    begin_large(e, c);
    say_n(e, 'y', 2000);
    want_bytes(c, 2000);
    pass_time(s, 5);
    say_n(e, 'y', 6000);
    uint32_t begin = c->rcv;
    for (unsigned i = 0; i < 6; i++) {
        want(c, "A len=1000");
        want_true(s, c->got.seq - c->irs == begin + 1000 * i, "each is behind the one before");
    }
}
