/* halfopen (S11): entries, cookies under overflow, tombstones. */
#include <criterion/criterion.h>

#include "agent/base/timer.h"
#include "agent/splice/halfopen.h"

static const struct sip_key key = {0x1122334455667788, 0x99aabbccddeeff00};

static struct handshake syn_of(uint16_t port)
{
    const uint8_t us[4] = {10, 0, 0, 1}, them[4] = {10, 0, 0, 2};
    struct handshake h = {
        .key = {.remote = ip_from_v4(them), .local = ip_from_v4(us), .remote_port = port, .local_port = 80},
        .irs = 1000u + port,
        .iss = 77,
        .mss = 1400,
        .wscale = 7,
        .sack_ok = true};
    return h;
}

/* Fills the table until a cookie is made; returns the handshake that got it. */
static struct handshake overflow(struct halfopen *t, uint64_t now)
{
    for (unsigned port = 1; port < 60000; port++) {
        struct handshake h = syn_of((uint16_t)port);
        if (!halfopen_syn(t, &h, now))
            return h;
    }
    cr_assert(false, "the table never overflowed");
    return syn_of(0);
}

Test(halfopen, S11_entry_completes_once_and_gives_back_what_was_agreed)
{
    struct halfopen *t = halfopen_create(64, &key);
    struct handshake h = syn_of(5), out;
    cr_assert(halfopen_syn(t, &h, 0));
    cr_assert(!h.by_cookie && h.iss == 77);
    cr_assert_eq(halfopen_ack(t, &h.key, h.irs + 1, 78, 100, &out, 3 * MS_NS), HALF_OK);
    cr_assert(out.mss == 1400 && out.wscale == 7 && out.sack_ok && out.irs == h.irs);
    cr_assert_eq(out.rtt_us, 3000);
    cr_assert_eq(halfopen_ack(t, &h.key, h.irs + 1, 78, 100, &out, 3 * MS_NS), HALF_NONE);
    halfopen_destroy(t);
}

Test(halfopen, S11_repeated_syn_gets_the_same_answer_another_one_a_new_one)
{
    struct halfopen *t = halfopen_create(64, &key);
    struct handshake h = syn_of(5), again = syn_of(5), other = syn_of(5);
    again.iss = 99;
    other.iss = 123;
    other.irs++;
    halfopen_syn(t, &h, 0);
    halfopen_syn(t, &again, 1);
    cr_assert_eq(again.iss, 77);
    halfopen_syn(t, &other, 2);
    cr_assert_eq(other.iss, 123);
    halfopen_destroy(t);
}

Test(halfopen, S11_wrong_ack_or_a_segment_outside_the_window_is_not_believed)
{
    struct halfopen *t = halfopen_create(64, &key);
    struct handshake h = syn_of(5), out;
    halfopen_syn(t, &h, 0);
    cr_assert_eq(halfopen_ack(t, &h.key, h.irs + 1, 79, 100, &out, 0), HALF_NONE);
    cr_assert_eq(halfopen_ack(t, &h.key, h.irs, 78, 100, &out, 0), HALF_NONE);
    cr_assert_eq(halfopen_ack(t, &h.key, h.irs + 102, 78, 100, &out, 0), HALF_NONE);
    cr_assert_eq(halfopen_ack(t, &h.key, h.irs + 101, 78, 100, &out, 0), HALF_OK,
                 "first data lost, second arrives");
    halfopen_destroy(t);
}

Test(halfopen, S11_rst_takes_the_entry_away_only_with_the_exact_number)
{
    struct halfopen *t = halfopen_create(64, &key);
    struct handshake h = syn_of(5), out;
    halfopen_syn(t, &h, 0);
    halfopen_rst(t, &h.key, h.irs + 2);
    cr_assert_eq(halfopen_ack(t, &h.key, h.irs + 1, 78, 100, &out, 0), HALF_OK);
    h = syn_of(5);
    halfopen_syn(t, &h, 0);
    halfopen_rst(t, &h.key, h.irs + 1);
    cr_assert_eq(halfopen_ack(t, &h.key, h.irs + 1, 78, 100, &out, 0), HALF_NONE);
    halfopen_destroy(t);
}

Test(halfopen, S11_overflow_makes_cookies_that_carry_mss_scale_and_sack)
{
    struct halfopen *t = halfopen_create(64, &key);
    struct handshake h = overflow(t, SEC_NS), out;
    cr_assert(h.by_cookie);
    cr_assert_eq(halfopen_ack(t, &h.key, h.irs + 1, h.iss + 1, 100, &out, 2 * SEC_NS), HALF_OK);
    cr_assert(out.by_cookie && out.mss == 1360 && out.wscale == 7 && out.sack_ok && out.irs == h.irs &&
              out.iss == h.iss);
    halfopen_destroy(t);
}

Test(halfopen, S11_cookies_are_believed_only_while_the_table_overflows)
{
    struct halfopen *t = halfopen_create(64, &key), *calm = halfopen_create(64, &key);
    struct handshake h = overflow(t, SEC_NS), out;
    cr_assert_eq(halfopen_ack(calm, &h.key, h.irs + 1, h.iss + 1, 100, &out, SEC_NS), HALF_NONE);
    cr_assert_eq(halfopen_ack(t, &h.key, h.irs + 1, h.iss + 1, 100, &out, 400 * SEC_NS), HALF_NONE);
    halfopen_destroy(t);
    halfopen_destroy(calm);
}

/* Cookies are being made all the time; its epoch's three bits alone would let an old one in. */
Test(halfopen, S11_a_cookie_is_good_for_its_epoch_and_the_next)
{
    struct halfopen *t = halfopen_create(64, &key);
    struct handshake h = overflow(t, SEC_NS), out;
    for (unsigned s = 9; s < 100; s += 8) {
        (void)overflow(t, s * SEC_NS);
        enum halfopen_result want = s < 16 ? HALF_OK : HALF_NONE;
        cr_assert_eq(halfopen_ack(t, &h.key, h.irs + 1, h.iss + 1, 100, &out, s * SEC_NS), want, "after %u s",
                     s);
    }
    halfopen_destroy(t);
}

Test(halfopen, S11_a_forged_cookie_is_not_believed)
{
    struct halfopen *t = halfopen_create(64, &key);
    struct handshake h = overflow(t, SEC_NS), out;
    unsigned believed = 0;
    for (uint32_t i = 1; i < 20000; i++)
        believed += halfopen_ack(t, &h.key, h.irs + 1, h.iss + 1 + i * 7919, 100, &out, SEC_NS) != HALF_NONE;
    cr_assert_leq(believed, 1, "%u of 20000 guesses believed", believed);
    cr_assert_eq(halfopen_ack(t, &h.key, h.irs + 2, h.iss + 1, 100, &out, SEC_NS), HALF_NONE,
                 "other sequence number");
    halfopen_destroy(t);
}

Test(halfopen, S11_a_closed_cookie_connection_cannot_be_opened_again)
{
    struct halfopen *t = halfopen_create(64, &key);
    struct handshake h = overflow(t, SEC_NS), out;
    cr_assert_eq(halfopen_ack(t, &h.key, h.irs + 1, h.iss + 1, 100, &out, SEC_NS), HALF_OK);
    halfopen_tombstone(t, &h.key, SEC_NS);
    cr_assert_eq(halfopen_ack(t, &h.key, h.irs + 1, h.iss + 1, 100, &out, 2 * SEC_NS), HALF_TOMBSTONE);
    halfopen_destroy(t);
}

/* More of them than there is room for: none is believed again, and others still are. */
Test(halfopen, S11_tombstones_that_do_not_fit_open_nothing)
{
    enum { MANY = 70000, OTHERS = 1000 };
    struct halfopen *t = halfopen_create(64, &key);
    struct handshake h = overflow(t, SEC_NS), out;
    static uint32_t iss[MANY + OTHERS];
    unsigned again = 0, others = 0;
    h.key.local_port = 99;
    for (uint16_t i = 0; i < 5000; i++) { /* fills every bucket */
        h.key.remote_port = i;
        (void)halfopen_syn(t, &h, SEC_NS);
    }
    for (uint32_t i = 0; i < MANY + OTHERS; i++) {
        h.irs = i;
        h.key.remote_port = (uint16_t)i;
        h.key.local_port = (uint16_t)(i >> 16);
        cr_assert_not(halfopen_syn(t, &h, SEC_NS));
        iss[i] = h.iss;
    }
    for (uint32_t i = 0; i < MANY; i++) {
        h.key.remote_port = (uint16_t)i;
        h.key.local_port = (uint16_t)(i >> 16);
        halfopen_tombstone(t, &h.key, SEC_NS);
    }
    for (uint32_t i = 0; i < MANY + OTHERS; i++) {
        h.key.remote_port = (uint16_t)i;
        h.key.local_port = (uint16_t)(i >> 16);
        unsigned good = halfopen_ack(t, &h.key, i + 1, iss[i] + 1, 100, &out, 2 * SEC_NS) == HALF_OK;
        *(i < MANY ? &again : &others) += good;
    }
    cr_assert_eq(again, 0, "%u of those closed can be opened again", again);
    cr_assert_gt(others, 0, "a set that lost one is no reason not to believe anybody");
    halfopen_destroy(t);
}

Test(halfopen, S11_old_entries_make_room_before_cookies_are_needed)
{
    struct halfopen *t = halfopen_create(8, &key);
    for (uint16_t port = 1; port <= 8; port++) {
        struct handshake h = syn_of(port);
        halfopen_syn(t, &h, 0);
    }
    struct handshake h = syn_of(100);
    cr_assert(halfopen_syn(t, &h, 60 * SEC_NS));
    halfopen_destroy(t);
}
