/* Rows about limits: who may connect at all, and how much is taken of each. */
#include <string.h>

#include "tests/sim/rows/all.h"

/* ---- allow and deny lists ---- */

static struct networks_run list_runs[NETWORKS_RUNS(2)];

/* The listener's lists hold both families' clients with this verdict. */
static void list_clients(struct config *c, enum cfg_access verdict)
{
    struct network in[2] = {{topo_addr(false, 0, 0), 96 + 16, (uint8_t)verdict},
                            {topo_addr(true, 0, 0), 64, (uint8_t)verdict}};
    c->listener[0].access.run = list_runs;
    networks_build(&c->listener[0].access, in, 2);
    c->listener[0].only_allowed = verdict == CFG_ALLOWED;
}

/* A SYN of a client that is refused draws nothing, however often it comes. */
void list_denied(struct script *s)
{
    list_clients(s->config, CFG_DENIED);
    struct peer *c = client(s);
    flags(c, SEG_SYN, 0, 0);
    want_silence(c, 100);
    flags(c, SEG_SYN, 0, 0);
    flags(c, SEG_ACK, 1, 1);
    want_silence(c, 1000);
    want_counter(s, "drop_denied", 3);
    want_counter(s, "clients_accepted", 0);
}

void list_allowed(struct script *s)
{
    list_clients(s->config, CFG_ALLOWED);
    struct peer *c = client(s), *e = with_request(c, GET0);
    answer(e, c);
    want_counter(s, "drop_denied", 0);
}

/* Between SYN-ACK and ACK the lists change. */
void list_denied_ack(struct script *s)
{
    struct peer *c = client(s);
    flags(c, SEG_SYN, 0, 0);
    want(c, "SA");
    list_clients(s->config, CFG_DENIED);
    ack_all(c);
    say(c, GET0);
    want_silence(c, 1000);
    want_counter(s, "drop_denied", 2);
    want_counter(s, "clients_accepted", 0);
}

/* A reload keeps a client out: what is in flight ends well, an idle connection is closed. */
void list_reload(struct script *s)
{
    struct peer *c = client(s), *idle = client(s), *e = with_request(c, GET0);
    open_conn(idle);
    pass_time(s, 10);
    s->next_config = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    s->config->admin.drain_timeout_ns = s->next_config->admin.drain_timeout_ns = 3600 * SEC;
    list_clients(s->next_config, CFG_DENIED);
    lacon_reload(&s->lacon, s->next_config, 1);
    want(idle, "FA");
    say(e, OK2);
    want_text(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    want_fin(c);
}

/* ---- rates ---- */

static char rate_name[] = "row";

/* Two requests at once, one more every ten seconds; not keyed unless the caller changes it. */
static struct cfg_rate_limit *limit_requests(struct config *c)
{
    static struct cfg_rate_limit limit;
    limit = (struct cfg_rate_limit){.rate = 6, .per_ns = 60 * SEC, .burst = 2, .keys = 64, .name = rate_name};
    c->listener[0].nrate_limit = c->nrate_limit = 1;
    c->listener[0].rate_limit = &limit;
    return &limit;
}

#define LIMITED "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 10\r\nContent-Type: text/plain\r\n"

/* One exchange of c's: the endpoint answers. */
static void served(struct peer *c, struct peer **e)
{
    say(c, GET0);
    if (!*e)
        *e = serve(c->sc);
    want_head(*e);
    say(*e, OK2);
    want_text(c, OK2);
}

/* The third of three is refused with the time to wait, and the connection stays; ten seconds later one more
 * is served. */
void rate_requests(struct script *s)
{
    struct peer *e = NULL;
    one_endpoint(s);
    limit_requests(s->config);
    struct peer *c = client(s);
    open_conn(c);
    served(c, &e);
    served(c, &e);
    say(c, GET0);
    want_reply(c, LIMITED "Content-Length: 22\r\n", "\r\n429 Too Many Requests\n");
    want_counter(s, "requests_limited", 1);
    pass_time(s, 9000);
    say(c, GET0);
    want_text(c, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n");
    pass_time(s, 1000);
    served(c, &e);
    say(c, GET0);
    want_text(c, LIMITED);
}

/* Four requests in one segment: two are served, two refused, in order. */
void rate_pipelined(struct script *s)
{
    one_endpoint(s);
    limit_requests(s->config);
    struct peer *c = client(s), *e = with_request(c, GET0 GET0 GET0 GET0);
    answer(e, c);
    want_head(e);
    answer(e, c);
    want_text(c, LIMITED);
    want_text(c, LIMITED);
    want_counter(s, "requests", 4);
    uint32_t at = e->rcv;
    pass_time(s, 10);
    forget(e);
    want_true(s, e->rcv == at, "the endpoint gets two requests");
}

/* A request with a body that is still to come: 429, closed, and the body thrown away without end. */
void rate_with_body(struct script *s)
{
    limit_requests(s->config)->burst = 1;
    struct peer *c = client(s), *e = with_request(c, GET0);
    answer(e, c);
    say(c, POST_HEAD("100000"));
    want_text(c, "HTTP/1.1 429 Too Many Requests\r\n");
    want_true(s, memmem(c->got.data, c->got.len, "Connection: close", 17) != NULL,
              "Connection: close is said");
    want_fin(c);
    ack_all(c);
    say_n(c, 'x', 20000);
    pass_time(s, 10);
    forget(c);
    want_true(s, c->got.flags == SEG_ACK && c->got.ack == c->iss + c->snd, "what comes is acked");
    want_true(s, lacon_kept(&s->lacon) == 0, "and not kept");
    want_true(s, s->unclaimed.n == 0, "no endpoint is asked");
}

/* By a header: each value has its own bucket; who has none is not limited. */
void rate_by_header(struct script *s)
{
    static char name[] = "X-User";
    struct peer *e = NULL;
    one_endpoint(s);
    struct cfg_rate_limit *l = limit_requests(s->config);
    l->keyed = true;
    l->burst = 1;
    l->key = (struct cfg_hash_key){CFG_HASH_HEADER, name};
    struct peer *c = client(s);
    open_conn(c);
    for (unsigned i = 0; i < 3; i++)
        served(c, &e);
    say(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nX-User: a\r\n\r\n");
    want_head(e);
    answer(e, c);
    say(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nX-User: b\r\n\r\n");
    want_head(e);
    answer(e, c);
    say(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nX-User: a\r\n\r\n");
    want_text(c, LIMITED);
}

/* A reload that leaves the limit where it was leaves the bucket as it was. */
void rate_reload(struct script *s)
{
    limit_requests(s->config)->burst = 1;
    struct peer *c = client(s), *e = with_request(c, GET0);
    answer(e, c);
    s->next_config = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    limit_requests(s->next_config)->burst = 1;
    lacon_reload(&s->lacon, s->next_config, 1);
    say(c, GET0);
    want_text(c, LIMITED);
}

/* A rule's limit is the rule's alone. */
void rate_of_rule(struct script *s)
{
    struct cfg_rate_limit *l = limit_requests(s->config);
    s->config->listener[0].nrate_limit = 0;
    s->config->route[0].rule[0].nrate_limit = 1;
    s->config->route[0].rule[0].rate_limit = l;
    l->burst = 1;
    struct peer *c = client(s), *e = with_request(c, GET0);
    answer(e, c);
    say(c, GET0);
    want_text(c, LIMITED);
    say(c, "GET / HTTP/1.1\r\nHost: c1.example\r\n\r\n");
    want_head(serve(s));
}

/* The third connection of an address is reset after its handshake; SYNs that go no further take nothing. */
void rate_connections(struct script *s)
{
    struct cfg_rate_limit *l = limit_requests(s->config);
    l->of = CFG_RATE_CONNECTIONS;
    l->keyed = true;
    for (unsigned i = 0; i < 4; i++)
        flags(client(s), SEG_SYN, 0, 0);
    pass_time(s, 10);
    struct peer *a = client(s), *b = client(s), *c = client(s);
    open_conn(a);
    open_conn(b);
    open_conn(c);
    want(c, "R");
    want_silence(a, 10);
    want_counter(s, "drop_client_rate", 1);
    want_counter(s, "clients_open", 2);
    struct peer *d = client(s);
    pass_time(s, 10000);
    open_conn(d);
    want_silence(d, 10);
    want_counter(s, "clients_open", 3);
}

/* ---- shares of one client, in numbers ---- */

void client_connections(struct script *s)
{
    s->config->listener[0].client_connections = 1;
    struct peer *a = client(s), *b = client(s), *c = client(s);
    open_conn(a);
    pass_time(s, 10);
    flags(b, SEG_SYN, 0, 0);
    want(b, "RA");
    want_counter(s, "drop_client_share", 1);
    rst(a, 1);
    pass_time(s, 10);
    open_conn(c);
    want_silence(c, 10);
}

/* One request of a client is in flight: a second one, on another connection, is refused; after the first has
 * its answer it is not. */
void client_requests(struct script *s)
{
    s->config->listener[0].client_requests = 1;
    struct peer *a = client(s), *b = client(s), *e = with_request(a, GET0);
    ask(b, GET0);
    want_text(b, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n");
    answer(e, a);
    say(b, GET0);
    want_head(e->host == &s->endpoint_host[0] ? serve(s) : e);
}

/* A limit of connections that a reload brings, or takes away, holds for those that are open. */
void client_connections_reload(struct script *s)
{
    struct config *next = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    s->config->listener[0].client_connections = 0;
    next->listener[0].client_connections = 2;
    s->next_config = next;
    struct peer *a = client(s), *b = client(s), *c = client(s), *d = client(s);
    open_conn(a);
    open_conn(b);
    pass_time(s, 10);
    lacon_reload(&s->lacon, s->next_config, 1);
    flags(c, SEG_SYN, 0, 0);
    want(c, "RA");
    rst(a, 1);
    pass_time(s, 10);
    open_conn(d);
    want_silence(d, 10);
}

/* The same configuration, in which the listener has another name. */
static void renamed(struct script *s)
{
    s->next_config = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    s->next_config->listener[0].client_connections = s->config->listener[0].client_connections;
    s->next_config->listener[0].client_requests = s->config->listener[0].client_requests;
    s->next_config->listener[0].name[0] = 'x';
    lacon_reload(&s->lacon, s->next_config, 1);
}

/* What counts is where a listener is, not what it is called. */
void client_connections_renamed(struct script *s)
{
    s->config->listener[0].client_connections = 2;
    struct peer *a = client(s), *b = client(s), *c = client(s), *d = client(s);
    open_conn(a);
    pass_time(s, 10);
    renamed(s);
    open_conn(b);
    pass_time(s, 10);
    flags(c, SEG_SYN, 0, 0);
    want(c, "RA");
    rst(a, 1);
    pass_time(s, 10);
    open_conn(d);
    want_silence(d, 10);
}

void client_requests_renamed(struct script *s)
{
    s->config->listener[0].client_requests = 1;
    struct peer *a = client(s), *b = client(s), *e = with_request(a, GET0);
    renamed(s);
    ask(b, GET0);
    want_text(b, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n");
    answer(e, a);
    say(b, GET0);
    pass_time(s, 10);
    want_counter(s, "requests_limited", 1);
}

/* Also for one with a request in flight, which goes on under the old configuration. */
void client_connections_reload_busy(struct script *s)
{
    s->config->listener[0].client_connections = 0;
    s->next_config = topo_config(false, !ip_is_v4(&s->config->cluster[0].endpoint[0].at.addr), 1);
    s->next_config->listener[0].client_connections = 1;
    struct peer *a = client(s), *b = client(s), *e = with_request(a, GET0);
    lacon_reload(&s->lacon, s->next_config, 1);
    answer(e, a);
    flags(b, SEG_SYN, 0, 0);
    want(b, "RA");
    rst(a, a->snd);
    pass_time(s, 10);
    open_conn(b);
    want_silence(b, 10);
}

/* Behind a trusted proxy each client has requests of his own in flight. */
void client_requests_forwarded(struct script *s)
{
    static struct cfg_prefix proxy;
    struct cfg_listener *l = s->config->listener;
    l->client_requests = 1;
    l->ntrusted_proxy = 1;
    l->trusted_proxy = &proxy;
    struct peer *a = client(s), *b = client(s), *c = client(s);
    proxy = (struct cfg_prefix){a->local, ip_is_v4(&a->local) ? 32 : 128};
    with_request(a, "GET / HTTP/1.1\r\nHost: c0.example\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
    ask(b, "GET / HTTP/1.1\r\nHost: c0.example\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
    want_text(b, "HTTP/1.1 429 Too Many Requests\r\n");
    with_request(c, "GET / HTTP/1.1\r\nHost: c0.example\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n");
}
