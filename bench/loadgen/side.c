/* What a side holds for all its conns: memory, the lists of those that owe something, timeouts; see tcp.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench/loadgen/internal.h"

#define NGAPS 4096u
#define NHELD 1024u

/* Large zeroed memory, in huge pages where the kernel likes to. */
static void *memory(size_t n)
{
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    madvise(p, n, MADV_HUGEPAGE);
    return p;
}

static void release(void *p, size_t n)
{
    if (p)
        munmap(p, n);
}

bool side_init(struct side *s, const struct role *role, struct wire *wire, uint32_t nconn, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->role = role;
    s->wire = wire;
    s->nconn = nconn;
    s->rng.s = seed;
    s->mss = 1460;
    s->rwnd = 1u << 20;
    s->ack_every = 2;
    s->verify = VERIFY_SAMPLE;
    s->check_sums = true;
    s->rto_ns = 200000000;
    s->conn = memory(nconn * sizeof *s->conn);
    s->blocked = memory(nconn * sizeof *s->blocked);
    s->ring.conn = memory(nconn * sizeof *s->ring.conn);
    s->ring.at = memory(nconn * sizeof *s->ring.at);
    s->ring.mask = nconn - 1;
    s->gaps = calloc(NGAPS, sizeof *s->gaps);
    s->held = calloc(NHELD, sizeof *s->held);
    if (!s->conn || !s->blocked || !s->ring.conn || !s->ring.at || !s->gaps || !s->held) {
        side_free(s);
        return false;
    }
    for (uint32_t i = 0; i < NGAPS; i++)
        s->gaps[i].next = (uint16_t)(i + 2 <= NGAPS ? i + 2 : 0);
    for (uint32_t i = 0; i < NHELD; i++)
        s->held[i].next = (uint16_t)(i + 2 <= NHELD ? i + 2 : 0);
    s->gaps_free = s->held_free = 1;
    return true;
}

void side_free(struct side *s)
{
    release(s->conn, s->nconn * sizeof *s->conn);
    release(s->blocked, s->nconn * sizeof *s->blocked);
    release(s->ring.conn, s->nconn * sizeof *s->ring.conn);
    release(s->ring.at, s->nconn * sizeof *s->ring.at);
    free(s->gaps);
    free(s->held);
    memset(s, 0, sizeof *s);
}

/* ---- timeouts: a ring in the order of time; whoever is in it is looked at a timeout later ---- */

static void watch_at(struct side *s, struct conn *c, uint64_t at)
{
    uint32_t i = s->ring.tail++ & s->ring.mask;

    s->ring.conn[i] = (uint32_t)(c - s->conn);
    s->ring.at[i] = at;
}

void conn_watch(struct side *s, struct conn *c)
{
    if (c->flags & CONN_WATCHED)
        return;
    c->flags |= CONN_WATCHED;
    watch_at(s, c, s->now + s->rto_ns);
}

/* Something is outstanding, or somebody waits. */
static bool to_be_watched(const struct conn *c)
{
    return c->state != CONN_FREE &&
           (c->state != CONN_OPEN || c->busy || !conn_all_acked(c) || c->flags & (CONN_FIN | CONN_PEER_FIN));
}

static void look_at(struct side *s, struct conn *c)
{
    if (!to_be_watched(c)) {
        c->flags &= (uint8_t)~CONN_WATCHED;
        return;
    }
    watch_at(s, c, s->now + s->rto_ns);
    s->role->late(s, c);
    if (c->state != CONN_FREE)
        conn_timeout(s, c);
}

static void run_timeouts(struct side *s)
{
    while (s->ring.head != s->ring.tail) {
        uint32_t i = s->ring.head & s->ring.mask;

        if (s->ring.at[i] > s->now)
            return;
        s->ring.head++;
        look_at(s, &s->conn[s->ring.conn[i]]);
    }
}

uint64_t side_next(const struct side *s)
{
    return s->ring.head == s->ring.tail ? UINT64_MAX : s->ring.at[s->ring.head & s->ring.mask];
}

/* ---- those that owe an acknowledgement, those that wait for room ---- */

void conn_owe_ack(struct side *s, struct conn *c)
{
    if (c->flags & CONN_ACK_DUE)
        return;
    if (s->ndue == TCP_DUE) {
        conn_ack(s, c);
        return;
    }
    c->flags |= CONN_ACK_DUE;
    s->due[s->ndue++] = (uint32_t)(c - s->conn);
}

void conn_block(struct side *s, struct conn *c)
{
    if (c->flags & CONN_BLOCKED)
        return;
    c->flags |= CONN_BLOCKED;
    s->blocked[(s->blocked_head + s->nblocked++) & (s->nconn - 1)] = (uint32_t)(c - s->conn);
}

static void run_blocked(struct side *s)
{
    for (uint32_t n = s->nblocked; n > 0; n--) {
        struct conn *c = &s->conn[s->blocked[s->blocked_head++ & (s->nconn - 1)]];

        s->nblocked--;
        c->flags &= (uint8_t)~CONN_BLOCKED;
        if (c->state == CONN_OPEN)
            conn_output(s, c);
        if (c->flags & CONN_BLOCKED)
            return;
    }
}

void side_round(struct side *s)
{
    if (s->nblocked)
        run_blocked(s);
    for (uint32_t i = 0; i < s->ndue; i++) {
        struct conn *c = &s->conn[s->due[i]];

        if ((c->flags & CONN_ACK_DUE) && c->state == CONN_OPEN && c->unacked)
            conn_ack(s, c);
        c->flags &= (uint8_t)~CONN_ACK_DUE;
    }
    s->ndue = 0;
    run_timeouts(s);
}

/* ---- memory for heads in pieces and for gaps ---- */

struct held *conn_hold(struct side *s, struct conn *c)
{
    if (!c->held && s->held_free) {
        c->held = s->held_free;
        s->held_free = s->held[c->held - 1].next;
        s->held[c->held - 1].n = 0;
    }
    return c->held ? &s->held[c->held - 1] : NULL;
}

void conn_release_held(struct side *s, struct conn *c)
{
    if (!c->held)
        return;
    s->held[c->held - 1].next = s->held_free;
    s->held_free = c->held;
    c->held = 0;
}

static struct gaps *gaps_of(struct side *s, struct conn *c)
{
    if (!c->gaps && s->gaps_free) {
        c->gaps = s->gaps_free;
        s->gaps_free = s->gaps[c->gaps - 1].next;
        s->gaps[c->gaps - 1].n = 0;
    }
    return c->gaps ? &s->gaps[c->gaps - 1] : NULL;
}

void conn_release_gaps(struct side *s, struct conn *c)
{
    if (!c->gaps)
        return;
    s->gaps[c->gaps - 1].next = s->gaps_free;
    s->gaps_free = c->gaps;
    c->gaps = 0;
}

bool conn_note_range(struct side *s, struct conn *c, uint32_t lo, uint32_t hi)
{
    struct gaps *g = gaps_of(s, c);
    uint32_t i = 0, j;

    if (!g)
        return false;
    while (i < g->n && seq_lt(g->r[i].hi, lo))
        i++;
    for (j = i; j < g->n && seq_le(g->r[j].lo, hi); j++) {
        lo = seq_lt(g->r[j].lo, lo) ? g->r[j].lo : lo;
        hi = seq_lt(hi, g->r[j].hi) ? g->r[j].hi : hi;
    }
    if (g->n - (j - i) == TCP_GAPS)
        return false;
    memmove(&g->r[i + 1], &g->r[j], (g->n - j) * sizeof g->r[0]);
    g->n = (uint16_t)(g->n - (j - i) + 1);
    g->r[i].lo = lo;
    g->r[i].hi = hi;
    return true;
}

uint32_t conn_take_range(struct side *s, struct conn *c)
{
    if (!c->gaps)
        return c->rcv_nxt;
    struct gaps *g = &s->gaps[c->gaps - 1];
    uint32_t hi = c->rcv_nxt;

    while (g->n > 0 && seq_le(g->r[0].lo, hi)) {
        hi = seq_lt(hi, g->r[0].hi) ? g->r[0].hi : hi;
        memmove(&g->r[0], &g->r[1], --g->n * sizeof g->r[0]);
    }
    if (g->n == 0)
        conn_release_gaps(s, c);
    return hi;
}
