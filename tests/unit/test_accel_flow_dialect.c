/* Which dialect of the flow API the provider rte_flow speaks with devices that know this and that. */
#include "tests/unit/rte_flow_rig.h"

static struct {
    bool modify, add, sub, inc, dec, has_vlan, df, set_ttl, represented, transfer, group0, integrity;
} knows;

static bool knows_action(const struct double_action *a, uint32_t group)
{
    const struct rte_flow_action_modify_field *m = (const void *)a->conf;
    switch (a->type) {
    case RTE_FLOW_ACTION_TYPE_MODIFY_FIELD:
        return m->operation == RTE_FLOW_MODIFY_SET
                   ? knows.modify && (group || knows.group0) &&
                         (knows.set_ttl || m->dst.field != RTE_FLOW_FIELD_IPV4_TTL)
                   : (m->operation == RTE_FLOW_MODIFY_ADD ? knows.add : knows.sub);
    case RTE_FLOW_ACTION_TYPE_INC_TCP_SEQ:
        return knows.inc;
    case RTE_FLOW_ACTION_TYPE_DEC_TCP_SEQ:
        return knows.dec;
    case RTE_FLOW_ACTION_TYPE_SET_IPV4_SRC:
    case RTE_FLOW_ACTION_TYPE_SET_IPV6_SRC:
        return !knows.modify;
    case RTE_FLOW_ACTION_TYPE_SET_TTL:
        return knows.set_ttl;
    default:
        return true;
    }
}

static bool knows_item(const struct double_item *i)
{
    const void *m = i->mask;
    switch (i->type) {
    case RTE_FLOW_ITEM_TYPE_REPRESENTED_PORT:
        return knows.represented;
    case RTE_FLOW_ITEM_TYPE_INTEGRITY:
        return knows.integrity;
    case RTE_FLOW_ITEM_TYPE_ETH:
        return knows.has_vlan || !((const struct rte_flow_item_eth *)m)->has_vlan;
    case RTE_FLOW_ITEM_TYPE_IPV4:
        return knows.df || ((const struct rte_flow_item_ipv4 *)m)->hdr.fragment_offset == RTE_BE16(0x3fff);
    default:
        return true;
    }
}

static bool knows_it(const struct double_words *w, const char **why)
{
    *why = "not in my words";
    bool yes = knows.transfer || !w->attr.transfer;
    for (unsigned i = 0; w->item[i].type != RTE_FLOW_ITEM_TYPE_END; i++)
        yes = yes && knows_item(&w->item[i]);
    for (unsigned i = 0; w->action[i].type != RTE_FLOW_ACTION_TYPE_END; i++)
        yes = yes && knows_action(&w->action[i], w->attr.group);
    return yes;
}

static void knows_everything(void)
{
    double_begin(&dev);
    dev.accepts = knows_it;
    memset(&knows, true, sizeof knows);
}

static const char *served(void)
{
    static char why[ACCEL_WHY];
    start(0);
    if (!rte_flow_engine.serves(eng, 1, why))
        return why;
    insert(0, 0);
    cr_expect(hits(0, 0), "and it works");
    return why;
}

#define PREFERRED                                                                                            \
    "IPv4 and IPv6 out by front: REPRESENTED_PORT group 0, MODIFY_FIELD, ADD, counters shared, AGE"

Test(accel_rte_flow, what_is_preferred, .init = knows_everything)
{
    cr_expect_str_eq(served(), PREFERRED ", one by one");
    finish();
}

Test(accel_rte_flow, subtraction_alone, .init = knows_everything)
{
    knows.add = false;
    cr_expect(strstr(served(), "MODIFY_FIELD, SUB, "));
    finish();
}

Test(accel_rte_flow, the_older_additions_alone, .init = knows_everything)
{
    knows.add = knows.sub = false;
    cr_expect(strstr(served(), "MODIFY_FIELD, INC_TCP_*, "));
    finish();
    knows.inc = false;
    cr_expect(strstr(served(), "MODIFY_FIELD, DEC_TCP_*, "));
    finish();
}

Test(accel_rte_flow, the_older_actions_alone, .init = knows_everything)
{
    knows.modify = knows.add = knows.sub = false;
    cr_expect(strstr(served(), "SET_*, INC_TCP_*, "));
    finish();
}

Test(accel_rte_flow, other_ways_to_name_a_port, .init = knows_everything)
{
    knows.represented = false;
    cr_expect(strstr(served(), "front: PORT_ID group 0, "));
    finish();
    knows.transfer = false;
    cr_expect(strstr(served(), "front: ingress to PORT_ID group 0, "));
    finish();
}

Test(accel_rte_flow, concessions, .init = knows_everything)
{
    knows.has_vlan = knows.df = knows.set_ttl = false;
    cr_expect(strstr(served(), ", no has_vlan, any DF, DEC_TTL"));
    finish();
}

Test(accel_rte_flow, rewriting_in_a_table_behind_the_first, .init = knows_everything)
{
    knows.group0 = false;
    dev.queue_size = 16;
    for (unsigned queue = 0; queue < 2; queue++) {
        char why[ACCEL_WHY];
        start(queue ? 16 : 0);
        cr_expect(rte_flow_engine.serves(eng, 1, why));
        cr_expect(strstr(why, "REPRESENTED_PORT group 1, "), "%s", why);
        cr_expect_eq(double_live(&dev), 4, "a jump and a way out of the group for each interface");
        insert(0, 0);
        poll(MS);
        cr_expect(hits(0, MS));
        cr_expect_not(hits(1, MS), "what no rule takes comes to the port");
        finish();
    }
}

Test(accel_rte_flow, a_group_without_a_way_into_it_is_not_used, .init = knows_everything)
{
    char why[ACCEL_WHY];
    knows.group0 = false;
    for (unsigned rest = 0; rest < 2; rest++) {
        dev.fail[DOUBLE_CREATE] = EBUSY;
        dev.fail_in[DOUBLE_CREATE] = dev.calls[DOUBLE_CREATE] + rest; /* the first rule, or the second */
        start(0);
        cr_expect_not(rte_flow_engine.serves(eng, 1, why));
        cr_expect_str_eq(why, "asked in 1280 forms; the first: not in my words; no way into group 1: as the "
                              "test wants it");
        cr_expect_eq(insert(0, 0), -ENOTSUP);
        cr_expect_eq(double_live(&dev), 0);
        finish();
    }
}

/* No jump by REPRESENTED_PORT, and nothing rewritten in the first group. */
static bool jumps_by_port_id(const struct double_words *w, const char **why)
{
    bool jump = w->action[0].type == RTE_FLOW_ACTION_TYPE_JUMP;
    *why = "jumps are by PORT_ID";
    return jump ? w->item[0].type == RTE_FLOW_ITEM_TYPE_PORT_ID : knows_it(w, why);
}

/* A way that is refused is no end: the other words are tried, once for each way of saying where. */
Test(accel_rte_flow, a_way_that_is_refused_is_asked_for_in_other_words, .init = knows_everything)
{
    char why[ACCEL_WHY];
    knows.group0 = false;
    dev.accepts = jumps_by_port_id;
    dev.queue_size = 16;
    for (unsigned queue = 0; queue < 2; queue++) {
        unsigned made = dev.calls[DOUBLE_CREATE] + dev.calls[DOUBLE_ASYNC_CREATE];
        start(queue ? 16 : 0);
        cr_assert(rte_flow_engine.serves(eng, 1, why), "%s", why);
        cr_expect(strstr(why, "PORT_ID group 1, "), "%s", why);
        made = dev.calls[DOUBLE_CREATE] + dev.calls[DOUBLE_ASYNC_CREATE] - made;
        cr_expect_eq(made, 2 * (1 + 2), "%u: of each interface one rule in vain, then both", made);
        insert(0, 0);
        poll(MS);
        cr_expect(hits(0, MS));
        finish();
    }
}

/* Transfer rules rewrite behind a jump alone, and there is none; ingress rules rewrite anywhere. */
static bool no_jump(const struct double_words *w, const char **why)
{
    *why = "no jumps";
    return w->action[0].type != RTE_FLOW_ACTION_TYPE_JUMP && (w->attr.ingress || knows_it(w, why));
}

Test(accel_rte_flow, where_there_is_no_way_words_are_taken_that_need_none, .init = knows_everything)
{
    knows.group0 = false;
    dev.accepts = no_jump;
    cr_expect(strstr(served(), "front: ingress to PORT_ID group 0, "));
    finish();
}

/* The first worker's way is everybody's; the others come to the same words, and make none. */
Test(accel_rte_flow, workers_come_to_the_same_words, .init = knows_everything)
{
    char first[ACCEL_WHY], second[ACCEL_WHY];
    knows.group0 = false;
    dev.accepts = jumps_by_port_id;
    dev.queue_size = 16;
    start_as(16, 0, 2);
    struct accel_engine *one = eng;
    rte_flow_engine.serves(one, 1, first);
    start_as(16, 1, 2);
    cr_assert(rte_flow_engine.serves(eng, 1, second), "%s", second);
    cr_expect_str_eq(first, second);
    cr_expect_eq(double_live(&dev), 4, "a jump and a way out of the group for each interface");
    insert(0, 0);
    poll(MS);
    cr_expect(hits(0, MS), "by the first worker's jump");
    rte_flow_engine.destroy(eng);
    eng = one;
    finish();
}

Test(accel_rte_flow, damage_is_not_to_be_hidden, .init = knows_everything)
{
    knows.integrity = false;
    cr_expect_str_eq(served(), "asked in 1280 forms; the first: not in my words; the last: not in my words");
    finish();
}

Test(accel_rte_flow, a_driver_without_a_flow_api_is_asked_once, .init = knows_everything)
{
    dev.fail[DOUBLE_PROXY] = ENOSYS;
    cr_expect_str_eq(served(), "its driver takes no flow rules");
    cr_expect_eq(dev.calls[DOUBLE_PROXY], 8 + 8, "by queues and one by one, two interfaces, two families");
    cr_expect_eq(dev.calls[DOUBLE_VALIDATE], 0);
    finish();
}

Test(accel_rte_flow, where_templates_are_refused_rules_are_made_one_by_one, .init = knows_everything)
{
    char why[ACCEL_WHY];
    static const enum double_call calls[] = {DOUBLE_PATTERN, DOUBLE_ACTION_LIST, DOUBLE_TABLE};
    for (unsigned i = 0; i < 3; i++) {
        memset(dev.fail, 0, sizeof dev.fail);
        dev.fail[calls[i]] = ENOMEM;
        start(16);
        cr_assert(rte_flow_engine.serves(eng, 1, why));
        cr_expect(strstr(why, ", one by one"), "%s", why);
        insert(0, 0);
        cr_expect(hits(0, 0));
        finish();
    }
}

Test(accel_rte_flow, there_is_no_dpdk_in_the_simulator, .init = new_device)
{
    char why[ACCEL_WHY];
    struct accel_engine_params p = {0};
    cr_expect_null(rte_flow_engine.create(&p, why));
    cr_expect_str_eq(why, "there is no DPDK here");
}

/* Rules of frames that come in by port 9 alone. */
static bool from_back(const struct double_words *w, const char **why)
{
    *why = "not from there";
    return ((const struct rte_flow_item_ethdev *)(const void *)w->item[0].spec)->port_id == 9;
}

static uint64_t no_time(void)
{
    return 0;
}

Test(accel_rte_flow, one_interface_can_and_another_cannot, .init = new_device)
{
    struct accel_wish w = {.hook = {[ACCEL_FLOW] = "rte_flow"}};
    struct accel_engine_params trial = {
        .port = rig_port, .nports = 2, .api = &flow_api_double, .nworkers = 1, .v6 = true};
    struct accel_choices c;
    dev.accepts = from_back;
    accel_negotiate(&w, &trial, no_time, &c);
    cr_expect_eq(c.hook[ACCEL_FLOW].provider, &accel_rte_flow);
    cr_expect_eq(c.port[1][ACCEL_FLOW].provider, &accel_rte_flow);
    cr_expect_null(c.port[0][ACCEL_FLOW].provider);
    cr_expect(strstr(c.port[0][ACCEL_FLOW].why,
                     "; the last: not from there; every frame takes the worker's own path"));
    cr_expect_str_eq(c.hook[ACCEL_FLOW].why,
                     "rte_flow: a real NIC, by DPDK's flow API; it serves 1 of the 2 interfaces");
    cr_expect_eq(double_left(&dev), 0, "the trial leaves nothing");
}
