/* Slow clients: the minimum rates of a listener. Every quarter of rate_period each client conn with something
 * under way is looked at: is it the client that is waited for, to send of its request, or to take of its
 * response? When it was at four looks in a row, and moved less meanwhile than the rate times the period, it
 * is closed. One look that finds somebody else waited for begins the period anew; so time in which the
 * endpoint or lacon keeps the client waiting does not count, and nothing is done per segment: positions are
 * kept anyway. Tunnels are exempt: silence is part of their use, and they have a timeout of their own.
 *
 * A request is waited for while bytes of it are to come and the endpoint has room for a segment (its window
 * from what it has acked). A client that has sent all, of which nothing is acked, waits itself; so does one
 * whose bytes we dropped though it had been offered room, until its timer can have sent them again. What its
 * own network loses is the client's. And what is held for want of memory to pass it on has been sent.
 *
 * Bytes that are dropped again have that time once more, and then no longer, however often they are, or
 * clients that wait for the memory of each other (heads in pieces that fill their share, or the pool) would
 * do so for ever. That is no fault of theirs: the answer is 503, and its memory another's. What the endpoint
 * has no room for (a client was shown 32 KiB before it had one) has its time from the last time on: until
 * that endpoint makes room it is the one who is waited for, and then it cannot refuse the same bytes.
 *
 * When such bytes have come and are acked, that ack may be lost, and a TCP that backs off is silent once
 * more: at most twice as long as they took to come, and two minutes. That time is theirs once, and over when
 * more of the client has been acked. So a refusal excuses six minutes in all, whatever a client does, and the
 * next one is of bytes behind these: they have to be taken first.
 *
 * A response is waited for while bytes that were sent by the last look are not acked at this one, or the
 * client leaves no window. Where those bytes are the endpoint's to repeat, it must be alive: when nothing has
 * come from it since the last look, it is the one who is waited for. Adopted responses count until they are
 * acked, though their exchange is over. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

#define LOOKS 4u

static uint64_t period_of(const struct exchanges *w, const struct conn *c)
{
    return listener_of(w, c)->rate_period_ns;
}

/* What a client that is just fast enough moves in a period. */
static uint64_t least(uint64_t rate, uint64_t period_ns)
{
    return rate * (period_ns / MS_NS) / 1000;
}

static uint64_t window_of(const struct conn *c)
{
    return conn_out_edge(c) > c->out_una ? conn_out_edge(c) - c->out_una : 0;
}

static pos_t sent_up(const struct conn *c)
{
    return conn_peer(c) ? conn_out_max(conn_peer(c)) : 0;
}

static uint32_t source_bytes(const struct conn *c)
{
    return conn_peer(c) ? (uint32_t)conn_peer(c)->pub.bytes_in : 0;
}

static struct slow_marks *marks_of(const struct exchanges *w, const struct conn *c)
{
    return &w->slow[splice_index(w->s, c)];
}

void slow_watch(struct exchanges *w, struct conn *c)
{
    if (c->t_look)
        return;
    const struct cfg_listener *l = listener_of(w, c);
    if (l->min_request_rate == 0 && l->min_response_rate == 0)
        return;
    *marks_of(w, c) = (struct slow_marks){.in_from = c->in_acked & SLOW_POS,
                                          .in_last = pos_seq(c->in_acked),
                                          .out_from = c->out_una & SLOW_POS,
                                          .out_sent = pos_seq(c->out_una),
                                          .up_sent = pos_seq(sent_up(c)),
                                          .source_bytes = source_bytes(c)};
    splice_set_look(w->s, c, splice_now(w->s) + period_of(w, c) / LOOKS);
}

/* Is the client waited for, to send? */
static bool owes_request(const struct exchanges *w, struct conn *c, const struct slow_marks *p)
{
    const struct exchange *x = conn_user(c);
    if (((c->has & USE_ROOM) && !mutant(room_blamed)) || splice_backs_off(w->s, c) || c->fin_queued ||
        c->user_doom)
        return false;
    if (!x)
        return c->user_mark; /* a head in pieces */
    if (x->discards)
        return true;
    const struct conn *e = x->e;
    if (!e || e->pub.state == TCP_SYN_SENT || x->resp_mapped)
        return false;
    if (x->req_mapped && (c->in_acked >= c->in_mapped ||
                          (conn_in_max(c) >= c->in_mapped && pos_seq(c->in_acked) == p->in_last)))
        return false;
    /* An endpoint that has not acked what it was sent by the last look is the one who is waited for. */
    return window_of(e) >= e->mss && (int32_t)(pos_seq(e->out_una) - p->up_sent) >= 0;
}

/* Has the client not acked what was sent by the last look? (More than 2^31 bytes in one look pass for "yes",
 * which harms nobody who is that fast.) */
static bool behind(const struct conn *c, const struct slow_marks *p)
{
    return (int32_t)(pos_seq(c->out_una) - p->out_sent) < 0;
}

/* Is the client waited for, to take? `step`: what it has to take until the next look. */
static bool owes_acks(const struct conn *c, const struct slow_marks *p, uint64_t step)
{
    bool theirs = c->x_own || (c->x_slab && !(c->x_slab->flags & EXT_OWNED)); /* the endpoint's to repair */
    if (!conn_user(c) && c->out_una >= c->out_end)
        return false;
    if (window_of(c) == 0)
        return c->out_end > c->out_una;
    if (behind(c, p))
        return !theirs || source_bytes(c) != p->source_bytes;
    return window_of(c) < step && c->out_una < conn_out_max(c);
}

/* As far as is known to have been sent. Where a flow engine sends, or did, that is what has come by here: so
 * while its rule is in, only a closed window blames the client (the rule does not stay where little moves:
 * agent/splice/flow_policy.h). */
static pos_t sent_to(const struct conn *c)
{
    struct extent own;
    const struct extent *x = ext_first(c, &own);
    const struct conn *e = conn_peer(c);
    pos_t most = conn_out_max(c) < c->out_end ? conn_out_max(c) : c->out_end;
    if (!c->ahead)
        return most;
    if (mutant(slow_behind_engine) || !x || !e || x->kind != EXT_COPY || conn_in_max(e) <= x->in)
        return c->out_una;
    return pos_max(c->out_una, pos_min(most, x->out + (conn_in_max(e) - x->in)));
}

/* One look on one side. True: the client is too slow. */
static bool look(bool waited_for, unsigned *looks, pos_t *from, pos_t now, uint64_t need)
{
    if (waited_for && ++*looks < LOOKS)
        return false;
    bool slow = waited_for && now - *from < need;
    *looks = 0;
    *from = now;
    return slow;
}

static bool look_in(struct slow_marks *p, bool waited_for, pos_t now, uint64_t need)
{
    unsigned looks = p->in_looks;
    pos_t from = p->in_from;
    bool slow = look(waited_for, &looks, &from, now, need);
    p->in_looks = looks & 0xff;
    p->in_from = from & SLOW_POS;
    return slow;
}

static bool look_out(struct slow_marks *p, bool waited_for, pos_t now, uint64_t need)
{
    unsigned looks = p->out_looks;
    pos_t from = p->out_from;
    bool slow = look(waited_for, &looks, &from, now, need);
    p->out_looks = looks & 0xff;
    p->out_from = from & SLOW_POS;
    return slow;
}

static void slow_request(struct exchanges *w, struct conn *c)
{
    struct exchange *x = conn_user(c);
    const struct refusal *r = splice_refusal(w->s, c);
    bool ours = r && r->again && !mutant(refused_blamed);
    enum reason why = ours ? R_CLOSE_OVERLOAD : R_CLOSE_SLOW_REQUEST;
    unsigned status = ours ? 503 : 408;
    if (!x && listener_of(w, c)->protocol == CFG_TLS) {
        stream_hello_timeout(w, c, status, why);
    } else if (!x) {
        client_refuse(w, c, splice_held(c), status, why);
    } else if (x->discards) {
        discard_stop(w, x, why);
    } else if (x->resp_head) {
        exchange_abort(w, x, why);
    } else {
        x->client_close = true;
        reply_own(w, x, status, why);
    }
}

static void slow_reader(struct exchanges *w, struct conn *c)
{
    if (conn_user(c))
        exchange_abort(w, conn_user(c), R_CLOSE_SLOW_READER);
    else
        splice_reset(w->s, c, R_CLOSE_SLOW_READER);
}

void slow_look(struct exchanges *w, struct conn *c)
{
    const struct cfg_listener *l = listener_of(w, c);
    const struct exchange *x = conn_user(c);
    uint64_t in = least(l->min_request_rate, l->rate_period_ns),
             out = least(l->min_response_rate, l->rate_period_ns);
    if (c->pub.side != SIDE_CLIENT || (x && x->tunnel) || (!x && !c->user_mark && c->out_una >= c->out_end))
        return; /* nothing to look at; slow_watch() comes again */
    struct slow_marks *p = marks_of(w, c);
    if (behind(c, p))
        splice_solicit(w->s, c); /* its ack may have been lost, and whoever would send again be gone */
    bool slow_in = look_in(p, in && owes_request(w, c, p), c->in_acked, in);
    bool slow_out = look_out(p, out && owes_acks(c, p, out / LOOKS), c->out_una, out);
    p->in_last = pos_seq(c->in_acked);
    p->out_sent = pos_seq(sent_to(c));
    p->up_sent = pos_seq(sent_up(c));
    p->source_bytes = source_bytes(c);
    if (slow_in) {
        slow_request(w, c);
    } else if (slow_out) {
        slow_reader(w, c);
    }
    if (!conn_is_dead(c) && c->pub.state != TCP_TIME_WAIT)
        splice_set_look(w->s, c, splice_now(w->s) + l->rate_period_ns / LOOKS);
}
