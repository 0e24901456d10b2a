/* shared: what workers have together is found by name, and lives as long as somebody needs it. */
#include <criterion/criterion.h>

#include "agent/exchange/shared.h"

Test(shared, the_same_name_is_the_same_thing)
{
    struct shared *s = shared_create();
    struct lb_rate *a = shared_rate_get(s, "listener web 0 0", 64);
    struct breaker *b = shared_breaker_get(s, "cluster web");
    cr_expect_eq(shared_rate_get(s, "listener web 0 0", 64), a);
    cr_expect_neq(shared_rate_get(s, "listener web 0 1", 64), a);
    cr_expect_neq(shared_rate_get(s, "listener web 0 0", 128), a, "another size is another table");
    cr_expect_eq(shared_breaker_get(s, "cluster web"), b);
    shared_destroy(s);
}

Test(shared, what_nobody_holds_is_freed)
{
    struct shared *s = shared_create();
    size_t empty = shared_memory(s);
    struct lb_rate *a = shared_rate_get(s, "a", 64);
    (void)shared_rate_get(s, "a", 64);
    shared_rate_put(s, "a", a);
    shared_sweep(s);
    cr_expect_gt(shared_memory(s), empty, "one holder is left");
    shared_rate_put(s, "a", a);
    shared_sweep(s);
    cr_expect_eq(shared_memory(s), empty);
    shared_rate_put(s, "a", NULL);
    shared_destroy(s);
}

/* Connections outlive the configuration that they were opened under: they are counted until they end, and
 * count for the next one of that name. */
Test(shared, a_breaker_lives_while_it_counts)
{
    struct shared *s = shared_create();
    size_t empty = shared_memory(s);
    struct breaker *b = shared_breaker_get(s, "endpoint");
    cr_assert(tally_take(&b->conns, 1));
    shared_breaker_put(s, "endpoint", b);
    shared_sweep(s);
    cr_expect_eq(shared_busy(s), 1);
    cr_expect_eq(shared_breaker_get(s, "endpoint"), b);
    cr_expect(!tally_take(&b->conns, 1), "it still counts");
    tally_give(&b->conns);
    shared_breaker_put(s, "endpoint", b);
    shared_sweep(s);
    cr_expect_eq(shared_memory(s), empty);
    shared_destroy(s);
}
