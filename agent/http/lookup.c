/* Finding what a request says about itself: a field, a cookie, a query parameter by name. No state; any
 * thread. */
#include "agent/http/http.h"

#include "agent/http/chars.h"

bool http_find_field(const struct http_head *h, struct span name, uint32_t nth, struct span *value)
{
    for (unsigned i = 0; i < h->nfields; i++)
        if (span_ieq(h->field[i].name, name) && nth-- == 0) {
            *value = h->field[i].value;
            return true;
        }
    return false;
}

struct span http_query(const struct http_head *h)
{
    const uint8_t *mark = h->target.n ? memchr(h->target.p, '?', h->target.n) : NULL;
    return mark ? span_from(h->target, (size_t)(mark - h->target.p) + 1) : span_of(NULL, 0);
}

/* Takes what stands before the next `separator` off *list. False at the end. */
static bool next_part(struct span *list, uint8_t separator, struct span *part)
{
    if (!list->p)
        return false;
    const uint8_t *end = list->n ? memchr(list->p, separator, list->n) : NULL;
    *part = end ? span_of(list->p, (size_t)(end - list->p)) : *list;
    *list = end ? span_from(*list, part->n + 1) : span_of(NULL, 0);
    return true;
}

/* Is `part` NAME=value, or NAME alone where `bare`? */
static bool is_pair(struct span part, struct span name, bool bare, struct span *value)
{
    if (part.n < name.n || memcmp(part.p, name.p, name.n) != 0)
        return false;
    struct span rest = span_from(part, name.n);
    if (rest.n == 0 ? !bare : rest.p[0] != '=')
        return false;
    *value = span_from(rest, 1);
    return true;
}

bool http_find_query(const struct http_head *h, struct span name, struct span *value)
{
    struct span list = http_query(h), part;
    while (next_part(&list, '&', &part))
        if (is_pair(part, name, true, value))
            return true;
    return false;
}

static struct span trimmed(struct span s)
{
    while (s.n && http_is_ows(s.p[0]))
        s = span_from(s, 1);
    while (s.n && http_is_ows(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool http_find_cookie(const struct http_head *h, struct span name, struct span *value)
{
    for (unsigned i = 0; i < h->nfields; i++) {
        struct span list = h->field[i].value, part;
        if (!span_ieq(h->field[i].name, span_str("cookie")))
            continue;
        while (next_part(&list, ';', &part))
            if (is_pair(trimmed(part), name, false, value))
                return true;
    }
    return false;
}
