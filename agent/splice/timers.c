/* Deadlines of conns. A conn has several (t_rto, t_flush or t_look, t_phase) and one timer, armed lazily:
 * what is put back stays in the wheel until the timer fires and finds nothing due.
 *
 * Most deadlines come to nothing, and soon: a response that lacon sent is acked long before it would be sent
 * again. With a hundred thousand conns or more whose requests are far apart, each such deadline would take
 * its conn out of the wheel, put it back, fire and put it back again; every step a few lines of conns long
 * out of the cache. So a deadline that is far enough is put off: its conn is noted in a queue for PUT_OFF_MS,
 * and only if it has a deadline then that the wheel does not know is it armed.
 *
 * Invariant: a deadline t of an open conn is covered. Either the timer is armed for t or before, or the conn
 * is in the queue (`put_off`), and comes out of it before t: at most PUT_OFF_MS from now, while t was
 * farther when it was set. An entry of a slot that has another conn since then costs a look. */
#include <assert.h>
#include <errno.h>

#include "agent/base/bigmem.h"
#include "agent/base/mutant.h"
#include "agent/splice/internal.h"

#define AHEAD 8u /* entries: what a conn from memory takes */

int timers_init(struct splice *s, uint64_t now_ns)
{
    tw_init(&s->wheel, now_ns, &s->conns->timer, sizeof *s->conns);
    s->put_off.entry = bigmem_alloc(PUT_OFF_MOST, sizeof *s->put_off.entry);
    return s->put_off.entry ? 0 : -ENOMEM;
}

void timers_fini(struct splice *s)
{
    bigmem_free(s->put_off.entry, PUT_OFF_MOST, sizeof *s->put_off.entry);
}

size_t timers_memory(void)
{
    return PUT_OFF_MOST * sizeof(struct put_off_entry);
}

static struct put_off_entry *entry(const struct splice *s, uint32_t i)
{
    return &s->put_off.entry[i % PUT_OFF_MOST];
}

/* ---- arming ---- */

static void arm(struct splice *s, struct conn *c, ms_t t)
{
    if (t && !timer_covers(c, t))
        tw_add(&s->wheel, conn_idx(s, c), ms_ns(s, t));
}

void conn_arm_anew(struct splice *s, struct conn *c, ms_t t)
{
    struct put_off *p = &s->put_off;
    bool far = put_off_may(s, t) || mutant(put_off_near);
    if (!far || p->end - p->begin == PUT_OFF_MOST) {
        tw_add(&s->wheel, conn_idx(s, c), ms_ns(s, t));
        return;
    }
    put_off_note(s, t);
    if (c->put_off)
        return;
    c->put_off = true;
    *entry(s, p->end++) = (struct put_off_entry){.conn = conn_idx(s, c), .since = (ms_t)s->now_ms};
}

/* A look at a client with nothing under way finds nothing: the next request asks for one again. */
static bool look_is_void(const struct conn *c)
{
    return c->pub.side == SIDE_CLIENT && !conn_user(c) && !c->user_mark && c->out_una >= c->out_end;
}

static ms_t earliest(const struct conn *c)
{
    return ms_earlier(c->t_rto, ms_earlier(c->t_phase, c->t_flush));
}

static void put_off_over(struct splice *s, struct conn *c)
{
    c->put_off = false;
    if (conn_is_dead(c) || mutant(put_off_lost))
        return;
    if (c->t_look && (look_is_void(c) || mutant(put_off_look_lost)))
        c->t_look = 0;
    if (c->has)
        extra_trim(s, c); /* its timer may not fire for long */
    arm(s, c, earliest(c));
}

/* All that were in the queue when the last turn began have come out of it, and their deadlines with them. */
static void next_turn(struct put_off *p)
{
    p->turn = p->end;
    p->soonest[0] = p->begin == p->end || mutant(put_off_turn_early) ? 0 : p->soonest[1];
    p->soonest[1] = 0;
}

static void put_off_tick(struct splice *s)
{
    struct put_off *p = &s->put_off;
    while (p->begin != p->end && (ms_t)s->now_ms - entry(s, p->begin)->since >= PUT_OFF_MS) {
        if (p->end - p->begin > AHEAD)
            prefetch_hot(&s->conns[entry(s, p->begin + AHEAD)->conn]);
        put_off_over(s, &s->conns[entry(s, p->begin++)->conn]);
    }
    if ((int32_t)(p->begin - p->turn) >= 0)
        next_turn(p);
}

/* When the worker is to be woken for the queue: by the earliest deadline in it, which is not before its
 * oldest entry's end; those of conns that have been acked since are in no turn any more when they would
 * come, as long as others are put off. Many come out as soon as they may: a few at a time. */
static uint64_t put_off_next_ns(const struct splice *s)
{
    const struct put_off *p = &s->put_off;
    if (p->begin == p->end || mutant(put_off_slept_over))
        return UINT64_MAX;
    ms_t end = entry(s, p->begin)->since + PUT_OFF_MS, soonest = ms_earlier(p->soonest[0], p->soonest[1]);
    bool waits = p->end - p->begin <= PUT_OFF_FEW && soonest && ms_before(end, soonest);
    return ms_ns(s, waits ? soonest : end);
}

/* ---- for the exchange layer ---- */

void splice_set_timer(struct splice *s, struct conn *c, uint64_t deadline_ns)
{
    c->t_phase = deadline_ns ? ms_deadline(s, deadline_ns) : 0;
    if (!conn_is_dead(c))
        conn_arm(s, c, c->t_phase);
}

void splice_set_look(struct splice *s, struct conn *c, uint64_t deadline_ns)
{
    assert(c->pub.side == SIDE_CLIENT);
    c->t_look = deadline_ns ? ms_deadline(s, deadline_ns) : 0;
    if (!conn_is_dead(c))
        conn_arm(s, c, c->t_look);
}

/* ---- firing ---- */

static void on_timer(void *arg, uint32_t idx, uint64_t now_ns)
{
    struct splice *s = arg;
    struct conn *c = ct_obj(s->table, idx);
    s->current = c;
    (void)now_ns; /* it is s->now */
    if (ms_due(s, c->t_rto)) {
        if (c->pub.state == TCP_SYN_SENT)
            connect_timer(s, c);
        else
            seg_rto(s, c);
    }
    if (!conn_is_dead(c) && ms_due(s, c->t_flush)) {
        c->t_flush = 0;
        if (c->pub.side == SIDE_ENDPOINT)
            late_due(s, c);
        else
            s->user->look(s->ux, c);
    }
    if (!conn_is_dead(c) && ms_due(s, c->t_phase)) {
        c->t_phase = 0;
        if (c->pub.state == TCP_TIME_WAIT)
            conn_end(s, c, R_CLOSE_NORMAL);
        else
            s->user->timeout(s->ux, c);
    }
    if (!conn_is_dead(c) && c->has)
        extra_trim(s, c);
    if (!conn_is_dead(c) && !mutant(timer_not_rearmed))
        conn_arm(s, c, earliest(c));
    s->current = NULL;
}

void splice_tick(struct splice *s)
{
    put_off_tick(s);
    tw_advance(&s->wheel, s->now, on_timer, s);
    room_tick(s);
    offload_tick(s);
    splice_reap(s);
}

uint64_t splice_next_ns(const struct splice *s)
{
    uint64_t t = tw_next_ns(&s->wheel), room = room_next_ns(s);
    uint64_t off = offload_next_ns(s), put_off = put_off_next_ns(s);
    t = t < off ? t : off;
    t = t < put_off ? t : put_off;
    return t < room ? t : room;
}
