/* Cookies (RFC 6265): finding one, and leaving one out. No state; any thread. */
#include "agent/http/cookie.h"

#include "agent/http/parts.h"

bool http_find_cookie(const struct http_head *h, struct span name, struct span *value)
{
    for (unsigned i = 0; i < h->nfields; i++) {
        struct span list = h->field[i].value, part;
        if (h->field[i].id != HTTP_F_COOKIE)
            continue;
        while (http_next_part(&list, ';', &part))
            if (http_is_pair(http_trimmed(part), name, false, value))
                return true;
    }
    return false;
}

bool http_only_cookie(struct span value, struct span name)
{
    struct span part, found;
    while (http_next_part(&value, ';', &part))
        if (http_trimmed(part).n && !http_is_pair(http_trimmed(part), name, false, &found))
            return false;
    return true;
}

/* Where the part behind this one begins, without the white space before it. */
static const uint8_t *behind(struct span list, struct span part)
{
    return list.p ? list.p + (list.n - http_trimmed_left(list).n) : part.p + part.n;
}

void http_cut_cookie(struct writer *w, struct run *r, struct span value, struct span name)
{
    struct span list = value, part, found;
    bool kept = false; /* something stands before: then the semicolon between goes, else the one behind */
    while (http_next_part(&list, ';', &part)) {
        if (!http_is_pair(http_trimmed(part), name, false, &found))
            kept = true;
        else if (kept)
            run_cut(w, r, part.p - 1, part.p + part.n);
        else
            run_cut(w, r, r->from > part.p ? r->from : part.p, behind(list, part));
    }
}

bool http_sets_cookie(struct span value, struct span name)
{
    struct span part, found;
    return http_next_part(&value, ';', &part) && http_is_pair(http_trimmed(part), name, false, &found);
}
