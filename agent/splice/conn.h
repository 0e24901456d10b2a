/* conn: one TCP peer as lacon sees it, and the extents of its out-stream. The layout is private to splice;
 * exchange reads the fields under "exchange may read" and changes them only through splice.h.
 *
 * A conn has two streams, each addressed by 64-bit positions (agent/base/seq.h):
 *
 *   in-stream   what the peer sends us
 *
 *      ... acked by us | mapped, not yet acked | held, not yet judged | offered window |
 *                   in_acked               in_mapped                              in_edge
 *
 *   out-stream  what we send the peer: extents, in order and without holes, from ext_first() to out_end
 *
 *      ... acked by the peer | sent, in flight | not yet sent | not yet mapped
 *                         out_una           out_max        out_end            (out_edge: the peer's right
 * edge)
 *
 * Invariants:
 *  I1  every extent of A that is not OWNED comes from the in-stream of A->peer; the in-ranges of those are
 * ascending and end at A->peer->in_mapped. I2  a byte below in_mapped of B that is not yet acked by us lies
 * in exactly one extent of B->peer. I3  in_acked never passes a byte that neither the receiver has acked nor
 * we hold. I4  a byte whose value was used for a decision lies in a KEPT extent or in the hold until its
 * receiver acked it (rule S1).
 *
 * Life: created by accept.c or connect.c, dead after conn_end(), its slot given back by splice_reap() at the
 * end of the burst or tick, so pointers stay good within one. One worker's thread. */
#ifndef LACON_SPLICE_CONN_H
#define LACON_SPLICE_CONN_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/addr.h"
#include "agent/base/kbuf.h"
#include "agent/base/seq.h"
#include "agent/base/span.h"
#include "agent/base/timer.h"
#include "agent/net/net.h"
#include "agent/splice/clients.h"

enum conn_side {
    SIDE_CLIENT,
    SIDE_ENDPOINT,
};

enum tcp_state {
    TCP_DEAD, /* zero: what a free slot looks like */
    TCP_SYN_SENT,
    TCP_OPEN,
    TCP_FIN_WAIT_1, /* our FIN is sent */
    TCP_FIN_WAIT_2, /* our FIN is acked */
    TCP_CLOSE_WAIT, /* the peer's FIN is taken */
    TCP_CLOSING,    /* both FINs are under way, ours not acked */
    TCP_LAST_ACK,   /* the peer's FIN was first, ours not acked */
    TCP_TIME_WAIT,
    TCP_STATES,
};

/* What the bytes after in_mapped are to the other side: decides the window we offer (rule S4). */
enum in_mode {
    IN_WAIT, /* between messages or waiting for a head: what we can hold */
    IN_OPEN, /* inside a message whose end is not known yet: what the receiver takes */
    IN_DONE, /* mapped to the message's end */
};

enum extent_kind {
    EXT_COPY, /* bytes pass through; n == m */
    EXT_KEPT, /* bytes are in buf */
};

enum extent_flag {
    EXT_OWNED = 1,    /* the source is acked, or there is none: losses are ours to repair */
    EXT_IDENTITY = 2, /* kept bytes equal the source bytes: same translation as the copy extents beside it */
    EXT_RETAIN = 4,   /* not released when acked: may be sent again on another conn (rule S7) */
};

/* One copy extent that is all there is of an out-stream lies in the conn (x_own), in eight bytes; other ones,
 * and kept ones, in the worker's slab. */
struct extent {
    pos_t out, in;
    uint64_t n;           /* out bytes; a final FIN counts as one byte of a copy extent */
    uint8_t *buf;         /* KEPT: n out bytes, then (edited and not OWNED) the m source bytes */
    int32_t step;         /* to the next one, in extents of the slab; 0: the last */
    uint32_t client;      /* KEPT: who answers for cap bytes; CLIENT_NONE: nobody */
    uint32_t sent;        /* KEPT: out bytes handed to the wire at least once */
    uint32_t kept_m : 20; /* KEPT: in bytes (see ext_m) */
    uint32_t kind : 1;
    uint32_t : 3;
    uint32_t order : 5; /* KEPT: buf has 2^order bytes; in one byte with flags, which change alone */
    uint32_t flags : 3;
};

_Static_assert(sizeof(struct extent) == 48, "part of splice_bytes (bench/README.md)");

#define EXT_M_MOST ((1u << 20) - 1)

/* In bytes. */
static inline uint64_t ext_m(const struct extent *x)
{
    return x->kind == EXT_COPY ? x->n : (uint64_t)x->kept_m;
}

/* Bytes of buf; 0: there is none. */
static inline uint32_t ext_cap(const struct extent *x)
{
    return x->buf ? 1u << x->order : 0;
}

static inline void ext_set(struct extent *x, unsigned flags)
{
    x->flags = (x->flags | flags) & 7u;
}

static inline void ext_clear(struct extent *x, unsigned flags)
{
    x->flags = (x->flags & ~flags) & 7u;
}

static inline struct extent *ext_next(const struct extent *x)
{
    return x->step ? (struct extent *)(uintptr_t)x + x->step : NULL;
}

static inline void ext_link(struct extent *x, const struct extent *next)
{
    x->step = next ? (int32_t)(next - x) : 0;
}

#define HOLD_RANGES 4

/* Bytes at and after in_mapped that are not judged yet: a window of at most w0 bytes with up to HOLD_RANGES
 * filled ranges. */
struct hold {
    uint8_t *buf; /* NULL: nothing is held */
    uint32_t cap;
    uint32_t base; /* offset in buf that stands for in_mapped */
    uint32_t nrange;
    struct hold_range {
        uint32_t lo, hi; /* relative to in_mapped, ascending, disjoint, not touching */
    } range[HOLD_RANGES];
};

/* What most conns do without most of the time: each part has its bit in conn.has, and the block is there
 * while one of them is set (extra.c). There are as many blocks as conns: taking one cannot fail. */
enum extra_use {
    USE_HOLD = 1,       /* bytes are held */
    USE_REPAIR = 2,     /* bytes below `recover` or `again` went out again, or those at repeat_at did */
    USE_PACE = 4,       /* client side: its rate is measured (pace.c) */
    USE_ROOM = 8,       /* it waits for memory */
    USE_CHALLENGE = 16, /* it was challenged */
    USE_CONNECT = 32,   /* endpoint side: in the handshake, or a second SYN-ACK is due */
    USE_OFFLOAD = 64,   /* endpoint side: it has a large response under way */
    USE_REFUSED = 128,  /* bytes were dropped that it had been offered room for */
    USE_ALL = 255,
};

/* A TCP sends again after at most so long (Linux: TCP_RTO_MAX; RFC 6298 asks for 60 at least). */
#define BACKOFF_MOST_S 120u

/* Bytes of a client that were dropped though it had been offered room for them (hold.c). */
struct refusal {
    uint32_t first_s; /* second in which the first of them were dropped first */
    uint32_t until_s; /* second until which the silence of the client is that of its TCP, which backs off */
    uint32_t seq;     /* low bits of the position of the first of these bytes; `came`: of the first that was
                         not acked then */
    bool again;       /* they came again, and were dropped again */
    bool came;        /* they came again, and were taken and acked; the client may not have got that ack */
};

struct extra {
    union {
        struct hold hold;
        struct extra *next_free;
    };

    pos_t recover;      /* out_max when kept bytes were last sent again */
    pos_t again;        /* end of the highest kept bytes that were sent again */
    pos_t repeat_at;    /* out_una when bytes went out again last */
    uint64_t repeat_ns; /* when one was counted last */
    uint8_t repeats;    /* of the bytes at repeat_at */

    uint8_t syn_tries;
    bool syn_twin; /* a second SYN-ACK is due, and needs no answer (connect.c) */
    uint64_t syn_ns;

    bool pace_begun;     /* it has been served */
    bool pace_rel;       /* pace_edge counts from what is acked */
    uint64_t pace_spent; /* bytes that went out before it was counted */
    uint32_t pace_rate;  /* bytes a tick that its acks may draw from an endpoint */
    pos_t pace_edge;     /* how far its rate lets the present endpoint send (pace.c) */
    uint64_t pace_tick;  /* at this tick */

    struct refusal refusal;

    struct conn *room_next, **room_pprev; /* those whose held bytes wait for memory */
    uint64_t challenge_ns;                /* last challenge ack */
    struct offload *off;
};

/* What control threads may copy (ct_peek): every word is written whole, the bits of the first byte as one.
 * First in struct conn. */
struct conn_pub {
    uint64_t bytes_in, bytes_out; /* payload bytes received from and sent to the peer */
    int32_t peer;                 /* how many slots from its own the other side's is; 0: there is none */
    uint8_t side : 1, idle : 1;   /* enum conn_side; endpoint side: in the pool */
    uint8_t rtt_class : 3;        /* splice's, endpoint side: how far away its last client was (rule S9) */
    uint8_t listed : 1;           /* splice's: it is in a list (list.c) */
    uint8_t sank : 1; /* splice's: bytes came and were thrown away, since splice_sink(). Exchange */
    uint8_t state;
    uint8_t wnd_bits;   /* splice's: the largest window that the peer has shown has so many bits */
    uint8_t generation; /* low bits of the configuration's number that cluster and endpoint are indexes of */
};

/* What only control threads read (ct_peek), and apart from the conn. Exchange's own. */
struct conn_cold {
    uint32_t opened_s;          /* second of the worker's clock. Splice's */
    uint32_t cluster, endpoint; /* UINT32_MAX when none */
};

/* A time of a conn: milliseconds of the worker's clock, modulo 2^32 (49 days). No deadline is farther away
 * than MS_FAR, and every open conn has one that ends it or looks at it: its own, or its peer's; so times that
 * are compared lie within 24 days of each other. 0: no deadline. */
typedef uint32_t ms_t;
#define MS_FAR (UINT32_C(1) << 30)

static inline bool ms_before(ms_t a, ms_t b)
{
    return (int32_t)(a - b) < 0;
}

struct splice_remote;

#define CONN_LINE 64

/* Three lines, and what is in none of them is in the side block (few conns need it), in struct conn_cold
 * (control threads need it) or with the exchange layer.
 *
 *      0     24       32                                  48      52        56          60        64
 *   0 | pub | extent | windows, shifts, flags, counts    | t_rto | sample, or in_fin | out_msg |
 *  64 | in_mapped, in_acked, out_una, out_end | six positions as sequence numbers | user, or links |
 * 128 | side block | what its side has | timer | deadlines, progress | round trips | kept, last_idx, scan |
 *
 * Positions with _seq are kept as sequence numbers: conn_in_edge() and the like read them. "Exchange" behind
 * a field: the exchange layer may read it, and changes it only through splice.h; "exchange's own": it writes
 * it as well. The rest is splice's. What lies over each other has functions that say which it is; nothing
 * else reads it. */
struct conn {
    struct conn_pub pub;
    union {
        struct extent *x_slab; /* not x_own: the first extent; NULL: there is none */
        struct {
            uint32_t x_out_seq, x_in_seq; /* x_own: where the one copy extent begins, near out_una and the
                                             source's in_acked (see conn_set_own()); it ends at out_end */
        };
    };
    uint32_t w0 : 17;        /* bytes we hold beyond in_mapped, at most KBUF_MAX */
    uint32_t in_mode : 2;    /* enum in_mode. Exchange */
    uint32_t snd_shift : 4;  /* for windows the peer sends */
    uint32_t rcv_shift : 4;  /* for windows we send */
    uint32_t dupacks : 3;    /* in a row; DUPACKS_MOST: or more */
    uint32_t x_own : 1;      /* the out-stream is one copy extent */
    uint32_t kept_cwnd : 20; /* bytes of kept extents allowed in flight beyond out_una */
    uint32_t x_count : 7;    /* extents. Exchange */
    uint32_t backoff : 4;
    uint16_t mss;        /* largest payload that we send it. Exchange */
    uint8_t has;         /* what of the side block is in use: bits of enum extra_use */
    uint8_t probes : 4;  /* of a zero window, that nobody answered */
    uint8_t profile : 3; /* endpoint side: option profile of the pool (rule S14) */
    bool ack_now : 1;    /* the peer is owed an acknowledgement */
    bool dup_now : 1;    /* a duplicate ack is to be passed on to the peer */
    bool sack_ok : 1;    /* both sides permit SACK */
    bool sink : 1;       /* in-order bytes are acked and thrown away (rule S10) */
    bool fin_queued : 1; /* our FIN follows out_end. Exchange */
    bool fin_sent : 1;   /* and is on the wire: out_max == out_end + 1 */
    bool fin_seen : 1;   /* the peer's FIN has come, at in_fin. Exchange */
    bool fin_told : 1;   /* and user->fin was called */
    bool rtt_on : 1;     /* a sample of the round trip is being taken */
    bool sent_again : 1; /* a byte of the present message went out twice (cleared by exchange; rule S7) */
    bool offloaded : 1;  /* endpoint side: a rule of a flow engine may exist for it (offload.c) */
    bool ahead : 1; /* client side: out_max is as far as an engine may have sent; cleared when all is acked */
    bool reserved : 1;    /* endpoint side: in the pool for the client that used it last alone */
    bool own_only : 1;    /* endpoint side: in the pool's list of conns for one client each */
    bool waits : 1;       /* client side: in the list of those without a request */
    bool rst_acked : 1;   /* a RST of the peer acked bytes that are not counted in out_una */
    bool by_cookie : 1;   /* accepted by a SYN cookie: leaves a tombstone */
    bool lossy : 1;       /* it has sent bytes again: what its TCP has learned is of one path (rule S9) */
    bool user_mark : 1;   /* exchange's own (the head timer runs) */
    bool user_doom : 1;   /* exchange's own (to be reset when what is before out_msg is delivered) */
    bool user_check : 1;  /* exchange's own (its user is a check, not an exchange) */
    bool user_mirror : 1; /* exchange's own (it carries a copy of a request: mirror.c) */
    bool user_awaits : 1; /* exchange's own (a PROXY header is due: identity.c) */
    bool user_named : 1;  /* exchange's own (a PROXY header has said who it is) */
    bool put_off : 1;     /* a deadline may be known to the queue of those put off alone (timers.c) */
    uint8_t close_why;    /* enum reason: what an orderly close counts as; R_NONE: normal */
    ms_t t_rto;           /* deadline */
    union {
        uint32_t rtt_seq;    /* rtt_on: when this is acked the sample is there, */
        uint32_t in_fin_seq; /* fin_seen: of the peer's FIN; no sample is begun any more */
    };
    uint32_t rtt_start_us; /* begun at this microsecond, modulo 2^32 */
    uint32_t out_msg_seq;  /* where the present message to it begins (set by exchange; rule S7, and below) */

    pos_t in_mapped, in_acked; /* Exchange */
    pos_t out_una, out_end;    /* Exchange */
    uint32_t in_edge_seq;
    uint32_t in_edge_high_seq; /* highest right edge ever offered */
    uint32_t in_max_seq;       /* end of the highest byte seen. Exchange */
    uint32_t wl1_seq;          /* segment position of the last window update */
    uint32_t out_max_seq;      /* Exchange */
    uint32_t out_edge_seq;     /* Exchange */
    union {
        void *of_user; /* not listed: see conn_user() */
        struct {
            uint32_t next,
                prev; /* listed. A conn is in one list at most: of the pool; of those in TIME_WAIT; of
                         clients without a request (`waits`); of those that ended. CT_NONE: no more */
        };
    };

    struct extra *extra; /* the side block, NULL: none */
    union {
        struct conn_client {
            struct net_path path; /* see conn_path() */
            uint32_t counted_as;  /* see conn_client() */
            uint32_t listener;    /* exchange's own */
        } as_client;
        struct conn_endpoint {
            struct splice_remote *remote;
            uint32_t ramp;     /* rule S9: bytes it may have unacked; 0: as much as the client takes */
            uint32_t last_gen; /* of last_idx then (ct_gen): a slot alone names no conn */
        } as_endpoint;
    };
    struct tw_node timer; /* lazily armed for the earliest of the deadlines (timers.c) */
    ms_t t_phase;         /* deadline */
    union {
        ms_t t_flush; /* endpoint side: deadline for what it is to be told (late.c, pace.c) */
        ms_t t_look;  /* client side: deadline of the exchange's look at how fast it moves */
    };
    ms_t progress;         /* last time the exchange moved */
    uint16_t srtt, rttvar; /* in RTT_UNIT_US */
    uint16_t rtt_min;    /* smallest round trip seen, in RTT_MIN_UNIT_US; 0: none. Endpoint side: that of its
                            last client */
    uint16_t kept_units; /* of KBUF_MIN: buffers in its extents */
    uint32_t last_idx;   /* rule S9, whom it was spliced to last: slot of the other side */
    uint32_t user_scan;  /* exchange's own (how far a head in pieces was looked at) */
} __attribute__((aligned(CONN_LINE)));

_Static_assert(offsetof(struct conn, in_mapped) == 1 * CONN_LINE, "who, how and what is owed is one line");
_Static_assert(offsetof(struct conn, extra) == 2 * CONN_LINE, "where both streams are is one line");
_Static_assert(sizeof(struct conn) == 3 * CONN_LINE, "part of splice_bytes (bench/README.md)");
#define CONN_HOT_LINES 3

#define DUPACKS_MOST    7u
#define RTT_UNIT_US     128u /* up to 8 s */
#define RTT_MIN_UNIT_US 8u   /* up to half a second: beyond, nobody tells apart (connect.c, late.c) */
#define W0_MOST         KBUF_MAX

/* Bytes of buffers in c's extents. Exchange may ask. */
static inline uint32_t conn_kept(const struct conn *c)
{
    return (uint32_t)c->kept_units * KBUF_MIN;
}

/* Whose c is, in the exchange layer: an exchange or a check; NULL: nobody's, as is every conn in a list. */
static inline void *conn_user(const struct conn *c)
{
    return c->pub.listed ? NULL : c->of_user;
}

/* For the exchange layer; c is in no list, or `user` NULL. */
static inline void conn_set_user(struct conn *c, void *user)
{
    assert(!c->pub.listed || !user);
    if (!c->pub.listed)
        c->of_user = user;
}

/* What its side has. */
static inline struct conn_client *conn_as_client(struct conn *c)
{
    assert(c->pub.side == SIDE_CLIENT);
    return &c->as_client;
}

static inline struct conn_endpoint *conn_as_endpoint(struct conn *e)
{
    assert(e->pub.side == SIDE_ENDPOINT);
    return &e->as_endpoint;
}

static inline struct splice_remote *conn_to(const struct conn *e)
{
    assert(e->pub.side == SIDE_ENDPOINT);
    return e->as_endpoint.remote;
}

/* The entry of c's address in the table of clients; CLIENT_NONE: it is not counted. Exchange may ask. */
static inline uint32_t conn_client(const struct conn *c)
{
    return c->pub.side == SIDE_CLIENT ? c->as_client.counted_as : CLIENT_NONE;
}

/* The exchange layer's: where the client c was accepted. */
static inline uint32_t conn_listener(const struct conn *c)
{
    assert(c->pub.side == SIDE_CLIENT);
    return c->as_client.listener;
}

/* Positions that are kept as sequence numbers: those of the in-stream lie within 2^31 of in_acked, those of
 * the out-stream of out_una, because windows are that small. Only wl1 and in_max may fall behind, where a
 * flow engine takes the segments, and out_msg does in a large message; conn_set_acked() and conn_set_una()
 * drag them along. */
static inline pos_t conn_in_edge(const struct conn *c)
{
    return pos_unwrap(c->in_acked, c->in_edge_seq);
}

static inline pos_t conn_in_max(const struct conn *c)
{
    return pos_unwrap(c->in_acked, c->in_max_seq);
}

static inline pos_t conn_in_edge_high(const struct conn *c)
{
    return pos_unwrap(c->in_acked, c->in_edge_high_seq);
}

/* 0: not seen */
static inline pos_t conn_in_fin(const struct conn *c)
{
    return c->fin_seen ? pos_unwrap(c->in_acked, c->in_fin_seq) : 0;
}

/* The peer's FIN has come. No sample of a round trip is begun any more, and one that is under way is given
 * up. */
static inline void conn_set_fin(struct conn *c, pos_t at)
{
    c->rtt_on = false;
    c->fin_seen = true;
    c->in_fin_seq = pos_seq(at);
}

static inline pos_t conn_wl1(const struct conn *c)
{
    return pos_unwrap(c->in_acked, c->wl1_seq);
}

static inline pos_t conn_out_max(const struct conn *c)
{
    return pos_unwrap(c->out_una, c->out_max_seq);
}

static inline pos_t conn_out_edge(const struct conn *c)
{
    return pos_unwrap(c->out_una, c->out_edge_seq);
}

static inline pos_t conn_out_msg(const struct conn *c)
{
    return pos_unwrap(c->out_una, c->out_msg_seq);
}

/* The next message to c begins behind what is mapped: what came before is no farther away than windows are.
 */
static inline void conn_begin_msg(struct conn *c)
{
    c->out_msg_seq = pos_seq(c->out_end);
}

#define POS_DRAG_BITS 29

/* The position that is kept as *seq, read from `ref`, is not to lie farther behind `now` than 2^29. */
static inline void pos_drag(pos_t ref, uint32_t *seq, pos_t now)
{
    pos_t least = now - ((pos_t)1 << POS_DRAG_BITS);
    if (pos_unwrap(ref, *seq) < least)
        *seq = pos_seq(least);
}

static inline void conn_set_acked(struct conn *c, pos_t ack)
{
    if ((c->in_acked ^ ack) >> POS_DRAG_BITS && !mutant(pos_left_behind)) {
        pos_drag(c->in_acked, &c->wl1_seq, ack);
        pos_drag(c->in_acked, &c->in_max_seq, ack);
    }
    c->in_acked = ack;
}

/* The conn that c is spliced to, or NULL. Conns are neighbours in their table's slab. */
static inline struct conn *conn_peer(const struct conn *c)
{
    struct conn *self = (struct conn *)(uintptr_t)c;
    return c->pub.peer ? self + c->pub.peer : NULL;
}

/* The out-stream is, from now on, what is mapped of it from `out` on, one copy extent whose source begins at
 * `in`. Of a large one what was acked long ago is left out (it reads then as a shorter one). */
static inline void conn_set_own(struct conn *c, pos_t out, pos_t in)
{
    pos_t far = (pos_t)1 << POS_DRAG_BITS,
          cut = c->out_una > out + far && !mutant(own_left_behind) ? c->out_una - far - out : 0;
    c->x_own = 1;
    c->x_out_seq = pos_seq(out + cut);
    c->x_in_seq = pos_seq(in + cut);
}

/* It as an extent. Where it comes from is known as long as there is a source. */
static inline struct extent conn_own(const struct conn *c)
{
    const struct conn *b = conn_peer(c);
    pos_t out = pos_unwrap(c->out_una, c->x_out_seq);
    return (struct extent){.out = out,
                           .in = b ? pos_unwrap(b->in_acked, c->x_in_seq) : pos_start(c->x_in_seq),
                           .n = c->out_end - out,
                           .client = CLIENT_NONE};
}

/* The first extent of c's out-stream, NULL: there is none. *own is for one that lies in the conn: it may be
 * read. */
static inline struct extent *ext_first(const struct conn *c, struct extent *own)
{
    if (!c->x_own)
        return c->x_slab;
    *own = conn_own(c);
    return own;
}

/* The last, of several or one in the slab. */
static inline struct extent *ext_last(const struct conn *c)
{
    struct extent *x = c->x_own ? NULL : c->x_slab;
    while (x && x->step)
        x = ext_next(x);
    return x;
}

/* Where the message began, and the extent in the conn, are dragged along so that they stay behind all that is
 * not acked: the message farther, so that no extent seems to be its first. */
static inline void conn_set_una(struct conn *c, pos_t una)
{
    if ((c->out_una ^ una) >> POS_DRAG_BITS) {
        pos_t begun = conn_out_msg(c), least = una - ((pos_t)1 << 30);
        struct extent x = c->x_own ? conn_own(c) : (struct extent){0};
        c->out_una = una;
        if (begun < least && !mutant(pos_left_behind))
            c->out_msg_seq = pos_seq(least);
        if (c->x_own)
            conn_set_own(c, x.out, x.in);
    }
    c->out_una = una;
}

/* The part `use` of c's side block, which must be there. */
static inline struct extra *extra_of(const struct conn *c, enum extra_use use)
{
    assert(c->has & use);
    (void)use;
    return c->extra;
}

/* What is held of c; nothing where nothing is. */
static inline const struct hold *conn_hold(const struct conn *c)
{
    static const struct hold none;
    return c->has & USE_HOLD ? &c->extra->hold : &none;
}

static inline bool conn_holds(const struct conn *c)
{
    return c->has & USE_HOLD;
}

/* End of the highest kept bytes that were sent again and may be missing still; 0: none. */
static inline pos_t conn_again(const struct conn *c)
{
    return c->has & USE_REPAIR ? c->extra->again : 0;
}

static inline bool conn_is_dead(const struct conn *c)
{
    return c->pub.state == TCP_DEAD;
}

#endif
