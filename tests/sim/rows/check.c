/* Rows about checks of endpoints (agent/exchange/check.c). */
#include <string.h>

#include "tests/sim/rows/all.h"
#include "tests/sim/rows/health.h"

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

void check_other_port(struct script *s)
{
    checked(s, CFG_CHECK_TCP)->port = 8081;
    start(s);
    struct peer *e = serve(s);
    want_true(s, e->lport == 8081, "the port that is to be checked");
    bye(e);
    want_state(s, ROSTER_UP, FINDING_PASSED);
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

void check_pieces(struct script *s)
{
    checked(s, CFG_CHECK_HTTP)->body_contains = word("abcabd");
    start(s);
    struct peer *e = take_request(s);
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
    struct peer *e = take_request(s);
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
    answers(s, LARGE0); /* whatever comes behind it */
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
    struct peer *e = take_request(s); /* to the end of the connection */
    say(e, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall is fi");
    pass_time(s, 10);
    say(e, "ne");
    bye(e);
    want_state(s, ROSTER_UP, FINDING_PASSED);
    e = take_request(s);
    say(e, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall is not so");
    fin(e);
    want_state(s, ROSTER_DOWN, FINDING_BODY);
}

void check_body_endless(struct script *s)
{
    struct cfg_health_check *h = checked(s, CFG_CHECK_HTTP);
    h->body_contains = word("fine");
    start(s);
    struct peer *e = take_request(s);
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
    struct peer *e = take_request(s);
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
    struct peer *e = take_request(s);
    rst(e, e->snd);
    want_state(s, ROSTER_DOWN, FINDING_RESET);
}

void check_closed(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    struct peer *e = take_request(s);
    say(e, "HTTP/1.1 200 OK\r\nContent-");
    fin(e);
    want_eventually(e, "FA");
    want_state(s, ROSTER_DOWN, FINDING_CLOSED);
}

void check_late(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    struct peer *e = take_request(s);
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
    struct peer *e = take_request(s);
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
    answer(e, c);
}

void check_drain(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    struct peer *e = take_request(s);
    lacon_drain(&s->lacon);
    want_true(s, lacon_idle(&s->lacon), "a check is nothing that is waited for");
    say(e, CLOSE2);
    bye(e);
    want_state(s, ROSTER_UP, FINDING_PASSED);
}

/* ---- reload ---- */

void check_reload(struct script *s)
{
    checked(s, CFG_CHECK_HTTP);
    start(s);
    answers(s, CLOSE2);
    want_state(s, ROSTER_UP, FINDING_PASSED);
    for (unsigned i = 0; i < 2; i++)
        refuse_syn_of(take_syn(s));
    struct peer *e = take_request(s);
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
    struct peer *e = take_request(s);
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
    answer(e, c);
}
