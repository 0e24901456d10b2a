#include "tests/sim/words.h"

#include <string.h>

#include "tests/sim/seg.h"

static void take_tag(struct frame *f)
{
    uint8_t *p = f->data;
    if (f->len < 18 || p[12] != 0x81 || p[13] != 0)
        return;
    uint16_t vid = (uint16_t)((p[14] & 15) << 8 | p[15]);
    memmove(p + 4, p, 12);
    frame_pull(f, 4);
    f->flags |= frame_vlan(vid);
}

void words_describe(struct frame *f)
{
    struct seg s;
    const char *why = seg_parse(f->data, f->len, &s);
    if (!why && s.kind == SEG_TCP)
        f->flags |= FRAME_L4_CSUM_OK;
    else if (why && strcmp(why, "wrong TCP checksum") == 0)
        f->flags |= FRAME_L4_CSUM_BAD;
    take_tag(f);
}
