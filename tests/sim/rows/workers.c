/* Rows about two workers: frames that reach the one that does not have their flow cross a ring
 * (agent/worker), where they are overtaken by what reaches its owner itself, or lost. */
#include <string.h>

#include "tests/sim/rows/all.h"

/* A connected client whose flow is that worker's. */
static struct peer *client_of(struct script *s, unsigned worker)
{
    struct peer *c;
    do {
        open_conn(c = client(s));
        pass_time(s, 5);
    } while (owner(c) != worker && !s->sim.failed);
    forget(c);
    return c;
}

/* One of the second worker's; what comes from now on reaches the first. */
static struct peer *elsewhere(struct script *s)
{
    two_workers(s);
    struct peer *c = client_of(s, 1);
    arrives_at(s, 0);
    return c;
}

/* What has been said crosses the ring, and is overtaken there by what is said next. */
static void overtaken(struct script *s)
{
    rings(s, RING_WAITS);
    pass_time(s, 1);
    arrives_at(s, 1);
}

/* Everything, of clients and of endpoints, reaches the first worker: each flow is served by its owner. */
void w_handed_over(struct script *s)
{
    struct peer *c[8], *e;
    unsigned of[2] = {0, 0};
    two_workers(s);
    arrives_at(s, 0);
    for (unsigned i = 0; i < 8; i++) {
        c[i] = client(s);
        e = with_request(c[i], GET0);
        of[owner(c[i])]++;
        begin_large(e, c[i]);
        say_n(e, 'x', 20000);
        want_bytes(c[i], 20000);
    }
    want_true(s, of[0] && of[1], "both workers have clients");
    want_true(s, s->sim.stats.handed_over > 100, "frames were handed over");
    want_counter(s, "clients_accepted", 8);
    want_counter(s, "drop_no_conn", 0);
}

/* The first half of a head crosses the ring, and the second reaches the owner before it. */
void w_head_overtaken(struct script *s)
{
    struct peer *c = elsewhere(s), *e;
    say(c, "GET / HTTP/1.1\r\n");
    overtaken(s);
    say(c, "Host: c0.example\r\n\r\n");
    want(c, "A ack=1 len=0");
    want_sack(c, 17, 37);
    want(c, "A ack=37 len=0");
    e = take_request(s);
    answer(e, c);
}

/* A FIN overtakes the end of the body before it. */
void w_fin_overtakes(struct script *s)
{
    struct peer *c = elsewhere(s), *e;
    say(c, POST_HEAD("10"));
    e = take_request(s);
    say(c, "0123456789");
    overtaken(s);
    fin(c);
    want_text(e, "0123456789");
    say(e, OK2);
    want_text(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    want_fin(c);
}

/* A client that has reset its connection opens another one from the same port: its SYN overtakes the reset.
 * The connection of before is asked about, and reset again; the second SYN is taken. */
void w_syn_overtakes_rst(struct script *s)
{
    struct peer *c = elsewhere(s), *again, *e;
    uint64_t open = counter_of(s, "clients_open");
    rst(c, c->snd);
    overtaken(s);
    again = client(s);
    again->lport = c->lport;
    flags(again, SEG_SYN, 0, 0);
    want_eventually(again, "A len=0");
    want_counter(s, "drop_syn_open", 1);
    want_counter(s, "clients_open", open - 1);
    open_conn(again);
    say(again, GET0);
    e = take_request(s);
    answer(e, again);
}

/* The ring is full: what was to cross it is lost, and sent again by its peer. */
void w_ring_full(struct script *s)
{
    struct peer *c = elsewhere(s), *e;
    rings(s, RING_FULL);
    say(c, GET0);
    want_silence(c, 100);
    want_true(s, s->sim.stats.queue_drops == 1, "it is lost");
    rings(s, RING_RUNS);
    say_at(c, c->snd - (uint32_t)strlen(GET0), GET0);
    e = take_request(s);
    answer(e, c);
}

/* What crosses it on the way back from the endpoint is lost: the endpoint repeats it. */
void w_ring_full_response(struct script *s)
{
    struct peer *c = elsewhere(s), *e;
    say(c, GET0);
    e = take_request(s);
    uint32_t at = e->snd;
    arrives_at(s, 1 - owner(e));
    rings(s, RING_FULL);
    say(e, OK2);
    want_silence(c, 100);
    rings(s, RING_RUNS);
    say_at(e, at, OK2);
    want_text(c, OK2);
}

/* "Too big" names a segment of a flow that another worker has: all are told. */
void w_too_big_told(struct script *s)
{
    struct peer *c = elsewhere(s), *e;
    say(c, GET0);
    e = take_request(s);
    begin_large(e, c);
    c->auto_ack = false;
    uint32_t at = e->snd, lost = c->rcv;
    say_one(e, 'x', 1400);
    want_eventually(c, "A len=1400");
    icmp_too_big(c, lost, 1300);
    pass_time(s, 1000); /* a flow engine's rule goes within it */
    forget(c);
    e->snd = at;
    say_one(e, 'x', 1400);
    want_eventually(c, "A");
    want_true(s, c->got.len <= 1300 - 40, "it is cut");
}

/* One request at a time in the cluster, which the first worker's client has: the second's waits, and goes to
 * the endpoint soon after the first has its answer. */
void w_queue_room(struct script *s)
{
    s->config->cluster[0].max_requests = 1;
    s->config->cluster[0].max_pending = 2;
    s->config->cluster[0].queue_timeout_ns = 5 * SEC;
    struct peer *c = elsewhere(s), *other = client_of(s, 0), *e, *f;
    say(other, GET0);
    e = take_request(s);
    say(c, GET0);
    pass_time(s, 20);
    want_counter(s, "waiting", 1);
    answer(e, other);
    uint64_t then = s->sim.now;
    f = take_request(s);
    want_delay(f, then, 0, 3);
    answer(f, c);
}
