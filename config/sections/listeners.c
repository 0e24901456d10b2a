/* listeners: where clients connect. */
#include "config/sections/sections.h"

static const char *const protocol_words[] = {"http", "tcp", "tls", NULL};

static const char *const client_address_words[] = {"x_forwarded_for", "forwarded", NULL};
static const char *const forward_words[] = {"off", "append", "replace", NULL};

static const struct cfg_key proxy_item = {
    .name = "trusted_proxies", .kind = &kind_network, ITEM(struct cfg_prefix)};

#define FORWARD(field, usual)                                                                                \
    {                                                                                                        \
        .name = #field, .kind = &kind_word, FIELD(struct cfg_listener, field), .initial = usual,             \
        .words = forward_words                                                                               \
    }
static const struct cfg_key allow_item = {.name = "allow", .kind = &kind_network, ITEM(struct cfg_prefix)};
static const struct cfg_key deny_item = {.name = "deny", .kind = &kind_network, ITEM(struct cfg_prefix)};

static const char *const accept_words[] = {"", "v1", "v2", "any", NULL};

static const struct cfg_key from_item = {.name = "from", .kind = &kind_network, ITEM(struct cfg_prefix)};

static const struct cfg_key proxy_keys[] = {
    {.name = "accept",
     .kind = &kind_word_or_none,
     FIELD(struct cfg_proxy_in, accept),
     .initial = "any",
     .words = accept_words},
    {.name = "from",
     LIST(struct cfg_proxy_in, from, nfrom, from_item),
     .required = true,
     .min = 1,
     .max = 64},
};
static const struct cfg_section proxy_section = {"proxy_protocol", KEYS(proxy_keys), NULL};

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
    {.name = "request_timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_listener, request_timeout_ns),
     .initial = "0ms",
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
    {.name = "trusted_proxies",
     LIST(struct cfg_listener, trusted_proxy, ntrusted_proxy, proxy_item),
     .min = 1,
     .max = 256},
    {.name = "client_address",
     .kind = &kind_word,
     FIELD(struct cfg_listener, client_address),
     .initial = "x_forwarded_for",
     .words = client_address_words},
    FORWARD(x_forwarded_for, "append"),
    FORWARD(x_forwarded_proto, "replace"),
    FORWARD(x_forwarded_host, "off"),
    FORWARD(x_forwarded_port, "off"),
    FORWARD(forwarded, "off"),
    FORWARD(x_request_id, "off"),
    FORWARD(traceparent, "off"),
    FIELD_EDITS(struct cfg_listener),
    {.name = "proxy_protocol",
     .kind = &kind_proxy_in,
     .section = &proxy_section,
     FIELD(struct cfg_listener, proxy)},
    {.name = "allow", LIST(struct cfg_listener, allow, nallow, allow_item), .min = 1, .max = 4096},
    {.name = "allow_file", .kind = &kind_text, FIELD(struct cfg_listener, allow_file), .judge = judge_file},
    {.name = "deny", LIST(struct cfg_listener, deny, ndeny, deny_item), .min = 1, .max = 4096},
    {.name = "deny_file", .kind = &kind_text, FIELD(struct cfg_listener, deny_file), .judge = judge_file},
    {.name = "client_connections",
     .kind = &kind_uint,
     FIELD(struct cfg_listener, client_connections),
     .initial = "0",
     .max = 16777216},
    {.name = "client_requests",
     .kind = &kind_uint,
     FIELD(struct cfg_listener, client_requests),
     .initial = "0",
     .max = 16777216},
    {.name = "rate_limits",
     LIST(struct cfg_listener, rate_limit, nrate_limit, rate_limit_item),
     .min = 1,
     .max = 8},
};

/* Not zero, which would be the first cluster. */
static void finish_listener(struct reading *r, void *obj)
{
    struct cfg_listener *l = obj;

    if (!place_of(r, &l->cluster))
        l->cluster = CFG_NONE;
}

static const struct cfg_section listener_section = {"a listener", KEYS(listener_keys), finish_listener};
const struct cfg_key listener_item = {
    .name = "listeners", SECTION(listener_section), ITEM(struct cfg_listener)};
