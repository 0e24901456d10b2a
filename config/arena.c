/* Blocks of malloc in a list, one per allocation: configuration is small and read rarely, and address
 * sanitizers see every edge. See arena.h. */
#include "config/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    alignas(max_align_t) char bytes[];
};

void *arena_alloc(struct arena *a, size_t n)
{
    size_t need = sizeof(struct arena_block) + n;
    struct arena_block *b = need > n && need <= a->left ? calloc(1, need) : NULL;

    if (!b)
        longjmp(*a->short_of_memory, 1);
    a->left -= need;
    b->next = a->blocks;
    a->blocks = b;
    return b->bytes;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t n;

    if (__builtin_mul_overflow(count, size, &n))
        longjmp(*a->short_of_memory, 1);
    return arena_alloc(a, n);
}

char *arena_text(struct arena *a, const char *s, size_t n)
{
    char *text = arena_alloc(a, n + 1);

    memcpy(text, s, n);
    return text;
}

void arena_free(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *b = a->blocks;

        a->blocks = b->next;
        free(b);
    }
}
