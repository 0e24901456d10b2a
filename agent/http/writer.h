/* Writing a head into a buffer of fixed size: pieces are appended, and whether they all fitted is asked once
 * at the end. Nothing is ever written beyond `end`. */
#ifndef LACON_HTTP_WRITER_H
#define LACON_HTTP_WRITER_H

#include "agent/http/http.h"

struct writer {
    uint8_t *start, *p, *end;
    bool full; /* something did not fit */
};

static inline struct writer writer_on(uint8_t *out, uint32_t cap)
{
    return (struct writer){out, out, out + cap, false};
}

static inline void put(struct writer *w, const void *bytes, size_t n)
{
    if (w->full || n > (size_t)(w->end - w->p)) {
        w->full = true;
        return;
    }
    if (n) /* an empty piece may be a NULL one */
        memcpy(w->p, bytes, n);
    w->p += n;
}

static inline void put_span(struct writer *w, struct span s)
{
    put(w, s.p, s.n);
}

static inline void put_str(struct writer *w, const char *s)
{
    put(w, s, strlen(s));
}

/* Bytes written, or -1. */
static inline int writer_done(const struct writer *w)
{
    return w->full ? -1 : (int)(w->p - w->start);
}

/* The field lines of a head are one run of bytes in the input; the edits keep most of them. Lines are copied
 * lazily: `from` is where the bytes begin that are kept but not yet written. */
struct run {
    const uint8_t *from;
};

/* First byte behind field line i. */
static inline const uint8_t *line_end(const struct http_head *h, unsigned i)
{
    if (i + 1 < h->nfields)
        return h->field[i + 1].name.p;
    const uint8_t *p = h->field[i].value.p + h->field[i].value.n;
    while (*p != '\n') /* the parser saw white space, CR and LF here */
        p++;
    return p + 1;
}

/* First byte behind the last field line: of the empty line. */
static inline const uint8_t *lines_end(const struct http_head *h)
{
    return h->nfields > 0 ? line_end(h, h->nfields - 1) : h->start_line.p + h->start_line.n + 2;
}

/* Writes what is kept up to `to`; the run goes on at `next`. */
static inline void run_cut(struct writer *w, struct run *r, const uint8_t *to, const uint8_t *next)
{
    put(w, r->from, (size_t)(to - r->from));
    r->from = next;
}

#endif
