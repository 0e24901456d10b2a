/* The steady state: nearly all segments of a large message. Data in order inside the one copy extent that is
 * under way, and acks that move inside it, need none of the questions that conn_segment() asks: nothing is
 * judged, held, kept, repaired or closing, on either side. Such a segment has one frame as its answer, the
 * one that it came in.
 *
 * What is done here must come to the same as the general way, to the byte; so every condition under which
 * that would do anything else is a condition here, and what both ways do is one function. Whatever does not
 * fit is left alone. The worker's thread. */
#include "agent/base/mutant.h"
#include "agent/splice/internal.h"

#ifdef LACON_SWITCHES
bool splice_steady_off;
#endif

/* Nothing of c's out-stream is ours to send or to repair, and nothing is owed to it. */
static bool quiet(const struct conn *c)
{
    return c->pub.state == TCP_OPEN && (c->x_own || c->x_count == 0) &&
           !(c->ack_now || c->dup_now || c->sink || c->fin_queued) && !conn_holds(c);
}

static bool steady_data(struct splice *s, struct conn *c, struct frame *f, const struct pkt *p, pos_t seq,
                        pos_t ack)
{
    struct conn *a = conn_peer(c);
    uint32_t n = p->payload_len;
    if (!a->x_own || ack != c->out_una || seq + n > c->in_mapped)
        return false;
    const struct extent x = conn_own(a);
    pos_t at = x.out + (seq - x.in);
    if (seq < x.in || at != conn_out_max(a) || at + n > conn_out_edge(a) || n > a->mss)
        return false;
    take_window(c, seq, ack, p->wnd);
    c->probes = 0;
    c->in_max_seq = pos_seq(seq + n);
    c->pub.bytes_in += n;
    frame_trim(f, p->payload_off + n);
    frame_pull(f, p->payload_off);
    stat_add(&s->cnt->forwarded, 1);
    seg_send(s, a, f, at, p->flags & TCP_PSH, p->payload_sum);
    offload_glance(s, c);
    if (((a->has & USE_PACE) || c->offloaded) && !mutant(steady_edge_late))
        seg_flush(s, c); /* its edge moves with the time, too (pace.c, offload.c) */
    return true;
}

static bool steady_ack(struct splice *s, struct conn *c, struct frame *f, const struct pkt *p, pos_t seq,
                       pos_t ack)
{
    struct conn *a = conn_peer(c);
    if (!c->x_own || ack <= c->out_una || ack > conn_out_max(c) || ack >= c->out_end)
        return false;
    take_window(c, seq, ack, p->wnd);
    c->probes = 0;
    ack_advanced(s, c, ack);
    s->user->progress(s->ux, c);
    count(s->cnt, R_CONSUMED);
    if (conn_peer(c) == a && quiet(c) && quiet(a)) {
        frame_trim(f, p->payload_off);
        frame_pull(f, p->payload_off);
        seg_ack_in(s, a, f);
        return true;
    }
    frame_free(&s->ops, f);
    splice_push(s, c);
    splice_push(s, a);
    return true;
}

bool steady_segment(struct splice *s, struct conn *c, struct frame *f, const struct pkt *p)
{
    const struct conn *a = conn_peer(c);
    if (!a || !quiet(c) || !quiet(a) || c->fin_seen || (p->flags & ~TCP_PSH) != TCP_ACK || p->opts.n)
        return false;
    pos_t seq = pos_unwrap(c->in_acked, p->seq), ack = pos_unwrap(c->out_una, p->ack);
    if (seq != conn_in_max(c) || seq < c->in_acked || seq > conn_in_edge_high(c))
        return false;
    return p->payload_len ? steady_data(s, c, f, p, seq, ack) : steady_ack(s, c, f, p, seq, ack);
}
