/* The request head as the endpoint gets it. Runs of unchanged lines are copied in one piece; a head with
 * nothing to remove is one copy and the lines added behind it. No state; any thread.
 *
 * Trailer and the trailer section pass: they are end-to-end (RFC 9110 section 6.6.2). TE does not: it speaks
 * about the client's own connection, and an endpoint without it may leave trailers out, never send more. */
#include "agent/http/cookie.h"
#include "agent/http/section.h"
#include "agent/http/target.h"

struct plan {
    const struct http_head *h;
    const struct http_request_edit *e;
    bool upgrade;
    bool new_host;           /* the Host line is written anew, behind the start line */
    unsigned xff, forwarded; /* index of the field that something is put behind; nfields for none */
};

static unsigned last_field(const struct http_head *h, enum http_field_id id)
{
    for (unsigned i = h->has & HTTP_BIT(id) ? h->nfields : 0; i-- > 0;)
        if (h->field[i].id == id)
            return i;
    return h->nfields;
}

static bool dropped(const struct plan *p, const struct http_field *f)
{
    if (HTTP_BIT(f->id) & p->e->drop & ~HTTP_BIT(HTTP_F_OTHER))
        return true;
    if (p->e->edits && http_edits_name(p->e->edits, f->name))
        return true;
    switch (f->id) {
    case HTTP_F_UPGRADE:
    case HTTP_F_HTTP2_SETTINGS:
        return !p->upgrade;
    case HTTP_F_HOST:
        return p->new_host;
    case HTTP_F_COOKIE:
        return p->e->cookie.n && http_only_cookie(f->value, p->e->cookie);
    default:
        return f->hop;
    }
}

/* Origin-form, also of an absolute one, whose authority then is Host's (RFC 9112 section 3.2.2). */
static void put_new_start(struct writer *w, const struct plan *p)
{
    const struct http_head *h = p->h;
    put_span(w, h->method_name);
    put_str(w, " ");
    http_put_path(w, h, &p->e->path);
    put_str(w, h->minor == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
    if (p->new_host) {
        put_str(w, "Host: ");
        put_span(w, p->e->host.n ? p->e->host : h->authority);
        put_str(w, "\r\n");
    }
}

/* The start line, and where the run of kept bytes begins. */
static struct run put_start(struct writer *w, const struct plan *p)
{
    struct span line = p->h->start_line;
    struct run r = {line.p + line.n + 2};
    if (p->new_host || p->e->path.how != HTTP_PATH_KEEP) {
        put_new_start(w, p);
    } else if (p->h->minor == 1 && line.p[line.n - 1] != '1') { /* HTTP/1.2 and above */
        put(w, line.p, line.n - 1);
        put_str(w, "1\r\n");
    } else {
        r.from = line.p;
    }
    return r;
}

/* The line that is there, and one more element of its list. */
static void append_to(struct writer *w, const struct plan *p, struct run *r, unsigned i, struct span element)
{
    const struct http_field *f = &p->h->field[i];
    run_cut(w, r, f->value.p + f->value.n, line_end(p->h, i));
    put_str(w, f->value.n > 0 ? ", " : " ");
    put_span(w, element);
    put_str(w, "\r\n");
}

/* The last line of that name, where an element is to be put behind it. */
static unsigned place_for(const struct plan *p, struct span element, enum http_field_id id)
{
    return element.n && !(p->e->drop & HTTP_BIT(id)) ? last_field(p->h, id) : p->h->nfields;
}

static void put_connection(struct writer *w, const struct plan *p)
{
    if (p->upgrade && last_field(p->h, HTTP_F_HTTP2_SETTINGS) < p->h->nfields)
        put_str(w, "Connection: upgrade, HTTP2-Settings\r\n"); /* RFC 7540 section 3.2.1 */
    else if (p->upgrade)
        put_str(w, "Connection: upgrade\r\n");
    else if (p->h->minor == 0 && !p->h->close)
        put_str(w, "Connection: keep-alive\r\n");
}

static void put_list(struct writer *w, const char *name, struct span element)
{
    put_str(w, name);
    put_span(w, element);
    put_str(w, "\r\n");
}

static void put_added(struct writer *w, const struct plan *p)
{
    put_connection(w, p);
    if (p->e->xff.n && p->xff == p->h->nfields)
        put_list(w, "X-Forwarded-For: ", p->e->xff);
    if (p->e->forwarded.n && p->forwarded == p->h->nfields)
        put_list(w, "Forwarded: ", p->e->forwarded);
    put_span(w, p->e->lines);
}

static struct plan plan_of(const struct http_head *h, const struct http_request_edit *e)
{
    struct plan p = {.h = h, .e = e, .upgrade = e->keep_upgrade && h->upgrade};
    p.new_host = http_is_absolute(h) || e->host.n;
    p.xff = place_for(&p, e->xff, HTTP_F_X_FORWARDED_FOR);
    p.forwarded = place_for(&p, e->forwarded, HTTP_F_FORWARDED);
    return p;
}

/* Do all fields stay as they are? */
static bool untouched(const struct plan *p)
{
    const struct http_request_edit *e = p->e;
    uint32_t looked_at = (e->drop & ~HTTP_BIT(HTTP_F_OTHER)) | (p->new_host ? HTTP_BIT(HTTP_F_HOST) : 0) |
                         (e->cookie.n ? HTTP_BIT(HTTP_F_COOKIE) : 0);
    return !(p->h->has & looked_at) && !p->h->hops && !e->edits && p->xff == p->h->nfields &&
           p->forwarded == p->h->nfields;
}

static void put_fields(struct writer *w, const struct plan *p, struct run *r)
{
    const struct http_head *h = p->h;
    const struct http_request_edit *e = p->e;
    for (unsigned i = 0; i < h->nfields; i++) {
        if (dropped(p, &h->field[i]))
            run_cut(w, r, h->field[i].name.p, line_end(h, i));
        else if (i == p->xff)
            append_to(w, p, r, i, e->xff);
        else if (i == p->forwarded)
            append_to(w, p, r, i, e->forwarded);
        else if (h->field[i].id == HTTP_F_COOKIE && e->cookie.n)
            http_cut_cookie(w, r, h->field[i].value, e->cookie);
    }
}

int http_write_request(const struct http_head *h, const struct http_request_edit *e, uint8_t *out,
                       uint32_t cap)
{
    struct writer w = writer_on(out, cap);
    struct plan p = plan_of(h, e);
    struct run r = put_start(&w, &p);
    if (!untouched(&p))
        put_fields(&w, &p, &r);
    run_cut(&w, &r, lines_end(h), 0);
    put_added(&w, &p);
    put_str(&w, "\r\n");
    return writer_done(&w);
}
