/* What one client may have of a listener at a time: open connections, and requests in flight. Both are
 * counted by all workers together (lb-policy/in_use.h), for each listener by its address, so the limit is the
 * limit however a client's connections are spread, and goes on over reloads, whatever the listener is called
 * then: by its address a reload knows it, and whose connections are (adopt.c).
 *
 * Connections go by the address that packets come from, requests by who asks (PROXY headers, trusted
 * proxies). Whom limits.trusted names is not counted, but those whom he speaks for are.
 *
 * A SYN and the end of a handshake only look; it is counted when the conn is there. So of two that end at the
 * same time on two workers one may find that the last place is taken: it is reset. The worker's thread. */
#include <errno.h>

#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"
#include "agent/splice/clients.h"

enum kind {
    CONNECTIONS,
    REQUESTS,
};

struct subject {
    struct ip_addr prefix, listener;
    uint16_t port;
    uint8_t any4, any6, kind;
    uint8_t zero[3];
};
_Static_assert(sizeof(struct subject) == 40, "all of it is hashed");

static uint64_t hash_of(const struct exchanges *w, const struct cfg_listener *l, enum kind kind,
                        const struct ip_addr *client)
{
    struct subject s = {.prefix = client_prefix(client),
                        .listener = l->at.addr,
                        .port = l->at.port,
                        .any4 = l->any4,
                        .any6 = l->any6,
                        .kind = (uint8_t)kind};
    return siphash(&w->rate_key, &s, sizeof s);
}

static bool any_limit(const struct config *cfg)
{
    for (uint32_t i = 0; i < cfg->nlistener; i++)
        if (cfg->listener[i].client_connections || cfg->listener[i].client_requests)
            return true;
    return false;
}

int client_limits_bind(struct exchanges *w, const struct generation *g)
{
    if (!w->in_use && any_limit(g->cfg))
        w->in_use = shared_in_use(w->shared, (uint64_t)2 * w->slots * w->nworkers);
    return w->in_use || !any_limit(g->cfg) ? 0 : -ENOMEM;
}

/* ---- connections ---- */

bool client_limits_full(const struct exchanges *w, const struct cfg_listener *l, const struct ip_addr *client)
{
    return l->client_connections &&
           lb_in_use_count(w->in_use, hash_of(w, l, CONNECTIONS, client)) >= l->client_connections &&
           !mutant(client_limit_ignored);
}

/* client_place holds a place's number and one, so that memory that was never written means none. */
static bool take_conn(struct exchanges *w, const struct conn *c, const struct cfg_listener *l, uint32_t most)
{
    uint32_t place =
        lb_in_use_take(w->in_use, w->worker, hash_of(w, l, CONNECTIONS, splice_remote_addr(w->s, c)), most);
    if (place == LB_IN_USE_REFUSED && !mutant(client_limit_ignored))
        return false;
    w->client_place[splice_index(w->s, c)] = place < LB_IN_USE_UNCOUNTED ? place + 1 : 0;
    return true;
}

bool client_limits_open(struct exchanges *w, const struct conn *c)
{
    const struct cfg_listener *l = listener_of(w, c);
    return !l->client_connections || conn_client(c) == CLIENT_NONE ||
           take_conn(w, c, l, l->client_connections);
}

void client_limits_close(struct exchanges *w, const struct conn *c)
{
    if (!w->in_use || !w->client_place[splice_index(w->s, c)])
        return;
    lb_in_use_give(w->in_use, w->client_place[splice_index(w->s, c)] - 1);
    w->client_place[splice_index(w->s, c)] = 0;
}

void client_limits_adopt(struct exchanges *w, const struct conn *c)
{
    const struct cfg_listener *l = &w->gen->cfg->listener[conn_listener(c)]; /* not that of its exchange */
    if (l->client_connections && !w->client_place[splice_index(w->s, c)] && conn_client(c) != CLIENT_NONE)
        (void)take_conn(w, c, l, LB_IN_USE_MOST);
}

/* ---- requests ---- */

bool client_limits_begin(struct exchanges *w, struct exchange *x)
{
    const struct cfg_listener *l = x->listener;
    if (!l->client_requests)
        return true;
    bool own = ip_eq(&x->client.addr, splice_remote_addr(w->s, x->c));
    if (own && conn_client(x->c) == CLIENT_NONE)
        return true;
    x->client_place =
        lb_in_use_take(w->in_use, w->worker, hash_of(w, l, REQUESTS, &x->client.addr), l->client_requests);
    return x->client_place != LB_IN_USE_REFUSED || mutant(client_limit_ignored);
}

void client_limits_end(struct exchanges *w, struct exchange *x)
{
    if (w->in_use)
        lb_in_use_give(w->in_use, x->client_place);
    x->client_place = LB_IN_USE_UNCOUNTED;
}
