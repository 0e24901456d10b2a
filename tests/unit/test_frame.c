/* A frame that was received becomes one to be filled. */
#include <criterion/criterion.h>

#include "agent/base/frame.h"

#define BLOCK (FRAME_HEADROOM + FRAME_ROOM + 320)

static uint8_t block[BLOCK];

/* A frame of a block of n bytes, with len bytes of data behind `headroom`. */
static struct frame received(uint32_t n, uint32_t headroom, uint32_t len)
{
    return (struct frame){.data = block + headroom,
                          .len = len,
                          .headroom = headroom,
                          .tailroom = n - headroom - len,
                          .port = 3,
                          .flags = FRAME_L4_CSUM_OK,
                          .owner = block};
}

static void expect_empty(struct frame f, uint32_t n)
{
    cr_assert(frame_empty(&f));
    cr_expect_eq(f.data, block + FRAME_HEADROOM);
    cr_expect_eq(f.len, 0);
    cr_expect_eq(f.headroom, FRAME_HEADROOM);
    cr_expect_eq(f.tailroom, n - FRAME_HEADROOM);
    cr_expect_eq(f.port, 0);
    cr_expect_eq(f.flags, 0);
    cr_expect_eq(f.owner, block, "whose it is stays");
}

Test(frame, emptied_wherever_its_data_lay)
{
    expect_empty(received(BLOCK, FRAME_HEADROOM, 60), BLOCK);
    expect_empty(received(BLOCK, 0, 60), BLOCK);
    expect_empty(received(BLOCK, FRAME_HEADROOM + 54, 1446), BLOCK);
    expect_empty(received(FRAME_HEADROOM + FRAME_ROOM, 2, FRAME_HEADROOM + FRAME_ROOM - 2),
                 FRAME_HEADROOM + FRAME_ROOM);
}

Test(frame, too_small_stays_as_it_is)
{
    struct frame f = received(FRAME_HEADROOM + FRAME_ROOM - 1, 64, 60), was = f;
    cr_assert_not(frame_empty(&f));
    cr_expect_eq(f.data, was.data);
    cr_expect_eq(f.len, was.len);
    cr_expect_eq(f.headroom, was.headroom);
    cr_expect_eq(f.tailroom, was.tailroom);
    cr_expect_eq(f.flags, was.flags);
}
