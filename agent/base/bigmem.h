/* bigmem: zeroed memory for tables that are reached into at random: in huge pages where the kernel has them,
 * so that fewer reaches miss the TLB; taken page by page as it is touched, on the toucher's NUMA node. */
#ifndef LACON_BASE_BIGMEM_H
#define LACON_BASE_BIGMEM_H

#include <stddef.h>

/* NULL when there is none, or `each` times `n` overflows. Aligned to a page. Any thread. */
void *bigmem_alloc(size_t n, size_t each);
/* With the same numbers. NULL is legal. */
void bigmem_free(void *p, size_t n, size_t each);

#endif
