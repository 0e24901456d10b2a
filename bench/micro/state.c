/* Bytes of state of one splice: both conns with their slots and their share of the table's buckets when the
 * table is full, and the extents and side blocks, beside what lies in the conns, that splices in the steady
 * state have: looked up in an engine with some that have just passed data and an ack. Not counted: kept bytes
 * (they come and go with heads), and the exchange, which is the HTTP layer's and is printed by itself. */
#include "agent/splice/splice.h"
#include "bench/micro/micro.h"
#include "bench/micro/rig.h"

#define SPLICES 256u

/* Of a splice, on average. */
struct beside {
    double extents, blocks; /* bytes */
};

static struct beside steady_state(void)
{
    struct rig *rig = rig_create(SPLICES);
    for (uint32_t i = 0; i < SPLICES; i++) {
        struct rig_splice *at = rig_splice_at(rig, i);
        struct frame *data = rig_data(rig, at, RIG_MSS, true);
        rig_input(rig, &data, 1);
        struct frame *ack = rig_ack(rig, at);
        rig_input(rig, &ack, 1);
    }
    const struct splice *s = engine_splice(rig_engine(rig, 0));
    size_t each;
    uint32_t n = splice_side_blocks(s, &each);
    struct beside b = {.extents = (double)splice_extents(s) * sizeof(struct extent) / SPLICES,
                       .blocks = (double)n * (double)each / SPLICES};
    rig_destroy(rig);
    return b;
}

void micro_state(struct micro *m)
{
    enum { CAP = 1 << 20 };
    double conn = (double)ct_bytes(CAP, sizeof(struct conn), sizeof(struct conn_cold)) / CAP;
    struct beside b = steady_state();
    (void)m;
    micro_value("state/conn", sizeof(struct conn), "bytes");
    micro_value("state/table_per_conn", conn - sizeof(struct conn), "bytes");
    micro_value("state/extent", sizeof(struct extent), "bytes");
    micro_value("state/extents_per_splice", b.extents, "bytes");
    micro_value("state/side_blocks_per_splice", b.blocks, "bytes");
    micro_value("state/splice_bytes", 2 * conn + b.extents + b.blocks, "bytes");
}
