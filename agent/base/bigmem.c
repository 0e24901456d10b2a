/* See bigmem.h. */
#include "agent/base/bigmem.h"

#include <sys/mman.h>

/* A mapping has at least a byte. */
static size_t at_least_one(size_t bytes)
{
    return bytes ? bytes : 1;
}

void *bigmem_alloc(size_t n, size_t each)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, each, &bytes))
        return NULL;
    void *p = mmap(NULL, at_least_one(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    (void)madvise(p, bytes, MADV_HUGEPAGE); /* correct without */
    return p;
}

void bigmem_free(void *p, size_t n, size_t each)
{
    if (p)
        munmap(p, at_least_one(n * each));
}
