/* Packet sequences through a whole engine. The input is a script (engine/ops.h) for four clients and for the
 * endpoints: who says what, and which segment goes out, right or wrong by how much, late, twice, or with
 * other bytes. The harness plays their TCP, the neighbours and the time (engine/world.h).
 *
 * Checked besides what the sanitizers see: the simulator's oracle looks at every frame; what endpoints and
 * clients receive are strict messages, ended cleanly only where a message ends; a request that an endpoint
 * sees was judged and logged, and its lines are those that lacon had said it has (S1); a POST is not run
 * twice (S7); every frame comes back; and when all peers have fallen silent nothing is left of them.
 *
 * With FUZZ_STORY in the environment every segment and the counters are told on standard error. */
#include "tests/fuzz/engine/ops.h"
#include "tests/fuzz/engine/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    world_begin();
    while (n >= OP_BYTES) {
        size_t used = op_run(bytes, n);
        bytes += used;
        n -= used;
    }
    world_end();
    return 0;
}
