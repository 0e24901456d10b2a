/* What a rule does to a segment, as actions of DPDK's flow API: counted, then the new addresses, ports, TTL,
 * MAC addresses, constants added to its sequence and acknowledgement numbers, the VLAN tag, and out by the
 * other port. The device brings the checksums up to date (rte_flow.h leaves that unsaid; every driver that
 * rewrites does).
 *
 * Values of MODIFY_FIELD have the byte order and length of the field in the rte_flow_item, so network byte
 * order, from the first byte of `value` on (struct rte_flow_action_modify_data); so have those of the older
 * actions. `width` is in bits. */
#include <string.h>

#include "accel/flow_write.h"
#include "agent/base/mutant.h"

#define TTL 64u

/* ---- the list ---- */

/* Another action. In a template its values differ from rule to rule. */
static union flow_action_words *action(struct flow_written *w, enum rte_flow_action_type type)
{
    unsigned i = w->naction++;
    w->action[i] = (struct rte_flow_action){.type = type, .conf = &w->conf[i]};
    w->mask[i] = (struct rte_flow_action){.type = type, .conf = &w->same[i]};
    memset(&w->conf[i], 0, sizeof w->conf[i]);
    memset(&w->same[i], 0, sizeof w->same[i]);
    return &w->conf[i];
}

/* One without values, or whose values are the same in every rule. */
static union flow_action_words *constant(struct flow_written *w, enum rte_flow_action_type type)
{
    union flow_action_words *c = action(w, type);
    memset(&w->same[w->naction - 1], 0xff, sizeof w->same[0]);
    return c;
}

static void bare(struct flow_written *w, enum rte_flow_action_type type)
{
    unsigned i = w->naction++;
    w->action[i] = w->mask[i] = (struct rte_flow_action){.type = type};
}

/* ---- fields ---- */

/* In a template all but the value is the same in every rule, and DPDK's drivers want to be told so. */
static void modify(struct flow_written *w, enum rte_flow_modify_op op, enum rte_flow_field_id field,
                   const void *value, unsigned bytes)
{
    struct rte_flow_action_modify_field *c = &constant(w, RTE_FLOW_ACTION_TYPE_MODIFY_FIELD)->modify;
    struct rte_flow_action_modify_field *same = &w->same[w->naction - 1].modify;
    c->operation = op;
    c->dst.field = field;
    c->src.field = RTE_FLOW_FIELD_VALUE;
    memcpy(c->src.value, value, bytes);
    memset(same->src.value, 0, sizeof same->src.value);
    c->width = 8 * bytes;
}

struct field {
    enum rte_flow_field_id id;     /* for MODIFY_FIELD */
    enum rte_flow_action_type old; /* the action that did only this */
    unsigned bytes;
};

static void set(struct flow_written *w, const struct flow_dialect *d, struct field f, const void *value)
{
    if (d->sets == FLOW_SETS_MODIFY)
        modify(w, RTE_FLOW_MODIFY_SET, f.id, value, f.bytes);
    else
        memcpy(action(w, f.old), value, f.bytes);
}

#define FIELD(id, old, bytes)                                                                                \
    (struct field)                                                                                           \
    {                                                                                                        \
        RTE_FLOW_FIELD_##id, RTE_FLOW_ACTION_TYPE_##old, bytes                                               \
    }

static void set_addresses(struct flow_written *w, const struct flow_dialect *d, const struct flow_key *k)
{
    if (ip_is_v4(&k->remote)) {
        set(w, d, FIELD(IPV4_SRC, SET_IPV4_SRC, 4), k->local.b + 12);
        set(w, d, FIELD(IPV4_DST, SET_IPV4_DST, 4), k->remote.b + 12);
    } else {
        set(w, d, FIELD(IPV6_SRC, SET_IPV6_SRC, 16), k->local.b);
        set(w, d, FIELD(IPV6_DST, SET_IPV6_DST, 16), k->remote.b);
    }
}

static void set_ttl(struct flow_written *w, const struct flow_dialect *d, bool v4)
{
    const uint8_t ttl = TTL;
    if (d->ttl == FLOW_TTL_DEC)
        bare(w, RTE_FLOW_ACTION_TYPE_DEC_TTL);
    else if (v4)
        set(w, d, FIELD(IPV4_TTL, SET_TTL, 1), &ttl);
    else
        set(w, d, FIELD(IPV6_HOPLIMIT, SET_TTL, 1), &ttl);
}

static void set_ports(struct flow_written *w, const struct flow_dialect *d, const struct flow_key *k)
{
    const rte_be16_t src = rte_cpu_to_be_16(k->local_port), dst = rte_cpu_to_be_16(k->remote_port);
    set(w, d, FIELD(TCP_PORT_SRC, SET_TP_SRC, 2), &src);
    set(w, d, FIELD(TCP_PORT_DST, SET_TP_DST, 2), &dst);
}

static void add(struct flow_written *w, const struct flow_dialect *d, bool ack, uint32_t n)
{
    bool less = d->adds == FLOW_ADDS_SUB || d->adds == FLOW_ADDS_DEC;
    const uint32_t by = less ? 0 - n : n;
    const rte_be32_t value = mutant(flow_numbers_swapped) ? by : rte_cpu_to_be_32(by);
    static const enum rte_flow_action_type old[2][2] = {
        {RTE_FLOW_ACTION_TYPE_INC_TCP_SEQ, RTE_FLOW_ACTION_TYPE_DEC_TCP_SEQ},
        {RTE_FLOW_ACTION_TYPE_INC_TCP_ACK, RTE_FLOW_ACTION_TYPE_DEC_TCP_ACK}};
    if (d->adds == FLOW_ADDS_INC || d->adds == FLOW_ADDS_DEC)
        action(w, old[ack][less])->number = value;
    else
        modify(w, less ? RTE_FLOW_MODIFY_SUB : RTE_FLOW_MODIFY_ADD,
               ack ? RTE_FLOW_FIELD_TCP_ACK_NUM : RTE_FLOW_FIELD_TCP_SEQ_NUM, &value, 4);
}

/* Software writes priority 0 as well. */
static void set_tag(struct flow_written *w, uint16_t from, uint16_t to)
{
    if (from && !to)
        bare(w, RTE_FLOW_ACTION_TYPE_OF_POP_VLAN);
    if (!to)
        return;
    if (!from)
        constant(w, RTE_FLOW_ACTION_TYPE_OF_PUSH_VLAN)->push.ethertype = RTE_BE16(0x8100);
    constant(w, RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_VID)->vid.vlan_vid = rte_cpu_to_be_16(to);
    constant(w, RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_PCP);
}

/* ---- the rest ---- */

static void count(struct flow_written *w, const struct flow_dialect *d,
                  struct rte_flow_action_handle *counter)
{
    if (d->count == FLOW_COUNT_IN_RULE) {
        action(w, RTE_FLOW_ACTION_TYPE_COUNT);
        return;
    }
    unsigned i = w->naction++;
    w->action[i] = (struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_INDIRECT, .conf = counter};
    w->mask[i] = (struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_COUNT};
}

static void end(struct flow_written *w)
{
    w->action[w->naction] = w->mask[w->naction] = (struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_END};
}

static void send_out(struct flow_written *w, const struct flow_dialect *d, uint16_t out)
{
    if (d->where == FLOW_WHERE_REPRESENTED)
        constant(w, RTE_FLOW_ACTION_TYPE_REPRESENTED_PORT)->to.port_id = out;
    else
        constant(w, RTE_FLOW_ACTION_TYPE_PORT_ID)->to_id.id = out;
    /* Bits of the mask that mean something else than the port's number. */
    if (d->where != FLOW_WHERE_REPRESENTED)
        w->same[w->naction - 1].to_id = (struct rte_flow_action_port_id){.id = 0xffffffff};
}

void flow_write_actions(struct flow_written *w, const struct flow_dialect *d, const struct flow_rule *r,
                        const struct flow_place *at)
{
    count(w, d, at->counter);
    if (d->age == FLOW_AGE_DEVICE)
        constant(w, RTE_FLOW_ACTION_TYPE_AGE)->age.timeout = FLOW_AGE_S;
    if (d->age == FLOW_AGE_DEVICE)
        w->same[w->naction - 1].age = (struct rte_flow_action_age){.timeout = 0xffffff};
    set(w, d, FIELD(MAC_DST, SET_MAC_DST, 6), r->dmac);
    set(w, d, FIELD(MAC_SRC, SET_MAC_SRC, 6), r->smac);
    set_addresses(w, d, &r->out);
    set_ttl(w, d, ip_is_v4(&r->out.remote));
    set_ports(w, d, &r->out);
    add(w, d, false, r->seq_add);
    add(w, d, true, r->ack_add);
    set_tag(w, r->in_vlan, r->out_vlan);
    send_out(w, d, at->out);
    end(w);
}

void flow_write_jump_action(struct flow_written *w)
{
    constant(w, RTE_FLOW_ACTION_TYPE_JUMP)->jump.group = FLOW_GROUP;
    end(w);
}

void flow_write_rest_action(struct flow_written *w, const struct flow_dialect *d, uint16_t in)
{
    if (d->where == FLOW_WHERE_REPRESENTED)
        constant(w, RTE_FLOW_ACTION_TYPE_PORT_REPRESENTOR)->to.port_id = in;
    else
        constant(w, RTE_FLOW_ACTION_TYPE_PORT_ID)->to_id.id = in;
    end(w);
}
