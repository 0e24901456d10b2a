/* "Packet too big" (rule S13), from routers on either side's path.
 *
 * All our conns to an endpoint come from one address of ours, and so do all its clients' responses: were a
 * client's router heard by the endpoint, one client would make it send small segments to all. So what comes
 * from a client's path ends here: we cut what that client gets. What comes from an endpoint's path is passed
 * on to the client whose segment it was, as an error about that client's own segment: its TCP sends smaller
 * ones, to us alone; until it does, and for what we keep ourselves, we cut.
 *
 * Believed is only an error that quotes a sequence number in flight (RFC 5927 section 4.1), and none ever
 * enlarges a segment. What was learned of an address is remembered for ten minutes (RFC 8201 section 4), in a
 * table of fixed size with a keyed hash, so that its next conn need not lose its first flight.
 *
 * A path that swallows what is too big and says nothing (a black hole, RFC 2923) is guessed at: bytes that
 * went out three times more and were not acked are cut smaller from then on, whoever repeats them. One
 * worker's thread. */
#include "agent/base/mutant.h"
#include "agent/splice/remote.h"

#define HOLE_REPEATS 3u    /* of the same bytes without an ack: a path may swallow what is too big for it */
#define HOLE_MSS4    1024u /* then segments become so large (RFC 4821 section 7.7) */
#define HOLE_MSS6    1220u /* what every IPv6 path takes */

#define LEARNED_NS (600 * SEC_NS)

static uint32_t headers_of(const struct ip_addr *a)
{
    return ip_is_v4(a) ? 40 : 60;
}

static struct mtu_note *note_of(struct splice *s, const struct ip_addr *a, uint64_t *print)
{
    *print = siphash(&s->isn_key, a, sizeof *a);
    return &s->mtu_note[*print % MTU_NOTES];
}

uint16_t mtu_limit(struct splice *s, const struct ip_addr *a, uint16_t mss)
{
    uint64_t print;
    const struct mtu_note *n = note_of(s, a, &print);
    return n->print == print && n->until_ns > s->now && n->mss < mss ? n->mss : mss;
}

static void learn(struct splice *s, const struct ip_addr *a, uint16_t mss)
{
    uint64_t print;
    struct mtu_note *n = note_of(s, a, &print);
    if (!mutant(too_big_forgotten))
        *n = (struct mtu_note){print, s->now + LEARNED_NS, mss};
}

/* Tells the source of a copied segment of e's, now of at most `mss` bytes, in its own numbers. `was`: of how
 * many at most it used to be. */
static void tell_source(struct splice *s, const struct conn *e, const struct extent *x, pos_t at,
                        uint16_t mss, uint16_t was)
{
    struct conn *c = conn_peer(e);
    if (!c || conn_is_dead(c))
        return;
    uint32_t headers = headers_of(conn_remote(s, c));
    struct net_too_big t = {.key = conn_key(s, c),
                            .seq = pos_seq(x->in + (at - x->out)),
                            .mtu = (uint16_t)(headers + mss),
                            .length = (uint16_t)(headers + was)};
    net_too_big(s->net, conn_path(c), &t, s->now);
}

void mtu_too_big(struct splice *s, struct conn *c, const struct net_unreach *u)
{
    pos_t at = pos_unwrap(c->out_una, u->seq);
    uint32_t headers = headers_of(conn_remote(s, c));
    uint16_t was = c->mss, mss = (uint16_t)(u->mtu > headers + MSS_LEAST ? u->mtu - headers : MSS_LEAST);
    if (c->pub.state == TCP_SYN_SENT ||
        ((at < c->out_una || at >= conn_out_max(c)) && !mutant(too_big_unvalidated)) || mss >= was)
        return;
    c->mss = mss;
    learn(s, conn_remote(s, c), mss);
    struct extent own;
    const struct extent *x = ext_at(c, at, &own);
    if (x && x->kind == EXT_KEPT)
        seg_again(s, c);
    else if (x && (c->pub.side == SIDE_ENDPOINT || mutant(too_big_passed_on)))
        tell_source(s, c, x, at, mss, was);
}

void mtu_repeated(struct splice *s, struct conn *c)
{
    uint16_t first = ip_is_v4(conn_remote(s, c)) ? HOLE_MSS4 : HOLE_MSS6;
    uint16_t next = c->mss > first ? first : MSS_LEAST;
    struct extra *r = extra_open(s, c, USE_REPAIR);
    if (r->repeat_at != c->out_una)
        r->repeats = 0;
    else if (s->now - r->repeat_ns < RTO_MIN_NS)
        return; /* a burst of repetitions is one, whoever makes it */
    r->repeat_at = c->out_una;
    r->repeat_ns = s->now;
    if (++r->repeats < HOLE_REPEATS)
        return;
    r->repeats = 0;
    if (next < c->mss && (next == first || ip_is_v4(conn_remote(s, c))))
        c->mss = next;
}
