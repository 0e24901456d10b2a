/* When to parse a head that arrives in pieces. The parsers begin at the first byte each time; a head of 60
 * KiB sent byte by byte would cost its square. This looks at each byte once, and lets the parser run when
 * there is something to decide, or often enough to see bad bytes early. No state but the caller's number; any
 * thread. */
#include "agent/base/kernels.h"
#include "agent/http/http.h"

#define ALWAYS_BELOW 1024

bool http_head_due(struct span in, uint32_t limit, uint32_t *scanned)
{
    size_t from = *scanned <= in.n ? *scanned : 0; /* bytes that were not kept come again, cut elsewhere */
    *scanned = (uint32_t)in.n;
    if (in.n <= ALWAYS_BELOW || in.n >= limit)
        return true;
    bool doubled = (from ^ in.n) > from; /* a power of two lies in (from, in.n] */
    return doubled || kernels.head_end(in.p, in.p + from, in.p + in.n);
}
