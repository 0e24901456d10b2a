/* Kinds of plain values: numbers, durations, sizes, words, text, names of other things. See keys.h. */
#include "config/kinds.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/scalar.h"

static void store(const struct cfg_key *k, void *obj, uint64_t v)
{
    void *field = key_field(k, obj);

    if (k->width == sizeof(uint16_t))
        *(uint16_t *)field = (uint16_t)v;
    else if (k->width == sizeof(uint32_t))
        *(uint32_t *)field = (uint32_t)v;
    else
        *(uint64_t *)field = v;
}

static uint64_t load(const struct cfg_key *k, const void *obj)
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
    store(k, obj, n);
    return true;
}

static void print_uint(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    (void)c;
    fprintf(f, "%llu", (unsigned long long)load(k, obj));
}

static bool uint_present(const struct cfg_key *k, const void *obj)
{
    return load(k, obj) != 0;
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
    store(k, obj, percent);
    return true;
}

static void print_percent(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    (void)c;
    fprintf(f, "%llu%%", (unsigned long long)load(k, obj));
}

static bool read_mtu(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    uint64_t n;
    bool number = v->kind == NODE_SCALAR && !v->quoted && scalar_uint(v->text, &n);

    if (!number || (n != 0 && (n < k->min || n > k->max)))
        return must_be(r, k, v, "a whole number from %llu to %llu, or 0 for what the device has",
                       (unsigned long long)k->min, (unsigned long long)k->max);
    store(k, obj, n);
    return true;
}

static bool read_duration(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    char min[SCALAR_STRLEN], max[SCALAR_STRLEN];
    uint64_t n;

    if (v->kind != NODE_SCALAR || !scalar_duration(v->text, &n) || n < k->min || n > k->max)
        return must_be(r, k, v, "a duration from %s to %s (units: ms, s, m, h)",
                       scalar_duration_str(k->min, min), scalar_duration_str(k->max, max));
    store(k, obj, n);
    return true;
}

static void print_duration(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    char buf[SCALAR_STRLEN];

    (void)c;
    fputs(scalar_duration_str(load(k, obj), buf), f);
}

static bool read_size(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    char min[SCALAR_STRLEN], max[SCALAR_STRLEN];
    uint64_t n;

    if (v->kind != NODE_SCALAR || !scalar_size(v->text, &n) || n < k->min || n > k->max)
        return must_be(r, k, v, "a size from %s to %s (units: KiB, MiB, GiB, or none for bytes)",
                       scalar_size_str(k->min, min), scalar_size_str(k->max, max));
    store(k, obj, n);
    return true;
}

static void print_size(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    char buf[SCALAR_STRLEN];

    (void)c;
    fputs(scalar_size_str(load(k, obj), buf), f);
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

static bool read_word(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    char list[256] = "";

    for (uint32_t i = 0; k->words[i]; i++) {
        size_t n = strlen(list);

        if (!*k->words[i])
            continue; /* kind_word_or_none's first */
        if (v->kind == NODE_SCALAR && strcmp(word_of(v), k->words[i]) == 0) {
            store(k, obj, i);
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

/* A word, or a number from min to max. */
static bool read_retry_on(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    uint64_t n;

    if (v->kind != NODE_SCALAR || v->quoted || !scalar_uint(v->text, &n))
        return read_word(r, k, v, obj);
    if (n < k->min || n > k->max)
        return must_be(r, k, v, "connect_failure, reset, timeout or a status from %llu to %llu",
                       (unsigned long long)k->min, (unsigned long long)k->max);
    store(k, obj, n);
    return true;
}

static void print_retry_on(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    uint64_t n = load(k, obj);

    (void)c;
    if (n >= k->min)
        fprintf(f, "%llu", (unsigned long long)n);
    else
        fputs(k->words[n], f);
}

static void print_word(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    (void)c;
    fputs(k->words[load(k, obj)], f);
}

static bool read_text(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
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

static void print_text(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
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
    store(k, obj, strtoul(digits, NULL, 8));
    return true;
}

static void print_mode(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    (void)c;
    fprintf(f, "\"%04llo\"", (unsigned long long)load(k, obj));
}

static bool read_match_path(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct cfg_match *m = obj;

    if (!read_text(r, k, v, obj))
        return false;
    m->kind = (enum cfg_match_path)k->which;
    return true;
}

static bool match_path_present(const struct cfg_key *k, const void *obj)
{
    const struct cfg_match *m = obj;

    return (unsigned)m->kind == k->which;
}

/* ---- hash keys: source, path, header:NAME, cookie:NAME, query:NAME ---- */

static const char *const hash_on[] = {[CFG_HASH_SOURCE] = "source",
                                      [CFG_HASH_PATH] = "path",
                                      [CFG_HASH_HEADER] = "header:",
                                      [CFG_HASH_COOKIE] = "cookie:",
                                      [CFG_HASH_QUERY] = "query:"};

/* Header fields and cookies are tokens (RFC 9110 section 5.1, RFC 6265 section 4.1.1); a parameter is
 * anything in a query but what ends it. */
static bool good_hash_name(enum cfg_hash_on on, const char *name)
{
    if (on != CFG_HASH_QUERY)
        return *name && !name[strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ")];
    for (const char *p = name; *p; p++)
        if (*p <= ' ' || *p == 0x7f || strchr("&=#?", *p))
            return false;
    return *name;
}

static bool read_hash_key(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct cfg_hash_key *key = key_field(k, obj);

    for (unsigned i = 0; v->kind == NODE_SCALAR && i < sizeof hash_on / sizeof *hash_on; i++) {
        size_t n = strlen(hash_on[i]);
        bool named = hash_on[i][n - 1] == ':';

        if (named ? strncmp(v->text, hash_on[i], n) == 0 && good_hash_name((enum cfg_hash_on)i, v->text + n)
                  : strcmp(v->text, hash_on[i]) == 0) {
            key->on = (enum cfg_hash_on)i;
            key->name = named ? arena_text(&r->keep, v->text + n, strlen(v->text + n)) : NULL;
            return true;
        }
    }
    return must_be(r, k, v, "source, path, header:NAME, cookie:NAME or query:NAME");
}

static void print_hash_key(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    const struct cfg_hash_key *key = key_value(k, obj);
    char text[1024];

    (void)c;
    snprintf(text, sizeof text, "%s%s", hash_on[key->on], key->name ? key->name : "");
    print_quoted(f, text);
}

static bool hash_key_present(const struct cfg_key *k, const void *obj)
{
    const struct cfg_cluster *cl = obj;

    (void)k;
    return cl->lb_policy == CFG_LB_RING_HASH || cl->lb_policy == CFG_LB_MAGLEV;
}

/* One of exact, present, regex: text, but for present, which is just true. */
static bool read_condition(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct cfg_condition *c = obj;
    bool truth = false;

    if (k->which != CFG_PRESENT) {
        if (!read_text(r, k, v, obj))
            return false;
    } else if (v->kind != NODE_SCALAR || v->quoted || !scalar_bool(v->text, &truth) || !truth) {
        return must_be(r, k, v, "true");
    }
    c->test = (enum cfg_test)k->which;
    return true;
}

static void print_condition(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    if (k->which == CFG_PRESENT)
        fputs("true", f);
    else
        print_text(f, c, k, obj);
}

static bool condition_present(const struct cfg_key *k, const void *obj)
{
    const struct cfg_condition *c = obj;

    return (unsigned)c->test == k->which;
}

/* ---- what a rule does: the last of these that is given; that it is the only one is seen to by `choice` ----
 */

static bool read_action(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    ((struct cfg_rule *)obj)->action = (enum cfg_action)k->which;
    if (k->which == CFG_REDIRECT && v->kind == NODE_MAP && v->count == 0) {
        complain(&r->errors, v->at, "redirect: needs scheme, hostname, port, path or prefix");
        return false;
    }
    return kind_section.read(r, k, v, obj);
}

static bool action_present(const struct cfg_key *k, const void *obj)
{
    return (unsigned)((const struct cfg_rule *)obj)->action == k->which;
}

static bool read_proxy_in(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    return kind_section.read(r, k, v, obj);
}

static bool proxy_in_present(const struct cfg_key *k, const void *obj)
{
    return ((const struct cfg_proxy_in *)key_value(k, obj))->nfrom > 0;
}

static bool read_deny(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    bool truth = false;

    if (v->kind != NODE_SCALAR || v->quoted || !scalar_bool(v->text, &truth) || !truth)
        return must_be(r, k, v, "true");
    ((struct cfg_rule *)obj)->action = CFG_DENY;
    return true;
}

static void print_deny(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    (void)c;
    (void)k;
    (void)obj;
    fputs("true", f);
}

static bool deny_present(const struct cfg_key *k, const void *obj)
{
    (void)k;
    return ((const struct cfg_rule *)obj)->action == CFG_DENY;
}

static bool read_split_key(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    return ((struct cfg_rule *)obj)->split_fixed = read_hash_key(r, k, v, obj);
}

static bool split_key_present(const struct cfg_key *k, const void *obj)
{
    (void)k;
    return ((const struct cfg_rule *)obj)->split_fixed;
}

static bool read_rate_key(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    return ((struct cfg_rate_limit *)obj)->keyed = read_hash_key(r, k, v, obj);
}

static bool rate_key_present(const struct cfg_key *k, const void *obj)
{
    (void)k;
    return ((const struct cfg_rate_limit *)obj)->keyed;
}

static bool read_check(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    return kind_section.read(r, k, v, obj);
}

static bool check_present(const struct cfg_key *k, const void *obj)
{
    const struct cfg_health_check *h = key_value(k, obj);

    return h->protocol != CFG_CHECK_NONE;
}

/* A status, or a range of them. */
static bool read_statuses(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    const char *text = v->kind == NODE_SCALAR ? v->text : "", *dash = strchr(text, '-');
    char first[8] = "";
    uint64_t lo = 0, hi = 0;

    snprintf(first, sizeof first, "%.*s", dash ? (int)(dash - text) : (int)strlen(text), text);
    if (!scalar_uint(first, &lo) || !scalar_uint(dash ? dash + 1 : text, &hi) || lo < k->min || hi > k->max ||
        lo > hi)
        return must_be(r, k, v, "a status from %llu to %llu, or a range of them, such as 200-299",
                       (unsigned long long)k->min, (unsigned long long)k->max);
    *(struct cfg_statuses *)key_field(k, obj) = (struct cfg_statuses){(uint16_t)lo, (uint16_t)hi};
    return true;
}

static void print_statuses(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    const struct cfg_statuses *s = key_value(k, obj);

    (void)c;
    if (s->lo == s->hi)
        fprintf(f, "%u", s->lo);
    else
        fprintf(f, "%u-%u", s->lo, s->hi);
}

/* The name of a cluster or a listener; the index follows when all names are known (names.c). */
static bool read_reference(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct reference *ref;

    if (v->kind != NODE_SCALAR)
        return must_be(r, k, v, "the name of a %s", k->kind == &kind_cluster ? "cluster" : "listener");
    ref = arena_alloc(&r->scratch, sizeof *ref);
    *ref = (struct reference){NULL, v, key_field(k, obj), k->kind == &kind_cluster};
    *ref->index = CFG_NONE;
    *r->last_reference = ref;
    r->last_reference = &ref->next;
    return true;
}

static void print_cluster(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    print_quoted(f, c->cluster[load(k, obj)].name);
}

static bool reference_present(const struct cfg_key *k, const void *obj)
{
    return load(k, obj) != CFG_NONE;
}

static void print_listener(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    print_quoted(f, c->listener[load(k, obj)].name);
}

const struct key_kind kind_uint = {read_uint, print_uint, NULL};
const struct key_kind kind_uint_or_none = {read_uint, print_uint, uint_present};
const struct key_kind kind_hash_key = {read_hash_key, print_hash_key, hash_key_present};
const struct key_kind kind_percent = {read_percent, print_percent, NULL};
const struct key_kind kind_action = {read_action, NULL, action_present};
const struct key_kind kind_proxy_in = {read_proxy_in, NULL, proxy_in_present};
const struct key_kind kind_deny = {read_deny, print_deny, deny_present};
const struct key_kind kind_split_key = {read_split_key, print_hash_key, split_key_present};
const struct key_kind kind_retry_on = {read_retry_on, print_retry_on, NULL};
const struct key_kind kind_rate_key = {read_rate_key, print_hash_key, rate_key_present};
const struct key_kind kind_word_or_none = {read_word, print_word, uint_present};
const struct key_kind kind_mtu = {read_mtu, print_uint, NULL};
const struct key_kind kind_duration = {read_duration, print_duration, NULL};
const struct key_kind kind_size = {read_size, print_size, NULL};
const struct key_kind kind_bool = {read_bool, print_bool, NULL};
const struct key_kind kind_word = {read_word, print_word, NULL};
const struct key_kind kind_text = {read_text, print_text, text_present};
const struct key_kind kind_output = {read_output, print_output, NULL};
const struct key_kind kind_mode = {read_mode, print_mode, NULL};
const struct key_kind kind_match_path = {read_match_path, print_text, match_path_present};
const struct key_kind kind_condition = {read_condition, print_condition, condition_present};
const struct key_kind kind_check = {read_check, NULL, check_present};
const struct key_kind kind_statuses = {read_statuses, print_statuses, NULL};
const struct key_kind kind_cluster = {read_reference, print_cluster, reference_present};
const struct key_kind kind_listener = {read_reference, print_listener, NULL};
