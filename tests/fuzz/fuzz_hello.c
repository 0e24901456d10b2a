/* ClientHellos: no over-read, and the same answer however much of the stream is in sight (what was read from
 * a part must not change when the rest comes). */
#include <stdlib.h>

#include "agent/tls/hello.h"
#include "tests/fuzz/property.h"

#define LIMIT 2048u

static int parse(const uint8_t *bytes, size_t n, struct tls_hello *h)
{
    uint8_t *copy = malloc(n ? n : 1); /* its end is guarded by the sanitizer */
    if (!copy)
        abort();
    memcpy(copy, bytes, n);
    int r = tls_parse_hello(span_of(copy, n), LIMIT, h);
    if (r > 0 && !tls_hello_due(span_of(copy, n), LIMIT))
        abort();
    free(copy);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct tls_hello whole, part;
    if (n > 2 * LIMIT)
        return 0;
    int all = parse(bytes, n, &whole);
    if (all > 0 && (size_t)all > (n < LIMIT ? n : LIMIT))
        abort();
    for (size_t k = n < 300 ? 0 : n - 300; k < n; k++) {
        int some = parse(bytes, k, &part);
        if (some != TLS_PARTIAL && some != all)
            abort();
        if (some > 0 &&
            (part.name_len != whole.name_len || memcmp(part.name, whole.name, part.name_len) != 0 ||
             part.alpn_len != whole.alpn_len || memcmp(part.alpn, whole.alpn, part.alpn_len) != 0))
            abort();
    }
    return 0;
}
