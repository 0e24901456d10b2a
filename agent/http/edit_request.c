/* The request head as the endpoint gets it. Runs of unchanged lines are copied in one piece; a head with
 * nothing to remove is one copy and the lines added behind it. No state; any thread.
 *
 * Trailer and the trailer section pass: they are end-to-end (RFC 9110 section 6.6.2). TE does not: it speaks
 * about the client's own connection, and an endpoint without it may leave trailers out, never send more. */
#include "agent/http/section.h"
#include "agent/http/writer.h"

struct plan {
    const struct http_head *h;
    const struct http_request_edit *e;
    bool absolute, upgrade;
    unsigned xff; /* index of the field the client's address is appended to; nfields for none */
};

static unsigned last_field(const struct http_head *h, enum http_field_id id)
{
    for (unsigned i = h->nfields; i-- > 0;)
        if (h->field[i].id == id)
            return i;
    return h->nfields;
}

static bool dropped(const struct plan *p, const struct http_field *f)
{
    switch (f->id) {
    case HTTP_F_UPGRADE:
    case HTTP_F_HTTP2_SETTINGS:
        return !p->upgrade;
    case HTTP_F_HOST:
        return p->absolute;
    case HTTP_F_X_FORWARDED_PROTO:
        return p->e->add_xff;
    default:
        return f->hop;
    }
}

/* Absolute-form to origin-form, with Host equal to its authority (RFC 9112 section 3.2.2). */
static void put_absolute(struct writer *w, const struct http_head *h)
{
    struct span rest = span_from(h->target, (size_t)(h->authority.p - h->target.p) + h->authority.n);
    put_span(w, h->method_name);
    put_str(w, " ");
    if (rest.n == 0 || rest.p[0] != '/')
        put_span(w, h->path); /* "/", or "*" */
    put_span(w, rest);
    put_str(w, h->minor == 0 ? " HTTP/1.0\r\nHost: " : " HTTP/1.1\r\nHost: ");
    put_span(w, h->authority);
    put_str(w, "\r\n");
}

/* The start line, and where the run of kept bytes begins. */
static struct run put_start(struct writer *w, const struct plan *p)
{
    struct span line = p->h->start_line;
    struct run r = {line.p + line.n + 2};
    if (p->absolute) {
        put_absolute(w, p->h);
    } else if (p->h->minor == 1 && line.p[line.n - 1] != '1') { /* HTTP/1.2 and above */
        put(w, line.p, line.n - 1);
        put_str(w, "1\r\n");
    } else {
        r.from = line.p;
    }
    return r;
}

static char *octet_text(char *p, unsigned v)
{
    if (v >= 100)
        *p++ = (char)('0' + v / 100);
    if (v >= 10)
        *p++ = (char)('0' + v / 10 % 10);
    *p++ = (char)('0' + v % 10);
    return p;
}

/* Dotted quads are written here: by way of ip_str() they cost as much as the parse of the head. */
static void put_address(struct writer *w, const struct ip_addr *a)
{
    char text[IP_STRLEN], *p = text;
    if (ip_is_v4(a)) {
        for (unsigned i = 12; i < 16; i++) {
            p = octet_text(p, a->b[i]);
            *p++ = '.';
        }
        put(w, text, (size_t)(p - text) - 1);
    } else {
        put_str(w, ip_str(a, text));
    }
    put_str(w, "\r\n");
}

/* The line that is there, and the client behind it. */
static void append_xff(struct writer *w, const struct plan *p, struct run *r)
{
    const struct http_field *f = &p->h->field[p->xff];
    run_cut(w, r, f->value.p + f->value.n, line_end(p->h, p->xff));
    put_str(w, f->value.n > 0 ? ", " : " ");
    put_address(w, &p->e->client);
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

static void put_added(struct writer *w, const struct plan *p)
{
    put_connection(w, p);
    if (!p->e->add_xff)
        return;
    if (p->xff == p->h->nfields) {
        put_str(w, "X-Forwarded-For: ");
        put_address(w, &p->e->client);
    }
    put_str(w, "X-Forwarded-Proto: http\r\n");
}

int http_write_request(const struct http_head *h, const struct http_request_edit *e, uint8_t *out,
                       uint32_t cap)
{
    struct writer w = writer_on(out, cap);
    struct plan p = {
        .h = h, .e = e, .absolute = http_is_absolute(h), .upgrade = e->keep_upgrade && h->upgrade};
    p.xff = e->add_xff ? last_field(h, HTTP_F_X_FORWARDED_FOR) : h->nfields;
    struct run r = put_start(&w, &p);
    for (unsigned i = 0; i < h->nfields; i++) {
        if (dropped(&p, &h->field[i]))
            run_cut(&w, &r, h->field[i].name.p, line_end(h, i));
        else if (i == p.xff)
            append_xff(&w, &p, &r);
    }
    run_cut(&w, &r, lines_end(h), 0);
    put_added(&w, &p);
    put_str(&w, "\r\n");
    return writer_done(&w);
}
