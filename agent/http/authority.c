/* uri-host [":" port] (RFC 3986 section 3.2, RFC 9110 section 7.2): the Host field and the authority of a
 * target. Whoever routes by host must be sure that everybody behind reads the same host. No state; any
 * thread. */
#include "agent/http/chars.h"
#include "agent/http/section.h"

/* "[" IPv6address "]" at the start; its length, 0 when it is none. No IPvFuture and no zone. */
static size_t ipv6_literal(struct span a)
{
    struct ip_addr ip;
    const uint8_t *close = memchr(a.p, ']', a.n);
    if (!close)
        return 0;
    size_t n = (size_t)(close - a.p) - 1;
    if (!memchr(a.p, ':', n + 1) || !ip_parse((const char *)a.p + 1, n, &ip))
        return 0;
    return n + 2;
}

/* reg-name or IPv4 address at the start; its length, 0 when it is none. */
static size_t reg_name(struct span a)
{
    const uint8_t *p = http_skip(a.p, a.p + a.n, HTTP_C_REG_NAME), *end = a.p + a.n;
    while (end - p >= 3 && *p == '%' && http_is(p[1], HTTP_C_HEX) && http_is(p[2], HTTP_C_HEX))
        p = http_skip(p + 3, end, HTTP_C_REG_NAME);
    return (size_t)(p - a.p);
}

static bool valid_port(struct span port)
{
    unsigned n = 0;
    if (port.n > 5)
        return false;
    for (size_t i = 0; i < port.n; i++) {
        if (!http_is(port.p[i], HTTP_C_DIGIT))
            return false;
        n = n * 10 + (port.p[i] - '0');
    }
    return n <= UINT16_MAX;
}

bool http_split_authority(struct span authority, struct span *host, struct span *port)
{
    if (authority.n == 0)
        return false;
    size_t n = authority.p[0] == '[' ? ipv6_literal(authority) : reg_name(authority);
    if (n == 0)
        return false;
    *host = span_of(authority.p, n);
    *port = span_from(authority, n + 1);
    return n == authority.n || (authority.p[n] == ':' && valid_port(*port));
}
