/* Words of how connections and exchanges begin and end. */
#include "tests/sim/row_internal.h"

struct peer *client(struct script *s)
{
    start(s);
    struct peer *p = add_peer(s, &s->client_host, &s->client_host.addr[s->client_v6]);
    p->remote = topo_addr(s->client_v6, 0, 1);
    p->rport = TOPO_PORT;
    p->lport = s->next_port++;
    return p;
}

/* Takes over the numbers of a SYN or SYN-ACK. */
static void meet(struct peer *p)
{
    p->irs = p->got.seq;
    p->rcv = 1;
    p->snd = 1;
}

void open_conn(struct peer *c)
{
    open_slowly(c, 0);
}

void open_slowly(struct peer *c, unsigned ms)
{
    flags(c, SEG_SYN, 0, 0);
    if (c->sc->sim.failed || !row_next(c, WAIT) || c->got.flags != (SEG_SYN | SEG_ACK)) {
        sim_fail(&c->sc->sim, "no SYN-ACK came");
        return;
    }
    meet(c);
    if (ms)
        pass_time(c->sc, ms);
    ack_all(c);
}

struct peer *take_syn(struct script *s)
{
    uint64_t until = s->sim.now + WAIT;
    while (!s->unclaimed.n && sim_step(&s->sim, until))
        ;
    struct seen *m = inbox_take(&s->unclaimed);
    struct host *h = &s->endpoint_host[0];
    if (!m || m->s.flags != SEG_SYN)
        sim_fail(&s->sim, "no endpoint got a SYN");
    for (unsigned i = 0; m && i < ROW_ENDPOINTS; i++)
        if (host_has_addr(&s->endpoint_host[i], &m->s.dst))
            h = &s->endpoint_host[i];
    struct peer *p = add_peer(s, h, m ? &m->s.dst : &h->addr[0]);
    if (m) {
        p->got = m->s;
        p->got_at = m->at;
        p->last = m;
        p->remote = m->s.src;
        p->rport = m->s.sport;
        p->lport = m->s.dport;
        meet(p);
    }
    return p;
}

void accept_syn_of(struct peer *e)
{
    flags(e, SEG_SYN | SEG_ACK, 0, 1);
}

void refuse_syn_of(struct peer *e)
{
    flags(e, SEG_RST | SEG_ACK, 0, 1);
}

struct peer *serve(struct script *s)
{
    struct peer *e = take_syn(s);
    accept_syn_of(e);
    return e;
}

struct peer *take_request(struct script *s)
{
    struct peer *e = serve(s);
    want_head(e);
    return e;
}

void ask(struct peer *c, const char *request)
{
    open_conn(c);
    say(c, request);
}

void answer(struct peer *e, struct peer *c)
{
    say(e, OK2);
    want_text(c, OK2);
}

struct host *answered_by(struct peer *c, const char *request)
{
    say(c, request);
    struct peer *e = take_request(c->sc);
    answer(e, c);
    ack_all(e);
    return e->host;
}

struct peer *with_request(struct peer *c, const char *request)
{
    ask(c, request);
    return take_request(c->sc);
}

void begin_large(struct peer *e, struct peer *c)
{
    say(e, LARGE0);
    want_head(c);
}

struct peer *dies(struct peer *c, const char *request)
{
    struct peer *e = with_request(c, request);
    pass_time(c->sc, 10);
    rst(e, e->snd);
    return e;
}

struct peer *pooled(struct peer *c)
{
    struct peer *e = with_request(c, GET0);
    answer(e, c);
    pass_time(c->sc, 10);
    forget(e);
    forget(c);
    want_true(c->sc, LACON_COUNT(&c->sc->lacon, endpoints_idle) == 1, "the endpoint conn is pooled");
    return e;
}
