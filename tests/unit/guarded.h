/* Bytes that end against an unreadable page: a parser that looks one byte too far dies at once. */
#ifndef LACON_TESTS_UNIT_GUARDED_H
#define LACON_TESTS_UNIT_GUARDED_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "agent/base/span.h"

#define GUARDED_MAX ((size_t)1 << 17)

/* A copy of n bytes (at most GUARDED_MAX), good until the next call. */
static inline struct span guarded(const void *bytes, size_t n)
{
    static uint8_t *guard;
    if (!guard) {
        uint8_t *map =
            mmap(NULL, GUARDED_MAX + 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED || mprotect(map + GUARDED_MAX, 65536, PROT_NONE) != 0)
            abort();
        guard = map + GUARDED_MAX;
    }
    if (n > 0)
        memmove(guard - n, bytes, n);
    return span_of(guard - n, n);
}

#endif
