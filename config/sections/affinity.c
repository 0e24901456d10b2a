/* affinity: what keeps a client's requests with one endpoint of a cluster. */
#include <string.h>
#include <strings.h>

#include "config/sections/sections.h"

static const char *judge_cookie_name(const char *s)
{
    return *s && strlen(s) <= 64 && !s[strspn(s, TOKEN)] ? NULL : "the name of a cookie, of at most 64 bytes";
}

static const char *judge_key(const char *s)
{
    size_t n = strlen(s);

    return n >= 16 && n <= 256 ? NULL : "text of 16 to 256 bytes that nobody can guess";
}

/* An attribute's value (RFC 6265 section 4.1.1): no control characters, no semicolon. */
static const char *judge_attribute(const char *s)
{
    for (const char *p = s; *p; p++) {
        if (*p <= ' ' || *p == 0x7f || *p == ';')
            return "text without spaces and semicolons";
    }
    return *s && strlen(s) <= 255 ? NULL : "text of at most 255 bytes";
}

static const char *judge_cookie_path(const char *s)
{
    return *s == '/' ? judge_attribute(s) : "a path that begins with /";
}

static const char *const same_site_words[] = {"", "lax", "strict", "none", NULL};

static const struct cfg_key cookie_keys[] = {
    {.name = "name",
     .kind = &kind_text,
     FIELD(struct cfg_cookie, name),
     .required = true,
     .judge = judge_cookie_name},
    {.name = "key", .kind = &kind_text, FIELD(struct cfg_cookie, key), .judge = judge_key},
    {.name = "path",
     .kind = &kind_text,
     FIELD(struct cfg_cookie, path),
     .initial = "/",
     .judge = judge_cookie_path},
    {.name = "domain", .kind = &kind_text, FIELD(struct cfg_cookie, domain), .judge = judge_attribute},
    {.name = "max_age",
     .kind = &kind_duration,
     FIELD(struct cfg_cookie, max_age_ns),
     .initial = "0ms",
     .max = 365 * 24 * HOUR},
    {.name = "secure", .kind = &kind_bool, FIELD(struct cfg_cookie, secure), .initial = "false"},
    {.name = "http_only", .kind = &kind_bool, FIELD(struct cfg_cookie, http_only), .initial = "true"},
    {.name = "same_site",
     .kind = &kind_word_or_none,
     FIELD(struct cfg_cookie, same_site),
     .words = same_site_words},
};
static const struct cfg_section cookie_section = {"cookie", KEYS(cookie_keys), NULL};

static bool read_cookie(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct cfg_cookie *c = key_field(k, obj);

    if (!kind_section.read(r, k, v, obj))
        return false;
    c->on = true;
    if (c->same_site == CFG_SAME_SITE_NONE && !c->secure)
        complain(&r->errors, v->at, "cookie: browsers take \"same_site: none\" with \"secure: true\" only");
    return true;
}

static bool cookie_present(const struct cfg_key *k, const void *obj)
{
    return ((const struct cfg_cookie *)key_value(k, obj))->on;
}

static const struct key_kind kind_cookie = {read_cookie, NULL, cookie_present};

static const struct cfg_key affinity_keys[] = {
    {.name = "cookie", .kind = &kind_cookie, .section = &cookie_section, FIELD(struct cfg_affinity, cookie)},
};
const struct cfg_section affinity_section = {"affinity", KEYS(affinity_keys), NULL};

static bool read_affinity(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    if (v->kind == NODE_MAP && v->count == 0) {
        complain(&r->errors, v->at, "affinity: needs \"cookie\"");
        return false;
    }
    return kind_section.read(r, k, v, obj);
}

static bool affinity_present(const struct cfg_key *k, const void *obj)
{
    return ((const struct cfg_affinity *)key_value(k, obj))->cookie.on;
}

const struct key_kind kind_affinity = {read_affinity, NULL, affinity_present};
