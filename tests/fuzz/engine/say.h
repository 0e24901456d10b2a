/* What the peers of the engine's fuzz target say: messages of the kinds that lead somewhere, each with a
 * number in it so that one is not taken for another. */
#ifndef LACON_TESTS_FUZZ_ENGINE_SAY_H
#define LACON_TESTS_FUZZ_ENGINE_SAY_H

#include <stdbool.h>

#include "tests/sim/buf.h"

/* Appends request or response `which` (any number) with the serial number `id`; n is the size of the body
 * where that is free. True when the message is whole: what is said next begins another. */
bool say_request(struct buf *b, unsigned which, unsigned id, unsigned n);
bool say_response(struct buf *b, unsigned which, unsigned id, unsigned n);

#endif
