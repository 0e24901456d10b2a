/* How fast one client's acks may make an endpoint send. A client that acks what it does not have yet
 * (optimistic acks) looks like a fast path and makes the endpoint send at the speed of the wire, for as long
 * as a response lasts; nothing in the acks tells it from a fast client. So the right edge that the endpoint
 * is shown moves by no more than the listener's max_rate, with one second's worth in advance: whatever a
 * client acks, that bounds what it costs.
 *
 * A token bucket of the client's, written as a position in the stream of the endpoint conn that serves it:
 * the edge that may be shown now. Between two such conns it is what is left beyond the acked bytes
 * (pace_rel). It grows once in a tick of 2^20 ns, so nothing is divided, and the window is opened again by a
 * timer when all the client's own acks are in.
 *
 * The bucket is part of the side block. Where max_rate is so large that it is there against such clients
 * (PACE_LAZY; as by default), not to share out a line, a client has none before it has acked a sixteenth of a
 * second's worth of one response: what a bucket that was full would have let through. These bytes are taken
 * from it when it begins, so no response gets more than its rate and a second's worth. Once there, it stays.
 * A smaller rate that a reload brings binds those without a bucket too, once they have acked 4 MiB of one
 * response (pace_acked()). */
#include "agent/base/mutant.h"
#include "agent/splice/internal.h"

#define PACE_TICK_BITS 20                    /* 1.05 ms */
#define PACE_AHEAD     10                    /* 2^10 ticks: 1.07 s */
#define PER_TICK(rate) (((rate)*1100) >> 20) /* bytes a second to bytes a tick */

static uint32_t per_tick(uint64_t max_rate)
{
    uint64_t n = PER_TICK(max_rate < (uint64_t)1 << 40 ? max_rate : (uint64_t)1 << 40);
    return n == 0 ? 1 : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static struct extra *open_bucket(struct splice *s, struct conn *c, uint64_t max_rate)
{
    struct extra *p = extra_open(s, c, USE_PACE);
    p->pace_begun = p->pace_rel = false;
    p->pace_spent = 0;
    p->pace_rate = per_tick(max_rate);
    return p;
}

void pace_begin(struct splice *s, struct conn *c, uint64_t max_rate)
{
    if (max_rate && max_rate < PACE_LAZY)
        open_bucket(s, c, max_rate);
}

void pace_begin_late(struct splice *s, struct conn *c)
{
    uint64_t rate = s->user->max_rate(s->ux, c), part = rate / PACE_FREE_PART;
    if (rate == 0 || mutant(rate_never_due))
        return;
    if (pace_drawn(c) >= (part < PACE_FREE_MOST ? part : PACE_FREE_MOST))
        open_bucket(s, c, rate)->pace_spent = pace_drawn(c);
}

void pace_leave(struct conn *c, const struct conn *e)
{
    struct extra *p = c->has & USE_PACE ? extra_of(c, USE_PACE) : NULL;
    if (!p || !p->pace_begun || p->pace_rel)
        return;
    pos_t ack = conn_ack_pos(e);
    p->pace_edge = p->pace_edge > ack ? p->pace_edge - ack : 0;
    p->pace_rel = true;
}

pos_t pace_edge(struct splice *s, struct conn *e, pos_t edge)
{
    struct conn *c = conn_peer(e);
    if (!c || !(c->has & USE_PACE) || e->pub.side != SIDE_ENDPOINT)
        return edge;
    struct extra *p = extra_of(c, USE_PACE);
    uint64_t tick = s->now >> PACE_TICK_BITS, full = (uint64_t)p->pace_rate << PACE_AHEAD;
    pos_t ack = conn_ack_pos(e), ahead = ack + full;
    if (!p->pace_begun)
        p->pace_edge = ahead - pos_min(p->pace_spent, full);
    else if (p->pace_rel)
        p->pace_edge += ack;
    if (p->pace_begun && tick > p->pace_tick)
        p->pace_edge = pos_min(p->pace_edge + (tick - p->pace_tick) * p->pace_rate, ahead);
    p->pace_begun = true;
    p->pace_rel = false;
    p->pace_tick = tick;
    if (edge <= p->pace_edge || mutant(rate_uncapped))
        return edge;
    if (p->pace_edge < ahead) { /* else only an ack can move it, and with it comes the next look */
        e->t_flush = ms_deadline(s, (tick + 1) << PACE_TICK_BITS);
        conn_arm(s, e, e->t_flush);
    }
    return p->pace_edge;
}
