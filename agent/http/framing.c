/* Where a body ends, from Content-Length and Transfer-Encoding (RFC 9112 section 6). This is where request
 * smuggling lives: whatever two parsers could read differently is refused, also where the RFC would let a
 * recipient repair it. No state; any thread. */
#include "agent/base/mutant.h"
#include "agent/http/chars.h"
#include "agent/http/section.h"

/* 1*DIGIT and nothing else: no sign, no list, no "0x". More digits than HTTP_MAX_LENGTH has are refused even
 * when they are zeros. */
static bool read_length(struct span v, uint64_t *length)
{
    uint64_t n = 0;
    if (v.n == 0 || v.n > 19)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        if (!http_is(v.p[i], HTTP_C_DIGIT))
            return false;
        n = n * 10 + (v.p[i] - '0');
    }
    *length = n;
    return n <= HTTP_MAX_LENGTH;
}

/* Only "chunked", alone, is taken. Otherwise: 501 when it is a list of codings that we just do not know (RFC
 * 9112 section 6.1), 400 when it is malformed, or chunked is there but not last and once. */
static int judge_coding(struct span v)
{
    struct span chunked = span_str("chunked"), coding;
    unsigned codings = 0, chunks = 0;
    bool last = false;
    if (span_ieq(v, chunked))
        return HTTP_DONE;
    while (http_next_element(&v, &coding)) {
        if (http_skip(coding.p, coding.p + coding.n, HTTP_C_TOKEN) != coding.p + coding.n)
            return -400;
        last = span_ieq(coding, chunked);
        chunks += last;
        codings++;
    }
    if (codings == chunks || chunks > 1 || (chunks == 1 && !last))
        return -400;
    return -501;
}

int http_read_framing(struct http_head *h, const struct http_seen *s)
{
    bool length = http_has(s, HTTP_F_CONTENT_LENGTH), coding = http_has(s, HTTP_F_TRANSFER_ENCODING);
    if ((s->twice & (HTTP_BIT(HTTP_F_CONTENT_LENGTH) | HTTP_BIT(HTTP_F_TRANSFER_ENCODING))) &&
        !mutant(length_twice))
        return -400;
    if (coding) {
        if ((length && !mutant(length_and_chunked)) || h->minor == 0)
            return -400;
        h->body = HTTP_BODY_CHUNKED;
        return judge_coding(http_value(h, s, HTTP_F_TRANSFER_ENCODING));
    }
    if (length) {
        if (!read_length(http_value(h, s, HTTP_F_CONTENT_LENGTH), &h->length))
            return -400;
        h->body = h->length > 0 ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
    }
    return HTTP_DONE;
}
