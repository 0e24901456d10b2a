/* Rules in DPDK's words: exactly which, in each dialect; and that what they say is what software does, by
 * carrying frames by the recorded words alone and comparing every byte with accel/plain.c. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "accel/flow_write.h"
#include "accel/plain.h"
#include "tests/unit/flow_rig.h"
#include "tests/unit/rnd.h"

static struct flow_double dev;
static const struct double_words *recorded;

static struct rte_flow_action_handle *a_counter(void)
{
    const struct rte_flow_indir_action_conf conf = {.transfer = 1};
    const struct rte_flow_action count = {.type = RTE_FLOW_ACTION_TYPE_COUNT};
    struct rte_flow_error err;
    return flow_api_double.handle_create(7, &conf, &count, &err);
}

/* Writes a rule and gives it to a device. */
static void record(struct flow_dialect d, const struct flow_rule *r)
{
    struct flow_place at = {.in = 9, .out = 7};
    struct flow_written w;
    struct rte_flow_error err;
    double_begin(&dev);
    if (d.count == FLOW_COUNT_SHARED)
        at.counter = a_counter();
    flow_write(&w, &d, r, &at);
    cr_assert_leq(w.nitem, FLOW_ITEMS - 1);
    cr_assert_leq(w.naction, FLOW_ACTIONS - 1);
    cr_assert_eq(flow_api_double.validate(9, &w.attr, w.item, w.action, &err), 0);
    cr_assert(flow_api_double.create(9, &w.attr, w.item, w.action, &err));
    cr_assert_null(dev.complaint, "%s", dev.complaint);
    recorded = &double_nth(&dev, 0)->words;
}

static const char *text_of(struct flow_dialect d, struct flow_rule r)
{
    static char text[4096];
    record(d, &r);
    return double_text(recorded, text, sizeof text);
}

/* ---- exactly which words ---- */

Test(accel_flow_rules, ipv4_in_the_words_that_are_preferred)
{
    cr_expect_str_eq(text_of((struct flow_dialect){0}, rig_rule(true, 0, 0)),
                     "transfer group 0 priority 0\n"
                     "  represented_port 9\n"
                     "  integrity l3 l4 ipv4_csum l4_csum\n"
                     "  eth 12=0800 has_vlan=0\n"
                     /* 0x45, TOS 0; DF and no fragment; TCP; addresses */
                     "  ipv4 0=4500 6=4000 9=06 12=c0000201c0000209\n"
                     /* ports; no options, ACK, PSH or not */
                     "  tcp 0=1f902717 12=5010/fff7\n"
                     "  > indirect count\n"
                     "  > age 10\n"
                     "  > modify_field set mac_dst value 020101010101 width 48\n"
                     "  > modify_field set mac_src value 020303030303 width 48\n"
                     "  > modify_field set ipv4_src value c6336407 width 32\n"
                     "  > modify_field set ipv4_dst value cb007104 width 32\n"
                     "  > modify_field set ipv4_ttl value 40 width 8\n"
                     "  > modify_field set tcp_port_src value 0050 width 16\n"
                     "  > modify_field set tcp_port_dst value d431 width 16\n"
                     "  > modify_field add tcp_seq_num value fffffff0 width 32\n"
                     "  > modify_field add tcp_ack_num value 00003039 width 32\n"
                     "  > represented_port 7\n");
}

Test(accel_flow_rules, ipv6)
{
    cr_expect_str_eq(
        text_of((struct flow_dialect){0}, rig_rule(false, 0, 0)),
        "transfer group 0 priority 0\n"
        "  represented_port 9\n"
        "  integrity l3 l4 l4_csum\n"
        "  eth 12=86dd has_vlan=0\n"
        "  ipv6 0=6000/fff0 6=06 8=20010db800000000000000000000000120010db8000000000000000000000009 "
        "has_frag_ext=0\n"
        "  tcp 0=1f902717 12=5010/fff7\n"
        "  > indirect count\n"
        "  > age 10\n"
        "  > modify_field set mac_dst value 020101010101 width 48\n"
        "  > modify_field set mac_src value 020303030303 width 48\n"
        "  > modify_field set ipv6_src value 20010db8070000000000000000000007 width 128\n"
        "  > modify_field set ipv6_dst value 20010db8070000000000000000000004 width 128\n"
        "  > modify_field set ipv6_hoplimit value 40 width 8\n"
        "  > modify_field set tcp_port_src value 0050 width 16\n"
        "  > modify_field set tcp_port_dst value d431 width 16\n"
        "  > modify_field add tcp_seq_num value fffffff0 width 32\n"
        "  > modify_field add tcp_ack_num value 00003039 width 32\n"
        "  > represented_port 7\n");
}

Test(accel_flow_rules, the_older_actions_and_every_concession)
{
    struct flow_dialect d = {.df = FLOW_DF_ANY,
                             .ttl = FLOW_TTL_DEC,
                             .count = FLOW_COUNT_IN_RULE,
                             .age = FLOW_AGE_BY_COUNTER,
                             .where = FLOW_WHERE_INGRESS,
                             .untagged = FLOW_UNTAGGED_TYPE,
                             .adds = FLOW_ADDS_DEC,
                             .sets = FLOW_SETS_OLD};
    cr_expect_str_eq(text_of(d, rig_rule(true, 0, 0)), "ingress group 0 priority 0\n"
                                                       "  integrity l3 l4 ipv4_csum l4_csum\n"
                                                       "  eth 12=0800\n"
                                                       "  ipv4 0=4500 6=0000/3fff 9=06 12=c0000201c0000209\n"
                                                       "  tcp 0=1f902717 12=5010/fff7\n"
                                                       "  > count\n"
                                                       "  > set_mac_dst 020101010101\n"
                                                       "  > set_mac_src 020303030303\n"
                                                       "  > set_ipv4_src c6336407\n"
                                                       "  > set_ipv4_dst cb007104\n"
                                                       "  > dec_ttl\n"
                                                       "  > set_tp_src 0050\n"
                                                       "  > set_tp_dst d431\n"
                                                       "  > dec_tcp_seq 00000010\n"
                                                       "  > dec_tcp_ack ffffcfc7\n"
                                                       "  > port_id 7\n");
}

/* The lines that begin with `begin`. */
static const char *lines(const char *text, const char *begin)
{
    static char out[1024];
    size_t n = 0;
    for (const char *end; *text; text = end + 1) {
        end = strchr(text, '\n');
        if (strncmp(text, begin, strlen(begin)) == 0)
            n += (size_t)snprintf(out + n, sizeof out - n, "%.*s", (int)(end - text + 1), text);
    }
    out[n] = '\0';
    return out;
}

Test(accel_flow_rules, tags)
{
    struct flow_dialect d = {0};
    cr_expect_str_eq(lines(text_of(d, rig_rule(true, 7, 0)), "  > of_"), "  > of_pop_vlan\n");
    cr_expect_str_eq(lines(text_of(d, rig_rule(true, 7, 0)), "  eth"), "  eth 12=8100\n");
    cr_expect_str_eq(lines(text_of(d, rig_rule(true, 7, 0)), "  vlan"), "  vlan 0=00070800/0fffffff\n");
    cr_expect_str_eq(lines(text_of(d, rig_rule(false, 0, 0x123)), "  > of_"), "  > of_push_vlan 8100\n"
                                                                              "  > of_set_vlan_vid 0123\n"
                                                                              "  > of_set_vlan_pcp 00\n");
    cr_expect_str_eq(lines(text_of(d, rig_rule(true, 7, 9)), "  > of_"), "  > of_set_vlan_vid 0009\n"
                                                                         "  > of_set_vlan_pcp 00\n");
}

Test(accel_flow_rules, numbers_in_each_dialect)
{
    static const char *const expected[] = {
        [FLOW_ADDS_ADD] = "  > modify_field add tcp_seq_num value 80000001 width 32\n",
        [FLOW_ADDS_SUB] = "  > modify_field sub tcp_seq_num value 7fffffff width 32\n",
        [FLOW_ADDS_INC] = "  > inc_tcp_seq 80000001\n",
        [FLOW_ADDS_DEC] = "  > dec_tcp_seq 7fffffff\n"};
    static const char *const begin[] = {"  > modify_field add tcp_seq", "  > modify_field sub tcp_seq",
                                        "  > inc_tcp_seq", "  > dec_tcp_seq"};
    struct flow_rule r = rig_rule(true, 0, 0);
    r.seq_add = 0x80000001;
    for (uint8_t a = 0; a < 4; a++)
        cr_expect_str_eq(lines(text_of((struct flow_dialect){.adds = a}, r), begin[a]), expected[a]);
}

Test(accel_flow_rules, the_way_into_a_group)
{
    struct flow_dialect d = {.group = 1};
    struct flow_written w;
    struct rte_flow_error err;
    char text[512];
    double_begin(&dev);
    flow_write_rest(&w, &d, 9);
    cr_assert(flow_api_double.create(9, &w.attr, w.item, w.action, &err));
    flow_write_jump(&w, &d, 9);
    cr_assert(flow_api_double.create(9, &w.attr, w.item, w.action, &err));
    cr_expect_str_eq(double_text(&double_nth(&dev, 0)->words, text, sizeof text),
                     "transfer group 1 priority 1\n  represented_port 9\n  eth\n  > port_representor 9\n");
    cr_expect_str_eq(double_text(&double_nth(&dev, 1)->words, text, sizeof text),
                     "transfer group 0 priority 0\n  represented_port 9\n  eth\n  > jump 1\n");
}

/* ---- dialects ---- */

Test(accel_flow_rules, every_dialect_is_asked_once_the_exact_ones_first)
{
    static bool seen[2][2][2][2][3][2][2][4][2];
    struct flow_dialect d = {0};
    unsigned n = 0, exact = 0;
    do {
        bool *at = &seen[d.df][d.ttl][d.count][d.age][d.where][d.group][d.untagged][d.adds][d.sets];
        cr_assert_not(*at);
        *at = true;
        n++;
        if (!d.df && !d.ttl && !d.count && !d.age)
            cr_assert_eq(++exact, n, "an exact one after one that is not");
    } while (flow_dialect_next(&d));
    cr_expect_eq(n, 16 * (2 * 2 + 1) * 2 * 4 * 2);
    cr_expect_eq(exact, (2 * 2 + 1) * 2 * 4 * 2);
}

Test(accel_flow_rules, a_dialect_in_words)
{
    char text[160];
    struct flow_dialect d = {0};
    flow_dialect_text(&d, text, sizeof text);
    cr_expect_str_eq(text, "REPRESENTED_PORT group 0, MODIFY_FIELD, ADD, counters shared, AGE");
    d = (struct flow_dialect){1, 1, 1, 1, 2, 0, 1, 3, 1};
    flow_dialect_text(&d, text, sizeof text);
    cr_expect_str_eq(text,
                     "ingress to PORT_ID group 0, SET_*, DEC_TCP_*, counters in rules, no has_vlan, any DF, "
                     "DEC_TTL");
}

/* ---- what they mean ---- */

static struct flow_rule random_rule(uint64_t *seed, unsigned i)
{
    struct flow_rule r = rig_rule(i & 1, i & 2 ? 7 : 0, i & 4 ? 9 : 0);
    r.seq_add = (uint32_t)rnd(seed);
    r.ack_add = (uint32_t)rnd(seed);
    r.out.remote_port = (uint16_t)rnd(seed);
    r.out.local_port = (uint16_t)rnd(seed);
    rnd_fill(seed, r.dmac, 6);
    rnd_fill(seed, r.smac, 6);
    rnd_fill(seed, r.out.remote.b + 12, 4);
    rnd_fill(seed, r.out.local.b + 12, 4);
    return r;
}

static void same_as_software(const struct flow_rule *r, const uint8_t *body, uint32_t n)
{
    struct flow_frame soft, hard;
    struct plain p;
    uint16_t out = 0xffff;
    rig_frame(&soft, r, body, n, TCP_ACK | TCP_PSH);
    rig_frame(&hard, r, body, n, TCP_ACK | TCP_PSH);
    cr_assert(plain_parse(&soft.f, &p));
    plain_rewrite(&soft.f, &p, r);
    cr_assert(double_carry(&dev, &hard.f, 9, &out));
    cr_assert_eq(out, 7);
    cr_assert_eq(hard.f.len, soft.f.len);
    cr_assert_arr_eq(hard.f.data, soft.f.data, soft.f.len);
}

Test(accel_flow_rules, frames_leave_as_software_would_send_them)
{
    uint8_t body[1440];
    uint64_t seed = 5;
    struct flow_dialect d = {0};
    rnd_fill(&seed, body, sizeof body);
    unsigned dialects = 0;
    do {
        if (d.ttl == FLOW_TTL_DEC || d.group)
            continue;
        for (unsigned i = 0; i < 8; i++) {
            struct flow_rule r = random_rule(&seed, i);
            record(d, &r);
            same_as_software(&r, body, (uint32_t)rnd_below(&seed, sizeof body + 1));
        }
        dialects++;
    } while (flow_dialect_next(&d));
    cr_expect_eq(dialects, 8 * 3 * 2 * 4 * 2);
}

/* What software's parser says of a frame the recorded words say too, whatever a byte of its headers is. */
static void same_judgement(const struct flow_rule *r, uint32_t at, uint8_t value, bool mend)
{
    struct flow_frame b;
    struct plain p;
    rig_frame(&b, r, (const uint8_t *)"0123456789", 10, TCP_ACK);
    uint32_t l3 = r->in_vlan ? 18 : 14, l4 = l3 + (ip_is_v4(&r->in.remote) ? 20 : 40);
    b.f.data[at] = value;
    if (mend && l4 == l3 + 20) {
        memset(b.f.data + l3 + 10, 0, 2);
        uint16_t s = csum_final(csum_bytes(b.f.data + l3, 20));
        b.f.data[l3 + 10] = (uint8_t)(s >> 8);
        b.f.data[l3 + 11] = (uint8_t)s;
    }
    bool urgent_pointer = at == l4 + 18 || at == l4 + 19; /* without URG it means nothing */
    bool soft = plain_parse(&b.f, &p) && flow_key_eq(&p.key, &r->in) && p.vlan == r->in_vlan;
    if (!urgent_pointer)
        cr_assert_eq(double_matches(recorded, &b.f, 9), soft, "byte %u is %02x", at, value);
}

Test(accel_flow_rules, what_is_not_plain_misses)
{
    for (unsigned i = 0; i < 4; i++) {
        struct flow_rule r = rig_rule(i & 1, i & 2 ? 7 : 0, 0);
        record((struct flow_dialect){0}, &r);
        uint32_t from = 12, to = (r.in_vlan ? 18u : 14u) + (i & 1 ? 40u : 60u);
        for (uint32_t at = from; at < to; at++)
            for (unsigned v = 0; v < 256; v++) {
                same_judgement(&r, at, (uint8_t)v, false);
                same_judgement(&r, at, (uint8_t)v, true);
            }
    }
}

/* With right sums, so that it is not they who judge. */
static bool taken(uint8_t flags, uint8_t offset)
{
    struct flow_rule r = rig_rule(true, 0, 0);
    struct flow_frame b;
    rig_frame(&b, &r, (const uint8_t *)"0123456789abcdef", 16, TCP_ACK);
    uint8_t *t = b.f.data + 34;
    uint16_t before = csum_bytes(t + 12, 2), sum = (uint16_t)(t[16] << 8 | t[17]);
    t[12] = offset;
    t[13] = flags;
    sum = csum_final(csum_add(csum_sub((uint16_t)~sum, before), csum_bytes(t + 12, 2)));
    t[16] = (uint8_t)(sum >> 8);
    t[17] = (uint8_t)sum;
    return double_matches(recorded, &b.f, 9);
}

Test(accel_flow_rules, flags_and_options_that_a_rule_may_take)
{
    struct flow_rule r = rig_rule(true, 0, 0);
    record((struct flow_dialect){0}, &r);
    for (unsigned flags = 0; flags < 256; flags++)
        cr_expect_eq(taken((uint8_t)flags, 0x50), flags == TCP_ACK || flags == (TCP_ACK | TCP_PSH), "%02x",
                     flags);
    for (unsigned offset = 0; offset < 256; offset++)
        cr_expect_eq(taken(TCP_ACK, (uint8_t)offset), offset == 0x50, "%02x", offset);
}
