/* Addresses as text, and prefixes; see addr.h. No state, any thread. */
#include "agent/base/addr.h"

#include <arpa/inet.h>

static char *put_octet(char *p, unsigned v)
{
    if (v >= 100)
        *p++ = (char)('0' + v / 100);
    if (v >= 10)
        *p++ = (char)('0' + v / 10 % 10);
    *p++ = (char)('0' + v % 10);
    return p;
}

/* Dotted quads are written here: one goes into most requests, and by way of inet_ntop() it costs as much as
 * the parse of a head. */
size_t ip_put(const struct ip_addr *a, char buf[IP_STRLEN])
{
    char *p = buf;
    if (!ip_is_v4(a))
        return strlen(inet_ntop(AF_INET6, a->b, buf, IP_STRLEN)); /* cannot fail: the longest text fits */
    for (unsigned i = 12; i < 16; i++) {
        p = put_octet(p, a->b[i]);
        *p++ = '.';
    }
    *--p = 0;
    return (size_t)(p - buf);
}

const char *ip_str(const struct ip_addr *a, char buf[IP_STRLEN])
{
    ip_put(a, buf);
    return buf;
}

bool ip_parse(const char *s, size_t n, struct ip_addr *out)
{
    char text[IP_STRLEN];
    uint8_t v4[4];
    if (n >= sizeof text || memchr(s, 0, n))
        return false;
    memcpy(text, s, n);
    text[n] = 0;
    if (inet_pton(AF_INET, text, v4) == 1) {
        *out = ip_from_v4(v4);
        return true;
    }
    struct ip_addr a;
    if (inet_pton(AF_INET6, text, a.b) != 1)
        return false;
    *out = a;
    return true;
}

bool ip_prefix_eq(const struct ip_addr *a, const struct ip_addr *b, unsigned bits)
{
    if (bits > 128)
        bits = 128;
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a->b, b->b, whole) != 0)
        return false;
    return rest == 0 || ((a->b[whole] ^ b->b[whole]) >> (8 - rest)) == 0;
}
