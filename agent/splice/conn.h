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
 *   out-stream  what we send the peer: extents, in order and without holes, from x_head to out_end
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
#include "agent/base/seq.h"
#include "agent/base/span.h"
#include "agent/base/timer.h"
#include "agent/net/net.h"

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

struct extent {
    pos_t out, in;
    uint64_t n;           /* out bytes; a final FIN counts as one byte of a copy extent */
    uint8_t *buf;         /* KEPT: n out bytes, then (edited and not OWNED) the m source bytes */
    int32_t step;         /* to the next one, in extents of the slab; 0: the last */
    uint32_t client;      /* KEPT: who answers for cap bytes; CLIENT_NONE: nobody */
    uint32_t sent;        /* KEPT: out bytes handed to the wire at least once */
    uint32_t kept_m : 20; /* KEPT: in bytes (see ext_m) */
    uint32_t order : 5;   /* KEPT: buf has 2^order bytes */
    uint32_t kind : 1;
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

#define SLOW_POS ((UINT64_C(1) << 56) - 1)

/* How fast a client moves (the exchange layer's own; slow.c). Positions are acked ones, on either stream. */
struct slow_marks {
    /* When the present period began, and how many looks in a row found the client waited for: to send, to
     * take. */
    uint64_t in_from : 56, in_looks : 8;
    uint64_t out_from : 56, out_looks : 8;
    /* Modulo 2^32: */
    uint32_t in_last;      /* in_acked at the last look */
    uint32_t out_sent;     /* sent by the last look */
    uint32_t up_sent;      /* the same, to its endpoint */
    uint32_t source_bytes; /* that its endpoint had sent by the last look */
};

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
    USE_PACE = 4,       /* client side: its rate is bounded, and it has been served */
    USE_ROOM = 8,       /* it waits for memory */
    USE_CHALLENGE = 16, /* it was challenged */
    USE_CONNECT = 32,   /* endpoint side: in the handshake, or a second SYN-ACK is due */
    USE_OFFLOAD = 64,   /* endpoint side: it has a large response under way */
    USE_ALL = 127,
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

    bool pace_rel;      /* pace_edge counts from what is acked */
    pos_t pace_edge;    /* how far its rate lets the present endpoint send (pace.c) */
    uint64_t pace_tick; /* at this tick */

    struct conn *room_next, **room_pprev; /* those whose held bytes wait for memory */
    uint64_t challenge_ns;                /* last challenge ack */
    struct offload *off;
};

/* What control threads may copy (ct_peek): every word is written whole, side and idle as one byte. First in
 * struct conn. */
struct conn_pub {
    uint64_t bytes_in, bytes_out; /* payload bytes received from and sent to the peer */
    uint32_t opened_s;            /* second of the worker's clock */
    uint32_t idx;                 /* its slot */
    uint32_t peer_idx;            /* slot of the other side, CT_NONE when none */
    uint32_t cluster, endpoint;   /* UINT32_MAX when none */
    uint8_t side : 1, idle : 1;   /* enum conn_side; endpoint side: in the pool */
    uint8_t state;
    uint8_t wnd_bits;   /* splice's: the largest window that the peer has shown has so many bits */
    uint8_t generation; /* low bits of the configuration's number that cluster and endpoint are indexes of */
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

/* What a segment of the steady state touches is the first three lines: 0 who, how, and what is owed; 1 where
 * both streams are; 2 the way out, and times. Then what heads, timers and handshakes touch, and pools.
 *
 *      0        40       48                                              60      64
 *   0 | pub     | x_head | mss, modes, shifts, flags, small counts      | t_rto |
 *  64 | in_mapped, in_acked, out_una, out_end | six positions as sequence numbers | w0, kept_cwnd |
 * 128 | path | sample | progress | ramp, pace_rate | in_fin | user | timer      |
 * 192 | deadlines | round trips | out_msg | extra | user's | kept, client, last_idx | seldom flags |
 * 256 | slow, or what endpoints have | links | refused | rtt_class |          320
 *
 * Positions with _seq are kept as sequence numbers: conn_in_edge() and the like read them. "Exchange" behind
 * a field: the exchange layer may read it, and changes it only through splice.h; "exchange's own": it writes
 * it as well. The rest is splice's. */
struct conn {
    struct conn_pub pub;
    struct extent *x_head; /* Exchange */
    uint16_t mss;          /* largest payload that we send it */
    uint8_t in_mode : 6;   /* enum in_mode. Exchange */
    bool offloaded : 1;    /* endpoint side: a rule of a flow engine may exist for it (offload.c) */
    bool ahead : 1; /* client side: out_max is as far as an engine may have sent; cleared when all is acked */
    uint8_t has;    /* what of the side block is in use: bits of enum extra_use */
    uint8_t snd_wscale; /* shift for windows the peer sends */
    uint8_t rcv_wscale; /* shift for windows we send */
    uint8_t dupacks, backoff;
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
    uint8_t probes;      /* of a zero window, that nobody answered */
    uint8_t x_count;     /* extents */
    ms_t t_rto;          /* deadline */

    pos_t in_mapped, in_acked; /* Exchange */
    pos_t out_una, out_end;    /* Exchange */
    uint32_t in_edge_seq;
    uint32_t in_edge_high_seq; /* highest right edge ever offered */
    uint32_t in_max_seq;       /* end of the highest byte seen. Exchange */
    uint32_t wl1_seq;          /* segment position of the last window update */
    uint32_t out_max_seq;      /* Exchange */
    uint32_t out_edge_seq;     /* Exchange */
    uint32_t w0;               /* bytes we hold beyond in_mapped */
    uint32_t kept_cwnd;        /* bytes of kept extents allowed in flight beyond out_una */

    struct net_path path;
    uint32_t rtt_seq;      /* when this is acked the sample is there, */
    uint32_t rtt_start_us; /* begun at this microsecond, modulo 2^32 */
    ms_t progress;         /* last time the exchange moved */
    uint32_t ramp; /* rule S9, endpoint side: bytes it may have unacked; 0: as much as the client takes */
    uint32_t
        pace_rate; /* client side: bytes a tick that its acks may draw from an endpoint; 0: any (pace.c) */
    uint32_t in_fin_seq;  /* of the peer's FIN. Exchange */
    void *user;           /* exchange's own */
    struct tw_node timer; /* lazily armed for the earliest of the deadlines */

    ms_t t_flush;         /* deadline for what it is to be told (late.c, pace.c) */
    ms_t t_phase, t_look; /* deadlines */
    uint32_t srtt_us, rttvar_us;
    uint32_t rtt_min_us; /* smallest round trip seen; 0: none. Endpoint side: that of its last client */
    pos_t out_msg;       /* where the present message to it begins (set by exchange; rule S7, and below) */
    struct extra *extra; /* the side block, NULL: none */
    uint32_t user_index; /* exchange's own (listener) */
    uint32_t user_scan; /* exchange's own (how far a head in pieces was looked at; client.c: after a close) */
    uint32_t kept;      /* bytes of buffers in its extents */
    uint32_t client;    /* entry of its address in the table of clients; CLIENT_NONE: not counted */
    uint32_t last_idx;  /* rule S9, whom it was spliced to last: slot of the other side */
    bool user_mark : 1; /* exchange's own (the head timer runs) */
    bool user_doom : 1; /* exchange's own (to be reset when what is before out_msg is delivered) */
    bool user_check : 1;  /* exchange's own (its user is a check, not an exchange) */
    bool user_mirror : 1; /* exchange's own (it carries a copy of a request: mirror.c) */
    bool user_awaits : 1; /* exchange's own (a PROXY header is due: identity.c) */
    bool user_named : 1;  /* exchange's own (a PROXY header has said who it is) */
    bool reserved : 1;    /* endpoint side: in the pool for the client that used it last alone */
    bool own_only : 1;    /* endpoint side: in the pool's list of conns for one client each */
    bool waits : 1;       /* client side: in the list of those without a request */
    bool rst_acked : 1;   /* a RST of the peer acked bytes that are not counted in out_una */
    bool by_cookie : 1;   /* accepted by a SYN cookie: leaves a tombstone */
    bool lossy : 1;       /* it has sent bytes again: what its TCP has learned is of one path (rule S9) */
    uint8_t close_why;    /* enum reason: what an orderly close counts as; R_NONE: normal */
    uint8_t profile;      /* endpoint side: option profile of the pool (rule S14) */

    union {
        struct slow_marks slow; /* client side, exchange's own */
        struct {                /* endpoint side */
            struct splice_remote *remote;
            uint32_t *tally[2]; /* set by exchange: what counts it; given back at its end */
            uint32_t last_gen;  /* of that slot then (ct_gen): a slot alone names no conn */
        };
    };
    uint32_t next, prev;  /* a conn is in one list at most: of the pool; of those in TIME_WAIT; of clients
                             without a request (`waits`); of those that ended. CT_NONE: no more (list.c) */
    uint32_t refused_s;   /* second when bytes were first dropped that it had been offered room for; 0: never,
                             or they have come again and found it. Exchange's own, too */
    uint32_t refused_seq; /* low bits of the position of the first of these bytes. Exchange */
    bool refused_again;   /* they came again, and were dropped again. Exchange */
    uint8_t rtt_class;    /* endpoint side: how far away its last client was (rule S9) */
} __attribute__((aligned(CONN_LINE)));

_Static_assert(offsetof(struct conn, in_mapped) == 1 * CONN_LINE, "who, how and what is owed is one line");
_Static_assert(offsetof(struct conn, path) == 2 * CONN_LINE, "where both streams are is one line");
_Static_assert(offsetof(struct conn, t_flush) == 3 * CONN_LINE, "the way out is one line");
_Static_assert(offsetof(struct conn, slow) == 4 * CONN_LINE, "what heads and timers touch is one line");
_Static_assert(sizeof(struct conn) == 5 * CONN_LINE, "part of splice_bytes (bench/README.md)");
#define CONN_HOT_LINES 3

/* Positions that are kept as sequence numbers: those of the in-stream lie within 2^31 of in_acked, those of
 * the out-stream of out_una, because windows are that small. Only wl1 and in_max may fall behind, where a
 * flow engine takes the segments; conn_set_acked() drags them along. */
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

static inline struct extent *ext_last(const struct conn *c)
{
    struct extent *x = c->x_head;
    while (x && x->step)
        x = ext_next(x);
    return x;
}

/* The conn that c is spliced to, or NULL. Conns are neighbours in their table's slab, by slot. */
static inline struct conn *conn_peer(const struct conn *c)
{
    struct conn *self = (struct conn *)(uintptr_t)c;
    return c->pub.peer_idx == UINT32_MAX ? NULL : self + ((int64_t)c->pub.peer_idx - (int64_t)c->pub.idx);
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
