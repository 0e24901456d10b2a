/* Request heads (RFC 9112 section 3). One pass over the bytes; what depends on several fields is judged when
 * the head is complete. No state; any thread. */
#include "agent/http/chars.h"
#include "agent/http/section.h"

#define MAX_METHOD      32 /* longer than any that is registered: 501, RFC 9112 section 3 */
#define MAX_EMPTY_LINES 2

static enum http_method method_lookup(struct span name)
{
#define IS(text) (memcmp(name.p, text, sizeof text - 1) == 0)
    switch (name.n) {
    case 3:
        return IS("GET") ? HTTP_GET : IS("PUT") ? HTTP_PUT : HTTP_OTHER;
    case 4:
        return IS("POST") ? HTTP_POST : IS("HEAD") ? HTTP_HEAD : HTTP_OTHER;
    case 5:
        return IS("PATCH") ? HTTP_PATCH : IS("TRACE") ? HTTP_TRACE : HTTP_OTHER;
    case 6:
        return IS("DELETE") ? HTTP_DELETE : HTTP_OTHER;
    case 7:
        return IS("OPTIONS") ? HTTP_OPTIONS : IS("CONNECT") ? HTTP_CONNECT : HTTP_OTHER;
    default:
        return HTTP_OTHER;
    }
#undef IS
}

bool http_idempotent(enum http_method m)
{
    switch (m) {
    case HTTP_GET:
    case HTTP_HEAD:
    case HTTP_PUT:
    case HTTP_DELETE:
    case HTTP_OPTIONS:
    case HTTP_TRACE:
        return true;
    default:
        return false;
    }
}

static int take_empty_lines(struct http_cursor *c)
{
    for (unsigned i = 0; i < MAX_EMPTY_LINES && c->p != c->end && *c->p == '\r'; i++) {
        int r = http_take_crlf(c);
        if (r <= 0)
            return r;
    }
    return HTTP_DONE;
}

/* Takes one word of the request line and the single space behind it; -status when it is longer than `max`. */
static int take_word(struct http_cursor *c, unsigned classes, size_t max, int status, struct span *out)
{
    const uint8_t *start = c->p, *end = c->end;
    if ((size_t)(end - start) > max + 1)
        end = start + max + 1;
    const uint8_t *p =
        classes == HTTP_C_TARGET ? kernels.skip_target(start, end) : http_skip(start, end, classes);
    if ((size_t)(p - start) > max)
        return -status;
    if (p == c->end)
        return HTTP_PARTIAL;
    if (*p != ' ' || p == start)
        return -400;
    *out = span_of(start, (size_t)(p - start));
    c->p = p + 1;
    return HTTP_DONE;
}

static int take_request_line(struct http_cursor *c, struct http_head *h)
{
    const uint8_t *start = c->p;
    int r = take_word(c, HTTP_C_TOKEN, MAX_METHOD, 501, &h->method_name);
    if (r <= 0)
        return r;
    h->method = (uint8_t)method_lookup(h->method_name);
    r = take_word(c, HTTP_C_TARGET, HTTP_MAX_TARGET, 414, &h->target);
    if (r <= 0)
        return r;
    r = http_take_version(c, &h->minor);
    if (r <= 0)
        return r;
    struct span line = span_of(start, (size_t)(c->p - start));
    r = http_take_crlf(c);
    if (r > 0)
        h->start_line = line;
    return r;
}

/* The part of `s` before the first of two bytes. */
static struct span until(struct span s, uint8_t stop, uint8_t or_stop)
{
    size_t i = 0;
    while (i < s.n && s.p[i] != stop && s.p[i] != or_stop)
        i++;
    return span_of(s.p, i);
}

/* The part of `s`, which is not empty, before its query. */
static struct span without_query(struct span s)
{
    const uint8_t *query = memchr(s.p, '?', s.n);
    return query ? span_of(s.p, (size_t)(query - s.p)) : s;
}

/* "http://" or "https://" at the start: its length, else 0. */
static size_t scheme_length(struct span target)
{
    struct span http = span_str("http://"), https = span_str("https://");
    if (target.n >= https.n && span_ieq(span_of(target.p, https.n), https))
        return https.n;
    if (target.n >= http.n && span_ieq(span_of(target.p, http.n), http))
        return http.n;
    return 0;
}

bool http_is_absolute(const struct http_head *h)
{
    return h->target.p[0] != '/' && h->method != HTTP_CONNECT && scheme_length(h->target) > 0;
}

static int read_absolute(struct http_head *h)
{
    static const struct span root = {(const uint8_t *)"/", 1}, any = {(const uint8_t *)"*", 1};
    struct span rest = span_from(h->target, scheme_length(h->target)), port;
    h->authority = until(rest, '/', '?');
    if (!http_split_authority(h->authority, &h->host, &port))
        return -400;
    rest = span_from(rest, h->authority.n);
    h->path = until(rest, '?', '?');
    if (h->path.n == 0)
        h->path = h->method == HTTP_OPTIONS && rest.n == 0 ? any : root; /* RFC 9112 section 3.2.4 */
    return HTTP_DONE;
}

/* The four forms of RFC 9112 section 3.2. */
static int read_target(struct http_head *h)
{
    struct span port;
    if (h->method == HTTP_CONNECT) {
        h->authority = h->target;
        return http_split_authority(h->target, &h->host, &port) && port.n > 0 ? HTTP_DONE : -400;
    }
    bool origin = h->target.p[0] == '/';
    if (!origin && scheme_length(h->target) > 0)
        return read_absolute(h);
    h->path = without_query(h->target);
    return origin || (h->method == HTTP_OPTIONS && span_eq(h->target, span_str("*"))) ? HTTP_DONE : -400;
}

/* Exactly one Host in 1.1, at most one in 1.0, always valid; used where the target has no authority. */
static int read_host(struct http_head *h, const struct http_seen *s)
{
    struct span host, port;
    if (s->twice & HTTP_BIT(HTTP_F_HOST))
        return -400;
    if (!http_has(s, HTTP_F_HOST))
        return h->minor == 0 ? HTTP_DONE : -400;
    struct span value = http_value(h, s, HTTP_F_HOST);
    if (!http_split_authority(value, &host, &port))
        return -400;
    if (h->authority.n == 0) {
        h->authority = value;
        h->host = host;
    }
    return HTTP_DONE;
}

/* RFC 9110 section 10.1.1. */
static int read_expect(struct http_head *h, const struct http_seen *s)
{
    if (!http_has(s, HTTP_F_EXPECT))
        return HTTP_DONE;
    if ((s->twice & HTTP_BIT(HTTP_F_EXPECT)) ||
        !span_ieq(http_value(h, s, HTTP_F_EXPECT), span_str("100-continue")))
        return -417;
    h->expect_continue = h->minor == 1;
    return HTTP_DONE;
}

static int judge(struct http_head *h, const struct http_seen *s)
{
    int r = read_target(h);
    if (r > 0)
        r = read_host(h, s);
    if (r > 0)
        r = http_read_framing(h, s);
    if (r > 0)
        r = http_read_connection(h, s, true);
    if (r > 0)
        r = read_expect(h, s);
    return r;
}

static int take_head(struct http_cursor *c, struct http_head *h)
{
    struct http_seen seen;
    int r = take_empty_lines(c);
    if (r > 0)
        r = take_request_line(c, h);
    if (r > 0)
        r = http_take_fields(c, h, &seen);
    return r > 0 ? judge(h, &seen) : r;
}

int http_parse_request(struct span in, uint32_t limit, struct http_head *out)
{
    size_t n = in.n < limit ? in.n : limit;
    struct http_cursor c = {in.p, in.p + n};
    memset(out, 0, offsetof(struct http_head, field));
    int r = take_head(&c, out);
    if (r == HTTP_PARTIAL && n == limit)
        return out->start_line.n == 0 ? -414 : -431;
    if (r <= 0)
        return r;
    out->bytes = (uint32_t)(c.p - in.p);
    return (int)out->bytes;
}
