/* A large max_rate through the whole engine (agent/splice/pace.c): the default, 1 GiB/s. What a small one
 * does is shown by rows of the simulator (tests/sim/rows/rate.c), which take too long for so many bytes. */
#include <criterion/criterion.h>

#include "agent/splice/splice.h"
#include "bench/micro/rig.h"

#define MAX_RATE ((uint64_t)1 << 30)
#define ROUND    16u /* segments, then one ack of them all */

static uint32_t side_blocks(struct rig *rig)
{
    size_t each;
    return splice_side_blocks(engine_splice(rig_engine(rig, 0)), &each);
}

/* An endpoint that sends on and a client that acks at once, until something is not let through, or `most`
 * bytes have moved. How many have. */
static uint64_t draw(struct rig *rig, uint64_t most)
{
    struct rig_splice *at = rig_splice_at(rig, 0);
    for (uint64_t moved = 0;; moved += ROUND * RIG_MSS) {
        struct frame *f[ROUND + 1];
        for (unsigned i = 0; i < ROUND; i++)
            f[i] = rig_data(rig, at, RIG_MSS, true);
        f[ROUND] = rig_ack(rig, at);
        if (rig_input(rig, f, ROUND + 1) != ROUND + 1 || moved >= most)
            return moved;
    }
}

Test(pace, a_response_that_has_not_brought_much_is_not_measured)
{
    struct rig *rig = rig_create(1);
    draw(rig, MAX_RATE / 20);
    cr_expect_eq(side_blocks(rig), 0);
    draw(rig, MAX_RATE / 20);
    cr_expect_eq(side_blocks(rig), 1);
    rig_destroy(rig);
}

/* The rig's time goes on by a microsecond for a round. */
Test(pace, acks_draw_a_seconds_worth_at_once_and_no_more)
{
    struct rig *rig = rig_create(1);
    uint64_t moved = draw(rig, 2 * MAX_RATE);
    cr_expect_geq(moved, MAX_RATE, "%llu bytes", (unsigned long long)moved);
    cr_expect_leq(moved, MAX_RATE + MAX_RATE / 6, "%llu bytes", (unsigned long long)moved);
    rig_destroy(rig);
}
