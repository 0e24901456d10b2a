/* Rows about the model hosts themselves: that their TCP does, segment by segment, what Linux does where a
 * middlebox can notice. The peer is played by hand, the model answers; lacon has no part in it. */
#include <stdlib.h>

#include "tests/sim/rows/all.h"

#define SEGMENT 1000u

static void on_event(void *arg, struct tcb *t, enum tcb_event ev)
{
    const uint8_t *p;
    size_t n;
    (void)arg;
    while (ev == TCB_EV_READABLE && (n = tcb_peek(t, &p)))
        tcb_consume(t, n);
}

static void on_accept(void *arg, struct tcb *t)
{
    struct script *s = arg;
    s->model_tcb = t;
    t->event = on_event;
    t->quick = 0;
}

/* A peer of a model host with this TCP, not yet connected. */
static struct peer *to_model(struct script *s, const struct tcb_cfg *cfg)
{
    uint8_t mac[6] = {2, 0, 0, 0, 9, 1};
    struct link_cfg cable = {.delay_ns = 100 * US};
    struct ip_addr a = topo_addr(s->client_v6, 0, 200);
    struct peer *p = client(s);
    host_init(&s->model, "model", &s->lan[0], mac, &cable);
    host_add_addr(&s->model, &a);
    s->model.tcp = *cfg;
    s->model.listen = (struct listen){.port = TOPO_PORT, .accept = on_accept, .arg = s};
    p->remote = a;
    p->mss = SEGMENT;
    return p;
}

static struct tcb_cfg ordinary(void)
{
    return (struct tcb_cfg){.mss = SEGMENT,
                            .rcvbuf = 65535,
                            .wscale = 7,
                            .sack = true,
                            .dsack = true,
                            .round_up = true,
                            .delack_ns = 40 * MS,
                            .syn_retries = 6,
                            .retries = 15,
                            .time_wait_ns = 60 * SEC};
}

static struct peer *connected(struct script *s, struct tcb_cfg cfg)
{
    struct peer *p = to_model(s, &cfg);
    open_conn(p);
    pass_time(s, 1);
    want_true(s, s->model_tcb != NULL, "the model has accepted");
    return p;
}

/* The model's application writes n segments. */
static void writes(struct script *s, unsigned segments)
{
    uint8_t *all = xalloc(segments * SEGMENT);
    if (!s->sim.failed)
        tcb_write(s->model_tcb, all, segments * SEGMENT);
    free(all);
}

static void want_segments(struct peer *p, unsigned n)
{
    while (n--)
        want(p, "A len=1000");
}

static void want_later(struct peer *p, const char *segment, uint64_t since, uint64_t after, uint64_t until)
{
    want(p, segment);
    want_true(p->sc, p->got_at >= since + after && p->got_at <= since + until, "it came at its time");
}

void model_initial_window(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    writes(s, 30);
    want_segments(p, 10);
    want_silence(p, 100);
    flags(p, SEG_ACK, 1, 1 + 2 * SEGMENT); /* slow start: two acked, four more */
    want_segments(p, 4);
    want_silence(p, 100);
}

void model_delayed_ack(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    uint64_t t = s->sim.now;
    say(p, "one");
    want_later(p, "A ack=4 len=0", t, 40 * MS, 41 * MS);
    say_one(p, 'x', SEGMENT);
    want_silence(p, 20);
    say_one(p, 'x', SEGMENT); /* the second whole segment */
    want(p, "A ack=2004 len=0");
}

void model_quick_acks(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    s->model_tcb->quick = 2;
    say(p, "a");
    want(p, "A ack=2 len=0");
    say(p, "b");
    want(p, "A ack=3 len=0");
    say(p, "c");
    want_silence(p, 20);
    want(p, "A ack=4 len=0");
}

void model_nagle(struct script *s)
{
    struct tcb_cfg cfg = ordinary();
    cfg.nagle = true;
    struct peer *p = connected(s, cfg);
    tcb_write(s->model_tcb, "one", 3);
    tcb_write(s->model_tcb, "two", 3);
    want(p, "A seq=1 len=3");
    want_silence(p, 50);
    ack_all(p);
    want(p, "A seq=4 len=3");
}

void model_no_nagle(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    tcb_write(s->model_tcb, "one", 3);
    tcb_write(s->model_tcb, "two", 3);
    want(p, "A seq=1 len=3");
    want(p, "A seq=4 len=3");
}

void model_fast_retransmit(struct script *s)
{
    struct tcb_cfg cfg = ordinary();
    cfg.sack = false;
    struct peer *p = connected(s, cfg);
    writes(s, 5);
    want_segments(p, 5);
    flags(p, SEG_ACK, 1, 1);
    flags(p, SEG_ACK, 1, 1);
    want_silence(p, 50);
    flags(p, SEG_ACK, 1, 1);
    want(p, "A seq=1 len=1000");
    want_silence(p, 50);
}

void model_sack_recovery(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    writes(s, 6);
    want_segments(p, 6);
    sack(p, 1, 1 + 1 * SEGMENT, 1 + 2 * SEGMENT); /* lost: the first and the third */
    sack(p, 1, 1 + 3 * SEGMENT, 1 + 4 * SEGMENT);
    want_silence(p, 50);
    sack(p, 1, 1 + 3 * SEGMENT, 1 + 6 * SEGMENT);
    want(p, "A seq=1 len=1000");
    flags(p, SEG_ACK, 1, 1 + 2 * SEGMENT);
    want(p, "A seq=2001 len=1000");
    want_silence(p, 50);
}

void model_sack_blocks(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    say_at(p, 4, "behind a gap");
    want(p, "A ack=1 len=0");
    want_sack(p, 4, 16);
    say_at(p, 1, "gap");
    want(p, "A ack=16 len=0");
    want_true(s, p->got.nsack == 0, "no SACK block any more");
    say_at(p, 1, "gap");
    want(p, "A ack=16 len=0");
    want_true(s, p->got.nsack == 1 && p->got.sack[0].lo - p->iss == 1,
              "a D-SACK block tells of the duplicate");
}

void model_rto_backoff(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    writes(s, 1);
    want(p, "A seq=1 len=1000");
    uint64_t t = p->got_at;
    want_later(p, "A seq=1 len=1000", t, 1000 * MS, 1001 * MS);
    t = p->got_at;
    want_later(p, "A seq=1 len=1000", t, 2000 * MS, 2001 * MS);
    t = p->got_at;
    want_later(p, "A seq=1 len=1000", t, 4000 * MS, 4001 * MS);
}

void model_zero_window(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    p->wnd = 0;
    ack_all(p);
    pass_time(s, 1);
    writes(s, 1);
    uint64_t t = s->sim.now;
    want_later(p, "A seq=0 len=0", t, 1000 * MS, 1001 * MS);
    ack_all(p);
    t = p->got_at;
    want_later(p, "A seq=0 len=0", t, 2000 * MS, 2001 * MS);
    p->wnd = 65535;
    ack_all(p);
    want(p, "A seq=1 len=1000");
}

void model_idle_restart(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    writes(s, 30);
    while (p->rcv < 30 * SEGMENT && !s->sim.failed) {
        want(p, "A len=1000");
        ack_all(p);
    }
    pass_time(s, 100);
    want_true(s, s->model_tcb->cwnd >= 20 * SEGMENT, "the congestion window has grown");
    pass_time(s, 60000);
    writes(s, 30);
    want_segments(p, 10);
    want_silence(p, 50);
}

void model_keepalive(struct script *s)
{
    struct tcb_cfg cfg = ordinary();
    cfg.keepalive_ns = 1 * SEC;
    struct peer *p = connected(s, cfg);
    want(p, "A seq=0 len=0");
    ack_all(p);
    for (unsigned i = 0; i < 9; i++) { /* not answered */
        uint64_t t = p->got_at;
        want_later(p, "A seq=0 len=0", t, 1000 * MS, 1001 * MS);
    }
    want(p, "RA");
    want_true(s, s->model_tcb->end == TCB_END_TIMEOUT, "the connection has timed out");
}

void model_simultaneous_close(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    tcb_close(s->model_tcb);
    want(p, "FA seq=1");
    flags(p, SEG_FIN | SEG_ACK, 1, 1); /* sent before the model's came */
    want(p, "A seq=2 ack=2");
    want_true(s, s->model_tcb->state == TCB_CLOSING, "CLOSING");
    flags(p, SEG_ACK, 2, 2);
    pass_time(s, 1);
    want_true(s, s->model_tcb->state == TCB_TIME_WAIT, "TIME_WAIT");
}

void model_half_close(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    fin(p);
    want(p, "A seq=1 ack=2 len=0");
    want_true(s, s->model_tcb->state == TCB_CLOSE_WAIT, "CLOSE_WAIT");
    tcb_write(s->model_tcb, "still here", 10);
    want(p, "A seq=1 len=10");
    ack_all(p);
    pass_time(s, 1);
    tcb_shutdown(s->model_tcb);
    want(p, "FA seq=11");
    ack_all(p);
    pass_time(s, 1);
    want_true(s, s->model_tcb->state == TCB_CLOSED && s->model_tcb->end == TCB_END_CLOSED, "closed");
}

void model_rst_validation(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    rst(p, 100); /* in the window, not the next number */
    want(p, "A seq=1 ack=1 len=0");
    rst(p, 0);
    want_silence(p, 1000);
    want_true(s, s->model_tcb->end == TCB_OPEN, "still open");
    rst(p, 1);
    pass_time(s, 1);
    want_true(s, s->model_tcb->end == TCB_END_RESET, "reset");
}

void model_challenges(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    flags(p, SEG_SYN, 5000, 0); /* RFC 5961 section 4 */
    want(p, "A seq=1 ack=1 len=0");
    pass_time(s, 1000);
    say_flags(p, SEG_ACK, 1, 1u - 70000u, "blind"); /* section 5: an ack older than any window */
    want(p, "A seq=1 ack=1 len=0");
    want_true(s, s->model_tcb->rcv_nxt == 1, "its bytes were not taken");
}

void model_time_wait(struct script *s)
{
    struct peer *p = connected(s, ordinary());
    tcb_close(s->model_tcb);
    want(p, "FA seq=1");
    ack_all(p);
    fin(p);
    want(p, "A seq=2 ack=2");
    flags(p, SEG_FIN | SEG_ACK, 1, 2); /* repeated: the ack was lost */
    want(p, "A seq=2 ack=2");
    want_true(s, s->model_tcb->state == TCB_TIME_WAIT, "TIME_WAIT");
    flags(p, SEG_SYN, 1000, 0); /* a new incarnation (RFC 6191) */
    want(p, "SA");
}

void model_window_scale(struct script *s)
{
    struct tcb_cfg cfg = ordinary();
    cfg.rcvbuf = 1u << 20;
    struct peer *p = to_model(s, &cfg);
    p->wscale = 3;
    p->wnd = 1000;
    open_conn(p);
    pass_time(s, 1);
    say(p, "x");
    want(p, "A ack=2 win=8192"); /* 1 MiB in units of 128 */
    ack_all(p);
    pass_time(s, 1);
    writes(s, 20);
    want_segments(p, 8); /* 1000 units of 8 */
    want_silence(p, 50);
}

void model_path_mtu(struct script *s)
{
    struct tcb_cfg cfg = ordinary();
    uint16_t headers = s->client_v6 ? 60 : 40;
    cfg.mss = 1400;
    struct peer *p = to_model(s, &cfg);
    p->mss = 1400;
    open_conn(p);
    pass_time(s, 1);
    writes(s, 7);
    for (unsigned i = 0; i < 5; i++)
        want(p, "A len=1400");
    icmp_too_big(p, 1, (uint16_t)(1220 + headers));
    want(p, "A seq=1 len=1220");
    want(p, "A seq=1221");
    want_true(s, s->model_tcb->cwnd >= 10u * 1220, "that was no congestion");
}

void model_black_hole(struct script *s)
{
    struct tcb_cfg cfg = ordinary();
    cfg.mss = 1400;
    cfg.mtu_probing = true;
    struct peer *p = to_model(s, &cfg);
    p->mss = 1400;
    open_conn(p);
    pass_time(s, 1);
    writes(s, 1);
    writes(s, 1);
    want(p, "A seq=1 len=1000");
    want(p, "A seq=1001 len=1000");
    flags(p, SEG_ACK, 1, 1001);
    writes(s, 2);
    want(p, "A seq=2001 len=1400");
    want_eventually(p, "A seq=2001 len=1024");
}
