/* What the files of splice share with each other and nobody else. */
#ifndef LACON_SPLICE_INTERNAL_H
#define LACON_SPLICE_INTERNAL_H

#include "agent/base/mutant.h"
#include "agent/splice/clients.h"
#include "agent/splice/halfopen.h"
#include "agent/splice/offload.h"
#include "agent/splice/splice.h"

#define HEAD_STEP     4096u        /* window for a response head beyond what is held of it */
#define HOLD_SHORT    4096u        /* held bytes of a conn that a pool in need still grants */
#define EXTENTS_SHORT 8u           /* extents of a conn that a slab in need still grants */
#define KEPT_MOST     (256u << 10) /* bytes kept for one out-stream */
#define MSS_LEAST     536u        /* "too big" never cuts further: RFC 9293 lets everybody expect that much */
#define IW_SEGMENTS   10u         /* RFC 6928: flight limit of kept bytes, start of a ramp */
#define RAMP_MAX      (64u << 20) /* a ramp that has come so far is over */
#define OUR_WSCALE    7
#define RTO_MIN_NS    (200 * MS_NS)
#define RTO_MAX_NS    (60 * SEC_NS)
#define RTO_FIRST_NS  SEC_NS
#define RTO_TRIES     8
#define SYN_RTO_NS    (200 * MS_NS)
#define TIME_WAIT_NS  (15 * SEC_NS)
#define FIN_WAIT_NS   (60 * SEC_NS) /* for the FIN of a peer that was forgotten: as Linux's tcp_fin_timeout */
#define CHALLENGE_NS                                                                                         \
    (500 * MS_NS)       /* at most one challenge ack per conn in this time (RFC 5961 section 7)              \
                         */
#define RST_GROUPS 256u /* of source addresses (limit.c) */

/* SACK blocks of the segment at hand, translated into the in-stream of the peer they are passed on to. */
struct sack_fwd {
    const struct conn *to;
    unsigned n;
    bool twice; /* the first says what came twice (RFC 2883), and lies below the ack */
    struct {
        pos_t lo, hi;
    } block[TCP_MAX_SACK];
};

/* Whether the ack of the segment at hand may wait (late.c). */
struct late {
    const struct conn *may; /* the endpoint conn that it belongs to; NULL: it may not */
    uint32_t n;             /* its bytes */
    bool more;              /* its sender has more to send */
};

/* Conns that are to be sent what is due to them when the segment at hand has been handled: kept bytes, and
 * what they are to be told of acks and windows. More than its own, its peer and one more are rare: those are
 * sent it at once. One that ends meanwhile is passed over, and so is one in its slot, which can only be at
 * its SYN. */
#define FLUSH_MOST 8u
struct flush {
    bool open;
    unsigned n;
    struct conn *conn[FLUSH_MOST];
    struct frame *spare; /* the frame of that segment, for the first that goes out; NULL: there is none */
};

/* SACK blocks of the segment at hand, at positions of the out-stream of the conn that it belongs to. */
struct sack_own {
    unsigned n;
    struct {
        pos_t lo, hi;
    } block[TCP_MAX_SACK];
};

/* What "packet too big" taught about an address (pathmtu.c). */
#define MTU_NOTES 1024u
struct mtu_note {
    uint64_t print, until_ns;
    uint16_t mss;
};

struct rst_budget {
    uint64_t tick;
    uint32_t used;
    uint8_t by_group[RST_GROUPS];
};

#define LOAD_BOUNDS 3u /* conns, kept bytes, extents */

#define REMOTE_BUCKETS 4096u /* for up to some ten thousand remotes */

struct remotes {
    struct splice_remote *first, **last; /* those with idle conns first */
    struct splice_remote *bucket[REMOTE_BUCKETS];
};

/* Of conns, by the links that each has. */
struct conn_list {
    uint32_t first, last; /* CT_NONE: empty */
};
#define LIST_EMPTY ((struct conn_list){CT_NONE, CT_NONE})

/* Side blocks (extra.c). */
struct extras {
    struct extra *slab, *free;
    uint32_t cap, used, live; /* used: at least once */
};

/* Conns whose deadlines are not in the wheel yet (timers.c). */
#define PUT_OFF_MS   64u        /* most clients have acked a response by then */
#define PUT_OFF_MOST (1u << 16) /* more are not put off */
#define PUT_OFF_FEW  1024u      /* so many may wait for a deadline, to come out all at once */
struct put_off {
    struct put_off_entry {
        uint32_t conn; /* slot */
        ms_t since;
    } * entry;           /* ring of PUT_OFF_MOST, oldest first */
    uint32_t begin, end; /* modulo 2^32 */
    uint32_t turn;       /* entries before it were noted before soonest[1] was begun */
    ms_t soonest[2];     /* of the deadlines that were put off: in the turn before, and in this; 0: none */
};

struct splice {
    uint64_t now, now_ms; /* now_ms: whole milliseconds of it */
    ms_t now_up_ms;       /* the same, rounded up */
    struct conntable *table;
    struct conn *conns; /* of table, by slot */
    struct kbuf_pool *pool;
    struct net *net;
    struct frame_ops ops;
    struct counters *cnt;
    const struct splice_user *user;
    void *ux;
    struct sip_key isn_key;
    struct timer_wheel wheel;
    struct put_off put_off;
    struct halfopen *half;
    struct extent *x_slab, *x_free;
    size_t x_used, x_cap; /* of the slab: used at least once; all */
    size_t x_live;        /* in use now */
    struct extras extras;
    struct remotes remotes;
    uint16_t port_lo, port_hi;
    unsigned worker, nworkers;
    bool (*mine)(const void *ctx, const struct flow_key *k); /* splice_params */
    const void *mine_ctx;
    uint32_t most_ports;
    struct conn_list dead;
    struct conn_list tw[2];               /* in TIME_WAIT, oldest first, by side */
    uint32_t tw_count;                    /* of both */
    struct conn_list wait;                /* clients without a request, longest waiting first */
    struct conn *room_first, **room_last; /* conns that wait for memory, until room_ns */
    uint32_t room_count;
    uint64_t room_ns;
    uint64_t load_mark[LOAD_REFUSE + 1][LOAD_BOUNDS];
    struct clients *clients;
    const struct splice_network *trusted;
    uint32_t ntrusted;
    struct sack_fwd sack;
    struct sack_own own;
    struct flush flush;
    struct late late;
    struct mtu_note mtu_note[MTU_NOTES];
    struct sip_key limit_key;
    struct rst_budget rst[2]; /* by enum conn_side */
    uint64_t challenge_tick;
    uint32_t challenge_left;
    bool draining;
    struct offloads off;
    const struct conn
        *current; /* whose segment or timer is being handled: its slot is not to be given to another */
};

/* ---- splice.c ---- */
/* The slot of c. */
static inline uint32_t conn_idx(const struct splice *s, const struct conn *c)
{
    return (uint32_t)(c - s->conns);
}

/* What most segments of c touch, to be written. */
static inline void prefetch_hot(const struct conn *c)
{
    for (unsigned i = 0; i < CONN_HOT_LINES; i++)
        __builtin_prefetch((const char *)c + i * CONN_LINE, 1);
}

/* The four-tuple of c, until its slot is given back, and its peer's address alone. */
static inline struct flow_key conn_key(const struct splice *s, const struct conn *c)
{
    return ct_key(s->table, conn_idx(s, c));
}

static inline const struct ip_addr *conn_remote(const struct splice *s, const struct conn *c)
{
    return ct_remote(s->table, conn_idx(s, c));
}

static inline struct conn_cold *conn_cold(const struct splice *s, const struct conn *c)
{
    return ct_cold(s->table, conn_idx(s, c));
}

static inline void conn_set_w0(struct conn *c, uint64_t bytes)
{
    c->w0 = (bytes < W0_MOST ? (uint32_t)bytes : W0_MOST) & 0x1ffffu;
}

/* At most the initial window. */
static inline void conn_set_flight(struct conn *c, uint64_t bytes)
{
    uint64_t most = (uint64_t)IW_SEGMENTS * c->mss;
    c->kept_cwnd = (bytes < most ? bytes : most) & 0xfffffu;
}

_Static_assert(IW_SEGMENTS *(uint64_t)UINT16_MAX < 1 << 20 && W0_MOST < 1 << 17, "conn.kept_cwnd, conn.w0");

/* ---- times ---- */
/* A deadline at ns, rounded up: no timer is early. At most MS_FAR ahead. */
static inline ms_t ms_deadline(const struct splice *s, uint64_t ns)
{
    uint64_t ms = (ns + MS_NS - 1) / MS_NS, most = s->now_ms + MS_FAR;
    ms = ms < most ? ms : most;
    return (ms_t)ms ? (ms_t)ms : 1;
}

static inline uint64_t ms_ns(const struct splice *s, ms_t t)
{
    return (s->now_ms + (uint64_t)(int64_t)(int32_t)(t - (ms_t)s->now_ms)) * MS_NS;
}

static inline bool ms_due(const struct splice *s, ms_t t)
{
    return t && !(mutant(ms_no_wrap) ? (ms_t)s->now_ms < t : ms_before((ms_t)s->now_ms, t));
}

static inline ms_t ms_earlier(ms_t a, ms_t b)
{
    return !a || (b && ms_before(b, a)) ? b : a;
}

/* ---- timers.c ---- */
int timers_init(struct splice *s, uint64_t now_ns); /* 0 or -ENOMEM; timers_fini() in any case */
void timers_fini(struct splice *s);
size_t timers_memory(void);
void conn_arm_anew(struct splice *s, struct conn *c, ms_t t);

static inline bool timer_covers(const struct conn *c, ms_t t)
{
    return tw_armed(&c->timer) && !ms_before(t, c->timer.tick);
}

/* Is t so far that a conn noted now comes out of the queue before? */
static inline bool put_off_may(const struct splice *s, ms_t t)
{
    return ms_before((ms_t)s->now_ms + PUT_OFF_MS, t);
}

static inline void put_off_note(struct splice *s, ms_t t)
{
    s->put_off.soonest[1] = ms_earlier(s->put_off.soonest[1], t);
}

/* c has the deadline t from now on (0: none). */
static inline void conn_arm(struct splice *s, struct conn *c, ms_t t)
{
    if (!t || timer_covers(c, t))
        return;
    if (c->put_off && put_off_may(s, t))
        put_off_note(s, t);
    else
        conn_arm_anew(s, c, t);
}

/* ---- list.c ---- */
void list_append(struct splice *s, struct conn_list *l, struct conn *c);
void list_prepend(struct splice *s, struct conn_list *l, struct conn *c);
void list_remove(struct splice *s, struct conn_list *l, struct conn *c);
/* NULL: none. */
struct conn *list_first(const struct splice *s, const struct conn_list *l);
struct conn *list_last(const struct splice *s, const struct conn_list *l);
struct conn *list_next(const struct splice *s, const struct conn *c);

/* ---- extra.c ---- */
int extras_init(struct splice *s, uint32_t cap); /* 0 or -ENOMEM */
void extras_fini(struct splice *s);
size_t extras_memory(const struct splice *s);
/* c's side block, with a part that was not in use until now: zeroed where the block is new, else as that part
 * was left. */
struct extra *extra_open(struct splice *s, struct conn *c, enum extra_use use);
/* These parts are not in use any more, or never were; with the last of them the block is given back. */
void extra_close(struct splice *s, struct conn *c, unsigned uses);
/* Closes what time has ended. */
void extra_trim(struct splice *s, struct conn *c);

/* ---- extent.c ---- */
/* One of the slab, to be written whole. NULL: there is none. */
struct extent *ext_new(struct splice *s);
/* x's buffer is kept in c's out-stream from now on (1), or is not (-1). */
void keep_count(struct conn *c, const struct extent *x, int by);
/* x has left c's out-stream. */
void ext_free(struct splice *s, struct conn *c, struct extent *x);
void ext_free_all(struct splice *s, struct conn *c);
/* At the end of dst's out-stream, where no extent lies in the conn. */
void ext_append(struct conn *dst, struct extent *x);
/* The last extent of a's out-stream, a copy one, ends at position `in` of its source. */
void ext_cut(struct conn *a, pos_t in);
/* The extent of c's out-stream that holds out position p, or NULL; *own as for ext_first(). */
struct extent *ext_at(const struct conn *c, pos_t p, struct extent *own);
/* Releases what the peer has acked. */
void ext_retire(struct splice *s, struct conn *c);
/* What we may acknowledge to b (I3), and up to where we let it send (S4). */
pos_t conn_ack_pos(const struct conn *b);
pos_t conn_offer(const struct conn *b);
/* In-range of out-range [lo, hi) of a, when both lie in one live copy extent (S5: clipped by the caller). */
void sack_translate(const struct conn *a, pos_t lo, pos_t hi, struct sack_fwd *f);

static inline bool ext_same(const struct extent *x)
{
    return x->kind == EXT_COPY || (x->flags & EXT_IDENTITY);
}

/* ---- hold.c ---- */
/* Are the bytes at position `at`, not below in_mapped, those that are held of them (S1)? True for what is not
 * held. */
bool hold_agrees(const struct conn *c, pos_t at, struct span bytes);
enum reason hold_insert(struct splice *s, struct conn *c, pos_t at, struct span bytes);
/* Bytes of c, from position `at` on, that it was offered room for are lost on our side: the minimum rates
 * leave its TCP the time to send them again, from the first time on that these are. */
void conn_refused(struct splice *s, struct conn *c, pos_t at);
/* The same of mapped bytes that the endpoint has no room for. Their time begins each time anew: while they
 * are refused it is the endpoint who is waited for, and what it has once taken of the stream it never
 * refuses. */
void conn_refused_window(struct splice *s, struct conn *c, pos_t at);
/* c's in_acked may have moved; bytes of it were dropped (USE_REFUSED). */
void refusal_acked(struct splice *s, struct conn *c);
void hold_consume(struct splice *s, struct conn *c, uint64_t n);
void hold_free(struct splice *s, struct conn *c);

/* ---- send.c ---- */
/* Sends f, which holds just payload, at out position `at`; carries our present ack and window. Consumes f. */
void seg_send(struct splice *s, struct conn *c, struct frame *f, pos_t at, uint8_t flags,
              uint16_t payload_sum);
/* The same, and keeps its headers in *again when it went out; NULL: it does not. */
void seg_send_first(struct splice *s, struct conn *c, struct frame *f, pos_t at, uint8_t flags,
                    uint16_t payload_sum, struct wire_again *again);
/* Sends f, which holds just payload, behind out_max, with those headers: nothing but the position and the
 * flags may be another since. Consumes f. */
void seg_send_data(struct splice *s, struct conn *c, struct frame *f, const struct wire_again *again,
                   uint8_t flags, uint16_t payload_sum);
void seg_ack(struct splice *s, struct conn *c);
/* The same in the empty frame f, NULL: there was none. Consumes f. Keeps its headers in *again (NULL: it does
 * not), when it went out and has no options. */
void seg_ack_first(struct splice *s, struct conn *c, struct frame *f, struct wire_again *again);
/* The same in the empty frame f, with those headers, where it stood at out_max and still does, and has no
 * blocks to tell. */
void seg_ack_again(struct splice *s, struct conn *c, struct frame *f, const struct wire_again *again);
/* Sends an ack when c is owed one, or when its ack position or window moved enough. */
void seg_flush(struct splice *s, struct conn *c);
/* Sends c kept bytes and its FIN at once, and no bare ack. */
void seg_push(struct splice *s, struct conn *c);
/* A segment has been handled: sends what is due to all conns that splice_push() was called for meanwhile.
 * Consumes the segment's frame (NULL: it has gone). */
void seg_push_owed(struct splice *s, struct frame *f);
/* A segment without payload and with explicit numbers: SYN, SYN-ACK, RST, probes. */
void seg_bare(struct splice *s, const struct tcp_seg *g, struct net_path *path);
void seg_rst_reply(struct splice *s, const struct frame *f, const struct pkt *p);
void seg_challenge(struct splice *s, struct conn *c);
void seg_resend(struct splice *s, struct conn *c);
/* Sends n kept bytes from offset `from` of x again. False: no frame. */
bool seg_resend_kept(struct splice *s, struct conn *c, struct extent *x, uint64_t from, uint32_t n);
void seg_rto(struct splice *s, struct conn *c);
/* Kept bytes in flight are known to be lost: they go out again, as the flight limit allows. */
void seg_again(struct splice *s, struct conn *c);
void rto_arm(struct splice *s, struct conn *c, bool restart);
void rtt_sample(struct conn *c, uint64_t rtt_ns);

/* ---- segment.c ---- */
/* The first of n segments of c that came one after the other, and what of the others goes the same steady
 * way. Consumes their frames; how many they are: at least one. */
unsigned conn_segments(struct splice *s, struct conn *c, struct frame *const f[], const struct pkt p[],
                       unsigned n);
void judge_held(struct splice *s, struct conn *c);
void fin_check(struct splice *s, struct conn *c);
/* May the numbers of a segment without RST and SYN be its peer's? Else the reason that it counts under; what
 * is wrong is challenged (RFC 9293 section 3.10.7.4, RFC 5961 section 5). */
enum reason segment_fits(struct splice *s, struct conn *c, pos_t seq, const struct pkt *p);
/* The peer's window, from a segment at seq whose ack is not older than out_una. */
void take_window(struct conn *c, pos_t seq, pos_t ack, uint32_t wnd);
/* The peer has acked more: out_una < ack <= out_max. */
void ack_advanced(struct splice *s, struct conn *c, pos_t ack);

/* ---- steady.c, whose switch for tests is in splice.h ---- */
/* Takes segments of the steady state, of n that came one after the other, and their frames with them. Returns
 * how many; 0: the first is none, and nothing was done. */
unsigned steady_segments(struct splice *s, struct conn *c, struct frame *const f[], const struct pkt p[],
                         unsigned n);

/* ---- forward.c ---- */
/* Passes payload positions [lo, hi) of c's stream, all below in_mapped, on to the peer; `*f` is taken (NULL)
 * when the frame itself goes out. Kept bytes from `fresh` on were mapped just now. False when the conns were
 * reset because bytes differ. */
bool forward(struct splice *s, struct conn *c, struct frame **f, const struct pkt *p, pos_t seq, pos_t lo,
             pos_t hi, pos_t fresh);
/* A segment before a's window: whatever became of its last ack, it answers with a new one. */
void ask_window(struct splice *s, struct conn *a);

/* ---- overload.c ---- */
void load_init(struct splice *s);
void room_forget(struct splice *s, struct conn *c);
void room_tick(struct splice *s);
uint64_t room_next_ns(const struct splice *s);

/* ---- limit.c ---- */
/* May p, of no known flow, be answered with a RST? */
bool limit_rst(struct splice *s, const struct pkt *p);
/* May one more challenge ack be sent, whoever asks? */
bool limit_challenge(struct splice *s);

/* ---- accept.c, connect.c ---- */
void accept_syn(struct splice *s, struct frame *f, const struct pkt *p, uint32_t isn_floor, bool has_floor);
/* NULL when f opens nothing; *why says what it counts as, and whether a RST is due. */
struct conn *accept_ack(struct splice *s, struct frame *f, const struct pkt *p, enum reason *why);
void connect_answer(struct splice *s, struct conn *e, struct frame *f, const struct pkt *p);
void connect_timer(struct splice *s, struct conn *e);
/* Is p, of the open conn e, the answer to the second SYN of a twin? Once, and soon: later it is from an
 * endpoint that has not heard our ack. */
bool connect_twin(struct splice *s, struct conn *e, const struct pkt *p);
/* Client c ends, or turns to another conn: what is reserved for it in the pool is closed. */
void pool_leave(struct splice *s, const struct conn *c);
/* The segment size that e was told. */
uint16_t remote_mss(const struct conn *e);
/* Ends one idle endpoint conn and gives its slot back. False: there is none. */
bool pool_evict(struct splice *s);
/* The peer of e has acked n more bytes: where that is its client, its ramp grows (rule S9). */
void ramp_grow(struct conn *e, uint64_t n);

/* ---- remote.c ---- */
void remotes_init(struct splice *s);
void remotes_free(struct splice *s);
/* Bytes of all remotes and their ports. */
size_t remotes_memory(const struct splice *s);
/* e's slot is about to be given back: so is its port. */
void remote_left(struct splice *s, struct conn *e);
/* A port that was kept back when its conn's slot was given back (offload.c). */
/* Takes a port for a conn to r: k's, whose other fields are set. As ports_take(). */
bool remote_port_take(const struct splice *s, struct splice_remote *r, struct flow_key *k, uint32_t *last_seq,
                      bool *used);
void remote_port_back(struct splice *s, struct splice_remote *r, uint16_t port, uint32_t last_seq);

/* ---- offload.c, see offload.h ---- */
/* A segment of c has been passed on. */
static inline void offload_glance(struct splice *s, struct conn *c)
{
    if (c->in_mapped - c->in_acked >= s->off.least && c->pub.side == SIDE_ENDPOINT && !conn_is_dead(c))
        offload_consider(s, c);
}

/* ---- pathmtu.c ---- */
/* mss, or what was learned of the path to a when that is less. */
uint16_t mtu_limit(struct splice *s, const struct ip_addr *a, uint16_t mss);
/* A router has said that a segment of ours to c was too big. */
void mtu_too_big(struct splice *s, struct conn *c, const struct net_unreach *u);
/* The bytes at c->out_una are about to be sent again into an open window: are they too large for a path that
 * says nothing? */
void mtu_repeated(struct splice *s, struct conn *c);

/* ---- repair.c ---- */
/* Sends the holes again that the SACK blocks of the segment at hand show to be lost. */
void repair_holes(struct splice *s, struct conn *c);

/* ---- pace.c ---- */
#define PACE_LAZY      (64u << 20) /* bytes a second: a max_rate from here on is large, and not measured */
#define PACE_FREE_PART 16u         /* before this part of a second's worth of one response was acked, */
#define PACE_FREE_MOST (1u << 29)  /* at most so many bytes: conn_out_msg() tells 2^30 */

/* Bytes of the present response that client c has acked. */
static inline uint64_t pace_drawn(const struct conn *c)
{
    pos_t begun = conn_out_msg(c);
    return c->out_una > begun ? c->out_una - begun : 0;
}

/* Client c has no bucket, and may need one by now. */
void pace_begin_late(struct splice *s, struct conn *c);

/* c has acked bytes. Less than a sixteenth of the least large rate asks nobody. */
static inline void pace_acked(struct splice *s, struct conn *c)
{
    if (c->pub.side == SIDE_CLIENT && pace_drawn(c) >= PACE_LAZY / PACE_FREE_PART && !(c->has & USE_PACE))
        pace_begin_late(s, c);
}

void pace_leave(struct conn *c, const struct conn *e); /* client c will be served by another conn than e */
/* The new client c may draw so many bytes a second from endpoints; 0: any. */
void pace_begin(struct splice *s, struct conn *c, uint64_t max_rate);
/* The right edge that e may be shown now, at most `edge`; when that is less, e's timer will ask again. */
pos_t pace_edge(struct splice *s, struct conn *e, pos_t edge);

/* ---- late.c ---- */
void late_begin(struct splice *s, const struct conn *c, pos_t seq, const struct pkt *p);
/* May the ack up to `ack` that c is owed wait? Then c's timer sees to it. */
bool late_ack(struct splice *s, struct conn *c, pos_t ack);
/* c's t_flush is due. */
void late_due(struct splice *s, struct conn *c);

/* ---- close.c ---- */
enum tcp_event {
    EV_FIN_OUT,   /* our FIN went out */
    EV_FIN_ACKED, /* it was acked */
    EV_FIN_IN,    /* the peer's FIN was taken (or passed on) */
    TCP_EVENTS,
};
void conn_event(struct splice *s, struct conn *c, enum tcp_event ev);
/* Ends a conn in TIME_WAIT that is not at hand, also now: the oldest, or an old one toward r. False: none. */
bool tw_evict(struct splice *s);
bool tw_evict_toward(struct splice *s, const struct splice_remote *r);
/* A segment of a conn in TIME_WAIT. Consumes f. */
void time_wait_segment(struct splice *s, struct conn *c, struct frame *f, const struct pkt *p);
/* Both sides of a splice are reset, the client's first. */
void reset_both(struct splice *s, struct conn *c, enum reason why);

/* ---- splice.c ---- */
struct conn *conn_new(struct splice *s, const struct flow_key *k, enum conn_side side);
/* Gives the slot of the conn that ended last back. */
void conn_reap_last(struct splice *s);
uint32_t isn_make(const struct splice *s, const struct flow_key *k);
/* Largest payload on c's path. */
uint16_t path_mss(const struct splice *s, const struct net_path *p, const struct ip_addr *a);

#endif
