/* Rows about balancing: what an exchange tells its lb_policy, and when. */
#include "tests/sim/rows/all.h"

#define GET_KEY(key) "GET / HTTP/1.1\r\nHost: c0.example\r\nX-Key: " key "\r\n\r\n"

/* Cluster 0 with this policy; a connection for each request, so that each shows where it goes. */
static void policy(struct script *s, enum cfg_lb_policy p)
{
    s->config->cluster[0].lb_policy = p;
    s->config->cluster[0].pool_size = 0;
}

void policy_least_conn(struct script *s)
{
    policy(s, CFG_LB_LEAST_CONN);
    struct peer *busy = client(s), *e = with_request(busy, GET0), *c = client(s);
    open_conn(c);
    for (unsigned i = 0; i < 2; i++)
        want_true(s, answered_by(c, GET0) != e->host, "not to the endpoint that has one in flight");
    answer(e, busy);
    bool again = false;
    for (unsigned i = 0; i < 2; i++)
        again |= answered_by(c, GET0) == e->host;
    want_true(s, again, "it gets its turn again when it is idle");
}

void policy_least_conn_client_gone(struct script *s)
{
    policy(s, CFG_LB_LEAST_CONN);
    struct peer *busy = client(s), *e = with_request(busy, GET0), *c;
    rst(busy, busy->snd);
    want_eventually(e, "RA");
    c = client(s);
    open_conn(c);
    struct host *first = answered_by(c, GET0);
    want_true(s, first != answered_by(c, GET0), "an exchange that was broken off is counted no more");
}

void policy_least_conn_retry(struct script *s)
{
    policy(s, CFG_LB_LEAST_CONN);
    struct peer *c = client(s);
    ask(c, GET0);
    struct peer *e = take_syn(s), *f;
    refuse_syn_of(e);
    f = take_request(s);
    want_true(s, f->host != e->host, "tried elsewhere");
    answer(f, c);
    want_true(s, answered_by(c, GET0) == f->host, "the one that refused is down");
    pass_time(s, 6000); /* and forgiven: it had no exchange left */
    want_true(s, answered_by(c, GET0) == e->host, "whose turn it is");
}

void policy_ewma(struct script *s)
{
    policy(s, CFG_LB_EWMA);
    struct peer *c = client(s), *e = with_request(c, GET0);
    pass_time(s, 500);
    answer(e, c);
    struct host *fast = answered_by(c, GET0);
    want_true(s, fast != e->host, "the one that nobody knows yet");
    want_true(s, answered_by(c, GET0) == fast, "the faster one");
}

/* What was learned holds after a reload; else the one that nobody knows would be asked first. */
void policy_ewma_reload(struct script *s)
{
    policy(s, CFG_LB_EWMA);
    struct peer *c = client(s), *e = with_request(c, GET0);
    pass_time(s, 500);
    answer(e, c);
    struct host *fast = answered_by(c, GET0);
    s->next_config = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    s->next_config->cluster[0].lb_policy = CFG_LB_EWMA;
    s->next_config->cluster[0].pool_size = 0;
    s->next_config->cluster[0].nendpoint = s->config->cluster[0].nendpoint;
    lacon_reload(&s->lacon, s->next_config, 1);
    for (unsigned i = 0; i < 3 && !s->sim.failed; i++)
        want_true(s, answered_by(c, GET0) == fast, "the faster one");
}

void policy_key(struct script *s)
{
    policy(s, CFG_LB_MAGLEV);
    s->config->cluster[0].hash_key = (struct cfg_hash_key){CFG_HASH_HEADER, (char *)(uintptr_t) "x-key"};
    struct peer *c = client(s);
    open_conn(c);
    struct host *first = answered_by(c, GET_KEY("a"));
    want_true(s, answered_by(c, GET_KEY("a")) == first, "the same key, the same endpoint");
    say(c, GET_KEY("a"));
    struct peer *e = take_syn(s);
    want_true(s, e->host == first, "the same again");
    refuse_syn_of(e);
    e = take_request(s);
    want_true(s, e->host != first, "the other one, while it is down");
    answer(e, c);
    pass_time(s, 6000);
    want_true(s, answered_by(c, GET_KEY("a")) == first, "back when it is forgiven");
}
