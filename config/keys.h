/* keys: what the file may say, as tables. A section is a table of keys; reading, printing, "unknown key",
 * "missing key" and the test of the JSON Schema all walk the same table, so none of them can forget one.
 *
 * To add a key: a field in config.h, a line in sections/, a property in schema.json, an example, a row in
 * README.md; tests/unit/test_config_docs.c fails until all of them are there. */
#ifndef LACON_CONFIG_KEYS_H
#define LACON_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/arena.h"
#include "config/complaints.h"
#include "config/config.h"
#include "config/tree.h"

struct reading;
struct cfg_key;
struct cfg_section;

/* What a value is. Constant tables, in kinds*.c. */
struct key_kind {
    /* Reads v into obj's field. False after a complaint; the field is then as it was. */
    bool (*read)(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj);
    /* Prints obj's value on one line, without the key. NULL for sections and lists: print.c does them. */
    void (*print)(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj);
    /* Is there a value to print? NULL: always. */
    bool (*present)(const struct cfg_key *k, const void *obj);
};

struct cfg_key {
    const char *name;
    const struct key_kind *kind;
    size_t offset, width; /* the field in the section's struct; of an item: 0 and its size */
    bool is_item;         /* of a list, whose name it bears */
    bool required;
    bool choice;                        /* exactly one of a section's keys with this is to be given */
    const char *initial;                /* the default, as it would be written; NULL: none */
    uint64_t min, max;                  /* of a number, size, duration; of a list: how many items */
    unsigned which;                     /* for kinds that serve several keys: which of them */
    const char *const *words;           /* of a word: the enum's names, in its order, up to NULL */
    const char *(*judge)(const char *); /* of text: NULL, or what it has to be */
    const struct cfg_section *section;  /* of a section: its keys */
    const struct cfg_key *item;         /* of a list: its items */
    size_t count_offset;                /* of a list: the uint32_t with their number */
};

struct cfg_section {
    const char *what; /* as a message names it: "a listener" */
    size_t nkeys;
    const struct cfg_key *keys;
    /* Fills in what no single key's default can; NULL: nothing. */
    void (*finish)(struct reading *r, void *obj);
};

/* The whole file; its fields are those of struct config. */
extern const struct cfg_section cfg_top;

/* A name used in one place for something declared in another; resolved when all of the file has been read. */
struct reference {
    struct reference *next;
    const struct node *v;
    uint32_t *index; /* to be filled */
    bool to_cluster; /* or to a listener */
};

/* Where a field's value was written. */
struct place {
    const void *field;
    struct mark at;
    bool good;
};

/* State of one reading, from the first byte to the finished configuration. */
struct reading {
    struct arena scratch; /* ends with the reading */
    struct arena keep;    /* becomes the configuration's */
    struct tree_parser parser;
    struct complaints errors;
    struct config *config;
    struct reference *references, **last_reference; /* in the order of the file */
    struct place *places;                           /* sorted by field once all is read */
    size_t nplaces, places_room;
};

/* Reads a section of the file into obj; v NULL: it is absent, and defaults are filled in. */
bool read_section(struct reading *r, const struct cfg_section *s, const struct node *v, void *obj);

/* A text of the file as messages repeat it: not all of it when it is long. In scratch memory. */
const char *shown(struct reading *r, const char *text);

/* Complains "KEY: must be ..., not ..."; always false. */
bool must_be(struct reading *r, const struct cfg_key *k, const struct node *v, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static inline void *key_field(const struct cfg_key *k, void *obj)
{
    return (char *)obj + k->offset;
}

static inline const void *key_value(const struct cfg_key *k, const void *obj)
{
    return (const char *)obj + k->offset;
}

static inline uint32_t *key_count(const struct cfg_key *k, void *obj)
{
    return (uint32_t *)(void *)((char *)obj + k->count_offset);
}

/* Sorts the places; then place_of() may be asked. */
void places_sort(struct reading *r);
/* Where this field was given in the file; NULL: it was not, the default holds. */
const struct place *place_of(const struct reading *r, const void *field);

/* Is the field's value, or default, usable? */
static inline bool field_good(const struct reading *r, const void *field)
{
    const struct place *p = place_of(r, field);

    return !p || p->good;
}

/* Complains at a field that was given and read well; says nothing where it was not. */
void complain_at(struct reading *r, const void *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What one key at a time cannot tell. Each complains and goes on. */
void check_names(struct reading *r); /* names.c: unique names; fills references */
void check_dpdk(struct reading *r);  /* check.c */
void check_interfaces(struct reading *r);
void check_listeners(struct reading *r);
void check_rates(struct reading *r);  /* check_rates.c */
void check_access(struct reading *r); /* access.c: allow and deny lists, compiled */
void check_endpoints(struct reading *r);
void check_balancing(struct reading *r); /* check_balancing.c */
void check_health(struct reading *r);    /* check_health.c */
void check_rules(struct reading *r);     /* check_rules.c */

#endif
