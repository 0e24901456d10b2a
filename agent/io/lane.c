/* Receive and transmit on one worker's thread: mbufs in and out of the driver, each carrying its struct frame
 * in the private area behind the mbuf header. Nothing here allocates but from the pool, locks or logs. */
#include "agent/io/lane.h"

#include <rte_ethdev.h>
#include <string.h>

static struct frame *frame_of(struct rte_mbuf *m)
{
    return rte_mbuf_to_priv(m);
}

static struct rte_mbuf *mbuf_of(struct frame *f)
{
    return (struct rte_mbuf *)(void *)f - 1;
}

void lane_init(struct io_lane *l, const struct port *ports, unsigned nports, struct rte_mempool *pool,
               unsigned worker, unsigned nworkers)
{
    memset(l, 0, sizeof *l);
    l->pool = pool;
    l->ntx = nports;
    for (unsigned i = 0; i < nports; i++) {
        const struct port *p = &ports[i];
        struct lane_tx *t = &l->tx[i];

        for (unsigned q = worker; q < p->queues && l->nrx < PORT_MAX_QUEUES; q += nworkers)
            l->rx[l->nrx++] = (struct lane_rx){p->id, (uint16_t)q, (uint16_t)i, p->fds[q]};
        t->port_id = p->id;
        t->owner = (uint16_t)(worker % p->queues);
        t->queue = t->owner;
    }
}

unsigned io_lane_queues(const struct io_lane *l)
{
    return l->nrx;
}

uint16_t io_lane_port(const struct io_lane *l, unsigned q)
{
    return l->rx[q].index;
}

/* What the device says of the frame. A sum that is said to be good although the field does not hold it (NONE:
 * frames that never left this machine) is right as far as wire_parse() is concerned. */
static uint16_t words(const struct rte_mbuf *m)
{
    uint16_t flags = 0;

    if (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_GOOD)
        flags = FRAME_L4_CSUM_OK;
    else if (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_BAD)
        flags = FRAME_L4_CSUM_BAD;
    if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
        flags |= frame_vlan(m->vlan_tci & 0xfff);
    return flags;
}

static void describe(struct rte_mbuf *m, uint16_t port)
{
    struct frame *f = frame_of(m);

    f->data = rte_pktmbuf_mtod(m, uint8_t *);
    f->len = m->data_len;
    f->headroom = rte_pktmbuf_headroom(m);
    f->tailroom = rte_pktmbuf_tailroom(m);
    f->port = port;
    f->flags = words(m);
    f->owner = NULL;
}

unsigned io_rx(struct io_lane *l, unsigned q, struct frame *f[], unsigned n)
{
    const struct lane_rx *r = &l->rx[q];
    struct rte_mbuf *m[64];
    unsigned got = rte_eth_rx_burst(r->port_id, r->queue, m, (uint16_t)(n < 64 ? n : 64));

    for (unsigned i = 0; i < got; i++) {
        describe(m[i], r->index);
        f[i] = frame_of(m[i]);
    }
    return got;
}

struct frame *io_alloc(struct io_lane *l)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(l->pool);

    if (!m)
        return NULL;
    describe(m, 0);
    return frame_of(m);
}

void io_free(struct frame *f)
{
    rte_pktmbuf_free(mbuf_of(f));
}

struct frame *io_copy(struct io_lane *l, const struct frame *f)
{
    struct frame *c = io_alloc(l);

    if (!c)
        return NULL;
    if (f->len > c->tailroom) {
        io_free(c);
        return NULL;
    }
    memcpy(frame_put(c, f->len), f->data, f->len);
    c->port = f->port;
    c->flags = f->flags;
    return c;
}

unsigned io_tx_owner(const struct io_lane *l, uint16_t port)
{
    return l->tx[port].owner;
}

static void flush_port(struct lane_tx *t, struct counters *c)
{
    uint16_t sent = rte_eth_tx_burst(t->port_id, t->queue, t->buf, t->n);

    for (uint16_t i = sent; i < t->n; i++) {
        rte_pktmbuf_free(t->buf[i]);
        count(c, R_DROP_TX_FULL);
    }
    t->n = 0;
}

void io_tx(struct io_lane *l, struct frame *f, struct counters *c)
{
    struct lane_tx *t = &l->tx[f->port];
    struct rte_mbuf *m = mbuf_of(f);

    m->data_off = (uint16_t)(f->data - (uint8_t *)m->buf_addr);
    m->data_len = (uint16_t)f->len;
    m->pkt_len = f->len;
    m->ol_flags = 0;
    t->buf[t->n++] = m;
    if (t->n == LANE_TX_BURST)
        flush_port(t, c);
}

void io_flush(struct io_lane *l, struct counters *c)
{
    for (unsigned i = 0; i < l->ntx; i++)
        if (l->tx[i].n > 0)
            flush_port(&l->tx[i], c);
}

unsigned io_wait_fds(const struct io_lane *l, int fds[], unsigned max, bool *all)
{
    unsigned n = 0;

    *all = true;
    for (unsigned i = 0; i < l->nrx; i++) {
        if (l->rx[i].fd < 0)
            *all = false;
        else if (n++ < max)
            fds[n - 1] = l->rx[i].fd;
    }
    if (n > max)
        *all = false;
    return n < max ? n : max;
}
