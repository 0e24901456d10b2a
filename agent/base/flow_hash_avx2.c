/* flow_hash_lanes.h for x86 CPUs with AVX2; CMake compiles this file for those, and flow_hash.c asks the CPU.
 */
#ifdef __AVX2__
#define LANES 4
#include "agent/base/flow_hash_lanes.h"

void flow_hash_avx2(const struct flow_words *w, const struct sip_state *start, unsigned n,
                    uint64_t out[FLOW_HASH_BULK])
{
    for (unsigned i = 0; i < n; i += LANES) {
        lanes h = lane_hash(w, start, i);
        memcpy(out + i, &h, sizeof h);
    }
}
#endif
