/* Kinds of what routes and rules say: matches, conditions, actions, and what requests are hashed by. See
 * keys.h. */
#include "config/kinds.h"

#include <string.h>

#include "config/scalar.h"

/* ---- matches ---- */

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

/* ---- conditions ---- */

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

const struct key_kind kind_match_path = {read_match_path, print_text, match_path_present};
const struct key_kind kind_condition = {read_condition, print_condition, condition_present};
const struct key_kind kind_hash_key = {read_hash_key, print_hash_key, hash_key_present};
const struct key_kind kind_split_key = {read_split_key, print_hash_key, split_key_present};
const struct key_kind kind_rate_key = {read_rate_key, print_hash_key, rate_key_present};
const struct key_kind kind_action = {read_action, NULL, action_present};
const struct key_kind kind_deny = {read_deny, print_deny, deny_present};
