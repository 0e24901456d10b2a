/* health: how it is found out which endpoints of a cluster serve. */
#include "config/sections/sections.h"

#define CHECK_PATH_MAX 1024
#define CHECK_BODY_MAX 255

/* What may stand in a request line: a query too. */
static const char *judge_check_path(const char *s)
{
    static const char wanted[] = "a path of at most 1024 bytes in plain ASCII that begins with /";

    if (*s != '/' || strlen(s) > CHECK_PATH_MAX)
        return wanted;
    for (; *s; s++) {
        if (*s <= ' ' || *s >= 0x7f || *s == '#')
            return wanted;
    }
    return NULL;
}

/* The value of a Host field, whatever the server makes of it. */
static const char *judge_check_host(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:[]");

    return n >= 1 && n <= 255 && !s[n] ? NULL : "a host name, with a port or without";
}

static const char *judge_check_body(const char *s)
{
    return *s && strlen(s) <= CHECK_BODY_MAX ? NULL : "1 to 255 bytes";
}

static const char *const protocol_words[] = {"", "tcp", "http", NULL};
static const char *const method_words[] = {"GET", "HEAD", "OPTIONS", NULL};
static const char *const initial_words[] = {"up", "down", NULL};

static const struct cfg_key statuses_item = {
    .name = "expected_statuses", .kind = &kind_statuses, ITEM(struct cfg_statuses), .min = 100, .max = 599};

static const struct cfg_key health_check_keys[] = {
    {.name = "protocol",
     .kind = &kind_word_or_none,
     FIELD(struct cfg_health_check, protocol),
     .required = true,
     .words = protocol_words},
    {.name = "port",
     .kind = &kind_uint_or_none,
     FIELD(struct cfg_health_check, port),
     .min = 1,
     .max = 65535},
    {.name = "method",
     .kind = &kind_word,
     FIELD(struct cfg_health_check, method),
     .initial = "GET",
     .words = method_words},
    {.name = "path",
     .kind = &kind_text,
     FIELD(struct cfg_health_check, path),
     .initial = "/",
     .judge = judge_check_path},
    {.name = "host", .kind = &kind_text, FIELD(struct cfg_health_check, host), .judge = judge_check_host},
    {.name = "expected_statuses",
     LIST(struct cfg_health_check, expected, nexpected, statuses_item),
     .min = 1,
     .max = 16},
    {.name = "body_contains",
     .kind = &kind_text,
     FIELD(struct cfg_health_check, body_contains),
     .judge = judge_check_body},
    {.name = "interval",
     .kind = &kind_duration,
     FIELD(struct cfg_health_check, interval_ns),
     .initial = "5s",
     .min = 10 * MS,
     .max = 24 * HOUR},
    {.name = "jitter",
     .kind = &kind_percent,
     FIELD(struct cfg_health_check, jitter),
     .initial = "10%",
     .max = 100},
    {.name = "timeout",
     .kind = &kind_duration,
     FIELD(struct cfg_health_check, timeout_ns),
     .initial = "2s",
     .min = 10 * MS,
     .max = HOUR},
    {.name = "healthy_threshold",
     .kind = &kind_uint,
     FIELD(struct cfg_health_check, healthy),
     .initial = "2",
     .min = 1,
     .max = 100},
    {.name = "unhealthy_threshold",
     .kind = &kind_uint,
     FIELD(struct cfg_health_check, unhealthy),
     .initial = "3",
     .min = 1,
     .max = 100},
    {.name = "initial_state",
     .kind = &kind_word,
     FIELD(struct cfg_health_check, initial),
     .initial = "up",
     .words = initial_words},
};
const struct cfg_section health_check_section = {"health_check", KEYS(health_check_keys), NULL};

static const struct cfg_key outlier_keys[] = {
    {.name = "consecutive_failures",
     .kind = &kind_uint,
     FIELD(struct cfg_outlier, failures),
     .initial = "0",
     .max = 1000},
    {.name = "consecutive_5xx",
     .kind = &kind_uint,
     FIELD(struct cfg_outlier, errors),
     .initial = "0",
     .max = 1000},
    {.name = "error_rate",
     .kind = &kind_percent,
     FIELD(struct cfg_outlier, error_rate),
     .initial = "0%",
     .max = 100},
    {.name = "window",
     .kind = &kind_duration,
     FIELD(struct cfg_outlier, window_ns),
     .initial = "10s",
     .min = 100 * MS,
     .max = HOUR},
    {.name = "min_requests",
     .kind = &kind_uint,
     FIELD(struct cfg_outlier, min_requests),
     .initial = "20",
     .min = 1,
     .max = 1000000},
    {.name = "base_ejection_time",
     .kind = &kind_duration,
     FIELD(struct cfg_outlier, base_ns),
     .initial = "30s",
     .min = 10 * MS,
     .max = 24 * HOUR},
    {.name = "max_ejection_time",
     .kind = &kind_duration,
     FIELD(struct cfg_outlier, max_ns),
     .initial = "5m",
     .min = 10 * MS,
     .max = 24 * HOUR},
    {.name = "max_ejection_percent",
     .kind = &kind_percent,
     FIELD(struct cfg_outlier, max_ejection_percent),
     .initial = "50%",
     .max = 100},
};
const struct cfg_section outlier_section = {"outlier_detection", KEYS(outlier_keys), NULL};
