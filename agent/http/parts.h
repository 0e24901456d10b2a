/* Lists within values: what stands between separators, and NAME=value. For the files of this folder. */
#ifndef LACON_HTTP_PARTS_H
#define LACON_HTTP_PARTS_H

#include "agent/http/chars.h"
#include "agent/http/http.h"

/* Takes what stands before the next `separator` off *list. False at the end. */
static inline bool http_next_part(struct span *list, uint8_t separator, struct span *part)
{
    if (!list->p)
        return false;
    const uint8_t *end = list->n ? memchr(list->p, separator, list->n) : NULL;
    *part = end ? span_of(list->p, (size_t)(end - list->p)) : *list;
    *list = end ? span_from(*list, part->n + 1) : span_of(NULL, 0);
    return true;
}

/* Is `part` NAME=value, or NAME alone where `bare`? */
static inline bool http_is_pair(struct span part, struct span name, bool bare, struct span *value)
{
    if (part.n < name.n || memcmp(part.p, name.p, name.n) != 0)
        return false;
    struct span rest = span_from(part, name.n);
    if (rest.n == 0 ? !bare : rest.p[0] != '=')
        return false;
    *value = span_from(rest, 1);
    return true;
}

static inline struct span http_trimmed_left(struct span s)
{
    while (s.n && http_is_ows(s.p[0]))
        s = span_from(s, 1);
    return s;
}

static inline struct span http_trimmed(struct span s)
{
    s = http_trimmed_left(s);
    while (s.n && http_is_ows(s.p[s.n - 1]))
        s.n--;
    return s;
}

#endif
