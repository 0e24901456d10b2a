/* Bytes of state of one splice: both conns with their slots and their share of the table's buckets when the
 * table is full, and one extent each way. Not counted: kept bytes (they come and go with heads), and the
 * exchange, which is the HTTP layer's and is printed by itself. */
#include "agent/splice/conn.h"
#include "bench/micro/micro.h"
#include "conntable/conntable.h"

void micro_state(struct micro *m)
{
    enum { CAP = 1 << 20 };
    double conn = (double)ct_bytes(CAP, sizeof(struct conn)) / CAP;
    (void)m;
    micro_value("state/conn", sizeof(struct conn), "bytes");
    micro_value("state/extent", sizeof(struct extent), "bytes");
    micro_value("state/table_per_conn", conn - sizeof(struct conn), "bytes");
    micro_value("state/splice_bytes", 2 * (conn + sizeof(struct extent)), "bytes");
}
