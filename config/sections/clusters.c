/* clusters: named groups of endpoints, and how a request gets to one of them. */
#include <string.h>

#include "config/sections/sections.h"

static const struct cfg_key endpoint_keys[] = {
    {.name = "address", .kind = &kind_endpoint, FIELD(struct cfg_endpoint, at), .required = true},
    {.name = "weight", .kind = &kind_uint, FIELD(struct cfg_endpoint, weight), .initial = "1", .max = 1000},
    {.name = "priority",
     .kind = &kind_uint,
     FIELD(struct cfg_endpoint, priority),
     .initial = "0",
     .max = 127},
    {.name = "max_requests",
     .kind = &kind_uint,
     FIELD(struct cfg_endpoint, max_requests),
     .initial = "0",
     .max = 16777216},
    {.name = "max_connections",
     .kind = &kind_uint,
     FIELD(struct cfg_endpoint, max_connections),
     .initial = "0",
     .max = 16777216},
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

static const char *const proxy_words[] = {"", "v1", "v2", NULL};

/* ---- retry ---- */

static const char *const on_words[] = {"connect_failure", "reset", "timeout", NULL};
static const char *const method_words[] = {"GET",     "HEAD",  "POST",  "PUT", "DELETE",
                                           "OPTIONS", "TRACE", "PATCH", NULL};

static const struct cfg_key on_item = {
    .name = "conditions", .kind = &kind_retry_on, ITEM(uint16_t), .min = 400, .max = 599, .words = on_words};
static const struct cfg_key method_item = {
    .name = "methods", .kind = &kind_word, ITEM(uint16_t), .words = method_words};

static const struct cfg_key retry_keys[] = {
    {.name = "conditions", LIST(struct cfg_retry, on, non, on_item), .min = 1, .max = 32},
    {.name = "methods", LIST(struct cfg_retry, method, nmethod, method_item), .min = 1, .max = 8},
    {.name = "budget", .kind = &kind_percent, FIELD(struct cfg_retry, budget), .initial = "0%", .max = 100},
    {.name = "min_concurrency",
     .kind = &kind_uint,
     FIELD(struct cfg_retry, min_concurrency),
     .initial = "3",
     .max = 65536},
    {.name = "backoff",
     .kind = &kind_duration,
     FIELD(struct cfg_retry, backoff_ns),
     .initial = "0ms",
     .max = 60000 * MS},
};

static void list_of(struct reading *r, uint16_t **list, uint32_t *n, const uint16_t *items, uint32_t count)
{
    if (*n)
        return;
    *list = arena_array(&r->keep, count, sizeof **list);
    memcpy(*list, items, count * sizeof **list);
    *n = count;
}

static void finish_retry(struct reading *r, void *obj)
{
    static const uint16_t on[] = {CFG_RETRY_CONNECT, CFG_RETRY_RESET, CFG_RETRY_TIMEOUT},
                          method[] = {CFG_GET, CFG_HEAD, CFG_PUT, CFG_DELETE, CFG_OPTIONS, CFG_TRACE};
    struct cfg_retry *t = obj;

    list_of(r, &t->on, &t->non, on, sizeof on / sizeof *on);
    list_of(r, &t->method, &t->nmethod, method, sizeof method / sizeof *method);
}

static const struct cfg_section retry_section = {"retry", KEYS(retry_keys), finish_retry};

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
    {.name = "panic_threshold",
     .kind = &kind_percent,
     FIELD(struct cfg_cluster, panic_threshold),
     .initial = "0%",
     .max = 100},
    {.name = "health_check",
     .kind = &kind_check,
     .section = &health_check_section,
     FIELD(struct cfg_cluster, check)},
    {.name = "outlier_detection", SECTION(outlier_section), FIELD(struct cfg_cluster, outlier)},
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
    {.name = "retry", SECTION(retry_section), FIELD(struct cfg_cluster, retry)},
    {.name = "max_requests",
     .kind = &kind_uint,
     FIELD(struct cfg_cluster, max_requests),
     .initial = "0",
     .max = 16777216},
    {.name = "max_connections",
     .kind = &kind_uint,
     FIELD(struct cfg_cluster, max_connections),
     .initial = "0",
     .max = 16777216},
    {.name = "max_retries",
     .kind = &kind_uint,
     FIELD(struct cfg_cluster, max_retries),
     .initial = "0",
     .max = 16777216},
    {.name = "max_pending",
     .kind = &kind_uint,
     FIELD(struct cfg_cluster, max_pending),
     .initial = "1024",
     .max = 16777216},
    {.name = "queue_timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_cluster, queue_timeout_ns),
     .initial = "5s",
     .min = MS,
     .max = 24 * HOUR},
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
    FIELD_EDITS(struct cfg_cluster),
    {.name = "affinity",
     .kind = &kind_affinity,
     .section = &affinity_section,
     FIELD(struct cfg_cluster, affinity)},
    {.name = "proxy_protocol",
     .kind = &kind_word_or_none,
     FIELD(struct cfg_cluster, proxy_protocol),
     .words = proxy_words},
    {.name = "endpoints",
     LIST(struct cfg_cluster, endpoint, nendpoint, endpoint_item),
     .required = true,
     .min = 1,
     .max = 4096},
};
static const struct cfg_section cluster_section = {"a cluster", KEYS(cluster_keys), NULL};
const struct cfg_key cluster_item = {.name = "clusters", SECTION(cluster_section), ITEM(struct cfg_cluster)};
