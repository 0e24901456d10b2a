/* Reading a section by its table; see keys.h. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/kinds.h"

#define SHOWN 60 /* bytes */

const char *shown(struct reading *r, const char *text)
{
    size_t n = strlen(text);
    char *cut;

    if (n <= SHOWN)
        return text;
    n = SHOWN;
    while (((unsigned char)text[n] & 0xc0) == 0x80) /* not within a character */
        n--;
    cut = arena_alloc(&r->scratch, SHOWN + sizeof "...");
    snprintf(cut, SHOWN + sizeof "...", "%.*s...", (int)n, text);
    return cut;
}

bool must_be(struct reading *r, const struct cfg_key *k, const struct node *v, const char *format, ...)
{
    static const char *const kinds[] = {
        [NODE_NULL] = "empty", [NODE_LIST] = "a list", [NODE_MAP] = "a group of keys"};
    const char *must = k->is_item ? "each item must" : "must";
    char what[512];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (v->kind == NODE_SCALAR)
        complain(&r->errors, v->at, "%s: %s be %s, not \"%s\"", k->name, must, what, shown(r, v->text));
    else
        complain(&r->errors, v->at, "%s: %s be %s, not %s", k->name, must, what, kinds[v->kind]);
    return false;
}

static void note_place(struct reading *r, const void *field, struct mark at, bool good)
{
    if (r->nplaces == r->places_room) {
        size_t room = r->places_room ? 2 * r->places_room : 64;
        struct place *p = arena_array(&r->scratch, room, sizeof *p);

        if (r->nplaces)
            memcpy(p, r->places, r->nplaces * sizeof *p);
        r->places = p;
        r->places_room = room;
    }
    r->places[r->nplaces++] = (struct place){field, at, good};
}

static int by_field(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;

    return ((uintptr_t)a->field > (uintptr_t)b->field) - ((uintptr_t)a->field < (uintptr_t)b->field);
}

void places_sort(struct reading *r)
{
    if (r->nplaces)
        qsort(r->places, r->nplaces, sizeof *r->places, by_field);
}

const struct place *place_of(const struct reading *r, const void *field)
{
    struct place wanted = {.field = field};

    return r->nplaces ? bsearch(&wanted, r->places, r->nplaces, sizeof wanted, by_field) : NULL;
}

void complain_at(struct reading *r, const void *field, const char *format, ...)
{
    const struct place *p = place_of(r, field);
    char what[512];
    va_list args;

    if (!p || !p->good)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    complain(&r->errors, p->at, "%s", what);
}

/* A section has no place of its own: it begins where its first field may. */
static bool read_value(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    bool good = v->kind != NODE_BAD && k->kind->read(r, k, v, obj);

    if (!k->section)
        note_place(r, key_field(k, obj), v->at, good);
    return good;
}

static void read_default(struct reading *r, const struct cfg_key *k, void *obj)
{
    const struct node v = {.kind = NODE_SCALAR, .text = k->initial};

    if (k->initial)
        k->kind->read(r, k, &v, obj);
    else if (k->section && !k->item)
        read_section(r, k->section, NULL, key_field(k, obj));
}

static void complain_unknown(struct reading *r, const struct cfg_section *s, const struct node *v)
{
    const char **names = arena_array(&r->scratch, s->nkeys, sizeof *names);
    const char *meant;
    char known[512] = "";

    for (size_t i = 0; i < s->nkeys; i++) {
        size_t n = strlen(known);

        names[i] = s->keys[i].name;
        snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", names[i]);
    }
    meant = closest_word(v->key, names, s->nkeys);
    if (meant)
        complain(&r->errors, v->key_at, "unknown key \"%s\" in %s; did you mean \"%s\"?", shown(r, v->key),
                 s->what, meant);
    else
        complain(&r->errors, v->key_at, "unknown key \"%s\" in %s; it knows %s", shown(r, v->key), s->what,
                 known);
}

static const struct cfg_key *find_key(const struct cfg_section *s, const char *name)
{
    for (size_t i = 0; i < s->nkeys; i++) {
        if (strcmp(s->keys[i].name, name) == 0)
            return &s->keys[i];
    }
    return NULL;
}

/* Exactly one of the keys marked as a choice. */
static void check_choice(struct reading *r, const struct cfg_section *s, const struct node *v,
                         const struct node *const *seen)
{
    char names[256] = "";
    const struct node *first = NULL;

    for (size_t i = 0; i < s->nkeys; i++) {
        size_t n = strlen(names);

        if (!s->keys[i].choice)
            continue;
        snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", s->keys[i].name);
        if (seen[i] && first)
            complain(&r->errors, seen[i]->key_at, "%s cannot have both \"%s\" and \"%s\"", s->what,
                     first->key, seen[i]->key);
        else if (seen[i])
            first = seen[i];
    }
    if (*names && !first)
        complain(&r->errors, v->at, "%s needs one of %s", s->what, names);
}

bool read_section(struct reading *r, const struct cfg_section *s, const struct node *v, void *obj)
{
    const struct node **seen = arena_array(&r->scratch, s->nkeys, sizeof *seen);

    for (const struct node *i = v ? v->first : NULL; i; i = i->next) {
        const struct cfg_key *k = find_key(s, i->key);

        if (!k) {
            complain_unknown(r, s, i);
        } else if (seen[k - s->keys]) {
            complain(&r->errors, i->key_at, "\"%s\" is already given on line %u", k->name,
                     seen[k - s->keys]->key_at.line);
        } else {
            seen[k - s->keys] = i;
            read_value(r, k, i, obj);
        }
    }
    for (size_t i = 0; i < s->nkeys; i++) {
        if (seen[i])
            continue;
        if (v && s->keys[i].required)
            complain(&r->errors, v->at, "%s needs \"%s\"", s->what, s->keys[i].name);
        else
            read_default(r, &s->keys[i], obj);
    }
    if (v)
        check_choice(r, s, v, seen);
    if (s->finish)
        s->finish(r, obj);
    return true;
}

static bool read_as_section(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    if (v->kind != NODE_MAP)
        return must_be(r, k, v, "a group of keys");
    return read_section(r, k->section, v, key_field(k, obj));
}

static bool read_list(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    char *items;
    uint32_t n = 0;

    if (v->kind != NODE_LIST)
        return must_be(r, k, v, "a list");
    if (v->count < k->min || v->count > k->max) {
        complain(&r->errors, v->at, "%s: must have %llu to %llu items, not %zu", k->name,
                 (unsigned long long)k->min, (unsigned long long)k->max, v->count);
        return false;
    }
    items = arena_array(&r->keep, v->count, k->item->width);
    *(void **)key_field(k, obj) = items;
    *key_count(k, obj) = (uint32_t)v->count;
    for (const struct node *i = v->first; i; i = i->next)
        read_value(r, k->item, i, items + k->item->width * n++);
    return true;
}

static bool list_present(const struct cfg_key *k, const void *obj)
{
    return *(const uint32_t *)(const void *)((const char *)obj + k->count_offset) > 0;
}

const struct key_kind kind_section = {read_as_section, NULL, NULL};
const struct key_kind kind_list = {read_list, NULL, list_present};
