/* Rows about limits: who may connect at all, and how much is taken of each. */
#include <string.h>

#include "tests/sim/rows_all.h"

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
    say(e, OK2);
    want_text(c, OK2);
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
    if (!(c->got.flags & SEG_FIN))
        want_eventually(c, "FA");
}
