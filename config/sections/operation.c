/* admin and logging. */
#include <string.h>
#include <sys/un.h>

#include "config/sections/sections.h"

static const char *judge_socket(const char *s)
{
    _Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) == 108, "told to the user");
    return *s == '/' && strlen(s) < 108 ? NULL : "an absolute path of at most 107 bytes";
}

static const char *judge_access_log(const char *s)
{
    return strcmp(s, "-") == 0 || !judge_file(s) ? NULL
                                                 : "an absolute path, \"-\" for standard output, or off";
}

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
const struct cfg_section admin_section = {"admin", KEYS(admin_keys), NULL};

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
const struct cfg_section logging_section = {"logging", KEYS(logging_keys), NULL};
