/* The text of one access-log line; see access_format.h. */
#include "agent/control/access_format.h"

#include <stdarg.h>
#include <stdio.h>

#include "agent/base/reason.h"

#define NS_PER_S  1000000000
#define NS_PER_US 1000

/* Where text goes; what does not fit is dropped. */
struct out {
    char *p, *end;
};

static void put(struct out *o, const char *s, size_t n)
{
    size_t room = (size_t)(o->end - o->p);
    n = n < room ? n : room;
    memcpy(o->p, s, n);
    o->p += n;
}

__attribute__((format(printf, 2, 3))) static void putf(struct out *o, const char *format, ...)
{
    char text[128];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    put(o, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

/* Hostile bytes: an escape is written whole or not at all. `also` is one more character to escape. */
static void put_escaped(struct out *o, const char *s, size_t n, char also)
{
    static const char hex[] = "0123456789ABCDEF";
    if (n == 0) {
        put(o, "-", 1);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && s[i] != also) {
            put(o, &s[i], 1);
        } else {
            if (o->end - o->p < 4)
                return;
            put(o, (char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
        }
    }
}

static void put_quoted(struct out *o, const char *s, size_t n)
{
    put(o, "\"", 1);
    put_escaped(o, s, n, '"');
    put(o, "\"", 1);
}

/* A name out of the configuration, without quotes around it: no space may be in it. */
static void put_name(struct out *o, const char *key, const char *name)
{
    put(o, key, strlen(key));
    put_escaped(o, name ? name : "", name ? strnlen(name, 128) : 0, ' ');
}

static void put_time(struct out *o, int64_t wall_ns, struct access_clock *clock)
{
    time_t second = (time_t)(wall_ns / NS_PER_S);
    if (!clock->text[0] || clock->second != second) {
        struct tm tm;
        clock->second = second;
        if (!localtime_r(&second, &tm) ||
            strftime(clock->text, sizeof clock->text, "%d/%b/%Y:%H:%M:%S %z", &tm) == 0)
            strcpy(clock->text, "-");
    }
    put(o, clock->text, strlen(clock->text));
}

static void put_seconds(struct out *o, const char *key, uint64_t ns)
{
    putf(o, "%s%llu.%06llu", key, (unsigned long long)(ns / NS_PER_S),
         (unsigned long long)(ns % NS_PER_S / NS_PER_US));
}

static void put_endpoint(struct out *o, const struct access_record *r)
{
    char ip[IP_STRLEN];
    if (r->endpoint.port == 0) {
        putf(o, " ep=- es=");
    } else {
        ip_str(&r->endpoint.addr, ip);
        putf(o, ip_is_v4(&r->endpoint.addr) ? " ep=%s:%u es=" : " ep=[%s]:%u es=", ip, r->endpoint.port);
    }
    if (r->endpoint_status)
        putf(o, "%u", r->endpoint_status);
    else
        put(o, "-", 1);
}

/* The next part of the record's text, whose announced length is not trusted to lie inside it. */
static const char *part(const struct access_record *r, size_t *at, uint16_t announced, size_t *n)
{
    const char *p = r->text + *at;
    size_t room = sizeof r->text - *at;
    *n = announced < room ? announced : room;
    *at += *n;
    return p;
}

size_t access_format(const struct access_record *r, const char *route, const char *cluster,
                     struct access_clock *clock, char out[ACCESS_LINE_MAX])
{
    struct out o = {out, out + ACCESS_LINE_MAX - 1};
    char ip[IP_STRLEN];
    size_t at = 0, nline, nhost, nreferer, nagent, nid;
    const char *line = part(r, &at, r->request_line, &nline);
    const char *host = part(r, &at, r->host, &nhost);
    const char *referer = part(r, &at, r->referer, &nreferer);
    const char *agent = part(r, &at, r->user_agent, &nagent);
    const char *id = part(r, &at, r->request_id, &nid);

    putf(&o, "%s - - [", ip_str(&r->client.addr, ip));
    put_time(&o, r->wall_ns, clock);
    put(&o, "] ", 2);
    put_quoted(&o, line, nline);
    putf(&o, " %u %llu ", r->status, (unsigned long long)r->bytes_body);
    put_quoted(&o, referer, nreferer);
    put(&o, " ", 1);
    put_quoted(&o, agent, nagent);
    put(&o, " host=", 6);
    put_quoted(&o, host, nhost);
    put_seconds(&o, " rt=", r->duration_ns);
    if (r->ttfb_ns)
        put_seconds(&o, " ttfb=", r->ttfb_ns);
    else
        put(&o, " ttfb=-", 7);
    put_endpoint(&o, r);
    put_name(&o, " route=", route);
    put_name(&o, " cluster=", cluster);
    putf(&o, " tries=%u in=%llu why=%s", r->tries, (unsigned long long)r->bytes_request,
         r->reason == R_NONE ? "-" : reason_name(r->reason));
    put(&o, " id=", 4);
    put_escaped(&o, id, nid, ' ');
    *o.p++ = '\n';
    return (size_t)(o.p - out);
}
