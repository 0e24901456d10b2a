/* What is done to heads beside what HTTP asks for: the fields by which proxies tell each other about a
 * request, the configuration's edits and rewrites. For each message the lines that are put in are written
 * once, into the worker's scratch, so that their size is known before there is a buffer for the head.
 *
 * Of a request the listener's edits run first, then the rule's, then the cluster's; of a response the other
 * way round. Replies of our own get the rule's and the listener's, but for fields that make them replies. The
 * worker's thread. */
#include <stdio.h>

#include "agent/base/mutant.h"
#include "agent/base/utc.h"
#include "agent/exchange/internal.h"
#include "agent/http/writer.h"

/* ---- variables ---- */

struct asked {
    struct exchanges *w;
    const struct exchange *x;
    const struct http_head *h; /* NULL: a response, whose request's head is gone */
};

static struct span text_of(const char *s)
{
    return s ? span_str(s) : span_str("-");
}

static struct span number(char room[HTTP_VALUE_ROOM], int64_t v)
{
    return span_of(room, (size_t)snprintf(room, HTTP_VALUE_ROOM, "%lld", (long long)v));
}

/* Port 0: it is not known. */
static struct span port_of(char room[HTTP_VALUE_ROOM], uint16_t port)
{
    return port ? number(room, port) : span_str("-");
}

static struct span endpoint_of(char room[HTTP_VALUE_ROOM], const struct ip_port *at)
{
    char ip[IP_STRLEN];
    if (!at->port)
        return span_str("-");
    int n = snprintf(room, HTTP_VALUE_ROOM, ip_is_v4(&at->addr) ? "%s:%u" : "[%s]:%u", ip_str(&at->addr, ip),
                     at->port);
    return span_of(room, (size_t)n);
}

static const struct cfg_route *route_of(const struct exchange *x)
{
    return x->rec.route == LB_NONE ? NULL : &x->gen->cfg->route[x->rec.route];
}

static struct span or_dash(struct span s)
{
    return s.n ? s : span_str("-");
}

static struct span of_exchange(const struct asked *a, enum template_var v, char room[HTTP_VALUE_ROOM])
{
    const struct exchange *x = a->x;
    const struct cfg_route *route = route_of(x);
    switch (v) {
    case TEMPLATE_CLIENT_ADDRESS:
        return span_str(ip_str(&x->client.addr, room));
    case TEMPLATE_CLIENT_PORT:
        return port_of(room, x->client.port);
    case TEMPLATE_PEER_ADDRESS:
        return span_str(ip_str(&x->peer.addr, room));
    case TEMPLATE_LISTENER:
        return text_of(x->listener->name);
    case TEMPLATE_LISTENER_PORT:
        return port_of(room, x->local.port);
    case TEMPLATE_ROUTE:
        return text_of(route ? route->name : NULL);
    case TEMPLATE_RULE:
        return route && x->rule ? number(room, x->rule - route->rule + 1) : span_str("-");
    case TEMPLATE_CLUSTER:
        return text_of(x->cluster == LB_NONE ? NULL : cluster_of(x)->cfg->name);
    case TEMPLATE_ENDPOINT:
        return endpoint_of(room, &x->rec.endpoint);
    case TEMPLATE_REQUEST_ID:
        return or_dash(record_request_id(&x->rec));
    default:
        return span_of("", 0);
    }
}

static struct span get(void *ctx, enum template_var v, char room[HTTP_VALUE_ROOM])
{
    const struct asked *a = ctx;
    int64_t wall_ns = (int64_t)splice_now(a->w->s) + a->w->wall_offset_ns;
    switch (v) {
    case TEMPLATE_TIME:
        return span_of(room, utc_rfc3339(wall_ns, room));
    case TEMPLATE_TIME_UNIX:
        return number(room, wall_ns / (int64_t)SEC_NS);
    case TEMPLATE_METHOD:
        return or_dash(a->h ? a->h->method_name : record_method(&a->x->rec));
    case TEMPLATE_SCHEME:
        return a->h ? forwarded_scheme(a->x, a->h) : span_str("-");
    case TEMPLATE_HOST:
        return or_dash(a->h ? a->h->authority : span_of("", 0));
    case TEMPLATE_PATH:
        return or_dash(a->h ? a->h->path : span_of("", 0));
    case TEMPLATE_QUERY:
        return or_dash(a->h ? http_query(a->h) : span_of("", 0));
    default:
        return of_exchange(a, v, room);
    }
}

/* Puts the lines of the edits behind what is in `lines`. */
static bool put_edits(struct writer *lines, const struct http_edits *edits, struct asked *a)
{
    struct http_values values = {get, a};
    int n = http_write_lines(edits, &values, lines->p, (uint32_t)(lines->end - lines->p));
    if (n < 0)
        return false;
    lines->p += n;
    return !lines->full;
}

static struct span written(const struct writer *lines)
{
    return span_of(lines->start, (size_t)(lines->p - lines->start));
}

/* ---- requests ---- */

static void rewrite(struct http_request_edit *e, const struct cfg_rewrite *r, uint32_t prefix)
{
    if (r->hostname)
        e->host = span_str(r->hostname);
    if (r->path)
        e->path = (struct http_path_edit){.how = HTTP_PATH_FULL, .with = span_str(r->path)};
    else if (r->prefix)
        e->path =
            (struct http_path_edit){.how = HTTP_PATH_PREFIX, .with = span_str(r->prefix), .prefix = prefix};
}

bool edits_of_request(struct exchanges *w, const struct exchange *x, const struct http_head *h,
                      struct request_edit *out)
{
    struct writer lines = writer_on(w->request_lines, LINES_ROOM);
    struct asked a = {w, x, h};
    out->edits = (struct http_edits){.n = 0};
    http_edits_add(&out->edits, &x->listener->request_edit);
    http_edits_add(&out->edits, &x->rule->request_edit);
    http_edits_add(&out->edits, &cluster_of(x)->cfg->request_edit);
    out->e = (struct http_request_edit){.keep_upgrade = x->upgrade,
                                        .edits = out->edits.n ? &out->edits : NULL,
                                        .cookie = affinity_cookie(cluster_of(x)->affinity),
                                        .xff = span_of(out->xff, ip_put(&x->peer.addr, out->xff))};
    forwarded_put(w, x, h, &out->e, &lines, out->forwarded);
    if (mutant(affinity_shown))
        out->e.cookie = span_of(NULL, 0);
    rewrite(&out->e, &x->rule->rewrite, x->prefix);
    if (out->edits.n && !put_edits(&lines, &out->edits, &a))
        return false;
    out->e.lines = written(&lines);
    return !lines.full && http_request_room(h, &out->e) <= KBUF_MAX;
}

/* ---- responses ---- */

bool edits_of_response(struct exchanges *w, const struct exchange *x, struct response_edit *out)
{
    struct writer lines = writer_on(w->response_lines, LINES_ROOM);
    struct asked a = {w, x, NULL};
    const struct affinity *affinity = cluster_of(x)->affinity;
    out->edits = (struct http_edits){.n = 0};
    http_edits_add(&out->edits, &cluster_of(x)->cfg->response_edit);
    http_edits_add(&out->edits, &x->rule->response_edit);
    http_edits_add(&out->edits, &x->listener->response_edit);
    out->e = (struct http_response_edit){.edits = out->edits.n ? &out->edits : NULL,
                                         .cookie = affinity_cookie(affinity)};
    if (affinity && x->endpoint != x->affine && !http_edits_name(&out->edits, span_str("Set-Cookie")))
        affinity_put(affinity, x->endpoint, &lines);
    if (out->edits.n && !put_edits(&lines, &out->edits, &a))
        return false;
    out->e.lines = written(&lines);
    return !lines.full;
}

struct span edits_of_reply(struct exchanges *w, const struct exchange *x)
{
    static char *own_names[] = {"Allow", "Content-Type", "Date", "Location", "Retry-After"};
    static const struct field_edit own = {
        .nremove = sizeof own_names / sizeof *own_names, .remove = own_names, .names = UINT64_MAX};
    struct writer lines = writer_on(w->response_lines, LINES_ROOM);
    struct asked a = {w, x, NULL};
    struct http_edits edits = {.n = 0};
    if (x->rule)
        http_edits_add(&edits, &x->rule->response_edit);
    http_edits_add(&edits, &x->listener->response_edit);
    if (!edits.n)
        return span_of("", 0);
    http_edits_add(&edits, &own);
    return put_edits(&lines, &edits, &a) ? written(&lines) : span_of("", 0);
}
