/* The steady state: nearly all segments of a large message. Data in order inside the one copy extent that is
 * under way, and acks that move inside it, need none of the questions that conn_segment() asks: nothing is
 * judged, held, kept, repaired or closing, on either side. Such a segment has one frame as its answer, the
 * one that it came in.
 *
 * What is done here must come to the same as the general way, to the byte; so every condition under which
 * that would do anything else is a condition here, and what both ways do is one function. Whatever does not
 * fit is left alone.
 *
 * TCP sends in trains. What a train's first segment has led to holds for a run of those behind it, as long as
 * they say nothing new: their frames get the headers of the first, but for what differs. The time is the same
 * for all of a burst, so an edge that moves with it moves with the first. The worker's thread. */
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

/* A segment of c has been passed on. The edge that c may be shown moves with the time, too (pace.c,
 * offload.c). */
static void show_edge(struct splice *s, struct conn *c)
{
    if (((conn_peer(c)->has & USE_PACE) || c->offloaded) && !mutant(steady_edge_late))
        seg_flush(s, c);
}

static bool steady_data(struct splice *s, struct conn *c, struct frame *f, const struct pkt *p, pos_t seq,
                        pos_t ack, struct wire_again *again)
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
    seg_send_first(s, a, f, at, p->flags & TCP_PSH, p->payload_sum, again);
    offload_glance(s, c);
    show_edge(s, c);
    return true;
}

static bool steady_ack(struct splice *s, struct conn *c, struct frame *f, const struct pkt *p, pos_t seq,
                       pos_t ack, struct wire_again *again)
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
        if (again && again->n)
            seg_ack_again(s, a, f, again);
        else
            seg_ack_first(s, a, f, again);
        return true;
    }
    if (again)
        again->n = 0;
    frame_free(&s->ops, f);
    splice_push(s, c);
    splice_push(s, a);
    return true;
}

static bool steady_segment(struct splice *s, struct conn *c, struct frame *f, const struct pkt *p,
                           struct wire_again *again)
{
    const struct conn *a = conn_peer(c);
    if (!a || !quiet(c) || !quiet(a) || c->fin_seen || (p->flags & ~TCP_PSH) != TCP_ACK || p->opts.n)
        return false;
    pos_t seq = pos_unwrap(c->in_acked, p->seq), ack = pos_unwrap(c->out_una, p->ack);
    if (seq != conn_in_max(c) || seq < c->in_acked || seq > conn_in_edge_high(c))
        return false;
    return p->payload_len ? steady_data(s, c, f, p, seq, ack, again)
                          : steady_ack(s, c, f, p, seq, ack, again);
}

/* ---- runs: what comes behind such a segment and differs from it in little, with its headers again ---- */

/* Is q, like p before it, without anything but what a run is of; and has f the room for its headers? */
static bool in_run(const struct frame *f, const struct pkt *p, const struct pkt *q)
{
    return (q->flags & ~TCP_PSH) == TCP_ACK && (q->opts.n == 0 || mutant(run_any_options)) &&
           !q->payload_len == !p->payload_len && f->headroom + q->payload_off >= WIRE_AGAIN;
}

/* Data behind p[0], which was taken: what was said with it, to either side, stands as long as the sender says
 * the same. */
static unsigned data_run(struct splice *s, struct conn *c, struct frame *const f[], const struct pkt p[],
                         unsigned n, const struct wire_again *again)
{
    struct conn *a = conn_peer(c);
    pos_t from = conn_in_max(c), shown = conn_in_edge_high(c);
    uint64_t room = pos_min(c->in_mapped - from, conn_out_edge(a) - conn_out_max(a)), bytes = 0;
    unsigned k = 1;
    if (c->offloaded || conn_out_edge(c) != c->out_una + ((pos_t)p->wnd << c->snd_shift))
        return 1;
    for (; k < n; k++) {
        const struct pkt *q = &p[k];
        if (k + 1 < n)
            __builtin_prefetch(f[k + 1]->data, 1);
        if (!in_run(f[k], p, q) || q->seq != c->in_max_seq || q->ack != p->ack ||
            (q->wnd != p->wnd && !mutant(run_any_window)) || q->payload_len > a->mss ||
            (from + bytes > shown && !mutant(run_beyond_shown)) ||
            (bytes + q->payload_len > room && !mutant(run_beyond_room)))
            break;
        bytes += q->payload_len;
        c->wl1_seq = q->seq;
        c->in_max_seq += q->payload_len;
        frame_trim(f[k], q->payload_off + q->payload_len);
        frame_pull(f[k], q->payload_off);
        c->pub.bytes_in += q->payload_len;
        seg_send_data(s, a, f[k], again, q->flags & TCP_PSH, q->payload_sum);
        offload_glance(s, c);
        if (c->offloaded) { /* from now on its edge moves with every segment */
            show_edge(s, c);
            k++;
            break;
        }
    }
    stat_add(&s->cnt->forwarded, k - 1);
    return k;
}

/* Acks behind p[0]. */
static unsigned ack_run(struct splice *s, struct conn *c, struct frame *const f[], const struct pkt p[],
                        unsigned n, struct wire_again *again)
{
    pos_t seq = conn_in_max(c);
    unsigned k = 1;
    if (conn_peer(c)->ahead)
        return 1;
    for (; k < n && again->n; k++) {
        const struct pkt *q = &p[k];
        if (k + 1 < n)
            __builtin_prefetch(f[k + 1]->data, 1);
        if (!in_run(f[k], p, q) || q->seq != p->seq ||
            !steady_ack(s, c, f[k], q, seq, pos_unwrap(c->out_una, q->ack), again))
            break;
    }
    return k;
}

unsigned steady_segments(struct splice *s, struct conn *c, struct frame *const f[], const struct pkt p[],
                         unsigned n)
{
    struct wire_again again;
    again.n = 0;
    if (!steady_segment(s, c, f[0], p, n > 1 ? &again : NULL))
        return 0;
    if (!again.n)
        return 1;
    return p->payload_len ? data_run(s, c, f, p, n, &again) : ack_run(s, c, f, p, n, &again);
}
