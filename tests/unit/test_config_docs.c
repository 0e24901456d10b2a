/* What is told about the configuration is what the tables say: schema.json, example.yaml and README.md each
 * have every key, its default, and (the schema) its limits; and the schema has no key that lacon lacks. The
 * kept inputs of the fuzzer are judged as their names say; test_schema.py does the same with the schema. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "config/kinds.h"

#define SCHEMA   LACON_SOURCE "/config/schema.json"
#define EXAMPLE  LACON_SOURCE "/config/example.yaml"
#define README   LACON_SOURCE "/config/README.md"
#define EXAMPLES LACON_SOURCE "/config/examples"
#define CORPUS   LACON_SOURCE "/tests/fuzz/corpus/config"

static char *file_text(const char *path)
{
    FILE *f = fopen(path, "re");
    char *text = NULL;
    size_t room = 0;

    cr_assert(f, "%s cannot be read", path);
    cr_assert_gt(getdelim(&text, &room, '\0', f), 0, "%s is empty", path);
    fclose(f);
    return text;
}

/* ---- the schema: JSON is YAML, so lacon's own reader of YAML serves ---- */

static jmp_buf short_of_memory;

static const struct node *member(const struct node *map, const char *key)
{
    for (const struct node *v = map->first; v; v = v->next) {
        if (v->key && strcmp(v->key, key) == 0)
            return v;
    }
    return NULL;
}

/* The part that is meant: itself, or what its $ref names. */
static const struct node *resolved(const struct node *schema, const struct node *part)
{
    const struct node *ref = member(part, "$ref");

    return ref ? member(member(schema, "$defs"), strrchr(ref->text, '/') + 1) : part;
}

static void expect_number(const struct node *part, const char *word, uint64_t wanted, const char *key)
{
    const struct node *v = member(part, word);

    cr_assert(v, "%s: no %s in the schema", key, word);
    cr_expect_eq(strtoull(v->text, NULL, 10), wanted, "%s: %s is %s in the schema, %llu in the table", key,
                 word, v->text, (unsigned long long)wanted);
}

static void compare_limits(const struct cfg_key *k, const struct node *part)
{
    const struct node *words = member(part, "enum");

    if (k->item) {
        expect_number(part, "minItems", k->min, k->name);
        expect_number(part, "maxItems", k->max, k->name);
    } else if (k->kind == &kind_uint) {
        expect_number(part, "minimum", k->min, k->name);
        expect_number(part, "maximum", k->max, k->name);
    }
    for (size_t i = 0; k->words && k->words[i]; i++) {
        const struct node *v = words ? words->first : NULL;

        if (!*k->words[i])
            continue; /* stands for none */
        while (v && strcmp(v->text, k->words[i]) != 0)
            v = v->next;
        cr_expect(v, "%s: the schema does not know %s", k->name, k->words[i]);
    }
}

static void compare_section(const struct node *schema, const struct node *part, const struct cfg_section *s);

static void compare_key(const struct node *schema, const struct node *property, const struct cfg_key *k)
{
    const struct node *initial = member(property, "default");
    const struct node *part = resolved(schema, property), *items = member(part, "items");

    if (k->initial)
        cr_expect(initial && strcmp(initial->text, k->initial) == 0, "%s: the schema's default is %s",
                  k->name, initial ? initial->text : "missing");
    else
        cr_expect_null(initial, "%s: has no default", k->name);
    compare_limits(k, part);
    cr_assert(!k->item == !items, "%s: a list in one of schema and table only", k->name);
    if (k->item)
        compare_limits(k->item, resolved(schema, items));
    if (k->section || (k->item && k->item->section))
        compare_section(schema, k->item ? resolved(schema, items) : part,
                        k->item ? k->item->section : k->section);
}

static bool requires(const struct node *part, const char *key)
{
    const struct node *all = member(part, "required");
    const struct node *v = all ? all->first : NULL;

    while (v && strcmp(v->text, key) != 0)
        v = v->next;
    return v != NULL;
}

static void compare_section(const struct node *schema, const struct node *part, const struct cfg_section *s)
{
    const struct node *properties = member(part, "properties"),
                      *closed = member(part, "additionalProperties");

    cr_assert(properties && closed && strcmp(closed->text, "false") == 0, "%s: not closed to unknown keys",
              s->what);
    for (size_t i = 0; i < s->nkeys; i++) {
        const struct node *property = member(properties, s->keys[i].name);

        cr_assert(property, "%s: \"%s\" is not in the schema", s->what, s->keys[i].name);
        cr_expect_eq(requires(part, s->keys[i].name), s->keys[i].required, "%s: is \"%s\" required?", s->what,
                     s->keys[i].name);
        compare_key(schema, property, &s->keys[i]);
    }
    cr_expect_eq(properties->count, s->nkeys, "%s: the schema has keys that lacon lacks", s->what);
}

Test(config_docs, the_schema_has_the_keys_of_the_tables)
{
    struct arena mem = {.left = 16u << 20, .short_of_memory = &short_of_memory};
    char *text = file_text(SCHEMA);
    struct cfg_errors errs = {0};
    struct complaints complaints = {.out = &errs};
    struct tree_parser parser;
    const struct node *schema;

    if (setjmp(short_of_memory))
        cr_assert_fail("the schema is too large");
    schema = tree_load(&parser, text, strlen(text), &mem, &complaints);
    cr_assert(schema && errs.n == 0, "%s", errs.n ? errs.e[0].message : "not read");
    compare_section(schema, schema, &cfg_top);
    tree_close(&parser);
    arena_free(&mem);
    free(text);
}

/* ---- example and README ---- */

/* Calls fn for each key of a section, and of those below. */
static void each_key(const struct cfg_section *s, void (*fn)(const char *text, const struct cfg_key *k),
                     const char *text)
{
    for (size_t i = 0; i < s->nkeys; i++) {
        const struct cfg_key *k = &s->keys[i];
        const struct cfg_section *below = k->item ? k->item->section : k->section;

        fn(text, k);
        if (below)
            each_key(below, fn, text);
    }
}

static void is_in_example(const char *text, const struct cfg_key *k)
{
    char plain[128], quoted[128];

    snprintf(plain, sizeof plain, "%s:%s%s", k->name, k->initial ? " " : "", k->initial ? k->initial : "");
    snprintf(quoted, sizeof quoted, "%s: \"%s\"", k->name, k->initial ? k->initial : "");
    cr_expect(strstr(text, plain) || strstr(text, quoted), "example.yaml has no %s", plain);
}

static void is_in_readme(const char *text, const struct cfg_key *k)
{
    char row[128];

    snprintf(row, sizeof row, "\n| `%s` |%s%s%s", k->name, k->initial ? " `" : "",
             k->initial ? k->initial : "", k->initial ? "` |" : "");
    cr_expect(strstr(text, row), "README.md has no row%s", row);
}

Test(config_docs, the_example_has_every_key_with_its_default)
{
    char *text = file_text(EXAMPLE);

    each_key(&cfg_top, is_in_example, text);
    free(text);
}

Test(config_docs, the_reference_has_every_key_with_its_default)
{
    char *text = file_text(README);

    each_key(&cfg_top, is_in_readme, text);
    free(text);
}

Test(config_docs, the_example_is_accepted)
{
    struct cfg_errors errs;
    struct config *c = config_load(EXAMPLE, &errs);

    cr_assert(c, "%u:%u: %s", errs.e[0].line, errs.e[0].column, errs.e[0].message);
    config_free(c);
    cfg_errors_free(&errs);
}

/* Each example of a feature is good, and the README's table of features leads to it. */
Test(config_docs, the_examples_are_accepted_and_linked)
{
    DIR *dir = opendir(EXAMPLES);
    char *readme = file_text(LACON_SOURCE "/README.md");
    unsigned n = 0;

    cr_assert(dir);
    for (const struct dirent *d; (d = readdir(dir));) {
        struct cfg_errors errs;
        struct config *c;
        char path[512], link[300];

        if (!strstr(d->d_name, ".yaml"))
            continue;
        snprintf(path, sizeof path, "%s/%s", EXAMPLES, d->d_name);
        snprintf(link, sizeof link, "(config/examples/%s)", d->d_name);
        c = config_load(path, &errs);
        cr_expect(c, "%s:%u:%u: %s", d->d_name, errs.n ? errs.e[0].line : 0, errs.n ? errs.e[0].column : 0,
                  errs.n ? errs.e[0].message : "");
        cr_expect(strstr(readme, link), "README.md has no link to %s", d->d_name);
        config_free(c);
        cfg_errors_free(&errs);
        n++;
    }
    cr_expect_gt(n, 0);
    closedir(dir);
    free(readme);
}

/* ---- kept inputs ---- */

Test(config_docs, kept_inputs_are_judged_as_they_are_named)
{
    DIR *dir = opendir(CORPUS);
    unsigned good = 0, bad = 0;

    cr_assert(dir);
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        bool wanted = strncmp(e->d_name, "good-", 5) == 0;
        struct cfg_errors errs;
        struct config *c;
        char path[1024];

        if (!strchr(e->d_name, '-'))
            continue; /* what the fuzzer found has no say in its name */
        snprintf(path, sizeof path, "%s/%s", CORPUS, e->d_name);
        c = config_load(path, &errs);
        cr_expect_eq(c != NULL, wanted, "%s: %s", e->d_name, errs.n ? errs.e[0].message : "accepted");
        *(wanted ? &good : &bad) += 1;
        config_free(c);
        cfg_errors_free(&errs);
    }
    closedir(dir);
    cr_expect(good > 0 && bad > 0);
}
