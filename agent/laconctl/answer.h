/* What is in an answer: the values of an object, and lists of objects as tables. A list is described column
 * by column, so that what is printed of it stands in one place:
 *
 *     static const struct column columns[] = {{"ADDRESS", text_cell, "address"}, {">KEPT", int_cell, "kept"},
 * {0}}; print_list(json_object_get(answer, "clients"), columns);
 */
#ifndef LACONCTL_ANSWER_H
#define LACONCTL_ANSWER_H

#include <jansson.h>

#include "agent/laconctl/table.h"

/* A value; "-" and 0 where there is none. */
const char *text_of(const json_t *o, const char *key);
long long int_of(const json_t *o, const char *key);
double real_of(const json_t *o, const char *key);

struct duration {
    char text[64];
};
/* "3d 4h 5m 6s", from the largest unit that is not zero. */
struct duration duration(double seconds);

/* One column of a list: its head (table.h), and how the cell of an item is written. The last one is {0}. */
struct column {
    const char *head;
    void (*write)(struct table *t, const json_t *item, const char *key);
    const char *key;
};

/* Writers of cells; a list may have its own. */
void text_cell(struct table *t, const json_t *o, const char *key);
void int_cell(struct table *t, const json_t *o, const char *key);
void duration_cell(struct table *t, const json_t *o, const char *key);

/* Prints the heads, and a line for each item of the list. */
void print_list(const json_t *list, const struct column *columns);

#endif
