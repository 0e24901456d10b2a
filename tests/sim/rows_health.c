/* Rows about checks of endpoints (agent/exchange/check.c), and about what keeps an endpoint from being asked
 * (agent/exchange/endpoints.c). Cluster 0 has one endpoint, unless a row says otherwise. */
#include <string.h>

#include "tests/sim/rows_all.h"

#define CLOSE2 "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"

static char *word(const char *s)
{
    return (char *)(uintptr_t)s; /* the configuration of a row frees none of these */
}

static struct cfg_health_check *checked(struct script *s, enum cfg_check_protocol p)
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

static struct roster_entry *entry(struct script *s, unsigned i)
{
    return roster_find(s->lacon.roster, "c0", &s->config->cluster[0].endpoint[i].at);
}

static void want_state(struct script *s, enum roster_health health, enum finding why)
{
    pass_time(s, 10);
    struct roster_check c = roster_check_of(entry(s, 0));
    want_true(s, c.health == health, health == ROSTER_UP ? "the endpoint is up" : "the endpoint is down");
    want_true(s, c.why == why, finding_text(why));
}

/* The check's connection, with its request read. */
static struct peer *asked(struct script *s)
{
    struct peer *e = serve(s);
    want_head(e);
    return e;
}

/* lacon closes the check's connection in an orderly way, and so do we. */
static void bye(struct peer *e)
{
    want_eventually(e, "FA");
    fin(e);
    pass_time(e->sc, 10);
    forget(e);
}

static void answers(struct script *s, const char *text)
{
    struct peer *e = asked(s);
    say(e, text);
    bye(e);
}

/* ---- what is asked, and what is an answer ---- */

void check_http(struct script *s)
{
    families(s, false, false);
    checked(s, CFG_CHECK_HTTP);
    start(s);
    struct peer *e = serve(s);
    want_text(e, "GET /healthz HTTP/1.1\r\nHost: 10.1.0.10:8080\r\nUser-Agent: lacon/");
    say(e, CLOSE2);
    bye(e);
    want_state(s, ROSTER_UP, FINDING_PASSED);
    want_counter(s, "checks_passed", 1);
    want_counter(s, "exchanges", 0);
    want_counter(s, "endpoints_open", 0);
    want_true(s, lacon_kept(&s->lacon) == 0, "nothing is kept");
}

void check_tcp(struct script *s)
{
    checked(s, CFG_CHECK_TCP);
    start(s);
    struct peer *e = serve(s);
    bye(e);
    want_state(s, ROSTER_UP, FINDING_PASSED);
}

void check_pieces(struct script *s)
{
    checked(s, CFG_CHECK_HTTP)->body_contains = word("abcabd");
    start(s);
    struct peer *e = asked(s);
    static const char *const piece[] = {"HTTP/1.1 100 Conti",
                                        "nue\r\n\r\nHTTP/1.1 2",
                                        "00 OK\r\nContent-Le",
                                        "ngth: 20\r\n\r",
                                        "\nxxabca",
                                        "bcab",
                                        "dyyyyyyyyy"};
    for (unsigned i = 0; i < sizeof piece / sizeof piece[0]; i++) {
        say(e, piece[i]);
        pass_time(s, 50);
    }
    bye(e);
    want_state(s, ROSTER_UP, FINDING_PASSED);
}

void check_pieces_reordered(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    struct peer *e = asked(s);
    say_at(e, e->snd + 10, "00 OK\r\nContent-Length: 0\r\n\r\n");
    pass_time(s, 10);
    say_at(e, e->snd, "HTTP/1.1 2");
    e->snd += 10 + (uint32_t)strlen("00 OK\r\nContent-Length: 0\r\n\r\n");
    bye(e);
    want_state(s, ROSTER_UP, FINDING_PASSED);
}

void check_statuses(struct script *s)
{
    static struct cfg_statuses expected[] = {{200, 200}, {300, 399}};
    struct cfg_health_check *h = checked(s, CFG_CHECK_HTTP);
    h->expected = expected;
    h->nexpected = 2;
    h->unhealthy = h->healthy = 1;
    start(s);
    answers(s, "HTTP/1.1 204 No Content\r\n\r\n");
    want_state(s, ROSTER_DOWN, FINDING_STATUS);
    want_true(s, roster_check_of(entry(s, 0)).status == 204, "the status is told");
    answers(s, "HTTP/1.1 399 So\r\nContent-Length: 0\r\n\r\n");
    want_state(s, ROSTER_UP, FINDING_PASSED);
    answers(s, "HTTP/1.1 400 So\r\nContent-Length: 0\r\n\r\n");
    want_state(s, ROSTER_DOWN, FINDING_STATUS);
    answers(s, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"); /* whatever comes behind it */
    want_state(s, ROSTER_UP, FINDING_PASSED);
}

void check_body(struct script *s)
{
    struct cfg_health_check *h = checked(s, CFG_CHECK_HTTP);
    h->body_contains = word("fine");
    h->unhealthy = h->healthy = 1;
    start(s);
    answers(s, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nfin fin");
    want_state(s, ROSTER_DOWN, FINDING_BODY);
    answers(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxfi\r\n2\r\nne\r\n0\r\n\r\n");
    want_state(s, ROSTER_UP, FINDING_PASSED);
    answers(
        s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nnn\r\n0\r\nX: fine\r\n\r\n");
    want_state(s, ROSTER_DOWN, FINDING_BODY);
    struct peer *e = asked(s); /* to the end of the connection */
    say(e, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall is fi");
    pass_time(s, 10);
    say(e, "ne");
    bye(e);
    want_state(s, ROSTER_UP, FINDING_PASSED);
    e = asked(s);
    say(e, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall is not so");
    fin(e);
    want_state(s, ROSTER_DOWN, FINDING_BODY);
}

void check_body_endless(struct script *s)
{
    struct cfg_health_check *h = checked(s, CFG_CHECK_HTTP);
    h->body_contains = word("fine");
    start(s);
    struct peer *e = asked(s);
    say(e, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    for (unsigned i = 0; i < 70; i++) {
        say_n(e, 'x', 1000);
        pass_time(s, 1);
        want_true(s, lacon_kept(&s->lacon) < 65536, "what comes is not kept");
    }
    bye(e);
    want_state(s, ROSTER_DOWN, FINDING_BODY);
}

void check_head_endless(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    struct peer *e = asked(s);
    say(e, "HTTP/1.1 200 OK\r\nX: ");
    for (unsigned i = 0; i < 33; i++)
        say_n(e, 'x', 1000);
    want_state(s, ROSTER_DOWN, FINDING_BAD_ANSWER);
    want_true(s, lacon_kept(&s->lacon) == 0, "nothing is kept");
}

void check_garbage(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    answers(s, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
    want_state(s, ROSTER_DOWN, FINDING_BAD_ANSWER);
}

/* ---- what is lost, and what ends ---- */

void check_syn_lost(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    struct peer *e = take_syn(s);
    want_eventually(e, "S");
    accept_syn_of(e);
    want_head(e);
    say(e, OK2);
    bye(e);
    want_state(s, ROSTER_UP, FINDING_PASSED);
}

void check_request_lost(struct script *s)
{
    checked(s, CFG_CHECK_HTTP)->timeout_ns = 5 * SEC;
    start(s);
    struct peer *e = serve(s);
    pass_time(s, 1);
    lose(e);
    want_text(e, "GET /healthz ");
    say(e, OK2);
    bye(e);
    want_state(s, ROSTER_UP, FINDING_PASSED);
}

void check_refused(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    answers(s, CLOSE2);
    for (unsigned i = 0; i < 3; i++) {
        want_state(s, ROSTER_UP, FINDING_PASSED);
        refuse_syn_of(take_syn(s));
    }
    want_state(s, ROSTER_DOWN, FINDING_REFUSED);
    answers(s, CLOSE2);
    want_state(s, ROSTER_DOWN, FINDING_REFUSED);
    refuse_syn_of(take_syn(s)); /* not two in a row */
    answers(s, CLOSE2);
    want_state(s, ROSTER_DOWN, FINDING_REFUSED);
    answers(s, CLOSE2);
    want_state(s, ROSTER_UP, FINDING_PASSED);
    want_counter(s, "checks_passed", 4);
    want_counter(s, "checks_failed", 4);
}

void check_silent(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    struct peer *e = take_syn(s);
    uint64_t since = e->got_at;
    pass_time(s, 1900);
    want_true(s, roster_check_of(entry(s, 0)).health == ROSTER_UNKNOWN, "there is time left");
    pass_time(s, 100);
    want_state(s, ROSTER_DOWN, FINDING_NO_ANSWER);
    want_true(s, entry(s, 0)->check_since_ns - since < 2100 * MS, "as long as the timeout");
    want_counter(s, "endpoints_open", 0);
}

void check_reset(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    struct peer *e = asked(s);
    rst(e, e->snd);
    want_state(s, ROSTER_DOWN, FINDING_RESET);
}

void check_closed(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    struct peer *e = asked(s);
    say(e, "HTTP/1.1 200 OK\r\nContent-");
    fin(e);
    want_eventually(e, "FA");
    want_state(s, ROSTER_DOWN, FINDING_CLOSED);
}

void check_late(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    struct peer *e = asked(s);
    want_eventually(e, "RA");
    want_state(s, ROSTER_DOWN, FINDING_TIMEOUT);
    say(e, CLOSE2);
    want_eventually(e, "R");
    want_state(s, ROSTER_DOWN, FINDING_TIMEOUT);
    want_counter(s, "checks_failed", 1);
}

/* A timeout longer than the interval: there is never a second check beside the first. */
void check_slow(struct script *s)
{
    struct cfg_health_check *h = checked(s, CFG_CHECK_HTTP);
    h->interval_ns = SEC;
    h->timeout_ns = 10 * SEC;
    start(s);
    struct peer *e = asked(s);
    pass_time(s, 5000);
    want_true(s, s->unclaimed.n == 0, "no other check was begun");
    say(e, CLOSE2);
    bye(e);
    want_true(s, s->unclaimed.n == 1, "the next one was waiting");
}

/* ---- what lacon cannot do says nothing of the endpoint ---- */

void check_no_port(struct script *s)
{
    checked(s, CFG_CHECK_HTTP)->unhealthy = 1;
    one_port(s);
    start(s);
    answers(s, CLOSE2);
    want_state(s, ROSTER_UP, FINDING_PASSED);
    pass_time(s, 2000);
    struct peer *c = client(s), *e = with_request(c, GET0);
    pass_time(s, 30000);
    want_true(s, counter_of(s, "checks_skipped") >= 2, "checks that found no port");
    want_state(s, ROSTER_UP, FINDING_PASSED);
    say(e, OK2);
    want_text(c, OK2);
}

void check_other_port(struct script *s)
{
    checked(s, CFG_CHECK_TCP)->port = 8081;
    start(s);
    struct peer *e = serve(s);
    want_true(s, e->lport == 8081, "the port that is to be checked");
    bye(e);
    want_state(s, ROSTER_UP, FINDING_PASSED);
}

void check_drain(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    struct peer *e = asked(s);
    lacon_drain(&s->lacon);
    want_true(s, lacon_idle(&s->lacon), "a check is nothing that is waited for");
    say(e, CLOSE2);
    bye(e);
    want_state(s, ROSTER_UP, FINDING_PASSED);
}

/* ---- reload ---- */

static struct config *reloaded(struct script *s, enum cfg_check_protocol p)
{
    struct config *c = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    c->cluster[0].check = s->config->cluster[0].check;
    c->cluster[0].check.protocol = p;
    c->cluster[0].nendpoint = 1;
    s->next_config = c;
    lacon_reload(&s->lacon, c, 1);
    return c;
}

void check_reload(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    answers(s, CLOSE2);
    want_state(s, ROSTER_UP, FINDING_PASSED);
    for (unsigned i = 0; i < 2; i++)
        refuse_syn_of(take_syn(s));
    struct peer *e = asked(s);
    reloaded(s, CFG_CHECK_HTTP);
    want_eventually(e, "RA");
    want_state(s, ROSTER_UP, FINDING_PASSED);
    refuse_syn_of(take_syn(s)); /* the third in a row */
    want_state(s, ROSTER_DOWN, FINDING_REFUSED);
    want_true(s, lacon_collect(&s->lacon) == 1, "the old generation is free");
}

/* Other addresses of a name: a check under way goes on. An endpoint that does not answer would never be found
 * out while addresses change faster than the check waits. */
void check_other_addresses(struct script *s)
{
    static struct config other;
    static struct cfg_cluster cluster[TOPO_CLUSTERS];
    static struct cfg_endpoint endpoint[2];
    struct cfg_health_check *h = checked(s, CFG_CHECK_HTTP);
    struct cfg_endpoint *of = s->config->cluster[0].endpoint;
    h->initial = CFG_CHECK_UP;
    start(s);
    struct peer *e = asked(s);
    pass_time(s, 1500);
    other = *s->config;
    memcpy(cluster, other.cluster, other.ncluster * sizeof *cluster);
    other.cluster = cluster;
    endpoint[0] = of[1];
    endpoint[1] = of[0];
    cluster[0].endpoint = endpoint;
    cluster[0].nendpoint = 2;
    lacon_reload(&s->lacon, &other, 1);
    want_true(s, lacon_collect(&s->lacon) == 1, "it needs nothing of what was before");
    pass_time(s, 600);
    want_eventually(e, "RA");
    want_state(s, ROSTER_DOWN, FINDING_TIMEOUT);
}

void check_reload_without(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    refuse_syn_of(take_syn(s));
    want_state(s, ROSTER_DOWN, FINDING_REFUSED);
    reloaded(s, CFG_CHECK_NONE);
    pass_time(s, 30000);
    want_true(s, s->unclaimed.n == 0, "nobody checks any more");
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, OK2);
    want_text(c, OK2);
}

/* ---- who is asked ---- */

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

static struct host *answered_by(struct peer *c)
{
    say(c, GET0);
    struct peer *e = serve(c->sc);
    want_head(e);
    say(e, OK2);
    want_text(c, OK2);
    ack_all(e);
    return e->host;
}

void check_decides(struct script *s)
{
    struct host *down = one_of_two_down(s);
    struct peer *c = client(s);
    open_conn(c);
    for (unsigned i = 0; i < 4; i++)
        want_true(s, answered_by(c) != down, "not the one that fails its checks");
    roster_set_check(s->lacon.roster, entry(s, 0), (struct roster_check){ROSTER_UP, FINDING_PASSED, 0},
                     s->sim.now);
    bool again = false;
    for (unsigned i = 0; i < 2; i++)
        again |= answered_by(c) == down;
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
        asked_too |= answered_by(c) == down;
    want_true(s, asked_too, "with half of the endpoints up all are asked");
}

void check_all_down(struct script *s)
{
    checked(s, CFG_CHECK_HTTP)->interval_ns = 3600 * SEC;
    start(s);
    refuse_syn_of(take_syn(s));
    want_state(s, ROSTER_DOWN, FINDING_REFUSED);
    struct peer *c = client(s), *e = with_request(c, GET0);
    say(e, OK2);
    want_text(c, OK2);
}

static void set_drained(struct script *s, bool drained)
{
    roster_set_drained(s->lacon.roster, entry(s, 0), drained, s->sim.now);
    lacon_sync(&s->lacon);
}

void drained_endpoint(struct script *s)
{
    one_endpoint(s);
    struct peer *c = client(s), *idle = pooled(c), *busy = client(s), *e;
    say(c, GET0);
    want_head(idle);
    e = with_request(busy, GET0);
    say(idle, OK2);
    want_text(c, OK2);
    pass_time(s, 10);
    forget(idle);
    set_drained(s, true);
    want_eventually(idle, "FA");
    say(c, GET0);
    want_text(c, "HTTP/1.1 503 ");
    pass_time(s, 10);
    say(e, OK2);
    want_text(busy, OK2);
    want_eventually(e, "FA"); /* it does not go into the pool */
    want_true(s, roster_use_of(s->lacon.roster, entry(s, 0)).active == 0, "nothing is left of it");
    set_drained(s, false);
    want_true(s, answered_by(busy) == e->host, "it is asked again");
}

void drained_reload(struct script *s)
{
    one_endpoint(s);
    start(s);
    set_drained(s, true);
    reloaded(s, CFG_CHECK_NONE);
    struct peer *c = client(s);
    open_conn(c);
    say(c, GET0);
    want_text(c, "HTTP/1.1 503 ");
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
    open_conn(c);
    say(c, GET0);
    struct host *refuses = (e = take_syn(s))->host;
    refuse_syn_of(e);
    e = serve(s);
    want_head(e);
    say(e, OK2);
    want_text(c, OK2);
    struct roster_entry *r = entry(s, refuses == &s->endpoint_host[0] ? 0 : 1);
    for (unsigned i = 0; i < 2; i++)
        want_true(s, answered_by(c) != refuses, "passed over");
    roster_set_check(s->lacon.roster, r, (struct roster_check){ROSTER_DOWN, FINDING_REFUSED, 0}, s->sim.now);
    lacon_sync(&s->lacon);
    pass_time(s, 1000);
    roster_set_check(s->lacon.roster, r, (struct roster_check){ROSTER_UP, FINDING_PASSED, 0}, s->sim.now);
    lacon_sync(&s->lacon);
    bool again = false;
    for (unsigned i = 0; i < 2; i++)
        again |= answered_by(c) == refuses;
    want_true(s, again, "asked again");
}

/* ---- outliers ---- */

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

/* One request after the other until the first endpoint has done badly so often: `text` is what it answers,
 * NULL: it resets. The other one is well. */
static void does_badly(struct peer *c, unsigned times, const char *text)
{
    struct script *s = c->sc;
    while (times && !s->sim.failed) {
        say(c, GET0);
        struct peer *e = serve(s);
        want_head(e);
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

#define BAD "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"

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
        want_true(s, answered_by(c) != bad, "it gets nothing");
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
        want_true(s, answered_by(c) != bad, "it gets nothing");
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
        struct peer *e = serve(s);
        want_head(e);
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
        want_true(s, answered_by(c) != &s->endpoint_host[0], "still ejected");
    pass_time(s, 20000);
    bool again = false;
    for (unsigned i = 0; i < 2; i++)
        again |= answered_by(c) == &s->endpoint_host[0];
    want_true(s, again, "back in time");
}

/* Where endpoints want PROXY headers a check begins with one that names nobody. */
void check_proxy(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    s->config->cluster[0].proxy_protocol = CFG_PROXY_V1;
    start(s);
    struct peer *e = serve(s);
    want_text(e, "PROXY UNKNOWN\r\nGET /healthz HTTP/1.1\r\n");
    say(e, CLOSE2);
    bye(e);
    want_state(s, ROSTER_UP, FINDING_PASSED);
}
