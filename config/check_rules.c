/* How the keys of a rule go together. Part of one reading, after all of the file has been read; see keys.h.
 */
#include <string.h>

#include "config/keys.h"

static bool all_prefixes(const struct cfg_rule *rule)
{
    for (uint32_t i = 0; i < rule->nmatch; i++) {
        if (rule->match[i].kind != CFG_PATH_PREFIX)
            return false;
    }
    return true;
}

static void check_split(struct reading *r, const struct cfg_rule *rule)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rule->nsplit; i++) {
        sum += field_good(r, &rule->split[i].weight) ? rule->split[i].weight : 1;
        for (uint32_t j = 0; j < i; j++) {
            if (rule->split[i].cluster != CFG_NONE && rule->split[i].cluster == rule->split[j].cluster) {
                complain_at(r, &rule->split[i].cluster, "name: this cluster is listed twice");
                break;
            }
        }
    }
    if (rule->nsplit && sum == 0)
        complain_at(r, &rule->split, "clusters: all have weight 0, so that none takes requests");
    if (!rule->nsplit)
        complain_at(r, &rule->split_key, "split_key: goes with \"clusters\" only");
}

static void check_redirect(struct reading *r, const struct cfg_rule *rule)
{
    const struct cfg_redirect *d = &rule->redirect;
    bool changes = place_of(r, &d->scheme) || place_of(r, &d->hostname) || place_of(r, &d->port) ||
                   place_of(r, &d->path) || place_of(r, &d->prefix);

    if (d->path && d->prefix)
        complain_at(r, &d->prefix, "prefix: \"path\" is given already");
    else if (!all_prefixes(rule))
        complain_at(r, &d->prefix, "prefix: goes with matches by \"prefix\" only");
    if (!changes && place_of(r, &d->status))
        complain_at(r, &d->status,
                    "redirect: leads back to the same place: needs scheme, hostname, port, path or prefix");
    if (d->status > 303 && d->status < 307)
        complain_at(r, &d->status, "status: must be 301, 302, 303, 307 or 308");
}

static void check_reply(struct reading *r, const struct cfg_rule *rule)
{
    if (rule->reply.status == 205 || rule->reply.status == 304)
        complain_at(r, &rule->reply.status, "status: 205 and 304 cannot be given as a reply");
    if (rule->reply.status == 204)
        complain_at(r, &rule->reply.body, "body: there is none with status 204");
}

/* Of lists a place is known: that of the list. */
static void check_to_endpoints(struct reading *r, const struct cfg_rule *rule)
{
    const struct cfg_rewrite *w = &rule->rewrite;
    const void *field[] = {
        &w->hostname,           &w->path, &w->prefix, &rule->request_edit.remove, &rule->request_edit.set,
        &rule->request_edit.add};

    for (size_t i = 0; rule->action != CFG_TO_CLUSTER && i < sizeof field / sizeof *field; i++)
        complain_at(r, field[i],
                    i < 3 ? "rewrite: goes with \"cluster\" or \"clusters\" only"
                          : "request_headers: goes with \"cluster\" or \"clusters\" only");
    if (rule->action != CFG_TO_CLUSTER) {
        complain_at(r, &rule->mirror.cluster, "mirror: goes with \"cluster\" or \"clusters\" only");
        return;
    }
    if (w->path && w->prefix)
        complain_at(r, &w->prefix, "prefix: \"path\" is given already");
    else if (!all_prefixes(rule))
        complain_at(r, &w->prefix, "prefix: goes with matches by \"prefix\" only");
}

/* May what comes by a listener of this protocol meet this route? A listener whose protocol is not known may
 * be anything. */
static bool route_hears(const struct reading *r, const struct cfg_route *t, unsigned protocol)
{
    const struct config *c = r->config;
    uint32_t n = t->nlistener ? t->nlistener : c->nlistener;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = t->nlistener ? t->listener[i] : i;

        if (k >= c->nlistener || !field_good(r, &c->listener[k].protocol) ||
            c->listener[k].protocol == protocol)
            return true;
    }
    return false;
}

/* What a rule asks for that nobody who meets it can have. */
static void check_protocols(struct reading *r, const struct cfg_route *t, const struct cfg_rule *rule)
{
    for (uint32_t i = 0; i < rule->nmatch; i++) {
        if (rule->match[i].nalpn && !route_hears(r, t, CFG_TLS))
            complain_at(
                r, &rule->match[i].alpn,
                "alpn: none of the route's listeners is of \"protocol: tls\", so that nobody matches");
    }
}

static bool leads_to(const struct cfg_rule *rule, uint32_t cluster)
{
    for (uint32_t i = 0; i < rule->nsplit; i++) {
        if (rule->split[i].cluster == cluster)
            return true;
    }
    return rule->cluster == cluster;
}

/* Is the cluster used, and never by HTTP? */
static bool without_http(const struct reading *r, uint32_t cluster)
{
    const struct config *c = r->config;
    bool used = false;

    for (uint32_t i = 0; i < c->nlistener; i++)
        used |= c->listener[i].cluster == cluster;
    for (uint32_t i = 0; i < c->nroute; i++) {
        for (uint32_t j = 0; j < c->route[i].nrule; j++) {
            if (!leads_to(&c->route[i].rule[j], cluster))
                continue;
            if (route_hears(r, &c->route[i], CFG_HTTP))
                return false;
            used = true;
        }
    }
    return used;
}

static void check_affinity(struct reading *r)
{
    for (uint32_t i = 0; i < r->config->ncluster; i++) {
        const struct cfg_cookie *k = &r->config->cluster[i].affinity.cookie;

        if (k->on && without_http(r, i))
            complain_at(r, &k->name,
                        "cookie: goes with \"protocol: http\"; nothing else leads to this cluster");
    }
}

void check_rules(struct reading *r)
{
    check_affinity(r);
    for (uint32_t i = 0; i < r->config->nroute; i++) {
        const struct cfg_route *t = &r->config->route[i];

        for (uint32_t j = 0; j < t->nrule; j++) {
            check_protocols(r, t, &t->rule[j]);
            check_split(r, &t->rule[j]);
            check_to_endpoints(r, &t->rule[j]);
            if (t->rule[j].action == CFG_REDIRECT)
                check_redirect(r, &t->rule[j]);
            if (t->rule[j].action == CFG_REPLY)
                check_reply(r, &t->rule[j]);
        }
    }
}
