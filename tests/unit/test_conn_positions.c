/* Positions that a conn keeps as sequence numbers (agent/splice/conn.h): read back as they were, however far
 * the streams have moved, and dragged along where nothing moves them. */
#include <criterion/criterion.h>

#include "agent/splice/conn.h"

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

Test(conn_positions, read_as_they_were_on_both_sides_of_a_wrap)
{
    struct conn c = {.in_acked = pos_start(0xfffffff0u), .out_una = pos_start(0xfffffff0u)};
    for (uint32_t ahead = 0; ahead < 0x7fffffffu; ahead = ahead * 3 + 1) {
        c.in_edge_seq = pos_seq(c.in_acked + ahead);
        c.out_max_seq = pos_seq(c.out_una + ahead);
        cr_assert_eq(conn_in_edge(&c), c.in_acked + ahead);
        cr_assert_eq(conn_out_max(&c), c.out_una + ahead);
    }
}

Test(conn_positions, a_fin_that_was_not_seen_is_nowhere)
{
    struct conn c = {.in_acked = pos_start(7), .in_fin_seq = 8};
    cr_assert_eq(conn_in_fin(&c), 0);
    c.fin_seen = true;
    cr_assert_eq(conn_in_fin(&c), pos_start(8));
}

Test(conn_positions, what_nothing_moves_never_gets_ahead)
{
    uint64_t seed = 4;
    pos_t begun = pos_start(0x80000000u);
    struct conn c = {.in_acked = begun, .wl1_seq = pos_seq(begun), .in_max_seq = pos_seq(begun)};
    for (unsigned i = 0; i < 100000; i++) {
        /* The largest window is below 2^30. */
        conn_set_acked(&c, c.in_acked + next(&seed) % ((pos_t)1 << (i % 31)));
        cr_assert_leq(conn_wl1(&c), c.in_acked, "after %u steps", i);
        cr_assert_leq(conn_in_max(&c), c.in_acked, "after %u steps", i);
        cr_assert_geq(conn_wl1(&c) + ((pos_t)1 << 31), c.in_acked, "after %u steps", i);
    }
    cr_assert_gt(c.in_acked - begun, (pos_t)1 << 36);
}

Test(conn_positions, what_lags_little_is_left_alone)
{
    pos_t begun = pos_start(100);
    struct conn c = {.in_acked = begun, .wl1_seq = pos_seq(begun)};
    conn_set_acked(&c, begun + ((pos_t)1 << POS_DRAG_BITS));
    cr_assert_eq(conn_wl1(&c), begun);
}

/* Where a message began stays behind what was acked of it, and a new one begins where the stream ends. */
Test(conn_positions, where_a_large_message_began)
{
    uint64_t seed = 5;
    pos_t begun = pos_start(0xfffffff0u);
    /* Conns are neighbours: one alone on the stack would be out of bounds where a peer is looked for. */
    struct conn pair[2] = {{.out_una = begun, .out_end = begun + ((pos_t)1 << 40)}}, *c = pair;
    c->out_msg_seq = pos_seq(begun);
    for (unsigned i = 0; c->out_una < c->out_end - ((pos_t)1 << 31); i++) {
        conn_set_una(c, c->out_una + next(&seed) % ((pos_t)1 << (i % 31)));
        pos_t least = c->out_una - ((pos_t)1 << 30) - ((pos_t)1 << POS_DRAG_BITS);
        cr_assert_leq(conn_out_msg(c), c->out_una, "after %u steps", i);
        cr_assert_geq(conn_out_msg(c), pos_max(begun, least), "after %u steps", i);
        if (c->out_una - begun < (pos_t)1 << 30)
            cr_assert_eq(conn_out_msg(c), begun, "after %u steps", i);
    }
    conn_set_una(c, c->out_end - 100);
    conn_begin_msg(c);
    cr_assert_eq(conn_out_msg(c), c->out_end);
}

/* Fields that lie over each other. */
Test(conn_positions, a_sample_of_the_round_trip_ends_with_the_peers_fin)
{
    struct conn c = {.in_acked = pos_start(7), .rtt_on = true, .rtt_seq = 99};
    conn_set_fin(&c, pos_start(8));
    cr_assert_not(c.rtt_on);
    cr_assert_eq(conn_in_fin(&c), pos_start(8));
}

Test(conn_positions, what_is_in_a_list_has_no_user)
{
    int user;
    struct conn c = {0};
    conn_set_user(&c, &user);
    cr_assert_eq(conn_user(&c), (void *)&user);
    c.pub.listed = 1;
    c.next = c.prev = 3;
    cr_assert_null(conn_user(&c));
    conn_set_user(&c, NULL);
    cr_assert(c.next == 3 && c.prev == 3);
}

/* The copy extent that lies in the conn: it reads as it was made, wherever both streams are, and of a large
 * one as what is left of it. */
Test(conn_positions, an_extent_in_the_conn)
{
    uint64_t seed = 6;
    struct conn two[2] = {{.out_una = pos_start(0xffffff00u), .out_end = pos_start(0xffffff00u)},
                          {.in_acked = pos_start(0x7fffff00u)}};
    struct conn *a = &two[0], *b = &two[1];
    pos_t out = a->out_end, in = b->in_acked + 1000; /* a head before it is not acked yet */
    a->pub.peer = 1;
    a->out_msg_seq = pos_seq(out - 100);
    conn_set_own(a, out, in);
    a->out_end += (pos_t)1 << 40;
    for (unsigned i = 0; a->out_una < a->out_end - ((pos_t)1 << 31); i++) {
        struct extent own, *x = ext_first(a, &own);
        cr_assert_eq(x->in - x->out, in - out, "after %u steps", i);
        cr_assert_eq(x->out + x->n, a->out_end, "after %u steps", i);
        cr_assert_leq(x->out, a->out_una, "after %u steps", i);
        cr_assert(x->out == out ||
                  x->out + ((pos_t)1 << POS_DRAG_BITS) >= a->out_una - ((pos_t)1 << POS_DRAG_BITS));
        cr_assert_null(ext_next(x));
        conn_set_una(a, a->out_una + next(&seed) % ((pos_t)1 << (i % 31)));
        if (i % 3 == 0)
            conn_set_acked(b, in + (a->out_una - out));
        cr_assert_lt(conn_out_msg(a), conn_own(a).out, "it seems to begin the message");
    }
    cr_assert_eq(conn_own(a).in - conn_own(a).out, in - out);
}
