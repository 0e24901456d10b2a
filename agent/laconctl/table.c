#include "agent/laconctl/table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/laconctl/fail.h"

void cell(struct table *t, const char *format, ...)
{
    va_list ap;
    if (t->ncell == t->room) {
        t->room = t->room ? 2 * t->room : 256;
        t->cell = need(realloc(t->cell, t->room * sizeof *t->cell));
    }
    va_start(ap, format);
    if (vasprintf(&t->cell[t->ncell++], format, ap) < 0)
        need(NULL);
    va_end(ap);
}

/* The width of a column; negative (printf's left-aligned) unless its head says otherwise. Takes the '>' off.
 */
static int column_width(struct table *t, unsigned column)
{
    char *head = t->cell[column];
    bool right = head[0] == '>';
    size_t width = 0;
    if (right)
        memmove(head, head + 1, strlen(head));
    for (size_t i = column; i < t->ncell; i += t->ncolumn)
        width = strlen(t->cell[i]) > width ? strlen(t->cell[i]) : width;
    if (right)
        return (int)width;
    return column == t->ncolumn - 1 ? 0 : -(int)width;
}

void print_table(struct table *t)
{
    int width[COLUMNS_MAX] = {0};
    for (unsigned column = 0; column < t->ncolumn; column++)
        width[column] = column_width(t, column);
    for (char **row = t->cell; row < t->cell + t->ncell; row += t->ncolumn)
        for (unsigned column = 0; column < t->ncolumn; column++) {
            printf("%*s%s", width[column], row[column], column == t->ncolumn - 1 ? "\n" : "  ");
            free(row[column]);
        }
    free(t->cell);
}
