/* Aligned text: cells row by row, each column as wide as its widest cell. */
#ifndef LACONCTL_TABLE_H
#define LACONCTL_TABLE_H

#include <stddef.h>

#define COLUMNS_MAX 12

/* The first row are the heads. A head that begins with '>' makes its column right-aligned. */
struct table {
    unsigned ncolumn;
    size_t ncell, room;
    char **cell;
};

/* Adds a cell behind the last one; of a new table ({.ncolumn = n}) first the heads. */
__attribute__((format(printf, 2, 3))) void cell(struct table *t, const char *format, ...);

/* Prints the table, takes it apart. */
void print_table(struct table *t);

#endif
