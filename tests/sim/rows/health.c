#include "tests/sim/rows/health.h"

char *word(const char *s)
{
    return (char *)(uintptr_t)s; /* the configuration of a row frees none of these */
}

struct cfg_health_check *checked(struct script *s, enum cfg_check_protocol p)
{
    struct cfg_health_check *h = &s->config->cluster[0].check;
    *h = (struct cfg_health_check){.protocol = p,
                                   .path = word("/healthz"),
                                   .interval_ns = 10 * SEC,
                                   .timeout_ns = 2 * SEC,
                                   .healthy = 2,
                                   .unhealthy = 3};
    one_endpoint(s);
    return h;
}

struct roster_entry *entry(struct script *s, unsigned i)
{
    return roster_find(s->lacon.roster, "c0", &s->config->cluster[0].endpoint[i].at);
}

void want_state(struct script *s, enum roster_health health, enum finding why)
{
    pass_time(s, 10);
    struct roster_check c = roster_check_of(entry(s, 0));
    want_true(s, c.health == health, health == ROSTER_UP ? "the endpoint is up" : "the endpoint is down");
    want_true(s, c.why == why, finding_text(why));
}

void bye(struct peer *e)
{
    want_eventually(e, "FA");
    fin(e);
    pass_time(e->sc, 10);
    forget(e);
}

void answers(struct script *s, const char *text)
{
    struct peer *e = take_request(s);
    say(e, text);
    bye(e);
}

struct config *reloaded(struct script *s, enum cfg_check_protocol p)
{
    struct config *c = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    c->cluster[0].check = s->config->cluster[0].check;
    c->cluster[0].check.protocol = p;
    c->cluster[0].nendpoint = 1;
    s->next_config = c;
    lacon_reload(&s->lacon, c, 1);
    return c;
}

void set_drained(struct script *s, bool drained)
{
    roster_set_drained(s->lacon.roster, entry(s, 0), drained, s->sim.now);
    lacon_sync(&s->lacon);
}
