/* Conns to endpoints: the handshake (rules S12, S14), and the pool of idle ones.
 *
 * A pooled conn may serve a client only when segments made for it fit that client: conns are kept apart by
 * profile, the MSS we advertised and whether SACK is permitted. The SYN is repeated fast (200 ms, doubled):
 * endpoints are near, and the user's connect timeout is short.
 *
 * What the endpoint's TCP learned about one client's path (congestion window, round-trip time) is wrong for
 * another's (rule S9). So
 *   - a client gets the conn back that it used last, where that is idle; else one whose last client was as
 * far away, or farther; else a new one;
 *   - a conn on which the endpoint has sent bytes again (`lossy`: its congestion window, and the threshold at
 *     which slow start ends, are small now) is kept for the very client that it served, and is closed when
 *     that client ends or takes another; such conns fill no more than half of a pool: any client can make an
 *     endpoint send again;
 *   - after a change of client the endpoint is shown a window that begins at ten segments and grows by what
 *     the new client acks, as its own slow start would;
 *   - toward a client that is not near, a new conn's SYN goes out twice: the endpoint answers each, and takes
 *     no round-trip time from a handshake whose SYN-ACK it sent twice (Karn; in Linux tcp_synack_rtt_meas()).
 *     It would be that to us; the first sample is the client's. The second SYN-ACK is not answered.
 *     What it costs: two frames, a SYN-ACK that the endpoint counts as retransmitted, and until the first ack
 *     of a response Linux waits a second before it probes for a lost tail, three before it times out.
 *
 * A reserved conn carries its client's name (a PROXY header) and may serve no other. It is in a list of its
 * own, with the lossy ones; a client has one at most, so that one look at its last conn finds what ends with
 * it. Where the pool is full it takes the place of the reserved one that has been idle longest. */
#include <stdlib.h>

#include "agent/base/mutant.h"
#include "agent/splice/remote.h"

static const uint16_t mss_class[MSS_CLASSES] = {536, 1220, 1360, 1440};

_Static_assert(PROFILES <= 8 && RTT_CLASSES <= 8, "a conn has three bits for each");

#define RESTED_LOOKS 8u
#define NEAR_US      5000 /* class 0 of RTT_CLASSES; each further one is twice as far */

static void close_idle(struct splice *s, struct conn *e, enum reason why)
{
    splice_pool_remove(s, e);
    splice_fin(s, e, why);
}

static void close_list(struct splice *s, const struct conn_list *l)
{
    for (struct conn *e; (e = list_first(s, l));)
        close_idle(s, e, R_CLOSE_DRAIN);
}

void splice_remote_close_idle(struct splice *s, struct splice_remote *r)
{
    for (unsigned i = 0; i < PROFILES; i++)
        for (unsigned k = 0; k < RTT_CLASSES; k++)
            close_list(s, &r->idle[i][k]);
    close_list(s, &r->own);
}

uint16_t remote_mss(const struct conn *e)
{
    return mss_class[e->profile / 2];
}

static bool remote_path(struct splice *s, struct splice_remote *r)
{
    if (!r->have_path)
        r->have_path = net_route(s->net, &r->at.addr, &r->path, s->now);
    return r->have_path;
}

void splice_remote_warm(struct splice *s, struct splice_remote *r)
{
    struct wire_link l;
    if (remote_path(s, r))
        (void)net_link(s->net, &r->path, &r->at.addr, &l, s->now);
}

/* For what has no client: all that the path takes. */
static uint8_t own_profile(uint16_t most)
{
    uint8_t m = MSS_CLASSES - 1;
    while (m > 0 && mss_class[m] > most)
        m--;
    return (uint8_t)(m * 2 + 1);
}

/* The class that fits the client: not above its MSS, nor above half of its window, or a sender that saw
 * larger ones of us would wait for room for a whole segment at each step. */
static uint8_t profile_for(const struct conn *c, uint16_t most)
{
    uint8_t m = MSS_CLASSES - 1;
    uint64_t fit = c->mss < most ? c->mss : most,
             half = conn_out_edge(c) > c->out_una ? (conn_out_edge(c) - c->out_una) / 2 : 0;
    if (half < fit)
        fit = half;
    while (m > 0 && mss_class[m - mutant(mss_class_too_large)] > fit)
        m--;
    return (uint8_t)(m * 2 + (c->sack_ok ? 1 : 0));
}

/* ---- the pool ---- */

/* Where e is, while it is idle. */
static struct conn_list *pool_list(const struct conn *e)
{
    return e->own_only ? &conn_to(e)->own : &conn_to(e)->idle[e->profile][e->pub.rtt_class];
}

void splice_pool_remove(struct splice *s, struct conn *e)
{
    if (!e->pub.idle)
        return;
    list_remove(s, pool_list(e), e);
    e->pub.idle = 0;
    remote_idle(s, conn_to(e), -1);
    stat_add(&s->cnt->endpoints_idle, (uint64_t)-1);
}

/* Was e's last client this very conn? */
static bool served_last(const struct splice *s, const struct conn *e, const struct conn *c)
{
    return e->last_idx == conn_idx(s, c) && e->as_endpoint.last_gen == ct_gen(s->table, conn_idx(s, c));
}

/* The conn that c used last, if it is idle. */
static struct conn *last_idle(struct splice *s, const struct conn *c)
{
    struct conn *e = c->last_idx == CT_NONE ? NULL : ct_obj(s->table, c->last_idx);
    return e && !conn_is_dead(e) && e->pub.idle && served_last(s, e, c) ? e : NULL;
}

/* The same, if it would do. */
static struct conn *own_idle(struct splice *s, const struct splice_remote *r, const struct conn *c,
                             uint8_t profile, bool reserved)
{
    struct conn *e = last_idle(s, c);
    bool fits = e && conn_to(e) == r && e->profile == profile && e->reserved == reserved;
    return fits && !mutant(pool_own_ignored) ? e : NULL;
}

void pool_leave(struct splice *s, const struct conn *c)
{
    struct conn *e = last_idle(s, c);
    if (e && (e->reserved || (e->lossy && !mutant(own_only_left))))
        close_idle(s, e, R_CLOSE_NOT_REUSABLE);
}

/* By the smallest round trip seen: a client may take its time to ack. */
static uint8_t rtt_class_of(const struct conn *c)
{
    uint8_t k = 0;
    for (uint32_t far = NEAR_US; k < RTT_CLASSES - 1 && c->rtt_min * RTT_MIN_UNIT_US > far; far *= 2)
        k++;
    return k;
}

/* Of a list's first few, one whose endpoint waits for no ack (late.c): a request of another client would
 * bring it sooner than its own client's could have come. */
static struct conn *rested(const struct splice *s, struct conn *first)
{
    struct conn *e = first;
    for (unsigned i = 0; e && i < RESTED_LOOKS; i++, e = list_next(s, e))
        if (e->in_acked >= e->in_mapped)
            return e;
    return first;
}

/* Of c's class, else of one farther away, whose endpoint is too patient at most until the first ack. Never of
 * a nearer one: BBR would believe the shorter round trip for ten seconds, CUBIC's slow start would end at
 * once, and a timeout might come too early. */
static struct conn *any_idle(const struct splice *s, const struct splice_remote *r, const struct conn *c,
                             uint8_t profile)
{
    for (unsigned k = mutant(pool_nearer) ? 0 : rtt_class_of(c); k < RTT_CLASSES; k++)
        if (r->idle[profile][k].first != CT_NONE) {
            struct conn *first = list_first(s, &r->idle[profile][k]);
            return k ? rested(s, first) : first;
        }
    return NULL;
}

static void used_by(const struct splice *s, struct conn *e, struct conn *c)
{
    e->pub.rtt_class = rtt_class_of(c) & 7u;
    e->rtt_min = c->rtt_min;
    e->last_idx = conn_idx(s, c);
    conn_as_endpoint(e)->last_gen = ct_gen(s->table, conn_idx(s, c));
    c->last_idx = conn_idx(s, e);
}

struct conn *splice_pool_take(struct splice *s, struct splice_remote *r, struct conn *c, bool reserved)
{
    if (!remote_path(s, r))
        return NULL;
    uint8_t profile = profile_for(c, path_mss(s, &r->path, &r->at.addr));
    if (mutant(pool_profile_ignored))
        profile = PROFILES - 1;
    struct conn *e = own_idle(s, r, c, profile, reserved);
    if (!e && (!reserved || mutant(reserved_shared)))
        e = any_idle(s, r, c, profile);
    if (!e)
        return NULL;
    if (!served_last(s, e, c))
        pool_leave(s, c);
    splice_pool_remove(s, e);
    e->t_flush = 0; /* the request takes along what waits (late.c) */
    stat_add(&s->cnt->pool_hits, 1);
    if (!served_last(s, e, c))
        conn_as_endpoint(e)->ramp = IW_SEGMENTS * mss_class[e->profile / 2];
    used_by(s, e, c);
    return e;
}

void ramp_grow(struct conn *e, uint64_t n)
{
    struct conn_endpoint *r = &e->as_endpoint;
    if (e->pub.side == SIDE_ENDPOINT && r->ramp && !mutant(ramp_fixed))
        r->ramp = r->ramp + n > RAMP_MAX ? 0 : r->ramp + (uint32_t)n;
}

/* Is the client that e served last still there, so that it may want e again? */
static bool client_stays(struct splice *s, const struct conn *e)
{
    const struct conn *c = e->last_idx == CT_NONE ? NULL : ct_obj(s->table, e->last_idx);
    return c && c->pub.state == TCP_OPEN && !c->fin_queued && c->last_idx == conn_idx(s, e) &&
           served_last(s, e, c);
}

/* Room in r's pool for one more reserved conn: the one that has been idle longest goes, as its client is the
 * least likely to ask again. Else clients that stay, and ask nothing, would keep the pool from those that do.
 */
static bool make_room(struct splice *s, struct splice_remote *r)
{
    struct conn *oldest = list_last(s, &r->own);
    if (!oldest || !oldest->reserved || oldest == s->current || mutant(reserved_for_good))
        return false;
    close_idle(s, oldest, R_CLOSE_POOL_FULL);
    return true;
}

bool splice_pool_put(struct splice *s, struct conn *e, uint32_t max, bool reserved)
{
    struct splice_remote *r = conn_to(e);
    bool own_only = e->lossy && !mutant(pool_lossy);
    uint32_t most = own_only && !reserved ? (max + 1) / 2 : max;
    if (r->refs == 0 || e->pub.state != TCP_OPEN || conn_in_fin(e) || conn_holds(e) || e->x_count ||
        e->offloaded || (own_only && !client_stays(s, e)))
        return false;
    if (r->idle_count >= most && !(reserved && most && make_room(s, r)))
        return false;
    assert(!conn_user(e));
    extra_trim(s, e);
    e->in_mode = IN_WAIT;
    e->reserved = reserved;
    e->own_only = own_only || (reserved && !mutant(reserved_shared));
    list_prepend(s, pool_list(e), e);
    e->pub.idle = 1;
    remote_idle(s, r, 1);
    stat_add(&s->cnt->endpoints_idle, 1);
    return true;
}

uint32_t splice_pool_count(const struct splice_remote *r)
{
    return r->idle_count;
}

/* An idle conn of r, but for the one whose segment is at hand; NULL: there is none. */
static struct conn *some_idle(const struct splice *s, const struct splice_remote *r)
{
    for (unsigned i = 0; r->idle_count && i <= PROFILES * RTT_CLASSES; i++) {
        struct conn *e =
            list_first(s, i < PROFILES * RTT_CLASSES ? &r->idle[i / RTT_CLASSES][i % RTT_CLASSES] : &r->own);
        if (e && e == s->current && !mutant(current_evicted))
            e = list_next(s, e);
        if (e)
            return e;
    }
    return NULL;
}

bool splice_pool_close_one(struct splice *s, struct splice_remote *r)
{
    struct conn *e = some_idle(s, r);
    if (e)
        splice_reset(s, e, R_CLOSE_EVICTED);
    return e != NULL;
}

bool pool_evict(struct splice *s)
{
    for (struct splice_remote *r = s->remotes.first; r && r->idle_count; r = r->next) {
        struct conn *e = some_idle(s, r);
        if (!e)
            continue;
        splice_reset(s, e, R_CLOSE_EVICTED);
        conn_reap_last(s);
        return true;
    }
    return false;
}

/* ---- the handshake ---- */

static void send_syn(struct splice *s, struct conn *e)
{
    struct flow_key k = conn_key(s, e);
    struct tcp_seg g = {.src = k.local,
                        .dst = k.remote,
                        .sport = k.local_port,
                        .dport = k.remote_port,
                        .seq = pos_seq(e->out_una - 1),
                        .wnd = UINT16_MAX,
                        .flags = TCP_SYN,
                        .mss = mss_class[e->profile / 2],
                        .wscale = OUR_WSCALE,
                        .sack_ok = e->profile & 1};
    struct extra *h = extra_of(e, USE_CONNECT);
    struct wire_link l;
    /* Not resolved yet: look again soon, a resolution takes a round trip. */
    bool ready = net_link(s->net, conn_path(e), conn_remote(s, e), &l, s->now);
    e->t_rto = ms_deadline(s, s->now + (ready ? SYN_RTO_NS << h->syn_tries : 5 * MS_NS));
    if (ready) {
        if (h->syn_tries < 8)
            h->syn_tries++;
        h->syn_ns = s->now;
        seg_bare(s, &g, conn_path(e));
        h->syn_twin = h->syn_tries == 1 && e->pub.rtt_class > 0 && !mutant(syn_alone);
        if (h->syn_twin)
            seg_bare(s, &g, conn_path(e));
    }
    conn_arm(s, e, e->t_rto);
}

bool connect_twin(struct splice *s, struct conn *e, const struct pkt *p)
{
    if (!(e->has & USE_CONNECT))
        return false;
    bool is = s->now - extra_of(e, USE_CONNECT)->syn_ns < SYN_RTO_NS && (p->flags & TCP_ACK) &&
              pos_unwrap(e->in_acked, p->seq) + 1 == e->in_acked;
    extra_close(s, e, USE_CONNECT);
    return is;
}

void connect_timer(struct splice *s, struct conn *e)
{
    send_syn(s, e);
}

static void start_at(struct conn *e, uint32_t iss)
{
    e->out_una = e->out_end = pos_start(iss + 1);
    e->out_max_seq = e->out_edge_seq = e->out_msg_seq = iss + 1;
}

static uint32_t pick_isn(struct splice *s, const struct flow_key *k, bool used, uint32_t last)
{
    uint32_t isn = isn_make(s, k);
    if (used && (int32_t)(isn - (last + 65536)) < 0 && !mutant(isn_not_raised))
        isn = last + 65536;
    return isn;
}

/* All ports toward r are taken: one of a conn that is over, else of an idle one, which did not fit the
 * client. The next SYN there begins above all that was sent (S12). */
static bool free_port(struct splice *s, struct splice_remote *r)
{
    if (mutant(ports_withheld))
        return false;
    if (tw_evict_toward(s, r))
        return true;
    struct conn *e = some_idle(s, r);
    if (!e)
        return false;
    splice_reset(s, e, R_CLOSE_EVICTED);
    conn_reap_last(s);
    return true;
}

struct conn *splice_connect(struct splice *s, struct splice_remote *r, struct conn *c, uint64_t delay_ns,
                            enum reason *why)
{
    struct flow_key k = {.remote = r->at.addr, .remote_port = r->at.port};
    uint32_t last;
    bool used;
    *why = R_DROP_NO_ROUTE;
    if (!remote_path(s, r) || !net_source(s->net, &r->path, &r->at.addr, &k.local))
        return NULL;
    *why = R_CLOSE_NO_PORT;
    if (!remote_port_take(s, r, &k, &last, &used) &&
        !(free_port(s, r) && remote_port_take(s, r, &k, &last, &used)))
        return NULL;
    struct conn *e = conn_new(s, &k, SIDE_ENDPOINT);
    if (!e) {
        *why = R_DROP_TABLE_FULL;
        ports_give(r->ports, k.local_port, last);
        return NULL;
    }
    conn_as_endpoint(e)->remote = r;
    r->conns++;
    uint16_t most = path_mss(s, &r->path, &r->at.addr);
    e->profile = (c ? profile_for(c, most) : own_profile(most)) & 7u;
    e->sack_ok = e->profile & 1;
    e->mss = 536;
    conn_set_w0(e, 32768);
    e->pub.state = TCP_SYN_SENT;
    extra_open(s, e, USE_CONNECT)->syn_tries = 0;
    if (c) {
        pool_leave(s, c);
        used_by(s, e, c);
    }
    start_at(e, pick_isn(s, &k, used, last));
    stat_add(&s->cnt->connects, 1);
    stat_add(&s->cnt->endpoints_open, 1);
    if (delay_ns == 0) {
        send_syn(s, e);
    } else {
        e->t_rto = ms_deadline(s, s->now + delay_ns);
        conn_arm(s, e, e->t_rto);
    }
    return e;
}

/* ---- answers to the SYN ---- */

static void endpoint_open(struct splice *s, struct conn *e, const struct pkt *p, const struct tcp_opts *o)
{
    uint16_t most = mtu_limit(s, conn_remote(s, e), path_mss(s, conn_path(e), conn_remote(s, e)));
    e->mss = o->mss ? o->mss : 536;
    if (e->mss > most)
        e->mss = most;
    if (e->mss < 64)
        e->mss = 64;
    e->sack_ok = e->sack_ok && o->sack_ok;
    e->snd_shift = o->wscale >= 0 ? (uint8_t)o->wscale & 15u : 0;
    e->rcv_shift = o->wscale >= 0 ? OUR_WSCALE : 0;
    e->in_mapped = e->in_acked = pos_start(p->seq + 1);
    e->in_max_seq = e->wl1_seq = p->seq + 1;
    e->in_edge_seq = e->in_edge_high_seq = p->seq + 1 + UINT16_MAX;
    e->out_edge_seq = pos_seq(e->out_una + p->wnd); /* never scaled in a SYN */
    e->pub.wnd_bits = 16;                           /* the most that can be shown without a scale */
    conn_set_flight(e, UINT64_MAX);
    e->pub.state = TCP_OPEN;
    e->t_rto = 0;
    const struct extra *h = extra_of(e, USE_CONNECT);
    if (h->syn_tries == 1)
        rtt_sample(e, s->now - h->syn_ns);
    if (!h->syn_twin)
        extra_close(s, e, USE_CONNECT);
    e->ack_now = true;
}

/* A bare ACK, or one for something else: the endpoint still has an old incarnation of this four-tuple,
 * perhaps from before our own restart. Reset that and try again at once (S12). */
static void old_incarnation(struct splice *s, struct conn *e, const struct pkt *p)
{
    struct flow_key k = conn_key(s, e);
    struct tcp_seg g = {.src = k.local,
                        .dst = k.remote,
                        .sport = k.local_port,
                        .dport = k.remote_port,
                        .seq = p->ack,
                        .flags = TCP_RST,
                        .wscale = -1};
    count(s->cnt, R_DROP_CONNECTING);
    if (!mutant(bare_ack_ignored))
        seg_bare(s, &g, conn_path(e));
    const struct extra *h = extra_of(e, USE_CONNECT);
    if (s->now - h->syn_ns >= MS_NS || h->syn_tries == 1)
        send_syn(s, e);
}

void connect_answer(struct splice *s, struct conn *e, struct frame *f, const struct pkt *p)
{
    struct tcp_opts o;
    bool acks_syn = (p->flags & TCP_ACK) && p->ack == pos_seq(e->out_una);
    s->flush.open = true; /* a refusal may end one exchange of its client, and with that the next */
    if (p->flags & TCP_RST) {
        count(s->cnt, acks_syn ? R_CONSUMED : R_DROP_RST_SEQ);
        if (acks_syn || mutant(refusal_unvalidated))
            conn_end(s, e, R_CLOSE_CONNECT_REFUSED);
    } else if ((p->flags & TCP_ACK) && !acks_syn) {
        old_incarnation(s, e, p);
    } else if (!acks_syn || !(p->flags & TCP_SYN) || !wire_tcp_opts(p->opts, &o)) {
        count(s->cnt, R_DROP_CONNECTING);
    } else {
        count(s->cnt, R_CONSUMED);
        endpoint_open(s, e, p, &o);
        s->user->connected(s->ux, e);
        if (!conn_is_dead(e))
            splice_push(s, e);
    }
    seg_push_owed(s, f);
}
