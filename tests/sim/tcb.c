/* Life of a connection and what applications call. */
#include "tests/sim/tcb.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/host.h"

/* Every second ISN is close enough to the end of sequence space to wrap within a few segments. */
static uint32_t draw_isn(struct rng *r)
{
    return rng_permille(r, 500) ? 0u - (uint32_t)rng_below(r, 60000) : rng_u32(r);
}

struct tcb *tcb_new(struct host *h, const struct tcb_cfg *cfg)
{
    struct tcb *c = xalloc(sizeof *c);
    c->host = h;
    c->sim = h->sim;
    c->cfg = *cfg;
    c->iss = draw_isn(&h->sim->rng);
    c->sb_pos = 1;
    c->smss = 536;
    c->ssthresh = UINT64_MAX / 2;
    c->rto = 1 * SEC;
    c->rd = 1;
    c->quick = (unsigned)rng_below(&h->sim->rng, 17);
    tcb_timers_init(c);
    return c;
}

static void release(struct tcb *c)
{
    free(c->sb);
    free(c->rb);
    free(c->sent);
    c->sb = c->rb = NULL;
    c->sent = NULL;
    c->sb_gone = c->sb_len = c->nsent = 0;
}

void tcb_free(struct tcb *c)
{
    sim_disarm(c->sim, &c->t_rto);
    sim_disarm(c->sim, &c->t_persist);
    sim_disarm(c->sim, &c->t_delack);
    sim_disarm(c->sim, &c->t_wait);
    release(c);
    free(c);
}

void tcb_tell(struct tcb *c, enum tcb_event ev)
{
    if (c->event)
        c->event(c->arg, c, ev);
}

static void bury(struct tcb *c)
{
    for (struct tcb **p = &c->host->tcbs; *p; p = &(*p)->next)
        if (*p == c) {
            *p = c->next;
            c->next = c->host->dead;
            c->host->dead = c;
            return;
        }
}

void tcb_ended(struct tcb *c, enum tcb_end how)
{
    if (c->state == TCB_CLOSED && c->end != TCB_OPEN)
        return;
    c->state = TCB_CLOSED;
    sim_disarm(c->sim, &c->t_rto);
    sim_disarm(c->sim, &c->t_persist);
    sim_disarm(c->sim, &c->t_delack);
    sim_disarm(c->sim, &c->t_wait);
    bury(c);
    bool first = c->end == TCB_OPEN;
    if (first)
        c->end = how;
    if (how != TCB_END_CLOSED) { /* what was not read is lost, as with a reset on Linux */
        c->rd = c->rcv_nxt;
        c->nooo = 0;
    }
    if (first)
        tcb_tell(c, TCB_EV_ENDED);
}

void tcb_write(struct tcb *c, const void *p, size_t n)
{
    if (c->fin_queued || c->end != TCB_OPEN || n == 0)
        return;
    if (c->sb_gone + c->sb_len + n > c->sb_cap) {
        c->sb_cap = 2 * (c->sb_gone + c->sb_len + n);
        c->sb = xrealloc(c->sb, c->sb_cap);
    }
    memcpy(c->sb + c->sb_gone + c->sb_len, p, n);
    c->sb_len += n;
    tcb_output(c);
}

uint64_t tcb_end_pos(const struct tcb *c)
{
    return c->sb_pos + c->sb_len;
}

uint64_t tcb_unsent(const struct tcb *c)
{
    uint64_t una = c->una > 1 ? c->una : 1;
    return tcb_end_pos(c) > una ? tcb_end_pos(c) - una : 0;
}

/* First position that in-order data has not reached (a FIN is no data). */
static uint64_t in_order_end(const struct tcb *c)
{
    return c->fin_pos && c->rcv_nxt > c->fin_pos ? c->fin_pos : c->rcv_nxt;
}

size_t tcb_peek(struct tcb *c, const uint8_t **p)
{
    if (!c->rb || c->rd >= in_order_end(c))
        return 0;
    size_t at = (size_t)(c->rd % c->rb_cap), n = (size_t)(in_order_end(c) - c->rd);
    *p = c->rb + at;
    return n < c->rb_cap - at ? n : c->rb_cap - at;
}

/* Tells the peer about room when it is worth a segment: two segments' worth, or half the buffer. */
void tcb_consume(struct tcb *c, size_t n)
{
    c->rd += n;
    if (c->state < TCB_ESTABLISHED || c->state == TCB_TIME_WAIT || c->fin_pos)
        return;
    uint64_t edge = c->rd + c->cfg.rcvbuf, step = 2ull * c->cfg.mss;
    if (step > c->cfg.rcvbuf / 2)
        step = c->cfg.rcvbuf / 2;
    if (edge >= c->rcv_adv + (step ? step : 1))
        tcb_send_ack(c);
}

bool tcb_eof(const struct tcb *c)
{
    return c->fin_pos && c->rcv_nxt > c->fin_pos && c->rd >= c->fin_pos;
}

void tcb_shutdown(struct tcb *c)
{
    if (c->fin_queued || c->end != TCB_OPEN)
        return;
    c->fin_queued = true;
    if (c->state == TCB_SYN_SENT) {
        tcb_ended(c, TCB_END_ABORTED);
        return;
    }
    if (c->state == TCB_ESTABLISHED)
        c->state = TCB_FIN_WAIT1;
    else if (c->state == TCB_CLOSE_WAIT)
        c->state = TCB_LAST_ACK;
    tcb_output(c);
}

void tcb_close(struct tcb *c)
{
    const uint8_t *p;
    if (c->end != TCB_OPEN)
        return;
    if (tcb_peek(c, &p)) { /* Linux: closing with unread bytes is a reset */
        tcb_abort(c);
        return;
    }
    c->discard = true;
    tcb_shutdown(c);
}

void tcb_abort(struct tcb *c)
{
    if (c->end != TCB_OPEN)
        return;
    if (c->state >= TCB_SYN_RCVD && c->state != TCB_TIME_WAIT)
        tcb_send_rst(c);
    tcb_ended(c, TCB_END_ABORTED);
}

void tcb_vanish(struct tcb *c)
{
    c->vanished = true;
    tcb_ended(c, TCB_END_ABORTED);
}

void tcb_enter_time_wait(struct tcb *c)
{
    c->state = TCB_TIME_WAIT;
    sim_disarm(c->sim, &c->t_rto);
    sim_disarm(c->sim, &c->t_persist);
    sim_arm(c->sim, &c->t_wait, c->sim->now + c->cfg.time_wait_ns);
    if (c->end == TCB_OPEN) { /* for the application this is the end */
        c->end = TCB_END_CLOSED;
        tcb_tell(c, TCB_EV_ENDED);
    }
}
