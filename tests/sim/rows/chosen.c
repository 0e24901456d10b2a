/* Rows about what keeps an endpoint from being asked (agent/exchange/endpoints.c): what its checks said, an
 * operator's word, a worker's own failure. */
#include "tests/sim/rows/all.h"
#include "tests/sim/rows/health.h"

/* Cluster 0 with two endpoints, the first of which is checked down. Returns its host. */
static struct host *one_of_two_down(struct script *s)
{
    struct cfg_health_check *h = checked(s, CFG_CHECK_HTTP);
    s->config->cluster[0].nendpoint = 2;
    s->config->cluster[0].pool_size = 0;
    h->interval_ns = 3600 * SEC;
    h->healthy = h->unhealthy = 1;
    start(s);
    struct host *down = NULL;
    for (unsigned i = 0; i < 2; i++) {
        struct peer *e = take_syn(s);
        if (e->host == &s->endpoint_host[0]) {
            down = e->host;
            refuse_syn_of(e);
            continue;
        }
        accept_syn_of(e);
        want_head(e);
        say(e, CLOSE2);
        bye(e);
    }
    pass_time(s, 10);
    return down;
}

void check_decides(struct script *s)
{
    struct host *down = one_of_two_down(s);
    struct peer *c = client(s);
    open_conn(c);
    for (unsigned i = 0; i < 4; i++)
        want_true(s, answered_by(c, GET0) != down, "not the one that fails its checks");
    roster_set_check(s->lacon.roster, entry(s, 0), (struct roster_check){ROSTER_UP, FINDING_PASSED, 0},
                     s->sim.now);
    bool again = false;
    for (unsigned i = 0; i < 2; i++)
        again |= answered_by(c, GET0) == down;
    want_true(s, again, "another worker says that it is up");
}

void check_panic(struct script *s)
{
    s->config->cluster[0].panic_threshold = 60;
    struct host *down = one_of_two_down(s);
    struct peer *c = client(s);
    open_conn(c);
    bool asked_too = false;
    for (unsigned i = 0; i < 2; i++)
        asked_too |= answered_by(c, GET0) == down;
    want_true(s, asked_too, "with half of the endpoints up all are asked");
}

void check_all_down(struct script *s)
{
    checked(s, CFG_CHECK_HTTP)->interval_ns = 3600 * SEC;
    start(s);
    refuse_syn_of(take_syn(s));
    want_state(s, ROSTER_DOWN, FINDING_REFUSED);
    struct peer *c = client(s), *e = with_request(c, GET0);
    answer(e, c);
}

/* A worker that could not connect passes the endpoint over for five seconds, but no longer than until a check
 * finds that it is up again. */
void check_pardons(struct script *s)
{
    struct cfg_health_check *h = checked(s, CFG_CHECK_HTTP);
    s->config->cluster[0].nendpoint = 2;
    s->config->cluster[0].pool_size = 0;
    h->interval_ns = 3600 * SEC;
    start(s);
    for (unsigned i = 0; i < 2; i++)
        answers(s, CLOSE2);
    struct peer *c = client(s), *e;
    ask(c, GET0);
    struct host *refuses = (e = take_syn(s))->host;
    refuse_syn_of(e);
    e = take_request(s);
    answer(e, c);
    struct roster_entry *r = entry(s, refuses == &s->endpoint_host[0] ? 0 : 1);
    for (unsigned i = 0; i < 2; i++)
        want_true(s, answered_by(c, GET0) != refuses, "passed over");
    roster_set_check(s->lacon.roster, r, (struct roster_check){ROSTER_DOWN, FINDING_REFUSED, 0}, s->sim.now);
    lacon_sync(&s->lacon);
    pass_time(s, 1000);
    roster_set_check(s->lacon.roster, r, (struct roster_check){ROSTER_UP, FINDING_PASSED, 0}, s->sim.now);
    lacon_sync(&s->lacon);
    bool again = false;
    for (unsigned i = 0; i < 2; i++)
        again |= answered_by(c, GET0) == refuses;
    want_true(s, again, "asked again");
}

/* ---- drained ---- */

void drained_endpoint(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *idle = pooled(c), *busy = client(s), *e;
    say(c, GET0);
    want_head(idle);
    e = with_request(busy, GET0);
    answer(idle, c);
    pass_time(s, 10);
    forget(idle);
    set_drained(s, true);
    want_eventually(idle, "FA");
    say(c, GET0);
    want_text(c, "HTTP/1.1 503 ");
    pass_time(s, 10);
    answer(e, busy);
    want_eventually(e, "FA"); /* it does not go into the pool */
    want_true(s, roster_use_of(s->lacon.roster, entry(s, 0)).active == 0, "nothing is left of it");
    set_drained(s, false);
    want_true(s, answered_by(busy, GET0) == e->host, "it is asked again");
}

void drained_reload(struct script *s)
{
    one_endpoint(s);
    start(s);
    set_drained(s, true);
    reloaded(s, CFG_CHECK_NONE);
    struct peer *c = client(s);
    ask(c, GET0);
    want_text(c, "HTTP/1.1 503 ");
}
