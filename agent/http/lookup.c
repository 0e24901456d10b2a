/* Finding what a request says about itself: a field, a query parameter by name. No state; any thread. */
#include "agent/http/http.h"

#include "agent/http/parts.h"

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

bool http_find_query(const struct http_head *h, struct span name, struct span *value)
{
    struct span list = http_query(h), part;
    while (http_next_part(&list, '&', &part))
        if (http_is_pair(part, name, true, value))
            return true;
    return false;
}

bool http_find_single(const struct http_head *h, enum http_field_id id, struct span *value)
{
    unsigned n = 0;
    for (unsigned i = 0; i < h->nfields; i++)
        if (h->field[i].id == id && ++n)
            *value = h->field[i].value;
    return n == 1;
}
