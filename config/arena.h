/* arena: memory that is given back all at once. A reading of a file uses two: one for what ends with the
 * reading (the YAML tree, marks), one that the finished configuration keeps.
 *
 * There is no NULL to check: when memory is short, or a hostile file asks for more than the arena's limit,
 * control goes back to the setjmp() of whoever owns the arena. So what else must be given back lies where
 * that owner can reach it. One thread. */
#ifndef LACON_CONFIG_ARENA_H
#define LACON_CONFIG_ARENA_H

#include <setjmp.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t left; /* bytes that may still be asked for */
    jmp_buf *short_of_memory;
};

/* Zeroed bytes, aligned for any type; n == 0 gives a valid address, too. */
void *arena_alloc(struct arena *a, size_t n);
/* count * size bytes, zeroed. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* The n bytes at s, and a terminating zero. */
char *arena_text(struct arena *a, const char *s, size_t n);
void arena_free(struct arena *a);

#endif
