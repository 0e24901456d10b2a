/* The table of rows. */
#include "tests/sim/rows/all.h"

const struct row rows[] = {
#define X(fn, name) {name, fn},
    ROWS(X) MODEL_ROWS(X)
#undef X
};
const unsigned nrows = sizeof rows / sizeof *rows;
