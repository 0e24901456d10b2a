/* Rows about what the two sides of a splice agreed on with us differently: MSS, window scale, SACK, families
 * (S14). */
#include <stdio.h>

#include "tests/sim/rows/all.h"

static void want_window(struct peer *p, uint64_t lo, uint64_t hi, unsigned shift)
{
    uint64_t is = (uint64_t)p->got.wnd << shift;
    char what[100];
    snprintf(what, sizeof what, "a window of %llu to %llu, not %llu", (unsigned long long)lo,
             (unsigned long long)hi, (unsigned long long)is);
    want_true(p->sc, is >= lo && is <= hi, what);
}

/* ---- MSS ---- */

/* Full segments each way: the frames that lacon makes of them fit the other family's headers and MSS, which
 * the oracle checks. */
static void full_segments(struct script *s, uint32_t client_says, uint32_t endpoint_says)
{
    struct peer *c = client(s), *e = with_request(c, POST_HEAD("40000"));
    for (unsigned i = 0; i < 3; i++)
        say_one(c, 'x', client_says);
    want_bytes(e, 3 * client_says);
    say_n(c, 'y', 40000 - 3 * client_says);
    want_bytes(e, 40000 - 3 * client_says);
    begin_large(e, c);
    for (unsigned i = 0; i < 3; i++)
        say_one(e, 'x', endpoint_says);
    want_bytes(c, 3 * endpoint_says);
}

void mss_v4_v6(struct script *s)
{
    families(s, false, true);
    full_segments(s, 1440, 1440);
}

void mss_v6_v4(struct script *s)
{
    families(s, true, false);
    full_segments(s, 1440, 1440);
}

/* A peer that sends more than we said (a captured path, a cable that allows it): cut, not lost. */
void mss_stubborn(struct script *s)
{
    families(s, false, true);
    full_segments(s, 1460, 1440);
}

void mss_offered(struct script *s)
{
    struct peer *c = client(s);
    open_conn(c);
    want_true(s, c->got.mss == 1440, "the client may send what fits IPv6 to an endpoint, too");
}

void mss_small_client(struct script *s)
{
    one_endpoint(s);
    struct peer *a = client(s), *e = pooled(a), *c = client(s), *f;
    (void)e;
    c->mss = 536;
    ask(c, GET0);
    f = take_syn(s); /* not the pooled conn, which was told 1440 */
    want_true(s, f->got.mss == 536, "the endpoint is told the client's MSS");
    accept_syn_of(f);
    want_head(f);
    begin_large(f, c);
    say_one(f, 'x', 1400); /* all the same */
    want_bytes(c, 1400);
}

void mss_small_endpoint(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("100000"));
    e = take_syn(s);
    e->mss = 536;
    accept_syn_of(e);
    want_head(e);
    say_one(c, 'x', 1400);
    want_bytes(e, 1400);
}

/* A smaller MTU on one of our interfaces: told that side, and what goes there is cut. */
void mss_interface(struct script *s)
{
    struct peer *c, *e;
    s->config->interface[0].mtu = 1400;
    c = client(s);
    uint32_t most = 1400 - (ip_is_v4(&c->local) ? 40u : 60u);
    e = with_request(c, GET0);
    want_true(s, c->in.n || c->rcv == 1, "connected");
    begin_large(e, c);
    say_one(e, 'x', 1400);
    want_bytes(c, 700);
    want_true(s, c->got.len <= most, "cut to the interface's MTU");
    want_bytes(c, 1400 - (c->rcv - 1 - (sizeof LARGE0 - 1)));
}

void mss_interface_offered(struct script *s)
{
    s->config->interface[0].mtu = 1400;
    struct peer *c = client(s);
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA");
    want_true(s, c->got.mss == 1400 - (ip_is_v4(&c->local) ? 40u : 60u), "the MSS fits the interface");
}

void mss_none(struct script *s)
{
    struct peer *c = client(s), *e;
    c->mss = 0;
    ask(c, POST_HEAD("100000"));
    e = take_syn(s);
    want_true(s, e->got.mss == 536, "no MSS option means 536 (RFC 9293)");
    e->mss = 0;
    accept_syn_of(e);
    want_head(e);
    say_one(c, 'x', 1400);
    want_bytes(e, 1400);
    begin_large(e, c);
    say_one(e, 'x', 1400);
    want_bytes(c, 1400);
}

/* ---- window scale on one side only ---- */

void wscale_client_only(struct script *s)
{
    struct peer *c = client(s), *e;
    c->wscale = 7;
    c->wnd = 65535;
    open_conn(c);
    c->wnd = 1000; /* 128,000 bytes */
    ack_all(c);
    say(c, GET0);
    e = take_request(s);
    want_window(e, 65535, 65535, 0); /* as much as can be said without a scale */
    say(e, LARGE0);
    c->wnd = 10; /* 1280 bytes */
    want_head(c);
    want_eventually(e, "A");
    pass_time(s, 5);
    forget(e);
    want_window(e, 1280, 1280, 0);
    say_one(e, 'x', 1280);
    want_bytes(c, 1280); /* the oracle minds c's edge */
}

void wscale_endpoint_only(struct script *s)
{
    struct peer *c = client(s), *e;
    c->wnd = 20000;
    ask(c, POST_HEAD("100000"));
    e = take_syn(s);
    e->wscale = 9;
    want_true(s, e->got.wscale >= 0, "a window scale is offered to the endpoint");
    unsigned shift = (unsigned)e->got.wscale;
    accept_syn_of(e);
    e->wnd = 60; /* 30,720 bytes */
    want_head(e);
    want_window(e, 20000 - (1u << shift), 20000, shift);
    pass_time(s, 5);
    forget(c);
    want_window(c, 30000, 65535, 0);
    say_n(c, 'x', 30000);
    want_bytes(e, 30000);
    begin_large(e, c);
    pass_time(s, 5);
    forget(e);
    want_window(e, 20000 - (1u << shift), 20000, shift);
    say_one(e, 'x', 1400);
    want_bytes(c, 1400);
}

/* The largest shift on both sides, windows of one unit. */
void wscale_14(struct script *s)
{
    struct peer *c = client(s), *e;
    c->wscale = 14;
    c->wnd = 1; /* 16,384 bytes, but for the SYN's */
    ask(c, GET0);
    e = take_syn(s);
    e->wscale = 14;
    accept_syn_of(e);
    want_head(e);
    want_window(e, 16384 - 128, 16384, 7);
    begin_large(e, c);
    say_n(e, 'x', 16000);
    want_bytes(c, 16000);
}

/* The window in a SYN or SYN-ACK is never scaled (RFC 7323 section 2.2). */
void wscale_syn_unscaled(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, POST_HEAD("100000"));
    e = take_syn(s);
    e->wscale = 7;
    e->wnd = 500;
    accept_syn_of(e); /* 500 bytes, not 64,000; the oracle minds it */
    e->auto_ack = false;
    want_head(e);
    say_n(c, 'x', 2000);
    pass_time(s, 20);
    forget(e);
    want_true(s, e->rcv - 1 <= 500, "no more than 500 bytes are in flight");
}

/* ---- SACK on one side only ---- */

/* The client permits SACK, the endpoint does not: the client's blocks stop here, as plain duplicates. */
void sack_client_only(struct script *s)
{
    struct peer *c = client(s), *e;
    ask(c, GET0);
    e = take_syn(s);
    e->sack = false;
    accept_syn_of(e);
    want_head(e);
    begin_large(e, c);
    c->auto_ack = false;
    pass_time(s, 10);
    forget(e);
    say_n(e, 'x', 3000);
    pass_time(s, 10);
    sack(c, c->rcv, c->rcv + 1000, c->rcv + 3000);
    want(e, "A");
    want_true(s, e->got.nsack == 0, "no SACK block for an endpoint that did not permit it");
}

/* The endpoint permits it, the client does not: the SYN does not even offer it. */
void sack_endpoint_only(struct script *s)
{
    struct peer *c = client(s), *e;
    c->sack = false;
    ask(c, POST_HEAD("100000"));
    e = take_syn(s);
    want_true(s, !e->got.sack_ok, "SACK is not offered");
    e->sack = false; /* as RFC 2018 asks of who was not offered it */
    accept_syn_of(e);
    want_head(e);
    pass_time(s, 5);
    forget(c);
    say_at(c, c->snd + 1000, "behind a gap");
    want(e, "A len=12");
    flags(e, SEG_ACK, e->snd, e->rcv);
    want(c, "A len=0");
    want_true(s, c->got.nsack == 0, "no SACK block for a client that did not permit it");
}

/* An endpoint that answers with SACK-permitted though it was not asked: not believed. */
void sack_unasked(struct script *s)
{
    struct peer *c = client(s), *e;
    c->sack = false;
    ask(c, POST_HEAD("100000"));
    e = serve(s); /* its SYN-ACK permits SACK */
    want_head(e);
    pass_time(s, 5);
    forget(c);
    say_at(c, c->snd + 1000, "behind a gap");
    want(e, "A len=12");
    sack(e, e->rcv, e->rcv + 1000, e->rcv + 1012);
    want(c, "A len=0");
    want_true(s, c->got.nsack == 0, "no SACK block");
}

void s14_options(struct script *s)
{
    struct peer *c = client(s);
    c->wscale = 7;
    c->timestamps = true;
    flags(c, SEG_SYN | SEG_ECE | SEG_CWR, 0, 0);
    want(c, "SA ack=1"); /* the oracle refuses other options and ECE */
    want_true(s, c->got.mss && c->got.wscale >= 0 && c->got.sack_ok, "MSS, window scale and SACK are there");
}

void s14_no_wscale(struct script *s)
{
    struct peer *c = client(s);
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA ack=1");
    want_true(s, c->got.wscale < 0, "no window scale option");
}

void s14_no_sack(struct script *s)
{
    struct peer *c = client(s);
    c->sack = false;
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA ack=1");
    want_true(s, !c->got.sack_ok, "no SACK-permitted option");
    c->irs = c->got.seq;
    c->snd = c->rcv = 1;
    ack_all(c);
    say(c, GET0);
    struct peer *e = take_syn(s);
    want_true(s, !e->got.sack_ok, "none toward the endpoint");
}

void s14_profile(struct script *s)
{
    static const struct {
        uint16_t client, endpoint;
    } row[] = {{1460, 1440}, {1440, 1440}, {1400, 1360}, {1300, 1220}, {1000, 536}, {536, 536}};
    for (unsigned i = 0; i < sizeof row / sizeof *row && s->npeer + 2 <= ROW_PEERS; i++) {
        char what[60];
        struct peer *c = client(s);
        c->mss = row[i].client;
        ask(c, GET0);
        struct peer *e = take_syn(s);
        snprintf(what, sizeof what, "a client's MSS of %u becomes %u, not %u", row[i].client, row[i].endpoint,
                 e->got.mss);
        want_true(s, e->got.mss == row[i].endpoint, what);
    }
}
