/* Acks to endpoints of what we hold, not their clients: of adopted responses, and of parts of heads. They
 * would come after the round trip to us, and an endpoint would take that for the round trip to its client:
 * BBR keeps no more in flight for the next ten seconds than fits it, CUBIC ends its slow start early. So they
 * wait:
 *
 *   - when the response is whole and the conn idle: for the next request, whose segment carries them for
 *     nothing. The same client cannot ask sooner than after its own round trip; others are given such a conn
 *     only when there is no rested one (connect.c);
 *   - in the middle of a response: as long as the endpoint itself says, by a segment without PSH, that it has
 *     more to send; and toward clients that are not near after one with PSH, too: many servers write head and
 *     body apart. An endpoint may wait for just this ack (Nagle). If it does, it sends as soon as our timer
 *     has told it, and from then on none of its conns waits so (`waits`). Nor does an ack that shows a window
 *     nearly closed.
 *
 * An ack waits for its client's round trip, never longer than LATE_MOST, which is below every timeout of an
 * endpoint (Linux: at least 200 ms). For a near client it waits LATE_LEAST: of several segments Linux probes
 * for the last after twice what it has learned of round trips, and two ticks; on a conn of the nearest class
 * that may be the one to us, on others it is half of what is waited at least. Of a single segment: for
 * LATE_ONE at least, as receivers may delay (RFC 1122) and Linux's tail loss probe expects. Whatever is sent
 * meanwhile takes it along; a repeated segment, a FIN and a gap are answered at once. Only the very segment
 * that brings the bytes can put its ack off, so an ack that the client itself brings forward is never late.
 *
 * Endpoints may be set to less patience (Linux: rto_min of a route): then they send again what has arrived,
 * and slow down for it. One that does so more often than not is not made to wait any more.
 *
 * The deadline is t_flush, pace.c's too: whichever is nearer. With the next request it is void. */
#include "agent/base/mutant.h"
#include "agent/splice/remote.h"

#define LATE_LEAST  (1 * MS_NS)
#define LATE_ONE    (40 * MS_NS)
#define LATE_MOST   (120 * MS_NS)
#define LATE_ANSWER (5 * MS_NS) /* sent so soon after our ack: it was what the endpoint waited for */
#define LATE_HASTY  3           /* times that an endpoint did not wait: then nothing is put off for it */
#define LATE_ROOM   (4u * 1460) /* the endpoint may still send so much */

/* Does c send again what it has no ack for because we put that off? */
static bool hasty(const struct conn *c, pos_t seq, const struct pkt *p)
{
    return p->payload_len > 1 && seq < conn_in_max(c) && seq >= c->in_acked && conn_ack_pos(c) > seq &&
           !mutant(late_hasty);
}

void late_begin(struct splice *s, const struct conn *c, pos_t seq, const struct pkt *p)
{
    s->late.may = NULL;
    if (c->pub.side != SIDE_ENDPOINT || p->payload_len == 0)
        return;
    struct splice_remote *r = conn_to(c);
    if (r->told == c && s->now - r->told_ns <= LATE_ANSWER && !mutant(late_waits))
        r->waits = true;
    if (r->told == c)
        r->told = NULL;
    if (r->hasty < LATE_HASTY && hasty(c, seq, p))
        r->hasty++;
    if (seq == conn_in_max(c) && !(p->flags & TCP_FIN) && !conn_in_fin(c))
        s->late = (struct late){.may = c, .n = p->payload_len, .more = !(p->flags & TCP_PSH)};
}

static uint64_t wait_ns(const struct splice *s, const struct conn *c, pos_t ack)
{
    bool one = c->pub.idle && ack - c->in_acked <= s->late.n;
    uint64_t least = one ? LATE_ONE : LATE_LEAST,
             trip = c->pub.rtt_class ? c->rtt_min * (uint64_t)(RTT_MIN_UNIT_US * 1000) : 0;
    trip = trip < least ? least : trip;
    return trip < LATE_MOST ? trip : LATE_MOST;
}

bool late_ack(struct splice *s, struct conn *c, pos_t ack)
{
    if (s->late.may != c || conn_to(c)->hasty >= LATE_HASTY || mutant(late_at_once))
        return false;
    bool more = s->late.more || (c->pub.rtt_class && !conn_to(c)->waits);
    if (!c->pub.idle && (!more || conn_in_edge(c) < conn_in_max(c) + LATE_ROOM))
        return false;
    ms_t due = ms_deadline(s, s->now + wait_ns(s, c, ack));
    if (!c->t_flush || ms_before(due, c->t_flush)) { /* pace.c's is nearer */
        c->t_flush = mutant(late_never) ? 0 : due;
        conn_arm(s, c, c->t_flush);
    }
    return true;
}

void late_due(struct splice *s, struct conn *c)
{
    struct splice_remote *r = conn_to(c);
    bool waited = conn_ack_pos(c) > c->in_acked;
    if (waited && r->hasty && r->hasty < LATE_HASTY)
        r->hasty--;
    if (waited && !c->pub.idle) {
        r->told = c;
        r->told_ns = s->now;
    }
    seg_flush(s, c); /* no segment is at hand that could put it off again */
}
