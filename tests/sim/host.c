/* Input by kind, TCP demultiplexing, and the resets that a host without a matching connection sends. */
#include "tests/sim/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool host_has_addr(const struct host *h, const struct ip_addr *a)
{
    for (unsigned i = 0; i < h->naddr; i++)
        if (ip_eq(&h->addr[i], a))
            return true;
    return false;
}

void host_add_addr(struct host *h, const struct ip_addr *a)
{
    h->addr[h->naddr++] = *a;
}

void host_send(struct host *h, struct seg *s)
{
    uint8_t out[SEG_FRAME];
    s->ip_id = h->ip_id++;
    uint32_t n = seg_build(s, out);
    host_neigh_send(h, &s->dst, out, n);
}

static struct tcb *find(struct tcb *list, const struct seg *s)
{
    for (struct tcb *c = list; c; c = c->next)
        if (c->lport == s->dport && c->rport == s->sport && ip_eq(&c->remote, &s->src) &&
            ip_eq(&c->local, &s->dst))
            return c;
    return NULL;
}

static void refuse(struct host *h, const struct seg *s)
{
    if (s->flags & SEG_RST)
        return;
    struct seg r = seg_tcp();
    r.v4 = s->v4;
    r.src = s->dst;
    r.dst = s->src;
    r.sport = s->dport;
    r.dport = s->sport;
    if (s->flags & SEG_ACK) {
        r.flags = SEG_RST;
        r.seq = s->ack;
    } else {
        r.flags = SEG_RST | SEG_ACK;
        r.ack = s->seq + s->len + (s->flags & SEG_SYN ? 1u : 0) + (s->flags & SEG_FIN ? 1u : 0);
    }
    host_send(h, &r);
}

static void link_tcb(struct host *h, struct tcb *c)
{
    c->next = h->tcbs;
    h->tcbs = c;
}

static void new_incoming(struct host *h, const struct seg *s)
{
    if (h->listen.port != s->dport || h->listen.mode == LISTEN_REFUSE) {
        refuse(h, s);
        return;
    }
    if (h->listen.mode == LISTEN_IGNORE)
        return;
    struct tcb *c = tcb_new(h, &h->tcp);
    c->local = s->dst;
    c->remote = s->src;
    c->lport = s->dport;
    c->rport = s->sport;
    link_tcb(h, c);
    tcb_accept(c, s);
}

/* A new SYN may take over a TIME_WAIT connection when it is clearly newer (RFC 6191, as Linux). */
static bool reopens(const struct tcb *c, const struct seg *s)
{
    return c->state == TCB_TIME_WAIT && (s->flags & (SEG_SYN | SEG_ACK | SEG_RST)) == SEG_SYN &&
           (int32_t)(s->seq - (c->irs + (uint32_t)c->rcv_nxt)) > 0;
}

static void tcp_input(struct host *h, const struct seg *s)
{
    struct tcb *c = find(h->tcbs, s), *gone;
    if (c && reopens(c, s)) {
        tcb_ended(c, TCB_END_CLOSED);
        c = NULL;
    }
    if (c)
        tcb_input(c, s);
    else if ((gone = find(h->dead, s)) && gone->vanished)
        return;
    else if ((s->flags & (SEG_SYN | SEG_ACK | SEG_RST)) == SEG_SYN)
        new_incoming(h, s);
    else if (h->listen.mode != LISTEN_IGNORE)
        refuse(h, s);
}

static void echo_reply(struct host *h, const struct seg *s)
{
    struct seg r = seg_tcp();
    uint8_t l4[SEG_MTU], out[SEG_FRAME];
    if (s->l4[0] != 8 || s->l4_len > sizeof l4)
        return;
    memcpy(l4, s->l4, s->l4_len);
    l4[0] = 0;
    r.v4 = true;
    r.src = s->dst;
    r.dst = s->src;
    host_neigh_send(h, &s->src, out, seg_build_ip(&r, 1, l4, s->l4_len, out));
}

uint16_t host_path_mtu(const struct host *h, const struct ip_addr *to)
{
    for (unsigned i = 0; i < HOST_PATHS; i++)
        if (h->path[i].mtu && ip_eq(&h->path[i].to, to))
            return h->path[i].mtu;
    return SEG_MTU;
}

static void learn_path(struct host *h, const struct ip_addr *to, uint16_t mtu)
{
    unsigned i = 0;
    while (i < HOST_PATHS && !(h->path[i].mtu && ip_eq(&h->path[i].to, to)))
        i++;
    if (i == HOST_PATHS)
        i = h->next_path++ % HOST_PATHS;
    h->path[i].to = *to;
    h->path[i].mtu = mtu;
}

/* Path MTU discovery (RFC 1191, RFC 8201): believed when it quotes what a connection has in flight; from then
 * on for all connections to that address (Linux keeps it with the route). */
static void icmp_input(struct host *h, const struct seg *s)
{
    struct seg q;
    uint16_t mtu = seg_told_mtu(s, &q);
    for (struct tcb *c = mtu ? h->tcbs : NULL; c; c = c->next)
        if (c->lport == q.sport && c->rport == q.dport && ip_eq(&c->local, &q.src) &&
            ip_eq(&c->remote, &q.dst) && tcb_in_flight(c, q.seq)) {
            if (mtu < host_path_mtu(h, &c->remote))
                learn_path(h, &c->remote, mtu);
            tcb_path_mtu(c, mtu);
            return;
        }
}

static void input(void *arg, const uint8_t *p, uint32_t n)
{
    struct host *h = arg;
    struct seg s;
    if (h->down || seg_parse(p, n, &s) || s.vlan != h->vlan) /* or corrupted on the way; for others */
        return;
    if (s.kind == SEG_ARP) {
        host_neigh_arp_input(h, &s);
    } else if (h->raw && seg_is_error(&s)) {
        h->raw_input(h->raw_arg, &s);
    } else if (s.kind == SEG_ICMP6) {
        host_neigh_icmp6_input(h, &s);
        icmp_input(h, &s);
    } else if (!host_has_addr(h, &s.dst)) {
        return;
    } else if (s.kind == SEG_ICMP4) {
        echo_reply(h, &s);
        icmp_input(h, &s);
    } else if (s.kind == SEG_TCP && h->raw) {
        h->raw_input(h->raw_arg, &s);
    } else if (s.kind == SEG_TCP) {
        tcp_input(h, &s);
    }
}

void host_init(struct host *h, const char *name, struct lan *lan, const uint8_t mac[6],
               const struct link_cfg *link)
{
    memset(h, 0, sizeof *h);
    h->sim = lan->sim;
    snprintf(h->name, sizeof h->name, "%s", name);
    h->next_port = (uint16_t)rng_range(&h->sim->rng, 32768, 60999);
    h->ip_id = (uint16_t)rng_u32(&h->sim->rng);
    h->pad = rng_permille(&h->sim->rng, 500);
    lan_attach(lan, &h->port, h->name, mac, link, input, h);
}

static void free_list(struct tcb *c)
{
    while (c) {
        struct tcb *next = c->next;
        tcb_free(c);
        c = next;
    }
}

void host_fini(struct host *h)
{
    free_list(h->tcbs);
    free_list(h->dead);
    host_neigh_fini(h);
    lan_detach(&h->port);
}

void host_crash(struct host *h)
{
    h->down = true;
    while (h->tcbs)
        tcb_ended(h->tcbs, TCB_END_ABORTED);
    host_neigh_fini(h);
}

void host_restart(struct host *h)
{
    h->down = false;
}

static bool port_taken(const struct host *h, uint16_t port)
{
    for (const struct tcb *c = h->tcbs; c; c = c->next)
        if (c->lport == port)
            return true;
    return false;
}

struct tcb *host_connect(struct host *h, unsigned which, const struct ip_addr *to, uint16_t port)
{
    struct tcb *c = tcb_new(h, &h->tcp);
    do
        h->next_port = h->next_port >= 60999 ? 32768 : (uint16_t)(h->next_port + 1);
    while (port_taken(h, h->next_port));
    c->local = h->addr[which];
    c->remote = *to;
    c->lport = h->next_port;
    c->rport = port;
    link_tcb(h, c);
    tcb_connect(c);
    return c;
}
