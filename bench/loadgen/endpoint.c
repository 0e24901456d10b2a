/* The servers; see endpoint.h. The table is an open-addressed one with linear probing; deletion moves the
 * following entries back, so there are no tombstones. */
#include "bench/loadgen/endpoint.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "bench/loadgen/pattern.h"

static struct endpoint *endpoint_of(struct side *s)
{
    return s->owner;
}

/* ---- table ---- */

static uint64_t key_of(const struct endpoint *e, uint32_t rip, uint32_t lip, uint16_t rport)
{
    return (uint64_t)rip << 32 | (uint64_t)rport << 16 | ((ntohl(lip) - e->ip) & 0xffff);
}

static uint32_t place_of(const struct endpoint *e, uint64_t key)
{
    return (uint32_t)mix64(key) & e->mask;
}

static struct endpoint_slot *find(const struct endpoint *e, uint64_t key)
{
    uint32_t i = place_of(e, key);

    while (e->table[i].conn && e->table[i].key != key)
        i = (i + 1) & e->mask;
    return &e->table[i];
}

static void forget(struct endpoint *e, uint64_t key)
{
    uint32_t hole = (uint32_t)(find(e, key) - e->table), i = hole;

    for (;;) {
        i = (i + 1) & e->mask;
        if (!e->table[i].conn)
            break;
        uint32_t home = place_of(e, e->table[i].key);
        if (((i - home) & e->mask) >= ((i - hole) & e->mask)) {
            e->table[hole] = e->table[i];
            hole = i;
        }
    }
    e->table[hole] = (struct endpoint_slot){0};
}

static uint64_t key_of_segment(const struct endpoint *e, const struct segment *g)
{
    return key_of(e, g->sip, g->dip, (uint16_t)g->ports);
}

static uint64_t key_of_conn(const struct endpoint *e, const struct conn *c)
{
    return key_of(e, c->rip, c->lip, (uint16_t)(c->ports >> 16));
}

struct conn *endpoint_conn(const struct endpoint *e, const struct segment *g)
{
    const struct endpoint_slot *t = find(e, key_of_segment(e, g));

    return t->conn ? &e->side.conn[t->conn - 1] : NULL;
}

bool endpoint_owns(const struct endpoint *e, uint32_t ip_be)
{
    return ntohl(ip_be) - e->ip < e->addresses;
}

/* ---- exchanges ---- */

static void opened(struct side *s, struct conn *c)
{
    conn_expect(s, c);
}

/* The answer to the request before must have arrived whole: no proxy of ours pipelines. */
static int64_t take_head(struct side *s, struct conn *c, const uint8_t *p, uint32_t n, struct head *h, int rc)
{
    (void)p;
    (void)n;
    if (rc < 0 || !conn_all_acked(c)) {
        s->count.bad_request++;
        return -1;
    }
    c->id = h->id;
    c->start = pattern_start(h->id);
    c->want = h->want;
    c->close = h->close;
    return h->body;
}

static void take_message(struct side *s, struct conn *c)
{
    endpoint_of(s)->requests++;
    if (c->close)
        c->flags |= CONN_FIN;
    else
        conn_expect(s, c);
    conn_send(s, c, c->want);
}

static void take_fin(struct side *s, struct conn *c)
{
    c->flags &= (uint8_t)~CONN_EXPECTING;
    if (!(c->flags & CONN_FIN))
        conn_finish(s, c);
}

static void gone(struct side *s, struct conn *c, enum gone how)
{
    struct endpoint *e = endpoint_of(s);

    (void)how;
    forget(e, key_of_conn(e, c));
    e->free[e->nfree++] = (uint32_t)(c - s->conn);
    e->open--;
}

/* Half-open ones and those that have been closing for long; others may be idle as long as they like. */
static void late(struct side *s, struct conn *c)
{
    bool ending = c->state == CONN_SYN_RCVD || (c->flags & CONN_FIN);

    if (!ending || c->backoff < 5)
        return;
    conn_abort(s, c);
    gone(s, c, GONE_WRECKED);
}

static uint32_t put_head(const struct conn *c, uint8_t *to)
{
    return head_put_response(to, c->id, c->want, c->close);
}

static const struct role role = {
    .opened = opened,
    .head = take_head,
    .message = take_message,
    .fin = take_fin,
    .gone = gone,
    .late = late,
    .put_head = put_head,
    .parse = head_parse_request,
};

static void accept_one(struct endpoint *e, const struct segment *g)
{
    uint64_t key = key_of_segment(e, g);
    struct conn *c;

    if (e->nfree == 0) {
        e->side.count.no_room++;
        return;
    }
    uint32_t i = e->free[--e->nfree];
    c = &e->side.conn[i];
    c->lip = g->dip;
    c->rip = g->sip;
    c->ports = g->ports << 16 | g->ports >> 16;
    c->busy = c->close = false;
    *find(e, key) = (struct endpoint_slot){.key = key, .conn = i + 1};
    e->open++;
    conn_accept(&e->side, c, g);
}

void endpoint_input(struct endpoint *e, const struct segment *g)
{
    bool syn = (g->flags & (SEG_SYN | SEG_ACK | SEG_RST)) == SEG_SYN;
    struct conn *c = endpoint_conn(e, g);

    if ((uint16_t)(g->ports >> 16) != e->port) {
        e->side.count.stray++;
        return;
    }
    /* A new connection on the ports of one whose end got lost. */
    if (c && syn && g->seq + 1 != c->rcv_nxt) {
        conn_free(&e->side, c);
        gone(&e->side, c, GONE_CLOSED);
        c = NULL;
    }
    if (c) {
        conn_input(&e->side, c, g);
    } else if (syn) {
        accept_one(e, g);
    } else {
        e->side.count.stray++;
        if (!(g->flags & SEG_RST))
            side_refuse(&e->side, g);
    }
}

bool endpoint_init(struct endpoint *e, struct wire *wire, uint32_t ip, uint32_t addresses, uint16_t port,
                   uint32_t max_conns)
{
    memset(e, 0, sizeof *e);
    e->ip = ip;
    e->addresses = addresses;
    e->port = port;
    if (!side_init(&e->side, &role, wire, max_conns, 2))
        return false;
    e->side.owner = e;
    e->mask = 2 * max_conns - 1;
    e->table = calloc(2 * (size_t)max_conns, sizeof *e->table);
    e->free = calloc(max_conns, sizeof *e->free);
    if (!e->table || !e->free)
        return false;
    while (e->nfree < max_conns) {
        e->free[e->nfree] = max_conns - 1 - e->nfree;
        e->nfree++;
    }
    return true;
}

void endpoint_fini(struct endpoint *e)
{
    side_free(&e->side);
    free(e->table);
    free(e->free);
}
