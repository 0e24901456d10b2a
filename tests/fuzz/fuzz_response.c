/* Response heads, as the answer to each kind of request that changes their meaning. */
#include "tests/fuzz/http_property.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const struct http_side sides[] = {
        {.method = HTTP_GET},
        {.method = HTTP_HEAD},
        {.method = HTTP_CONNECT},
        {.method = HTTP_GET, .asked_upgrade = true},
    };
    for (unsigned i = 0; i < sizeof sides / sizeof *sides; i++)
        http_head_properties(&sides[i], bytes, n, 16);
    return 0;
}
