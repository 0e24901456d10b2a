/* The hold: bytes at and after in_mapped that arrived and cannot be judged or passed on yet (rule S6): an
 * incomplete head, a pipelined request, body while the endpoint is being connected, bytes behind a gap. At
 * most w0 of them. The first arrival of a byte wins; a second with another value is S1's difference.
 *
 *    buf:   | consumed | range[0] ... gap ... range[1] ... |
 *           0          base = in_mapped                     cap
 *
 * Bytes of range[0], when it starts at 0, are contiguous: they may be judged, and acked because we keep them.
 */

#include "agent/base/mutant.h"
#include "agent/splice/internal.h"

void hold_free(struct splice *s, struct conn *c)
{
    if (!(c->has & USE_HOLD))
        return;
    struct hold *h = &extra_of(c, USE_HOLD)->hold;
    if (!mutant(hold_leak)) {
        kbuf_free(s->pool, h->buf, h->cap);
        clients_drop(s->clients, conn_client(c), h->cap);
    }
    clients_settle(s->clients, conn_client(c), conn_idx(s, c));
    *h = (struct hold){0};
    extra_close(s, c, USE_HOLD);
}

struct span splice_held(const struct conn *c)
{
    const struct hold *h = conn_hold(c);
    if (h->nrange == 0 || h->range[0].lo != 0)
        return span_of(NULL, 0);
    return span_of(h->buf + h->base, h->range[0].hi);
}

/* May the hold of c have a larger buffer, for `end` bytes? When the pool runs short, large heads in the
 * making have to wait: short ones of others still find room. The last of the pool is for exchanges in flight.
 */
static enum reason may_grow(const struct splice *s, const struct conn *c, const struct hold *h, uint32_t end)
{
    if (clients_full(s->clients, conn_client(c)) &&
        (c->in_mode == IN_DONE || !clients_may_exceed(s->clients, conn_client(c), conn_idx(s, c), h->cap)))
        return R_DROP_CLIENT_BYTES;
    if (end > HOLD_SHORT && kbuf_used(s->pool) > kbuf_total(s->pool) / 4 * 3)
        return R_DROP_NO_BUFFER;
    bool new_work = c->waits || (c->pub.side == SIDE_CLIENT && c->in_mode == IN_DONE);
    if (new_work && splice_load(s) >= LOAD_REFUSE)
        return R_DROP_NO_BUFFER;
    return R_NONE;
}

static enum reason grow(struct splice *s, struct conn *c, struct hold *h, uint32_t end)
{
    uint32_t used = h->nrange ? h->range[h->nrange - 1].hi : 0;
    uint32_t cap, want = h->cap * 2 > end ? h->cap * 2 : end;
    enum reason r = may_grow(s, c, h, end);
    if (r != R_NONE)
        return r;
    bool exceeds = clients_full(s->clients, conn_client(c));
    uint8_t *buf = kbuf_alloc(s->pool, want > KBUF_MAX ? end : want, &cap);
    if (!buf)
        return R_DROP_NO_BUFFER;
    if (exceeds)
        clients_exceed(s->clients, conn_client(c), conn_idx(s, c));
    clients_keep(s->clients, conn_client(c), cap);
    if (h->buf) {
        memcpy(buf, h->buf + h->base, used - mutant(hold_growth_loses));
        kbuf_free(s->pool, h->buf, h->cap);
        clients_drop(s->clients, conn_client(c), h->cap);
    }
    h->buf = buf;
    h->cap = cap;
    h->base = 0;
    return R_NONE;
}

/* Makes room for bytes up to offset `end` behind base. What fits into the buffer that the hold has is never
 * refused: it moves to the front, at the latest when no larger one is to be had, or none within its client's
 * share. */
static enum reason reserve(struct splice *s, struct conn *c, struct hold *h, uint32_t end)
{
    if (h->buf && h->base + end <= h->cap)
        return R_NONE;
    bool fits = h->buf && end <= h->cap;
    bool moves = fits && (h->base >= h->cap / 2 || clients_full(s->clients, conn_client(c)));
    enum reason r = moves ? R_DROP_NO_BUFFER : grow(s, c, h, end);
    if (r == R_NONE || !fits)
        return r;
    memmove(h->buf, h->buf + h->base, h->nrange ? h->range[h->nrange - 1].hi : 0);
    h->base = 0;
    return R_NONE;
}

/* Do the bytes for [lo, hi) agree with what is there already? */
static bool agrees(const struct hold *h, uint32_t lo, uint32_t hi, const uint8_t *bytes)
{
    for (uint32_t i = 0; i < h->nrange; i++) {
        uint32_t a = h->range[i].lo > lo ? h->range[i].lo : lo, b = h->range[i].hi < hi ? h->range[i].hi : hi;
        if (a < b && memcmp(h->buf + h->base + a, bytes + (a - lo), b - a) != 0)
            return false;
    }
    return true;
}

bool hold_agrees(const struct conn *c, pos_t at, struct span bytes)
{
    uint64_t lo = at - c->in_mapped, hi = lo + bytes.n;
    const struct hold *h = conn_hold(c);
    if (h->nrange == 0 || lo >= c->w0 || mutant(hold_uncompared))
        return true;
    return agrees(h, (uint32_t)lo, (uint32_t)(hi < c->w0 ? hi : c->w0), bytes.p);
}

/* Joins [lo, hi) into the ranges. False when there would be too many. */
static bool ranges_add(struct hold *h, uint32_t lo, uint32_t hi)
{
    struct hold_range out[HOLD_RANGES + 1];
    uint32_t n = 0, i = 0;
    while (i < h->nrange && h->range[i].hi < lo)
        out[n++] = h->range[i++];
    for (; i < h->nrange && h->range[i].lo <= hi; i++) {
        lo = h->range[i].lo < lo ? h->range[i].lo : lo;
        hi = h->range[i].hi > hi ? h->range[i].hi : hi;
    }
    out[n++] = (struct hold_range){lo, hi};
    while (i < h->nrange)
        out[n++] = h->range[i++];
    if (n > HOLD_RANGES)
        return false;
    memcpy(h->range, out, n * sizeof out[0]);
    h->nrange = n;
    return true;
}

static uint32_t now_s(const struct splice *s)
{
    return (uint32_t)(s->now / SEC_NS);
}

/* What is known of the bytes from `at` on, which are dropped. *again: they were dropped before. */
static struct refusal *refusal_at(struct splice *s, struct conn *c, pos_t at, bool *again)
{
    bool known = c->has & USE_REFUSED;
    struct refusal *r = &extra_open(s, c, USE_REFUSED)->refusal;
    *again = known && !r->came && r->seq == pos_seq(at);
    if (!*again)
        *r = (struct refusal){.first_s = now_s(s), .until_s = now_s(s) + BACKOFF_MOST_S, .seq = pos_seq(at)};
    return r;
}

void conn_refused(struct splice *s, struct conn *c, pos_t at)
{
    if (mutant(refusal_forgotten))
        return;
    bool again;
    struct refusal *r = refusal_at(s, c, at, &again);
    if (again && !r->again)
        r->until_s += BACKOFF_MOST_S;
    r->again = again;
    if (mutant(refusal_endless))
        r->until_s = now_s(s) + 2 * BACKOFF_MOST_S;
}

void conn_refused_window(struct splice *s, struct conn *c, pos_t at)
{
    if (mutant(refused_window_blamed))
        return;
    bool again;
    struct refusal *r = refusal_at(s, c, at, &again);
    r->until_s = now_s(s) + BACKOFF_MOST_S;
    r->again = false;
}

/* The first of the bytes have come again, and are acked. Should that ack be lost, c's TCP is silent until its
 * timer says so: for at most twice the time that it was before, which was no longer than they took to come.
 * That is so until more of it is acked: then it has got an ack, or has sent more without. */
static void refusal_came(struct splice *s, struct conn *c, struct refusal *r)
{
    uint32_t twice = 2 * (now_s(s) - r->first_s + 1); /* seconds that have begun */
    r->until_s = now_s(s) + (twice < BACKOFF_MOST_S ? twice : BACKOFF_MOST_S);
    r->seq = pos_seq(c->in_acked);
    r->again = false;
    r->came = true;
}

void refusal_acked(struct splice *s, struct conn *c)
{
    struct refusal *r = &extra_of(c, USE_REFUSED)->refusal;
    if ((int32_t)(pos_seq(c->in_acked) - r->seq) <= 0 || mutant(refusal_remembered))
        return;
    if (r->came ? !mutant(came_goes_on) : mutant(came_blamed))
        extra_close(s, c, USE_REFUSED);
    else if (!r->came)
        refusal_came(s, c, r);
}

const struct refusal *splice_refusal(struct splice *s, struct conn *c)
{
    const struct refusal *r = c->has & USE_REFUSED ? &extra_of(c, USE_REFUSED)->refusal : NULL;
    if (!r || !r->came || now_s(s) <= r->until_s || mutant(came_endless))
        return r;
    extra_close(s, c, USE_REFUSED);
    return NULL;
}

bool splice_backs_off(struct splice *s, struct conn *c)
{
    const struct refusal *r = splice_refusal(s, c);
    return r && (now_s(s) <= r->until_s || (r->came && mutant(came_endless)));
}

void splice_refusal_renew(struct splice *s, struct conn *c)
{
    const struct refusal *r = splice_refusal(s, c);
    if (r && !r->came && !mutant(refusal_not_renewed))
        extra_of(c, USE_REFUSED)->refusal.until_s = now_s(s) + (r->again ? 2 : 1) * BACKOFF_MOST_S;
}

/* The next bytes of c, from `at` on, are dropped though it was offered room for them. That can't always be
 * helped: memory is shared, and the edge shown inside a message of unknown length stands also when that ends
 * early. The minimum rates have to know. Bytes behind a gap wait for the client in any case. */
static void refuse(struct splice *s, struct conn *c, pos_t at, pos_t lost)
{
    pos_t next = c->in_mapped + splice_held(c).n;
    if (at <= next)
        conn_refused(s, c, pos_max(next, lost));
}

enum reason hold_insert(struct splice *s, struct conn *c, pos_t at, struct span bytes)
{
    uint64_t off = at - c->in_mapped;
    bool beyond = pos_min(at + bytes.n, conn_in_edge_high(c)) > c->in_mapped + c->w0;
    if (off >= c->w0 || bytes.n == 0) {
        if (beyond)
            refuse(s, c, at, c->in_mapped + c->w0);
        return R_DROP_HORIZON;
    }
    uint32_t lo = (uint32_t)off;
    uint32_t n = bytes.n < c->w0 - lo ? (uint32_t)bytes.n : c->w0 - lo;
    struct hold *h = &extra_open(s, c, USE_HOLD)->hold;
    enum reason r = reserve(s, c, h, lo + n);
    if (r != R_NONE) {
        if (!h->buf)
            extra_close(s, c, USE_HOLD);
        if (beyond && mutant(refusal_hidden))
            refuse(s, c, at, c->in_mapped + c->w0);
        refuse(s, c, at, at);
        return r;
    }
    if (!ranges_add(h, lo, lo + n)) {
        if (lo > 0)
            return R_DROP_HORIZON;
        /* The very bytes that everybody waits for: the last of the others goes instead, and comes again (RFC
         * 2018 section 8 lets a receiver forget what it SACKed). */
        h->nrange--;
        (void)ranges_add(h, lo, lo + n);
    }
    memcpy(h->buf + h->base + lo, bytes.p, n);
    if (beyond)
        refuse(s, c, at, c->in_mapped + c->w0);
    return R_NONE;
}

void splice_hold_more(struct conn *c, uint32_t w0)
{
    conn_set_w0(c, w0 > c->w0 ? w0 : c->w0);
}

void hold_consume(struct splice *s, struct conn *c, uint64_t n)
{
    if (!(c->has & USE_HOLD) || n == 0)
        return;
    struct hold *h = &extra_of(c, USE_HOLD)->hold;
    uint32_t k = 0;
    for (uint32_t i = 0; i < h->nrange; i++) {
        if (h->range[i].hi <= n)
            continue;
        uint32_t lo = h->range[i].lo > n ? h->range[i].lo - (uint32_t)n : 0;
        h->range[k++] = (struct hold_range){lo, h->range[i].hi - (uint32_t)n};
    }
    h->nrange = k;
    if (k == 0)
        hold_free(s, c);
    else
        h->base += (uint32_t)n;
}
