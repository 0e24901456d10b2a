/* What is taken of clients: rates of requests and connections (token buckets, shared by all workers), and
 * requests in flight for one client. The worker's thread. */
#include <errno.h>
#include <stdlib.h>

#include "agent/base/mutant.h"
#include "agent/exchange/internal.h"
#include "agent/splice/clients.h"

/* ---- buckets: when a generation is bound and unbound ---- */

typedef int limit_fn(struct exchanges *w, struct generation *g, const struct cfg_rate_limit *l);

static int each_of(struct exchanges *w, struct generation *g, const struct cfg_rate_limit *l, uint32_t n,
                   limit_fn *fn)
{
    int rc = 0;
    for (uint32_t i = 0; i < n && rc == 0; i++)
        rc = fn(w, g, &l[i]);
    return rc;
}

/* Until fn gives another value than 0, which is returned. */
static int each_limit(struct exchanges *w, struct generation *g, limit_fn *fn)
{
    const struct config *cfg = g->cfg;
    int rc = 0;
    for (uint32_t i = 0; i < cfg->nlistener && rc == 0; i++)
        rc = each_of(w, g, cfg->listener[i].rate_limit, cfg->listener[i].nrate_limit, fn);
    for (uint32_t i = 0; i < cfg->nroute && rc == 0; i++)
        for (uint32_t j = 0; j < cfg->route[i].nrule && rc == 0; j++)
            rc = each_of(w, g, cfg->route[i].rule[j].rate_limit, cfg->route[i].rule[j].nrate_limit, fn);
    return rc;
}

static int get(struct exchanges *w, struct generation *g, const struct cfg_rate_limit *l)
{
    g->rate[l->id] = shared_rate_get(w->shared, l->name, l->keyed ? l->keys : 1);
    return g->rate[l->id] ? 0 : -ENOMEM;
}

static int put(struct exchanges *w, struct generation *g, const struct cfg_rate_limit *l)
{
    shared_rate_put(w->shared, l->name, g->rate[l->id]);
    return 0;
}

int limits_bind(struct exchanges *w, struct generation *g)
{
    g->rate = calloc(g->cfg->nrate_limit ? g->cfg->nrate_limit : 1, sizeof *g->rate);
    if (!g->rate)
        return -ENOMEM;
    g->shared = w->shared;
    return each_limit(w, g, get);
}

void limits_unbind(struct exchanges *w, struct generation *g)
{
    if (g->rate)
        each_limit(w, g, put);
    free(g->rate);
    g->rate = NULL;
}

/* ---- asking ---- */

static uint64_t take(const struct exchanges *w, const struct generation *g, const struct cfg_rate_limit *l,
                     uint64_t hash)
{
    return lb_rate_take(g->rate[l->id], hash, l->per_ns / l->rate, l->burst, splice_now(w->s));
}

static void give_back(const struct generation *g, const struct cfg_rate_limit *l, uint64_t hash)
{
    lb_rate_give_back(g->rate[l->id], hash, l->per_ns / l->rate);
}

static uint64_t hash_of_client(const struct exchanges *w, const struct ip_addr *a)
{
    struct ip_addr prefix = client_prefix(a);
    return siphash(&w->rate_key, &prefix, sizeof prefix);
}

static uint64_t hash_of_conn(const struct exchanges *w, const struct cfg_rate_limit *l,
                             const struct ip_addr *client)
{
    return l->keyed ? hash_of_client(w, client) : 1;
}

/* What the request has as the limit's key; false: nothing. */
static bool key_of(const struct exchanges *w, const struct exchange *x, const struct cfg_rate_limit *l,
                   const struct http_head *h, uint64_t *hash)
{
    struct span value;
    *hash = 1;
    if (l->keyed && l->key.on == CFG_HASH_SOURCE)
        *hash = hash_of_client(w, &x->client.addr);
    else if (l->keyed && hash_key_find(x, &l->key, h, &value))
        *hash = siphash(&w->rate_key, value.p, value.n);
    else if (l->keyed)
        return false;
    return true;
}

static bool concerns(const struct exchanges *w, const struct exchange *x, const struct cfg_rate_limit *l,
                     const struct http_head *h, uint64_t *hash)
{
    return l->of == CFG_RATE_REQUESTS && key_of(w, x, l, h, hash);
}

/* What the request took of these n. */
static void give_back_all(const struct exchanges *w, const struct exchange *x, const struct cfg_rate_limit *l,
                          uint32_t n, const struct http_head *h)
{
    uint64_t hash;
    for (uint32_t i = 0; i < n; i++)
        if (concerns(w, x, &l[i], h, &hash))
            give_back(x->gen, &l[i], hash);
}

/* All or none: 0, or the ns until the first that has no token gets one. */
static uint64_t take_all(const struct exchanges *w, const struct exchange *x, const struct cfg_rate_limit *l,
                         uint32_t n, const struct http_head *h)
{
    uint64_t hash, wait;
    for (uint32_t i = 0; i < n; i++)
        if (concerns(w, x, &l[i], h, &hash) && (wait = take(w, x->gen, &l[i], hash)) > 0) {
            give_back_all(w, x, l, i, h);
            return wait;
        }
    return 0;
}

uint64_t limits_wait(const struct exchanges *w, const struct exchange *x, const struct cfg_listener *l,
                     const struct http_head *h)
{
    uint64_t wait = l->nrate_limit ? take_all(w, x, l->rate_limit, l->nrate_limit, h) : 0;
    if (wait || !x->rule || !x->rule->nrate_limit)
        return wait;
    wait = take_all(w, x, x->rule->rate_limit, x->rule->nrate_limit, h);
    if (wait)
        give_back_all(w, x, l->rate_limit, l->nrate_limit, h);
    return wait;
}

bool limits_admit(const struct exchanges *w, const struct cfg_listener *l, const struct ip_addr *client)
{
    for (uint32_t i = 0; i < l->nrate_limit; i++) {
        if (l->rate_limit[i].of != CFG_RATE_CONNECTIONS ||
            !take(w, w->gen, &l->rate_limit[i], hash_of_conn(w, &l->rate_limit[i], client)))
            continue;
        while (i-- > 0)
            if (l->rate_limit[i].of == CFG_RATE_CONNECTIONS)
                give_back(w->gen, &l->rate_limit[i], hash_of_conn(w, &l->rate_limit[i], client));
        return false;
    }
    return true;
}
