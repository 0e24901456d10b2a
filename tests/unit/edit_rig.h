/* edit_rig: field edits from text, as the configuration would make them, and the values of variables. */
#ifndef LACON_TESTS_EDIT_RIG_H
#define LACON_TESTS_EDIT_RIG_H

#include <stdio.h>
#include <stdlib.h>

#include "agent/http/http.h"

#define RIG_LINES 8

struct rig_edit {
    struct field_edit edit;
    char *remove[RIG_LINES];
    struct field_line set[RIG_LINES], add[RIG_LINES];
    struct template_piece piece[2 * RIG_LINES][TEMPLATE_MAX_PIECES];
    unsigned made;
};

static inline void rig_line(struct rig_edit *r, struct field_line *line, char *name, char *value)
{
    char why[TEMPLATE_WHY];
    int n = template_parse(value, TEMPLATE_REQUEST, r->piece[r->made], why);
    if (n < 0)
        abort();
    *line = (struct field_line){name, value, {(uint32_t)n, r->piece[r->made++]}};
}

static inline void rig_remove(struct rig_edit *r, char *name)
{
    r->edit.remove = r->remove;
    r->remove[r->edit.nremove++] = name;
    r->edit.names |= field_name_bit(span_str(name));
}

static inline void rig_set(struct rig_edit *r, char *name, char *value)
{
    r->edit.set = r->set;
    rig_line(r, &r->set[r->edit.nset++], name, value);
    r->edit.names |= field_name_bit(span_str(name));
}

static inline void rig_add(struct rig_edit *r, char *name, char *value)
{
    r->edit.add = r->add;
    rig_line(r, &r->add[r->edit.nadd++], name, value);
}

/* "<host>" for %{host}; what others are called by number. */
static inline struct span rig_get(void *ctx, enum template_var v, char room[HTTP_VALUE_ROOM])
{
    (void)ctx;
    if (v == TEMPLATE_HOST)
        return span_str("<host>");
    return span_of(room, (size_t)snprintf(room, HTTP_VALUE_ROOM, "<%u>", v));
}

static const struct http_values rig_values = {rig_get, NULL};

#endif
