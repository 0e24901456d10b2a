/* Accepting clients (rule S11): SYN, SYN-ACK, and the ACK that makes a conn. Until that ACK there is no conn
 * and no timer: a lost SYN-ACK is asked for again by the client's own SYN, a lost ACK is made good by the
 * client's first data. */
#include "agent/splice/remote.h"

static int8_t offered_wscale(const struct handshake *h)
{
    return h->wscale >= 0 ? OUR_WSCALE : -1;
}

static void send_syn_ack(struct splice *s, const struct handshake *h, struct net_path *path, uint32_t w0)
{
    uint16_t mss = path_mss(s, path, &h->key.remote);
    struct tcp_seg g = {.src = h->key.local,
                        .dst = h->key.remote,
                        .sport = h->key.local_port,
                        .dport = h->key.remote_port,
                        .seq = h->iss,
                        .ack = h->irs + 1,
                        .wnd = (uint16_t)(w0 > UINT16_MAX ? UINT16_MAX : w0),
                        .flags = TCP_SYN | TCP_ACK,
                        .mss = mss < 1440 ? mss : 1440,
                        .wscale = offered_wscale(h),
                        .sack_ok = h->sack_ok};
    seg_bare(s, &g, path);
}

static bool is_trusted(const struct splice *s, const struct ip_addr *a)
{
    for (uint32_t i = 0; i < s->ntrusted; i++)
        if (ip_prefix_eq(&s->trusted[i].addr, a, s->trusted[i].bits))
            return true;
    return false;
}

static bool beyond_share(const struct splice *s, const struct ip_addr *a, const struct splice_listener *l)
{
    return (l->full || !clients_may_open(s->clients, a)) && !is_trusted(s, a);
}

void accept_syn(struct splice *s, struct frame *f, const struct pkt *p, uint32_t isn_floor, bool has_floor)
{
    struct splice_listener l;
    struct tcp_opts o;
    struct net_path path;
    if (!s->user->listens(s->ux, &p->key, &l)) {
        count(s->cnt, R_DROP_NO_LISTENER);
        seg_rst_reply(s, f, p);
    } else if (l.denied) {
        count(s->cnt, R_DROP_DENIED);
    } else if (s->draining) {
        count(s->cnt, R_DROP_DRAINING);
        seg_rst_reply(s, f, p);
    } else if (splice_load(s) >= LOAD_NO_NEW) {
        count(s->cnt, R_DROP_OVERLOAD); /* silently: it will ask again, and this may have passed */
    } else if (beyond_share(s, &p->key.remote, &l)) {
        count(s->cnt, R_DROP_CLIENT_SHARE);
        seg_rst_reply(s, f, p);
    } else if (!wire_tcp_opts(p->opts, &o)) {
        count(s->cnt, R_DROP_TCP_OPTIONS);
    } else if (!net_route_back(s->net, f, p, &path, s->now)) {
        count(s->cnt, R_DROP_NO_ROUTE);
    } else {
        struct handshake h = {.key = p->key,
                              .irs = p->seq,
                              .iss = isn_make(s, &p->key),
                              .mss = o.mss ? o.mss : 536,
                              .wscale = o.wscale,
                              .sack_ok = o.sack_ok};
        if (has_floor && (int32_t)(h.iss - isn_floor) < 0)
            h.iss = isn_floor;
        if (!halfopen_syn(s->half, &h, s->now))
            stat_add(&s->cnt->syn_cookies, 1);
        send_syn_ack(s, &h, &path, l.w0);
        count(s->cnt, R_CONSUMED);
    }
}

/* ack: the segment that completed the handshake. Its window counts before anybody is told of the client: who
 * connects to an endpoint at once chooses by it what that may send. */
static void client_open(struct splice *s, struct conn *c, const struct handshake *h, const struct pkt *ack)
{
    uint16_t most = mtu_limit(s, conn_remote(s, c), path_mss(s, conn_path(c), conn_remote(s, c)));
    c->mss = h->mss < most ? h->mss : most;
    if (c->mss < 64)
        c->mss = 64; /* nobody needs less; it would be an attack on our packet rate */
    c->by_cookie = h->by_cookie;
    c->sack_ok = h->sack_ok;
    c->snd_shift = h->wscale >= 0 ? (uint8_t)h->wscale & 15u : 0;
    c->rcv_shift = h->wscale >= 0 ? OUR_WSCALE : 0;
    c->in_mapped = c->in_acked = pos_start(h->irs + 1);
    c->in_max_seq = c->wl1_seq = h->irs + 1;
    c->in_edge_seq = c->in_edge_high_seq = h->irs + 1 + (c->w0 > UINT16_MAX ? UINT16_MAX : c->w0);
    c->out_una = c->out_end = pos_start(h->iss + 1);
    c->out_max_seq = c->out_edge_seq = c->out_msg_seq = h->iss + 1;
    take_window(c, c->in_acked, c->out_una, ack->wnd);
    conn_set_flight(c, UINT64_MAX);
    c->pub.state = TCP_OPEN;
    if (h->rtt_us)
        rtt_sample(c, (uint64_t)h->rtt_us * 1000);
}

/* The conn, in the table; NULL with *why. */
static struct conn *enter(struct splice *s, const struct flow_key *k, const struct splice_listener *l,
                          enum reason *why)
{
    if (splice_load(s) >= LOAD_SHED_IDLE)
        *why = R_DROP_OVERLOAD;
    else if (beyond_share(s, &k->remote, l))
        *why = R_DROP_CLIENT_SHARE;
    else if (!s->user->admits(s->ux, k, l->index))
        *why = R_DROP_CLIENT_RATE;
    else
        *why = R_DROP_TABLE_FULL;
    struct conn *c = *why == R_DROP_TABLE_FULL ? conn_new(s, k, SIDE_CLIENT) : NULL;
    if (c && !is_trusted(s, &k->remote))
        conn_as_client(c)->counted_as = clients_open(s->clients, &k->remote);
    return c;
}

struct conn *accept_ack(struct splice *s, struct frame *f, const struct pkt *p, enum reason *why)
{
    struct splice_listener l;
    struct handshake h;
    struct net_path path;
    if (!s->user->listens(s->ux, &p->key, &l))
        return NULL;
    if (l.denied) {
        *why = R_DROP_DENIED;
        return NULL;
    }
    enum halfopen_result r = halfopen_ack(s->half, &p->key, p->seq, p->ack, l.w0, &h, s->now);
    if (r == HALF_TOMBSTONE)
        *why = R_DROP_TOMBSTONE;
    if (r != HALF_OK || s->draining || !net_route_back(s->net, f, p, &path, s->now))
        return NULL;
    struct conn *c = enter(s, &p->key, &l, why);
    if (!c)
        return NULL;
    conn_as_client(c)->path = path;
    conn_set_w0(c, l.w0);
    conn_as_client(c)->listener = l.index;
    pace_begin(s, c, l.max_rate);
    client_open(s, c, &h, p);
    stat_add(&s->cnt->clients_accepted, 1);
    stat_add(&s->cnt->clients_open, 1);
    s->user->accepted(s->ux, c);
    return c;
}
