/* Framing of chunked bodies (RFC 9112 section 7.1), byte by byte, so that a size line may be cut anywhere.
 * Only framing passes through here; chunk data never does. The state belongs to the caller, who keeps one per
 * message in flight; whichever thread runs that message. */
#include "agent/base/mutant.h"
#include "agent/http/chars.h"
#include "agent/http/http.h"

#define MAX_SIZE_LINE 256
#define MAX_TRAILER   8192

#define REFUSED false
#define TAKEN   true

enum size_sub {
    SIZE_FIRST, /* a digit is required */
    SIZE_DIGITS,
    SIZE_SPACE, /* white space that only an extension may follow */
    SIZE_EXTENSION,
    SIZE_LF,
};

enum trailer_sub {
    TRAILER_START, /* of a line */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    TRAILER_LAST_LF, /* of the empty line */
};

static bool add_digit(struct http_chunked *c, uint8_t b)
{
    if (c->size > HTTP_MAX_LENGTH >> 4 && !mutant(chunk_size_overflow))
        return REFUSED;
    c->size = c->size << 4 | http_hex(b);
    c->sub = SIZE_DIGITS;
    return c->size <= HTTP_MAX_LENGTH || mutant(chunk_size_overflow);
}

/* The chunk-size line is complete. */
static bool end_size(struct http_chunked *c)
{
    c->state = c->size > 0 ? HTTP_CHUNK_DATA_END : HTTP_CHUNK_TRAILER;
    c->sub = 0;
    c->line = 0;
    return TAKEN;
}

/* Behind the digits: CR, or an extension, whose inside means nothing to us but that it is one line of text.
 */
static bool after_digits(struct http_chunked *c, uint8_t b)
{
    if (b == ';')
        c->sub = SIZE_EXTENSION;
    else if (http_is_ows(b))
        c->sub = SIZE_SPACE;
    else if (b == '\r' && c->sub == SIZE_DIGITS)
        c->sub = SIZE_LF;
    else
        return REFUSED;
    return TAKEN;
}

static bool size_byte(struct http_chunked *c, uint8_t b)
{
    if (++c->line > MAX_SIZE_LINE)
        return REFUSED;
    switch (c->sub) {
    case SIZE_FIRST:
        return http_is(b, HTTP_C_HEX) && add_digit(c, b);
    case SIZE_DIGITS:
        return http_is(b, HTTP_C_HEX) ? add_digit(c, b) : after_digits(c, b);
    case SIZE_SPACE:
        return after_digits(c, b);
    case SIZE_EXTENSION:
        if (b == '\r')
            c->sub = SIZE_LF;
        return b == '\r' || http_is(b, HTTP_C_TEXT);
    default:
        return b == '\n' && end_size(c);
    }
}

static bool data_end_byte(struct http_chunked *c, uint8_t b)
{
    if (b != (c->sub == 0 ? '\r' : '\n'))
        return REFUSED;
    if (c->sub++ == 0)
        return TAKEN;
    *c = (struct http_chunked){.state = HTTP_CHUNK_SIZE};
    return TAKEN;
}

static bool end_body(struct http_chunked *c)
{
    c->state = HTTP_CHUNK_DONE;
    return TAKEN;
}

/* Trailer fields have the syntax of header fields (RFC 9112 section 7.1.2). */
static bool trailer_byte(struct http_chunked *c, uint8_t b)
{
    if (++c->trailer > MAX_TRAILER)
        return REFUSED;
    switch (c->sub) {
    case TRAILER_START:
        c->sub = b == '\r' ? TRAILER_LAST_LF : TRAILER_NAME;
        return b == '\r' || http_is(b, HTTP_C_TOKEN);
    case TRAILER_NAME:
        if (b == ':')
            c->sub = TRAILER_VALUE;
        return b == ':' || http_is(b, HTTP_C_TOKEN) || mutant(trailer_unjudged);
    case TRAILER_VALUE:
        if (b == '\r')
            c->sub = TRAILER_LF;
        return b == '\r' || http_is(b, HTTP_C_TEXT);
    case TRAILER_LF:
        c->sub = TRAILER_START;
        return b == '\n';
    default:
        return b == '\n' && end_body(c);
    }
}

static bool take_byte(struct http_chunked *c, uint8_t b)
{
    switch (c->state) {
    case HTTP_CHUNK_SIZE:
        return size_byte(c, b);
    case HTTP_CHUNK_DATA_END:
        return data_end_byte(c, b);
    default:
        return trailer_byte(c, b);
    }
}

int64_t http_chunked_feed(struct http_chunked *c, struct span in, uint64_t *data)
{
    size_t i = 0;
    *data = 0;
    while (i < in.n && c->state != HTTP_CHUNK_DONE) {
        uint8_t before = c->state;
        if (!take_byte(c, in.p[i++]))
            return -400;
        if (before == HTTP_CHUNK_SIZE && c->state == HTTP_CHUNK_DATA_END) {
            *data = c->size;
            break;
        }
    }
    return (int64_t)i;
}
