/* A configuration that is the same as another one but for the endpoints of its clusters: names have become
 * addresses, weights are those that the operator has ordered. See config.h. */
#include <stdlib.h>
#include <string.h>

#include "config/holder.h"

static uint32_t room_for(const struct cfg_cluster *k, const struct cfg_lookup *l)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < k->nendpoint; i++) {
        const struct ip_addr *addr;

        n += k->endpoint[i].host ? l->addresses(l->ctx, k->endpoint[i].host, &addr) : 1;
    }
    return n < CFG_MAX_ENDPOINTS ? n : CFG_MAX_ENDPOINTS;
}

static bool has(const struct cfg_cluster *k, const struct ip_port *at)
{
    for (uint32_t i = 0; i < k->nendpoint; i++) {
        if (k->endpoint[i].at.port == at->port && ip_eq(&k->endpoint[i].at.addr, &at->addr))
            return true;
    }
    return false;
}

/* Is it given by its address as well? */
static bool is_literal(const struct cfg_cluster *from, const struct ip_port *at)
{
    for (uint32_t i = 0; i < from->nendpoint; i++) {
        const struct cfg_endpoint *e = &from->endpoint[i];

        if (!e->host && e->at.port == at->port && ip_eq(&e->at.addr, &at->addr))
            return true;
    }
    return false;
}

/* One of several names that lead to the same address is enough; what is given by its address is that. */
static void add(struct cfg_cluster *k, const struct cfg_cluster *from, uint32_t room,
                const struct cfg_endpoint *e, const struct ip_addr *addr, const struct cfg_lookup *l)
{
    struct cfg_endpoint copy = *e;

    copy.at.addr = *addr;
    if (k->nendpoint == room || (e->host && (has(k, &copy.at) || is_literal(from, &copy.at))))
        return;
    copy.weight = l->weight(l->ctx, k->name, &copy.at, e->weight);
    k->endpoint[k->nendpoint++] = copy;
}

static bool derive_cluster(struct cfg_cluster *k, const struct cfg_cluster *from, const struct cfg_lookup *l)
{
    uint32_t room = room_for(from, l);

    *k = *from;
    k->nendpoint = 0;
    k->endpoint = calloc(room ? room : 1, sizeof *k->endpoint);
    if (!k->endpoint)
        return false;
    for (uint32_t i = 0; i < from->nendpoint; i++) {
        const struct cfg_endpoint *e = &from->endpoint[i];
        const struct ip_addr *addr = &e->at.addr;
        uint32_t n = e->host ? l->addresses(l->ctx, e->host, &addr) : 1;

        for (uint32_t a = 0; a < n; a++)
            add(k, from, room, e, &addr[a], l);
    }
    return true;
}

struct config *config_derive(struct config *base, const struct cfg_lookup *l)
{
    struct holder *h = calloc(1, sizeof *h);

    if (!h)
        return NULL;
    h->config = *base;
    h->config.cluster = calloc(base->ncluster, sizeof *h->config.cluster);
    h->users = 1;
    h->base = (struct holder *)(void *)base;
    h->base->users++;
    for (uint32_t i = 0; i < base->ncluster; i++) {
        if (!h->config.cluster || !derive_cluster(&h->config.cluster[i], &base->cluster[i], l)) {
            config_free(&h->config);
            return NULL;
        }
    }
    return &h->config;
}

/* What is its own; the base has one user less. */
void derived_free(struct holder *h)
{
    struct holder *base = h->base;

    for (uint32_t i = 0; h->config.cluster && i < h->config.ncluster; i++)
        free(h->config.cluster[i].endpoint);
    free(h->config.cluster);
    free(h);
    config_free(&base->config);
}
