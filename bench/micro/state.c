/* Bytes of state of one splice: both conns with their slots and their share of the table's buckets when the
 * table is full, one extent each way, and the side blocks that splices in the steady state have: looked up in
 * an engine with some that have just passed data and an ack. Not counted: kept bytes (they come and go with
 * heads), and the exchange, which is the HTTP layer's and is printed by itself. */
#include "agent/splice/splice.h"
#include "bench/micro/micro.h"
#include "bench/micro/rig.h"

#define SPLICES 256u

/* Of a splice, on average. */
static double side_bytes(void)
{
    struct rig *rig = rig_create(SPLICES);
    for (uint32_t i = 0; i < SPLICES; i++) {
        struct rig_splice *at = rig_splice_at(rig, i);
        struct frame *data = rig_data(rig, at, RIG_MSS, true);
        rig_input(rig, &data, 1);
        struct frame *ack = rig_ack(rig, at);
        rig_input(rig, &ack, 1);
    }
    size_t each;
    uint32_t n = splice_side_blocks(engine_splice(rig_engine(rig, 0)), &each);
    rig_destroy(rig);
    return (double)n * (double)each / SPLICES;
}

void micro_state(struct micro *m)
{
    enum { CAP = 1 << 20 };
    double conn = (double)ct_bytes(CAP, sizeof(struct conn), sizeof(struct conn_cold)) / CAP,
           side = side_bytes();
    (void)m;
    micro_value("state/conn", sizeof(struct conn), "bytes");
    micro_value("state/extent", sizeof(struct extent), "bytes");
    micro_value("state/table_per_conn", conn - sizeof(struct conn), "bytes");
    micro_value("state/side_blocks_per_splice", side, "bytes");
    micro_value("state/splice_bytes", 2 * (conn + sizeof(struct extent)) + side, "bytes");
}
