/* The table of rows: rows_tcp.c (S1, S4, S5, S11, S12, S14), rows_http.c (S2, S3, S6, S7, S8, S10). */
#include "tests/sim/rows_all.h"

const struct row rows[] = {
#define X(fn, name) {name, fn},
    ROWS(X) MODEL_ROWS(X)
#undef X
};
const unsigned nrows = sizeof rows / sizeof *rows;
