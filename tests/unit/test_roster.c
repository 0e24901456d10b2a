/* The roster: entries come and go by name and address, states are told by versions, ejections grow and are
 * forgotten.
 */
#include "agent/exchange/roster.h"

#include <criterion/criterion.h>

#define S UINT64_C(1000000000)

static struct ip_port at(uint8_t last, uint16_t port)
{
    return (struct ip_port){ip_from_v4((const uint8_t[]){10, 0, 0, last}), port};
}

Test(roster, entries_live_as_long_as_somebody_has_them)
{
    struct roster *r = roster_create(2);
    struct ip_port a = at(1, 80), b = at(1, 81);
    size_t empty = roster_memory(r);
    struct roster_entry *e = roster_get(r, "c", &a);
    cr_assert_eq(roster_get(r, "c", &a), e, "the same");
    cr_assert_neq(roster_get(r, "c", &b), e, "another port");
    cr_assert_neq(roster_get(r, "d", &a), e, "another cluster");
    cr_assert_gt(roster_memory(r), empty);
    roster_set_drained(r, e, true, S);
    roster_put(r, e);
    cr_assert_eq(roster_find(r, "c", &a), e, "somebody still has it");
    roster_put(r, e);
    cr_assert_null(roster_find(r, "c", &a));
    e = roster_get(r, "c", &a);
    cr_assert_eq(roster_word(&e->drained), 0, "made anew");
    roster_put(r, e);
    roster_put(r, roster_find(r, "c", &b));
    roster_put(r, roster_find(r, "d", &a));
    cr_assert_eq(roster_memory(r), empty);
    roster_destroy(r);
}

Test(roster, versions_tell_of_changes)
{
    struct roster *r = roster_create(1);
    struct ip_port a = at(1, 80);
    struct roster_entry *e = roster_get(r, "c", &a);
    uint64_t v = roster_version(r);
    struct roster_check c = {ROSTER_DOWN, FINDING_STATUS, 503};
    roster_set_check(r, e, c, 5 * S);
    cr_assert_neq(roster_version(r), v);
    struct roster_check got = roster_check_of(e);
    cr_assert(got.health == c.health && got.why == c.why && got.status == c.status);
    v = roster_version(r);
    c.status = 500;
    roster_set_check(r, e, c, 6 * S);
    cr_assert_eq(roster_version(r), v, "why it is down is of no interest to pickers");
    cr_assert_eq(roster_check_of(e).status, 500);
    cr_assert_eq(e->check_since_ns, 5 * S, "down since it went down");
    roster_set_drained(r, e, false, S);
    cr_assert_eq(roster_version(r), v, "nothing has changed");
    roster_set_drained(r, e, true, S);
    cr_assert_neq(roster_version(r), v);
    roster_put(r, e);
    roster_destroy(r);
}

Test(roster, ejections_grow_and_are_forgotten)
{
    static const struct {
        uint64_t now_s, until_s;
        unsigned times;
    } rows[] = {
        {100, 130, 1},       {120, 130, 1}, /* it is ejected already */
        {131, 191, 2},       {200, 290, 3}, /* 9 s well */
        {300, 400, 4},                      /* at most 100 s */
        {431, 531, 4},                      /* 31 s well: one is taken off, one comes on */
        {631, 691, 2},                      /* 100 s: three */
        {100000, 100030, 1},
    };
    struct roster *r = roster_create(1);
    struct ip_port a = at(1, 80);
    struct roster_entry *e = roster_get(r, "c", &a);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool before = roster_ejected_until(e) > rows[i].now_s * S;
        cr_assert_eq(roster_eject(r, e, FINDING_ERRORS, 30 * S, 100 * S, rows[i].now_s * S), !before,
                     "row %zu", i);
        cr_assert_eq(roster_ejected_until(e), rows[i].until_s * S, "row %zu: %f", i,
                     (double)roster_ejected_until(e) / 1e9);
        cr_assert_eq(roster_ejections(e), rows[i].times, "row %zu", i);
    }
    roster_put(r, e);
    roster_destroy(r);
}

Test(roster, one_ejects_at_a_time)
{
    struct roster *r = roster_create(2);
    cr_assert(roster_begin_ejecting(r));
    cr_assert_not(roster_begin_ejecting(r));
    roster_end_ejecting(r);
    cr_assert(roster_begin_ejecting(r));
    roster_end_ejecting(r);
    roster_destroy(r);
}
