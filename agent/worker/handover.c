/* The rings between workers; see handover.h. Allocated at start, freed after all workers have ended. */
#include "agent/worker/handover.h"

#include <stdlib.h>

#include "agent/worker/spsc.h"

struct pair {
    struct spsc ring;
    uintptr_t slot[HANDOVER_RING]; /* frame pointer; the lowest bit is the kind */
};

struct handover {
    unsigned n;
    struct pair *pair; /* [from * n + to] */
};

size_t handover_memory(unsigned n)
{
    return sizeof(struct handover) + (n < 2 ? 0 : (size_t)n * n * sizeof(struct pair));
}

struct handover *handover_create(unsigned n)
{
    struct handover *h = calloc(1, sizeof *h);

    if (!h)
        return NULL;
    h->n = n;
    if (n < 2)
        return h;
    h->pair = aligned_alloc(64, (size_t)n * n * sizeof *h->pair);
    if (!h->pair) {
        free(h);
        return NULL;
    }
    for (unsigned i = 0; i < n * n; i++)
        spsc_init(&h->pair[i].ring, HANDOVER_RING);
    return h;
}

void handover_destroy(struct handover *h, void (*drop)(struct frame *f))
{
    enum handover_kind kind;
    struct frame *f;

    if (!h)
        return;
    for (unsigned i = 0; h->pair && i < h->n * h->n; i++)
        while ((f = handover_take(h, i / h->n, i % h->n, &kind)) != NULL)
            drop(f);
    free(h->pair);
    free(h);
}

bool handover_give(struct handover *h, unsigned from, unsigned to, struct frame *f, enum handover_kind kind)
{
    struct pair *p = &h->pair[from * h->n + to];
    uint32_t slot;

    if (!spsc_claim(&p->ring, &slot))
        return false;
    p->slot[slot] = (uintptr_t)f | (uintptr_t)kind;
    spsc_publish(&p->ring);
    return true;
}

struct frame *handover_take(struct handover *h, unsigned from, unsigned to, enum handover_kind *kind)
{
    struct pair *p = &h->pair[from * h->n + to];
    uint32_t slot;
    uintptr_t v;

    if (!spsc_peek(&p->ring, &slot))
        return NULL;
    v = p->slot[slot];
    spsc_release(&p->ring);
    *kind = (enum handover_kind)(v & 1);
    return (struct frame *)(v & ~(uintptr_t)1);
}
