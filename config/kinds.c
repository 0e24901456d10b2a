/* Kinds of plain values: numbers, durations, sizes, words, text. See keys.h. */
#include "config/kinds.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/scalar.h"

void key_store(const struct cfg_key *k, void *obj, uint64_t v)
{
    void *field = key_field(k, obj);

    if (k->width == sizeof(uint16_t))
        *(uint16_t *)field = (uint16_t)v;
    else if (k->width == sizeof(uint32_t))
        *(uint32_t *)field = (uint32_t)v;
    else
        *(uint64_t *)field = v;
}

uint64_t key_load(const struct cfg_key *k, const void *obj)
{
    const void *field = key_value(k, obj);

    if (k->width == sizeof(uint16_t))
        return *(const uint16_t *)field;
    if (k->width == sizeof(uint32_t))
        return *(const uint32_t *)field;
    return *(const uint64_t *)field;
}

static bool read_uint(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    uint64_t n;

    if (v->kind != NODE_SCALAR || v->quoted || !scalar_uint(v->text, &n) || n < k->min || n > k->max)
        return must_be(r, k, v, "a whole number from %llu to %llu%s", (unsigned long long)k->min,
                       (unsigned long long)k->max, v->quoted ? ", without quotes" : "");
    key_store(k, obj, n);
    return true;
}

static void print_uint(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    (void)c;
    fprintf(f, "%llu", (unsigned long long)key_load(k, obj));
}

static bool uint_present(const struct cfg_key *k, const void *obj)
{
    return key_load(k, obj) != 0;
}

static bool read_percent(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    size_t n = v->kind == NODE_SCALAR ? strlen(v->text) : 0;
    char digits[4];
    uint64_t percent;

    if (n < 2 || n > sizeof digits || v->text[n - 1] != '%')
        return must_be(r, k, v, "a percentage from 0%% to %llu%%", (unsigned long long)k->max);
    memcpy(digits, v->text, n - 1);
    digits[n - 1] = 0;
    if (!scalar_uint(digits, &percent) || percent > k->max)
        return must_be(r, k, v, "a percentage from 0%% to %llu%%", (unsigned long long)k->max);
    key_store(k, obj, percent);
    return true;
}

static void print_percent(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    (void)c;
    fprintf(f, "%llu%%", (unsigned long long)key_load(k, obj));
}

static bool read_mtu(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    uint64_t n;
    bool number = v->kind == NODE_SCALAR && !v->quoted && scalar_uint(v->text, &n);

    if (!number || (n != 0 && (n < k->min || n > k->max)))
        return must_be(r, k, v, "a whole number from %llu to %llu, or 0 for what the device has",
                       (unsigned long long)k->min, (unsigned long long)k->max);
    key_store(k, obj, n);
    return true;
}

static bool read_duration(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    char min[SCALAR_STRLEN], max[SCALAR_STRLEN];
    uint64_t n;

    if (v->kind != NODE_SCALAR || !scalar_duration(v->text, &n) || n < k->min || n > k->max)
        return must_be(r, k, v, "a duration from %s to %s (units: ms, s, m, h)",
                       scalar_duration_str(k->min, min), scalar_duration_str(k->max, max));
    key_store(k, obj, n);
    return true;
}

static void print_duration(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    char buf[SCALAR_STRLEN];

    (void)c;
    fputs(scalar_duration_str(key_load(k, obj), buf), f);
}

static bool read_size(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    char min[SCALAR_STRLEN], max[SCALAR_STRLEN];
    uint64_t n;

    if (v->kind != NODE_SCALAR || !scalar_size(v->text, &n) || n < k->min || n > k->max)
        return must_be(r, k, v, "a size from %s to %s (units: KiB, MiB, GiB, or none for bytes)",
                       scalar_size_str(k->min, min), scalar_size_str(k->max, max));
    key_store(k, obj, n);
    return true;
}

static void print_size(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    char buf[SCALAR_STRLEN];

    (void)c;
    fputs(scalar_size_str(key_load(k, obj), buf), f);
}

static bool read_bool(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    if (v->kind != NODE_SCALAR || v->quoted || !scalar_bool(v->text, key_field(k, obj)))
        return must_be(r, k, v, "true or false%s", v->quoted ? ", without quotes" : "");
    return true;
}

static void print_bool(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    (void)c;
    fputs(*(const bool *)key_value(k, obj) ? "true" : "false", f);
}

/* YAML 1.1 writes the truth values as on and off, too; a program that rewrites a file may turn one into the
 * other. So where "on" or "off" is a word of ours, true and false stand for them. */
static const char *word_of(const struct node *v)
{
    bool truth;

    return !v->quoted && scalar_bool(v->text, &truth) ? (truth ? "on" : "off") : v->text;
}

bool read_word(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    char list[256] = "";

    for (uint32_t i = 0; k->words[i]; i++) {
        size_t n = strlen(list);

        if (!*k->words[i])
            continue; /* kind_word_or_none's first */
        if (v->kind == NODE_SCALAR && strcmp(word_of(v), k->words[i]) == 0) {
            key_store(k, obj, i);
            return true;
        }
        snprintf(list + n, sizeof list - n, "%s%s",
                 !*list            ? ""
                 : k->words[i + 1] ? ", "
                                   : " or ",
                 k->words[i]);
    }
    return must_be(r, k, v, "%s", list);
}

static void print_word(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    (void)c;
    fputs(k->words[key_load(k, obj)], f);
}

bool read_text(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    const char *wanted = v->kind != NODE_SCALAR ? "text" : k->judge ? k->judge(v->text) : NULL;

    if (wanted)
        return must_be(r, k, v, "%s", wanted);
    *(char **)key_field(k, obj) = arena_text(&r->keep, v->text, strlen(v->text));
    return true;
}

/* May this text stand without quotes, whatever version of YAML the reader speaks? */
static bool is_plain(const char *s)
{
    static const char *const reserved[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};

    if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || *s == '/') ||
        s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-")])
        return false;
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (strcasecmp(s, reserved[i]) == 0)
            return false;
    }
    return true;
}

void print_quoted(FILE *f, const char *s)
{
    bool plain = is_plain(s);

    if (!plain)
        putc('"', f);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            putc('\\', f);
        putc(*s, f);
    }
    if (!plain)
        putc('"', f);
}

void print_text(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    (void)c;
    print_quoted(f, *(char *const *)key_value(k, obj));
}

static bool text_present(const struct cfg_key *k, const void *obj)
{
    return *(char *const *)key_value(k, obj) != NULL;
}

/* Where a log goes: text, or off, which is NULL. */
static bool read_output(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    if (v->kind == NODE_SCALAR && strcmp(word_of(v), "off") == 0) {
        *(char **)key_field(k, obj) = NULL;
        return true;
    }
    return read_text(r, k, v, obj);
}

static void print_output(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    if (text_present(k, obj))
        print_text(f, c, k, obj);
    else
        fputs("off", f);
}

/* File permissions: quoted, because to some readers of YAML a bare 0600 is the decimal number 600. */
static bool read_mode(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    const char *digits = v->kind == NODE_SCALAR ? v->text : "";
    size_t n = strlen(digits);

    if (n < 3 || n > 4 || digits[strspn(digits, "01234567")] || (n == 4 && *digits != '0') ||
        (!v->quoted && v->at.line > 0))
        return must_be(r, k, v, "permissions in octal and in quotes, such as \"0600\"");
    key_store(k, obj, strtoul(digits, NULL, 8));
    return true;
}

static void print_mode(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    (void)c;
    fprintf(f, "\"%04llo\"", (unsigned long long)key_load(k, obj));
}

const struct key_kind kind_uint = {read_uint, print_uint, NULL};
const struct key_kind kind_uint_or_none = {read_uint, print_uint, uint_present};
const struct key_kind kind_percent = {read_percent, print_percent, NULL};
const struct key_kind kind_word_or_none = {read_word, print_word, uint_present};
const struct key_kind kind_mtu = {read_mtu, print_uint, NULL};
const struct key_kind kind_duration = {read_duration, print_duration, NULL};
const struct key_kind kind_size = {read_size, print_size, NULL};
const struct key_kind kind_bool = {read_bool, print_bool, NULL};
const struct key_kind kind_word = {read_word, print_word, NULL};
const struct key_kind kind_text = {read_text, print_text, text_present};
const struct key_kind kind_output = {read_output, print_output, NULL};
const struct key_kind kind_mode = {read_mode, print_mode, NULL};
