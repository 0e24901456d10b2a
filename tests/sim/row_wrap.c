/* Words for sequence numbers that wrap. lacon's ISN for a four-tuple is a keyed hash plus one per 4 us (RFC
 * 6528), so a second SYN at the right time gets any number. */
#include "tests/sim/row_internal.h"

#define ISN_TICK 4000u /* ns */

void open_wrapping(struct peer *c, uint32_t n)
{
    struct script *s = c->sc;
    flags(c, SEG_SYN, 0, 0); /* neighbours get to know each other, too */
    want(c, "SA");
    rst(c, 1);
    pass_ns(s, SEC);
    uint64_t at = s->sim.now;
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA");
    rst(c, 1);
    uint32_t ahead = WRAP_AFTER(n) - c->got.seq;
    pass_ns(s, at + (uint64_t)ahead * ISN_TICK - s->sim.now);
    open_conn(c);
    want_true(s, c->irs == WRAP_AFTER(n), "the ISN is the one that was computed");
}

/* One connection to the endpoint begins; lacon's SYN is not answered. */
static struct peer *begin(struct script *s, struct peer **c, const char *request)
{
    *c = client(s);
    open_conn(*c);
    say(*c, request);
    return take_syn(s);
}

struct peer *syn_wrapping(struct script *s, struct peer **c, const char *request, uint32_t n)
{
    for (unsigned i = 0; !s->sim.failed && i < 8; i++) {
        pass_ns(s, SEC);
        uint64_t at = s->sim.now;
        struct peer *e = begin(s, c, request);
        uint32_t ahead = WRAP_AFTER(n) - e->irs;
        if (ahead == 0)
            return e;
        refuse_syn_of(e);
        pass_ns(s, SEC);
        rst(*c, (*c)->snd);
        /* More than half way round a number would pass for an old one. The first try only learns: neighbours
         * had to be resolved. */
        uint64_t step = ahead < 1u << 21 || ahead > 1u << 30 ? 1u << 30 : i ? ahead : ahead / 2;
        pass_ns(s, at + step * ISN_TICK - s->sim.now - SEC);
        forget_unclaimed(s);
    }
    sim_fail(&s->sim, "no SYN came with the number that wraps");
    return *c;
}
