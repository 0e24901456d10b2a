/* Who a request comes from, as the proxies before us tell it: X-Forwarded-For, Forwarded (RFC 7239); and the
 * names that requests go by: X-Request-Id, traceparent. All of it is a stranger's text. No state; any thread.
 *
 * A list is read from left to right, once, and remembers one address: an untrusted one replaces what was
 * remembered (everything left of it is that client's own words), a trusted one stands only where there is
 * nothing, and an element that is no address forgets. What remains at the end is the right-most untrusted
 * address or, of an unbroken run of trusted ones, the left-most. */
#include "agent/http/parts.h"

struct reading {
    bool (*trusted)(const void *ctx, const struct ip_addr *a);
    const void *ctx;
    struct ip_port client;
    bool any;
};

static void take(struct reading *r, bool good, const struct ip_port *at)
{
    if (!good) {
        r->any = false;
    } else if (!r->any || !r->trusted(r->ctx, &at->addr)) {
        r->client = *at;
        r->any = true;
    }
}

/* A port of 1 to 5 digits; obfuscated ones ("_x") are no ports of ours. */
static bool read_port(struct span s, uint16_t *port)
{
    uint32_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!http_is(s.p[i], HTTP_C_DIGIT) || i == 5)
            return false;
        n = n * 10 + (uint32_t)(s.p[i] - '0');
    }
    *port = (uint16_t)n;
    return s.n && n <= 65535;
}

/* 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1], [2001:db8::1]:80. */
static bool read_node(struct span s, struct ip_port *out)
{
    *out = (struct ip_port){.port = 0};
    if (s.n == 0)
        return false;
    if (s.p[0] == '[') {
        const uint8_t *end = memchr(s.p, ']', s.n);
        if (!end)
            return false;
        struct span in = span_of(s.p + 1, (size_t)(end - s.p) - 1), rest = span_from(s, in.n + 2);
        return memchr(in.p, ':', in.n) && ip_parse((const char *)in.p, in.n, &out->addr) &&
               (rest.n == 0 || (rest.p[0] == ':' && read_port(span_from(rest, 1), &out->port)));
    }
    const uint8_t *colon = memchr(s.p, ':', s.n);
    if (colon && !memchr(colon + 1, ':', s.n - (size_t)(colon - s.p) - 1)) {
        size_t n = (size_t)(colon - s.p);
        return read_port(span_from(s, n + 1), &out->port) && ip_parse((const char *)s.p, n, &out->addr);
    }
    return ip_parse((const char *)s.p, s.n, &out->addr);
}

/* Takes what stands before the next separator that is in no quoted string off *list. False at the end; *whole
 * is false when a quoted string has none. */
static bool next_unquoted(struct span *list, const char *separators, struct span *part, bool *whole)
{
    bool quoted = false;
    size_t i = 0;
    *whole = true;
    if (!list->p)
        return false;
    for (; i < list->n; i++) {
        uint8_t c = list->p[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c && strchr(separators, c))
            break;
    }
    *whole = !quoted && i <= list->n;
    i = i < list->n ? i : list->n;
    *part = span_of(list->p, i);
    *list = i < list->n ? span_from(*list, i + 1) : span_of(NULL, 0);
    return true;
}

static bool unquote(struct span *s)
{
    if (s->n < 2 || s->p[0] != '"' || s->p[s->n - 1] != '"')
        return s->n == 0 || s->p[0] != '"';
    *s = span_of(s->p + 1, s->n - 2);
    return !memchr(s->p, '\\', s->n); /* no address needs an escape */
}

/* "for=" of one element of Forwarded; once. */
static bool read_element(struct span element, struct ip_port *at)
{
    struct span pair, node = {NULL, 0};
    bool whole, all = true;
    while (next_unquoted(&element, ";", &pair, &whole)) {
        pair = http_trimmed(pair);
        all = all && whole;
        if (pair.n < 4 || !span_ieq(span_of(pair.p, 4), span_str("for=")))
            continue;
        if (node.p)
            return false;
        node = span_from(pair, 4);
    }
    return all && node.p && unquote(&node) && read_node(node, at);
}

static void read_forwarded(struct reading *r, struct span value)
{
    struct span element;
    struct ip_port at;
    bool whole;
    while (next_unquoted(&value, ",", &element, &whole)) {
        element = http_trimmed(element);
        if (element.n) /* RFC 9110 section 5.6.1: empty ones are passed over */
            take(r, whole && read_element(element, &at), &at);
    }
}

static void read_xff(struct reading *r, struct span value)
{
    struct span element;
    struct ip_port at;
    while (http_next_part(&value, ',', &element)) {
        element = http_trimmed(element);
        if (element.n)
            take(r, read_node(element, &at), &at);
    }
}

bool http_forwarded_for(const struct http_head *h, enum http_field_id list,
                        bool (*trusted)(const void *ctx, const struct ip_addr *a), const void *ctx,
                        struct ip_port *client)
{
    struct reading r = {.trusted = trusted, .ctx = ctx};
    for (unsigned i = 0; i < h->nfields; i++) {
        if (h->field[i].id != list)
            continue;
        if (list == HTTP_F_FORWARDED)
            read_forwarded(&r, h->field[i].value);
        else
            read_xff(&r, h->field[i].value);
    }
    if (r.any)
        *client = r.client;
    return r.any;
}

/* ---- names ---- */

/* n lower-case hexadecimal digits at s, not all of them zero where `some`. */
static bool is_hex(const uint8_t *s, size_t n, bool some)
{
    bool zero = true;
    for (size_t i = 0; i < n; i++) {
        if (!http_is(s[i], HTTP_C_HEX) || (s[i] >= 'A' && s[i] <= 'F'))
            return false;
        zero = zero && s[i] == '0';
    }
    return !(some && zero);
}

/* version "-" trace-id "-" parent-id "-" flags, and, in a later version than 00, "-" and more. */
bool http_traceparent_good(struct span v)
{
    if (v.n < 55 || !is_hex(v.p, 2, false) || v.p[2] != '-' || v.p[35] != '-' || v.p[52] != '-')
        return false;
    if (!is_hex(v.p + 3, 32, true) || !is_hex(v.p + 36, 16, true) || !is_hex(v.p + 53, 2, false))
        return false;
    if (memcmp(v.p, "ff", 2) == 0)
        return false;
    return v.n == 55 || (memcmp(v.p, "00", 2) != 0 && v.p[55] == '-');
}

bool http_request_id_good(struct span v)
{
    if (v.n == 0 || v.n > HTTP_REQUEST_ID_MAX)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !http_is(c, HTTP_C_DIGIT) && (!c || !strchr("-_.:=+/@~", c)))
            return false;
    }
    return true;
}
