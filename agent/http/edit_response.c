/* The response head as the client gets it: our own version (RFC 9112 section 2.3), the endpoint's words about
 * its connection taken out, ours put in. No state; any thread. */
#include "agent/http/cookie.h"
#include "agent/http/writer.h"

/* Upgrade belongs to the connection; a client needs it with 101, and with 426 to learn what to upgrade to. */
static bool keeps_upgrade(const struct http_head *h)
{
    return h->upgrade && (h->status == 101 || h->status == 426);
}

static struct run put_start(struct writer *w, const struct http_head *h)
{
    struct span line = h->start_line; /* "HTTP/1.x NNN", perhaps more */
    if (line.n > 12 && line.p[7] == '1')
        return (struct run){line.p};
    put_str(w, "HTTP/1.1");
    put_span(w, span_from(line, 8));
    put_str(w, line.n == 12 ? " \r\n" : "\r\n");
    return (struct run){line.p + line.n + 2};
}

static void put_connection(struct writer *w, const struct http_head *h, const struct http_response_edit *e)
{
    bool final = h->status >= 200;
    if (keeps_upgrade(h))
        put_str(w, final && e->client_close ? "Connection: upgrade, close\r\n" : "Connection: upgrade\r\n");
    else if (final && e->client_close)
        put_str(w, "Connection: close\r\n");
    else if (final && e->client_keep_10)
        put_str(w, "Connection: keep-alive\r\n");
}

/* Is it one that the configuration leaves out? */
static bool dropped(const struct http_field *f, const struct http_response_edit *e)
{
    return (e->edits && http_edits_name(e->edits, f->name)) ||
           (f->id == HTTP_F_SET_COOKIE && e->cookie.n && http_sets_cookie(f->value, e->cookie));
}

/* Do all fields stay as they are? */
static bool untouched(const struct http_head *h, const struct http_response_edit *e)
{
    return !h->hops && !e->edits && !(e->cookie.n && (h->has & HTTP_BIT(HTTP_F_SET_COOKIE)));
}

int http_write_response(const struct http_head *h, const struct http_response_edit *e, uint8_t *out,
                        uint32_t cap)
{
    struct writer w = writer_on(out, cap);
    struct run r = put_start(&w, h);
    for (unsigned i = untouched(h, e) ? h->nfields : 0; i < h->nfields; i++) {
        const struct http_field *f = &h->field[i];
        if (f->hop ? !(f->id == HTTP_F_UPGRADE && keeps_upgrade(h)) : dropped(f, e))
            run_cut(&w, &r, f->name.p, line_end(h, i));
    }
    run_cut(&w, &r, lines_end(h), 0);
    put_connection(&w, h, e);
    put_span(&w, e->lines);
    put_str(&w, "\r\n");
    return writer_done(&w);
}
