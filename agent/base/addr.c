/* Addresses as text, and prefixes; see addr.h. No state, any thread; not for the fast path. */
#include "agent/base/addr.h"

#include <arpa/inet.h>

const char *ip_str(const struct ip_addr *a, char buf[IP_STRLEN])
{
    bool v4 = ip_is_v4(a);
    /* Cannot fail: both families are known and the longest text fits. */
    return inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? a->b + 12 : a->b, buf, IP_STRLEN);
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
