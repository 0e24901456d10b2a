/* Edits of header fields: what listeners, rules and clusters do to requests and responses
 * (agent/base/field_edit.h). Templates are compiled here, once. Refused are fields that frame a message or
 * speak about one connection: with those an edit could make two parsers read one message differently. */
#include <string.h>
#include <strings.h>

#include "config/sections/sections.h"

#define MAX_LINES 64

static const char *judge_edited_field(const char *s)
{
    static const char *const taboo[] = {"connection",
                                        "content-length",
                                        "expect",
                                        "http2-settings",
                                        "keep-alive",
                                        "proxy-connection",
                                        "te",
                                        "trailer",
                                        "upgrade",
                                        "transfer-encoding",
                                        "proxy-authorization"};

    if (strcasecmp(s, "host") == 0)
        return "another field than Host, which a rule's \"rewrite\" is for";
    for (size_t i = 0; i < sizeof taboo / sizeof *taboo; i++) {
        if (strcasecmp(s, taboo[i]) == 0)
            return "a field that is end-to-end and does not frame the message: this one is lacon's own to "
                   "write";
    }
    return judge_field_name(s);
}

/* struct field_line: value, made; which: TEMPLATE_REQUEST or TEMPLATE_RESPONSE. */
static bool read_template(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct template_piece piece[TEMPLATE_MAX_PIECES], *kept;
    struct field_line *line = obj;
    char why[TEMPLATE_WHY];
    int n;

    if (v->kind != NODE_SCALAR || judge_value(v->text))
        return must_be(r, k, v, "text of at most 1024 bytes");
    line->value = arena_text(&r->keep, v->text, strlen(v->text));
    n = template_parse(line->value, k->which, piece, why);
    if (n < 0)
        return must_be(r, k, v, "%s", why);
    kept = arena_array(&r->keep, (size_t)n, sizeof *kept);
    memcpy(kept, piece, (size_t)n * sizeof *kept);
    line->made = (struct template){(uint32_t)n, kept};
    return true;
}

static void print_template(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    (void)c;
    (void)k;
    print_quoted(f, ((const struct field_line *)obj)->value);
}

static const struct key_kind kind_template = {read_template, print_template, NULL};

#define LINE_KEYS(where)                                                                                     \
    {                                                                                                        \
        {.name = "name",                                                                                     \
         .kind = &kind_text,                                                                                 \
         FIELD(struct field_line, name),                                                                     \
         .required = true,                                                                                   \
         .judge = judge_edited_field},                                                                       \
            {.name = "value",                                                                                \
             .kind = &kind_template,                                                                         \
             FIELD(struct field_line, value),                                                                \
             .required = true,                                                                               \
             .which = (where)},                                                                              \
    }
static const struct cfg_key request_line_keys[] = LINE_KEYS(TEMPLATE_REQUEST);
static const struct cfg_key response_line_keys[] = LINE_KEYS(TEMPLATE_RESPONSE);
static const struct cfg_section request_line_section = {"a header field", KEYS(request_line_keys), NULL};
static const struct cfg_section response_line_section = {"a header field", KEYS(response_line_keys), NULL};

static const struct cfg_key remove_item = {
    .name = "remove", .kind = &kind_text, ITEM(char *), .judge = judge_edited_field};
static const struct cfg_key request_set_item = {
    .name = "set", SECTION(request_line_section), ITEM(struct field_line)};
static const struct cfg_key response_set_item = {
    .name = "set", SECTION(response_line_section), ITEM(struct field_line)};
static const struct cfg_key request_add_item = {
    .name = "add", SECTION(request_line_section), ITEM(struct field_line)};
static const struct cfg_key response_add_item = {
    .name = "add", SECTION(response_line_section), ITEM(struct field_line)};

#define EDIT_KEYS(set_item, add_item)                                                                        \
    {                                                                                                        \
        {.name = "remove",                                                                                   \
         LIST(struct field_edit, remove, nremove, remove_item),                                              \
         .min = 1,                                                                                           \
         .max = MAX_LINES},                                                                                  \
            {.name = "set", LIST(struct field_edit, set, nset, set_item), .min = 1, .max = MAX_LINES},       \
            {.name = "add", LIST(struct field_edit, add, nadd, add_item), .min = 1, .max = MAX_LINES},       \
    }
static const struct cfg_key request_edit_keys[] = EDIT_KEYS(request_set_item, request_add_item);
static const struct cfg_key response_edit_keys[] = EDIT_KEYS(response_set_item, response_add_item);

static uint64_t bit_of(const char *name)
{
    return name ? field_name_bit(span_str(name)) : 0; /* NULL: it was complained about */
}

static void finish_edit(struct reading *r, void *obj)
{
    struct field_edit *e = obj;

    (void)r;
    for (uint32_t i = 0; i < e->nremove; i++)
        e->names |= bit_of(e->remove[i]);
    for (uint32_t i = 0; i < e->nset; i++)
        e->names |= bit_of(e->set[i].name);
}

const struct cfg_section request_edit_section = {"request_headers", KEYS(request_edit_keys), finish_edit};
const struct cfg_section response_edit_section = {"response_headers", KEYS(response_edit_keys), finish_edit};

static bool read_edit(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct field_edit *e = key_field(k, obj);

    if (!kind_section.read(r, k, v, obj))
        return false;
    if (v->count == 0)
        complain(&r->errors, v->at, "%s: needs remove, set or add", k->name);
    for (uint32_t i = 0; i < e->nset; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (e->set[i].name && e->set[j].name && strcasecmp(e->set[i].name, e->set[j].name) == 0) {
                complain(&r->errors, v->at, "%s: \"%s\" is set twice", k->name, e->set[i].name);
                break;
            }
        }
    }
    return true;
}

static bool edit_present(const struct cfg_key *k, const void *obj)
{
    return !field_edit_empty(key_value(k, obj));
}

const struct key_kind kind_field_edit = {read_edit, NULL, edit_present};
