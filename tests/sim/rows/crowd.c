#include <stdlib.h>

#include "tests/sim/rows/crowd.h"

struct peer *neighbour(struct script *s)
{
    struct peer *c = client(s);
    struct ip_addr a = topo_addr(s->client_v6, 0, 101);
    host_add_addr(&s->client_host, &a);
    c->local = a;
    return c;
}

void open_many(struct script *s, struct peer **c, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        c[i] = client(s);
        open_conn(c[i]);
    }
}

struct peer bots[BOTS];

void open_bots(struct script *s, const struct peer *like, unsigned from, unsigned n)
{
    for (unsigned i = from; i < from + n && !s->sim.failed; i++) {
        struct peer *b = &bots[i];
        struct seen *m;
        *b = *like;
        b->in.n = 0;
        b->last = NULL;
        b->lport = (uint16_t)(1000 + i);
        b->iss = 77 * i;
        forget_unclaimed(s);
        flags(b, SEG_SYN, 0, 0);
        pass_time(s, 1);
        m = inbox_take(&s->unclaimed);
        if (!m)
            continue; /* not answered */
        b->irs = m->s.seq;
        free(m);
        b->snd = b->rcv = 1;
        ack_all(b);
        pass_time(s, 1);
    }
    forget_unclaimed(s);
}
