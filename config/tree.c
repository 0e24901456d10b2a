/* YAML by libyaml's events; see tree.h. Of YAML this takes what a configuration needs, and refuses with a
 * clear word what makes files hard to read or parsers easy to exhaust: anchors, aliases, merge keys, tags,
 * several documents. */
#include "config/tree.h"

#include <string.h>

static struct mark mark_of(yaml_mark_t m)
{
    return (struct mark){(unsigned)m.line + 1, (unsigned)m.column + 1};
}

/* Where byte `offset` of the text is: libyaml gives no line for text that is not UTF-8. */
static struct mark mark_at_offset(const struct tree_parser *p, size_t offset)
{
    struct mark m = {1, 1};

    for (size_t i = 0; i < offset && i < p->n; i++) {
        if (p->text[i] == '\n')
            m = (struct mark){m.line + 1, 1};
        else if (((unsigned char)p->text[i] & 0xc0) != 0x80)
            m.column++;
    }
    return m;
}

static void complain_syntax(struct tree_parser *p)
{
    const yaml_parser_t *y = &p->yaml;
    const char *problem = y->problem ? y->problem : "cannot be read";
    const char *context = y->context ? y->context : "";

    if (y->error == YAML_MEMORY_ERROR)
        longjmp(*p->mem->short_of_memory, 1);
    if (y->error == YAML_READER_ERROR) {
        complain(p->errors, mark_at_offset(p, y->problem_offset), "not UTF-8 text: %s", problem);
        return;
    }
    complain(p->errors, mark_of(y->problem_mark), "not valid YAML: %s%s%s%s", problem, *context ? " " : "",
             context,
             strstr(context, "alias") ? "; text that begins with * needs quotes, as in \"*:80\"" : "");
}

/* The next event into p->event; false at a syntax error, after a complaint. */
static bool advance(struct tree_parser *p)
{
    yaml_event_delete(&p->event);
    if (yaml_parser_parse(&p->yaml, &p->event))
        return true;
    complain_syntax(p);
    return false;
}

static struct node *new_node(struct tree_parser *p, enum node_kind kind)
{
    struct node *v = arena_alloc(p->mem, sizeof *v);

    v->kind = kind;
    v->at = mark_of(p->event.start_mark);
    return v;
}

/* Anchors and tags can stand on a value of any kind. */
static bool plain_value(struct tree_parser *p, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        complain(p->errors, mark_of(p->event.start_mark),
                 "anchors (&%.64s) are not supported: write the value out where it is needed",
                 (const char *)anchor);
    else if (tag)
        complain(p->errors, mark_of(p->event.start_mark),
                 "tags, such as !!int, are not supported: write the value alone");
    return !anchor && !tag;
}

static bool is_null(const char *text)
{
    return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 || strcmp(text, "Null") == 0 ||
           strcmp(text, "NULL") == 0;
}

/* Control characters (C0, DEL, C1) and the line and paragraph separators have no place in any value, and
 * would disturb logs and printed configurations. The text is valid UTF-8: libyaml saw to that. */
static bool has_control(const unsigned char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] < 0x20 || s[i] == 0x7f || (s[i] == 0xc2 && s[i + 1] < 0xa0) ||
            (s[i] == 0xe2 && s[i + 1] == 0x80 && (s[i + 2] == 0xa8 || s[i + 2] == 0xa9)))
            return true;
    }
    return false;
}

static struct node *take_scalar(struct tree_parser *p)
{
    struct node *v = new_node(p, NODE_SCALAR);
    const char *text = (const char *)p->event.data.scalar.value;
    size_t n = p->event.data.scalar.length;

    v->text = "";
    v->quoted = p->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (!plain_value(p, p->event.data.scalar.anchor, p->event.data.scalar.tag)) {
        v->kind = NODE_BAD;
    } else if (has_control((const unsigned char *)text, n)) {
        complain(p->errors, v->at, "control characters and line breaks are not allowed in a value");
        v->kind = NODE_BAD;
    } else {
        v->text = arena_text(p->mem, text, n);
        if (!v->quoted && is_null(v->text))
            v->kind = NODE_NULL;
    }
    return v;
}

static struct node *take_value(struct tree_parser *p, unsigned depth);

/* Items up to the end of the list, or of the map, where each follows its key. */
static bool take_items(struct tree_parser *p, struct node *v, yaml_event_type_t end, unsigned depth);

static struct node *take_collection(struct tree_parser *p, bool map, unsigned depth)
{
    struct node *v = new_node(p, map ? NODE_MAP : NODE_LIST);
    bool plain = map ? plain_value(p, p->event.data.mapping_start.anchor, p->event.data.mapping_start.tag)
                     : plain_value(p, p->event.data.sequence_start.anchor, p->event.data.sequence_start.tag);

    if (depth >= TREE_MAX_DEPTH) {
        complain(p->errors, v->at, "nested more than %u levels deep", TREE_MAX_DEPTH);
        return NULL;
    }
    if (!take_items(p, v, map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT, depth + 1))
        return NULL;
    if (!plain)
        v->kind = NODE_BAD;
    return v;
}

/* The value that p->event begins; p->event is then its last event. NULL: give up. */
static struct node *take_value(struct tree_parser *p, unsigned depth)
{
    struct node *v;

    switch (p->event.type) {
    case YAML_SCALAR_EVENT:
        return take_scalar(p);
    case YAML_SEQUENCE_START_EVENT:
        return take_collection(p, false, depth);
    case YAML_MAPPING_START_EVENT:
        return take_collection(p, true, depth);
    default: /* an alias: nothing else can stand here */
        v = new_node(p, NODE_BAD);
        complain(
            p->errors, v->at,
            "aliases (*%.64s) are not supported: write the value out; text that begins with * needs quotes",
            (const char *)p->event.data.alias.anchor);
        return v;
    }
}

/* Is this key one that a table of keys can judge? */
static bool good_key(struct tree_parser *p, const struct node *key)
{
    if (key->kind == NODE_BAD)
        return false;
    if (key->kind != NODE_SCALAR)
        complain(p->errors, key->at, "a key must be a word");
    else if (!key->quoted && strcmp(key->text, "<<") == 0)
        complain(p->errors, key->at, "merge keys (<<) are not supported: write the values out");
    else
        return true;
    return false;
}

static bool take_items(struct tree_parser *p, struct node *v, yaml_event_type_t end, unsigned depth)
{
    struct node **last = &v->first, *key = NULL, *item;

    for (;;) {
        if (!advance(p))
            return false;
        if (p->event.type == end)
            return true;
        if (v->kind == NODE_MAP && (!(key = take_value(p, depth)) || !advance(p)))
            return false;
        item = take_value(p, depth);
        if (!item)
            return false;
        if (key && !good_key(p, key))
            continue;
        item->key = key ? key->text : NULL;
        item->key_at = key ? key->at : item->at;
        *last = item;
        last = &item->next;
        v->count++;
    }
}

/* After the root: the end of the stream, not another document. */
static bool at_end(struct tree_parser *p)
{
    if (!advance(p) || !advance(p)) /* the document's end, and what follows */
        return false;
    if (p->event.type == YAML_STREAM_END_EVENT)
        return true;
    complain(p->errors, mark_of(p->event.start_mark),
             "a second document begins here: one file holds one configuration");
    return false;
}

struct node *tree_load(struct tree_parser *p, const char *text, size_t n, struct arena *mem,
                       struct complaints *errors)
{
    struct node *root;

    *p = (struct tree_parser){.mem = mem, .errors = errors, .text = text, .n = n};
    if (n > TREE_MAX_TEXT) {
        complain(errors, (struct mark){1, 1}, "longer than %u MiB", TREE_MAX_TEXT >> 20);
        return NULL;
    }
    if (!yaml_parser_initialize(&p->yaml))
        longjmp(*mem->short_of_memory, 1);
    p->open = true;
    yaml_parser_set_encoding(&p->yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p->yaml, (const unsigned char *)text, n);
    if (!advance(p) || !advance(p)) /* the stream's start and the document's */
        return NULL;
    if (p->event.type == YAML_STREAM_END_EVENT) {
        complain(errors, (struct mark){1, 1}, "the file is empty");
        return NULL;
    }
    if (!advance(p) || !(root = take_value(p, 0)) || !at_end(p))
        return NULL;
    return root;
}

void tree_close(struct tree_parser *p)
{
    yaml_event_delete(&p->event);
    if (p->open)
        yaml_parser_delete(&p->yaml);
    p->open = false;
}
