/* field_edit: what the configuration has done to the header fields of a message. Data alone: config fills it
 * in, http runs it.
 *
 * One edit runs in the order remove, set, add: `set` replaces all fields of that name by one, `add` leaves
 * them and puts another behind. Of several edits (listener, rule, cluster) a later one sees what an earlier
 * one did. Names of framing and hop-by-hop fields are in none of them. */
#ifndef LACON_BASE_FIELD_EDIT_H
#define LACON_BASE_FIELD_EDIT_H

#include "agent/base/template.h"

struct field_line {
    char *name;
    char *value; /* as written */
    struct template made;
};

struct field_edit {
    uint32_t nremove, nset, nadd;
    char **remove;
    struct field_line *set, *add;
    uint64_t names; /* field_name_bit() of all that remove and set name */
};

/* One of 64, the same for a name in any case: most fields of a head are told by it to be named by no edit. */
static inline uint64_t field_name_bit(struct span name)
{
    unsigned c = name.n ? (unsigned)name.p[0] | 0x20u : 0,
             d = name.n ? (unsigned)name.p[name.n - 1] | 0x20u : 0;
    return UINT64_C(1) << ((name.n * 7 + c * 3 + d) & 63);
}

static inline bool field_edit_empty(const struct field_edit *e)
{
    return !e->nremove && !e->nset && !e->nadd;
}

/* Do remove or set name it? */
bool field_edit_names(const struct field_edit *e, struct span name);

#endif
