/* SACK blocks that lie in kept bytes steer what we send again (rule S5): holes that the receiver shows are
 * repaired together, not one in each round trip. A hole counts as lost when more than two segments' worth
 * were taken behind it (RFC 6675, IsLost), and goes out again once; after that the timer decides.
 *
 * Nothing is remembered of the blocks: a receiver repeats those that matter in each duplicate ack (RFC 2018
 * section 4). What was sent again is: below extra.again no hole is looked at. The worker's thread. */
#include "agent/splice/internal.h"

/* The first hole at or after *at that has a block behind it: [*at, *end), and how many bytes of blocks lie
 * behind. False: there is none. */
static bool next_hole(const struct sack_own *k, pos_t *at, pos_t *end, uint64_t *behind)
{
    for (unsigned round = 0; round < k->n; round++) /* blocks come in any order, and may touch */
        for (unsigned i = 0; i < k->n; i++)
            if (k->block[i].lo <= *at && *at < k->block[i].hi)
                *at = k->block[i].hi;
    *end = UINT64_MAX;
    *behind = 0;
    for (unsigned i = 0; i < k->n; i++)
        if (k->block[i].lo > *at) {
            *end = pos_min(*end, k->block[i].lo);
            *behind += k->block[i].hi - k->block[i].lo;
        }
    return *behind > 0;
}

void repair_holes(struct splice *s, struct conn *c)
{
    pos_t at = pos_max(c->out_una, conn_again(c)), end;
    uint64_t behind;
    for (unsigned i = 0; i < IW_SEGMENTS; i++) {
        if (!next_hole(&s->own, &at, &end, &behind) || behind <= 2u * c->mss)
            return;
        struct extent own, *x = ext_at(c, at, &own);
        if (!x || x->kind != EXT_KEPT || at >= x->out + x->sent)
            return; /* the source's to repair, or to be sent anyway */
        uint64_t n = pos_min(end, x->out + x->sent) - at;
        if (n > c->mss)
            n = c->mss;
        if (!seg_resend_kept(s, c, x, at - x->out, (uint32_t)n))
            return;
        at += n;
    }
}
