/* config_print(): the tables once more, in the other direction. A list of groups gets a line for each key, a
 * list of plain values stands on one line. See keys.h. */
#include <string.h>

#include "config/kinds.h"

static void print_section(FILE *f, const struct config *c, const struct cfg_section *s, const void *obj,
                          int indent, bool in_item);

static void print_items(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj, int indent)
{
    const char *item = *(const char *const *)key_value(k, obj);
    uint32_t n = *(const uint32_t *)(const void *)((const char *)obj + k->count_offset);
    const char *before = " [";

    if (k->item->section)
        putc('\n', f);
    for (uint32_t i = 0; i < n; i++, item += k->item->width) {
        if (k->item->section) {
            fprintf(f, "%*s- ", indent, "");
            print_section(f, c, k->item->section, item, indent + 2, true);
            continue;
        }
        fputs(before, f);
        k->item->kind->print(f, c, k->item, item);
        before = ", ";
    }
    if (!k->item->section)
        fputs("]\n", f);
}

static void print_key(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj, int indent)
{
    fprintf(f, "%s:", k->name);
    if (k->item) {
        print_items(f, c, k, obj, indent + 2);
    } else if (k->section) {
        putc('\n', f);
        print_section(f, c, k->section, key_value(k, obj), indent + 2, false);
    } else {
        putc(' ', f);
        k->kind->print(f, c, k, obj);
        putc('\n', f);
    }
}

/* in_item: the first key stands behind a list's dash. */
static void print_section(FILE *f, const struct config *c, const struct cfg_section *s, const void *obj,
                          int indent, bool in_item)
{
    for (size_t i = 0; i < s->nkeys; i++) {
        const struct cfg_key *k = &s->keys[i];

        if (k->kind->present && !k->kind->present(k, obj))
            continue;
        if (!in_item)
            fprintf(f, "%*s", indent, "");
        in_item = false;
        print_key(f, c, k, obj, indent);
    }
}

void config_print(const struct config *c, FILE *f)
{
    print_section(f, c, &cfg_top, c, 0, false);
}

void config_print_section(const struct config *c, const char *section, FILE *f)
{
    for (size_t i = 0; i < cfg_top.nkeys; i++)
        if (strcmp(cfg_top.keys[i].name, section) == 0)
            print_key(f, c, &cfg_top.keys[i], c, 0);
}

/* What a list's items are, by the list's name. */
static const struct cfg_section *items_of(const struct cfg_section *s, const char *list)
{
    for (size_t i = 0; i < s->nkeys; i++)
        if (strcmp(s->keys[i].name, list) == 0)
            return s->keys[i].item->section;
    return NULL;
}

void config_print_rule(const struct config *c, const struct cfg_rule *rule, FILE *f)
{
    print_section(f, c, items_of(items_of(&cfg_top, "routes"), "rules"), rule, 0, false);
}

void config_print_listener(const struct config *c, const struct cfg_listener *listener, FILE *f)
{
    print_section(f, c, items_of(&cfg_top, "listeners"), listener, 0, false);
}
