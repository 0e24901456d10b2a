/* kbuf: the accounted pool of kept bytes. What lacon holds longer than one burst (heads, held body bytes,
 * adopted responses) lives here, never in receive buffers, so slow peers cannot starve the NIC's ring.
 *
 * A binary buddy allocator over one region reserved at start: no system call, no heap, no other lock
 * afterwards. Blocks are powers of two from KBUF_MIN to KBUF_MAX. One worker's thread. */
#ifndef LACON_BASE_KBUF_H
#define LACON_BASE_KBUF_H

#include <stddef.h>
#include <stdint.h>

#define KBUF_MIN 256u
#define KBUF_MAX 65536u

struct kbuf_pool;

/* `bytes` is rounded down to a multiple of KBUF_MAX; memory never used costs nothing. NULL when memory is
 * short or that leaves no bytes. destroy(NULL) is legal; blocks still allocated go with the pool. */
struct kbuf_pool *kbuf_create(size_t bytes);
void kbuf_destroy(struct kbuf_pool *p);

/* At least n bytes (n <= KBUF_MAX), aligned to KBUF_MIN, or NULL; *cap receives the real size. */
uint8_t *kbuf_alloc(struct kbuf_pool *p, size_t n, uint32_t *cap);
/* `cap` as kbuf_alloc gave it. free(NULL) is legal. */
void kbuf_free(struct kbuf_pool *p, uint8_t *buf, uint32_t cap);

/* Bytes that create() takes at most, bookkeeping included. */
size_t kbuf_memory(const struct kbuf_pool *p);
size_t kbuf_used(const struct kbuf_pool *p);  /* bytes in allocated blocks; any thread */
size_t kbuf_total(const struct kbuf_pool *p); /* bytes of the region */

#endif
