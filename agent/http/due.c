/* When to parse a head that arrives in pieces. The parsers begin at the first byte each time; a head of 60
 * KiB sent byte by byte would cost its square. This looks at each byte once, and lets the parser run when
 * there is something to decide, or often enough to see bad bytes early. No state but the caller's number; any
 * thread. */
#include "agent/http/http.h"

#define ALWAYS_BELOW 1024

/* An LF in `in` from `from` on that ends an empty line, or that no CR precedes: the parser will end here. */
static bool line_ends_head(struct span in, size_t from)
{
    const uint8_t *p = in.p + from, *end = in.p + in.n;
    while (p != end && (p = memchr(p, '\n', (size_t)(end - p)))) {
        size_t i = (size_t)(p - in.p);
        if (i < 2 || p[-1] != '\r' || p[-2] == '\n')
            return true;
        p++;
    }
    return false;
}

bool http_head_due(struct span in, uint32_t limit, uint32_t *scanned)
{
    size_t from = *scanned <= in.n ? *scanned : 0; /* bytes that were not kept come again, cut elsewhere */
    *scanned = (uint32_t)in.n;
    if (in.n <= ALWAYS_BELOW || in.n >= limit)
        return true;
    bool doubled = (from ^ in.n) > from; /* a power of two lies in (from, in.n] */
    return doubled || line_ends_head(in, from);
}
