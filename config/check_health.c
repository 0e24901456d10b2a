/* How the keys of a cluster's checks go together: a key that would do nothing is a mistake. Part of one
 * reading, after all of the file has been read; see keys.h. */
#include "config/keys.h"

static void only_http(struct reading *r, const void *field, const char *name)
{
    complain_at(r, field, "%s: goes with \"protocol: http\" only", name);
}

static void check_outlier(struct reading *r, const struct cfg_outlier *o)
{
    if (o->base_ns > o->max_ns)
        complain_at(r, &o->base_ns, "base_ejection_time: must not be above max_ejection_time");
}

static void check_one(struct reading *r, const struct cfg_health_check *h)
{
    if (h->protocol != CFG_CHECK_HTTP) {
        only_http(r, &h->host, "host");
        only_http(r, &h->expected, "expected_statuses");
        only_http(r, &h->body_contains, "body_contains");
    }
    if (h->method == CFG_CHECK_HEAD)
        complain_at(r, &h->body_contains, "body_contains: an answer to HEAD has no body");
}

static void check_dns(struct reading *r, const struct cfg_dns *d)
{
    if (field_good(r, &d->max_ttl_ns) && d->min_ttl_ns > d->max_ttl_ns)
        complain_at(r, &d->min_ttl_ns, "min_ttl: must not be above max_ttl");
}

void check_health(struct reading *r)
{
    check_dns(r, &r->config->dns);
    for (uint32_t n = 0; n < r->config->ncluster; n++) {
        const struct cfg_cluster *k = &r->config->cluster[n];

        if (field_good(r, &k->check.protocol))
            check_one(r, &k->check);
        if (field_good(r, &k->outlier.base_ns) && field_good(r, &k->outlier.max_ns))
            check_outlier(r, &k->outlier);
    }
}
