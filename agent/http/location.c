/* Targets that are not the client's: the Location of a redirect, and the path behind a rewrite. What is put
 * together consists of visible ASCII: the parser saw to the request's part, the configuration to its own. No
 * state; any thread. */
#include <stdio.h>

#include "agent/http/target.h"

/* HTTPRoute's ReplacePrefixMatch: what follows the prefix follows its replacement, with one slash between. */
static void put_prefixed(struct writer *w, const struct http_head *h, const struct http_path_edit *e)
{
    struct span with = e->with, rest = span_from(h->path, e->prefix);
    if (with.n && with.p[with.n - 1] == '/')
        with.n--;
    put_span(w, with);
    put_span(w, rest);
    if (with.n + rest.n == 0)
        put_str(w, "/");
}

void http_put_path(struct writer *w, const struct http_head *h, const struct http_path_edit *e)
{
    struct span query = http_query(h);
    bool slash = h->path.n && h->path.p[0] == '/'; /* "*" stays as it is */
    if (e->how == HTTP_PATH_FULL && slash)
        put_span(w, e->with);
    else if (e->how == HTTP_PATH_PREFIX && slash)
        put_prefixed(w, h, e);
    else
        put_span(w, h->path);
    if (query.p) {
        put_str(w, "?");
        put_span(w, query);
    }
}

int http_write_location(const struct http_head *h, const struct http_location *l, uint8_t *out, uint32_t cap)
{
    struct writer w = writer_on(out, cap);
    char port[8];
    put_str(&w, l->https ? "https://" : "http://");
    put_span(&w, l->host);
    if (l->port != (l->https ? 443 : 80)) {
        snprintf(port, sizeof port, ":%u", l->port);
        put_str(&w, port);
    }
    http_put_path(&w, h, &l->path);
    return writer_done(&w);
}
