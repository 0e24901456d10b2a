/* Rate limits: what goes together, and what each is called. Its name says where it stands (of a listener by
 * its address, as clients know it), so that a limit keeps its buckets through a reload that leaves it there.
 * Part of one reading, after all of the file has been read; see keys.h. */
#include <string.h>

#include "config/keys.h"

static void number(struct reading *r, struct cfg_rate_limit *l, const char *kind, const char *name,
                   uint32_t rule, uint32_t i)
{
    char text[160];

    snprintf(text, sizeof text, "%s %s %u %u", kind, name ? name : "", rule, i);
    l->name = arena_text(&r->keep, text, strlen(text));
    l->id = r->config->nrate_limit++;
}

#define PLACE_ROOM 64

/* Where a listener is; no two are at one place. */
static const char *listener_place(const struct cfg_listener *l, char buf[PLACE_ROOM])
{
    char ip[IP_STRLEN];

    snprintf(buf, PLACE_ROOM, "%s %u%s%s", ip_str(&l->at.addr, ip), l->at.port, l->any4 ? " any4" : "",
             l->any6 ? " any6" : "");
    return buf;
}

static void of_listener(struct reading *r, const struct cfg_listener *l, struct cfg_rate_limit *limit)
{
    if (limit->of == CFG_RATE_CONNECTIONS && limit->keyed && limit->key.on != CFG_HASH_SOURCE)
        complain_at(r, &limit->key, "key: must be source for connections, of which no more is known");
    if (limit->of == CFG_RATE_REQUESTS && l->protocol != CFG_HTTP && field_good(r, &l->protocol))
        complain_at(r, &limit->rate,
                    "rate: of requests goes with \"protocol: http\"; say \"of: connections\"");
}

void check_rates(struct reading *r)
{
    struct config *c = r->config;
    char place[PLACE_ROOM];

    for (uint32_t i = 0; i < c->nlistener; i++) {
        struct cfg_listener *l = &c->listener[i];

        for (uint32_t k = 0; k < l->nrate_limit; k++) {
            of_listener(r, l, &l->rate_limit[k]);
            number(r, &l->rate_limit[k], "listener", listener_place(l, place), 0, k);
        }
        if (l->client_requests && l->protocol != CFG_HTTP)
            complain_at(r, &l->client_requests, "client_requests: goes with \"protocol: http\"");
    }
    for (uint32_t i = 0; i < c->nroute; i++) {
        for (uint32_t j = 0; j < c->route[i].nrule; j++) {
            struct cfg_rule *rule = &c->route[i].rule[j];

            for (uint32_t k = 0; k < rule->nrate_limit; k++) {
                if (rule->rate_limit[k].of != CFG_RATE_REQUESTS)
                    complain_at(r, &rule->rate_limit[k].of, "of: a rule limits requests only");
                number(r, &rule->rate_limit[k], "route", c->route[i].name, j, k);
            }
        }
    }
}
