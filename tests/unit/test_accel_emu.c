/* The emulated flow engine: which frames a rule may take, what becomes of one that it takes (held against the
 * builder and the parser of agent/wire), and when requests take effect and are answered. */
#include <criterion/criterion.h>
#include <errno.h>

#include "accel/emu.h"
#include "accel/plain.h"
#include "agent/base/bytes.h"
#include "agent/base/counters.h"
#include "agent/base/csum.h"
#include "agent/wire/wire.h"
#include "tests/unit/guarded.h"
#include "tests/unit/rnd.h"
#include "tests/unit/rule_rig.h"

#define MS 1000000ull

static bool is_plain(const struct flow_frame *b)
{
    struct plain p;
    struct frame f = b->f;
    struct span s = guarded(f.data, f.len); /* it ends at a guard page */
    f.data = (uint8_t *)(uintptr_t)s.p;
    return plain_parse(&f, &p);
}

/* Sums anew what is at the IPv4 and TCP headers, after a change. */
static void mend(struct flow_frame *b)
{
    uint8_t *ip = b->f.data + 14, *t = ip + 20;
    uint32_t n = b->f.len - 34;
    struct ip_addr s = ip_from_v4(ip + 12), d = ip_from_v4(ip + 16);
    put_be16(ip + 10, 0);
    put_be16(ip + 10, csum_final(csum_bytes(ip, 20)));
    put_be16(t + 16, 0);
    put_be16(t + 16, csum_final(csum_add(csum_pseudo(&s, &d, 6, n), csum_bytes(t, n))));
}

Test(accel_plain, what_a_rule_may_take)
{
    static const uint8_t body[1440] = {1, 2, 3};
    struct flow_frame b;
    for (unsigned v4 = 0; v4 < 2; v4++)
        for (unsigned vlan = 0; vlan < 8; vlan += 7) {
            struct flow_rule r = rig_rule(v4, (uint16_t)vlan, 0);
            static const uint32_t lengths[] = {0, 1, 2, 3, 100, 1439, 1440};
            for (unsigned i = 0; i < 7; i++) {
                rig_frame(&b, &r, body, lengths[i], TCP_ACK);
                cr_expect(is_plain(&b));
                rig_frame(&b, &r, body, lengths[i], TCP_ACK | TCP_PSH);
                cr_expect(is_plain(&b));
            }
        }
}

Test(accel_plain, flags_that_it_may_not_take)
{
    struct flow_rule r = rig_rule(true, 0, 0);
    struct flow_frame b;
    for (unsigned flags = 0; flags < 256; flags++) {
        rig_frame(&b, &r, (const uint8_t *)"x", 1, TCP_ACK);
        b.f.data[14 + 20 + 13] = (uint8_t)flags;
        mend(&b);
        cr_expect_eq(is_plain(&b), flags == TCP_ACK || flags == (TCP_ACK | TCP_PSH), "flags %02x", flags);
    }
}

/* One byte of the headers changed, with right checksums. */
static bool plain_with(unsigned at, uint8_t value)
{
    struct flow_rule r = rig_rule(true, 0, 0);
    struct flow_frame b;
    rig_frame(&b, &r, (const uint8_t *)"0123456789", 10, TCP_ACK);
    b.f.data[at] = value;
    mend(&b);
    return is_plain(&b);
}

Test(accel_plain, headers_that_it_may_not_take)
{
    cr_expect(plain_with(14 + 1, 0)); /* nothing changed */
    cr_expect_not(plain_with(14 + 1, 2), "ECN");
    cr_expect_not(plain_with(14 + 6, 0x00), "DF is not set");
    cr_expect_not(plain_with(14 + 6, 0x60), "a fragment");
    cr_expect_not(plain_with(14 + 7, 1), "a fragment's offset");
    cr_expect_not(plain_with(14 + 9, 17), "UDP");
    cr_expect_not(plain_with(14, 0x46), "IPv4 options");
    cr_expect_not(plain_with(34 + 12, 0x60), "TCP options");
    cr_expect_not(plain_with(34 + 12, 0x51), "reserved bits");
    cr_expect_not(plain_with(34 + 19, 1), "an urgent pointer");
    cr_expect_not(plain_with(14 + 3, 200), "longer than the frame");
}

Test(accel_plain, damage_is_left_to_the_worker)
{
    struct flow_rule r = rig_rule(true, 0, 0);
    struct flow_frame b;
    for (uint32_t at = 14; at < 14 + 40 + 10; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            rig_frame(&b, &r, (const uint8_t *)"0123456789", 10, TCP_ACK);
            b.f.data[at] ^= (uint8_t)(1u << bit);
            cr_expect_not(is_plain(&b), "byte %u bit %u", at, bit);
        }
}

Test(accel_plain, no_frame_is_read_beyond_its_end)
{
    struct flow_rule r = rig_rule(false, 7, 0);
    struct flow_frame b;
    rig_frame(&b, &r, (const uint8_t *)"0123456789", 10, TCP_ACK);
    for (uint32_t n = 0; n < b.f.len; n++) {
        struct flow_frame cut = b;
        cut.f.data = cut.mem + (b.f.data - b.mem);
        cut.f.len = n;
        cr_expect_not(is_plain(&cut), "length %u", n);
    }
}

Test(accel_plain, what_it_sends_is_the_segment_with_other_numbers)
{
    uint8_t body[1440];
    uint64_t seed = 8;
    struct flow_frame b;
    rnd_fill(&seed, body, sizeof body);
    for (unsigned i = 0; i < 4000; i++) {
        struct flow_rule r = rig_rule(i & 1, i & 2 ? 7 : 0, i & 4 ? 9 : 0);
        uint32_t n = (uint32_t)rnd_below(&seed, sizeof body + 1);
        struct plain p;
        struct pkt k;
        r.seq_add = (uint32_t)rnd(&seed);
        r.ack_add = (uint32_t)rnd(&seed);
        rig_frame(&b, &r, body, n, TCP_ACK | TCP_PSH);
        cr_assert(plain_parse(&b.f, &p));
        plain_rewrite(&b.f, &p, &r);
        cr_assert_eq(wire_parse(&b.f, r.out_vlan, &k), R_NONE, "case %u", i);
        cr_assert_eq(k.proto, WIRE_TCP);
        cr_assert(ip_eq(&k.key.remote, &r.out.local) && ip_eq(&k.key.local, &r.out.remote));
        cr_assert(k.key.remote_port == 80 && k.key.local_port == 54321);
        cr_assert_eq(k.seq, 100 + r.seq_add);
        cr_assert_eq(k.ack, 0xffffffffu + r.ack_add);
        cr_assert_eq(k.wnd, 501);
        cr_assert_eq(k.flags, TCP_ACK | TCP_PSH);
        cr_assert_eq(k.ttl, WIRE_TTL);
        cr_assert_eq(k.payload_len, n);
        cr_assert(memcmp(b.f.data + k.payload_off, body, n) == 0);
        cr_assert(memcmp(k.dmac, r.dmac, 6) == 0 && memcmp(k.smac, r.smac, 6) == 0);
        cr_assert_eq(b.f.port, 0);
    }
}

/* ---- requests and answers ---- */

static const struct emu_profile slow = {.name = "slow",
                                        .about = "for tests",
                                        .entries = 2,
                                        .queue = 3,
                                        .insert_rate = 1000, /* 1 ms each */
                                        .remove_rate = 500,  /* 2 ms each */
                                        .delay_ns = 5 * MS,
                                        .batch_ns = 10 * MS,
                                        .age_ns = 1000 * MS,
                                        .v6 = true};

static unsigned sent;

static void take_sent(void *ctx, struct frame *f)
{
    (void)ctx;
    (void)f;
    sent++;
}

static struct accel_engine *engine(struct flow_ops *ops)
{
    struct frame_ops out = {.send = take_sent};
    struct accel_engine *e = emu_create(&slow, &out);
    cr_assert(e);
    *ops = emu_engine.ops(e);
    sent = 0;
    return e;
}

/* Does a segment of the rule's flow get past the worker at that time? */
static bool hits(struct accel_engine *e, const struct flow_rule *r, uint64_t now)
{
    struct flow_frame b;
    struct frame *f = &b.f;
    unsigned before = sent;
    rig_frame(&b, r, (const uint8_t *)"body", 4, TCP_ACK);
    b.f.port = 1;
    unsigned left = emu_engine.pass(e, &f, 1, now);
    cr_assert_eq(left + (sent - before), 1);
    return left == 0;
}

static unsigned poll(struct accel_engine *e, uint64_t now, struct flow_answer a[8])
{
    memset(a, 0, 8 * sizeof *a);
    return emu_engine.poll(e, now, a, 8);
}

static struct flow_rule with_port(uint16_t port)
{
    struct flow_rule r = rig_rule(true, 0, 0);
    r.in.local_port = port;
    return r;
}

Test(accel_emu, a_rule_takes_effect_before_it_is_told)
{
    struct flow_ops o;
    struct accel_engine *e = engine(&o);
    struct flow_rule r = with_port(1);
    struct flow_answer a[8];
    cr_assert_eq(o.insert(o.ctx, 3, &r, 0), 0);
    cr_expect_not(hits(e, &r, 0), "not in effect yet");
    cr_expect_not(hits(e, &r, 1 * MS - 1));
    cr_expect(hits(e, &r, 1 * MS));
    cr_expect_eq(poll(e, 9 * MS, a), 0, "told in batches");
    cr_expect_eq(emu_engine.next_ns(e), 10 * MS);
    cr_assert_eq(poll(e, 10 * MS, a), 1);
    cr_expect(a[0].tag == 3 && a[0].told == FLOW_IN);
    o.remove(o.ctx, 3, 20 * MS);
    cr_expect(hits(e, &r, 21 * MS), "still there");
    cr_expect_not(hits(e, &r, 22 * MS));
    cr_expect_eq(poll(e, 29 * MS, a), 0);
    cr_assert_eq(poll(e, 30 * MS, a), 1);
    cr_expect(a[0].told == FLOW_GONE && a[0].why == FLOW_WHY_ASKED && a[0].counted);
    cr_expect_eq(a[0].packets, 2);
    cr_expect_eq(a[0].bytes, 2 * (14 + 40 + 4));
    emu_engine.destroy(e);
}

Test(accel_emu, another_port_vlan_or_tuple_misses)
{
    struct flow_ops o;
    struct accel_engine *e = engine(&o);
    struct flow_rule r = with_port(1), other = r;
    o.insert(o.ctx, 0, &r, 0);
    cr_expect(hits(e, &r, 2 * MS));
    other.in_vlan = 5;
    cr_expect_not(hits(e, &other, 2 * MS));
    other = r;
    other.in.remote_port++;
    cr_expect_not(hits(e, &other, 2 * MS));
    struct flow_frame b;
    struct frame *f = &b.f;
    rig_frame(&b, &r, (const uint8_t *)"body", 4, TCP_ACK);
    b.f.port = 0;
    cr_expect_eq(emu_engine.pass(e, &f, 1, 2 * MS), 1, "from another port");
    emu_engine.destroy(e);
}

Test(accel_emu, a_full_table_and_a_full_queue_refuse)
{
    struct flow_ops o;
    struct accel_engine *e = engine(&o);
    struct flow_answer a[8];
    for (uint16_t i = 0; i < 3; i++) {
        struct flow_rule r = with_port(i);
        cr_assert_eq(o.insert(o.ctx, i, &r, 0), 0);
    }
    struct flow_rule r = with_port(9);
    cr_expect_eq(o.insert(o.ctx, 3, &r, 0), -EAGAIN, "three requests are under way");
    cr_assert_eq(poll(e, 10 * MS, a), 3);
    cr_expect(a[0].told == FLOW_IN && a[1].told == FLOW_IN);
    cr_expect(a[2].tag == 2 && a[2].told == FLOW_GONE && a[2].why == FLOW_WHY_FULL && a[2].packets == 0);
    cr_expect_eq(o.insert(o.ctx, 2, &r, 10 * MS), 0, "its tag is free again");
    emu_engine.destroy(e);
}

Test(accel_emu, removed_before_it_is_in)
{
    struct flow_ops o;
    struct accel_engine *e = engine(&o);
    struct flow_rule r = with_port(1);
    struct flow_answer a[8];
    o.insert(o.ctx, 0, &r, 0);
    o.remove(o.ctx, 0, 0);
    o.remove(o.ctx, 0, 0); /* asking again is nothing new */
    cr_expect(hits(e, &r, 2 * MS), "in effect for a while all the same");
    cr_expect_not(hits(e, &r, 3 * MS));
    cr_assert_eq(poll(e, 50 * MS, a), 2);
    cr_expect(a[0].told == FLOW_IN && a[1].told == FLOW_GONE && a[1].packets == 1);
    cr_expect_eq(poll(e, 100 * MS, a), 0);
    emu_engine.destroy(e);
}

Test(accel_emu, rules_without_segments_age)
{
    struct flow_ops o;
    struct accel_engine *e = engine(&o);
    struct flow_rule r = with_port(1);
    struct flow_answer a[8];
    o.insert(o.ctx, 0, &r, 0);
    cr_expect_eq(poll(e, 10 * MS, a), 1);
    cr_expect(hits(e, &r, 900 * MS));
    cr_expect_eq(poll(e, 1800 * MS, a), 0);
    poll(e, 1900 * MS, a); /* found then, */
    cr_assert_eq(poll(e, 1910 * MS, a), 1);
    cr_expect(a[0].told == FLOW_GONE && a[0].why == FLOW_WHY_AGED && a[0].packets == 1);
    emu_engine.destroy(e);
}

Test(accel_emu, a_flush_is_at_once)
{
    struct flow_ops o;
    struct accel_engine *e = engine(&o);
    struct flow_rule r = with_port(1), s = with_port(2);
    struct flow_answer a[8];
    o.insert(o.ctx, 0, &r, 0);
    poll(e, 10 * MS, a);
    o.insert(o.ctx, 1, &s, 10 * MS);
    o.flush(o.ctx, 10 * MS);
    cr_expect_not(hits(e, &r, 10 * MS));
    cr_expect_not(hits(e, &s, 12 * MS), "what was under way is dropped too");
    cr_assert_eq(poll(e, 30 * MS, a), 2);
    cr_expect(a[0].told == FLOW_GONE && a[1].told == FLOW_GONE);
    cr_expect_eq(counter_read(&emu_engine.stats(e)->rules), 0);
    cr_expect_eq(counter_read(&emu_engine.stats(e)->lost), 2, "and so counted");
    emu_engine.destroy(e);
}

Test(accel_emu, what_it_cannot_do)
{
    struct flow_ops o;
    char why[ACCEL_WHY];
    struct accel_engine_params p = {.profile = "liquidio", .ops = {.send = take_sent}};
    struct accel_engine *e = emu_engine.create(&p, why);
    cr_assert(e);
    o = emu_engine.ops(e);
    struct flow_rule six = rig_rule(false, 0, 0), mixed = rig_rule(true, 0, 0);
    mixed.out = six.out;
    cr_expect_eq(o.insert(o.ctx, 0, &six, 0), -ENOTSUP, "IPv6");
    cr_expect_eq(o.insert(o.ctx, 0, &mixed, 0), -ENOTSUP, "from one family to the other");
    emu_engine.destroy(e);
    p.profile = "nothing";
    cr_expect_null(emu_engine.create(&p, why));
    cr_expect_str_eq(why, "there is no profile \"nothing\"");
}

/* Random requests at random times: every tag gets its answers in order, once. */
Test(accel_emu, every_tag_is_answered)
{
    struct flow_ops o;
    struct accel_engine *e = engine(&o);
    enum { IDLE, ASKED, THERE } state[4] = {IDLE};
    uint64_t seed = 3, now = 0;
    unsigned in = 0, gone = 0, asked = 0;
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t tag = (uint32_t)rnd_below(&seed, 4);
        struct flow_answer a[8];
        struct flow_rule r = with_port((uint16_t)tag);
        now += rnd_below(&seed, 2 * MS);
        if (state[tag] == IDLE && rnd_below(&seed, 3) == 0 && o.insert(o.ctx, tag, &r, now) == 0) {
            state[tag] = ASKED;
            asked++;
        } else if (state[tag] != IDLE && rnd_below(&seed, 4) == 0) {
            o.remove(o.ctx, tag, now);
        }
        if (rnd_below(&seed, 5000) == 0)
            o.flush(o.ctx, now);
        for (unsigned n = emu_engine.poll(e, now, a, 8), k = 0; k < n; k++) {
            cr_assert(state[a[k].tag] != IDLE);
            cr_assert(a[k].told == FLOW_GONE || state[a[k].tag] == ASKED);
            in += a[k].told == FLOW_IN;
            gone += a[k].told == FLOW_GONE;
            state[a[k].tag] = a[k].told == FLOW_IN ? THERE : IDLE;
        }
    }
    unsigned left = 0;
    for (unsigned t = 0; t < 4; t++)
        left += state[t] != IDLE;
    cr_expect_eq(asked, gone + left);
    cr_expect_gt(in, 1000);
    emu_engine.destroy(e);
}
