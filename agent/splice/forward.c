/* Bytes that are mapped already: they go to the peer in the frame they came in, with new headers. Kept ones
 * are compared on the way (S1), nothing passes the receiver's window (S4), and what does not fit one frame is
 * cut. */
#include "agent/base/csum.h"
#include "agent/base/mutant.h"
#include "agent/splice/internal.h"

/* Copies n payload bytes into a fresh frame, for what cannot go out in the frame that came. */
static void forward_copy(struct splice *s, struct conn *a, const uint8_t *bytes, uint32_t n, pos_t at,
                         uint8_t flags)
{
    struct frame *f = frame_alloc(&s->ops);
    if (!f) {
        count(s->cnt, R_DROP_NO_FRAME);
        return;
    }
    memcpy(frame_put(f, n), bytes, n);
    stat_add(&s->cnt->forwarded, 1);
    seg_send(s, a, f, at, flags, csum_bytes(bytes, n));
}

/* A run of payload [off, off+n) that goes to out position `at` of a. Uses the frame itself for the last
 * piece. */
struct run {
    uint32_t off, n;
    pos_t at;
};

/* A segment before a's window: whatever became of its last ack, it answers with a new one. */
void ask_window(struct splice *s, struct conn *a)
{
    struct frame *f = frame_alloc(&s->ops);
    if (f)
        seg_send(s, a, f, a->out_una - 1, 0, 0);
    else
        count(s->cnt, R_DROP_NO_FRAME);
}

void splice_solicit(struct splice *s, struct conn *c)
{
    if (!conn_is_dead(c) && c->pub.state != TCP_SYN_SENT)
        ask_window(s, c);
}

/* The client may have been offered room for bytes that its endpoint has none for: what it was shown before
 * there was an endpoint stands. Those behind a gap wait for the client in any case. `in`: of the run's first
 * byte, `room` of which are sent. */
static void window_refused(struct splice *s, const struct conn *a, struct run r, pos_t in, uint64_t room)
{
    struct conn *c = conn_peer(a);
    if (c->pub.side == SIDE_CLIENT && r.at <= conn_out_max(a) && in + room < conn_in_edge_high(c))
        conn_refused_window(s, c, in + room);
}

/* Nothing goes beyond the receiver's window (S4), but for the one byte of a zero-window probe. */
static uint32_t within_window(struct splice *s, const struct conn *a, const struct pkt *p, struct run r)
{
    uint64_t room = conn_out_edge(a) > r.at ? conn_out_edge(a) - r.at : 0;
    if (room >= r.n || (room == 0 && r.n == 1) || mutant(window_overrun))
        return r.n;
    count(s->cnt, R_DROP_WINDOW);
    window_refused(s, a, r, pos_unwrap(conn_peer(a)->in_acked, p->seq) + r.off, room);
    if (r.at == a->out_una)
        conn_peer(a)->ack_now = true; /* the source may not know of the window */
    return (uint32_t)room;
}

/* Sends one run, cut to a's segment size. `*f` is taken when the run may use it (last != 0) and set to NULL.
 */
static void send_run(struct splice *s, struct conn *a, struct frame **f, const struct pkt *p, struct run r,
                     bool last)
{
    const uint8_t *payload = (*f)->data + p->payload_off;
    uint8_t psh = p->flags & (mutant(urg_kept) ? TCP_PSH | TCP_URG : TCP_PSH);
    r.n = within_window(s, a, p, r);
    if (r.n == 0) {
        if (last) /* once for a segment: what comes behind has no room either */
            ask_window(s, a);
        return;
    }
    while (r.n > a->mss && !mutant(mss_uncut)) {
        forward_copy(s, a, payload + r.off, a->mss, r.at, 0);
        r.off += a->mss;
        r.n -= a->mss;
        r.at += a->mss;
    }
    if (!last) {
        forward_copy(s, a, payload + r.off, r.n, r.at, psh);
        return;
    }
    uint16_t sum = wire_payload_sum(*f, p, r.off, r.n);
    frame_trim(*f, p->payload_off + p->payload_len);
    frame_pull(*f, p->payload_off + r.off);
    frame_trim(*f, r.n);
    stat_add(&s->cnt->forwarded, 1);
    seg_send(s, a, *f, r.at, psh, sum);
    *f = NULL;
}

/* Does payload [lo, hi) of the segment at seq agree with the source bytes kept in x? True where there is
 * nothing to compare. */
static bool kept_agrees(const struct extent *x, pos_t lo, pos_t hi, pos_t seq, const uint8_t *payload)
{
    const uint8_t *raw = x->buf + (x->flags & EXT_IDENTITY ? 0 : x->n);
    if ((x->flags & EXT_OWNED) ||
        (x->flags & EXT_IDENTITY ? mutant(chunk_uncompared) : mutant(head_uncompared)))
        return true;
    return memcmp(raw + (lo - x->in), payload + (lo - seq), hi - lo) == 0;
}

struct forward {
    struct conn *a;
    pos_t seq;      /* of the segment's first payload byte */
    struct run run; /* pending */
    bool have_run, resend;
};

static void add_piece(struct splice *s, struct forward *w, struct frame **f, const struct pkt *p, pos_t lo,
                      pos_t hi, const struct extent *x)
{
    pos_t at = x->out + (lo - x->in);
    if (w->have_run && w->run.at + w->run.n == at) {
        w->run.n += (uint32_t)(hi - lo);
        return;
    }
    if (w->have_run)
        send_run(s, w->a, f, p, w->run, false);
    else
        seg_push(s, w->a); /* a head goes out before the body bytes that came with it */
    w->run = (struct run){(uint32_t)(lo - w->seq), (uint32_t)(hi - lo), at};
    w->have_run = true;
}

/* Passes payload positions [lo, hi) of c's stream, all below in_mapped, on to the peer (S1: kept bytes are
 * compared, but for fresh ones, which are a copy of these very bytes; edited ones are sent from what we
 * keep). Returns false when the conns were reset because bytes differ. */
bool forward(struct splice *s, struct conn *c, struct frame **f, const struct pkt *p, pos_t seq, pos_t lo,
             pos_t hi, pos_t fresh)
{
    struct conn *a = conn_peer(c);
    struct forward w = {.a = a, .seq = seq};
    if (!a || conn_is_dead(a))
        return true;
    bool open = a->pub.state != TCP_SYN_SENT;
    const uint8_t *payload = (*f)->data + p->payload_off;
    struct extent own;
    for (const struct extent *x = ext_first(a, &own); x; x = ext_next(x)) {
        pos_t xlo = pos_max(lo, x->in), xhi = pos_min(hi, x->in + ext_m(x));
        if ((x->flags & EXT_OWNED) || xlo >= xhi)
            continue;
        if (x->kind == EXT_KEPT && x->in < fresh && !kept_agrees(x, xlo, xhi, seq, payload)) {
            reset_both(s, c, R_CLOSE_BYTES_DIFFER);
            return false;
        }
        if (!open)
            continue;
        if (x->kind == EXT_COPY || ((x->flags & EXT_IDENTITY) && x->sent == x->n) ||
            mutant(head_from_frame)) {
            pos_t at = x->out + (xlo - x->in);
            a->sent_again |= !mutant(sent_again_forgotten) && at < conn_out_max(a);
            if (at == a->out_una && at < conn_out_max(a) && conn_out_edge(a) > at && !a->ahead)
                mtu_repeated(s, a);
            add_piece(s, &w, f, p, xlo, xhi, x);
        } else if (xlo < fresh && !w.resend && !mutant(patched_not_repaired)) {
            w.resend = true;
            seg_resend(s, a); /* before seg_push(), which sends what never was: not both the same */
        }
    }
    if (w.have_run)
        send_run(s, a, f, p, w.run, true);
    return true;
}
