/* A recorded rule as text, for tests to hold against what they expect. Numbers are the values that the flow
 * API gives them: decoded from network byte order. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/bytes.h"
#include "tests/double/double.h"

struct text {
    char *at;
    size_t left;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(t->at, t->left, format, ap);
    va_end(ap);
    size_t used = (size_t)n < t->left ? (size_t)n : t->left - 1;
    t->at += used;
    t->left -= used;
}

static void put_hex(struct text *t, const uint8_t *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        put(t, "%02x", b[i]);
}

/* Bytes of a header where its mask is not zero: offset=value, and the mask where it is not all ones. */
static void put_header(struct text *t, const uint8_t *v, const uint8_t *m, unsigned n)
{
    for (unsigned i = 0, k; i < n; i = k + 1) {
        for (k = i; k < n && m[k]; k++)
            ;
        if (k == i)
            continue;
        put(t, " %u=", i);
        put_hex(t, v + i, k - i);
        bool all = true;
        for (unsigned j = i; j < k; j++)
            all = all && m[j] == 0xff;
        if (all)
            continue;
        put(t, "/");
        put_hex(t, m + i, k - i);
    }
}

static void put_item(struct text *t, const struct double_item *i)
{
    const void *v = i->spec, *m = i->mask;
    const struct rte_flow_item_integrity *ok = v;
    switch (i->type) {
    case RTE_FLOW_ITEM_TYPE_REPRESENTED_PORT:
        put(t, "represented_port %u", ((const struct rte_flow_item_ethdev *)v)->port_id);
        break;
    case RTE_FLOW_ITEM_TYPE_PORT_ID:
        put(t, "port_id %u", ((const struct rte_flow_item_port_id *)v)->id);
        break;
    case RTE_FLOW_ITEM_TYPE_INTEGRITY:
        put(t, "integrity%s%s%s%s", ok->l3_ok ? " l3" : "", ok->l4_ok ? " l4" : "",
            ok->ipv4_csum_ok ? " ipv4_csum" : "", ok->l4_csum_ok ? " l4_csum" : "");
        if (memcmp(v, m, sizeof *ok) != 0)
            put(t, " (masked otherwise)");
        break;
    case RTE_FLOW_ITEM_TYPE_ETH:
        put(t, "eth");
        put_header(t, v, m, sizeof(struct rte_ether_hdr));
        if (((const struct rte_flow_item_eth *)m)->has_vlan)
            put(t, " has_vlan=%u", ((const struct rte_flow_item_eth *)v)->has_vlan);
        break;
    case RTE_FLOW_ITEM_TYPE_VLAN:
        put(t, "vlan");
        put_header(t, v, m, sizeof(struct rte_vlan_hdr));
        break;
    case RTE_FLOW_ITEM_TYPE_IPV4:
        put(t, "ipv4");
        put_header(t, v, m, sizeof(struct rte_ipv4_hdr));
        break;
    case RTE_FLOW_ITEM_TYPE_IPV6:
        put(t, "ipv6");
        put_header(t, v, m, sizeof(struct rte_ipv6_hdr));
        if (((const struct rte_flow_item_ipv6 *)m)->has_frag_ext)
            put(t, " has_frag_ext=%u", ((const struct rte_flow_item_ipv6 *)v)->has_frag_ext);
        break;
    case RTE_FLOW_ITEM_TYPE_TCP:
        put(t, "tcp");
        put_header(t, v, m, sizeof(struct rte_tcp_hdr));
        break;
    default:
        put(t, "item %d", i->type);
    }
}

static const char *field_name(enum rte_flow_field_id f)
{
    switch (f) {
    case RTE_FLOW_FIELD_MAC_DST:
        return "mac_dst";
    case RTE_FLOW_FIELD_MAC_SRC:
        return "mac_src";
    case RTE_FLOW_FIELD_IPV4_SRC:
        return "ipv4_src";
    case RTE_FLOW_FIELD_IPV4_DST:
        return "ipv4_dst";
    case RTE_FLOW_FIELD_IPV4_TTL:
        return "ipv4_ttl";
    case RTE_FLOW_FIELD_IPV6_SRC:
        return "ipv6_src";
    case RTE_FLOW_FIELD_IPV6_DST:
        return "ipv6_dst";
    case RTE_FLOW_FIELD_IPV6_HOPLIMIT:
        return "ipv6_hoplimit";
    case RTE_FLOW_FIELD_TCP_PORT_SRC:
        return "tcp_port_src";
    case RTE_FLOW_FIELD_TCP_PORT_DST:
        return "tcp_port_dst";
    case RTE_FLOW_FIELD_TCP_SEQ_NUM:
        return "tcp_seq_num";
    case RTE_FLOW_FIELD_TCP_ACK_NUM:
        return "tcp_ack_num";
    default:
        return "?";
    }
}

static void put_modify(struct text *t, const struct rte_flow_action_modify_field *m)
{
    static const char *const op[] = {"set", "add", "sub"};
    put(t, "modify_field %s %s %s ", op[m->operation], field_name(m->dst.field),
        m->src.field == RTE_FLOW_FIELD_VALUE && !m->dst.level && !m->dst.offset ? "value" : "?");
    put_hex(t, m->src.value, sizeof m->src.value < (m->width + 7) / 8 ? 0 : (m->width + 7) / 8);
    put(t, " width %u", m->width);
}

static void put_old(struct text *t, const char *name, const uint8_t *conf, unsigned bytes)
{
    put(t, "%s ", name);
    put_hex(t, conf, bytes);
}

static void put_action(struct text *t, const struct double_action *a)
{
    const void *c = a->conf;
    switch (a->type) {
    case RTE_FLOW_ACTION_TYPE_MODIFY_FIELD:
        put_modify(t, c);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_IPV4_SRC:
        put_old(t, "set_ipv4_src", c, 4);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_IPV4_DST:
        put_old(t, "set_ipv4_dst", c, 4);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_IPV6_SRC:
        put_old(t, "set_ipv6_src", c, 16);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_IPV6_DST:
        put_old(t, "set_ipv6_dst", c, 16);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_MAC_SRC:
        put_old(t, "set_mac_src", c, 6);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_MAC_DST:
        put_old(t, "set_mac_dst", c, 6);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_TP_SRC:
        put_old(t, "set_tp_src", c, 2);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_TP_DST:
        put_old(t, "set_tp_dst", c, 2);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_TTL:
        put_old(t, "set_ttl", c, 1);
        break;
    case RTE_FLOW_ACTION_TYPE_DEC_TTL:
        put(t, "dec_ttl");
        break;
    case RTE_FLOW_ACTION_TYPE_INC_TCP_SEQ:
        put_old(t, "inc_tcp_seq", c, 4);
        break;
    case RTE_FLOW_ACTION_TYPE_DEC_TCP_SEQ:
        put_old(t, "dec_tcp_seq", c, 4);
        break;
    case RTE_FLOW_ACTION_TYPE_INC_TCP_ACK:
        put_old(t, "inc_tcp_ack", c, 4);
        break;
    case RTE_FLOW_ACTION_TYPE_DEC_TCP_ACK:
        put_old(t, "dec_tcp_ack", c, 4);
        break;
    case RTE_FLOW_ACTION_TYPE_OF_POP_VLAN:
        put(t, "of_pop_vlan");
        break;
    case RTE_FLOW_ACTION_TYPE_OF_PUSH_VLAN:
        put_old(t, "of_push_vlan", c, 2);
        break;
    case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_VID:
        put_old(t, "of_set_vlan_vid", c, 2);
        break;
    case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_PCP:
        put_old(t, "of_set_vlan_pcp", c, 1);
        break;
    case RTE_FLOW_ACTION_TYPE_COUNT:
        put(t, "count");
        break;
    case RTE_FLOW_ACTION_TYPE_INDIRECT:
        put(t, "indirect count");
        break;
    case RTE_FLOW_ACTION_TYPE_AGE:
        put(t, "age %u", ((const struct rte_flow_action_age *)c)->timeout);
        break;
    case RTE_FLOW_ACTION_TYPE_JUMP:
        put(t, "jump %u", ((const struct rte_flow_action_jump *)c)->group);
        break;
    case RTE_FLOW_ACTION_TYPE_REPRESENTED_PORT:
        put(t, "represented_port %u", ((const struct rte_flow_action_ethdev *)c)->port_id);
        break;
    case RTE_FLOW_ACTION_TYPE_PORT_REPRESENTOR:
        put(t, "port_representor %u", ((const struct rte_flow_action_ethdev *)c)->port_id);
        break;
    case RTE_FLOW_ACTION_TYPE_PORT_ID:
        put(t, "port_id %u", ((const struct rte_flow_action_port_id *)c)->id);
        break;
    default:
        put(t, "action %d", a->type);
    }
}

const char *double_text(const struct double_words *w, char *out, size_t size)
{
    struct text t = {out, size};
    put(&t, "%s%s group %u priority %u\n", w->attr.ingress ? "ingress" : "",
        w->attr.transfer ? "transfer" : "", w->attr.group, w->attr.priority);
    for (unsigned i = 0; i < DOUBLE_ITEMS && w->item[i].type != RTE_FLOW_ITEM_TYPE_END; i++) {
        put(&t, "  ");
        put_item(&t, &w->item[i]);
        put(&t, "\n");
    }
    for (unsigned i = 0; i < DOUBLE_ACTIONS && w->action[i].type != RTE_FLOW_ACTION_TYPE_END; i++) {
        put(&t, "  > ");
        put_action(&t, &w->action[i]);
        put(&t, "\n");
    }
    return out;
}
