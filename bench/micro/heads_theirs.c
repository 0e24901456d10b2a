/* See heads.h. */
#include <http_parser.h>

#include "bench/micro/heads.h"

static int on_part(http_parser *p, const char *at, size_t n)
{
    struct parts *t = p->data;
    if (t->n < PARTS_MAX)
        t->part[t->n++] = span_of(at, n);
    return 0;
}

static int on_complete(http_parser *p)
{
    (void)p;
    return 1; /* the body is not its concern */
}

size_t heads_parse_theirs(struct span in, bool request, struct parts *out)
{
    static const http_parser_settings settings = {.on_url = on_part,
                                                  .on_status = on_part,
                                                  .on_header_field = on_part,
                                                  .on_header_value = on_part,
                                                  .on_headers_complete = on_complete};
    http_parser p;
    out->n = 0;
    http_parser_init(&p, request ? HTTP_REQUEST : HTTP_RESPONSE);
    p.data = out;
    return http_parser_execute(&p, &settings, (const char *)in.p, in.n);
}
