/* Local ports toward one endpoint: a queue of what was given back, oldest first, behind the ports that were
 * never used. The worker's thread; lives as long as its endpoint's pool of connections.
 *
 * There is one pool per endpoint and worker, so memory counts: arrays are calloc()ed for the whole share but
 * touched only from the front, as ports come into use, so that the pages of a rarely used endpoint's pool
 * never become resident. */
#include "agent/net/ports.h"

#include <stdlib.h>

#include "agent/base/mutant.h"

struct port_pool {
    uint32_t first, step; /* port of index i: first + i * step */
    uint32_t count;
    uint32_t fresh;      /* indexes from here on were never used */
    uint32_t head, nret; /* the ring of returned indexes: its oldest, how many */
    uint16_t *ring;
    uint32_t *last_seq;
    bool *taken;
};

struct port_pool *ports_create(uint16_t lo, uint16_t hi, unsigned worker, unsigned nworkers)
{
    if (nworkers == 0 || worker >= nworkers)
        return NULL;
    uint32_t first = lo == 0 ? 1 : lo; /* port 0 cannot be connected from */
    while (first <= hi && port_owner((uint16_t)first, nworkers) != worker)
        first++;
    if (first > hi)
        return NULL;
    struct port_pool *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->first = first;
    p->step = nworkers;
    p->count = (hi - first) / nworkers + 1;
    p->ring = calloc(p->count, sizeof *p->ring);
    p->last_seq = calloc(p->count, sizeof *p->last_seq);
    p->taken = calloc(p->count, sizeof *p->taken);
    if (p->ring == NULL || p->last_seq == NULL || p->taken == NULL) {
        ports_destroy(p);
        return NULL;
    }
    return p;
}

void ports_destroy(struct port_pool *p)
{
    if (p == NULL)
        return;
    free(p->ring);
    free(p->last_seq);
    free(p->taken);
    free(p);
}

bool ports_take(struct port_pool *p, uint16_t *port, uint32_t *last_seq, bool *used)
{
    uint32_t i;
    if (p->fresh < p->count && !(mutant(port_reused_at_once) && p->nret)) {
        i = p->fresh++;
        *used = false;
    } else if (p->nret > 0) {
        i = p->ring[p->head];
        p->head = p->head + 1 == p->count ? 0 : p->head + 1;
        p->nret--;
        *used = true;
    } else {
        return false;
    }
    p->taken[i] = true;
    *port = (uint16_t)(p->first + i * p->step);
    *last_seq = p->last_seq[i];
    return true;
}

/* A port that is not taken (a caller's mistake) is left alone: twice in the queue it would be given to two
 * connections. */
void ports_give(struct port_pool *p, uint16_t port, uint32_t last_seq)
{
    if (port < p->first || (port - p->first) % p->step != 0)
        return;
    uint32_t i = (port - p->first) / p->step;
    if (i >= p->count || !p->taken[i])
        return;
    p->taken[i] = false;
    p->last_seq[i] = last_seq;
    uint32_t tail = p->head + p->nret;
    p->ring[tail >= p->count ? tail - p->count : tail] = (uint16_t)i;
    p->nret++;
}

uint32_t ports_taken(const struct port_pool *p)
{
    return p->fresh - p->nret;
}

uint32_t ports_free(const struct port_pool *p)
{
    return p->count - p->fresh + p->nret;
}

size_t ports_memory(const struct port_pool *p)
{
    return sizeof *p + p->count * (sizeof *p->ring + sizeof *p->last_seq + sizeof *p->taken);
}
