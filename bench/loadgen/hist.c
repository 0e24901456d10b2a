/* Reading a histogram back; see hist.h. */
#include "bench/loadgen/hist.h"

#include <math.h>

uint64_t hist_upper(unsigned index)
{
    if (index < 2 * HIST_STEPS)
        return index;
    unsigned shift = index / HIST_STEPS - 1;
    uint64_t low = (uint64_t)(index - shift * HIST_STEPS) << shift;
    return low + ((1ull << shift) - 1);
}

uint64_t hist_percentile(const struct hist *h, double p)
{
    uint64_t want = (uint64_t)ceil(p * (double)h->n), seen = 0;

    if (h->n == 0)
        return 0;
    if (want == 0)
        want = 1;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen >= want)
            return hist_upper(i) < h->max ? hist_upper(i) : h->max;
    }
    return h->max;
}
