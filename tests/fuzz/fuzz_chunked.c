/* Chunked bodies: the same whatever the cuts. */
#include "tests/fuzz/http_property.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    http_chunked_properties(bytes, n);
    return 0;
}
