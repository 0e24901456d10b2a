/* tcp: the small TCP of the generator: enough of RFC 9293 for peers that only ever exchange one request and
 * one response at a time, made to be cheap. It keeps no data: what is sent is made again when it must be sent
 * again, what is received is compared on arrival, behind a gap as well.
 *
 * Sending: slow start, congestion avoidance, fast retransmit and recovery without SACK (RFC 5681, 6582), a
 * fixed timeout with backoff, window probes. Not there: delayed or selective acknowledgements, timestamps,
 * ECN, path MTU, urgent data.
 *
 * A `side` is one role (client or endpoint) with all its conns; one thread. It sends through a `wire`, so the
 * unit tests run two sides against each other without DPDK. Times are nanoseconds of any clock. */
#ifndef LOADGEN_TCP_H
#define LOADGEN_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/loadgen/count.h"
#include "bench/loadgen/head.h"
#include "bench/loadgen/rng.h"

/* Where frames go. room() gives memory for one frame of at most TCP_FRAME bytes, or NULL; data gives up
 * earlier than control segments. send() takes the frame that room() gave last. */
#define TCP_FRAME 9216u
struct wire {
    uint8_t *(*room)(struct wire *w, bool data);
    void (*send)(struct wire *w, uint32_t len);
};

enum conn_state {
    CONN_FREE,
    CONN_SYN_SENT,
    CONN_SYN_RCVD,
    CONN_OPEN,
};

enum conn_flag {
    CONN_FIN = 1, /* no message follows what is queued */
    CONN_FIN_SENT = 2,
    CONN_PEER_FIN = 4,
    CONN_ACK_DUE = 8,    /* on the list of those that owe an acknowledgement */
    CONN_WATCHED = 16,   /* in the ring of timeouts */
    CONN_BLOCKED = 32,   /* waits for room in the wire */
    CONN_RECOVERY = 64,  /* fast recovery */
    CONN_EXPECTING = 128 /* a message is to come */
};

/* Sequence numbers, lengths: host order. Addresses, ports: as on the wire. Two cache lines. */
struct conn {
    uint32_t lip, rip, ports; /* ports: as in the header of what we send */
    uint32_t sums;            /* of the TCP pseudo-header's and header's constant words */
    uint32_t snd_una, snd_nxt, snd_max, rcv_nxt;
    uint32_t snd_wnd, cwnd, ssthresh, recover;
    uint8_t state, flags, dupacks, backoff;
    uint8_t rscale, lscale; /* window scales: of what the peer says, of what we say */
    uint8_t unacked;        /* segments received and not acknowledged */
    bool busy, close;       /* of the role: an exchange is under way; the conn ends after it */
    uint8_t pad;
    uint16_t mss;
    uint16_t out_head, in_head; /* bytes of the heads; in_head 0: not read yet */
    uint32_t out_seq, out_len;  /* message that is sent: its first byte, its bytes */
    uint32_t in_seq, in_len;    /* message that is received */
    uint32_t start;             /* of the pattern of this exchange */
    uint16_t held, gaps;        /* pieces of a head, received ranges behind a gap: index + 1, 0 for none */
    uint64_t id;                /* of the exchange */
    uint64_t sent_at;           /* when the oldest unacknowledged byte was sent (again) */
    uint64_t since;             /* of the role: when the exchange was to begin */
    uint32_t want;              /* body bytes: client: of the response asked for; endpoint: of the response */
    uint32_t upload;            /* of the request */
    uint32_t place, turn;       /* of the role */
};
_Static_assert(sizeof(struct conn) == 128, "a million of these are open");

enum gone {
    GONE_CLOSED,  /* both sides have closed */
    GONE_RESET,   /* by the peer */
    GONE_REFUSED, /* by the peer; counted */
    GONE_WRECKED, /* by us, for what the peer did; counted */
};

/* What the two roles do with it. All get the conn in a consistent state and may send on it. */
struct side;
struct role {
    void (*opened)(struct side *s, struct conn *c);
    /* A head has come. Sets in_len's body part by returning the body's length; a negative number: an error
     * was counted, the conn is to be reset. */
    int64_t (*head)(struct side *s, struct conn *c, const uint8_t *p, uint32_t n, struct head *h, int parsed);
    void (*message)(struct side *s, struct conn *c);             /* whole */
    void (*fin)(struct side *s, struct conn *c);                 /* the peer sends no more */
    void (*gone)(struct side *s, struct conn *c, enum gone how); /* it has been freed */
    /* Does the conn wait too long? Asked about every timeout. May reset it. */
    void (*late)(struct side *s, struct conn *c);
    uint32_t (*put_head)(const struct conn *c, uint8_t *to);
    int (*parse)(const uint8_t *p, uint32_t n, struct head *out);
};

enum verify {
    VERIFY_HEADS,  /* heads, lengths, order; bodies that came with a head */
    VERIFY_SAMPLE, /* and one in eight other segments */
    VERIFY_ALL,
};

struct due_ring {
    uint32_t *conn;
    uint64_t *at;
    uint32_t mask, head, tail;
};

#define TCP_GAPS 4
struct gaps {
    uint16_t n, next; /* next: free list */
    struct {
        uint32_t lo, hi;
    } r[TCP_GAPS];
};

struct held {
    uint16_t n, next;
    uint8_t b[HEAD_MAX];
};

#define TCP_DUE 4096u
struct side {
    const struct role *role;
    void *owner; /* of the role */
    struct wire *wire;
    uint64_t now;
    struct conn *conn;
    uint32_t nconn;
    struct counts count;
    struct rng rng;
    /* settings */
    uint8_t eth[14]; /* Ethernet header of what is sent */
    uint16_t mss;
    uint32_t rwnd; /* bytes offered */
    uint8_t ack_every;
    enum verify verify;
    bool check_sums; /* false: the frames come with sums left to hardware */
    uint64_t rto_ns;
    /* at work */
    uint32_t sample;
    uint32_t ndue, nblocked, blocked_head;
    uint32_t due[TCP_DUE];
    uint32_t *blocked; /* ring of nconn (power of two) */
    struct due_ring ring;
    struct gaps *gaps;
    struct held *held;
    uint16_t gaps_free, held_free; /* index + 1 */
};

/* `nconn` is a power of two. False: out of memory. */
bool side_init(struct side *s, const struct role *role, struct wire *wire, uint32_t nconn, uint64_t seed);
void side_free(struct side *s);

/* A TCP segment as it was received; see segment_parse(). */
struct segment {
    const uint8_t *data, *opts;
    uint32_t sip, dip, ports; /* as on the wire */
    uint32_t seq, ack, len;
    uint16_t wnd;
    uint8_t flags, nopts;
};

enum { SEG_FIN = 1, SEG_SYN = 2, SEG_RST = 4, SEG_PSH = 8, SEG_ACK = 16 };

/* Reads a frame of IPv4 and TCP without VLAN. `swapped`: a forwarder has exchanged source and destination.
 * False: it is none, or one with wrong lengths (counted when it is IPv4 and TCP). Checks checksums as the
 * settings say; a wrong one is counted, and false. */
bool segment_parse(struct side *s, const uint8_t *f, uint32_t n, bool swapped, struct segment *out);

/* Begins a connection: lip, rip, ports and mss are set. */
void conn_connect(struct side *s, struct conn *c);
/* Takes a SYN on a free conn whose lip, rip, ports are set. */
void conn_accept(struct side *s, struct conn *c, const struct segment *g);
/* A segment for a conn that is not free. */
void conn_input(struct side *s, struct conn *c, const struct segment *g);
/* Sends a message: the head that role->put_head() writes, then `body` bytes of the pattern at c->start; after
 * it, a FIN when c->flags has CONN_FIN. The last one was wholly acknowledged. */
void conn_send(struct side *s, struct conn *c, uint32_t body);
/* Now a message may come, from the next byte on. */
void conn_expect(struct side *s, struct conn *c);
/* Sends no more. */
void conn_finish(struct side *s, struct conn *c);
/* Resets the peer and frees the conn; role->gone() is not called. */
void conn_abort(struct side *s, struct conn *c);
void conn_free(struct side *s, struct conn *c);
/* Answers a segment of no conn with a reset. */
void side_refuse(struct side *s, const struct segment *g);

/* Once a round: what waits for room, acknowledgements that nothing carried, timeouts. */
void side_round(struct side *s);
/* When the next timeout is due; UINT64_MAX for never. */
uint64_t side_next(const struct side *s);

static inline bool conn_all_acked(const struct conn *c)
{
    return c->snd_una == c->snd_max && c->snd_nxt == c->out_seq + c->out_len;
}

#endif
