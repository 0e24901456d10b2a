/* What no key can tell alone: how workers, addresses, ports and devices go together. Part of one reading,
 * after all of the file has been read; values that were complained about are passed over. See keys.h. */
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"
#include "config/scalar.h"

#define PORTS_PER_WORKER 16u

/* The place of a field that was given: of a required one, or after place_of() was seen to be there. */
static struct mark where(const struct reading *r, const void *field)
{
    const struct place *p = place_of(r, field);

    return p ? p->at : (struct mark){1, 1};
}

static bool given(const struct reading *r, const void *field)
{
    const struct place *p = place_of(r, field);

    return p && p->good;
}

/* ---- dpdk ---- */

static void check_cores(struct reading *r, const struct cfg_dpdk *d)
{
    if (d->ncores != d->workers && field_good(r, &d->workers))
        complain(&r->errors, where(r, &d->cores),
                 "cores: must have as many items as there are workers (%u), not %u", d->workers, d->ncores);
    for (uint32_t i = 0; i < d->ncores; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (d->cores[i] == d->cores[j] && given(r, &d->cores[i]) && given(r, &d->cores[j])) {
                complain(&r->errors, where(r, &d->cores[i]), "cores: %u is listed twice", d->cores[i]);
                break;
            }
        }
    }
}

void check_dpdk(struct reading *r)
{
    const struct cfg_dpdk *d = &r->config->dpdk;
    uint32_t ports = (uint32_t)d->port_hi - d->port_lo + 1;

    if (given(r, &d->cores))
        check_cores(r, d);
    if (field_good(r, &d->workers) && field_good(r, &d->port_lo) && ports < PORTS_PER_WORKER * d->workers)
        complain(&r->errors, where(r, place_of(r, &d->port_lo) ? (const void *)&d->port_lo : &d->workers),
                 "local_ports: %u-%u are %u ports, too few for %u worker%s (at least %u for each)",
                 d->port_lo, d->port_hi, ports, d->workers, d->workers == 1 ? "" : "s", PORTS_PER_WORKER);
}

/* ---- interfaces ---- */

/* A prefix's length in the 16-byte form of addresses. */
static unsigned mapped_bits(const struct cfg_prefix *p)
{
    return ip_is_v4(&p->addr) ? 96u + p->bits : p->bits;
}

static bool is_link_local(const struct ip_addr *a)
{
    return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* Does one of the interface's networks hold this address? */
static bool on_link(const struct reading *r, const struct cfg_interface *i, const struct ip_addr *a)
{
    for (uint32_t n = 0; n < i->naddr; n++) {
        if (given(r, &i->addr[n]) && ip_is_v4(&i->addr[n].addr) == ip_is_v4(a) &&
            ip_prefix_eq(&i->addr[n].addr, a, mapped_bits(&i->addr[n])))
            return true;
    }
    return false;
}

/* Did one of the interface's addresses fail to be read? Then what depends on them is not judged. */
static bool addresses_good(const struct reading *r, const struct cfg_interface *i)
{
    if (!given(r, &i->addr))
        return false;
    for (uint32_t n = 0; n < i->naddr; n++) {
        if (!given(r, &i->addr[n]))
            return false;
    }
    return true;
}

static bool has_family(const struct cfg_interface *i, bool v4)
{
    for (uint32_t n = 0; n < i->naddr; n++) {
        if (ip_is_v4(&i->addr[n].addr) == v4)
            return true;
    }
    return false;
}

/* Is this address one of ours? */
static bool is_ours(const struct config *c, const struct ip_addr *a)
{
    for (uint32_t i = 0; i < c->ninterface; i++) {
        for (uint32_t n = 0; n < c->interface[i].naddr; n++) {
            if (ip_eq(&c->interface[i].addr[n].addr, a))
                return true;
        }
    }
    return false;
}

/* A link-local gateway is on every link (RFC 4861), but needs an IPv6 address of ours to be asked from. */
static void check_gateway(struct reading *r, const struct cfg_interface *i, const struct ip_addr *gateway)
{
    const char *key = gateway == &i->gateway4 ? "gateway" : "gateway6";
    char ip[IP_STRLEN];

    if (!given(r, gateway) || !addresses_good(r, i))
        return;
    ip_str(gateway, ip);
    if (is_ours(r->config, gateway))
        complain(&r->errors, where(r, gateway), "%s: %s is an address of lacon's own", key, ip);
    else if (!on_link(r, i, gateway) && !(is_link_local(gateway) && has_family(i, false)))
        complain(&r->errors, where(r, gateway),
                 "%s: %s is in none of the networks of this interface's addresses", key, ip);
}

static void check_mtu(struct reading *r, const struct cfg_interface *i)
{
    if (given(r, &i->mtu) && i->mtu != 0 && i->mtu < 1280 && has_family(i, false))
        complain(&r->errors, where(r, &i->mtu), "mtu: must be at least 1280 with an IPv6 address, not %u",
                 i->mtu);
}

/* The interfaces before the n-th one must not be on the same device and VLAN. */
static void check_device(struct reading *r, uint32_t n)
{
    const struct cfg_interface *i = &r->config->interface[n], *o;

    if (given(r, &i->driver) && given(r, &i->target) && i->kind != CFG_IF_DEVICE)
        complain(&r->errors, where(r, &i->driver), "driver: goes with \"device\" only");
    for (o = r->config->interface; o < i; o++) {
        if (given(r, &i->target) && given(r, &o->target) && i->kind == o->kind &&
            strcmp(i->target, o->target) == 0 && field_good(r, &i->vlan) && field_good(r, &o->vlan) &&
            i->vlan == o->vlan) {
            complain(&r->errors, where(r, &i->target),
                     "another interface is on \"%s\" with the same vlan, on line %u", i->target,
                     where(r, &o->target).line);
            return;
        }
    }
}

/* The first place among all interfaces where this address is written. */
static const struct cfg_prefix *first_use(const struct reading *r, const struct cfg_prefix *p)
{
    const struct config *c = r->config;

    for (uint32_t i = 0; i < c->ninterface; i++) {
        for (uint32_t n = 0; n < c->interface[i].naddr; n++) {
            const struct cfg_prefix *q = &c->interface[i].addr[n];

            if (q == p || (given(r, q) && ip_eq(&q->addr, &p->addr)))
                return q;
        }
    }
    return p;
}

static void check_addresses(struct reading *r, const struct cfg_interface *i)
{
    char ip[IP_STRLEN];

    for (uint32_t n = 0; n < i->naddr; n++) {
        const struct cfg_prefix *p = &i->addr[n], *first = first_use(r, p);

        if (given(r, p) && first != p)
            complain(&r->errors, where(r, p), "addresses: %s is already used on line %u",
                     ip_str(&p->addr, ip), where(r, first).line);
    }
}

void check_interfaces(struct reading *r)
{
    const struct config *c = r->config;

    for (uint32_t n = 0; n < c->ninterface; n++) {
        const struct cfg_interface *i = &c->interface[n];

        check_addresses(r, i);
        check_gateway(r, i, &i->gateway4);
        check_gateway(r, i, &i->gateway6);
        check_mtu(r, i);
        check_device(r, n);
    }
}

/* ---- listeners ---- */

/* Are all addresses of all interfaces known? */
static bool all_addresses_good(const struct reading *r)
{
    const struct config *c = r->config;

    for (uint32_t i = 0; i < c->ninterface; i++) {
        if (!addresses_good(r, &c->interface[i]))
            return false;
    }
    return c->ninterface > 0;
}

static bool any_family(const struct config *c, bool v4)
{
    for (uint32_t i = 0; i < c->ninterface; i++) {
        if (has_family(&c->interface[i], v4))
            return true;
    }
    return false;
}

static bool takes_any(const struct cfg_listener *l)
{
    return l->any4 || l->any6;
}

/* Does this listener take connections to that address and port? */
static bool takes(const struct cfg_listener *l, const struct ip_port *at)
{
    if (l->at.port != at->port)
        return false;
    if (takes_any(l))
        return ip_is_v4(&at->addr) ? l->any4 : l->any6;
    return ip_eq(&l->at.addr, &at->addr);
}

static bool overlap(const struct cfg_listener *a, const struct cfg_listener *b)
{
    if (takes_any(a) && takes_any(b))
        return a->at.port == b->at.port && ((a->any4 && b->any4) || (a->any6 && b->any6));
    return takes_any(a) ? takes(a, &b->at) : takes(b, &a->at);
}

/* Is there an address of ours that this listener means? */
static void check_is_ours(struct reading *r, const struct cfg_listener *l)
{
    const struct config *c = r->config;
    char ip[IP_STRLEN];

    if (!takes_any(l) && !is_ours(c, &l->at.addr))
        complain(&r->errors, where(r, &l->at), "address: %s is not an address of any of the interfaces",
                 ip_str(&l->at.addr, ip));
    else if (takes_any(l) && !(l->any4 && any_family(c, true)) && !(l->any6 && any_family(c, false)))
        complain(&r->errors, where(r, &l->at), "address: no interface has an %s address",
                 l->any4 ? "IPv4" : "IPv6");
}

/* What would change nothing on a listener without HTTP, and which somebody counts on. What a listener has by
 * default is passed over. */
static void check_heads(struct reading *r, const struct cfg_listener *l)
{
    const struct {
        const void *field;
        bool on;
        const char *name;
    } keys[] = {
        {&l->trusted_proxy, l->ntrusted_proxy > 0, "trusted_proxies"},
        {&l->x_forwarded_host, l->x_forwarded_host != CFG_FORWARD_OFF, "x_forwarded_host"},
        {&l->x_forwarded_port, l->x_forwarded_port != CFG_FORWARD_OFF, "x_forwarded_port"},
        {&l->forwarded, l->forwarded != CFG_FORWARD_OFF, "forwarded"},
        {&l->x_request_id, l->x_request_id != CFG_FORWARD_OFF, "x_request_id"},
        {&l->traceparent, l->traceparent != CFG_FORWARD_OFF, "traceparent"},
        {&l->request_edit.remove, true, "request_headers"},
        {&l->request_edit.set, true, "request_headers"},
        {&l->request_edit.add, true, "request_headers"},
        {&l->response_edit.remove, true, "response_headers"},
        {&l->response_edit.set, true, "response_headers"},
        {&l->response_edit.add, true, "response_headers"},
    };

    for (size_t i = 0; l->protocol != CFG_HTTP && i < sizeof keys / sizeof *keys; i++) {
        if (keys[i].on && given(r, keys[i].field))
            complain(&r->errors, where(r, keys[i].field), "%s: goes with \"protocol: http\"", keys[i].name);
    }
}

/* A listener of protocol tcp names its cluster itself, any other by routes. */
static void check_protocol(struct reading *r, const struct cfg_listener *l)
{
    const struct place *cluster = place_of(r, &l->cluster);

    if (l->protocol == CFG_TCP && !cluster)
        complain(&r->errors, where(r, &l->protocol),
                 "protocol: tcp needs \"cluster\", where the connections go");
    if (l->protocol != CFG_TCP && cluster)
        complain(&r->errors, cluster->at,
                 "cluster: goes with \"protocol: tcp\"; what goes to which cluster is said by routes");
    if (l->protocol != CFG_HTTP && l->max_body && given(r, &l->max_body)) /* somebody counts on it */
        complain(&r->errors, where(r, &l->max_body), "max_body: goes with \"protocol: http\"");
}

/* What comes by a listener of another protocol than tcp goes where routes say. */
static void check_routes_are_there(struct reading *r)
{
    const struct config *c = r->config;
    bool needed = !place_of(r, &c->listener);

    for (uint32_t n = 0; n < c->nlistener; n++)
        needed |= field_good(r, &c->listener[n].protocol) && c->listener[n].protocol != CFG_TCP;
    if (needed && !place_of(r, &c->route))
        complain(&r->errors, (struct mark){1, 1},
                 "the configuration needs \"routes\", unless every listener is of \"protocol: tcp\"");
}

void check_listeners(struct reading *r)
{
    const struct config *c = r->config;
    const struct cfg_dpdk *d = &c->dpdk;
    bool ours_known = all_addresses_good(r);

    check_routes_are_there(r);
    for (uint32_t n = 0; n < c->nlistener; n++) {
        const struct cfg_listener *l = &c->listener[n];

        if (field_good(r, &l->protocol)) {
            check_protocol(r, l);
            check_heads(r, l);
        }
        if (!given(r, &l->at))
            continue;
        if (ours_known)
            check_is_ours(r, l);
        /* A packet to a local port is an endpoint's, and belongs to that port's worker. */
        if (field_good(r, &d->port_lo) && l->at.port >= d->port_lo && l->at.port <= d->port_hi)
            complain(&r->errors, where(r, &l->at), "address: port %u is one of dpdk's local_ports (%u-%u)",
                     l->at.port, d->port_lo, d->port_hi);
        for (uint32_t o = 0; o < n; o++) {
            if (given(r, &c->listener[o].at) && overlap(l, &c->listener[o])) {
                complain(&r->errors, where(r, &l->at),
                         "address: overlaps with that of another listener, on line %u",
                         where(r, &c->listener[o].at).line);
                break;
            }
        }
    }
}

/* ---- endpoints ---- */

/* Does an interface lead there, by its network or its gateway? */
static bool reachable(const struct reading *r, const struct ip_addr *a)
{
    const struct config *c = r->config;

    for (uint32_t i = 0; i < c->ninterface; i++) {
        const struct cfg_interface *f = &c->interface[i];
        const void *gateway = ip_is_v4(a) ? &f->gateway4 : &f->gateway6;

        if (on_link(r, f, a) || place_of(r, gateway)) /* a wrong gateway was meant to lead somewhere */
            return true;
    }
    return false;
}

static void check_endpoint(struct reading *r, const struct cfg_endpoint *e)
{
    const struct config *c = r->config;
    char at[SCALAR_STRLEN];

    if (!reachable(r, &e->at.addr)) {
        complain(
            &r->errors, where(r, &e->at),
            "address: no interface leads to %s: it is in none of their networks, and there is no gateway",
            scalar_ip_port_str(&e->at, at));
        return;
    }
    if (!is_ours(c, &e->at.addr))
        return;
    for (uint32_t n = 0; n < c->nlistener; n++) {
        if (given(r, &c->listener[n].at) && takes(&c->listener[n], &e->at)) {
            complain(&r->errors, where(r, &e->at), "address: %s is a listener of lacon's own, on line %u",
                     scalar_ip_port_str(&e->at, at), where(r, &c->listener[n].at).line);
            return;
        }
    }
    complain(&r->errors, where(r, &e->at),
             "address: %s is at an address of lacon's own, where no server can be",
             scalar_ip_port_str(&e->at, at));
}

static void check_weights(struct reading *r, const struct cfg_cluster *k)
{
    for (uint32_t i = 0; i < k->nendpoint; i++) {
        if (k->endpoint[i].weight > 0 || !field_good(r, &k->endpoint[i].weight))
            return;
    }
    complain(&r->errors, where(r, &k->endpoint), "endpoints: all have weight 0, so that none takes requests");
}

void check_endpoints(struct reading *r)
{
    const struct config *c = r->config;
    bool ours_known = all_addresses_good(r);

    for (uint32_t n = 0; n < c->ncluster; n++) {
        const struct cfg_cluster *k = &c->cluster[n];

        if (!given(r, &k->endpoint))
            continue;
        check_weights(r, k);
        for (uint32_t i = 0; i < k->nendpoint; i++) {
            if (ours_known && given(r, &k->endpoint[i].at) && !k->endpoint[i].host)
                check_endpoint(r, &k->endpoint[i]);
        }
    }
}
