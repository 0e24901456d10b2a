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

void check_rules(struct reading *r)
{
    for (uint32_t i = 0; i < r->config->nroute; i++) {
        const struct cfg_route *t = &r->config->route[i];

        for (uint32_t j = 0; j < t->nrule; j++) {
            check_split(r, &t->rule[j]);
            check_to_endpoints(r, &t->rule[j]);
            if (t->rule[j].action == CFG_REDIRECT)
                check_redirect(r, &t->rule[j]);
            if (t->rule[j].action == CFG_REPLY)
                check_reply(r, &t->rule[j]);
        }
    }
}
