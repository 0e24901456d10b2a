/* The tables: every key of the file, with its place in config.h's structs, its default and its limits. What
 * the keys mean is told in README.md and example.yaml. Constant; any thread. */
#include <string.h>
#include <sys/un.h>

#include "agent/base/regex.h"
#include "config/kinds.h"

#define FIELD(type, field) .offset = offsetof(type, field), .width = sizeof(((type *)0)->field)
#define ITEM(type)         .is_item = true, .width = sizeof(type)
/* A list: the pointer's field, the count's field, and what its items are. */
#define LIST(type, field, count, of)                                                                         \
    .kind = &kind_list, FIELD(type, field), .count_offset = offsetof(type, count), .item = &(of)
#define SECTION(s) .kind = &kind_section, .section = &(s)
#define KEYS(k)    .nkeys = sizeof(k) / sizeof *(k), .keys = (k)

#define MS   1000000ull
#define HOUR (3600000ull * MS)
#define KIB  1024ull
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)

/* ---- what texts have to be ---- */

#define NAME_MAX_BYTES 63
#define PATH_MAX_BYTES 1024
#define FILE_MAX_BYTES 1024

static const char *judge_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    return n >= 1 && n <= NAME_MAX_BYTES && !s[n] ? NULL
                                                  : "a name of 1 to 63 letters, digits, or any of _ . -";
}

/* Dot segments and empty segments never arrive here from a client as such (HTTPRoute refuses them, too). */
static const char *judge_match_path(const char *s)
{
    size_t n = strlen(s);

    if (*s != '/' || n > PATH_MAX_BYTES)
        return "a path of at most 1024 bytes that begins with /";
    for (size_t i = 0; i < n; i++) {
        if (s[i] <= ' ' || s[i] == 0x7f || strchr("?#", s[i]))
            return "a path in plain ASCII without spaces, query (?) or fragment (#)";
    }
    if (strstr(s, "//") || strstr(s, "/./") || strstr(s, "/../") ||
        (n >= 2 && strcmp(s + n - 2, "/.") == 0) || (n >= 3 && strcmp(s + n - 3, "/..") == 0))
        return "a path without empty or dot segments (//, /./, /../)";
    return NULL;
}

#define TOKEN "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const char *judge_field_name(const char *s)
{
    return *s && strlen(s) <= 256 && !s[strspn(s, TOKEN)] ? NULL
                                                          : "the name of a header field, such as x-canary";
}

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

static const char *judge_value(const char *s)
{
    return strlen(s) <= 1024 ? NULL : "at most 1024 bytes";
}

static const char *judge_body(const char *s)
{
    return strlen(s) <= 8192 ? NULL : "at most 8192 bytes";
}

static const char *judge_regex(const char *s)
{
    static _Thread_local char wanted[REGEX_WHY + 80];
    char why[REGEX_WHY];
    uint32_t which;
    struct regex *regex = regex_make(&s, 1, &which, why);

    regex_free(regex);
    snprintf(wanted, sizeof wanted, "a regular expression that needs no backtracking (%s)", why);
    return regex ? NULL : wanted;
}

static const char *judge_file(const char *s)
{
    return *s == '/' && strlen(s) <= FILE_MAX_BYTES ? NULL : "an absolute path of at most 1024 bytes";
}

static const char *judge_access_log(const char *s)
{
    return strcmp(s, "-") == 0 || !judge_file(s) ? NULL
                                                 : "an absolute path, \"-\" for standard output, or off";
}

static const char *judge_socket(const char *s)
{
    _Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) == 108, "told to the user");
    return *s == '/' && strlen(s) < 108 ? NULL : "an absolute path of at most 107 bytes";
}

static const char *judge_eal(const char *s)
{
    return *s == '-' && strlen(s) <= 255 ? NULL : "an argument of DPDK's EAL, such as \"--log-level=8\"";
}

/* ---- dpdk ---- */

static const char *const hugepages_words[] = {"auto", "off", "on", NULL};
static const char *const idle_words[] = {"adaptive", "poll", NULL};

static const struct cfg_key core_item = {
    .name = "cores", .kind = &kind_uint, ITEM(uint32_t), .min = 0, .max = 1023};
static const struct cfg_key eal_item = {.name = "eal", .kind = &kind_text, ITEM(char *), .judge = judge_eal};

static const struct cfg_key dpdk_keys[] = {
    {.name = "workers",
     .kind = &kind_uint,
     FIELD(struct cfg_dpdk, workers),
     .initial = "1",
     .min = 1,
     .max = CFG_MAX_WORKERS},
    {.name = "cores", LIST(struct cfg_dpdk, cores, ncores, core_item), .min = 1, .max = CFG_MAX_WORKERS},
    {.name = "memory",
     .kind = &kind_size,
     FIELD(struct cfg_dpdk, memory_bytes),
     .initial = "256MiB",
     .min = 64 * MIB,
     .max = 1024 * GIB},
    {.name = "hugepages",
     .kind = &kind_word,
     FIELD(struct cfg_dpdk, hugepages),
     .initial = "auto",
     .words = hugepages_words},
    {.name = "idle",
     .kind = &kind_word,
     FIELD(struct cfg_dpdk, idle),
     .initial = "adaptive",
     .words = idle_words},
    {.name = "connections",
     .kind = &kind_uint,
     FIELD(struct cfg_dpdk, connections),
     .initial = "65536",
     .min = 64,
     .max = 16777216},
    {.name = "buffers",
     .kind = &kind_size,
     FIELD(struct cfg_dpdk, buffers_bytes),
     .initial = "64MiB",
     .min = MIB,
     .max = 64 * GIB},
    {.name = "syn_ring",
     .kind = &kind_uint,
     FIELD(struct cfg_dpdk, syn_ring),
     .initial = "8192",
     .min = 16,
     .max = 1048576},
    {.name = "local_ports",
     .kind = &kind_ports,
     FIELD(struct cfg_dpdk, port_lo),
     .initial = "10000-60999",
     .min = 1024,
     .max = 65535},
    {.name = "eal", LIST(struct cfg_dpdk, eal_args, neal_args, eal_item), .min = 1, .max = 32},
};
static const struct cfg_section dpdk_section = {"dpdk", KEYS(dpdk_keys), NULL};

/* ---- interfaces ---- */

static const struct cfg_key address_item = {
    .name = "addresses", .kind = &kind_prefix, ITEM(struct cfg_prefix)};

static const struct cfg_key interface_keys[] = {
    {.name = "name",
     .kind = &kind_text,
     FIELD(struct cfg_interface, name),
     .required = true,
     .judge = judge_name},
    {.name = "device",
     .kind = &kind_target,
     FIELD(struct cfg_interface, target),
     .choice = true,
     .which = CFG_IF_DEVICE},
    {.name = "pci",
     .kind = &kind_target,
     FIELD(struct cfg_interface, target),
     .choice = true,
     .which = CFG_IF_PCI},
    {.name = "memif",
     .kind = &kind_target,
     FIELD(struct cfg_interface, target),
     .choice = true,
     .which = CFG_IF_MEMIF},
    {.name = "vdev",
     .kind = &kind_target,
     FIELD(struct cfg_interface, target),
     .choice = true,
     .which = CFG_IF_VDEV},
    {.name = "addresses",
     LIST(struct cfg_interface, addr, naddr, address_item),
     .required = true,
     .min = 1,
     .max = 16},
    {.name = "gateway", .kind = &kind_gateway, FIELD(struct cfg_interface, gateway4), .which = 4},
    {.name = "gateway6", .kind = &kind_gateway, FIELD(struct cfg_interface, gateway6), .which = 6},
    {.name = "vlan", .kind = &kind_uint, FIELD(struct cfg_interface, vlan), .initial = "0", .max = 4094},
    {.name = "mtu",
     .kind = &kind_mtu,
     FIELD(struct cfg_interface, mtu),
     .initial = "0",
     .min = 576,
     .max = 9000},
    {.name = "driver", .kind = &kind_driver, FIELD(struct cfg_interface, af_packet), .initial = "auto"},
};
static const struct cfg_section interface_section = {"an interface", KEYS(interface_keys), NULL};
static const struct cfg_key interface_item = {
    .name = "interfaces", SECTION(interface_section), ITEM(struct cfg_interface)};

/* ---- listeners ---- */

static const char *const protocol_words[] = {"http", "tcp", "tls", NULL};

static const struct cfg_key listener_keys[] = {
    {.name = "name",
     .kind = &kind_text,
     FIELD(struct cfg_listener, name),
     .required = true,
     .judge = judge_name},
    {.name = "address", .kind = &kind_listen, FIELD(struct cfg_listener, at), .required = true},
    {.name = "protocol",
     .kind = &kind_word,
     FIELD(struct cfg_listener, protocol),
     .initial = "http",
     .words = protocol_words},
    {.name = "cluster", .kind = &kind_cluster, FIELD(struct cfg_listener, cluster)},
    {.name = "head_limit",
     .kind = &kind_size,
     FIELD(struct cfg_listener, head_limit),
     .initial = "32KiB",
     .min = KIB,
     .max = 60 * KIB},
    {.name = "max_body",
     .kind = &kind_size,
     FIELD(struct cfg_listener, max_body),
     .initial = "0",
     .min = 0,
     .max = 1048576 * GIB},
    {.name = "max_rate",
     .kind = &kind_size,
     FIELD(struct cfg_listener, max_rate),
     .initial = "1GiB",
     .min = 0,
     .max = 1024 * GIB},
    {.name = "head_timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_listener, head_timeout_ns),
     .initial = "10s",
     .min = MS,
     .max = 24 * HOUR},
    {.name = "idle_timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_listener, idle_timeout_ns),
     .initial = "60s",
     .min = MS,
     .max = 24 * HOUR},
    {.name = "stall_timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_listener, stall_timeout_ns),
     .initial = "60s",
     .min = MS,
     .max = 24 * HOUR},
    {.name = "tunnel_timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_listener, tunnel_timeout_ns),
     .initial = "1h",
     .min = MS,
     .max = 24 * HOUR},
    {.name = "min_request_rate",
     .kind = &kind_size,
     FIELD(struct cfg_listener, min_request_rate),
     .initial = "240",
     .min = 0,
     .max = GIB},
    {.name = "min_response_rate",
     .kind = &kind_size,
     FIELD(struct cfg_listener, min_response_rate),
     .initial = "240",
     .min = 0,
     .max = GIB},
    {.name = "rate_period",
     .kind = &kind_duration,
     FIELD(struct cfg_listener, rate_period_ns),
     .initial = "20s",
     .min = 100 * MS,
     .max = HOUR},
    {.name = "x_forwarded_for",
     .kind = &kind_bool,
     FIELD(struct cfg_listener, x_forwarded_for),
     .initial = "true"},
};

/* Not zero, which would be the first cluster. */
static void finish_listener(struct reading *r, void *obj)
{
    struct cfg_listener *l = obj;

    if (!place_of(r, &l->cluster))
        l->cluster = CFG_NONE;
}

static const struct cfg_section listener_section = {"a listener", KEYS(listener_keys), finish_listener};
static const struct cfg_key listener_item = {
    .name = "listeners", SECTION(listener_section), ITEM(struct cfg_listener)};

/* ---- routes ---- */

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
    {.name = "prefix", .kind = &kind_text, FIELD(struct cfg_redirect, prefix), .judge = judge_match_path},
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

/* Without matches a rule takes every path. */
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
static const struct cfg_key route_item = {.name = "routes", SECTION(route_section), ITEM(struct cfg_route)};

/* ---- clusters ---- */

static const struct cfg_key endpoint_keys[] = {
    {.name = "address", .kind = &kind_endpoint, FIELD(struct cfg_endpoint, at), .required = true},
    {.name = "weight", .kind = &kind_uint, FIELD(struct cfg_endpoint, weight), .initial = "1", .max = 1000},
    {.name = "priority",
     .kind = &kind_uint,
     FIELD(struct cfg_endpoint, priority),
     .initial = "0",
     .max = 127},
    {.name = "zone", .kind = &kind_text, FIELD(struct cfg_endpoint, zone), .judge = judge_name},
};
static const struct cfg_section endpoint_section = {"an endpoint", KEYS(endpoint_keys), NULL};
static const struct cfg_key endpoint_item = {
    .name = "endpoints", SECTION(endpoint_section), ITEM(struct cfg_endpoint)};

static const char *const lb_policy_words[] = {
#define X(id, name, hashes) #name,
    LB_POLICIES(X)
#undef X
        NULL};

static const struct cfg_key cluster_keys[] = {
    {.name = "name",
     .kind = &kind_text,
     FIELD(struct cfg_cluster, name),
     .required = true,
     .judge = judge_name},
    {.name = "lb_policy",
     .kind = &kind_word,
     FIELD(struct cfg_cluster, lb_policy),
     .initial = "round_robin",
     .words = lb_policy_words},
    {.name = "hash_key", .kind = &kind_hash_key, FIELD(struct cfg_cluster, hash_key), .initial = "source"},
    {.name = "ring_size",
     .kind = &kind_uint_or_none,
     FIELD(struct cfg_cluster, ring_size),
     .min = 1,
     .max = 8388608},
    {.name = "maglev_table",
     .kind = &kind_uint_or_none,
     FIELD(struct cfg_cluster, maglev_table),
     .min = 2,
     .max = 5000011},
    {.name = "slow_start",
     .kind = &kind_duration,
     FIELD(struct cfg_cluster, slow_start_ns),
     .initial = "0ms",
     .max = 24 * HOUR},
    {.name = "overprovisioning_factor",
     .kind = &kind_uint,
     FIELD(struct cfg_cluster, overprovisioning_factor),
     .initial = "140",
     .min = 100,
     .max = 10000},
    {.name = "prefer_zone", .kind = &kind_text, FIELD(struct cfg_cluster, prefer_zone), .judge = judge_name},
    {.name = "subset_size",
     .kind = &kind_uint_or_none,
     FIELD(struct cfg_cluster, subset_size),
     .min = 1,
     .max = 4096},
    {.name = "connect_timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_cluster, connect_timeout_ns),
     .initial = "1s",
     .min = MS,
     .max = 24 * HOUR},
    {.name = "response_timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_cluster, response_timeout_ns),
     .initial = "60s",
     .min = MS,
     .max = 24 * HOUR},
    {.name = "tries",
     .kind = &kind_uint,
     FIELD(struct cfg_cluster, tries),
     .initial = "3",
     .min = 1,
     .max = 10},
    {.name = "retry_buffer",
     .kind = &kind_size,
     FIELD(struct cfg_cluster, retry_buffer),
     .initial = "16KiB",
     .min = 0,
     .max = 60 * KIB},
    {.name = "pool_size",
     .kind = &kind_uint,
     FIELD(struct cfg_cluster, pool_size),
     .initial = "256",
     .min = 0,
     .max = 65536},
    {.name = "pool_idle_timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_cluster, pool_idle_ns),
     .initial = "60s",
     .min = MS,
     .max = 24 * HOUR},
    {.name = "endpoints",
     LIST(struct cfg_cluster, endpoint, nendpoint, endpoint_item),
     .required = true,
     .min = 1,
     .max = 4096},
};
static const struct cfg_section cluster_section = {"a cluster", KEYS(cluster_keys), NULL};
static const struct cfg_key cluster_item = {
    .name = "clusters", SECTION(cluster_section), ITEM(struct cfg_cluster)};

/* ---- limits ---- */

static const struct cfg_key trusted_item = {
    .name = "trusted", .kind = &kind_network, ITEM(struct cfg_prefix)};

static const struct cfg_key limits_keys[] = {
    {.name = "client_connections",
     .kind = &kind_percent,
     FIELD(struct cfg_limits, client_connections),
     .initial = "50%",
     .max = 100},
    {.name = "client_buffers",
     .kind = &kind_percent,
     FIELD(struct cfg_limits, client_buffers),
     .initial = "25%",
     .max = 100},
    {.name = "trusted", LIST(struct cfg_limits, trusted, ntrusted, trusted_item), .min = 1, .max = 64},
};
static const struct cfg_section limits_section = {"limits", KEYS(limits_keys), NULL};

/* ---- admin, logging ---- */

static const struct cfg_key admin_keys[] = {
    {.name = "socket",
     .kind = &kind_text,
     FIELD(struct cfg_admin, socket),
     .initial = "/run/lacon/admin.sock",
     .judge = judge_socket},
    {.name = "mode", .kind = &kind_mode, FIELD(struct cfg_admin, mode), .initial = "0600"},
    {.name = "drain_timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_admin, drain_timeout_ns),
     .initial = "10m",
     .min = MS,
     .max = 24 * HOUR},
};
static const struct cfg_section admin_section = {"admin", KEYS(admin_keys), NULL};

static const char *const level_words[] = {"error", "warning", "info", "debug", NULL};

static const struct cfg_key logging_keys[] = {
    {.name = "level",
     .kind = &kind_word,
     FIELD(struct cfg_logging, level),
     .initial = "info",
     .words = level_words},
    {.name = "access_log",
     .kind = &kind_output,
     FIELD(struct cfg_logging, access_log),
     .initial = "off",
     .judge = judge_access_log},
    {.name = "error_log", .kind = &kind_text, FIELD(struct cfg_logging, error_log), .judge = judge_file},
};
static const struct cfg_section logging_section = {"logging", KEYS(logging_keys), NULL};

/* ---- the file ---- */

static const struct cfg_key top_keys[] = {
    {.name = "dpdk", SECTION(dpdk_section), FIELD(struct config, dpdk)},
    {.name = "interfaces",
     LIST(struct config, interface, ninterface, interface_item),
     .required = true,
     .min = 1,
     .max = 16},
    {.name = "listeners",
     LIST(struct config, listener, nlistener, listener_item),
     .required = true,
     .min = 1,
     .max = 256},
    {.name = "routes",
     LIST(struct config, route, nroute, route_item),
     .required = true,
     .min = 1,
     .max = 65536},
    {.name = "clusters",
     LIST(struct config, cluster, ncluster, cluster_item),
     .required = true,
     .min = 1,
     .max = 65536},
    {.name = "limits", SECTION(limits_section), FIELD(struct config, limits)},
    {.name = "admin", SECTION(admin_section), FIELD(struct config, admin)},
    {.name = "logging", SECTION(logging_section), FIELD(struct config, logging)},
};
const struct cfg_section cfg_top = {"the configuration", KEYS(top_keys), NULL};
