/* Writing and reading heads; see head.h. A proxy may add fields, reorder them and change the case of names.
 */
#include "bench/loadgen/head.h"

#include <string.h>
#include <strings.h>

static uint8_t *put(uint8_t *to, const char *text, size_t n)
{
    memcpy(to, text, n);
    return to + n;
}
#define PUT(to, text) put(to, text, sizeof(text) - 1)

static uint8_t *put_hex(uint8_t *to, uint64_t v, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; v >>= 4)
        to[i] = (uint8_t) "0123456789abcdef"[v & 15];
    return to + digits;
}

static uint8_t *put_decimal(uint8_t *to, uint32_t v)
{
    char digit[10];
    unsigned n = 0;

    do {
        digit[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    while (n > 0)
        *to++ = (uint8_t)digit[--n];
    return to;
}

uint32_t head_put_request(uint8_t *to, uint64_t id, uint32_t want, uint32_t body, bool close)
{
    uint8_t *p = body ? PUT(to, "POST /") : PUT(to, "GET /");

    p = put_hex(p, want, 8);
    *p++ = '/';
    p = put_hex(p, id, 16);
    p = PUT(p, " HTTP/1.1\r\nHost: loadgen.example\r\n");
    if (close)
        p = PUT(p, "Connection: close\r\n");
    if (body) {
        p = PUT(p, "Content-Length: ");
        p = put_decimal(p, body);
        p = PUT(p, "\r\n");
    }
    p = PUT(p, "\r\n");
    return (uint32_t)(p - to);
}

uint32_t head_put_response(uint8_t *to, uint64_t id, uint32_t body, bool close)
{
    uint8_t *p = PUT(to, "HTTP/1.1 200 OK\r\n"
                         "Server: loadgen\r\n"
                         "Content-Type: application/octet-stream\r\n"
                         "X-Id: ");

    p = put_hex(p, id, 16);
    p = PUT(p, "\r\nContent-Length: ");
    p = put_decimal(p, body);
    if (close)
        p = PUT(p, "\r\nConnection: close");
    p = PUT(p, "\r\n\r\n");
    return (uint32_t)(p - to);
}

/* ---- reading ---- */

static bool hex(const uint8_t *p, unsigned digits, uint64_t *out)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < digits; i++) {
        unsigned c = p[i], d = c - '0';

        if (d > 9) {
            d = (c | 0x20) - 'a' + 10;
            if (d < 10 || d > 15)
                return false;
        }
        v = v << 4 | d;
    }
    *out = v;
    return true;
}

static bool decimal(const uint8_t *p, const uint8_t *end, uint32_t *out)
{
    uint64_t v = 0;

    if (p == end)
        return false;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9')
            return false;
        v = v * 10 + (*p - '0');
        if (v > UINT32_MAX)
            return false;
    }
    *out = (uint32_t)v;
    return true;
}

/* Is this line the field `name` (lower case, colon included)? Then *value is where its value begins. */
static bool field(const uint8_t *line, const uint8_t *end, const char *name, size_t n, const uint8_t **value)
{
    if ((size_t)(end - line) < n || strncasecmp((const char *)line, name, n) != 0)
        return false;
    for (line += n; line < end && *line == ' '; line++)
        ;
    *value = line;
    return true;
}
#define FIELD(line, end, name, value) field(line, end, name, sizeof(name) - 1, value)

static bool take_field(const uint8_t *line, const uint8_t *end, struct head *out)
{
    const uint8_t *v;

    switch (*line | 0x20) {
    case 'c':
        if (FIELD(line, end, "content-length:", &v)) {
            bool again = out->has_length;

            out->has_length = true;
            return !again && decimal(v, end, &out->body);
        }
        if (FIELD(line, end, "connection:", &v))
            out->close = end - v == 5 && strncasecmp((const char *)v, "close", 5) == 0;
        return true;
    case 't': /* nobody of ours sends one */
        return !FIELD(line, end, "transfer-encoding:", &v);
    case 'x':
        if (FIELD(line, end, "x-id:", &v)) {
            bool again = out->has_id;

            out->has_id = true;
            return !again && end - v == 16 && hex(v, 16, &out->id);
        }
        return true;
    default:
        return true;
    }
}

/* Fields from `at` to the empty line. */
static int take_fields(const uint8_t *p, uint32_t n, uint32_t at, struct head *out)
{
    for (;;) {
        const uint8_t *line = p + at, *lf = memchr(line, '\n', n - at);

        if (!lf)
            return n >= HEAD_MAX ? -1 : 0;
        if (lf == line || lf[-1] != '\r')
            return -1;
        at = (uint32_t)(lf + 1 - p);
        if (lf == line + 1) {
            out->len = at;
            return 1;
        }
        if (!take_field(line, lf - 1, out))
            return -1;
    }
}

int head_parse_response(const uint8_t *p, uint32_t n, struct head *out)
{
    const uint8_t *lf = memchr(p, '\n', n);

    memset(out, 0, sizeof *out);
    if (!lf)
        return n >= HEAD_MAX ? -1 : 0;
    if (lf - p < 14 || lf[-1] != '\r' || memcmp(p, "HTTP/1.1 ", 9) != 0 ||
        !decimal(p + 9, p + 12, &out->status))
        return -1;
    return take_fields(p, n, (uint32_t)(lf + 1 - p), out);
}

/* METHOD /WWWWWWWW/IIIIIIIIIIIIIIII HTTP/1.1 */
int head_parse_request(const uint8_t *p, uint32_t n, struct head *out)
{
    const uint8_t *lf = memchr(p, '\n', n);
    uint64_t want;

    memset(out, 0, sizeof *out);
    if (!lf)
        return n >= HEAD_MAX ? -1 : 0;
    if (lf - p < 40)
        return -1;
    uint32_t method = memcmp(p, "GET ", 4) == 0 ? 4 : 5;
    if (lf - p != method + 1 + 8 + 1 + 16 + 10 || (method == 5 && memcmp(p, "POST ", 5) != 0) ||
        p[method] != '/' || p[method + 9] != '/' || memcmp(p + method + 26, " HTTP/1.", 8) != 0 ||
        !hex(p + method + 1, 8, &want) || !hex(p + method + 10, 16, &out->id))
        return -1;
    out->want = (uint32_t)want;
    out->has_id = true;
    return take_fields(p, n, (uint32_t)(lf + 1 - p), out);
}
