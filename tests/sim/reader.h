/* reader: reads one HTTP/1.x message after another from a stream of bytes and compares each body byte with
 * what it must be. The simulator's own parser; lenient where the tests do not care, exact where they do. */
#ifndef SIM_READER_H
#define SIM_READER_H

#include "tests/sim/plan.h"

enum reader_state {
    READ_HEAD,
    READ_BODY,
    READ_CHUNK_SIZE,
    READ_CHUNK_DATA,
    READ_CHUNK_END,
    READ_TRAILER,
    READ_DONE,
    READ_BAD,
};

struct reader {
    enum reader_state state;
    struct buf head; /* start line and fields, NUL-terminated once READ_HEAD is over */
    /* Called when a head is complete: checks it, sets kind, length, id, dir, compare. NULL, or what is wrong.
     */
    const char *(*on_head)(void *arg, struct reader *r);
    void *arg;
    enum body_kind kind;
    uint32_t id;
    enum body_dir dir;
    bool compare;    /* body bytes are the plan's (else any text) */
    uint64_t length; /* BODY_LENGTH */
    uint64_t off;    /* body bytes so far */
    uint64_t chunk;  /* bytes left of this chunk */
    char line[300];
    size_t line_len;
    bool interim; /* the head just read was a 1xx: nothing follows, another head comes */
    char why[200];
};

/* Ready for the next message. */
void reader_reset(struct reader *r);
void reader_free(struct reader *r);

/* Takes bytes up to the end of the message; returns how many. State READ_DONE: complete; READ_BAD: see why.
 */
size_t reader_feed(struct reader *r, const uint8_t *p, size_t n);

/* The stream ended. True when that completes the message (read until close, or nothing was begun). */
bool reader_eof(struct reader *r);

/* Value of a field of the head just read (copied, trimmed); how often it occurs. */
unsigned head_field(const struct reader *r, const char *name, char *value, size_t cap);

#endif
