/* Frames carried by what recorded rules say, and by nothing else: an interpreter of items and actions. It
 * knows neither accel/plain.c nor struct flow_rule, so that equal results mean equal numbers. Checksums are
 * computed anew, as silicon does. */
#include <string.h>

#include "agent/base/bytes.h"
#include "tests/double/double.h"

#define GROUPS 4u /* jumps that a frame may make */

struct layers {
    bool ok;             /* an IP and a TCP header were found */
    uint16_t vlan, type; /* vlan: offset of the tag's bytes, 0: none; type: EtherType of layer 3 */
    uint16_t l3, l4;
    uint32_t l4_len;
    bool v4, l3_ok, ip_sum_ok, l4_ok, l4_sum_ok, fragment;
};

/* RFC 1071, byte by byte: slow and unlike the one under test. */
static uint16_t sum16(uint32_t sum, const uint8_t *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        sum += (uint32_t)b[i] << (i % 2 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static uint16_t l4_sum(const struct frame *f, const struct layers *y)
{
    const uint8_t *ip = f->data + y->l3;
    uint32_t pseudo = 6 + y->l4_len;
    pseudo += y->v4 ? sum16(0, ip + 12, 8) : sum16(0, ip + 8, 32);
    return sum16(pseudo, f->data + y->l4, y->l4_len);
}

static void look_ip4(const struct frame *f, struct layers *y)
{
    const uint8_t *ip = f->data + y->l3;
    uint32_t room = f->len - y->l3, head = 4u * (ip[0] & 15), total = get_be16(ip + 2);
    y->v4 = true;
    if (room < 20 || head < 20 || total < head + 20 || total > room || ip[9] != 6)
        return;
    y->ok = y->l3_ok = true;
    y->fragment = get_be16(ip + 6) & 0x3fff;
    y->ip_sum_ok = sum16(0, ip, head) == 0xffff;
    y->l4 = (uint16_t)(y->l3 + head);
    y->l4_len = total - head;
}

static void look_ip6(const struct frame *f, struct layers *y)
{
    const uint8_t *ip = f->data + y->l3;
    if (f->len - y->l3 < 60 || ip[6] != 6 || get_be16(ip + 4) < 20 || get_be16(ip + 4) > f->len - y->l3 - 40)
        return;
    y->ok = y->l3_ok = true;
    y->l4 = (uint16_t)(y->l3 + 40);
    y->l4_len = get_be16(ip + 4);
}

static struct layers look(const struct frame *f)
{
    struct layers y = {.l3 = 14};
    if (f->len < 14 + 20)
        return y;
    y.type = get_be16(f->data + 12);
    if (y.type == 0x8100) {
        y.vlan = 14;
        y.l3 = 18;
        y.type = get_be16(f->data + 16);
    }
    if (y.type == 0x0800)
        look_ip4(f, &y);
    else if (y.type == 0x86dd)
        look_ip6(f, &y);
    if (!y.ok)
        return y;
    y.l4_ok = f->data[y.l4 + 12] >> 4 >= 5 && 4u * (f->data[y.l4 + 12] >> 4) <= y.l4_len;
    y.l4_sum_ok = l4_sum(f, &y) == 0xffff;
    return y;
}

/* ---- items ---- */

static bool under_mask(const uint8_t *at, const uint8_t *spec, const uint8_t *mask, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((at[i] ^ spec[i]) & mask[i])
            return false;
    return true;
}

static bool integrity(const struct layers *y, const struct double_item *i)
{
    const struct rte_flow_item_integrity *v = (const void *)i->spec, *m = (const void *)i->mask;
    struct rte_flow_item_integrity is = {0};
    is.l3_ok = y->l3_ok;
    is.l4_ok = y->l4_ok;
    is.ipv4_csum_ok = y->ip_sum_ok;
    is.l4_csum_ok = y->l4_sum_ok;
    return ((is.value ^ v->value) & m->value) == 0;
}

static bool item_matches(const struct double_item *i, const struct frame *f, const struct layers *y,
                         uint16_t in)
{
    const void *v = i->spec, *m = i->mask;
    switch (i->type) {
    case RTE_FLOW_ITEM_TYPE_REPRESENTED_PORT:
        return ((const struct rte_flow_item_ethdev *)v)->port_id == in;
    case RTE_FLOW_ITEM_TYPE_PORT_ID:
        return ((const struct rte_flow_item_port_id *)v)->id == in;
    case RTE_FLOW_ITEM_TYPE_INTEGRITY:
        return integrity(y, i);
    case RTE_FLOW_ITEM_TYPE_ETH:
        if (((const struct rte_flow_item_eth *)m)->has_vlan &&
            ((const struct rte_flow_item_eth *)v)->has_vlan != (y->vlan != 0))
            return false;
        return under_mask(f->data, i->spec, i->mask, 14);
    case RTE_FLOW_ITEM_TYPE_VLAN:
        return y->vlan && under_mask(f->data + y->vlan, i->spec, i->mask, 4);
    case RTE_FLOW_ITEM_TYPE_IPV4:
        return y->ok && y->v4 && under_mask(f->data + y->l3, i->spec, i->mask, 20);
    case RTE_FLOW_ITEM_TYPE_IPV6:
        return y->ok && !y->v4 && under_mask(f->data + y->l3, i->spec, i->mask, 40);
    case RTE_FLOW_ITEM_TYPE_TCP:
        return y->ok && under_mask(f->data + y->l4, i->spec, i->mask, 20);
    default:
        return false;
    }
}

bool double_matches(const struct double_words *w, const struct frame *f, uint16_t in)
{
    struct layers y = look(f);
    for (unsigned i = 0; w->item[i].type != RTE_FLOW_ITEM_TYPE_END; i++)
        if (!item_matches(&w->item[i], f, &y, in))
            return false;
    return true;
}

/* ---- actions ---- */

static uint8_t *field_at(struct frame *f, const struct layers *y, enum rte_flow_field_id id)
{
    switch (id) {
    case RTE_FLOW_FIELD_MAC_DST:
        return f->data;
    case RTE_FLOW_FIELD_MAC_SRC:
        return f->data + 6;
    case RTE_FLOW_FIELD_IPV4_SRC:
        return f->data + y->l3 + 12;
    case RTE_FLOW_FIELD_IPV4_DST:
        return f->data + y->l3 + 16;
    case RTE_FLOW_FIELD_IPV4_TTL:
        return f->data + y->l3 + 8;
    case RTE_FLOW_FIELD_IPV6_SRC:
        return f->data + y->l3 + 8;
    case RTE_FLOW_FIELD_IPV6_DST:
        return f->data + y->l3 + 24;
    case RTE_FLOW_FIELD_IPV6_HOPLIMIT:
        return f->data + y->l3 + 7;
    case RTE_FLOW_FIELD_TCP_PORT_SRC:
        return f->data + y->l4;
    case RTE_FLOW_FIELD_TCP_PORT_DST:
        return f->data + y->l4 + 2;
    case RTE_FLOW_FIELD_TCP_SEQ_NUM:
        return f->data + y->l4 + 4;
    case RTE_FLOW_FIELD_TCP_ACK_NUM:
        return f->data + y->l4 + 8;
    default:
        return NULL;
    }
}

static void modify(struct frame *f, const struct layers *y, const struct rte_flow_action_modify_field *m)
{
    uint8_t *at = field_at(f, y, m->dst.field);
    if (!at)
        return;
    if (m->operation == RTE_FLOW_MODIFY_SET)
        memcpy(at, m->src.value, m->width / 8);
    else if (m->operation == RTE_FLOW_MODIFY_ADD)
        put_be32(at, get_be32(at) + get_be32(m->src.value));
    else
        put_be32(at, get_be32(at) - get_be32(m->src.value));
}

static void set_old(struct frame *f, const struct layers *y, enum rte_flow_field_id id, const uint8_t *v,
                    unsigned n)
{
    memcpy(field_at(f, y, id), v, n);
}

static void push_tag(struct frame *f, struct layers *y)
{
    uint8_t macs[12];
    memcpy(macs, f->data, 12);
    memcpy(frame_push(f, 4), macs, 12);
    put_be32(f->data + 12, 0x81000000);
    y->vlan = 14;
    y->l3 = (uint16_t)(y->l3 + 4);
    y->l4 = (uint16_t)(y->l4 + 4);
}

static void pop_tag(struct frame *f, struct layers *y)
{
    uint8_t macs[12];
    memcpy(macs, f->data, 12);
    frame_pull(f, 4);
    memcpy(f->data, macs, 12);
    y->vlan = 0;
    y->l3 = (uint16_t)(y->l3 - 4);
    y->l4 = (uint16_t)(y->l4 - 4);
}

static void add_to(uint8_t *at, const uint8_t *v, bool less)
{
    put_be32(at, less ? get_be32(at) - get_be32(v) : get_be32(at) + get_be32(v));
}

static void act(const struct double_action *a, struct frame *f, struct layers *y)
{
    const uint8_t *v = a->conf;
    bool v4 = y->v4;
    switch (a->type) {
    case RTE_FLOW_ACTION_TYPE_MODIFY_FIELD:
        modify(f, y, (const void *)v);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_IPV4_SRC:
        set_old(f, y, RTE_FLOW_FIELD_IPV4_SRC, v, 4);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_IPV4_DST:
        set_old(f, y, RTE_FLOW_FIELD_IPV4_DST, v, 4);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_IPV6_SRC:
        set_old(f, y, RTE_FLOW_FIELD_IPV6_SRC, v, 16);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_IPV6_DST:
        set_old(f, y, RTE_FLOW_FIELD_IPV6_DST, v, 16);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_MAC_SRC:
        set_old(f, y, RTE_FLOW_FIELD_MAC_SRC, v, 6);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_MAC_DST:
        set_old(f, y, RTE_FLOW_FIELD_MAC_DST, v, 6);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_TP_SRC:
        set_old(f, y, RTE_FLOW_FIELD_TCP_PORT_SRC, v, 2);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_TP_DST:
        set_old(f, y, RTE_FLOW_FIELD_TCP_PORT_DST, v, 2);
        break;
    case RTE_FLOW_ACTION_TYPE_SET_TTL:
        f->data[y->l3 + (v4 ? 8 : 7)] = *v;
        break;
    case RTE_FLOW_ACTION_TYPE_DEC_TTL:
        f->data[y->l3 + (v4 ? 8 : 7)]--;
        break;
    case RTE_FLOW_ACTION_TYPE_INC_TCP_SEQ:
        add_to(f->data + y->l4 + 4, v, false);
        break;
    case RTE_FLOW_ACTION_TYPE_DEC_TCP_SEQ:
        add_to(f->data + y->l4 + 4, v, true);
        break;
    case RTE_FLOW_ACTION_TYPE_INC_TCP_ACK:
        add_to(f->data + y->l4 + 8, v, false);
        break;
    case RTE_FLOW_ACTION_TYPE_DEC_TCP_ACK:
        add_to(f->data + y->l4 + 8, v, true);
        break;
    case RTE_FLOW_ACTION_TYPE_OF_POP_VLAN:
        pop_tag(f, y);
        break;
    case RTE_FLOW_ACTION_TYPE_OF_PUSH_VLAN:
        push_tag(f, y);
        break;
    case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_VID:
        put_be16(f->data + y->vlan, (uint16_t)((get_be16(f->data + y->vlan) & 0xf000) | get_be16(v)));
        break;
    case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_PCP:
        f->data[y->vlan] = (uint8_t)((f->data[y->vlan] & 0x1f) | *v << 5);
        break;
    default:
        break; /* it changes nothing in the frame */
    }
}

static void sum_anew(struct frame *f, const struct layers *y)
{
    uint8_t *ip = f->data + y->l3, *t = f->data + y->l4;
    if (y->v4) {
        put_be16(ip + 10, 0);
        put_be16(ip + 10, (uint16_t)~sum16(0, ip, 20));
    }
    put_be16(t + 16, 0);
    put_be16(t + 16, (uint16_t)~l4_sum(f, y));
}

void double_rewrite(const struct double_words *w, struct frame *f)
{
    struct layers y = look(f);
    for (unsigned i = 0; w->action[i].type != RTE_FLOW_ACTION_TYPE_END; i++)
        act(&w->action[i], f, &y);
    sum_anew(f, &y);
}

/* ---- a frame's way ---- */

static struct double_rule *find(struct flow_double *d, const struct frame *f, uint16_t in, uint32_t group)
{
    struct double_rule *best = NULL;
    for (unsigned i = 0; i < DOUBLE_RULES; i++) {
        struct double_rule *r = &d->rule[i];
        if (r->used && r->live && r->words.attr.group == group &&
            (!best || r->words.attr.priority < best->words.attr.priority) &&
            (r->words.attr.transfer || r->port == in) && double_matches(&r->words, f, in))
            best = r;
    }
    return best;
}

static const struct double_action *last_action(const struct double_words *w)
{
    unsigned i = 0;
    while (w->action[i + 1].type != RTE_FLOW_ACTION_TYPE_END)
        i++;
    return &w->action[i];
}

static void count_one(struct flow_double *d, struct double_rule *r, uint32_t bytes)
{
    struct double_counter *c = &r->own;
    for (unsigned i = 0; r->words.action[i].type != RTE_FLOW_ACTION_TYPE_END; i++)
        if (r->words.action[i].counter)
            c = r->words.action[i].counter;
    c->packets++;
    c->bytes += bytes;
    r->hit_ns = d->now_ns;
}

bool double_carry(struct flow_double *d, struct frame *f, uint16_t in, uint16_t *out)
{
    uint32_t group = 0;
    double_advance(d);
    for (unsigned i = 0; i < GROUPS && !d->removed; i++) {
        struct double_rule *r = find(d, f, in, group);
        const struct double_action *a = r ? last_action(&r->words) : NULL;
        if (!r || a->type == RTE_FLOW_ACTION_TYPE_PORT_REPRESENTOR)
            return false;
        if (a->type == RTE_FLOW_ACTION_TYPE_JUMP) {
            group = ((const struct rte_flow_action_jump *)(const void *)a->conf)->group;
            continue;
        }
        *out = a->type == RTE_FLOW_ACTION_TYPE_REPRESENTED_PORT
                   ? ((const struct rte_flow_action_ethdev *)(const void *)a->conf)->port_id
                   : (uint16_t)((const struct rte_flow_action_port_id *)(const void *)a->conf)->id;
        if (*out == in && r->words.attr.priority) /* what no rule took goes on to the port */
            return false;
        count_one(d, r, f->len);
        double_rewrite(&r->words, f);
        return true;
    }
    return false;
}
