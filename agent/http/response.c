/* Response heads (RFC 9112 section 4) and where their bodies end (section 6.3). Every refusal is 502: the
 * client did nothing wrong. No state; any thread. */
#include "agent/http/chars.h"
#include "agent/http/section.h"

/* 3DIGIT; 100 at least. */
static int take_status(struct http_cursor *c, uint16_t *status)
{
    unsigned n = 0;
    for (unsigned i = 0; i < 3; i++) {
        if (c->p + i == c->end)
            return HTTP_PARTIAL;
        if (!http_is(c->p[i], HTTP_C_DIGIT) || c->p[0] == '0')
            return -502;
        n = n * 10 + (c->p[i] - '0');
    }
    *status = (uint16_t)n;
    c->p += 3;
    return HTTP_DONE;
}

static int take_byte(struct http_cursor *c, uint8_t want)
{
    if (c->p == c->end)
        return HTTP_PARTIAL;
    if (*c->p != want)
        return -502;
    c->p++;
    return HTTP_DONE;
}

/* HTTP-version SP status-code [SP reason] CRLF. The RFC wants the second space; enough servers leave it out
 * with the reason. */
static int take_status_line(struct http_cursor *c, struct http_head *h)
{
    const uint8_t *start = c->p;
    int r = http_take_version(c, &h->minor);
    if (r > 0)
        r = take_byte(c, ' ');
    if (r > 0)
        r = take_status(c, &h->status);
    if (r <= 0)
        return r;
    if (c->p != c->end && *c->p == ' ')
        c->p = http_skip_text(c->p, c->end);
    h->start_line = span_of(start, (size_t)(c->p - start));
    return http_take_crlf(c);
}

/* A 101 that nobody asked for, or that names no protocol, would be a tunnel on the endpoint's word alone. */
static int read_switching(struct http_head *h, bool request_upgrade)
{
    h->body = HTTP_BODY_TUNNEL;
    return request_upgrade && h->upgrade ? HTTP_DONE : -502;
}

/* RFC 9112 section 6.3. A 1xx or 204 must not announce a body (RFC 9110 sections 8.6, 6.1); one that does,
 * other than "Content-Length: 0", would be read differently by somebody. For HEAD and 304 the framing fields
 * say what a GET would have had. */
static int read_body(struct http_head *h, const struct http_seen *s, enum http_method request_method,
                     bool request_upgrade)
{
    bool framed = http_has(s, HTTP_F_CONTENT_LENGTH) || http_has(s, HTTP_F_TRANSFER_ENCODING);
    bool bodyless = h->status < 200 || h->status == 204;
    if (bodyless && h->body != HTTP_BODY_NONE)
        return -502;
    if (h->status == 101)
        return read_switching(h, request_upgrade);
    if (request_method == HTTP_CONNECT && h->status >= 200 && h->status < 300)
        return -502; /* would be a tunnel; we never send CONNECT */
    if (bodyless || request_method == HTTP_HEAD || h->status == 304) {
        h->body = HTTP_BODY_NONE;
        h->length = 0;
    } else if (!framed) {
        h->body = HTTP_BODY_CLOSE;
    }
    return HTTP_DONE;
}

static int take_head(struct http_cursor *c, struct http_head *h, enum http_method request_method,
                     bool request_upgrade)
{
    struct http_seen seen;
    int r = take_status_line(c, h);
    if (r > 0)
        r = http_take_fields(c, h, &seen);
    if (r > 0)
        r = http_read_framing(h, &seen);
    if (r > 0)
        r = http_read_connection(h, &seen, false);
    if (r > 0)
        r = read_body(h, &seen, request_method, request_upgrade);
    return r;
}

int http_parse_response(struct span in, uint32_t limit, enum http_method request_method, bool request_upgrade,
                        struct http_head *out)
{
    size_t n = in.n < limit ? in.n : limit;
    struct http_cursor c = {in.p, in.p + n};
    memset(out, 0, offsetof(struct http_head, field));
    int r = take_head(&c, out, request_method, request_upgrade);
    if (r < 0 || (r == HTTP_PARTIAL && n == limit))
        return -502;
    if (r == HTTP_PARTIAL)
        return HTTP_PARTIAL;
    out->bytes = (uint32_t)(c.p - in.p);
    return (int)out->bytes;
}
