/* PROXY headers: no over-read, the same answer however much of the stream is in sight, and a known header
 * that is written again reads as itself. */
#include <stdlib.h>

#include "agent/proxy/header.h"
#include "tests/fuzz/property.h"

static int parse(const uint8_t *bytes, size_t n, enum proxy_version accept, struct proxy_header *h)
{
    uint8_t *copy = malloc(n ? n : 1); /* its end is guarded by the sanitizer */
    if (!copy)
        abort();
    memcpy(copy, bytes, n);
    int r = proxy_parse(span_of(copy, n), accept, h);
    free(copy);
    return r;
}

static void write_again(const struct proxy_header *h)
{
    for (unsigned version = PROXY_V1; version <= PROXY_V2; version++) {
        uint8_t out[PROXY_V1_MAX];
        struct proxy_header again;
        uint32_t n = proxy_write((enum proxy_version)version, &h->source, &h->to, out);
        if (parse(out, n, (enum proxy_version)version, &again) != (int)n ||
            memcmp(&again.source, &h->source, sizeof again.source) != 0 ||
            memcmp(&again.to, &h->to, sizeof again.to) != 0)
            abort();
    }
}

/* The first byte says which versions are accepted. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct proxy_header whole, part;
    if (n < 1 || n > 2 * PROXY_V2_MAX)
        return 0;
    enum proxy_version accept = (enum proxy_version)(bytes[0] % PROXY_ANY + 1);
    bytes++;
    n--;
    int all = parse(bytes, n, accept, &whole);
    if (all > (int)n || all < -1 || all > (int)PROXY_V2_MAX)
        abort();
    for (size_t k = n < 300 ? 0 : n - 300; k < n; k++) {
        int some = parse(bytes, k, accept, &part);
        if (some != PROXY_PARTIAL && some != all)
            abort();
    }
    if (all > 0 && whole.known)
        write_again(&whole);
    return 0;
}
