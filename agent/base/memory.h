/* memory: what the parts of lacon take at most. Every bound is fixed at start; each layer names its own, so
 * that the sum can be told, and be checked against what the process really uses. */
#ifndef LACON_BASE_MEMORY_H
#define LACON_BASE_MEMORY_H

#include <stdint.h>

#define MEMORY_PARTS 24u
#define MEMORY_PAGE  4096u

struct memory_part {
    const char *name; /* static string */
    uint64_t bytes;
};

struct memory_list {
    unsigned n;
    struct memory_part part[MEMORY_PARTS];
};

/* Whole pages, and one for what the allocator adds. Parts beyond MEMORY_PARTS go into the last one. */
static inline void memory_add(struct memory_list *l, const char *name, uint64_t bytes)
{
    uint64_t pages = (bytes + MEMORY_PAGE - 1) / MEMORY_PAGE + 1;
    if (l->n == MEMORY_PARTS)
        l->part[l->n - 1].bytes += pages * MEMORY_PAGE;
    else
        l->part[l->n++] = (struct memory_part){name, pages * MEMORY_PAGE};
}

static inline uint64_t memory_total(const struct memory_list *l)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < l->n; i++)
        sum += l->part[i].bytes;
    return sum;
}

#endif
