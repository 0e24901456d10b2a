/* Connection (RFC 9110 section 7.6.1): what it says about the connection, and which fields are meant for one
 * hop. No state; any thread.
 *
 * Connection makes the next hop drop the fields that it names, which is a way to take from a request what a
 * proxy before us put there, or what frames it. A request that names one of the fields in end_to_end[] is
 * refused with 400. In a response the same is ignored and the field stays: real servers send "Connection:
 * Transfer-Encoding", and the edit removes Connection, so nobody behind us acts on it. */
#include "agent/base/mutant.h"
#include "agent/http/chars.h"
#include "agent/http/section.h"

/* Options that name no known connection option cost a comparison with every field each. */
#define MAX_NAMED 32

#define ALWAYS_HOP                                                                                           \
    (HTTP_BIT(HTTP_F_CONNECTION) | HTTP_BIT(HTTP_F_KEEP_ALIVE) | HTTP_BIT(HTTP_F_PROXY_CONNECTION) |         \
     HTTP_BIT(HTTP_F_PROXY_AUTHORIZATION) | HTTP_BIT(HTTP_F_TE) | HTTP_BIT(HTTP_F_UPGRADE) |                 \
     HTTP_BIT(HTTP_F_HTTP2_SETTINGS))

static const char *const end_to_end[] = {
    "host",         "content-length",   "transfer-encoding", "expect",        "x-forwarded-for", "forwarded",
    "x-real-ip",    "x-forwarded-host", "x-forwarded-proto", "authorization", "cookie",          "via",
    "content-type", "content-encoding", "x-forwarded-port",  "x-request-id",  "traceparent",     "tracestate",
};

static bool is_end_to_end(struct span name)
{
    for (size_t i = 0; i < sizeof end_to_end / sizeof *end_to_end; i++)
        if (span_ieq(name, span_str(end_to_end[i])))
            return true;
    return false;
}

bool http_next_element(struct span *list, struct span *element)
{
    const uint8_t *p = list->p, *end = list->p + list->n;
    while (p != end && (*p == ',' || http_is_ows(*p)))
        p++;
    const uint8_t *start = p;
    while (p != end && *p != ',')
        p++;
    *list = span_of(p, (size_t)(end - p));
    while (p != start && http_is_ows(p[-1]))
        p--;
    *element = span_of(start, (size_t)(p - start));
    return element->n > 0;
}

static void mark_hop(struct http_head *h, uint32_t ids)
{
    for (unsigned i = 0; i < h->nfields; i++)
        if (HTTP_BIT(h->field[i].id) & ids)
            h->field[i].hop = h->hops = true;
}

static int name_field(struct http_head *h, struct span name, bool request)
{
    if (is_end_to_end(name))
        return request ? -400 : HTTP_DONE;
    for (unsigned i = 0; i < h->nfields; i++)
        if (span_ieq(h->field[i].name, name) && !mutant(hop_fields_kept))
            h->field[i].hop = h->hops = true;
    return HTTP_DONE;
}

struct options {
    unsigned named;
    bool close, keep_alive, upgrade;
};

static int read_option(struct http_head *h, struct span option, struct options *o, bool request)
{
    if (http_skip(option.p, option.p + option.n, HTTP_C_TOKEN) != option.p + option.n)
        return -400;
    if (span_ieq(option, span_str("close")))
        o->close = true;
    else if (span_ieq(option, span_str("keep-alive")))
        o->keep_alive = true;
    else if (span_ieq(option, span_str("upgrade")))
        o->upgrade = true;
    else if (++o->named > MAX_NAMED)
        return -400;
    else
        return name_field(h, option, request);
    return HTTP_DONE;
}

/* The name of a protocol; what stands behind a slash is its version. */
static bool carries_http(struct span protocol)
{
    static const char *const names[] = {"h2c", "h2", "http", "tls"};
    const uint8_t *slash = protocol.n ? memchr(protocol.p, '/', protocol.n) : NULL;
    if (slash)
        protocol.n = (size_t)(slash - protocol.p);
    while (protocol.n && http_is_ows(protocol.p[protocol.n - 1]))
        protocol.n--;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_ieq(protocol, span_str(names[i])))
            return true;
    return false;
}

bool http_upgrades_to_http(const struct http_head *h)
{
    for (unsigned i = 0; i < h->nfields; i++) {
        struct span list = h->field[i].value, protocol;
        if (h->field[i].id == HTTP_F_HTTP2_SETTINGS)
            return true;
        while (h->field[i].id == HTTP_F_UPGRADE && http_next_element(&list, &protocol))
            if (carries_http(protocol))
                return true;
    }
    return false;
}

/* What a head's Connection fields say. */
static int read_options(struct http_head *h, struct options *o, bool request)
{
    for (unsigned i = 0; i < h->nfields; i++) {
        struct span list = h->field[i].value, option;
        if (h->field[i].id != HTTP_F_CONNECTION)
            continue;
        while (http_next_element(&list, &option)) {
            int r = read_option(h, option, o, request);
            if (r < 0)
                return r;
        }
    }
    return HTTP_DONE;
}

int http_read_connection(struct http_head *h, const struct http_seen *s, bool request)
{
    struct options o = {0};
    uint32_t hop = ALWAYS_HOP | (request ? HTTP_BIT(HTTP_F_PROXY_AUTHENTICATE) : 0);
    h->close = h->minor == 0;
    if (!(s->once & hop)) /* Connection and Upgrade are among them */
        return HTTP_DONE;
    mark_hop(h, hop);
    int r = http_has(s, HTTP_F_CONNECTION) ? read_options(h, &o, request) : HTTP_DONE;
    if (r < 0)
        return r;
    h->keep_alive = o.keep_alive;
    h->close = o.close || (h->minor == 0 && !o.keep_alive);
    h->upgrade =
        o.upgrade && h->minor == 1 && http_has(s, HTTP_F_UPGRADE) && http_value(h, s, HTTP_F_UPGRADE).n > 0;
    return HTTP_DONE;
}
