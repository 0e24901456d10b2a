/* Weighs each possible patience against the idle periods of the latest lessons; see patience.h. */
#include "agent/worker/patience.h"

#include <string.h>

void patience_init(struct patience *p)
{
    memset(p, 0, sizeof *p);
    p->ns = PATIENCE_FIRST_NS;
}

/* The best one, in steps. With a patience of s steps the periods that ended within them cost their length
 * (rounded up), each other the patience and the price of sleep. */
static uint32_t best(const struct patience *p)
{
    const uint64_t price = PATIENCE_PRICE_NS / PATIENCE_STEP_NS;
    uint64_t longer = 0, looked = 0, least;
    uint32_t steps = 0;

    for (uint32_t s = 0; s <= PATIENCE_STEPS; s++)
        longer += p->ended[s];
    least = longer * price;
    for (uint32_t s = 1; s <= PATIENCE_STEPS; s++) {
        uint64_t cost;

        longer -= p->ended[s - 1];
        looked += (uint64_t)p->ended[s - 1] * s;
        cost = looked + longer * (s + price);
        if (cost < least) {
            least = cost;
            steps = s;
        }
    }
    return steps;
}

/* Older lessons count half as much with each new one. */
static void learn(struct patience *p)
{
    p->ns = best(p) * PATIENCE_STEP_NS;
    for (uint32_t s = 0; s <= PATIENCE_STEPS; s++)
        p->ended[s] /= 2;
    p->seen = 0;
}

void patience_note(struct patience *p, uint64_t idle_ns, bool slept)
{
    /* What counts is when the cause came, not when it was seen. */
    if (slept)
        idle_ns -= idle_ns < PATIENCE_LATE_NS ? idle_ns : PATIENCE_LATE_NS;
    p->ended[idle_ns < PATIENCE_MAX_NS ? idle_ns / PATIENCE_STEP_NS : PATIENCE_STEPS]++;
    if (++p->seen == PATIENCE_LESSON)
        learn(p);
}
