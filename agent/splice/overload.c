/* When memory runs short. Bounds are fixed at start, so something has to give before they are reached, and
 * it is the newest work that gives first:
 *
 * - 4/5 of the conn table, the kept bytes or the extents are used: new clients are refused, their SYNs
 * dropped;
 * - 7/8: clients without a request are reset, those that have waited longest first;
 * - 19/20: new requests are answered 503, and closed.
 *
 * What is left is for exchanges in flight. A mapping of theirs that still finds no room does not end them:
 * its bytes stay in the hold, or with their sender, and are judged again a little later (splice_wait_room).
 * TIME_WAIT entries and idle endpoint conns do not count as used: conn_new() takes them when it needs them.
 * Exchanges are as many as conns, so they run out with the table. The worker's thread. */
#include "agent/splice/internal.h"

#define RELIEVE_MOST 32u /* conns looked at in one burst */
#define ROOM_WAIT_NS (20 * MS_NS)
#define ROOM_MOST    256u /* conns that are tried again at a time */

void load_init(struct splice *s)
{
    uint64_t bound[LOAD_BOUNDS] = {ct_capacity(s->table), kbuf_total(s->pool), s->x_cap};
    for (unsigned i = 0; i < LOAD_BOUNDS; i++) {
        s->load_mark[LOAD_NO_NEW][i] = bound[i] - bound[i] / 5;
        s->load_mark[LOAD_SHED_IDLE][i] = bound[i] - bound[i] / 8;
        s->load_mark[LOAD_REFUSE][i] = bound[i] - bound[i] / 20;
    }
    s->wait = LIST_EMPTY;
    s->room_last = &s->room_first;
}

enum splice_load splice_load(const struct splice *s)
{
    uint64_t spare = s->tw_count + s->cnt->endpoints_idle, conns = ct_count(s->table);
    uint64_t used[LOAD_BOUNDS] = {conns > spare ? conns - spare : 0, kbuf_used(s->pool), s->x_live};
    unsigned load = LOAD_FINE;
    for (unsigned i = 0; i < LOAD_BOUNDS; i++)
        while (load < LOAD_REFUSE && used[i] >= s->load_mark[load + 1][i])
            load++;
    return (enum splice_load)load;
}

/* ---- clients without a request ---- */

void splice_busy(struct splice *s, struct conn *c)
{
    if (!c->waits)
        return;
    list_remove(s, &s->wait, c);
    c->waits = false;
}

void splice_waiting(struct splice *s, struct conn *c)
{
    assert(!conn_is_dead(c) && c->pub.state != TCP_TIME_WAIT);
    splice_busy(s, c);
    assert(!conn_user(c));
    c->waits = true;
    list_append(s, &s->wait, c);
}

void splice_relieve(struct splice *s)
{
    struct conn *c;
    for (unsigned n = 0;
         n < RELIEVE_MOST && (c = list_first(s, &s->wait)) && splice_load(s) >= LOAD_SHED_IDLE; n++) {
        if (c->fin_queued) {
            splice_busy(s, c); /* its linger time is short enough */
        } else if (c->out_una < c->out_end) {
            splice_waiting(s, c); /* its last response is still under way */
        } else {
            splice_reset(s, c, R_CLOSE_SHED);
            splice_reap(s);
        }
    }
}

/* ---- waiting for room ---- */

bool splice_room(const struct splice *s, const struct conn *dst, unsigned n)
{
    return dst->x_count + n <= splice_extent_limit(s) && s->x_cap - s->x_live >= n + dst->x_own;
}

size_t splice_extents(const struct splice *s)
{
    return s->x_live;
}

unsigned splice_extent_limit(const struct splice *s)
{
    return s->x_live < s->x_cap / 2 ? SPLICE_MAX_EXTENTS : EXTENTS_SHORT;
}

void room_forget(struct splice *s, struct conn *c)
{
    if (!(c->has & USE_ROOM))
        return;
    const struct extra *x = extra_of(c, USE_ROOM);
    *x->room_pprev = x->room_next;
    if (x->room_next)
        extra_of(x->room_next, USE_ROOM)->room_pprev = x->room_pprev;
    else
        s->room_last = x->room_pprev;
    extra_close(s, c, USE_ROOM);
    s->room_count--;
}

void splice_wait_room(struct splice *s, struct conn *c)
{
    if ((c->has & USE_ROOM) || conn_is_dead(c))
        return;
    if (!s->room_first)
        s->room_ns = s->now + ROOM_WAIT_NS;
    stat_add(&s->cnt->room_waits, 1);
    struct extra *x = extra_open(s, c, USE_ROOM);
    x->room_next = NULL;
    x->room_pprev = s->room_last;
    *s->room_last = c;
    s->room_last = &x->room_next;
    s->room_count++;
}

/* In the order in which they came; who finds none again, waits behind the others. */
void room_tick(struct splice *s)
{
    if (!s->room_first || s->now < s->room_ns)
        return;
    uint32_t n = s->room_count < ROOM_MOST ? s->room_count : ROOM_MOST;
    s->room_ns = s->now + ROOM_WAIT_NS;
    while (n-- > 0 && s->room_first) {
        struct conn *c = s->room_first;
        room_forget(s, c);
        splice_wake(s, c);
    }
}

uint64_t room_next_ns(const struct splice *s)
{
    return s->room_first ? s->room_ns : UINT64_MAX;
}
