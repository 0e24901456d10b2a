/* The same count taken by several callers whose steps are interleaved at random, one access of a place at a
 * time: what threads do once in a million rounds happens here in every hundredth. The code under test is
 * included, its atomic operations each preceded by a switch to another caller; a failing seed replays. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

#include "tests/unit/rnd.h"

static void step(void);

#define __atomic_load_n(p, order)       (step(), *(p))
#define __atomic_sub_fetch(p, n, order) (step(), *(p) -= (n))
#define __atomic_compare_exchange_n(p, old, wanted, weak, good, bad)                                         \
    (step(), *(p) == *(old) ? *(p) = (wanted), true : false)
#include "lb-policy/in_use.c"
#undef __atomic_load_n
#undef __atomic_sub_fetch
#undef __atomic_compare_exchange_n

#define CALLERS 3u
#define ROUNDS  6u
#define SEEDS   400u
#define KEYS    2u
#define STACK   32768u

static ucontext_t scheduler, caller[CALLERS];
static char stack[CALLERS][STACK] __attribute__((aligned(16)));
static bool over[CALLERS];
static unsigned current;
static bool running;
static struct lb_in_use *table;
static uint32_t held[KEYS];
static bool exceeded;
static uint64_t chance;

static void step(void)
{
    if (running)
        swapcontext(&caller[current], &scheduler);
}

/* Key 0 may be held once, and key 1, of the same set, thrice: its places come and go before the other's. */
static void work(void)
{
    unsigned me = current;
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned k = (i + me) % KEYS;
        uint32_t place = lb_in_use_take(table, me, (uint64_t)(k + 1) << 32, k ? 3 : 1);
        if (place >= LB_IN_USE_UNCOUNTED)
            continue;
        exceeded = exceeded || ++held[k] > (k ? 3u : 1u);
        step();
        held[k]--;
        lb_in_use_give(table, place);
    }
    over[me] = true;
}

static void play(uint64_t seed)
{
    chance = seed;
    table = lb_in_use_create(1);
    for (unsigned i = 0; i < CALLERS; i++) {
        over[i] = false;
        getcontext(&caller[i]);
        caller[i].uc_stack.ss_sp = stack[i];
        caller[i].uc_stack.ss_size = STACK;
        caller[i].uc_link = &scheduler;
        makecontext(&caller[i], work, 0);
    }
    running = true;
    for (unsigned left = CALLERS, steps = 0; left && steps < 100000; steps++) {
        unsigned k = (unsigned)rnd_below(&chance, CALLERS);
        if (over[k])
            continue;
        current = k;
        swapcontext(&scheduler, &caller[k]);
        left -= over[k];
    }
    running = false;
}

Test(lb_in_use_steps, never_more_than_may_be_and_nothing_is_left)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        play(seed);
        for (unsigned i = 0; i < CALLERS; i++)
            cr_assert(over[i], "seed %u: caller %u does not come to an end", (unsigned)seed, i);
        cr_assert_not(exceeded, "seed %u: more than may be", (unsigned)seed);
        cr_assert_eq(lb_in_use_busy(table), 0, "seed %u: something is left", (unsigned)seed);
        lb_in_use_destroy(table);
    }
}
