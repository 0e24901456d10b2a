/* See endpoints.h. The state of an endpoint is put together from its entry in the roster; of several reasons
 * why it takes no requests the one is told that the operator can do most about. */
#include "agent/control/endpoints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/log.h"

#define NS_PER_S 1e9

#define ENDPOINT_STRLEN 64
#define WEIGHT_MAX      1000u /* as the configuration has it */

static const char *address(const struct ip_port *at, char buf[ENDPOINT_STRLEN])
{
    char ip[IP_STRLEN];
    snprintf(buf, ENDPOINT_STRLEN, ip_is_v4(&at->addr) ? "%s:%u" : "[%s]:%u", ip_str(&at->addr, ip),
             at->port);
    return buf;
}

/* ---- states ---- */

struct state {
    const char *name;
    uint64_t since_ns; /* 0: always */
    char reason[128];
};

static void checked_state(const struct cfg_health_check *h, const struct roster_entry *e, struct state *s)
{
    struct roster_check c = roster_check_of(e);
    bool up = c.health == ROSTER_UNKNOWN ? h->initial == CFG_CHECK_UP : c.health == ROSTER_UP;
    s->name = up ? "up" : "down";
    s->since_ns = roster_word(&e->check_since_ns);
    if (c.why == FINDING_STATUS)
        snprintf(s->reason, sizeof s->reason, "%s %u", finding_text(c.why), c.status);
    else
        snprintf(s->reason, sizeof s->reason, "%s", finding_text(c.why));
}

/* Workers that could not connect pass it over for a while, each for itself. */
static void connecting_state(const struct workers *ws, const struct roster_entry *e, uint64_t now_ns,
                             struct state *s)
{
    unsigned n = 0, all = workers_count(ws);
    for (unsigned i = 0; i < all; i++)
        n += roster_word(&e->use[i].down_until_ns) > now_ns;
    if (n == 0)
        return;
    s->name = n == all ? "down" : "up";
    s->since_ns = 0;
    snprintf(s->reason, sizeof s->reason, "%u of %u workers could not connect", n, all);
}

static struct state ejected_state(const struct roster_entry *e, uint64_t now_ns)
{
    struct state s = {.name = "ejected", .since_ns = roster_word(&e->ejected_since_ns)};
    snprintf(s.reason, sizeof s.reason, "%s; back in %.1f s (%u in a row)",
             finding_text((enum finding)roster_word(&e->ejected_why)),
             (double)(roster_ejected_until(e) - now_ns) / NS_PER_S, roster_ejections(e));
    return s;
}

/* What checks, ejection, the operator and the file say. */
static struct state lasting_state(const struct workers *ws, const struct cfg_cluster *k,
                                  const struct cfg_endpoint *c, const struct roster_entry *e, uint64_t now_ns)
{
    struct state s = {.name = "up"};
    if (k->check.protocol != CFG_CHECK_NONE)
        checked_state(&k->check, e, &s);
    if (roster_ejected_until(e) > now_ns && cfg_outlier_on(&k->outlier))
        s = ejected_state(e, now_ns);
    if (roster_word(&e->drained)) {
        bool busy = roster_use_of(workers_roster(ws), e).active > 0;
        s = (struct state){.name = busy ? "draining" : "drained",
                           .since_ns = roster_word(&e->drained_since_ns),
                           .reason = "told so by laconctl"};
    }
    if (c->weight == 0)
        s = (struct state){.name = "disabled", .reason = "has weight 0"};
    return s;
}

static struct state state_of(const struct workers *ws, const struct cfg_cluster *k,
                             const struct cfg_endpoint *c, const struct roster_entry *e, uint64_t now_ns)
{
    struct state s = lasting_state(ws, k, c, e, now_ns);
    if (strcmp(s.name, "up") == 0)
        connecting_state(ws, e, now_ns, &s);
    return s;
}

static json_t *one_endpoint(const struct workers *ws, const struct cfg_cluster *k,
                            const struct cfg_endpoint *c, const struct roster_entry *e)
{
    uint64_t now = workers_now_ns();
    char at[ENDPOINT_STRLEN];
    struct state s = state_of(ws, k, c, e, now);
    struct roster_use use = roster_use_of(workers_roster(ws), e);
    json_t *since =
        s.since_ns && s.since_ns <= now ? json_real((double)(now - s.since_ns) / NS_PER_S) : json_null();
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:I, s:I, s:I, s:I}", "cluster", k->name, "endpoint",
                     address(&c->at, at), "state", s.name, "since_s", since, "reason", s.reason, "active",
                     (json_int_t)use.active, "requests", (json_int_t)use.requests, "failures",
                     (json_int_t)use.failures, "weight", (json_int_t)c->weight);
}

json_t *endpoints_list(struct workers *ws)
{
    struct roster *r = workers_roster(ws);
    const struct config *config = workers_config(ws, NULL);
    json_t *list = json_array();
    roster_lock(r);
    for (uint32_t i = 0; i < config->ncluster; i++) {
        const struct cfg_cluster *k = &config->cluster[i];
        for (uint32_t j = 0; j < k->nendpoint; j++) {
            const struct roster_entry *e = roster_find(r, k->name, &k->endpoint[j].at);
            if (e)
                json_array_append_new(list, one_endpoint(ws, k, &k->endpoint[j], e));
        }
    }
    roster_unlock(r);
    return json_pack("{s:o}", "endpoints", list);
}

/* ---- orders ---- */

static bool is_meant(const char *which, const struct cfg_cluster *k, const struct cfg_endpoint *c)
{
    const char *slash = strchr(which, '/');
    char at[ENDPOINT_STRLEN];
    if (slash &&
        (strlen(k->name) != (size_t)(slash - which) || strncmp(which, k->name, (size_t)(slash - which)) != 0))
        return false;
    return strcmp(slash ? slash + 1 : which, address(&c->at, at)) == 0;
}

static unsigned each_meant(struct workers *ws, const char *which,
                           void (*fn)(struct roster *r, struct roster_entry *e, uint64_t arg), uint64_t arg)
{
    struct roster *r = workers_roster(ws);
    const struct config *config = workers_config(ws, NULL);
    unsigned n = 0;
    roster_lock(r);
    for (uint32_t i = 0; i < config->ncluster; i++) {
        const struct cfg_cluster *k = &config->cluster[i];
        for (uint32_t j = 0; j < k->nendpoint; j++) {
            struct roster_entry *e =
                is_meant(which, k, &k->endpoint[j]) ? roster_find(r, k->name, &k->endpoint[j].at) : NULL;
            if (!e)
                continue;
            fn(r, e, arg);
            n++;
        }
    }
    roster_unlock(r);
    return n;
}

static json_t *done(unsigned n, const char *which)
{
    if (n == 0)
        return json_pack("{s:o}", "error", json_sprintf("no endpoint is %s (laconctl endpoints)", which));
    return json_pack("{s:i}", "endpoints", (int)n);
}

static void set_drained(struct roster *r, struct roster_entry *e, uint64_t drained)
{
    roster_set_drained(r, e, drained != 0, workers_now_ns());
}

json_t *endpoints_drain(struct workers *ws, const char *which, bool drained)
{
    unsigned n = each_meant(ws, which, set_drained, drained);
    workers_sync(ws);
    return done(n, which);
}

static void set_weight(struct roster *r, struct roster_entry *e, uint64_t weight)
{
    (void)r;
    roster_set_weight(e, (uint32_t)weight);
}

json_t *endpoints_weigh(struct workers *ws, const char *which, const char *weight)
{
    char *end;
    unsigned long n = ROSTER_NO_WEIGHT;
    if (strcmp(weight, "file") != 0) {
        n = strtoul(weight, &end, 10);
        if (*weight < '0' || *weight > '9' || *end || n > WEIGHT_MAX)
            return json_pack("{s:s}", "error", "a weight is a whole number from 0 to 1000, or \"file\"");
    }
    return done(each_meant(ws, which, set_weight, n), which);
}

/* ---- changes, for the log ---- */

/* What an endpoint is before anything is found out: one that is down when it is first looked at has changed,
 * however soon that was. */
static const char *state_at_first(const struct cfg_cluster *k, const struct cfg_endpoint *c)
{
    if (c->weight == 0)
        return "disabled";
    return k->check.protocol != CFG_CHECK_NONE && k->check.initial != CFG_CHECK_UP ? "down" : "up";
}

static void report(const struct workers *ws, const struct cfg_cluster *k, const struct cfg_endpoint *c,
                   struct roster_entry *e, struct endpoints_watch *w)
{
    struct state s = lasting_state(ws, k, c, e, workers_now_ns());
    char at[ENDPOINT_STRLEN];
    const char *before = e->reported ? e->reported : state_at_first(k, c);
    w->look_again |= strcmp(s.name, "ejected") == 0; /* that it ends is told by time alone */
    if (strncmp(s.name, "drain", 5) == 0)
        s.name = "drained";
    e->reported = s.name;
    if (strcmp(before, s.name) == 0)
        return;
    log_write(strcmp(s.name, "up") == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "endpoint %s/%s is %s%s%s",
              k->name, address(&c->at, at), s.name, *s.reason ? ": " : "", s.reason);
}

void endpoints_report(struct workers *ws, struct endpoints_watch *w)
{
    struct roster *r = workers_roster(ws);
    uint32_t id;
    const struct config *config = workers_config(ws, &id);
    uint64_t version = roster_version(r);
    if (w->begun && version == w->version && id == w->config && !w->look_again)
        return;
    *w = (struct endpoints_watch){.begun = true, .version = version, .config = id};
    roster_lock(r);
    for (uint32_t i = 0; i < config->ncluster; i++) {
        const struct cfg_cluster *k = &config->cluster[i];
        for (uint32_t j = 0; j < k->nendpoint; j++) {
            struct roster_entry *e = roster_find(r, k->name, &k->endpoint[j].at);
            if (e)
                report(ws, k, &k->endpoint[j], e, w);
        }
    }
    roster_unlock(r);
}
