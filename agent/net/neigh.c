/* The neighbour table: slots, their ranks, and the state machine of RFC 4861 section 7.3 for both families.
 * The worker's thread; lives inside struct net. See neigh.h for who may push out whom. */
#include "agent/net/neigh.h"

#include "agent/net/net_priv.h"

/* A use within this time of the last one is not noted again: it keeps stores off the packet path. */
#define USE_GRAIN_NS (NEIGH_SEC / 10)

void neigh_init(struct neigh_table *t, const struct sip_key *key)
{
    memset(t, 0, sizeof *t);
    t->key = *key;
    t->next_ns = UINT64_MAX;
    for (unsigned i = 0; i < NEIGH_BUCKETS; i++)
        t->bucket[i] = NEIGH_NONE;
    for (unsigned r = 0; r < RANK_MAX; r++)
        t->newest[r] = t->oldest[r] = NEIGH_NONE;
    for (unsigned i = 0; i < NET_MAX_NEIGH; i++) {
        t->slot[i].gen = 1;
        t->slot[i].hash_next = i + 1 < NET_MAX_NEIGH ? (uint16_t)(i + 1) : NEIGH_NONE;
    }
    t->free_list = 0;
}

uint16_t neigh_slot(const struct net *n, const struct neigh *e)
{
    return (uint16_t)(e - n->neigh.slot);
}

struct neigh *neigh_at(struct net *n, uint16_t slot, uint32_t gen)
{
    if (slot >= NET_MAX_NEIGH)
        return NULL;
    struct neigh *e = &n->neigh.slot[slot];
    return e->state != NEIGH_FREE && e->gen == gen ? e : NULL;
}

static uint16_t *bucket_of(struct neigh_table *t, uint16_t ifidx, const struct ip_addr *addr)
{
    uint8_t k[18];
    memcpy(k, addr->b, 16);
    put_be16(k + 16, ifidx);
    return &t->bucket[siphash(&t->key, k, sizeof k) % NEIGH_BUCKETS];
}

struct neigh *neigh_find(struct net *n, uint16_t ifidx, const struct ip_addr *addr)
{
    struct neigh_table *t = &n->neigh;
    for (uint16_t i = *bucket_of(t, ifidx, addr); i != NEIGH_NONE; i = t->slot[i].hash_next)
        if (t->slot[i].ifidx == ifidx && ip_eq(&t->slot[i].addr, addr))
            return &t->slot[i];
    return NULL;
}

/* ---- the lists of uses, one per rank ---- */

static void list_remove(struct neigh_table *t, struct neigh *e)
{
    *(e->newer == NEIGH_NONE ? &t->newest[e->rank] : &t->slot[e->newer].older) = e->older;
    *(e->older == NEIGH_NONE ? &t->oldest[e->rank] : &t->slot[e->older].newer) = e->newer;
    t->count[e->rank]--;
}

static void list_push(struct neigh_table *t, struct neigh *e, enum neigh_rank rank)
{
    uint16_t self = (uint16_t)(e - t->slot);
    e->rank = (uint8_t)rank;
    e->newer = NEIGH_NONE;
    e->older = t->newest[rank];
    *(e->older == NEIGH_NONE ? &t->oldest[rank] : &t->slot[e->older].newer) = self;
    t->newest[rank] = self;
    t->count[rank]++;
}

static void mark_used(struct neigh_table *t, struct neigh *e, uint64_t now_ns)
{
    if (now_ns - e->used_ns < USE_GRAIN_NS)
        return;
    e->used_ns = now_ns;
    list_remove(t, e);
    list_push(t, e, e->rank);
}

static void raise_rank(struct neigh_table *t, struct neigh *e, enum neigh_rank rank)
{
    if (e->rank >= rank)
        return;
    list_remove(t, e);
    list_push(t, e, rank);
}

/* ---- slots ---- */

static void give_up(struct neigh_table *t, struct neigh *e)
{
    uint16_t self = (uint16_t)(e - t->slot);
    uint16_t *link = bucket_of(t, e->ifidx, &e->addr);
    while (*link != self)
        link = &t->slot[*link].hash_next;
    *link = e->hash_next;
    list_remove(t, e);
    e->state = NEIGH_FREE;
    e->gen = e->gen == UINT32_MAX ? 1 : e->gen + 1;
    e->hash_next = t->free_list;
    t->free_list = self;
}

/* The table is full: whose slot goes to a newcomer of that rank? */
static struct neigh *victim(struct neigh_table *t, enum neigh_rank rank)
{
    bool spare_guests = rank == RANK_GUEST && t->count[RANK_GUEST] < NEIGH_GUEST_SHARE;
    for (unsigned r = spare_guests ? RANK_PROVEN : RANK_GUEST; r < RANK_MAX; r++)
        if (t->oldest[r] != NEIGH_NONE)
            return &t->slot[t->oldest[r]];
    return &t->slot[t->oldest[RANK_GUEST]]; /* not reached: more slots than the guests' share */
}

_Static_assert(NEIGH_GUEST_SHARE < NET_MAX_NEIGH, "victim() relies on it");

static struct neigh *new_slot(struct net *n, uint16_t ifidx, const struct ip_addr *addr, enum neigh_rank rank,
                              uint64_t now_ns)
{
    struct neigh_table *t = &n->neigh;
    if (t->free_list == NEIGH_NONE)
        give_up(t, victim(t, rank));
    struct neigh *e = &t->slot[t->free_list];
    uint16_t self = t->free_list;
    t->free_list = e->hash_next;

    uint32_t gen = e->gen;
    memset(e, 0, sizeof *e);
    e->gen = gen;
    e->addr = *addr;
    e->ifidx = ifidx;
    e->used_ns = now_ns;
    uint16_t *head = bucket_of(t, ifidx, addr);
    e->hash_next = *head;
    *head = self;
    list_push(t, e, rank);
    return e;
}

/* ---- the state machine ---- */

bool neigh_has_mac(const struct neigh *e)
{
    return e->state == NEIGH_REACHABLE || e->state == NEIGH_STALE || e->state == NEIGH_DELAY ||
           e->state == NEIGH_PROBE;
}

bool neigh_asked(const struct neigh *e)
{
    return e->state == NEIGH_INCOMPLETE || e->state == NEIGH_PROBE;
}

static void enter(struct net *n, struct neigh *e, enum neigh_state state, uint64_t deadline_ns)
{
    e->state = (uint8_t)state;
    e->tries = 0;
    e->deadline_ns = deadline_ns;
    if (deadline_ns < n->neigh.next_ns)
        n->neigh.next_ns = deadline_ns;
}

/* Sends the next request of INCOMPLETE or PROBE. */
static void ask(struct net *n, struct neigh *e, uint64_t now_ns)
{
    bool unicast = e->state == NEIGH_PROBE && e->tries < NEIGH_TRIES;
    uint8_t tries = (uint8_t)(e->tries + 1);
    enter(n, e, (enum neigh_state)e->state, now_ns + NEIGH_RETRANS_NS);
    e->tries = tries;
    net_solicit(n, e->ifidx, &e->addr, unicast ? e->mac : NULL);
}

static void start(struct net *n, struct neigh *e, enum neigh_state state, uint64_t now_ns)
{
    enter(n, e, state, now_ns + NEIGH_RETRANS_NS);
    ask(n, e, now_ns);
}

static void fail(struct net *n, struct neigh *e, uint64_t now_ns)
{
    uint64_t wait = NEIGH_RETRANS_NS << e->fails;
    if (wait >= NEIGH_BACKOFF_NS)
        wait = NEIGH_BACKOFF_NS;
    else
        e->fails++;
    e->retry_ns = now_ns + wait;
    enter(n, e, NEIGH_FAILED, e->used_ns + NEIGH_IDLE_NS);
}

static void retry_failed(struct net *n, struct neigh *e, uint64_t now_ns)
{
    if (e->state == NEIGH_FAILED && now_ns >= e->retry_ns)
        start(n, e, NEIGH_INCOMPLETE, now_ns);
}

struct neigh *neigh_need(struct net *n, uint16_t ifidx, const struct ip_addr *addr, enum neigh_rank rank,
                         uint64_t now_ns)
{
    struct neigh *e = neigh_find(n, ifidx, addr);
    if (e == NULL) {
        e = new_slot(n, ifidx, addr, rank, now_ns);
        start(n, e, NEIGH_INCOMPLETE, now_ns);
        return e;
    }
    raise_rank(&n->neigh, e, rank);
    mark_used(&n->neigh, e, now_ns);
    retry_failed(n, e, now_ns);
    return e;
}

bool neigh_use(struct net *n, struct neigh *e, uint64_t now_ns)
{
    mark_used(&n->neigh, e, now_ns);
    if (e->state == NEIGH_STALE)
        enter(n, e, NEIGH_DELAY, now_ns + NEIGH_DELAY_NS);
    retry_failed(n, e, now_ns);
    return neigh_has_mac(e);
}

void neigh_confirm(struct net *n, struct neigh *e, const uint8_t mac[6], uint64_t now_ns)
{
    memcpy(e->mac, mac, 6);
    e->fails = 0;
    raise_rank(&n->neigh, e, RANK_PROVEN);
    enter(n, e, NEIGH_REACHABLE, now_ns + NEIGH_REACHABLE_NS);
}

void neigh_hint(struct net *n, struct neigh *e, const uint8_t mac[6], uint64_t now_ns)
{
    if (neigh_has_mac(e) && mac_eq(e->mac, mac))
        return;
    memcpy(e->mac, mac, 6);
    e->fails = 0;
    enter(n, e, NEIGH_STALE, now_ns + NEIGH_IDLE_NS);
}

void neigh_doubt(struct net *n, struct neigh *e, uint64_t now_ns)
{
    if (e->state == NEIGH_REACHABLE)
        enter(n, e, NEIGH_STALE, now_ns + NEIGH_IDLE_NS);
}

void neigh_guest(struct net *n, uint16_t ifidx, const struct ip_addr *addr, const uint8_t mac[6],
                 uint64_t now_ns)
{
    struct neigh *e = new_slot(n, ifidx, addr, RANK_GUEST, now_ns);
    memcpy(e->mac, mac, 6);
    enter(n, e, NEIGH_STALE, now_ns + NEIGH_IDLE_NS);
}

void neigh_link_up(struct net *n, uint16_t ifidx, uint64_t now_ns)
{
    for (unsigned i = 0; i < NET_MAX_NEIGH; i++) {
        struct neigh *e = &n->neigh.slot[i];
        if (e->state == NEIGH_FREE || e->ifidx != ifidx)
            continue;
        e->fails = 0;
        if (neigh_has_mac(e)) {
            enter(n, e, NEIGH_STALE, now_ns + NEIGH_IDLE_NS);
        } else {
            fail(n, e, now_ns);
            e->fails = 0;
            e->retry_ns = now_ns;
        }
    }
}

/* e's deadline has passed. */
static void expire(struct net *n, struct neigh *e, uint64_t now_ns)
{
    switch (e->state) {
    case NEIGH_INCOMPLETE:
        if (e->tries < NEIGH_TRIES)
            ask(n, e, now_ns);
        else
            fail(n, e, now_ns);
        break;
    case NEIGH_REACHABLE:
        enter(n, e, NEIGH_STALE, now_ns + NEIGH_IDLE_NS);
        break;
    case NEIGH_DELAY:
        start(n, e, NEIGH_PROBE, now_ns);
        break;
    case NEIGH_PROBE:
        /* After the unicast requests as many by broadcast, still using the old MAC: one lost burst of probes
         * must not cut off a peer that is there (RFC 7048). */
        if (e->tries < 2 * NEIGH_TRIES)
            ask(n, e, now_ns);
        else
            fail(n, e, now_ns);
        break;
    default: /* STALE, FAILED: kept only while used */
        if (e->used_ns + NEIGH_IDLE_NS <= now_ns)
            give_up(&n->neigh, e);
        else
            enter(n, e, (enum neigh_state)e->state, e->used_ns + NEIGH_IDLE_NS);
        break;
    }
}

uint64_t neigh_tick(struct net *n, uint64_t now_ns)
{
    struct neigh_table *t = &n->neigh;
    if (now_ns < t->next_ns)
        return t->next_ns;
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < NET_MAX_NEIGH; i++) {
        struct neigh *e = &t->slot[i];
        /* Twice for one that failed and was not used for long: it is forgotten at once. */
        while (e->state != NEIGH_FREE && e->deadline_ns <= now_ns)
            expire(n, e, now_ns);
        if (e->state != NEIGH_FREE && e->deadline_ns < next)
            next = e->deadline_ns;
    }
    t->next_ns = next; /* what enter() made of it meanwhile may be over already */
    return t->next_ns;
}

const char *neigh_state_name(const struct neigh *e)
{
    static const char *const name[] = {
#define X(id, text) text,
        NEIGH_STATES(X)
#undef X
    };
    return name[e->state];
}
