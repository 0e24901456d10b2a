/* What proxies tell each other about a request: whom it comes from, as the ones before us say
 * (X-Forwarded-For, Forwarded), and what we tell the endpoint: those, X-Forwarded-Proto, -Host, -Port,
 * X-Request-Id and traceparent. The worker's thread.
 *
 * Only a peer on the listener's list of trusted proxies is believed. x->client then is the right-most address
 * of its list that is no trusted proxy's; routes, hashes, rates and logs go by it. What is told on is per
 * field (config.h's enum cfg_forward): `append` keeps what came from anybody, `replace` what came from a
 * trusted proxy, both only where it is well-formed; what is not kept is written anew. */
#include <stdio.h>

#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"
#include "agent/http/writer.h"

static bool in_networks(const struct cfg_prefix *p, uint32_t n, const struct ip_addr *a)
{
    for (uint32_t i = 0; i < n; i++)
        if (ip_is_v4(a) == ip_is_v4(&p[i].addr) &&
            ip_prefix_eq(a, &p[i].addr, p[i].bits + (ip_is_v4(a) ? 96u : 0u)))
            return true;
    return false;
}

static bool is_trusted(const void *listener, const struct ip_addr *a)
{
    const struct cfg_listener *l = listener;
    return in_networks(l->trusted_proxy, l->ntrusted_proxy, a);
}

void forwarded_read(struct exchange *x, const struct http_head *h)
{
    const struct cfg_listener *l = x->listener;
    x->trusted = l->ntrusted_proxy && (is_trusted(l, &x->peer.addr) || mutant(forwarded_believed));
    if (x->trusted)
        (void)http_forwarded_for(
            h, l->client_address == CFG_CLIENT_FORWARDED ? HTTP_F_FORWARDED : HTTP_F_X_FORWARDED_FOR,
            is_trusted, l, &x->client);
}

/* Is what came in such a field to stay? */
static bool stays(const struct exchange *x, enum cfg_forward how)
{
    return how == CFG_FORWARD_APPEND || (how == CFG_FORWARD_REPLACE && x->trusted);
}

/* ---- random names ---- */

/* 64 bits that nobody without the key can tell from any others; not the same twice, nor by two workers. */
static uint64_t draw(struct exchanges *w)
{
    uint64_t in[2] = {w->worker, w->nids++};
    return siphash(&w->ids, in, sizeof in);
}

/* `digits` hexadecimal digits of `v`, the highest first, and a dash. By hand: each request may want some. */
static char *put_hex(char *p, uint64_t v, unsigned digits)
{
    while (digits--)
        *p++ = "0123456789abcdef"[v >> (4 * digits) & 15];
    *p++ = '-';
    return p;
}

/* A UUID of version 4 (RFC 9562 section 5.4). */
static struct span draw_uuid(struct exchanges *w, char room[HTTP_VALUE_ROOM])
{
    uint64_t hi = draw(w), lo = draw(w);
    hi = (hi & ~UINT64_C(0xf000)) | 0x4000;
    lo = (lo & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63;
    char *p = put_hex(room, hi >> 32, 8);
    p = put_hex(p, hi >> 16, 4);
    p = put_hex(p, hi, 4);
    p = put_hex(p, lo >> 48, 4);
    p = put_hex(p, lo, 12);
    return span_of(room, (size_t)(p - room) - 1);
}

/* Zero is no id (W3C Trace Context sections 3.2.2.3 and 3.2.2.4). Not sampled: nothing is recorded here. */
static struct span draw_traceparent(struct exchanges *w, char room[HTTP_VALUE_ROOM])
{
    char *p = put_hex(room, 0, 2);
    p = put_hex(p, draw(w) | 1, 16) - 1;
    p = put_hex(p, draw(w), 16);
    p = put_hex(p, draw(w) | 1, 16);
    p = put_hex(p, 0, 2);
    return span_of(room, (size_t)(p - room) - 1);
}

/* ---- single values: is what came to stay? ---- */

/* A scheme (RFC 3986 section 3.1), as far as proxies name one: letters. */
static bool good_scheme(struct span v)
{
    for (size_t i = 0; i < v.n; i++)
        if ((v.p[i] | 0x20) < 'a' || (v.p[i] | 0x20) > 'z')
            return false;
    return v.n >= 1 && v.n <= 16;
}

/* One host, perhaps with a port. */
static bool good_host(struct span v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] <= ' ' || v.p[i] >= 0x7f || strchr(",;\"\\/?#@", v.p[i]))
            return false;
    return v.n >= 1 && v.n <= 255;
}

static bool good_port(struct span v)
{
    uint32_t n = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9' || i == 5)
            return false;
        n = n * 10 + (uint32_t)(v.p[i] - '0');
    }
    return n >= 1 && n <= 65535;
}

/* What came, where it is to stay. */
static bool kept(const struct exchange *x, const struct http_head *h, enum cfg_forward how,
                 enum http_field_id id, bool (*good)(struct span), struct span *value)
{
    return stays(x, how) && http_find_single(h, id, value) && good(*value);
}

struct span forwarded_request_id(struct exchanges *w, const struct exchange *x, const struct http_head *h,
                                 char room[HTTP_VALUE_ROOM])
{
    const struct cfg_listener *l = x->listener;
    struct span value;
    if (l->x_request_id == CFG_FORWARD_OFF)
        return span_of("", 0);
    if (kept(x, h, l->x_request_id, HTTP_F_X_REQUEST_ID, http_request_id_good, &value))
        return value;
    return draw_uuid(w, room);
}

struct span forwarded_scheme(const struct exchange *x, const struct http_head *h)
{
    struct span value;
    return x->trusted && kept(x, h, CFG_FORWARD_REPLACE, HTTP_F_X_FORWARDED_PROTO, good_scheme, &value)
               ? value
               : span_str("http");
}

/* ---- telling ---- */

struct telling {
    struct exchanges *w;
    const struct exchange *x;
    const struct http_head *h;
    struct http_request_edit *e;
    struct writer *lines;
};

/* Is a field of ours none that the configuration's edits see to? */
static bool ours(const struct telling *t, const char *name)
{
    return !t->e->edits || !http_edits_name(t->e->edits, span_str(name));
}

/* One value instead of all that came; an empty one: none. */
static void tell(const struct telling *t, enum http_field_id id, const char *name, struct span value)
{
    t->e->drop |= HTTP_BIT(id);
    if (!value.n || !ours(t, name))
        return;
    put_str(t->lines, name);
    put_str(t->lines, ": ");
    put_span(t->lines, value);
    put_str(t->lines, "\r\n");
}

/* What most requests get, in one piece. */
static void tell_http(const struct telling *t)
{
    t->e->drop |= HTTP_BIT(HTTP_F_X_FORWARDED_PROTO);
    if (ours(t, "X-Forwarded-Proto"))
        put_str(t->lines, "X-Forwarded-Proto: http\r\n");
}

/* for="[2001:db8::1]";host="shop.example:80";proto=http (RFC 7239 section 4). A host that is too long to be
 * one is left out. */
static struct span forwarded_element(const struct telling *t, char room[FORWARDED_ROOM])
{
    char ip[IP_STRLEN];
    const struct ip_addr *a = &t->x->peer.addr;
    struct span host = t->h->authority, scheme = forwarded_scheme(t->x, t->h);
    int n = snprintf(room, FORWARDED_ROOM, ip_is_v4(a) ? "for=%s" : "for=\"[%s]\"", ip_str(a, ip));
    if (good_host(host))
        n += snprintf(room + n, (size_t)(FORWARDED_ROOM - n), ";host=\"%.*s\"", (int)host.n,
                      (const char *)host.p);
    n += snprintf(room + n, (size_t)(FORWARDED_ROOM - n), ";proto=%.*s", (int)scheme.n,
                  (const char *)scheme.p);
    return span_of(room, (size_t)n);
}

static void tell_lists(const struct telling *t, const struct cfg_listener *l, char *forwarded)
{
    if (l->x_forwarded_for != CFG_FORWARD_OFF) {
        if (!stays(t->x, l->x_forwarded_for))
            t->e->drop |= HTTP_BIT(HTTP_F_X_FORWARDED_FOR);
        if (!ours(t, "X-Forwarded-For"))
            t->e->xff = span_of(NULL, 0);
    } else {
        t->e->xff = span_of(NULL, 0);
    }
    if (l->forwarded == CFG_FORWARD_OFF)
        return;
    if (!stays(t->x, l->forwarded))
        t->e->drop |= HTTP_BIT(HTTP_F_FORWARDED);
    if (ours(t, "Forwarded"))
        t->e->forwarded = forwarded_element(t, forwarded);
}

static void tell_target(const struct telling *t, const struct cfg_listener *l)
{
    struct span v;
    char port[8];
    if (l->x_forwarded_proto &&
        !kept(t->x, t->h, l->x_forwarded_proto, HTTP_F_X_FORWARDED_PROTO, good_scheme, &v))
        tell_http(t);
    if (l->x_forwarded_host && !kept(t->x, t->h, l->x_forwarded_host, HTTP_F_X_FORWARDED_HOST, good_host, &v))
        tell(t, HTTP_F_X_FORWARDED_HOST, "X-Forwarded-Host", t->h->authority);
    if (l->x_forwarded_port &&
        !kept(t->x, t->h, l->x_forwarded_port, HTTP_F_X_FORWARDED_PORT, good_port, &v)) {
        int n = snprintf(port, sizeof port, "%u", t->x->local.port);
        tell(t, HTTP_F_X_FORWARDED_PORT, "X-Forwarded-Port", span_of(port, (size_t)n));
    }
}

/* A tracestate belongs to the traceparent that it came with. */
static void tell_names(const struct telling *t, const struct cfg_listener *l)
{
    struct span v;
    char room[HTTP_VALUE_ROOM];
    if (l->x_request_id && !kept(t->x, t->h, l->x_request_id, HTTP_F_X_REQUEST_ID, http_request_id_good, &v))
        tell(t, HTTP_F_X_REQUEST_ID, "X-Request-Id", record_request_id(&t->x->rec));
    if (l->traceparent && !kept(t->x, t->h, l->traceparent, HTTP_F_TRACEPARENT, http_traceparent_good, &v)) {
        tell(t, HTTP_F_TRACEPARENT, "traceparent", draw_traceparent(t->w, room));
        t->e->drop |= HTTP_BIT(HTTP_F_TRACESTATE);
    }
}

void forwarded_put(struct exchanges *w, const struct exchange *x, const struct http_head *h,
                   struct http_request_edit *e, struct writer *lines, char element[FORWARDED_ROOM])
{
    const struct cfg_listener *l = x->listener;
    struct telling t = {w, x, h, e, lines};
    tell_lists(&t, l, element);
    tell_target(&t, l);
    tell_names(&t, l);
}
