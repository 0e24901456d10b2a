/* Character classes of HTTP/1.x by table: one load and one mask per byte, where a chain of comparisons would
 * cost a slow core several branches. Constant data; any thread. */
#ifndef LACON_HTTP_CHARS_H
#define LACON_HTTP_CHARS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/kernels.h"

enum {
    HTTP_C_TOKEN = 1,    /* tchar, RFC 9110 section 5.6.2 */
    HTTP_C_TEXT = 2,     /* HTAB, SP, VCHAR, obs-text: field values, reason phrases */
    HTTP_C_TARGET = 4,   /* visible ASCII but '#' */
    HTTP_C_REG_NAME = 8, /* unreserved and sub-delims, RFC 3986 section 3.2.2; without '%' */
    HTTP_C_DIGIT = 16,
    HTTP_C_HEX = 32,
};

extern const uint8_t http_class[256];

static inline bool http_is(uint8_t c, unsigned classes)
{
    return (http_class[c] & classes) != 0;
}

/* The first byte in [p, end) that is in none of `classes`, or `end`. Four at a time are compared with the end
 * once. */
static inline const uint8_t *http_skip(const uint8_t *p, const uint8_t *end, unsigned classes)
{
    for (; end - p >= 4; p += 4) {
        if (!http_is(p[0], classes))
            return p;
        if (!http_is(p[1], classes))
            return p + 1;
        if (!http_is(p[2], classes))
            return p + 2;
        if (!http_is(p[3], classes))
            return p + 3;
    }
    while (p != end && http_is(*p, classes))
        p++;
    return p;
}

/* The first byte in [p, end) that is not HTTP_C_TEXT, or `end`: where nearly all bytes of a head are. */
static inline const uint8_t *http_skip_text(const uint8_t *p, const uint8_t *end)
{
    return kernels.skip_text(p, end);
}

/* Optional white space (RFC 9110 section 5.6.3) is SP and HTAB. */
static inline bool http_is_ows(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* The value of one hexadecimal digit; `c` must be HTTP_C_HEX. */
static inline unsigned http_hex(uint8_t c)
{
    return c <= '9' ? c - (unsigned)'0' : (c | 0x20u) - 'a' + 10u;
}

#endif
