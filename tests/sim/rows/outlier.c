/* Rows about endpoints that are ejected for what they do (agent/exchange/outlier.c). */
#include "tests/sim/rows/all.h"
#include "tests/sim/rows/health.h"

/* Cluster 0 with two endpoints, which are judged by what they do. */
static struct cfg_outlier *judged(struct script *s)
{
    struct cfg_cluster *k = &s->config->cluster[0];
    k->pool_size = 0;
    k->outlier = (struct cfg_outlier){.min_requests = 1,
                                      .window_ns = 60 * SEC,
                                      .base_ns = 20 * SEC,
                                      .max_ns = 50 * SEC,
                                      .max_ejection_percent = 50};
    return &k->outlier;
}

static struct roster_entry *entry_of(struct script *s, const struct host *h)
{
    return entry(s, h == &s->endpoint_host[0] ? 0 : 1);
}

static bool ejected(struct script *s, const struct host *h)
{
    return roster_ejected_until(entry_of(s, h)) > s->sim.now;
}

#define BAD "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"

/* One request after the other until the first endpoint has done badly so often: `text` is what it answers,
 * NULL: it resets. The other one is well. */
static void does_badly(struct peer *c, unsigned times, const char *text)
{
    struct script *s = c->sc;
    while (times && !s->sim.failed) {
        say(c, GET0);
        struct peer *e = take_request(s);
        bool bad = e->host == &s->endpoint_host[0];
        times -= bad;
        if (bad && !text) {
            rst(e, e->snd);
            e = serve(s); /* asked elsewhere */
            want_head(e);
        }
        say(e, bad && text ? text : OK2);
        want_text(c, "HTTP/1.1 ");
        pass_time(s, 50);
        fin(e);
        forget(c);
        ack_all(c);
    }
}

void outlier_failures(struct script *s)
{
    judged(s)->failures = 3;
    struct peer *c = client(s);
    struct host *bad = &s->endpoint_host[0];
    open_conn(c);
    does_badly(c, 2, NULL);
    does_badly(c, 1, OK2);
    does_badly(c, 2, NULL);
    want_true(s, !ejected(s, bad), "not three in a row");
    does_badly(c, 1, NULL);
    want_true(s, ejected(s, bad), "three in a row");
    uint64_t back = roster_ejected_until(entry_of(s, bad));
    for (unsigned i = 0; i < 4; i++)
        want_true(s, answered_by(c, GET0) != bad, "it gets nothing");
    want_true(s, back <= s->sim.now + 20 * SEC && back > s->sim.now + 19 * SEC, "for the base time");
    pass_time(s, 20000);
    does_badly(c, 3, NULL); /* it is asked again, and judged anew */
    back = roster_ejected_until(entry_of(s, bad));
    want_true(s, back > s->sim.now + 39 * SEC && back <= s->sim.now + 40 * SEC, "twice as long");
    pass_time(s, 41000);
    does_badly(c, 3, NULL);
    back = roster_ejected_until(entry_of(s, bad));
    want_true(s, back > s->sim.now + 49 * SEC && back <= s->sim.now + 50 * SEC, "at most max_ejection_time");
    want_counter(s, "ejections", 3);
}

void outlier_5xx(struct script *s)
{
    judged(s)->errors = 2;
    struct peer *c = client(s);
    struct host *bad = &s->endpoint_host[0];
    open_conn(c);
    does_badly(c, 1, BAD);
    does_badly(c, 1, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    does_badly(c, 1, BAD);
    want_true(s, !ejected(s, bad), "not two in a row");
    does_badly(c, 1, BAD);
    want_true(s, ejected(s, bad), "two in a row");
    want_true(s, entry_of(s, bad)->ejected_why == FINDING_ERRORS, "and why is told");
    for (unsigned i = 0; i < 4; i++)
        want_true(s, answered_by(c, GET0) != bad, "it gets nothing");
}

void outlier_rate(struct script *s)
{
    struct cfg_outlier *o = judged(s);
    o->error_rate = 50;
    o->min_requests = 6;
    o->window_ns = 20 * SEC;
    struct peer *c = client(s);
    struct host *bad = &s->endpoint_host[0];
    open_conn(c);
    does_badly(c, 3, OK2);
    does_badly(c, 2, BAD);
    pass_time(s, 21000);
    does_badly(c, 1, BAD);
    want_true(s, !ejected(s, bad), "another window");
    does_badly(c, 3, OK2);
    does_badly(c, 1, BAD);
    want_true(s, !ejected(s, bad), "five requests are too few to tell");
    does_badly(c, 1, BAD);
    want_true(s, ejected(s, bad), "three of six");
}

void outlier_floor(struct script *s)
{
    judged(s)->errors = 1;
    struct peer *c = client(s);
    open_conn(c);
    does_badly(c, 1, BAD);
    want_true(s, ejected(s, &s->endpoint_host[0]), "one of two");
    for (unsigned i = 0; i < 4; i++) {
        say(c, GET0);
        struct peer *e = take_request(s);
        say(e, BAD);
        want_text(c, "HTTP/1.1 503 No");
        ack_all(c);
        pass_time(s, 10);
    }
    want_true(s, !ejected(s, &s->endpoint_host[1]), "never the last one");
    want_counter(s, "ejections", 1);
    want_true(s, counter_of(s, "ejections_withheld") == 4, "which is counted");
}

void outlier_reload(struct script *s)
{
    judged(s)->errors = 1;
    struct peer *c = client(s);
    open_conn(c);
    does_badly(c, 1, BAD);
    struct config *next = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    next->cluster[0].outlier = s->config->cluster[0].outlier;
    next->cluster[0].pool_size = 0;
    s->next_config = next;
    lacon_reload(&s->lacon, next, 1);
    for (unsigned i = 0; i < 4; i++)
        want_true(s, answered_by(c, GET0) != &s->endpoint_host[0], "still ejected");
    pass_time(s, 20000);
    bool again = false;
    for (unsigned i = 0; i < 2; i++)
        again |= answered_by(c, GET0) == &s->endpoint_host[0];
    want_true(s, again, "back in time");
}
