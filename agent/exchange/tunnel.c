/* Tunnels: after the endpoint's 101, bytes both ways until both sides have said FIN. A FIN of ours follows
 * the last byte; the peer's is taken when the other side has acked the bytes before it, so whoever sent it
 * repairs its loss (S10). The worker's thread. */
#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"

bool tunnel_begins(struct exchanges *w, struct exchange *x)
{
    struct conn *c = x->c, *e = x->e;
    x->tunnel = true;
    x->req_mapped = true;
    splice_touch(w->s, c);
    splice_set_timer(w->s, c, splice_now(w->s) + listener_of(w, c)->tunnel_timeout_ns);
    e->in_mode = IN_OPEN;
    if (splice_map_copy(w->s, e, c, FOREVER) < 0)
        return false;
    if (conn_in_fin(c) && c->in_mapped > conn_in_fin(c)) {
        splice_fin(w->s, e, R_CLOSE_NORMAL); /* the client has closed its side already */
        return true;
    }
    c->in_mode = IN_OPEN;
    c->fin_told =
        c->fin_told && mutant(tunnel_fin_forgotten); /* a FIN that came before is now one of the tunnel */
    return splice_map_copy(w->s, c, e, FOREVER) == 0;
}

void tunnel_progress(struct exchanges *w, struct conn *to)
{
    struct conn *from = conn_peer(to);
    if (from && conn_in_fin(from) && from->fin_told && to->out_una >= to->out_end)
        splice_take_fin(w->s, from);
}

void tunnel_fin(struct exchanges *w, struct exchange *x, struct conn *from)
{
    struct conn *to = from == x->c ? x->e : x->c;
    splice_fin(w->s, to, R_CLOSE_NORMAL);
    tunnel_progress(w, to);
}

/* One side of a tunnel has ended; orderly when both FINs were exchanged. */
void tunnel_ended(struct exchanges *w, struct exchange *x, struct conn *gone, enum reason why)
{
    struct conn *other = gone == x->c ? x->e : x->c;
    bool orderly = mutant(tunnel_cut_clean) || why == R_CLOSE_NORMAL || why == R_CLOSE_NOT_REUSABLE;
    if (gone == x->e) {
        x->e = NULL;
        conn_set_user(gone, NULL);
        if (x->c && !conn_is_dead(x->c)) {
            struct conn *c = x->c;
            splice_part(w->s, c);
            exchange_over(w, x, orderly ? R_NONE : why);
            if (orderly)
                client_close(w, c, R_CLOSE_NORMAL);
            else
                splice_reset(w->s, c, R_CLOSE_OTHER_RESET);
        }
        return;
    }
    exchange_over(w, x, orderly ? R_NONE : why);
    if (other) {
        conn_set_user(other, NULL);
        splice_part(w->s, other);
        if (other->fin_told)
            splice_take_fin(w->s, other);
        if (orderly)
            splice_fin(w->s, other, R_CLOSE_NORMAL);
        else
            splice_reset(w->s, other, R_CLOSE_OTHER_RESET);
        splice_set_timer(w->s, other, splice_now(w->s) + LINGER_NS);
    }
}
