/* The timer wheel; see timer.h for its promises. Runs on the worker's thread that owns it; nodes belong to
 * whoever armed them and must outlive their time in the wheel.
 *
 * Placement. A tick is a 64-bit number read as digits of TW_BITS bits. A timer sits at the level of the
 * highest digit in which its tick differs from now_tick, in the slot of its own digit there:
 *
 *     now_tick   .. 03 5c 10 | 7e        level 0: same .. 03 5c 10, last digit above 7e
 *     a timer    .. 03 5c 22 | 01   ->   level 1, slot 22; moves down when now_tick reaches .. 03 5c 22 00
 *
 * So every timer of a level comes before every timer of the level above, the next slot of the lowest occupied
 * level is the next event, and time may jump to it over any number of empty slots. Only the top level wraps.
 */
#include "agent/base/timer.h"

#include <assert.h>
#include <string.h>

#include "agent/base/mutant.h"

#define TW_TOP (TW_LEVELS - 1)
#define DUE    (TW_LEVELS * TW_SLOTS) /* the list of those that are due now */
#define FIRST  TW_NODES               /* in tw_node.prev: it is the first of the list whose number follows */

/* So that no tick of a node is farther from now_tick than its 32 bits tell, nor than the top level reaches.
 */
_Static_assert(TW_FAR < UINT64_C(1) << 31 && TW_FAR < (uint64_t)(TW_SLOTS - 1) << (TW_BITS * TW_TOP),
               "TW_FAR");

static inline unsigned digit(uint64_t tick, unsigned level)
{
    return (unsigned)(tick >> (TW_BITS * level)) & (TW_SLOTS - 1);
}

/* The first tick at which it is not early. */
static inline uint64_t deadline_tick(uint64_t deadline_ns)
{
    return deadline_ns / MS_NS + (deadline_ns % MS_NS != 0);
}

static inline struct tw_node *node_at(const struct timer_wheel *w, uint32_t i)
{
    return (struct tw_node *)(void *)(w->nodes + i * w->stride);
}

/* What stands in tw_node.prev of the first of a list. */
static inline uint32_t first_of(unsigned list)
{
    return FIRST | list;
}

/* Puts node i between two others: what `prev` says (as in tw_node), and what follows that. */
static void link_after(struct timer_wheel *w, uint32_t prev, uint32_t i)
{
    uint32_t *next = prev & FIRST ? &w->list[prev & ~FIRST] : &node_at(w, prev - 1)->next;
    struct tw_node *n = node_at(w, i);
    n->next = *next;
    n->prev = prev;
    if (n->next)
        node_at(w, n->next - 1)->prev = i + 1;
    *next = i + 1;
}

/* The tick that node n is armed for: it lies near now_tick, where all 64 bits are known. */
static inline uint64_t tick_of(const struct timer_wheel *w, const struct tw_node *n)
{
    return w->now_tick + (uint64_t)(int64_t)(int32_t)(n->tick - (uint32_t)w->now_tick);
}

/* Places node i, whose tick is above now_tick. */
static void place(struct timer_wheel *w, uint32_t i, uint64_t tick)
{
    unsigned level = (63u - (unsigned)__builtin_clzll(tick ^ w->now_tick)) / TW_BITS;
    if (level > TW_TOP)
        level = TW_TOP;
    unsigned d = digit(tick, level);
    link_after(w, first_of(level * TW_SLOTS + d), i);
    w->used[level][d / 64] |= 1ull << (d % 64);
}

/* Unlinks node i. When that emptied a slot (and not the list of due timers) its bit goes too. */
static void unlink_node(struct timer_wheel *w, uint32_t i)
{
    struct tw_node *n = node_at(w, i);
    uint32_t prev = n->prev, list = prev & ~FIRST;
    if (n->next)
        node_at(w, n->next - 1)->prev = prev;
    if (!(prev & FIRST))
        node_at(w, prev - 1)->next = n->next;
    else if (!(w->list[list] = n->next) && list != DUE)
        w->used[list / TW_SLOTS][list % TW_SLOTS / 64] &= ~(1ull << (list % 64));
    n->next = n->prev = 0;
}

/* How many slots after `cur`, going round, the next occupied one is; 0: none. */
static unsigned next_used(const uint64_t bits[TW_SLOTS / 64], unsigned cur)
{
    const unsigned words = TW_SLOTS / 64;
    unsigned from = (cur + 1) % TW_SLOTS;
    uint64_t ahead = ~0ull << (from % 64);
    for (unsigned i = 0; i <= words; i++) {
        unsigned word = (from / 64 + i) % words;
        uint64_t b = bits[word] & (i == 0 ? ahead : i == words ? ~ahead : ~0ull);
        if (b)
            return (word * 64 + (unsigned)__builtin_ctzll(b) - cur) % TW_SLOTS;
    }
    return 0;
}

/* The next occupied slot: true, its first tick and its list. */
static bool next_slot(const struct timer_wheel *w, uint64_t *tick, unsigned *list)
{
    for (unsigned level = 0; level < TW_LEVELS; level++) {
        unsigned ahead = next_used(w->used[level], digit(w->now_tick, level));
        if (ahead) {
            *tick = ((w->now_tick >> (TW_BITS * level)) + ahead) << (TW_BITS * level);
            *list = level * TW_SLOTS + digit(*tick, level);
            return true;
        }
    }
    return false;
}

/* Moves time to `target` and every timer due by then into the list of due ones, in order of tick. They stay
 * armed there and can still be moved or removed. */
static void collect_due(struct timer_wheel *w, uint64_t target)
{
    uint64_t tick;
    unsigned list;
    uint32_t last = first_of(DUE);
    while (next_slot(w, &tick, &list) && tick <= target) {
        w->now_tick = tick;
        while (w->list[list]) {
            uint32_t i = w->list[list] - 1;
            uint64_t due = tick_of(w, node_at(w, i));
            unlink_node(w, i);
            if (due > tick) {
                if (!mutant(timer_lost))
                    place(w, i, due);
                continue;
            }
            link_after(w, last, i);
            last = i + 1;
        }
    }
    w->now_tick = target;
}

void tw_nodes(struct timer_wheel *w, struct tw_node *first, size_t stride)
{
    assert(w->armed == 0);
    w->nodes = (uint8_t *)first;
    w->stride = stride;
}

void tw_init(struct timer_wheel *w, uint64_t now_ns, struct tw_node *first, size_t stride)
{
    memset(w, 0, sizeof *w);
    w->now_tick = now_ns / MS_NS;
    tw_nodes(w, first, stride);
}

void tw_add(struct timer_wheel *w, uint32_t i, uint64_t deadline_ns)
{
    uint64_t tick = deadline_tick(deadline_ns);
    tw_del(w, i);
    tick = tick > w->now_tick ? tick : w->now_tick + 1;
    tick = tick < w->now_tick + TW_FAR ? tick : w->now_tick + TW_FAR;
    node_at(w, i)->tick = (uint32_t)tick;
    place(w, i, tick);
    w->armed++;
}

void tw_del(struct timer_wheel *w, uint32_t i)
{
    if (!tw_armed(node_at(w, i)))
        return;
    unlink_node(w, i);
    w->armed--;
}

void tw_advance(struct timer_wheel *w, uint64_t now_ns, void (*fire)(void *arg, uint32_t i, uint64_t now_ns),
                void *arg)
{
    uint64_t target = now_ns / MS_NS;
    if (target <= w->now_tick)
        return;
    /* All are collected before the first fires: what callbacks add, even for a time long past, is due after
     * `target`, so that a timer that always arms itself again cannot keep us here. */
    collect_due(w, target);
    while (w->list[DUE]) {
        uint32_t i = w->list[DUE] - 1;
        tw_del(w, i);
        fire(arg, i, now_ns);
    }
}

uint64_t tw_next_ns(const struct timer_wheel *w)
{
    uint64_t tick;
    unsigned list;
    return next_slot(w, &tick, &list) ? tick * MS_NS : UINT64_MAX;
}
