/* See scalar.h. */
#include "config/scalar.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    uint64_t scale;
};

/* Largest last: printing takes the largest that divides. */
static const struct unit durations[] = {
    {"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}};
static const struct unit sizes[] = {{"", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}};

/* Leading digits of s; *end is what follows. False: none, or a leading zero. Saturates. */
static bool digits(const char *s, uint64_t *out, const char **end)
{
    size_t n = strspn(s, "0123456789");

    if (n == 0 || (n > 1 && s[0] == '0'))
        return false;
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (__builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, (uint64_t)(s[i] - '0'), out)) {
            *out = UINT64_MAX;
            break;
        }
    }
    *end = s + n;
    return true;
}

bool scalar_uint(const char *s, uint64_t *out)
{
    const char *end;

    return digits(s, out, &end) && !*end;
}

bool scalar_bool(const char *s, bool *out)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(s, words[i]) == 0) {
            *out = i & 1;
            return true;
        }
    }
    return false;
}

static bool quantity(const char *s, const struct unit *units, size_t n, uint64_t *out)
{
    const char *end;

    if (!digits(s, out, &end))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(end, units[i].name) == 0) {
            if (__builtin_mul_overflow(*out, units[i].scale, out))
                *out = UINT64_MAX;
            return true;
        }
    }
    return false;
}

static const char *quantity_str(uint64_t v, const struct unit *units, size_t n, char buf[SCALAR_STRLEN])
{
    size_t i = v ? n - 1 : 0;

    while (i > 0 && v % units[i].scale)
        i--;
    snprintf(buf, SCALAR_STRLEN, "%llu%s", (unsigned long long)(v / units[i].scale), units[i].name);
    return buf;
}

bool scalar_duration(const char *s, uint64_t *ns)
{
    return quantity(s, durations, sizeof durations / sizeof *durations, ns);
}

const char *scalar_duration_str(uint64_t ns, char buf[SCALAR_STRLEN])
{
    return quantity_str(ns, durations, sizeof durations / sizeof *durations, buf);
}

bool scalar_size(const char *s, uint64_t *bytes)
{
    return quantity(s, sizes, sizeof sizes / sizeof *sizes, bytes);
}

const char *scalar_size_str(uint64_t bytes, char buf[SCALAR_STRLEN])
{
    return quantity_str(bytes, sizes, sizeof sizes / sizeof *sizes, buf);
}

bool scalar_ip(const char *s, size_t n, struct ip_addr *out)
{
    return ip_parse(s, n, out) && !(ip_is_v4(out) && memchr(s, ':', n));
}

bool scalar_ip_port(const char *s, struct ip_port *out)
{
    const char *colon = strrchr(s, ':');
    bool bracket = *s == '[';
    uint64_t port;
    size_t n;

    if (!colon || !scalar_uint(colon + 1, &port) || port == 0 || port > UINT16_MAX)
        return false;
    n = (size_t)(colon - s);
    if (bracket) {
        if (n < 2 || s[n - 1] != ']')
            return false;
        s++;
        n -= 2;
    }
    out->port = (uint16_t)port;
    return scalar_ip(s, n, &out->addr) && ip_is_v4(&out->addr) != bracket;
}

const char *scalar_ip_port_str(const struct ip_port *p, char buf[SCALAR_STRLEN])
{
    char ip[IP_STRLEN];
    bool v4 = ip_is_v4(&p->addr);

    snprintf(buf, SCALAR_STRLEN, "%s%s%s:%u", v4 ? "" : "[", ip_str(&p->addr, ip), v4 ? "" : "]", p->port);
    return buf;
}

bool scalar_prefix(const char *s, struct cfg_prefix *out)
{
    const char *slash = strchr(s, '/');
    uint64_t bits;

    if (!slash || !scalar_uint(slash + 1, &bits) || !scalar_ip(s, (size_t)(slash - s), &out->addr) ||
        bits > (ip_is_v4(&out->addr) ? 32 : 128))
        return false;
    out->bits = (uint8_t)bits;
    return true;
}

const char *scalar_prefix_str(const struct cfg_prefix *p, char buf[SCALAR_STRLEN])
{
    char ip[IP_STRLEN];

    snprintf(buf, SCALAR_STRLEN, "%s/%u", ip_str(&p->addr, ip), p->bits);
    return buf;
}
