/* What texts have to be, of the keys of more than one section. */
#include <string.h>

#include "agent/base/regex.h"
#include "config/sections/sections.h"

#define NAME_MAX_BYTES 63
#define PATH_MAX_BYTES 1024
#define FILE_MAX_BYTES 1024

const char *judge_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    return n >= 1 && n <= NAME_MAX_BYTES && !s[n] ? NULL
                                                  : "a name of 1 to 63 letters, digits, or any of _ . -";
}

/* Dot segments and empty segments never arrive here from a client as such (HTTPRoute refuses them, too). */
const char *judge_match_path(const char *s)
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

const char *judge_field_name(const char *s)
{
    return *s && strlen(s) <= 256 && !s[strspn(s, TOKEN)] ? NULL
                                                          : "the name of a header field, such as x-canary";
}

const char *judge_value(const char *s)
{
    return strlen(s) <= 1024 ? NULL : "at most 1024 bytes";
}

const char *judge_regex(const char *s)
{
    static _Thread_local char wanted[REGEX_WHY + 80];
    char why[REGEX_WHY];
    uint32_t which;
    struct regex *regex = regex_make(&s, 1, &which, why);

    regex_free(regex);
    snprintf(wanted, sizeof wanted, "a regular expression that needs no backtracking (%s)", why);
    return regex ? NULL : wanted;
}

const char *judge_file(const char *s)
{
    return *s == '/' && strlen(s) <= FILE_MAX_BYTES ? NULL : "an absolute path of at most 1024 bytes";
}

const char *judge_prefix_replacement(const char *s)
{
    return *s ? judge_match_path(s) : NULL;
}
