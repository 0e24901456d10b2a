/* Local ports toward one endpoint: a queue of what was given back, oldest first, behind the ports that were
 * never used. The worker's thread; lives as long as its endpoint's pool of connections.
 *
 * A port has an index: its place in the share. Of an even share (every nth port) the one follows from the
 * other; of a share that somebody else knows, `found` lists the ports in the order in which they were found,
 * which is their own.
 *
 * There is one pool per endpoint and worker, so memory counts: arrays are calloc()ed for the whole share but
 * touched only from the front, as ports come into use, so that the pages of a rarely used endpoint's pool
 * never become resident. */
#include "agent/net/ports.h"

#include <stdlib.h>

#include "agent/base/mutant.h"

struct port_pool {
    uint32_t first, step; /* port of index i: first + i * step */
    uint16_t *found;      /* port of index i < fresh, where the share is not even; NULL: it is */
    uint32_t next, end;   /* where the search for ports goes on, and ends */
    uint32_t count;
    uint32_t fresh;      /* indexes from here on were never used */
    uint32_t head, nret; /* the ring of returned indexes: its oldest, how many */
    uint16_t *ring;
    uint32_t *last_seq;
    bool *taken;
};

/* Room for `count` ports. NULL: out of memory. */
static struct port_pool *create(uint32_t count)
{
    struct port_pool *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->count = count;
    p->ring = calloc(count, sizeof *p->ring);
    p->last_seq = calloc(count, sizeof *p->last_seq);
    p->taken = calloc(count, sizeof *p->taken);
    if (p->ring && p->last_seq && p->taken)
        return p;
    ports_destroy(p);
    return NULL;
}

struct port_pool *ports_create(uint16_t lo, uint16_t hi, unsigned worker, unsigned nworkers)
{
    if (nworkers == 0 || worker >= nworkers)
        return NULL;
    uint32_t first = lo == 0 ? 1 : lo; /* port 0 cannot be connected from */
    while (first <= hi && port_owner((uint16_t)first, nworkers) != worker)
        first++;
    struct port_pool *p = first > hi ? NULL : create((hi - first) / nworkers + 1);
    if (p == NULL)
        return NULL;
    p->first = first;
    p->step = nworkers;
    return p;
}

struct port_pool *ports_create_where(uint16_t lo, uint16_t hi, uint32_t most)
{
    uint32_t first = lo == 0 ? 1 : lo;
    struct port_pool *p = first > hi || most == 0 ? NULL : create(most);
    if (p == NULL)
        return NULL;
    p->next = first;
    p->end = hi + 1u;
    p->found = calloc(most, sizeof *p->found);
    if (p->found)
        return p;
    ports_destroy(p);
    return NULL;
}

void ports_destroy(struct port_pool *p)
{
    if (p == NULL)
        return;
    free(p->ring);
    free(p->last_seq);
    free(p->taken);
    free(p->found);
    free(p);
}

static uint16_t port_at(const struct port_pool *p, uint32_t i)
{
    return p->found ? p->found[i] : (uint16_t)(p->first + i * p->step);
}

/* The index of a port that may be in use; p->fresh: there is none. */
static uint32_t index_of(const struct port_pool *p, uint16_t port)
{
    if (!p->found) {
        bool is = port >= p->first && (port - p->first) % p->step == 0;
        uint32_t i = is ? (port - p->first) / p->step : p->fresh;
        return i < p->fresh ? i : p->fresh;
    }
    uint32_t lo = 0, hi = p->fresh;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (p->found[mid] < port)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < p->fresh && p->found[lo] == port ? lo : p->fresh;
}

/* One that was never used becomes index p->fresh. False: there is none left. */
static bool find_fresh(struct port_pool *p, const struct ports_owner *owner)
{
    if (!owner)
        return p->fresh < p->count;
    while (p->next < p->end && p->fresh < p->count) {
        uint16_t port = (uint16_t)p->next++;
        if (!owner->owns(owner->ctx, port))
            continue;
        p->found[p->fresh] = port;
        return true;
    }
    return false;
}

static bool take(struct port_pool *p, const struct ports_owner *owner, uint16_t *port, uint32_t *last_seq,
                 bool *used)
{
    uint32_t i;
    if (!(mutant(port_reused_at_once) && p->nret) && find_fresh(p, owner)) {
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
    *port = port_at(p, i);
    *last_seq = p->last_seq[i];
    return true;
}

bool ports_take(struct port_pool *p, uint16_t *port, uint32_t *last_seq, bool *used)
{
    return take(p, NULL, port, last_seq, used);
}

bool ports_take_where(struct port_pool *p, const struct ports_owner *owner, uint16_t *port,
                      uint32_t *last_seq, bool *used)
{
    return take(p, owner, port, last_seq, used);
}

/* A port that is not taken (a caller's mistake) is left alone: twice in the queue it would be given to two
 * connections. */
void ports_give(struct port_pool *p, uint16_t port, uint32_t last_seq)
{
    uint32_t i = index_of(p, port);
    if (i == p->fresh || !p->taken[i])
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
    return sizeof *p + p->count * (sizeof *p->ring + sizeof *p->last_seq + sizeof *p->taken +
                                   (p->found ? sizeof *p->found : 0));
}
