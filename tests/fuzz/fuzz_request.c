/* Request heads: parse, cut anywhere, write with every edit, parse again. */
#include "tests/fuzz/http_property.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct http_side side = {.request = true};
    http_head_properties(&side, bytes, n, 64);
    return 0;
}
