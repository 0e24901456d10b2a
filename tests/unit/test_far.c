/* A response of more than 4 GiB through the whole engine: positions that are kept as 32 bits
 * (agent/splice/conn.h) still mean what they meant, and windows still move, when both streams have gone
 * around. The engine's own sum of what it forwards is no witness here: the rig's hosts know by themselves
 * which number comes next, and a segment or an ack that lacon took for an old or a future one would not come
 * out. */
#include <criterion/criterion.h>

#include "bench/micro/rig.h"

#define ROUND    16u    /* segments, then one ack of them all */
#define ROUND_NS 25000u /* time for them at less than max_rate, which is 1 GiB/s by default */

Test(far, a_response_goes_on_after_four_gigabytes)
{
    struct rig *rig = rig_create(1);
    struct rig_splice *at = rig_splice_at(rig, 0);
    uint64_t moved = 0, most = ((uint64_t)1 << 32) + ((uint64_t)1 << 20);
    while (moved < most) {
        struct frame *f[ROUND + 1];
        for (unsigned i = 0; i < ROUND; i++)
            f[i] = rig_data(rig, at, RIG_MSS, true);
        f[ROUND] = rig_ack(rig, at);
        cr_assert_eq(rig_input(rig, f, ROUND + 1), ROUND + 1, "after %llu bytes", (unsigned long long)moved);
        moved += ROUND * RIG_MSS;
        rig_tick(rig, ROUND_NS);
    }
    rig_destroy(rig);
}
