/* routes: which requests go where. */
#include <string.h>

#include "config/sections/sections.h"

static const char *judge_method(const char *s)
{
    return *s && strlen(s) <= 32 && !s[strspn(s, TOKEN)] ? NULL : "a method, such as GET";
}

/* What stands before an equals sign in a query. */
static const char *judge_parameter(const char *s)
{
    static const char wanted[] = "the name of a query parameter as it is sent, such as page";

    for (const char *p = s; *p; p++) {
        if (*p <= ' ' || *p == 0x7f || strchr("&=#?", *p))
            return wanted;
    }
    return *s && strlen(s) <= 256 ? NULL : wanted;
}

static const char *judge_body(const char *s)
{
    return strlen(s) <= 8192 ? NULL : "at most 8192 bytes";
}

static const struct cfg_key path_keys[] = {
    {.name = "prefix",
     .kind = &kind_match_path,
     FIELD(struct cfg_match, path),
     .choice = true,
     .which = CFG_PATH_PREFIX,
     .judge = judge_match_path},
    {.name = "exact",
     .kind = &kind_match_path,
     FIELD(struct cfg_match, path),
     .choice = true,
     .which = CFG_PATH_EXACT,
     .judge = judge_match_path},
    {.name = "regex",
     .kind = &kind_match_path,
     FIELD(struct cfg_match, path),
     .choice = true,
     .which = CFG_PATH_REGEX,
     .judge = judge_regex},
};
static const struct cfg_section path_section = {"path", KEYS(path_keys), NULL};

#define CONDITION(which_, name_, judge_)                                                                     \
    {                                                                                                        \
        .name = name_, .kind = &kind_condition, FIELD(struct cfg_condition, value), .choice = true,          \
        .which = which_, .judge = judge_                                                                     \
    }
static const struct cfg_key header_condition_keys[] = {
    {.name = "name",
     .kind = &kind_text,
     FIELD(struct cfg_condition, name),
     .required = true,
     .judge = judge_field_name},
    CONDITION(CFG_EXACT, "exact", judge_value),
    CONDITION(CFG_PRESENT, "present", NULL),
    CONDITION(CFG_REGEX, "regex", judge_regex),
};
static const struct cfg_key query_condition_keys[] = {
    {.name = "name",
     .kind = &kind_text,
     FIELD(struct cfg_condition, name),
     .required = true,
     .judge = judge_parameter},
    CONDITION(CFG_EXACT, "exact", judge_value),
    CONDITION(CFG_PRESENT, "present", NULL),
    CONDITION(CFG_REGEX, "regex", judge_regex),
};
static const struct cfg_section header_section = {"a header condition", KEYS(header_condition_keys), NULL};
static const struct cfg_section query_section = {"a query condition", KEYS(query_condition_keys), NULL};
static const struct cfg_key header_item = {
    .name = "headers", SECTION(header_section), ITEM(struct cfg_condition)};
static const struct cfg_key query_item = {
    .name = "query", SECTION(query_section), ITEM(struct cfg_condition)};
static const char *judge_alpn(const char *s)
{
    size_t n = strlen(s);

    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] == 0x7f)
            return "a protocol as TLS clients offer it, such as h2 or http/1.1";
    return n >= 1 && n <= 254 ? NULL : "a protocol of 1 to 254 bytes, such as h2 or http/1.1";
}

static const struct cfg_key alpn_item = {
    .name = "alpn", .kind = &kind_text, ITEM(char *), .judge = judge_alpn};
static const struct cfg_key source_item = {.name = "source", .kind = &kind_network, ITEM(struct cfg_prefix)};

/* Without a path every one. */
static void finish_match(struct reading *r, void *obj)
{
    struct cfg_match *m = obj;

    if (!m->path)
        m->path = arena_text(&r->keep, "/", 1);
}

static const struct cfg_key match_keys[] = {
    {.name = "path", SECTION(path_section)},
    {.name = "method", .kind = &kind_text, FIELD(struct cfg_match, method), .judge = judge_method},
    {.name = "alpn", LIST(struct cfg_match, alpn, nalpn, alpn_item), .min = 1, .max = 16},
    {.name = "headers", LIST(struct cfg_match, header, nheader, header_item), .min = 1, .max = 16},
    {.name = "query", LIST(struct cfg_match, query, nquery, query_item), .min = 1, .max = 16},
    {.name = "source", LIST(struct cfg_match, source, nsource, source_item), .min = 1, .max = 1024},
};
static const struct cfg_section match_section = {"a match", KEYS(match_keys), finish_match};
static const struct cfg_key match_item = {.name = "matches", SECTION(match_section), ITEM(struct cfg_match)};

static const char *judge_content_type(const char *s)
{
    size_t n = strspn(s, TOKEN "/; =\"");

    return n >= 3 && n <= 128 && !s[n] && strchr(s, '/') ? NULL : "a media type, such as text/html";
}

static const struct cfg_key split_keys[] = {
    {.name = "name", .kind = &kind_cluster, FIELD(struct cfg_split, cluster), .required = true},
    {.name = "weight", .kind = &kind_uint, FIELD(struct cfg_split, weight), .initial = "1", .max = 1000000},
};
static const struct cfg_section split_section = {"a cluster of a rule", KEYS(split_keys), NULL};
static const struct cfg_key split_item = {.name = "clusters", SECTION(split_section), ITEM(struct cfg_split)};

static const char *const scheme_words[] = {"", "http", "https", NULL};

static const struct cfg_key redirect_keys[] = {
    {.name = "scheme", .kind = &kind_word_or_none, FIELD(struct cfg_redirect, scheme), .words = scheme_words},
    {.name = "hostname", .kind = &kind_plain_host, FIELD(struct cfg_redirect, hostname)},
    {.name = "port", .kind = &kind_uint_or_none, FIELD(struct cfg_redirect, port), .min = 1, .max = 65535},
    {.name = "path", .kind = &kind_text, FIELD(struct cfg_redirect, path), .judge = judge_match_path},
    {.name = "prefix",
     .kind = &kind_text,
     FIELD(struct cfg_redirect, prefix),
     .judge = judge_prefix_replacement},
    {.name = "status",
     .kind = &kind_uint,
     FIELD(struct cfg_redirect, status),
     .initial = "302",
     .min = 301,
     .max = 308},
};
static const struct cfg_section redirect_section = {"redirect", KEYS(redirect_keys), NULL};

static const struct cfg_key reply_keys[] = {
    {.name = "status",
     .kind = &kind_uint,
     FIELD(struct cfg_reply, status),
     .initial = "200",
     .min = 200,
     .max = 599},
    {.name = "body", .kind = &kind_text, FIELD(struct cfg_reply, body), .judge = judge_body},
    {.name = "content_type",
     .kind = &kind_text,
     FIELD(struct cfg_reply, content_type),
     .initial = "text/plain",
     .judge = judge_content_type},
};
static const struct cfg_section reply_section = {"reply", KEYS(reply_keys), NULL};

static const struct cfg_key rewrite_keys[] = {
    {.name = "hostname", .kind = &kind_plain_host, FIELD(struct cfg_rewrite, hostname)},
    {.name = "path", .kind = &kind_text, FIELD(struct cfg_rewrite, path), .judge = judge_match_path},
    {.name = "prefix",
     .kind = &kind_text,
     FIELD(struct cfg_rewrite, prefix),
     .judge = judge_prefix_replacement},
};
static const struct cfg_section rewrite_section = {"rewrite", KEYS(rewrite_keys), NULL};

static bool rewrite_present(const struct cfg_key *k, const void *obj)
{
    const struct cfg_rewrite *w = key_value(k, obj);

    return w->hostname || w->path || w->prefix;
}

static bool read_rewrite(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    if (v->kind == NODE_MAP && v->count == 0) {
        complain(&r->errors, v->at, "rewrite: needs hostname, path or prefix");
        return false;
    }
    return kind_section.read(r, k, v, obj);
}

static const struct key_kind kind_rewrite = {read_rewrite, NULL, rewrite_present};

/* Without matches a rule takes every path. */
static bool mirror_present(const struct cfg_key *k, const void *obj)
{
    return ((const struct cfg_mirror *)key_value(k, obj))->percent > 0;
}

/* A mirror that is given takes all, unless it says otherwise. */
static bool read_mirror(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct cfg_mirror *m = key_field(k, obj);
    bool good = kind_section.read(r, k, v, obj);

    m->percent = m->percent ? m->percent : 100;
    return good;
}

static const struct key_kind kind_mirror = {read_mirror, NULL, mirror_present};

static const struct cfg_key mirror_keys[] = {
    {.name = "cluster", .kind = &kind_cluster, FIELD(struct cfg_mirror, cluster), .required = true},
    {.name = "percent", .kind = &kind_uint, FIELD(struct cfg_mirror, percent), .min = 1, .max = 100},
};
static const struct cfg_section mirror_section = {"mirror", KEYS(mirror_keys), NULL};

static void finish_rule(struct reading *r, void *obj)
{
    struct cfg_rule *rule = obj;

    if (!place_of(r, &rule->cluster))
        rule->cluster = CFG_NONE; /* not the first cluster */
    if (rule->nmatch > 0)
        return;
    rule->match = arena_alloc(&r->keep, sizeof *rule->match);
    rule->match->kind = CFG_PATH_PREFIX;
    rule->match->path = arena_text(&r->keep, "/", 1);
    rule->nmatch = 1;
}

static const struct cfg_key rule_keys[] = {
    {.name = "matches", LIST(struct cfg_rule, match, nmatch, match_item), .min = 1, .max = 1024},
    {.name = "cluster", .kind = &kind_cluster, FIELD(struct cfg_rule, cluster), .choice = true},
    {.name = "clusters",
     LIST(struct cfg_rule, split, nsplit, split_item),
     .choice = true,
     .min = 1,
     .max = 64},
    {.name = "split_key", .kind = &kind_split_key, FIELD(struct cfg_rule, split_key)},
    {.name = "mirror", .kind = &kind_mirror, .section = &mirror_section, FIELD(struct cfg_rule, mirror)},
    {.name = "redirect",
     .kind = &kind_action,
     .section = &redirect_section,
     FIELD(struct cfg_rule, redirect),
     .choice = true,
     .which = CFG_REDIRECT},
    {.name = "reply",
     .kind = &kind_action,
     .section = &reply_section,
     FIELD(struct cfg_rule, reply),
     .choice = true,
     .which = CFG_REPLY},
    {.name = "deny", .kind = &kind_deny, FIELD(struct cfg_rule, action), .choice = true},
    {.name = "request_timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_rule, request_timeout_ns),
     .initial = "0ms",
     .max = 24 * HOUR},
    {.name = "response_timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_rule, response_timeout_ns),
     .initial = "0ms",
     .max = 24 * HOUR},
    {.name = "rate_limits",
     LIST(struct cfg_rule, rate_limit, nrate_limit, rate_limit_item),
     .min = 1,
     .max = 8},
    {.name = "rewrite", .kind = &kind_rewrite, .section = &rewrite_section, FIELD(struct cfg_rule, rewrite)},
    FIELD_EDITS(struct cfg_rule),
};
static const struct cfg_section rule_section = {"a rule", KEYS(rule_keys), finish_rule};
static const struct cfg_key rule_item = {.name = "rules", SECTION(rule_section), ITEM(struct cfg_rule)};

static const struct cfg_key route_listener_item = {
    .name = "listeners", .kind = &kind_listener, ITEM(uint32_t)};
static const struct cfg_key host_item = {.name = "hostnames", .kind = &kind_host, ITEM(char *)};

static const struct cfg_key route_keys[] = {
    {.name = "name",
     .kind = &kind_text,
     FIELD(struct cfg_route, name),
     .required = true,
     .judge = judge_name},
    {.name = "listeners",
     LIST(struct cfg_route, listener, nlistener, route_listener_item),
     .min = 1,
     .max = 256},
    {.name = "hostnames", LIST(struct cfg_route, host, nhost, host_item), .min = 1, .max = 256},
    {.name = "rules",
     LIST(struct cfg_route, rule, nrule, rule_item),
     .required = true,
     .min = 1,
     .max = 4096},
};
static const struct cfg_section route_section = {"a route", KEYS(route_keys), NULL};
const struct cfg_key route_item = {.name = "routes", SECTION(route_section), ITEM(struct cfg_route)};
