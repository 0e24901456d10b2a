/* tree: YAML text to a tree of nodes, each with its place in the file, in plain memory of an arena. It knows
 * YAML and nothing of lacon's keys. */
#ifndef LACON_CONFIG_TREE_H
#define LACON_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "config/arena.h"
#include "config/complaints.h"

#define TREE_MAX_DEPTH 32
#define TREE_MAX_TEXT  (16u << 20) /* bytes of a file */

enum node_kind {
    NODE_BAD, /* complained about already: say no more */
    NODE_NULL,
    NODE_SCALAR,
    NODE_LIST,
    NODE_MAP,
};

struct node {
    enum node_kind kind;
    struct mark at;
    const char *text; /* of a scalar; ends with a zero, and has none inside */
    bool quoted;
    struct node *first, *next; /* items of a list; values of a map */
    size_t count;
    const char *key; /* of a value in a map */
    struct mark key_at;
};

/* State of one parse. It is outside tree_load() so that it can be closed when the arena runs short. */
struct tree_parser {
    yaml_parser_t yaml;
    yaml_event_t event;
    bool open;
    struct arena *mem;
    struct complaints *errors;
    const char *text;
    size_t n;
};

/* The document's root, or NULL after a complaint about the text as a whole. Smaller mistakes (anchors, tags,
 * odd keys) are complained about, too, and leave NODE_BAD. */
struct node *tree_load(struct tree_parser *p, const char *text, size_t n, struct arena *mem,
                       struct complaints *errors);
void tree_close(struct tree_parser *p);

#endif
