#include "tests/sim/pump.h"

static void step(void *arg)
{
    struct pump *p = arg;
    struct sim *s = p->tcb->sim;
    size_t left = p->bytes.n - p->off;
    size_t n = p->piece ? (size_t)rng_range(&s->rng, 1, p->piece) : left;
    if (n > left)
        n = left;
    if (p->off + n > p->stop)
        n = p->stop - p->off;
    tcb_write(p->tcb, p->bytes.p + p->off, n);
    p->off += n;
    if (p->off == p->bytes.n || p->off == p->stop) {
        p->off = p->bytes.n = 0;
        p->done(p->arg);
        return;
    }
    sim_arm(s, &p->timer, s->now + rng_below(&s->rng, p->gap_ns));
}

void pump_init(struct pump *p, void (*done)(void *arg), void *arg)
{

    *p = (struct pump){.stop = SIZE_MAX, .done = done, .arg = arg};
    p->timer = (struct sim_timer){.fn = step, .arg = p};
}

void pump_free(struct pump *p, struct sim *s)
{
    sim_disarm(s, &p->timer);
    buf_free(&p->bytes);
}

void pump_start(struct pump *p, struct tcb *c, unsigned cut_permille)
{
    struct rng *r = &c->sim->rng;
    p->tcb = c;
    p->piece = 0;
    p->gap_ns = 0;
    if (rng_permille(r, cut_permille)) { /* not more than about a hundred pieces */
        size_t least = (p->bytes.n - p->off) / 50 + 1;
        p->piece = (uint32_t)(least + rng_below(r, 4 * least));
        p->gap_ns = rng_permille(r, 500) ? 1 : rng_range(r, 1, 50 * MS);
    }
    step(p);
}
