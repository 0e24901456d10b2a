/* What a rule does with a request: one of several clusters by weight, a redirect, a reply of its own, or a
 * refusal. The worker's thread. */
#include <stdio.h>

#include "agent/exchange/internal.h"

#define LOCATION_ROOM (HTTP_MAX_TARGET + 4096) /* a target, a host, a path of the configuration's */

/* ---- several clusters ---- */

/* Fixed by a key the draw is the same for the same key. It is hashed once more: the cluster's own lb_policy
 * may go by the same key, and would see only those hashes that fell to it. */
uint32_t action_cluster(struct exchanges *w, const struct exchange *x, const struct cfg_rule *rule,
                        const struct http_head *h)
{
    uint64_t hash, sum = 0;
    uint32_t i = 0;
    if (!rule->nsplit)
        return rule->cluster;
    for (uint32_t k = 0; k < rule->nsplit; k++)
        sum += rule->split[k].weight;
    if (rule->split_fixed)
        hash = hash_of_key(w, x, &rule->split_key, h);
    else
        hash = ++w->splits + ((uint64_t)w->worker << 48);
    for (hash = lb_hash(span_of(&hash, sizeof hash)) % sum; hash >= rule->split[i].weight; i++)
        hash -= rule->split[i].weight;
    return rule->split[i].cluster;
}

/* ---- replies ---- */

static struct http_path_edit path_edit(const struct cfg_redirect *r, uint32_t prefix)
{
    if (r->path)
        return (struct http_path_edit){.how = HTTP_PATH_FULL, .with = span_str(r->path)};
    if (r->prefix)
        return (struct http_path_edit){
            .how = HTTP_PATH_PREFIX, .with = span_str(r->prefix), .prefix = prefix};
    return (struct http_path_edit){.how = HTTP_PATH_KEEP};
}

/* The port as HTTPRoute has it: the one that is given; with a scheme that one's own; else the one asked at.
 */
static uint16_t port_of(const struct cfg_redirect *r, const struct exchange *x)
{
    if (r->port)
        return (uint16_t)r->port;
    if (r->scheme == CFG_SCHEME_SAME)
        return x->local.port;
    return r->scheme == CFG_SCHEME_HTTPS ? 443 : 80;
}

/* An address as a host in a URI. */
static struct span host_of_address(const struct ip_addr *a, char buf[IP_STRLEN + 2])
{
    char text[IP_STRLEN];
    int n = snprintf(buf, IP_STRLEN + 2, ip_is_v4(a) ? "%s" : "[%s]", ip_str(a, text));
    return span_of(buf, (size_t)n);
}

static void redirect(struct exchanges *w, struct exchange *x, const struct cfg_redirect *r,
                     const struct http_head *h, size_t skip)
{
    uint8_t out[LOCATION_ROOM];
    char address[IP_STRLEN + 2];
    struct http_location l = {.https = r->scheme == CFG_SCHEME_HTTPS,
                              .host = r->hostname ? span_str(r->hostname) : h->host,
                              .port = port_of(r, x),
                              .path = path_edit(r, x->prefix)};
    if (l.host.n == 0) /* HTTP/1.0 without Host */
        l.host = host_of_address(&x->local.addr, address);
    int n = http_write_location(h, &l, out, sizeof out);
    splice_skip(w->s, x->c, skip);
    if (n < 0) {
        reply_own(w, x, 414, R_NONE);
        return;
    }
    reply_made(w, x, &(struct http_reply){.status = r->status, .location = span_of(out, (size_t)n)}, R_NONE);
}

void action_reply(struct exchanges *w, struct exchange *x, const struct cfg_rule *rule,
                  const struct http_head *h, size_t skip)
{
    const struct cfg_reply *r = &rule->reply;
    if (rule->action == CFG_REDIRECT) {
        redirect(w, x, &rule->redirect, h, skip);
        return;
    }
    splice_skip(w->s, x->c, skip);
    if (rule->action == CFG_REPLY)
        reply_made(w, x,
                   &(struct http_reply){.status = r->status,
                                        .type = r->content_type,
                                        .body = r->body ? span_str(r->body) : span_of(NULL, 0)},
                   R_NONE);
    else /* CFG_DENY */
        reply_own(w, x, 403, R_NONE);
}
