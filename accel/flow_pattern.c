/* Which segments a rule takes: those that are plain (agent/base/flow_rule.h), as items of DPDK's flow API.
 *
 *   port         where they come in; of ingress rules the port that is asked is that
 *   INTEGRITY    the device found both checksums right: it computes new ones, and would hide damage
 *   ETH, VLAN    one tag, or none
 *   IPV4         no options, TOS 0, DF, no fragment; IPV6: no extension header, traffic class 0
 *   TCP          no options, no reserved bits; ACK, perhaps PSH, and no other flag
 *
 * Values and masks are in network byte order, as everything in a rte_flow_item is. */
#include <string.h>

#include "accel/flow_write.h"
#include "agent/base/mutant.h"

#define ALL16 RTE_BE16(0xffff)

static union flow_item_words *item(struct flow_written *w, enum rte_flow_item_type type,
                                   union flow_item_words **bits)
{
    unsigned i = w->nitem++;
    w->item[i] = (struct rte_flow_item){.type = type, .spec = &w->spec[i], .mask = &w->bits[i]};
    memset(&w->spec[i], 0, sizeof w->spec[i]);
    memset(&w->bits[i], 0, sizeof w->bits[i]);
    *bits = &w->bits[i];
    return &w->spec[i];
}

void flow_write_attr(struct flow_written *w, const struct flow_dialect *d)
{
    bool ingress = d->where == FLOW_WHERE_INGRESS;
    w->attr =
        (struct rte_flow_attr){.group = d->group ? FLOW_GROUP : 0, .ingress = ingress, .transfer = !ingress};
    w->nitem = w->naction = 0;
}

void flow_write_port_item(struct flow_written *w, const struct flow_dialect *d, uint16_t in)
{
    union flow_item_words *m, *v;
    if (d->where == FLOW_WHERE_REPRESENTED) {
        v = item(w, RTE_FLOW_ITEM_TYPE_REPRESENTED_PORT, &m);
        v->port.port_id = in;
        m->port.port_id = 0xffff;
    } else if (d->where == FLOW_WHERE_PORT_ID) {
        v = item(w, RTE_FLOW_ITEM_TYPE_PORT_ID, &m);
        v->port_id.id = in;
        m->port_id.id = 0xffffffff;
    }
}

static void integrity(struct flow_written *w, bool v4)
{
    union flow_item_words *m, *v = item(w, RTE_FLOW_ITEM_TYPE_INTEGRITY, &m);
    v->integrity.l3_ok = v->integrity.l4_ok = v->integrity.l4_csum_ok = 1;
    v->integrity.ipv4_csum_ok = v4;
    if (!mutant(flow_damage_taken))
        m->integrity = v->integrity;
}

static void ethernet(struct flow_written *w, const struct flow_dialect *d, bool v4, uint16_t vlan)
{
    const rte_be16_t type = v4 ? RTE_BE16(0x0800) : RTE_BE16(0x86dd);
    union flow_item_words *m, *v = item(w, RTE_FLOW_ITEM_TYPE_ETH, &m);
    v->eth.hdr.ether_type = vlan ? RTE_BE16(0x8100) : type;
    m->eth.hdr.ether_type = ALL16;
    if (!vlan) {
        m->eth.has_vlan = d->untagged == FLOW_UNTAGGED_BIT;
        return;
    }
    v = item(w, RTE_FLOW_ITEM_TYPE_VLAN, &m);
    v->vlan.hdr.vlan_tci = rte_cpu_to_be_16(vlan);
    m->vlan.hdr.vlan_tci = RTE_BE16(0x0fff);
    v->vlan.hdr.eth_proto = type;
    m->vlan.hdr.eth_proto = ALL16;
}

static void ip4(struct flow_written *w, const struct flow_dialect *d, const struct flow_key *k)
{
    union flow_item_words *m, *v = item(w, RTE_FLOW_ITEM_TYPE_IPV4, &m);
    struct rte_ipv4_hdr *h = &v->ip4.hdr;
    h->version_ihl = 0x45;
    h->fragment_offset = d->df == FLOW_DF_SET ? RTE_BE16(0x4000) : 0;
    h->next_proto_id = 6;
    memcpy(&h->src_addr, k->remote.b + 12, 4);
    memcpy(&h->dst_addr, k->local.b + 12, 4);
    h = &m->ip4.hdr;
    h->version_ihl = h->type_of_service = h->next_proto_id = 0xff;
    h->fragment_offset = d->df == FLOW_DF_SET ? ALL16 : RTE_BE16(0x3fff);
    h->src_addr = h->dst_addr = RTE_BE32(0xffffffff);
}

static void ip6(struct flow_written *w, const struct flow_key *k)
{
    union flow_item_words *m, *v = item(w, RTE_FLOW_ITEM_TYPE_IPV6, &m);
    struct rte_ipv6_hdr *h = &v->ip6.hdr;
    h->vtc_flow = RTE_BE32(0x60000000);
    h->proto = 6;
    memcpy(h->src_addr, k->remote.b, 16);
    memcpy(h->dst_addr, k->local.b, 16);
    h = &m->ip6.hdr;
    h->vtc_flow = RTE_BE32(0xfff00000);
    h->proto = 0xff;
    memset(h->src_addr, 0xff, 16);
    memset(h->dst_addr, 0xff, 16);
    m->ip6.has_frag_ext = 1;
}

static void tcp(struct flow_written *w, const struct flow_key *k)
{
    union flow_item_words *m, *v = item(w, RTE_FLOW_ITEM_TYPE_TCP, &m);
    v->tcp.hdr = (struct rte_tcp_hdr){.src_port = rte_cpu_to_be_16(k->remote_port),
                                      .dst_port = rte_cpu_to_be_16(k->local_port),
                                      .data_off = 0x50,
                                      .tcp_flags = 0x10};
    m->tcp.hdr =
        (struct rte_tcp_hdr){.src_port = ALL16, .dst_port = ALL16, .data_off = 0xff, .tcp_flags = 0xf7};
}

void flow_write_pattern(struct flow_written *w, const struct flow_dialect *d, const struct flow_rule *r,
                        uint16_t in)
{
    bool v4 = ip_is_v4(&r->in.remote);
    flow_write_port_item(w, d, in);
    integrity(w, v4);
    ethernet(w, d, v4, r->in_vlan);
    if (v4)
        ip4(w, d, &r->in);
    else
        ip6(w, &r->in);
    tcp(w, &r->in);
    w->item[w->nitem] = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_END};
}
