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

#include <string.h>

#include "agent/base/mutant.h"

#define TW_TOP (TW_LEVELS - 1)

static inline unsigned digit(uint64_t tick, unsigned level)
{
    return (unsigned)(tick >> (TW_BITS * level)) & (TW_SLOTS - 1);
}

/* The first tick at which it is not early. */
static inline uint64_t deadline_tick(uint64_t deadline_ns)
{
    return deadline_ns / MS_NS + (deadline_ns % MS_NS != 0);
}

static inline void link_at(struct tw_node **head, struct tw_node *n)
{
    n->next = *head;
    n->pprev = head;
    if (n->next)
        n->next->pprev = &n->next;
    *head = n;
}

/* Places n, whose tick is above now_tick. A tick farther away than the top level reaches waits in its
 * farthest slot and is placed again from there. */
static void place(struct timer_wheel *w, struct tw_node *n, uint64_t tick)
{
    uint64_t reach = w->now_tick + ((uint64_t)(TW_SLOTS - 1) << (TW_BITS * TW_TOP));
    if (tick > reach)
        tick = reach;
    unsigned level = (63u - (unsigned)__builtin_clzll(tick ^ w->now_tick)) / TW_BITS;
    if (level > TW_TOP)
        level = TW_TOP;
    unsigned i = digit(tick, level);
    link_at(&w->slot[level][i], n);
    w->used[level][i / 64] |= 1ull << (i % 64);
}

/* Unlinks n. When that emptied a slot (and not the list of due timers) its bit goes too: the link that
 * pointed to n tells which. */
static void unlink_node(struct timer_wheel *w, struct tw_node *n)
{
    struct tw_node **head = n->pprev;
    *head = n->next;
    if (n->next)
        n->next->pprev = head;
    n->next = NULL;
    n->pprev = NULL;
    uintptr_t off = (uintptr_t)head - (uintptr_t)&w->slot[0][0];
    if (*head == NULL && off < sizeof w->slot) {
        size_t i = off / sizeof w->slot[0][0];
        w->used[i / TW_SLOTS][i % TW_SLOTS / 64] &= ~(1ull << (i % 64));
    }
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
static bool next_slot(const struct timer_wheel *w, uint64_t *tick, struct tw_node *const **list)
{
    for (unsigned level = 0; level < TW_LEVELS; level++) {
        unsigned ahead = next_used(w->used[level], digit(w->now_tick, level));
        if (ahead) {
            *tick = ((w->now_tick >> (TW_BITS * level)) + ahead) << (TW_BITS * level);
            *list = &w->slot[level][digit(*tick, level)];
            return true;
        }
    }
    return false;
}

/* Moves time to `target` and every timer due by then onto *tail, in order of tick. They stay armed there and
 * can still be moved or removed. */
static void collect_due(struct timer_wheel *w, uint64_t target, struct tw_node **tail)
{
    uint64_t tick;
    struct tw_node *const *list;
    while (next_slot(w, &tick, &list) && tick <= target) {
        w->now_tick = tick;
        for (struct tw_node *n; (n = *list) != NULL;) {
            unlink_node(w, n);
            uint64_t due = deadline_tick(n->deadline_ns);
            if (due > tick) {
                if (!mutant(timer_lost))
                    place(w, n, due);
                continue;
            }
            link_at(tail, n);
            tail = &n->next;
        }
    }
    w->now_tick = target;
}

void tw_init(struct timer_wheel *w, uint64_t now_ns)
{
    memset(w, 0, sizeof *w);
    w->now_tick = now_ns / MS_NS;
}

void tw_add(struct timer_wheel *w, struct tw_node *n, uint64_t deadline_ns)
{
    tw_del(w, n);
    n->deadline_ns = deadline_ns;
    uint64_t tick = deadline_tick(deadline_ns);
    place(w, n, tick > w->now_tick ? tick : w->now_tick + 1);
    w->armed++;
}

void tw_del(struct timer_wheel *w, struct tw_node *n)
{
    if (!tw_armed(n))
        return;
    unlink_node(w, n);
    w->armed--;
}

void tw_advance(struct timer_wheel *w, uint64_t now_ns,
                void (*fire)(void *arg, struct tw_node *n, uint64_t now_ns), void *arg)
{
    uint64_t target = now_ns / MS_NS;
    struct tw_node *due = NULL;
    if (target <= w->now_tick)
        return;
    /* All are collected before the first fires: what callbacks add, even for a time long past, is due after
     * `target`, so that a timer that always arms itself again cannot keep us here. */
    collect_due(w, target, &due);
    while (due) {
        struct tw_node *n = due;
        tw_del(w, n);
        fire(arg, n, now_ns);
    }
}

uint64_t tw_next_ns(const struct timer_wheel *w)
{
    uint64_t tick;
    struct tw_node *const *list;
    return next_slot(w, &tick, &list) ? tick * MS_NS : UINT64_MAX;
}
