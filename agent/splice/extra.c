/* Side blocks (conn.h): a slab of as many as there are conns, so that taking one never fails; memory that was
 * never used costs nothing, and what was given back last is taken first. The worker's thread. */
#include "agent/base/bigmem.h"
#include "agent/base/mutant.h"
#include <errno.h>

#include "agent/splice/internal.h"

int extras_init(struct splice *s, uint32_t cap)
{
    s->extras.cap = cap;
    s->extras.slab = bigmem_alloc(cap, sizeof *s->extras.slab);
    return s->extras.slab ? 0 : -ENOMEM;
}

void extras_fini(struct splice *s)
{
    bigmem_free(s->extras.slab, s->extras.cap, sizeof *s->extras.slab);
}

size_t extras_memory(const struct splice *s)
{
    return s->extras.cap * sizeof *s->extras.slab;
}

uint32_t splice_side_blocks(const struct splice *s, size_t *each)
{
    *each = sizeof *s->extras.slab;
    return s->extras.live;
}

static struct extra *take(struct extras *e)
{
    struct extra *x = e->free;
    if (x)
        e->free = x->next_free;
    else
        x = &e->slab[e->used++];
    assert(e->used <= e->cap);
    e->live++;
    return x;
}

struct extra *extra_open(struct splice *s, struct conn *c, enum extra_use use)
{
    if (!c->has) {
        c->extra = take(&s->extras);
        *c->extra = (struct extra){0};
    }
    c->has |= (uint8_t)use;
    return c->extra;
}

void extra_close(struct splice *s, struct conn *c, unsigned uses)
{
    if (!(c->has & uses))
        return;
    c->has &= (uint8_t)~uses;
    if (c->has || mutant(extra_leak))
        return;
    c->extra->next_free = s->extras.free;
    s->extras.free = c->extra;
    s->extras.live--;
    c->extra = NULL;
}

void extra_trim(struct splice *s, struct conn *c)
{
    unsigned over = 0;
    if ((c->has & USE_CONNECT) && c->pub.state != TCP_SYN_SENT && s->now - c->extra->syn_ns >= SYN_RTO_NS)
        over |= USE_CONNECT;
    if ((c->has & USE_CHALLENGE) && s->now - c->extra->challenge_ns >= CHALLENGE_NS)
        over |= USE_CHALLENGE;
    extra_close(s, c, over);
    (void)splice_refusal(s, c);
}
